package objects

import (
	"fmt"
	"strings"

	"github.com/google/uuid"
)

// rooted finishes a component: the references that `roots` names lead to what
// stands there from its owner, and its name says where the owner sits. `places`
// has the way from the owner to its place (module), on from there to the next
// one up (parent), and the field with the word for it (word).
func (m *member) rooted(o *Object, r *rule) {
	roots, _ := r.args["roots"].(map[string]any)
	for name, path := range roots {
		f := o.Type.Field(name)
		if id := idOf(m.value(fmt.Sprint(path))); id != uuid.Nil && f != nil && f.Kind == Reference {
			o.setRef(name, id)
		}
	}
	places, _ := r.args["places"].(map[string]any)
	name := text(o.Values["name"])
	if places == nil || !strings.Contains(name, "{") || o.Type.Name == fmt.Sprint(places["not"]) {
		return
	}
	o.Values["name"] = filled(name, m.positions(r))
}

// positions are those of the places that the object stands in, by the rule's
// `places`: of its own, of the place that its holder stands in, and so on.
func (m *member) positions(r *rule) []string {
	places, _ := r.args["places"].(map[string]any)
	word := func(path string) string { return fmt.Sprint(places[path]) }
	var out []string
	l, seen := m.j.l, map[uuid.UUID]bool{}
	place := l.get(idOf(m.value(word("module"))))
	for place != nil && !seen[place.ID] {
		seen[place.ID] = true
		out = append(out, text(place.Values[word("word")]))
		place = l.get(idOf(l.value(place, word("parent"))))
	}
	return out
}

// filled is a name with the positions that it asks for, up to the first that is
// not known: {module} is the first, {module.parent} the next.
func filled(name string, positions []string) string {
	key := "{module}"
	for _, position := range positions {
		if position == "" {
			break
		}
		name = strings.ReplaceAll(name, key, position)
		key = strings.TrimSuffix(key, "}") + ".parent}"
	}
	return name
}

// fillNames puts the positions of the places where the object stands now into
// the names of what `to` leads to, and of the same parts of what stands in it.
func (m *member) fillNames(r *rule) error {
	places, _ := r.args["places"].(map[string]any)
	l, seen := m.j.l, map[uuid.UUID]bool{}
	var fill func(holder *Object, positions []string)
	fill = func(holder *Object, positions []string) {
		if seen[holder.ID] {
			return
		}
		seen[holder.ID] = true
		for _, path := range r.paths("to") {
			for _, part := range l.reached(holder, path) {
				name := text(part.Values["name"])
				if full := filled(name, positions); full != name {
					m.alter(part, func(o *Object) {
						o.Values["name"] = full
						o.LastUpdated = m.j.s.later(o.LastUpdated)
					})
				}
			}
		}
		for _, inner := range l.reached(holder, r.arg("below")) {
			place := l.get(idOf(l.value(inner, fmt.Sprint(places["module"]))))
			if place != nil {
				fill(inner, append([]string{text(place.Values[fmt.Sprint(places["word"])])}, positions...))
			}
		}
	}
	fill(m.object, m.positions(r))
	return l.err
}

// enrol makes the object that `to` leads to a member of the new one.
func (m *member) enrol(r *rule) error {
	o := m.j.l.get(m.object.Ref(r.arg("to")))
	if o == nil {
		return m.j.l.err
	}
	m.alter(o, func(o *Object) {
		o.setRef(r.arg("field"), m.object.ID)
		if position := r.arg("position"); o.Values[position] == nil {
			o.Values[position] = number(1)
		}
	})
	return nil
}
