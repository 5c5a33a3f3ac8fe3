package objects

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// wantedRef is a reference of a draft that is still to be found.
type wantedRef struct {
	m     *member
	f     *Field
	named []named
	many  bool
}

// decode is stage 1: the fields of all members, their references looked up
// together, and unique columns.
func (j *judge) decode() error {
	var wanted []wantedRef
	for _, m := range j.members {
		m.decodeID()
		for _, f := range j.t.Fields {
			if !f.written() {
				continue
			}
			if f.Name == customKey {
				m.decodeCustom(f)
				continue
			}
			if raw, ok := m.draft.Fields[f.Name]; ok {
				if f.Kind == Reference || f.Kind == References {
					if w, ok := m.readRefs(f, raw); ok {
						wanted = append(wanted, w)
					}
					continue
				}
				value, t := f.decodeValue(raw, j.contentType)
				if t == nil && f.narrowed() {
					t = j.narrow(f, value)
				}
				m.fields[f.Name] = t
				if t == nil {
					m.object.Values[f.Name] = value
				}
				continue
			}
			if err := m.absent(f); err != nil {
				return err
			}
		}
	}
	if err := j.find(wanted); err != nil {
		return err
	}
	if err := j.readGeneric(); err != nil {
		return err
	}
	if err := j.uniqueColumns(); err != nil {
		return err
	}
	for _, m := range j.members {
		m.collect()
	}
	return j.newIDs()
}

// written reports whether requests give the field a value.
func (f *Field) written() bool {
	switch f.Name {
	case "id", "created", "last_updated":
		return false
	}
	if f.Kind == Derived || f.Kind == Count || f.ReadOnly || f.Hidden {
		return f.Kind == Derived && f.Args["writable"] != ""
	}
	return true
}

// decodeID reads the id that a request may give a new object; that of a stored
// one may be repeated, not changed.
func (m *member) decodeID() {
	f := m.object.Type.Field("id")
	raw, given := m.draft.Fields["id"]
	if !given {
		if m.before == nil {
			m.object.ID = uuid.Must(uuid.NewRandom())
		}
		return
	}
	value, t := f.decodeValue(raw, nil)
	if t != nil {
		m.fields["id"] = t
		m.object.ID = uuid.Must(uuid.NewRandom())
		return
	}
	id, _ := ParseID(value.(string))
	switch {
	case m.before != nil && id != m.before.ID:
		m.fields["id"] = wrong("The id of an object cannot be changed.")
	case id == uuid.Nil:
		m.fields["id"] = wrong("Must be a valid UUID.")
	default:
		m.object.ID = id
	}
}

// absent gives a field that the request does not name what it has then.
func (m *member) absent(f *Field) error {
	if f.Required && !m.partial {
		m.fields[f.Name] = wrong(required)
		return nil
	}
	if m.before != nil {
		return nil
	}
	if f.Kind == Reference || f.Kind == References {
		m.object.Refs[f.Name] = nil
		if name, ok := f.Default.(string); ok && f.Kind == Reference && len(f.To) == 1 {
			id, err := m.j.namedObject(f.To[0], name)
			if err != nil {
				return err
			}
			m.object.setRef(f.Name, id)
		}
		return nil
	}
	m.object.Values[f.Name] = f.initial()
	return nil
}

// initial is the value of a new object that is not given one.
func (f *Field) initial() any {
	if f.Default != nil {
		return jsonValue(f.Default)
	}
	return f.nothing()
}

// nothing is the value of a field that has none.
func (f *Field) nothing() any {
	switch f.Kind {
	case Text, Slug, URL, Email, Color, Choice, Word, MAC:
		if f.Null && !(f.Kind == Choice && f.Blank) {
			return nil
		}
		return ""
	case Texts, ContentTypes: // of choices and numbers there is no list until one is given
		if f.Null {
			return nil
		}
		return []any{}
	case JSON:
		if !f.Null {
			return map[string]any{}
		}
	}
	return nil
}

// jsonValue turns a value of the catalogue into what JSON decoding would give.
func jsonValue(v any) any {
	text, err := marshal(v)
	if err != nil {
		return v
	}
	decoded, err := parseJSON(text)
	if err != nil {
		return v
	}
	return plainJSON(decoded)
}

// readRefs reads the way in which a draft names the targets of a reference.
func (m *member) readRefs(f *Field, raw json.RawMessage) (wantedRef, bool) {
	v, err := parseJSON(raw)
	if err != nil {
		m.fields[f.Name] = wrong("Value must be valid JSON.")
		return wantedRef{}, false
	}
	var target *Type
	if len(f.To) == 1 {
		target = m.j.c.Type(f.To[0])
	}
	w := wantedRef{m: m, f: f, many: f.Kind == References}
	members := []any{v}
	if w.many {
		var ok bool
		if members, ok = v.([]any); !ok {
			if m.fields[f.Name] = wrong(notNull); v != nil {
				m.fields[f.Name] = wrong(`Expected a list of items but got type "` + pyType(v) + `".`)
			}
			return w, false
		}
	}
	for _, member := range members {
		n := readRef(target, member, FieldForm)
		n.written = member
		if n.null {
			if w.many || !f.Null {
				m.fields[f.Name] = wrong(notNull)
				return w, false
			}
			m.object.Refs[f.Name] = nil
			return w, false
		}
		if n.id != uuid.Nil {
			m.j.l.meet(near, n.id)
		}
		w.named = append(w.named, n)
	}
	if w.many && len(w.named) == 0 {
		m.object.Refs[f.Name] = []uuid.UUID{}
		return w, false
	}
	return w, true
}

// find looks up what references name: all ids with one statement, attributes
// one by one but each only once.
func (j *judge) find(wanted []wantedRef) error {
	asked := search{j: j, known: map[searched]answer{}}
	for _, w := range wanted {
		var ids []uuid.UUID
		for _, n := range w.named {
			if n.id != uuid.Nil {
				if !j.fits(w.f, j.l.get(n.id)) {
					w.m.fields[w.f.Name] = wrong(n.missing())
					break
				}
				ids = append(ids, n.id)
				continue
			}
			answer, err := asked.find(w.f, n)
			if err != nil {
				return err
			}
			if answer.problem != "" {
				w.m.fields[w.f.Name] = wrong(answer.problem)
				break
			}
			ids = append(ids, answer.id)
		}
		if w.m.fields[w.f.Name] == nil {
			w.m.object.Refs[w.f.Name] = distinct(ids)
		}
	}
	return j.l.err
}

func distinct(ids []uuid.UUID) []uuid.UUID {
	var out []uuid.UUID
	seen := map[uuid.UUID]bool{}
	for _, id := range ids {
		if !seen[id] {
			out, seen[id] = append(out, id), true
		}
	}
	return out
}

// fits reports whether a reference of the judged type may lead to o.
func (j *judge) fits(f *Field, o *Object) bool {
	if o == nil || !f.Leads(o.Type) {
		return false
	}
	list := j.scoped(o.Type)
	if list == "" {
		return true
	}
	for _, name := range listOf(o.Values[list]) {
		if name == j.t.Name {
			return true
		}
	}
	return false
}

func listOf(v any) []any {
	list, _ := v.([]any)
	return list
}

// scoped is the field of a type that lists the types which may refer to its
// objects, or "" where the judged type may refer to all.
func (j *judge) scoped(t *Type) string {
	if t == nil {
		return ""
	}
	for _, r := range t.rules {
		if r.kind == "scoped" && !slices.Contains(r.list("but"), j.t.Name) {
			return r.arg("field")
		}
	}
	return ""
}

// scope is the condition that an object may be referred to by the judged type.
func (j *judge) scope(t *Type) filters.Query {
	list := j.scoped(t)
	if list == "" {
		return nil
	}
	return filters.Query{{
		Field: &filters.Field{Name: list, Kind: filters.ContentType, Path: filters.Path{Column: filters.Column{Name: list, List: true}}},
		Texts: []string{j.t.Name},
	}}
}

// narrowed reports whether a field lists content types.
func (f *Field) narrowed() bool { return f.Kind == ContentTypes || f.Kind == ContentType }

// narrow holds content types to those that the rules of the judged type take.
func (j *judge) narrow(f *Field, value any) *trouble {
	for _, r := range j.t.rules {
		if r.kind != "eligible" || r.arg("field") != f.Name {
			continue
		}
		for _, name := range append(listOf(value), value) {
			text, ok := name.(string)
			if ok && !j.eligible(r, j.c.Type(text)) {
				return wrong("Invalid content type: " + text)
			}
		}
	}
	return nil
}

// contentType is the type of that name, also one that has no objects here but
// is what a rule of the judged type asks for.
func (j *judge) contentType(name string) *Type {
	t := j.c.Type(name)
	if r := j.t.rule("only_types"); t == nil && r != nil && slices.Contains(r.list("types"), name) {
		return &Type{Name: name}
	}
	return t
}

// eligible reports whether rule r takes t: one of its types, or where it says
// "referring", a type that refers to the judged one.
func (j *judge) eligible(r *rule, t *Type) bool {
	for _, name := range r.list("types") {
		if name == t.Name {
			return true
		}
	}
	if r.arg("referring") == "" {
		return false
	}
	for _, f := range t.Fields {
		if (f.Kind == Reference || f.Kind == References) && f.Held() && len(f.To) == 1 && f.To[0] == j.t.Name {
			return true
		}
	}
	return false
}

// collect turns the problems of the fields into those of the member, in the
// serializer's order and before those that others found.
func (m *member) collect() {
	others := m.problems.Fields
	m.problems.Fields = nil
	for _, f := range m.object.Type.Fields {
		m.fields[f.Name].addTo(m.problems, f.Name)
	}
	m.problems.Fields = append(m.problems.Fields, others...)
}

// newIDs refuses ids that exist already. It is a rule of the model: told once
// the body is otherwise good.
func (j *judge) newIDs() error {
	var ids []uuid.UUID
	for _, m := range j.members {
		if m.before == nil && m.draft.Has("id") {
			ids = append(ids, m.object.ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := j.tx.Stored(j.ctx, ids)
	if err != nil {
		return err
	}
	there := map[uuid.UUID]bool{}
	for _, row := range rows {
		there[row.ID] = true
	}
	for _, m := range j.members {
		if m.before == nil && there[m.object.ID] && m.good() {
			m.problems.Add([]string{"id"}, m.idTaken())
		}
	}
	return nil
}

func (m *member) idTaken() string { return idTaken(m.object.Type) }

func idTaken(t *Type) string {
	return fmt.Sprintf("%s with this Id already exists.", capitalize(t.Singular))
}
