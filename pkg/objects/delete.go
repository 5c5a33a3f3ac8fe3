package objects

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
)

// Delete removes objects with all that goes along (cascades) and returns their
// ids. What needs one of them is Protected. unlink is called with all ids that
// will go, after they are locked and before they are removed.
func (s *Service) Delete(ctx context.Context, tx Tx, ids []uuid.UUID, unlink func(context.Context, []uuid.UUID) error) ([]uuid.UUID, error) {
	for range deleteAttempts {
		d := &deletion{s: s, ctx: ctx, tx: tx, c: s.registry.Catalogue(ctx), going: map[uuid.UUID]*Object{}, cleared: map[uuid.UUID]map[string]bool{},
			handed: map[uuid.UUID]uuid.UUID{}, bound: map[uuid.UUID]bool{}}
		gone, again, err := d.run(uniqueIDs(ids), unlink)
		if err != nil || !again {
			return gone, err
		}
	}
	return nil, fault.Busyf("Others are changing the same objects. Please try again.")
}

// deleteAttempts is how often a deletion starts again because somebody began to
// refer to what goes.
const deleteAttempts = 3

// deletion is one attempt to delete objects.
type deletion struct {
	s        *Service
	ctx      context.Context
	tx       Tx
	c        *Catalogue
	l        *loader
	going    map[uuid.UUID]*Object
	order    []uuid.UUID
	blockers []uuid.UUID
	cleared  map[uuid.UUID]map[string]bool // references that become null, by holder and field
	handed   map[uuid.UUID]uuid.UUID       // objects that get another parent
	bound    map[uuid.UUID]bool            // those of them that must have one
	inUse    []uuid.UUID                   // objects that would go but are used otherwise
	detached []Link                        // memberships in lists that end
}

func (d *deletion) run(ids []uuid.UUID, unlink func(context.Context, []uuid.UUID) error) (gone []uuid.UUID, again bool, err error) {
	d.l = newLoader(d.ctx, d.tx, d.c)
	if err := d.collect(ids); err != nil {
		return nil, false, err
	}
	if err := d.blocked(); err != nil {
		return nil, false, err
	}
	if len(d.order) == 0 {
		return nil, false, nil
	}
	if unlink != nil {
		if err := unlink(d.ctx, slices.Clone(d.order)); err != nil {
			return nil, false, err
		}
	}
	if err := d.letGo(); err != nil {
		return nil, false, err
	}
	disturbed := d.disturb()
	ok, err := d.tx.DeleteObjects(d.ctx, uniqueIDs(d.order))
	if err != nil || !ok {
		return nil, !ok, err
	}
	if err := disturbed.retrace(d.ctx, d.s, d.tx, d.c); err != nil {
		return nil, false, err
	}
	w := &writing{s: d.s, ctx: d.ctx, tx: d.tx, c: d.c}
	counts, touch := map[int16]int{}, false
	var trees replaced
	for _, o := range d.going {
		counts[o.Type.ID]--
		trees.leave(o)
		for _, r := range o.Type.rules {
			touch = touch || ruleKinds[r.kind].kept
		}
	}
	shallower, err := trees.changesKeys(d.ctx, d.tx, d.c)
	if err != nil {
		return nil, false, err
	}
	if touch || shallower {
		if err := d.tx.TouchCatalogue(d.ctx); err != nil {
			return nil, false, err
		}
	}
	return d.order, false, w.count(counts)
}

// collect finds all that goes along, level by level, and all that stands
// against it.
func (d *deletion) collect(ids []uuid.UUID) error {
	for len(ids) > 0 {
		rows, err := d.tx.LockObjects(d.ctx, ids)
		if err != nil {
			return err
		}
		var level []uuid.UUID
		for _, row := range rows {
			o, err := d.c.Object(row)
			if err != nil {
				return err
			}
			d.going[o.ID] = o
			d.l.add(o)
			d.order = append(d.order, o.ID)
			level = append(level, o.ID)
		}
		links, err := d.tx.Holders(d.ctx, level, nil)
		if err != nil {
			return err
		}
		ids = nil
		next := map[uuid.UUID]bool{}
		for _, link := range links {
			_, f := d.c.FieldByID(link.Field)
			switch {
			case f == nil:
				return fmt.Errorf("reference in the unknown field %d", link.Field)
			case f.Kind == References:
				d.detached = append(d.detached, link)
			case f.OnDelete == Cascade:
				if d.going[link.Holder] == nil && !next[link.Holder] {
					next[link.Holder] = true
					ids = append(ids, link.Holder)
				}
			case f.OnDelete == SetNull:
				if d.cleared[link.Holder] == nil {
					d.cleared[link.Holder] = map[string]bool{}
				}
				d.cleared[link.Holder][f.Name] = true
			default:
				d.blockers = append(d.blockers, link.Holder)
			}
		}
		if err := d.special(level); err != nil {
			return err
		}
		ids = uniqueIDs(ids)
	}
	return nil
}

// special asks the kinds of rule that have a say in deletions.
func (d *deletion) special(level []uuid.UUID) error {
	for _, id := range level {
		o := d.going[id]
		for _, r := range o.Type.rules {
			if judge := ruleKinds[r.kind].onDelete; judge != nil {
				if err := judge(d, r, o); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// blocked is the fault that others need what should go.
func (d *deletion) blocked() error {
	var texts []string
	seen := map[uuid.UUID]bool{}
	for _, id := range d.blockers {
		d.l.meet(1<<30, id)
	}
	for _, id := range d.blockers {
		if seen[id] || d.going[id] != nil || d.finds(id) {
			continue
		}
		seen[id] = true
		if len(texts) < mostBlockers {
			texts = append(texts, fmt.Sprintf("%s (%s)", d.l.str(id), id))
		}
	}
	for _, id := range d.inUse {
		seen[id] = true
		texts = append(texts, fmt.Sprintf("%s (%s)", d.l.str(id), id))
	}
	if len(seen) == 0 || d.l.err != nil {
		return d.l.err
	}
	return fault.Protectedf("Unable to delete object. %d dependent objects were found: %s", len(seen), strings.Join(texts, ", "))
}

// finds reports whether an object is handed to a parent that stays, or may be
// without one.
func (d *deletion) finds(id uuid.UUID) bool {
	parent, handed := d.handed[id]
	return handed && (!d.bound[id] || d.survivor(parent) != uuid.Nil)
}

// mostBlockers is how many blocking objects are named.
const mostBlockers = 1000

// letGo ends the references of others to what goes.
func (d *deletion) letGo() error {
	byField := map[int32][]uuid.UUID{}
	for _, link := range d.detached {
		if d.going[link.Holder] == nil {
			byField[link.Field] = append(byField[link.Field], link.Target)
		}
	}
	for field, targets := range byField {
		if err := d.tx.Detach(d.ctx, field, uniqueIDs(targets)); err != nil {
			return err
		}
	}
	var ids []uuid.UUID
	for id := range d.handed {
		if d.going[id] == nil {
			ids = append(ids, id)
		}
	}
	for id := range d.cleared {
		if d.going[id] == nil {
			ids = append(ids, id)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := d.tx.LockObjects(d.ctx, uniqueIDs(ids))
	if err != nil {
		return err
	}
	changes := map[uuid.UUID][]func(*Object){}
	for _, id := range ids {
		changes[id] = []func(*Object){d.release}
	}
	w := &writing{s: d.s, ctx: d.ctx, tx: d.tx, c: d.c}
	members, err := w.altered(rows, changes)
	if err != nil {
		return err
	}
	planned := make([]*Planned, len(members))
	for i, m := range members {
		planned[i] = m.replanned()
	}
	if err := w.write(planned); err != nil {
		return err
	}
	return w.finish()
}

// release ends the references of o to what goes.
func (d *deletion) release(o *Object) {
	for field := range d.cleared[o.ID] {
		o.Refs[field] = nil
		o.goWith(field)
	}
	if parent, handed := d.handed[o.ID]; handed {
		o.setRef("parent", d.survivor(parent))
	}
}

// survivor is the closest of parent and what stands above it that stays.
func (d *deletion) survivor(parent uuid.UUID) uuid.UUID {
	for d.going[parent] != nil {
		parent = d.going[parent].Ref("parent")
	}
	return parent
}
