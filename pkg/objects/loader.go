package objects

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// loader reads objects that rules and names ask for, each once. It reads in
// cohorts: when one object is wanted, all that were met in the same field are
// read with it, so that the number of statements does not grow with the number
// of objects that are judged together.
type loader struct {
	ctx     context.Context
	r       Reader
	c       *Catalogue
	objects map[uuid.UUID]*Object // nil: there is none
	group   map[uuid.UUID]int32   // the field that an id was met in
	groups  map[int32][]uuid.UUID
	many    map[hopKey][]uuid.UUID
	above   map[uuid.UUID][]Above
	paths   map[pathKey]*resolved
	err     error // the first one; everything reads as missing after it
}

// hopKey is one step from one object.
type hopKey struct {
	id    uuid.UUID
	field int32
	back  bool
}

// pathKey is a path from the objects of a type.
type pathKey struct {
	from *Type
	path string
}

// resolved is a path with what it leads to.
type resolved struct {
	way    filters.Path
	field  *Field
	at     *Type
	single bool // at most one object stands at its end
	err    error
}

func newLoader(ctx context.Context, r Reader, c *Catalogue) *loader {
	return &loader{ctx: ctx, r: r, c: c, objects: map[uuid.UUID]*Object{}, group: map[uuid.UUID]int32{},
		groups: map[int32][]uuid.UUID{}, many: map[hopKey][]uuid.UUID{}, above: map[uuid.UUID][]Above{}, paths: map[pathKey]*resolved{}}
}

// meet notes that ids stand in a field; they will be read together.
func (l *loader) meet(field int32, ids ...uuid.UUID) {
	for _, id := range ids {
		if _, met := l.group[id]; !met && id != uuid.Nil {
			l.group[id] = field
			l.groups[field] = append(l.groups[field], id)
		}
	}
}

// add makes o known without reading it.
func (l *loader) add(o *Object) {
	l.objects[o.ID] = o
	l.meet(-int32(o.Type.ID)-1, o.ID)
	l.meetRefs(o)
}

// near is the cohort of all that the judged objects refer to.
const near = -1 << 30

func (l *loader) meetRefs(o *Object) {
	for _, f := range o.Type.Fields {
		if len(o.Refs[f.Name]) > 0 {
			l.meet(f.ID, o.Refs[f.Name]...)
		}
	}
}

// cohort are the ids met together with id for which missing is true.
func (l *loader) cohort(id uuid.UUID, missing func(uuid.UUID) bool) []uuid.UUID {
	field, met := l.group[id]
	if !met {
		l.meet(0, id)
		field = 0
	}
	var ids []uuid.UUID
	for _, other := range l.groups[field] {
		if missing(other) {
			ids = append(ids, other)
		}
	}
	return ids
}

// get returns the object of that id, or nil.
func (l *loader) get(id uuid.UUID) *Object {
	if o, known := l.objects[id]; known || id == uuid.Nil || l.err != nil {
		return o
	}
	l.load(l.cohort(id, func(other uuid.UUID) bool { _, known := l.objects[other]; return !known }))
	return l.objects[id]
}

// load reads the objects of ids that are not known yet.
func (l *loader) load(ids []uuid.UUID) {
	if l.err != nil || len(ids) == 0 {
		return
	}
	found, err := l.r.Stored(l.ctx, ids)
	if err != nil {
		l.err = err
		return
	}
	for _, id := range ids {
		l.objects[id] = nil
	}
	for _, s := range found {
		o, err := l.c.Object(s)
		if err != nil {
			l.err = err
			return
		}
		l.objects[o.ID] = o
		l.meetRefs(o)
	}
}

// str is what texts call the object of that id.
func (l *loader) str(id uuid.UUID) string {
	if o := l.get(id); o != nil {
		return o.Str
	}
	return ""
}

// path resolves a path from objects of type t; its names are joined by "__" or dots.
func (l *loader) path(t *Type, path string) *resolved {
	key := pathKey{t, path}
	if p := l.paths[key]; p != nil {
		return p
	}
	p := l.c.resolve(t, path)
	l.paths[key] = p
	return p
}

// resolve is Resolve with dots for "__" as well, through derived references too.
func (c *Catalogue) resolve(t *Type, path string) *resolved {
	p := &resolved{single: true}
	p.way, p.field, p.at, p.err = c.Resolve(t, strings.ReplaceAll(path, ".", "__"))
	for _, hop := range p.way.Hops {
		_, f := c.FieldByID(hop.Field)
		if f == nil || hop.Back && !f.Unique || !hop.Back && f.Kind != Reference {
			p.single = p.field != nil && p.field.Kind == Reference && p.field.Path != "" && len(p.way.Hops) == 1
		}
	}
	return p
}

// step goes one hop from o.
func (l *loader) step(o *Object, hop filters.Hop) []uuid.UUID {
	_, f := l.c.FieldByID(hop.Field)
	if !hop.Back && f != nil && f.Kind == Reference {
		return o.Refs[f.Name]
	}
	if !hop.Back && f != nil {
		if ids, given := o.Refs[f.Name]; given {
			return ids
		}
	}
	key := hopKey{o.ID, hop.Field, hop.Back}
	if ids, known := l.many[key]; known || l.err != nil {
		return ids
	}
	from := l.cohort(o.ID, func(id uuid.UUID) bool {
		_, known := l.many[hopKey{id, hop.Field, hop.Back}]
		return !known
	})
	read := l.r.Targets
	if hop.Back {
		read = l.r.Holders
	}
	links, err := read(l.ctx, from, []int32{hop.Field})
	if err != nil {
		l.err = err
		return nil
	}
	for _, id := range from {
		l.many[hopKey{id, hop.Field, hop.Back}] = nil
	}
	for _, link := range links {
		start, end := link.Holder, link.Target
		if hop.Back {
			start, end = link.Target, link.Holder
		}
		k := hopKey{start, hop.Field, hop.Back}
		l.many[k] = append(l.many[k], end)
	}
	for _, id := range from {
		l.meet(hop.Field, l.many[hopKey{id, hop.Field, hop.Back}]...)
	}
	return l.many[key]
}

// ends are the objects at the end of the hops of p, starting from o.
func (l *loader) ends(o *Object, p *resolved) []uuid.UUID {
	at := []uuid.UUID{o.ID}
	if o != l.objects[o.ID] {
		if len(p.way.Hops) == 0 {
			return at
		}
		at = l.narrow(l.step(o, p.way.Hops[0]), p, 1)
	}
	for i, hop := range p.way.Hops {
		if i == 0 && o != l.objects[o.ID] {
			continue
		}
		var next []uuid.UUID
		for _, id := range at {
			if holder := l.get(id); holder != nil {
				next = append(next, l.step(holder, hop)...)
			}
		}
		at = l.narrow(next, p, i+1)
	}
	return at
}

// narrow keeps the objects that meet the conditions of p after so many hops.
func (l *loader) narrow(ids []uuid.UUID, p *resolved, after int) []uuid.UUID {
	for _, check := range p.way.Where {
		if check.After != after {
			continue
		}
		var kept []uuid.UUID
		for _, id := range ids {
			if o := l.get(id); o != nil && text(o.Values[check.Column.Name]) == check.Value {
				kept = append(kept, id)
			}
		}
		ids = kept
	}
	return ids
}

// value is what an expression sees at a path from o: an id as text, a number,
// a text, …; a list where the path may lead to several; nil where it leads nowhere.
func (l *loader) value(o *Object, path string) any {
	name, rest, deep := strings.Cut(strings.ReplaceAll(path, "__", "."), ".")
	if f := o.Type.Field(name); f != nil {
		switch {
		case f.Kind == JSON && name != customKey:
			return inside(o.Values[name], rest)
		case !deep && f.Kind != Reference && f.Kind != References && name != "id":
			return exprValue(o.Values[name])
		case f.Kind == Reference && f.Derive != "" && !f.Stored:
			inputs := o.Refs[name]
			if len(inputs) == 0 {
				return nil
			}
			if !deep {
				return inputs[0].String()
			}
			if target := l.get(inputs[0]); target != nil {
				return l.value(target, rest)
			}
			return nil
		}
	}
	p := l.path(o.Type, path)
	if p.err != nil {
		return nil
	}
	ids := l.ends(o, p)
	out := make([]any, 0, len(ids))
	for _, id := range ids {
		out = append(out, l.column(o, id, p))
	}
	switch {
	case !p.single:
		return out
	case len(out) == 0:
		return nil
	}
	return out[0]
}

// column is the value at the end of p, on the object of that id.
func (l *loader) column(start *Object, id uuid.UUID, p *resolved) any {
	if p.way.Column.Name == "" || p.way.Column.Name == "id" {
		return id.String()
	}
	o := l.get(id)
	if id == start.ID {
		o = start
	}
	if o == nil {
		return nil
	}
	if key, custom := strings.CutPrefix(p.way.Column.Name, customKey+"."); custom {
		return exprValue(o.Custom[key])
	}
	switch p.way.Column.Name {
	case "created":
		return o.Created.Format(storedTime)
	case "last_updated":
		return o.LastUpdated.Format(storedTime)
	}
	return p.half(exprValue(o.Values[p.way.Column.Name]))
}

// half is the part of a content type that p asks for, or v.
func (p *resolved) half(v any) any {
	name, isText := v.(string)
	app, model, both := strings.Cut(name, ".")
	switch {
	case !isText || !both || p.field == nil:
	case p.field.Derive == "app_label":
		return app
	case p.field.Derive == "model":
		return model
	}
	return v
}

// refs are the ids at the end of a path that leads to objects.
func (l *loader) refs(o *Object, path string) []uuid.UUID {
	if f := o.Type.Field(path); f != nil && f.Kind == Reference && f.Derive != "" {
		return o.Refs[path]
	}
	p := l.path(o.Type, path)
	if p.err != nil {
		if l.err == nil {
			l.err = p.err
		}
		return nil
	}
	return l.ends(o, p)
}

// inside follows a dotted path into a JSON value.
func inside(v any, path string) any {
	for path != "" {
		var name string
		name, path, _ = strings.Cut(path, ".")
		object, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = object[name]
	}
	return exprValue(v)
}

// exprValue turns a stored value into what expressions compute with.
func exprValue(v any) any {
	switch v := v.(type) {
	case json.Number:
		if isInteger(v) {
			if n, err := v.Int64(); err == nil {
				return int(n)
			}
		}
		f, _ := v.Float64()
		return f
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = exprValue(member)
		}
		return out
	}
	return v
}

// text is a value as names and error texts write it.
func text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	if number, ok := v.(json.Number); ok {
		return number.String()
	}
	return pyStr(v)
}

// ancestors returns what stands above id, itself included.
func (l *loader) ancestors(id uuid.UUID) []Above {
	if found, known := l.above[id]; known || id == uuid.Nil || l.err != nil {
		return found
	}
	ids := l.cohort(id, func(other uuid.UUID) bool { _, known := l.above[other]; return !known })
	rows, err := l.r.Ancestors(l.ctx, ids)
	if err != nil {
		l.err = err
		return nil
	}
	for _, other := range ids {
		l.above[other] = nil
	}
	for _, row := range rows {
		l.above[row.Descendant] = append(l.above[row.Descendant], row)
		l.meet(-1<<29, row.Ancestor)
	}
	return l.above[id]
}

// below reports whether id is ancestor or stands below it.
func (l *loader) below(id, ancestor uuid.UUID) bool {
	if id == ancestor && id != uuid.Nil {
		return true
	}
	for _, a := range l.ancestors(id) {
		if a.Ancestor == ancestor {
			return true
		}
	}
	return false
}
