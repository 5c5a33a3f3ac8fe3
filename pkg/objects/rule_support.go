package objects

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"
)

// argument is the value at the path that an argument of r names.
func (m *member) argument(r *rule, name string) any {
	if path := r.arg(name); path != "" {
		return m.value(path)
	}
	return nil
}

// objectAt is the object at the end of a path from m, or nil.
func (m *member) objectAt(path string) *Object {
	return m.j.l.get(idOf(m.value(path)))
}

// whole reads a whole number of an expression.
func whole(v any) (int, bool) {
	switch v := v.(type) {
	case int:
		return v, true
	case float64:
		return int(v), v == float64(int(v))
	case json.Number:
		n, err := v.Int64()
		return int(n), err == nil
	case string:
		return atoi(v), v != "" && itoa(atoi(v)) == v
	}
	return 0, false
}

// number is a whole number as values hold it.
func number(n int) json.Number { return json.Number(itoa(n)) }

// reached are the objects at the end of a path from o, read together.
func (l *loader) reached(o *Object, path string) []*Object {
	var out []*Object
	for _, id := range l.refs(o, path) {
		if target := l.get(id); target != nil {
			out = append(out, target)
		}
	}
	return out
}

// byCreation orders objects as most lists of the contract do: the oldest first.
func byCreation(list []*Object) []*Object {
	slices.SortStableFunc(list, func(a, b *Object) int {
		if c := a.Created.Compare(b.Created); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return list
}

// lock keeps objects from changing until the end of the transaction, when this
// is one that writes.
func (j *judge) lock(ids ...uuid.UUID) error {
	tx, ok := j.tx.(Tx)
	if !ok || len(ids) == 0 {
		return nil
	}
	_, err := tx.HoldObjects(j.ctx, uniqueIDs(ids))
	return err
}
