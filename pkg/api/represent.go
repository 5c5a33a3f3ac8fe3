package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"relata/pkg/associations"
	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// maxAnswer bounds what deep nesting can blow an answer up to.
const maxAnswer = 256 << 20

// thing is one object with all that an answer shows of it.
type thing struct {
	objects.Shown
	t      *objects.Type
	refs   []objects.ShownLink // of references with rows of their own, in the order of their fields
	read   map[string]any      // of the other fields that are computed when read
	counts map[string]int
	panel  associations.Panel
	labels naming
}

// naming is what a thing is called on the wire.
type naming struct{ display, slug string }

// level is all objects that stand equally deep in an answer, each once.
type level struct {
	r      *request
	view   view
	nested bool // below the objects that were asked for
	things []*thing
	byID   map[uuid.UUID]*thing
	types  map[uuid.UUID]*objects.Type            // of what references without rows of their own lead to
	heads  map[*relationships.Relationship][]byte // what starts each in a panel
	below  *level                                 // the objects referred to, written out; nil at depth 0
}

// represent makes the JSON of objects, in their order: a constant number of
// statements for each level of depth.
func (r *request) represent(rows []objects.Shown, v view) ([][]byte, error) {
	out := make([][]byte, 0, len(rows))
	_, err := r.appendEach(nil, rows, v, func(member []byte) { out = append(out, member) })
	return out, err
}

// appendThings appends the JSON of objects, joined by commas.
func (r *request) appendThings(b []byte, rows []objects.Shown, v view) ([]byte, error) {
	return r.appendEach(b, rows, v, func([]byte) {})
}

// appendEach is appendThings that shows each member as it lies in the whole.
func (r *request) appendEach(b []byte, rows []objects.Shown, v view, each func(member []byte)) ([]byte, error) {
	top, err := r.newLevel(rows, v, false, v.depth)
	if err != nil {
		return nil, err
	}
	begun := len(b)
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		start := len(b)
		b = top.appendThing(b, top.byID[rows[i].ID])
		each(b[start:len(b):len(b)])
		if len(b)-begun > maxAnswer {
			return nil, fault.TooLargef("The answer would be longer than %d bytes (limit answer_bytes = %d). Ask for less depth or a smaller page.", maxAnswer, maxAnswer)
		}
	}
	return b, nil
}

func (r *request) newLevel(rows []objects.Shown, v view, nested bool, depth int) (*level, error) {
	l := &level{r: r, view: v, nested: nested, byID: make(map[uuid.UUID]*thing, len(rows)), types: map[uuid.UUID]*objects.Type{}}
	cat, all := r.catalogue(), make([]thing, len(rows))
	for i, row := range rows {
		t := cat.ByID(row.Type)
		if t == nil || l.byID[row.ID] != nil {
			continue
		}
		one := &all[i]
		one.Shown, one.t = row, t
		l.things = append(l.things, one)
		l.byID[row.ID] = one
	}
	if len(l.things) == 0 {
		return l, nil
	}
	if err := l.fill(r.ctx()); err != nil {
		return nil, err
	}
	if depth == 0 {
		return l, nil
	}
	below, err := r.api.Store.ObjectsByID(r.ctx(), l.targets())
	if err != nil {
		return nil, err
	}
	l.below, err = r.newLevel(below, view{many: manyNone, depth: depth - 1}, true, depth-1)
	return l, err
}

// fill reads what stands beside the rows of the level.
func (l *level) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	vias, err := l.vias()
	if err != nil {
		return err
	}
	if err := l.readRefs(ctx, vias); err != nil {
		return err
	}
	if l.view.counts {
		if err := l.readCounts(ctx); err != nil {
			return err
		}
	}
	for _, v := range vias {
		if err := l.readVia(ctx, v); err != nil {
			return err
		}
	}
	if err := l.readComputed(ctx); err != nil {
		return err
	}
	if l.view.relationships && !l.nested {
		return l.readPanels(ctx) // filters of definitions may hold patterns, which take their time
	}
	return nil
}

// shows reports whether the level shows a field of its objects.
func (l *level) shows(f *objects.Field) bool {
	if f.Hidden || f.WriteOnly && (f.Kind != objects.References || l.view.many != manyAll) {
		return false
	}
	switch {
	case f.Kind == objects.References, f.Kind == objects.ContentTypes:
		return l.view.many != manyNone
	case f.Kind == objects.Count:
		return l.view.counts
	case f.Derive == "tree_depth":
		return !l.nested
	case f.Derive == "config_context":
		return l.view.configContext
	}
	return true
}

// readRefs reads the references of all objects, with the names that slugs are
// made of, and the references to them by which others are read.
func (l *level) readRefs(ctx context.Context, vias []via) error {
	var named, back []int32
	add := func(to *[]int32, field int32) {
		if !slices.Contains(*to, field) {
			*to = append(*to, field)
		}
	}
	for t := range l.ofType() {
		for _, field := range plainOf(l.r.catalogue(), t).named {
			add(&named, field)
		}
	}
	for _, v := range vias {
		if v.hops[0].Back {
			add(&back, v.hops[0].Field)
		}
	}
	var ids []uuid.UUID
	for _, one := range l.things {
		if len(back) > 0 || slices.ContainsFunc(one.t.Fields, (*objects.Field).Held) {
			ids = append(ids, one.ID)
		}
	}
	held, err := l.r.api.Store.References(ctx, ids, named, back)
	for _, h := range held {
		l.byID[h.Holder].refs = h.Links
	}
	return err
}

// links are the references of one in the field of that number, or back: those to
// it.
func (one *thing) links(field int32, back bool) []objects.ShownLink {
	from := 0
	for from < len(one.refs) && (one.refs[from].Field != field || one.refs[from].Back != back) {
		from++
	}
	to := from
	for to < len(one.refs) && one.refs[to].Field == field && one.refs[to].Back == back {
		to++
	}
	return one.refs[from:to]
}

func (l *level) ofType() map[*objects.Type][]*thing {
	groups := map[*objects.Type][]*thing{}
	for _, one := range l.things {
		groups[one.t] = append(groups[one.t], one)
	}
	return groups
}

func idsOf(things []*thing) []uuid.UUID {
	ids := make([]uuid.UUID, len(things))
	for i, one := range things {
		ids[i] = one.ID
	}
	return ids
}

// readCounts counts what the fields of kind Count count: a statement for each.
func (l *level) readCounts(ctx context.Context) error {
	for t, things := range l.ofType() {
		for _, f := range t.Fields {
			if f.Kind != objects.Count || !l.shows(f) {
				continue
			}
			counts, err := l.r.api.Store.Counts(ctx, l.r.catalogue(), t, f, idsOf(things))
			if err != nil {
				return err
			}
			for _, one := range things {
				if one.counts == nil {
					one.counts = map[string]int{}
				}
				one.counts[f.Name] = counts[one.ID]
			}
		}
	}
	return nil
}

// readPanels reads what the objects show of their relationships.
func (l *level) readPanels(ctx context.Context) error {
	for t, things := range l.ofType() {
		if !t.Related {
			continue
		}
		panels, err := l.r.api.Associations.Panels(ctx, t, idsOf(things))
		if err != nil {
			return err
		}
		for _, one := range things {
			one.panel = panels[one.ID]
		}
	}
	return nil
}

// targets are the ids of all objects that the level writes out.
func (l *level) targets() []uuid.UUID {
	found := map[uuid.UUID]bool{}
	var ids []uuid.UUID
	add := func(list ...uuid.UUID) {
		for _, id := range list {
			if !found[id] {
				found[id] = true
				ids = append(ids, id)
			}
		}
	}
	for _, one := range l.things {
		for _, f := range one.t.Fields {
			if (f.Kind == objects.Reference || f.Kind == objects.References) && l.shows(f) {
				for _, link := range l.refsOf(one, f) {
					add(link.Target)
				}
			} else if isComputed(f) && l.shows(f) {
				add(computedIDs(one.read[f.Name])...)
			}
		}
		for _, entry := range one.panel {
			add(entry.Peers...)
		}
	}
	return ids
}

// refsOf are the references that a field of one shows.
func (l *level) refsOf(one *thing, f *objects.Field) []objects.ShownLink {
	if f.Held() {
		return one.links(f.ID, false)
	}
	ids, _ := one.read[f.Name].([]uuid.UUID)
	links := make([]objects.ShownLink, len(ids))
	for i, id := range ids {
		links[i].Target = id
	}
	return links
}

// appendThing appends an object: what starts every one, the body rendered when
// it was written, and what is computed when it is read.
func (l *level) appendThing(b []byte, one *thing) []byte {
	r := l.r
	b = append(b, `{"id":`...)
	b = appendID(b, one.ID)
	b = append(b, `,"object_type":"`...)
	b = append(b, one.t.Name...)
	b = append(b, `","display":`...)
	b = appendString(b, one.labels.display)
	b = append(b, `,"url":`...)
	b = r.appendURL(b, one.t, one.ID, "")
	b = append(b, `,"natural_slug":`...)
	b = appendString(b, one.labels.slug)
	body := one.Body
	if l.view.many == manyNone {
		body = withoutContentTypes(one.t, body)
	}
	if len(body) > 0 {
		b = append(b, ',')
		b = append(b, body...)
	}
	for _, f := range one.t.Fields {
		if l.shows(f) {
			b = l.appendField(b, one, f)
		}
	}
	if l.nested {
		return append(b, '}')
	}
	if l.view.computed && one.t.Field("custom_fields") != nil {
		b = append(b, `,"computed_fields":{}`...)
	}
	if l.view.relationships && one.t.Related {
		b = append(b, `,"relationships":`...)
		b = l.appendPanel(b, one.panel)
	}
	return append(b, '}')
}

// appendField appends a field that is no part of the body, and its comma in
// front; nothing for the others.
func (l *level) appendField(b []byte, one *thing, f *objects.Field) []byte {
	name := func() {
		b = append(b, ',', '"')
		b = append(b, f.Name...)
		b = append(b, '"', ':')
	}
	switch {
	case f.Name == "id" || f.Derive == "object_type" || f.Derive == "display" || f.Derive == "url" || f.Derive == "natural_slug":
	case f.Name == "created":
		name()
		b = appendTime(b, one.Created)
	case f.Name == "last_updated":
		name()
		b = appendTime(b, one.LastUpdated)
	case f.Derive == "notes_url" && f.Args["none"] != "":
		name()
		b = append(b, "null"...)
	case f.Derive == "notes_url":
		name()
		b = l.r.appendURL(b, one.t, one.ID, "notes/")
	case f.Name == "custom_fields":
		name()
		b = appendCustom(b, one)
	case f.Kind == objects.Count:
		name()
		b = strconv.AppendInt(b, int64(one.counts[f.Name]), 10)
	case f.Derive == "tree_depth":
		name()
		b = append(b, "null"...)
	case f.Derive == "config_context":
		name()
		b = append(b, "{}"...)
	case f.Kind == objects.Reference:
		name()
		b = l.appendOne(b, f, l.refsOf(one, f))
	case f.Kind == objects.References:
		name()
		b = append(b, '[')
		for i, link := range l.refsOf(one, f) {
			if i > 0 {
				b = append(b, ',')
			}
			b = l.appendTarget(b, f, link)
		}
		b = append(b, ']')
	case isComputed(f):
		name()
		b = l.appendComputed(b, one.read[f.Name])
	}
	return b
}

func (l *level) appendOne(b []byte, f *objects.Field, links []objects.ShownLink) []byte {
	if len(links) == 0 {
		return append(b, "null"...)
	}
	return l.appendTarget(b, f, links[0])
}

// appendTarget appends what stands for a reference: the object itself where
// there is depth left, else its id, type and address.
func (l *level) appendTarget(b []byte, f *objects.Field, link objects.ShownLink) []byte {
	id := link.Target
	if id == uuid.Nil {
		return append(b, "null"...)
	}
	if l.below != nil {
		if one := l.below.byID[id]; one != nil {
			b = l.below.appendThing(b, one)
			if len(f.To) == 0 {
				b = append(b[:len(b)-1], `,"generic_foreign_key":true}`...)
			}
			return b
		}
	}
	t := l.r.catalogue().ByID(link.Type)
	if t == nil {
		t = l.types[id]
	}
	if t == nil && len(f.To) == 1 {
		t = l.r.catalogue().Type(f.To[0])
	}
	if t == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"id":`...)
	b = appendID(b, id)
	b = append(b, `,"object_type":"`...)
	b = append(b, t.Name...)
	b = append(b, `","url":`...)
	b = l.r.appendURL(b, t, id, "")
	return append(b, '}')
}

// appendPanel appends the relationships of an object (reference section 4.1).
func (l *level) appendPanel(b []byte, panel associations.Panel) []byte {
	b = append(b, '{')
	var done []uuid.UUID
	for i, entry := range panel {
		rel := entry.Relationship
		if slices.Contains(done, rel.ID) {
			continue
		}
		if len(done) > 0 {
			b = append(b, ',')
		}
		done = append(done, rel.ID)
		b = append(b, l.head(rel)...)
		for _, side := range panel[i:] {
			if side.Relationship.ID == rel.ID {
				b = l.appendEntry(b, side)
			}
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// head is what starts a relationship in each object that shows it.
func (l *level) head(rel *relationships.Relationship) []byte {
	if known, ok := l.heads[rel]; ok {
		return known
	}
	var b []byte
	b = appendString(b, rel.Key)
	b = append(b, `:{"id":`...)
	b = appendID(b, rel.ID)
	b = append(b, `,"url":`...)
	b = l.r.appendAddress(b, relationshipsPath, rel.ID, "")
	b = append(b, `,"label":`...)
	b = appendString(b, rel.Label)
	b = append(b, `,"type":`...)
	b = appendString(b, string(rel.Type))
	if l.heads == nil {
		l.heads = map[*relationships.Relationship][]byte{}
	}
	l.heads[rel] = b
	return b
}

func (l *level) appendEntry(b []byte, entry associations.Entry) []byte {
	b = append(b, `,"`...)
	b = append(b, entry.Side...)
	b = append(b, `":{"label":`...)
	b = appendString(b, entry.Label)
	b = append(b, `,"object_type":"`...)
	if entry.PeerType != nil {
		b = append(b, entry.PeerType.Name...)
	}
	b = append(b, `","objects":[`...)
	for i, id := range entry.Peers {
		if i > 0 {
			b = append(b, ',')
		}
		if l.below != nil && l.below.byID[id] != nil {
			b = l.below.appendThing(b, l.below.byID[id])
			continue
		}
		b = append(b, `{"id":`...)
		b = appendID(b, id)
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

// appendURL appends the address of an object as a JSON string.
func (r *request) appendURL(b []byte, t *objects.Type, id uuid.UUID, more string) []byte {
	return r.appendAddress(b, cmp.Or(t.Path, t.Address), id, more)
}

func (r *request) appendAddress(b []byte, path string, id uuid.UUID, more string) []byte {
	if r.quoted == "" {
		quoted := appendString(nil, r.base+"/api/")
		r.quoted = string(quoted[:len(quoted)-1])
	}
	b = append(b, r.quoted...)
	b = append(b, path...)
	b = append(b, '/')
	b = appendHexID(b, id)
	b = append(b, '/')
	b = append(b, more...)
	b = append(b, r.suffix...)
	return append(b, '"')
}

// appendCustom appends the values of custom fields; those of fields made after
// the object are null.
func appendCustom(b []byte, one *thing) []byte {
	if len(one.t.CustomFields) == 0 {
		return append(b, "{}"...)
	}
	var data struct {
		Custom map[string]json.RawMessage `json:"custom_fields"`
	}
	_ = json.Unmarshal(one.Data, &data)
	b = append(b, '{')
	for i, f := range one.t.CustomFields {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, f.Name)
		b = append(b, ':')
		b = appendRaw(b, customValue(f, data.Custom[f.Name]))
	}
	return append(b, '}')
}

// withoutContentTypes drops the lists of content types from a body: they count
// as many-to-many.
func withoutContentTypes(t *objects.Type, body []byte) []byte {
	var drop []string
	for _, f := range t.Fields {
		if f.Kind == objects.ContentTypes && !f.Hidden {
			drop = append(drop, f.Name)
		}
	}
	if len(drop) == 0 || len(body) == 0 {
		return body
	}
	whole := append(append([]byte{'{'}, body...), '}')
	var kept [][]byte
	err := members(whole, func(name string, value json.RawMessage) {
		if !slices.Contains(drop, name) {
			kept = append(kept, append(append(appendString(nil, name), ':'), value...))
		}
	})
	if err != nil {
		return body
	}
	return bytes.Join(kept, []byte{','})
}
