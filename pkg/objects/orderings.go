package objects

import (
	"slices"
	"strings"

	"relata/pkg/filters"
)

// Ordering is one key that a list is sorted by. The Column of its Path may be
// sort_key, a column of the table itself.
type Ordering struct {
	Path       filters.Path
	Descending bool
}

// Orderings resolves names of Order or of a sort parameter. A reference sorts
// as its target does by default (one that leads in a circle, by id). A name
// that is not known is left out, as the contract has it (reference section 3.5).
func (c *Catalogue) Orderings(t *Type, names []string) []Ordering {
	return c.orderings(t, names, nil)
}

func (c *Catalogue) orderings(t *Type, names []string, through []*Type) []Ordering {
	var keys []Ordering
	for _, name := range names {
		bare, descending := strings.CutPrefix(name, "-")
		if bare == "_name" {
			keys = append(keys, Ordering{filters.Path{Column: filters.Column{Name: "sort_key", Own: true}}, descending})
			continue
		}
		way, f, target, err := c.Resolve(t, bare)
		if err != nil || f.Kind == References {
			continue
		}
		if f.Kind != Reference || way.Column.Name != "" {
			keys = append(keys, Ordering{way, descending})
			continue
		}
		if target == nil || len(target.Order) == 0 || slices.Contains(through, target) || target == t {
			way.Column = filters.Column{Name: "id", Own: true}
			keys = append(keys, Ordering{way, descending})
			continue
		}
		for _, key := range c.orderings(target, target.Order, append(through, t)) {
			key.Path.Hops = slices.Concat(way.Hops, key.Path.Hops)
			key.Descending = key.Descending != descending
			keys = append(keys, key)
		}
	}
	return keys
}
