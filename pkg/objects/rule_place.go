package objects

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// The kinds of rule about places.
//
//	permits          the type of the location in `field` must list this type;
//	                 `through` is the way from the location to that list
//	legacy_location  a single location given in `field` replaces all that the rows
//	                 of type `of` hold; each must be permitted
//	withdrawn        content types taken from the list `field` must not be in use:
//	                 `through` is the way from their objects to this one
//	withdrawn_tag    the same where the objects hold this one in their `through`
//	nested_in_use    none of the objects `of` has a `parent` with the same `same`
//	vlans_at         each VLAN of `field` must stand at `at`, above it (not when
//	                 `exact`), or nowhere
func init() {
	kindOf("permits", ruleKind{judge: judgePermits}, "field", "through")
	kindOf("legacy_location", ruleKind{judge: judgeLegacyLocation, effect: replaceLocations}, "of", "field", "through")
	kindOf("withdrawn", ruleKind{judge: judgeWithdrawn}, "field", "through")
	kindOf("withdrawn_tag", ruleKind{judge: judgeWithdrawnTag}, "field", "through")
	kindOf("nested_in_use", ruleKind{judge: judgeNestedInUse}, "of", "parent", "same")
	kindOf("vlans_at", ruleKind{judge: judgeVLANsAt}, "field", "at", "locations", "exact")
}

// permitted reports whether the list at path lets objects of m's type in.
func (m *member) permitted(location *Object, path string) bool {
	return slices.Contains(listOf(m.j.l.value(location, path)), any(m.object.Type.Name))
}

// or is an argument of the rule, or what holds without it.
func (r *rule) or(name, otherwise string) string {
	if v := r.arg(name); v != "" {
		return v
	}
	return otherwise
}

func judgePermits(m *member, r *rule) error {
	field := r.or("field", "location")
	location := m.j.l.get(m.object.Ref(field))
	if location == nil || m.permitted(location, r.or("through", "location_type.content_types")) {
		return m.j.l.err
	}
	message := fmt.Sprintf("%s may not associate to locations of type \"{%s.location_type}\".", capitalize(m.object.Type.Plural), field)
	if r.text != "" {
		message = r.text
	}
	return m.refuse(field, m.fill(message, nil))
}

func judgeLegacyLocation(m *member, r *rule) error {
	location := m.j.l.get(m.object.Ref(r.or("field", "location")))
	if location == nil || m.permitted(location, r.or("through", "location_type.content_types")) {
		return m.j.l.err
	}
	kind := m.j.l.nameAt(location, "location_type")
	return m.refuse(r.key, m.fill(r.text, map[string]any{"types": PyRepr(kind)}))
}

// replaceLocations makes the location that was given the only one.
func replaceLocations(m *member, r *rule) error {
	location := m.object.Ref(r.or("field", "location"))
	if location == uuid.Nil {
		return nil
	}
	rows := m.j.c.Type(r.arg("of"))
	if rows == nil {
		return fmt.Errorf("rule of the unknown type %s", r.arg("of"))
	}
	var own, there *Field
	for _, f := range rows.Fields {
		switch {
		case f.Kind != Reference || !f.Held():
		case slices.Contains(f.To, m.object.Type.Name):
			own = f
		default:
			there = f
		}
	}
	if own == nil || there == nil {
		return fmt.Errorf("type %s does not lead from %s to locations", rows.Name, m.object.Type.Name)
	}
	if m.before != nil {
		there := func(row *Object) bool { return row.Ref(there.Name) == location }
		rows := m.j.l.reached(m.before, own.Reverse)
		for _, row := range rows {
			if !there(row) {
				m.gone = append(m.gone, row.ID)
			}
		}
		if slices.ContainsFunc(rows, there) {
			return m.j.l.err
		}
	}
	m.make(rows, func(o *Object) {
		o.setRef(own.Name, m.object.ID)
		o.setRef(there.Name, location)
	})
	return m.j.l.err
}

// withdrawals are the content types that a change takes from a list.
func (m *member) withdrawals(field string) []*Type {
	if m.before == nil {
		return nil
	}
	var out []*Type
	for _, name := range listOf(m.before.Values[field]) {
		if t := m.j.c.Type(text(name)); t != nil && !slices.Contains(listOf(m.object.Values[field]), name) {
			out = append(out, t)
		}
	}
	return out
}

func judgeWithdrawn(m *member, r *rule) error {
	for _, t := range m.withdrawals(r.arg("field")) {
		p := m.j.l.path(t, r.arg("through"))
		if p.err != nil || len(p.way.Hops) == 0 {
			continue
		}
		at := []uuid.UUID{m.object.ID}
		for i := len(p.way.Hops) - 1; i >= 0 && len(at) > 0; i-- {
			links, err := m.j.tx.Holders(m.j.ctx, at, []int32{p.way.Hops[i].Field})
			if err != nil {
				return err
			}
			at = at[:0]
			for _, link := range links {
				at = append(at, link.Holder)
			}
		}
		if len(at) > 0 {
			return m.refuse(r.key, m.fill(r.text, map[string]any{"value": t.Name}))
		}
	}
	return m.j.l.err
}

func judgeWithdrawnTag(m *member, r *rule) error {
	for _, t := range m.withdrawals(r.arg("field")) {
		f := t.Field(r.or("through", "tags"))
		if f == nil {
			continue
		}
		links, err := m.j.tx.Holders(m.j.ctx, []uuid.UUID{m.object.ID}, []int32{f.ID})
		if err != nil {
			return err
		}
		if len(links) > 0 {
			return m.refuse(r.key, strings.ReplaceAll(r.text, "{value}", t.Name))
		}
	}
	return nil
}

func judgeNestedInUse(m *member, r *rule) error {
	if m.before == nil {
		return nil
	}
	l := m.j.l
	for _, o := range l.reached(m.before, r.arg("of")) {
		parent := l.get(o.Ref(r.arg("parent")))
		if parent != nil && parent.Ref(r.arg("same")) == o.Ref(r.arg("same")) {
			return m.refuse(r.key, m.fill(r.text, nil))
		}
	}
	return l.err
}

func judgeVLANsAt(m *member, r *rule) error {
	l := m.j.l
	field := r.arg("field")
	if r.stage == 2 && !m.draft.Has(field) {
		return nil
	}
	at := idOf(m.argument(r, "at"))
	for _, id := range m.object.Refs[field] {
		vlan := l.get(id)
		if vlan == nil {
			continue
		}
		locations := l.refs(vlan, r.or("locations", "locations"))
		fits := len(locations) == 0
		for _, location := range locations {
			fits = fits || at == location || r.arg("exact") == "" && l.below(at, location)
		}
		if !fits {
			return m.refuse(r.key, m.fill(r.text, map[string]any{"value": id}))
		}
	}
	return l.err
}
