package objects

import (
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// rename computes anew what dependents of changed objects are called, level by
// level.
func (w *writing) rename(changed []*Planned) error {
	for len(changed) > 0 {
		l := newLoader(w.ctx, w.tx, w.c)
		holders := map[uuid.UUID]bool{}
		for t, list := range byType(changed) {
			for _, d := range w.c.dependents(t) {
				var ids []uuid.UUID
				for _, p := range list {
					if d.concerns(p) {
						ids = append(ids, p.Object.ID)
					}
				}
				ids, err := w.holdersOf(ids, d)
				if err != nil {
					return err
				}
				for _, id := range ids {
					holders[id] = true
				}
			}
		}
		for _, p := range w.done {
			delete(holders, p.Object.ID)
		}
		ids := slices.SortedFunc(maps.Keys(holders), func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
		next, err := w.renameAll(l, ids)
		if err != nil {
			return err
		}
		changed = next
	}
	return nil
}

// renameAll writes those of ids that are called otherwise now.
func (w *writing) renameAll(l *loader, ids []uuid.UUID) ([]*Planned, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	l.meet(1<<30, ids...)
	var renamed []*Planned
	for _, id := range ids {
		before := l.get(id)
		if before == nil {
			continue
		}
		after := before.clone()
		computeStored(l, after)
		if l.name(after); after.Str == before.Str && after.SortKey == before.SortKey && after.Name == before.Name {
			continue
		}
		after.Version++
		renamed = append(renamed, &Planned{Object: after, Before: before})
	}
	if l.err != nil {
		return nil, l.err
	}
	rows, err := rowsOf(renamed)
	if err != nil {
		return nil, err
	}
	if _, err := w.tx.UpdateObjects(w.ctx, rows); err != nil {
		return nil, err
	}
	w.done = append(w.done, renamed...)
	return renamed, nil
}

func byType(planned []*Planned) map[*Type][]*Planned {
	out := map[*Type][]*Planned{}
	for _, p := range planned {
		out[p.Object.Type] = append(out[p.Object.Type], p)
	}
	return out
}

// holdersOf are the objects that reach one of at by the way of d.
func (w *writing) holdersOf(at []uuid.UUID, d dependent) ([]uuid.UUID, error) {
	for i := len(d.way) - 1; i >= 0 && len(at) > 0; i-- {
		read := w.tx.Holders
		if d.way[i].Back {
			read = w.tx.Targets
		}
		links, err := read(w.ctx, at, []int32{d.way[i].Field})
		if err != nil {
			return nil, err
		}
		at = at[:0]
		for _, link := range links {
			if d.way[i].Back {
				at = append(at, link.Target)
			} else {
				at = append(at, link.Holder)
			}
		}
		at = distinct(at)
	}
	return at, nil
}
