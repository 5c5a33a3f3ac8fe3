package objects

import (
	"fmt"

	"github.com/google/uuid"
)

// follow gives what `to` (a path or several) leads to what this object has in
// `fields` now, or what stands at the paths of `values`. A change that this
// makes has followers of its own, by the rules of the type that it happens to.
//
//	unless: below  not to what refers to something below the new value already
//	judged: true   the rules of the followers hold: what they refuse, the request
//	               is refused for
//	along: true    only when the change follows from another one itself
func (m *member) follow(r *rule) error {
	given := map[string]uuid.UUID{}
	for _, f := range r.fields {
		given[f] = m.object.Ref(f)
	}
	values, _ := r.args["values"].(map[string]any)
	for f, path := range values {
		given[f] = idOf(m.value(fmt.Sprint(path)))
	}
	for _, path := range r.paths("to") {
		for _, o := range m.j.l.reached(m.object, path) {
			m.lead(o, given, r)
		}
	}
	return m.j.l.err
}

// lead gives o the references that it has otherwise so far.
func (m *member) lead(o *Object, given map[string]uuid.UUID, r *rule) {
	differs := false
	for f, id := range given {
		differs = differs || o.Ref(f) != id && !(r.arg("unless") == "below" && m.j.l.below(o.Ref(f), id))
	}
	if !differs {
		return
	}
	m.alter(o, func(o *Object) {
		for f, id := range given {
			o.setRef(f, id)
		}
		o.LastUpdated = m.j.s.later(o.LastUpdated)
	})
	m.also[len(m.also)-1].judged = r.arg("judged") != ""
}

// paths is an argument that is a path, or a list of them.
func (r *rule) paths(name string) []string {
	if list := r.list(name); list != nil {
		return list
	}
	return []string{r.arg(name)}
}

// passOn has what follows from a change that follows from another one itself.
func (m *member) passOn() error {
	for _, r := range m.object.Type.rules {
		if r.kind == "effect" && r.arg("do") == "follow" {
			if err := m.take(r, (*member).follow); err != nil {
				return err
			}
		}
	}
	return m.j.l.err
}

// settle turns alterations into plans: all that several plans want of one
// object is done to it as it stands now, in one change.
func (w *writing) settle(also []*Planned) ([]*Planned, error) {
	var out []*Planned
	var ids []uuid.UUID
	changes, judged := map[uuid.UUID][]func(*Object){}, map[uuid.UUID]bool{}
	for _, p := range also {
		if p.changes == nil {
			out = append(out, p)
			continue
		}
		ids = append(ids, p.Object.ID)
		changes[p.Object.ID] = append(changes[p.Object.ID], p.changes...)
		judged[p.Object.ID] = judged[p.Object.ID] || p.judged
	}
	if len(ids) == 0 {
		return out, nil
	}
	rows, err := w.tx.LockObjects(w.ctx, uniqueIDs(ids))
	if err != nil {
		return nil, err
	}
	members, err := w.altered(rows, changes)
	if err != nil {
		return nil, err
	}
	for _, m := range members {
		if judged[m.object.ID] {
			if err := m.clean(); err != nil {
				return nil, err
			}
			if !m.good() {
				return nil, m.problems
			}
		}
		if err := m.passOn(); err != nil {
			return nil, err
		}
		out = append(out, m.replanned())
	}
	return out, nil
}

// altered are the stored objects with their changes, those of a type judged
// together.
func (w *writing) altered(rows []Stored, changes map[uuid.UUID][]func(*Object)) ([]*member, error) {
	var out []*member
	judges := map[*Type]*judge{}
	for _, row := range rows {
		before, err := w.c.Object(row)
		if err != nil {
			return nil, err
		}
		j := judges[before.Type]
		if j == nil {
			j = w.s.newJudge(w.ctx, w.tx, before.Type)
			judges[before.Type] = j
		}
		j.l.add(before)
		out = append(out, j.altered(before, changes[before.ID]))
	}
	return out, nil
}

// altered is a change that no request names: it follows from another one.
func (j *judge) altered(before *Object, changes []func(*Object)) *member {
	after := before.clone()
	for _, change := range changes {
		change(after)
	}
	after.Version++
	return j.member(0, Draft{}, before, after)
}

// replanned is what is written of an altered object.
func (m *member) replanned() *Planned {
	m.computeStored()
	m.j.l.name(m.object)
	p := &Planned{Object: m.object, Before: m.before, also: m.also, touched: m.touched()}
	if keys, err := m.uniqueKeys(); err == nil {
		for _, k := range keys {
			p.keys = append(p.keys, k.Key)
		}
	}
	return p
}
