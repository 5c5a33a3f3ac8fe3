package objects

import (
	"encoding/json"
	"net/netip"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// kindOf registers a kind of rule with the words it has beside the common ones.
func kindOf(name string, judge func(*member, *rule) error, args ...string) {
	judges[name] = judge
	kindArgs[name] = args
}

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

// holding is the condition that a single reference leads to one of ids.
func holding(f *Field, ids []uuid.UUID) filters.Condition {
	return filters.Condition{IDs: ids, Field: &filters.Field{Name: f.Name, Kind: filters.Reference,
		Path: filters.Path{Hops: []filters.Hop{{Field: f.ID}}}}}
}

// inNetworks is the condition that an address or network lies in one of spans;
// method says how (docs/catalogue.md).
func inNetworks(method string, spans []netip.Prefix) filters.Condition {
	texts := make([]string, len(spans))
	for i, p := range spans {
		texts[i] = p.String()
	}
	return filters.Condition{Texts: texts, Field: &filters.Field{Name: method, Kind: filters.Method, Method: method, Values: filters.Text}}
}

// everything is a limit of Find that is none.
const everything = 1 << 30

// findObjects returns the objects of a type that match q, in id order.
func (j *judge) findObjects(t *Type, q filters.Query) ([]*Object, error) {
	ids, err := j.tx.Find(j.ctx, t, q, everything)
	if err != nil {
		return nil, err
	}
	var unknown []uuid.UUID
	for _, id := range ids {
		if _, known := j.l.objects[id]; !known {
			unknown = append(unknown, id)
		}
	}
	j.l.load(unknown)
	var out []*Object
	for _, id := range ids {
		if o := j.l.get(id); o != nil {
			out = append(out, o)
		}
	}
	return out, j.l.err
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
