package objects

import (
	"slices"
	"strings"

	"relata/pkg/filters"
)

// Ordering is one key that a list is sorted by: the value at the end of a path,
// of a kind. Objects are compared by sort_key, a column of the table itself.
type Ordering struct {
	Name       string // as a path of names, unique among the keys of a list
	Path       filters.Path
	Kind       Kind
	Descending bool
}

// sortKeyColumn holds what objects of one type are compared by.
var sortKeyColumn = filters.Column{Name: "sort_key", Own: true}

// Orderings resolves names of Order or of a sort parameter; "-" before one
// reverses it. A reference sorts as its target does by default, as in Django
// (https://docs.djangoproject.com/en/4.2/ref/models/querysets/#order-by), and by
// what the target is called where that leads in a circle, or the target may be of
// any type. What is not known is left out (reference section 3.5).
func (c *Catalogue) Orderings(t *Type, names []string) []Ordering {
	var keys []Ordering
	seen := map[string]bool{}
	for _, key := range c.orderings(t, names, nil) {
		if seen["id"] {
			break // nothing is equal by then
		}
		if !seen[key.Name] {
			keys = append(keys, key)
		}
		seen[key.Name] = true
	}
	return keys
}

func (c *Catalogue) orderings(t *Type, names []string, through []*Type) []Ordering {
	var keys []Ordering
	for _, name := range names {
		bare, descending := strings.CutPrefix(name, "-")
		if f := t.Field(bare); bare == "_name" || f != nil && bare == t.Named && !f.Null && !t.NaturalSort {
			keys = append(keys, Ordering{bare, filters.Path{Column: sortKeyColumn}, Text, descending})
			continue
		}
		way, f, target, err := c.Resolve(t, bare)
		if err != nil || f.Kind == References {
			continue
		}
		if way.Column.Name != "" {
			keys = append(keys, Ordering{bare, way, f.Kind, descending})
			continue
		}
		if target == nil || len(target.Order) == 0 || target == t || slices.Contains(through, target) || t.Field(bare) == nil {
			byID := way
			way.Column, byID.Column = sortKeyColumn, filters.Column{Name: "id", Own: true}
			keys = append(keys, Ordering{bare, way, Text, descending})
			if t.Field(bare) == nil { // "device_id" keeps together what is on one device
				keys = append(keys, Ordering{bare + "__id", byID, UUID, descending})
			}
			continue
		}
		for _, key := range c.orderings(target, target.Order, append(through[:len(through):len(through)], t)) {
			key.Name = bare + "__" + key.Name
			key.Path.Hops, key.Path.Where = slices.Concat(way.Hops, key.Path.Hops), slices.Concat(way.Where, after(key.Path.Where, len(way.Hops)))
			if key.Path.End == 0 && len(key.Path.Hops) == len(way.Hops) {
				key.Path.End = way.End
			}
			key.Descending = key.Descending != descending
			keys = append(keys, key)
		}
	}
	return keys
}

// after are the checks of a path that begins so many hops later.
func after(checks []filters.Check, hops int) []filters.Check {
	moved := slices.Clone(checks)
	for i := range moved {
		moved[i].After += hops
	}
	return moved
}
