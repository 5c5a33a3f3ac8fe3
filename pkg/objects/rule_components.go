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
	if places == nil || !strings.Contains(name, "{") {
		return
	}
	word := func(path string) string { return fmt.Sprint(places[path]) }
	l := m.j.l
	place := l.get(idOf(m.value(word("module"))))
	for key := "{module}"; place != nil; key = strings.TrimSuffix(key, "}") + ".parent}" {
		position := text(place.Values[word("word")])
		if position == "" {
			break
		}
		name = strings.ReplaceAll(name, key, position)
		place = l.get(idOf(l.value(place, word("parent"))))
	}
	o.Values["name"] = name
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
