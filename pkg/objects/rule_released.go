package objects

import (
	"slices"

	"github.com/google/uuid"
)

// A row of a type that assigns one object to another holds what others were
// given by it.
//
//	released  with the last of the `rows` that assign `target` to one of `owners` (paths),
//	          the owner's `clears` that lead to the target become null
func init() {
	kindOf("released", ruleKind{onDelete: released}, "target", "rows", "owners", "clears")
}

func released(d *deletion, r *rule, o *Object) error {
	target := d.l.get(o.Ref(r.arg("target")))
	if target == nil {
		return d.l.err
	}
	for _, path := range r.list("owners") {
		for _, owner := range d.l.reached(o, path) {
			if d.assignedOtherwise(target, owner.ID, r.arg("rows"), path) {
				continue
			}
			for _, field := range r.list("clears") {
				if owner.Ref(field) == target.ID {
					d.clear(owner.ID, field)
				}
			}
		}
	}
	return d.l.err
}

// assignedOtherwise reports whether one of the rows that stay leads from target to owner.
func (d *deletion) assignedOtherwise(target *Object, owner uuid.UUID, rows, path string) bool {
	for _, row := range d.l.reached(target, rows) {
		if d.going[row.ID] == nil && slices.Contains(d.l.refs(row, path), owner) {
			return true
		}
	}
	return false
}

// clear has a reference of holder become null.
func (d *deletion) clear(holder uuid.UUID, field string) {
	if d.cleared[holder] == nil {
		d.cleared[holder] = map[string]bool{}
	}
	d.cleared[holder][field] = true
}
