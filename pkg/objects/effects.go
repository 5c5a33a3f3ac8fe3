package objects

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// Effects are what else happens when a change breaks no rule.
//
//	effect  do: follow       what `to` leads to gets the same `fields`, or `values`
//	                         (field: the path to its value); see follow.go
//	        do: instantiate  a new object gets its components: for each entry of
//	                         `parts`, the objects of that type that the templates
//	                         at the path describe; `of` leads to their holder,
//	                         `owner` is the reference of the parts to the new one
//	        do: point        the object in `to` refers to this one in `field`;
//	                         with value: none it no longer does
//	        do: fill_names   the names of what `to` leads to, and `below` from there,
//	                         get the positions of the `places` they stand in
//	        do: enrol        what `to` leads to refers back by `field`, at 1 unless
//	                         it has a `position`
func init() {
	kindOf("effect", ruleKind{effect: func(m *member, r *rule) error { return deeds[r.arg("do")](m, r) }},
		"do", "of", "to", "field", "fields", "parts", "owner", "status", "roots", "places", "position", "value", "values", "unless", "judged", "along", "below")
}

// deeds are effects by what they do.
var deeds = map[string]func(m *member, r *rule) error{
	"instantiate": (*member).instantiate,
	"point":       (*member).point,
	"enrol":       (*member).enrol,
	"follow":      (*member).follow,
	"fill_names":  (*member).fillNames,
}

// effects does what else happens when nothing is wrong.
func (m *member) effects() error {
	if err := m.writeVia(); err != nil {
		return err
	}
	for _, r := range m.object.Type.rules {
		if effect := ruleKinds[r.kind].effect; effect != nil && r.arg("along") == "" {
			if err := m.take(r, effect); err != nil {
				return err
			}
		}
	}
	return m.j.l.err
}

// take has the effect of r when r applies.
func (m *member) take(r *rule, effect func(*member, *rule) error) error {
	applies, err := m.applies(r)
	if err != nil || !applies {
		return err
	}
	return effect(m, r)
}

// alter changes another object along with m.
func (m *member) alter(o *Object, change func(*Object)) {
	m.also = append(m.also, &Planned{Object: o, Before: o, changes: []func(*Object){change}})
}

// make makes another object along with m. Its values start as they would in a
// request that names none.
func (m *member) make(t *Type, fill func(*Object)) *Object {
	o := &Object{ID: uuid.Must(uuid.NewRandom()), Type: t, Values: map[string]any{}, Refs: map[string][]uuid.UUID{}, Custom: map[string]any{},
		Version: 1, Created: m.object.LastUpdated, LastUpdated: m.object.LastUpdated}
	for _, f := range t.Fields {
		switch {
		case f.Kind == Reference || f.Kind == References:
			o.Refs[f.Name] = nil
		case f.written() || f.Hidden && f.Derive == "":
			o.Values[f.Name] = f.initial()
		}
	}
	for _, f := range t.CustomFields {
		o.Custom[f.Name] = jsonValue(f.Default)
	}
	fill(o)
	j := &judge{s: m.j.s, ctx: m.j.ctx, tx: m.j.tx, c: m.j.c, t: t, l: newLoader(m.j.ctx, m.j.tx, m.j.c), uniques: m.j.uniques,
		defs: map[string]uuid.UUID{}, taken: map[Key]uuid.UUID{}, asked: map[Key]bool{}}
	part := j.member(0, Draft{}, nil, o)
	if m.before == nil {
		m.j.l.name(m.object)
		j.l.objects[m.object.ID] = m.object
	}
	part.computeStored()
	j.l.name(o)
	p := &Planned{Object: o}
	if keys, err := part.uniqueKeys(); err == nil {
		for _, k := range keys {
			p.keys = append(p.keys, k.Key)
		}
	}
	m.also = append(m.also, p)
	return o
}

func (m *member) point(r *rule) error {
	o, target := m.j.l.get(m.object.Ref(r.arg("to"))), m.object.ID
	if r.arg("value") == "none" {
		target = uuid.Nil
	}
	if o == nil || o.Ref(r.arg("field")) == target {
		return m.j.l.err
	}
	m.alter(o, func(o *Object) { o.setRef(r.arg("field"), target) })
	return nil
}

// instantiate makes the components of a new object. References between
// templates become references between the components made from them.
func (m *member) instantiate(r *rule) error {
	l := m.j.l
	parts, _ := r.args["parts"].(map[string]any)
	holder := l.get(idOf(l.value(m.object, r.arg("of"))))
	if holder == nil {
		return nil
	}
	madeOf := map[uuid.UUID]uuid.UUID{}
	var status uuid.UUID
	if name := r.arg("status"); name != "" {
		typeName, word, _ := strings.Cut(name, "/")
		var err error
		if status, err = m.j.namedObject(typeName, word); err != nil {
			return err
		}
	}
	for _, pass := range []bool{true, false} { // what others refer to comes first
		for _, p := range sortedPairs(parts) {
			t := m.j.c.Type(fmt.Sprint(p.Value))
			if t == nil {
				return fmt.Errorf("no type %v to make components of", p.Value)
			}
			for _, id := range l.refs(holder, p.Key) {
				template := l.get(id)
				if template == nil || refersToTemplates(template) == pass {
					continue
				}
				part := m.make(t, func(o *Object) {
					m.fromTemplate(o, template, r.arg("owner"), madeOf, status)
					m.rooted(o, r)
				})
				madeOf[id] = part.ID
			}
		}
	}
	return l.err
}

// refersToTemplates reports whether a template refers to another one.
func refersToTemplates(template *Object) bool {
	for name, ids := range template.Refs {
		if len(ids) > 0 && strings.HasSuffix(name, "_template") {
			return true
		}
	}
	return false
}

// fromTemplate fills a component with what its template says.
func (m *member) fromTemplate(o, template *Object, owner string, madeOf map[uuid.UUID]uuid.UUID, status uuid.UUID) {
	for name, value := range template.Values {
		if f := o.Type.Field(name); f != nil && f.Kind != Reference && f.written() {
			o.Values[name] = value
		}
	}
	for name, ids := range template.Refs {
		if len(ids) == 0 {
			continue
		}
		target := strings.TrimSuffix(name, "_template")
		f := o.Type.Field(target)
		switch {
		case f == nil || f.Kind != Reference:
		case target != name:
			o.setRef(target, madeOf[ids[0]])
		case f.Held():
			o.Refs[target] = ids
		}
	}
	for _, name := range []string{owner, "parent_" + owner} {
		if f := o.Type.Field(name); f != nil && f.Kind == Reference {
			o.setRef(name, m.object.ID)
			break
		}
	}
	if f := o.Type.Field("status"); f != nil && f.Required {
		o.setRef("status", status)
	}
}

// writeVia writes references that are kept by other objects: the other end of a
// reference, a list that has m in it, or rows of a type of their own.
func (m *member) writeVia() error {
	for _, f := range m.object.Type.Fields {
		if f.ReadOnly || f.Hidden || !m.draft.Has(f.Name) || f.Kind != Reference && f.Kind != References {
			continue
		}
		if f.Path == "" {
			continue
		}
		if err := m.writeOthers(f, m.object.Refs[f.Name]); err != nil {
			return err
		}
	}
	return nil
}

func (m *member) writeOthers(f *Field, wanted []uuid.UUID) error {
	l := m.j.l
	first, rest, _ := strings.Cut(f.Path, "__")
	back, ok := m.j.c.reaches(m.object.Type, first)
	if !ok {
		return fmt.Errorf("field %s leads nowhere", f.Name)
	}
	if rest == "" {
		return m.writeEnds(back, wanted)
	}
	var rows []uuid.UUID
	if m.before != nil {
		hop := filters.Hop{Field: back.field.ID, Back: true}
		rows = l.step(m.before, hop)
	}
	kept := map[uuid.UUID]bool{}
	for _, id := range rows {
		row := l.get(id)
		if row == nil {
			continue
		}
		if target := row.Ref(rest); containsID(wanted, target) {
			kept[target] = true
		} else {
			m.gone = append(m.gone, id)
		}
	}
	for _, id := range wanted {
		if !kept[id] {
			m.make(back.holder, func(o *Object) {
				o.setRef(back.field.Name, m.object.ID)
				o.setRef(rest, id)
			})
		}
	}
	return l.err
}

// writeEnds makes exactly the wanted objects refer to m.
func (m *member) writeEnds(back owned, wanted []uuid.UUID) error {
	l, name := m.j.l, back.field.Name
	var now []uuid.UUID
	if m.before != nil {
		now = l.step(m.before, filters.Hop{Field: back.field.ID, Back: true})
	}
	many := back.field.Kind == References
	change := func(id uuid.UUID, add bool) {
		o := l.get(id)
		if o == nil {
			return
		}
		var list []uuid.UUID
		if many {
			for _, member := range l.step(o, filters.Hop{Field: back.field.ID}) {
				if member != m.object.ID {
					list = append(list, member)
				}
			}
		}
		m.alter(o, func(o *Object) {
			if add {
				list = append(list, m.object.ID)
			}
			o.Refs[name] = list
		})
		m.also[len(m.also)-1].judged = add && !many
	}
	for _, id := range now {
		if !containsID(wanted, id) {
			change(id, false)
		}
	}
	for _, id := range wanted {
		if !containsID(now, id) {
			change(id, true)
		}
	}
	return l.err
}

func containsID(ids []uuid.UUID, id uuid.UUID) bool {
	for _, other := range ids {
		if other == id {
			return true
		}
	}
	return false
}

// readGeneric sets the references that the wire knows as a type and an id.
// Stage 3 refuses those that name nothing (kind generic).
func (j *judge) readGeneric() error {
	for _, m := range j.members {
		for _, f := range j.t.Fields {
			if id, ok := ParseID(text(m.object.Values[f.Name])); f.Derive == "generic_id" && ok {
				j.l.meet(0, id)
			}
		}
	}
	for _, m := range j.members {
		for _, f := range j.t.Fields {
			if f.Derive != "generic_id" || m.before != nil && !m.draft.Has(f.Name) && !m.draft.Has(genericType(j.t, f)) {
				continue
			}
			reference := f.Args["of"]
			m.object.Refs[reference] = nil
			id, ok := ParseID(text(m.object.Values[f.Name]))
			typeName := text(m.object.Values[genericType(j.t, f)])
			if !ok || typeName == "" {
				continue
			}
			if o := j.l.get(id); o != nil && o.Type.Name == typeName {
				m.object.setRef(reference, id)
			}
		}
	}
	return j.l.err
}

// genericType is the field with the type that belongs to the id in f.
func genericType(t *Type, f *Field) string {
	for _, other := range t.Fields {
		if other.Derive == "generic_type" && other.Args["of"] == f.Args["of"] {
			return other.Name
		}
	}
	return ""
}

func init() {
	kindOf("generic", ruleKind{judge: judgeGeneric}, "field")
}

func judgeGeneric(m *member, r *rule) error {
	if m.object.Ref(r.arg("field")) != uuid.Nil {
		return nil
	}
	for _, f := range m.object.Type.Fields {
		if f.Derive == "generic_id" && f.Args["of"] == r.arg("field") && m.object.Values[f.Name] != nil {
			return m.refuse(r.key, r.text)
		}
	}
	return nil
}
