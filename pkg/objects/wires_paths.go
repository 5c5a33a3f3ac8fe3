package objects

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// disturbed are the cables and ends that a change touches, for the paths over
// them to be traced again.
type disturbed struct {
	cables map[uuid.UUID]bool
	ends   map[uuid.UUID]bool
	// origins were found before what led to them went.
	origins map[uuid.UUID]bool
}

func newDisturbed() *disturbed {
	return &disturbed{map[uuid.UUID]bool{}, map[uuid.UUID]bool{}, map[uuid.UUID]bool{}}
}

func (d *disturbed) none() bool { return len(d.cables)+len(d.ends)+len(d.origins) == 0 }

// row notes a row that was written or went.
func (d *disturbed) row(w *wires, row *Object) {
	if row != nil && row.Type.Name == w.rows.Name {
		d.cables[row.Ref(w.r.arg("cable"))] = true
		d.ends[w.l.terminated(row)] = true
	}
}

// written notes what a change of p disturbs.
func (d *disturbed) written(w *wires, p *Planned) {
	d.row(w, p.Object)
	d.row(w, p.Before)
	cables := w.rows.Field(w.r.arg("cable"))
	if p.Before != nil && slices.Contains(cables.To, p.Object.Type.Name) && p.Object.Ref("status") != p.Before.Ref("status") {
		d.cables[p.Object.ID] = true
	}
}

// retrace traces the paths over what was written anew.
func (w *writing) retrace() error {
	wiring := newLoader(w.ctx, w.tx, w.c).wiring()
	if wiring == nil {
		return nil
	}
	d := newDisturbed()
	for _, p := range w.done {
		d.written(wiring, p)
	}
	for _, o := range w.gone {
		d.row(wiring, o)
	}
	return d.retrace(w.ctx, w.s, w.tx, w.c)
}

// disturb notes what goes, and what leads there now.
func (d *deletion) disturb() *disturbed {
	out := newDisturbed()
	w := d.l.wiring()
	if w == nil {
		return out
	}
	for _, o := range d.going {
		out.row(w, o)
	}
	out.find(w)
	return out
}

// find gathers the origins of all paths that may run over what is disturbed.
func (d *disturbed) find(w *wires) {
	seen := map[string]bool{}
	for id := range d.cables {
		w.l.meet(-5, id)
	}
	for id := range d.ends {
		w.l.meet(-6, id)
	}
	for id := range d.cables {
		if cable := w.l.get(id); cable != nil {
			for _, row := range w.ends(cable) {
				d.ends[w.l.terminated(row)] = true
			}
		}
	}
	for id := range d.ends {
		w.origins(w.l.get(id), nil, d.origins, seen)
	}
}

// retrace computes the paths from the origins anew and stores those that differ.
func (d *disturbed) retrace(ctx context.Context, s *Service, tx Tx, c *Catalogue) error {
	w := newLoader(ctx, tx, c).wiring()
	if w == nil || d.none() {
		return nil
	}
	d.find(w)
	paths := c.Type(w.r.arg("paths"))
	if paths == nil {
		return w.l.err
	}
	ids := make([]uuid.UUID, 0, len(d.origins))
	for id := range d.origins {
		w.l.meet(-7, id)
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
	write := &writing{s: s, ctx: ctx, tx: tx, c: c}
	var gone []uuid.UUID
	var made []*Planned
	for _, id := range ids {
		origin := w.l.get(id)
		if origin == nil || !paths.Field("origin").Leads(origin.Type) {
			continue
		}
		old := w.l.reached(origin, paths.Field("origin").Reverse)
		for _, p := range w.pathsFrom(s, tx, paths, origin) {
			i := slices.IndexFunc(old, func(o *Object) bool { return samePath(o, p.Object) })
			if i < 0 {
				made = append(made, p)
				continue
			}
			old = slices.Delete(old, i, i+1)
		}
		for _, o := range old {
			gone = append(gone, o.ID)
		}
	}
	if w.l.err != nil {
		return w.l.err
	}
	if len(gone) > 0 {
		if err := write.remove(gone); err != nil {
			return err
		}
	}
	return write.write(made)
}

func samePath(a, b *Object) bool {
	for _, name := range []string{"path", "is_active", "is_split", "peer_connector", "origin_fans_out", "destination_fans_out"} {
		if canonical(a.Values[name]) != canonical(b.Values[name]) {
			return false
		}
	}
	return a.Ref("destination") == b.Ref("destination")
}

// pathsFrom traces all paths of an origin: one, or one per connector that its
// lanes lead to.
func (w *wires) pathsFrom(s *Service, tx Tx, t *Type, origin *Object) []*Planned {
	row := w.end(origin)
	if row == nil {
		return nil
	}
	connectors := []int{1}
	if cable := w.cable(row); cable != nil && w.breaksOut(cable) {
		connectors = w.mapped(cable, w.side(row), w.connector(row))
	}
	var out []*Planned
	for _, connector := range connectors {
		path := w.follow(origin, connector)
		now := s.stamp()
		o := &Object{ID: uuid.Must(uuid.NewRandom()), Type: t, Refs: map[string][]uuid.UUID{}, Version: 1, Created: now, LastUpdated: now,
			Values: map[string]any{"path": path.nodes, "is_active": path.active, "is_split": path.split, "peer_connector": number(connector),
				"origin_fans_out": w.fansOut(origin), "destination_fans_out": false, "destination_type": nil, "destination_id": nil,
				"origin_type": origin.Type.Name, "origin_id": origin.ID.String()}}
		o.setRef("origin", origin.ID)
		if end := path.destination; end != nil {
			o.setRef("destination", end.ID)
			o.Values["destination_type"], o.Values["destination_id"] = end.Type.Name, end.ID.String()
			o.Values["destination_fans_out"] = w.fansOut(end)
		}
		w.l.name(o)
		out = append(out, &Planned{Object: o})
	}
	return out
}
