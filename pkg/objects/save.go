package objects

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/fault"
)

// Save writes what was planned and returns the objects as they are now. A
// unique rule that another request was faster to fill is Invalid, in the words
// that Plan would have used.
func (s *Service) Save(ctx context.Context, tx Tx, planned []*Planned) ([]*Object, error) {
	if len(planned) == 0 {
		return nil, nil
	}
	w := &writing{s: s, ctx: ctx, tx: tx, c: s.registry.Catalogue(ctx), asked: planned}
	out := make([]*Object, len(planned))
	for i, p := range planned {
		out[i] = p.Object
	}
	if err := w.write(planned); err != nil {
		return nil, err
	}
	return out, w.finish()
}

// writing is one call of Save.
type writing struct {
	s     *Service
	ctx   context.Context
	tx    Tx
	c     *Catalogue
	asked []*Planned
	done  []*Planned // all that were written
	gone  []*Object  // all that were removed
}

// write writes objects, and then what changes along with them.
func (w *writing) write(planned []*Planned) error {
	if err := w.clear(planned); err != nil {
		return err
	}
	var made, changed []*Planned
	for _, p := range planned {
		if p.Before == nil {
			made = append(made, p)
		} else {
			changed = append(changed, p)
		}
	}
	if err := w.insert(made); err != nil {
		return err
	}
	if err := w.update(changed); err != nil {
		return err
	}
	if err := w.claim(planned); err != nil {
		return err
	}
	w.done = append(w.done, planned...)
	var also []*Planned
	var gone []uuid.UUID
	for _, p := range planned {
		also = append(also, p.also...)
		gone = append(gone, p.gone...)
	}
	if len(gone) > 0 {
		if err := w.remove(gone); err != nil {
			return err
		}
	}
	if len(also) == 0 {
		return nil
	}
	also, err := w.settle(also)
	if err != nil {
		return err
	}
	return w.write(also)
}

// clear writes what must change before planned does.
func (w *writing) clear(planned []*Planned) error {
	own := map[uuid.UUID]*Planned{}
	for _, p := range planned {
		own[p.Object.ID] = p
	}
	var first []*Planned
	for _, p := range planned {
		for _, f := range p.sooner {
			if own[f.Object.ID] == nil {
				first = append(first, f)
			} else {
				p.also = append(p.also, f) // it changes by itself; this one comes after
			}
		}
	}
	first, err := w.settle(first)
	if err != nil || len(first) == 0 {
		return err
	}
	return w.write(first)
}

// remove deletes objects that a change makes superfluous.
func (w *writing) remove(ids []uuid.UUID) error {
	rows, err := w.tx.Stored(w.ctx, ids)
	if err != nil {
		return err
	}
	ok, err := w.tx.DeleteObjects(w.ctx, ids)
	if err == nil && !ok {
		err = fault.Busyf("Others are changing the same objects. Please try again.")
	}
	if err != nil {
		return err
	}
	counts := map[int16]int{}
	for _, row := range rows {
		counts[row.Type]--
		o, err := w.c.Object(row)
		if err != nil {
			return err
		}
		w.gone = append(w.gone, o)
	}
	return w.count(counts)
}

func (w *writing) count(counts map[int16]int) error {
	for _, t := range slices.Sorted(maps.Keys(counts)) {
		if err := w.tx.CountObjects(w.ctx, t, counts[t]); err != nil {
			return err
		}
	}
	return nil
}

func rowsOf(planned []*Planned) ([]Row, error) {
	rows := make([]Row, len(planned))
	for i, p := range planned {
		row, err := p.Object.Row()
		if err != nil {
			return nil, err
		}
		rows[i] = row
	}
	return rows, nil
}

// insert adds new objects with their references and places in trees.
func (w *writing) insert(made []*Planned) error {
	if len(made) == 0 {
		return nil
	}
	rows, err := rowsOf(made)
	if err != nil {
		return err
	}
	taken, err := w.tx.InsertObjects(w.ctx, rows)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		return w.blame(made, func(p *Planned) *fault.Error {
			if slices.Contains(taken, p.Object.ID) {
				return fault.Field("id", idTaken(p.Object.Type))
			}
			return nil
		})
	}
	var links []Link
	counts, trees := map[int16]int{}, map[int16][]uuid.UUID{}
	types := map[int16]*Type{}
	for _, p := range made {
		for _, f := range p.Object.Type.Fields {
			if f.Held() {
				links = append(links, linksOf(p.Object, f)...)
			}
		}
		t := p.Object.Type
		counts[t.ID]++
		types[t.ID] = t
		if t.Tree != "" {
			trees[t.ID] = append(trees[t.ID], p.Object.ID)
		}
	}
	if err := w.tx.ReplaceLinks(w.ctx, nil, nil, links); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(trees)) {
		t := types[id]
		for _, level := range levels(made, t, trees[id]) {
			if err := w.tx.PlaceNew(w.ctx, id, t.Field(t.Tree).ID, level); err != nil {
				return err
			}
		}
	}
	return w.count(counts)
}

// levels sorts new objects of a tree: parents come before those below them.
func levels(made []*Planned, t *Type, ids []uuid.UUID) [][]uuid.UUID {
	parents := map[uuid.UUID]uuid.UUID{}
	for _, p := range made {
		if p.Object.Type.ID == t.ID {
			parents[p.Object.ID] = p.Object.Ref(t.Tree)
		}
	}
	var out [][]uuid.UUID
	for _, id := range ids {
		depth := 0
		for up := parents[id]; ; up = parents[up] {
			if _, within := parents[up]; !within {
				break
			}
			depth++
		}
		for len(out) <= depth {
			out = append(out, nil)
		}
		out[depth] = append(out[depth], id)
	}
	return out
}

func linksOf(o *Object, f *Field) []Link {
	links := make([]Link, len(o.Refs[f.Name]))
	for i, target := range o.Refs[f.Name] {
		links[i] = Link{o.ID, f.ID, target, i}
	}
	return links
}

// update writes changed objects; those whose references change in the same
// fields together.
func (w *writing) update(changed []*Planned) error {
	if len(changed) == 0 {
		return nil
	}
	rows, err := rowsOf(changed)
	if err != nil {
		return err
	}
	missed, err := w.tx.UpdateObjects(w.ctx, rows)
	if err != nil {
		return err
	}
	if len(missed) > 0 {
		return fault.Busyf("Others are changing the same objects. Please try again.")
	}
	type change struct {
		ids    []uuid.UUID
		fields []int32
		links  []Link
	}
	groups, order := map[string]*change{}, []string{}
	for _, p := range changed {
		var fields []int32
		var links []Link
		for _, f := range p.Object.Type.Fields {
			if p.touched[f.Name] {
				fields = append(fields, f.ID)
				links = append(links, linksOf(p.Object, f)...)
			}
		}
		if len(fields) == 0 {
			continue
		}
		key := fmt.Sprint(fields)
		if groups[key] == nil {
			groups[key] = &change{fields: fields}
			order = append(order, key)
		}
		groups[key].ids = append(groups[key].ids, p.Object.ID)
		groups[key].links = append(groups[key].links, links...)
	}
	for _, key := range order {
		g := groups[key]
		if err := w.tx.ReplaceLinks(w.ctx, g.ids, g.fields, g.links); err != nil {
			return err
		}
	}
	return w.move(changed)
}

// move moves objects whose parent changes.
func (w *writing) move(changed []*Planned) error {
	for _, p := range changed {
		t := p.Object.Type
		if t.Tree == "" || p.Object.Ref(t.Tree) == p.Before.Ref(t.Tree) {
			continue
		}
		ok, err := w.tx.Move(w.ctx, t.ID, p.Object.ID, p.Object.Ref(t.Tree))
		if err != nil {
			return err
		}
		if !ok {
			return w.blame([]*Planned{p}, func(*Planned) *fault.Error { return fault.Field(fault.All, nodeText) })
		}
	}
	return nil
}

// claim takes the unique keys.
func (w *writing) claim(planned []*Planned) error {
	var holders []uuid.UUID
	var keys []Key
	for _, p := range planned {
		if p.keysStay {
			continue
		}
		if p.Before != nil {
			holders = append(holders, p.Object.ID)
		}
		keys = append(keys, p.keys...)
	}
	taken, err := w.tx.ReplaceKeys(w.ctx, holders, keys)
	if err != nil || len(taken) == 0 {
		return err
	}
	return w.blame(planned, func(p *Planned) *fault.Error {
		for _, k := range taken {
			if k.Object == p.Object.ID {
				return w.takenBy(p, k)
			}
		}
		return nil
	})
}

// takenBy is the fault of p that somebody else holds k.
func (w *writing) takenBy(p *Planned, k Key) *fault.Error {
	j := w.s.newJudge(w.ctx, w.tx, p.Object.Type)
	m := j.member(0, p.Draft, p.Before, p.Object)
	for _, r := range j.uniqueRules(p.Object.Type) {
		if r.id != k.Rule {
			continue
		}
		if r.stage == 3 || r.byHand && !m.namesAll(r) {
			m.tellTakenByModel(r)
		} else {
			m.tellTaken(r)
		}
	}
	if m.good() {
		m.problems.Add([]string{fault.All}, "There is such an object already.")
	}
	return m.problems
}

// blame makes the error of a request from what is wrong with single objects.
func (w *writing) blame(planned []*Planned, wrong func(*Planned) *fault.Error) error {
	items := make([]error, len(w.asked))
	var first error
	for _, p := range planned {
		problem := wrong(p)
		if problem == nil {
			continue
		}
		if first == nil {
			first = problem
		}
		if i := slices.Index(w.asked, p); i >= 0 {
			items[i] = problem
		}
	}
	if len(w.asked) == 1 && !w.asked[0].bulk || !slices.ContainsFunc(items, func(e error) bool { return e != nil }) {
		return first
	}
	return &fault.Error{Kind: fault.Invalid, Items: items}
}

// finish renames what is called after the written objects, and tells servers of
// changed custom fields and of trees that natural keys follow.
func (w *writing) finish() error {
	var renamed []*Planned
	var trees replaced
	touch := false
	for _, p := range w.done {
		switch t := p.Object.Type; {
		case p.Before == nil:
			trees.place(p.Object)
		default:
			renamed = append(renamed, p)
			if t.Tree != "" && p.Object.Ref(t.Tree) != p.Before.Ref(t.Tree) {
				trees.leave(p.Object)
			}
		}
		for _, r := range p.Object.Type.rules {
			touch = touch || ruleKinds[r.kind].kept
		}
	}
	for _, o := range w.gone {
		trees.leave(o)
	}
	deeper, err := trees.changesKeys(w.ctx, w.tx, w.c)
	if err != nil {
		return err
	}
	if touch || deeper {
		if err := w.tx.TouchCatalogue(w.ctx); err != nil {
			return err
		}
	}
	if err := w.rename(renamed); err != nil {
		return err
	}
	return w.retrace()
}
