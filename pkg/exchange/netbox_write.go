package exchange

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

// batch is how many objects are written at once.
const batch = 500

// makeKind makes or changes the objects of one kind: those that others of the
// same model refer to first.
func (im *netBox) makeKind(ctx context.Context, k *kind) error {
	rows := slices.DeleteFunc(slices.Clone(im.d.rows[k.Model]), func(r *row) bool {
		for name, values := range k.Skip {
			if slices.Contains(values, keyText(r.fields[name])) {
				return true
			}
		}
		return false
	})
	if len(rows) == 0 {
		return nil
	}
	t := im.target.Catalogue(ctx).Type(k.Type)
	im.sum.object(k.Model, k.Type)
	im.distinguish(k, rows)
	for _, wave := range im.waves(k, rows) {
		for chunk := range slices.Chunk(wave, batch) {
			drafts := make([]*draft, 0, len(chunk))
			for _, r := range chunk {
				d, err := im.draft(ctx, t, k, r)
				var needs needsError
				if errors.As(err, &needs) {
					im.refuse(k, r, needs.reason)
					continue
				}
				if err != nil {
					return err
				}
				drafts = append(drafts, d)
			}
			if err := im.write(ctx, t, drafts); err != nil {
				return err
			}
			im.step(len(chunk))
		}
	}
	return nil
}

// distinguish gives a later row of a name that another has a longer one.
func (im *netBox) distinguish(k *kind, rows []*row) {
	if k.Distinct == "" {
		return
	}
	seen := map[string]bool{}
	for _, r := range rows {
		name := keyText(r.fields[k.Distinct])
		if seen[name] {
			mark := keyText(r.fields["slug"])
			if mark == "" {
				mark = r.pk
			}
			name += " (" + mark + ")"
			r.fields[k.Distinct] = name
		}
		seen[name] = true
	}
}

// waves sorts rows so that each comes after those of its own model that it
// refers to. Rows that refer to each other in a circle are refused.
func (im *netBox) waves(k *kind, rows []*row) [][]*row {
	depth := map[*row]int{}
	if k.Nested != "" {
		depth = nesting(rows, k.Nested)
	}
	refs := im.m.refs[k.Model]
	var names []string
	for _, name := range k.Fields.keys {
		if from := k.Fields.values[name]; !from.Later {
			for _, part := range strings.Split(from.From, "|") {
				if r, ok := refs[part]; ok && (r.Model == k.Model || r.Type != "") {
					names = append(names, part)
				}
			}
		}
	}
	const open = -1
	var visit func(r *row) int
	visited := map[*row]int{}
	visit = func(r *row) int {
		if n, ok := visited[r]; ok {
			return n
		}
		visited[r] = open
		n := depth[r]
		for _, name := range names {
			found, _ := im.d.targets(refs, r, name)
			for _, target := range found {
				if target.model != k.Model {
					continue
				}
				below := visit(target)
				if below == open {
					return open
				}
				n = max(n, below+1)
			}
		}
		visited[r] = n
		return n
	}
	var waves [][]*row
	for _, r := range rows {
		n := visit(r)
		if n == open {
			im.refuse(k, r, "it refers to itself in a circle")
			continue
		}
		for len(waves) <= n {
			waves = append(waves, nil)
		}
		waves[n] = append(waves[n], r)
	}
	return waves
}

// write makes what there is not yet and changes what differs. What is refused
// is noted, not returned.
func (im *netBox) write(ctx context.Context, t *objects.Type, drafts []*draft) error {
	if err := im.locate(ctx, t, drafts); err != nil {
		return err
	}
	var fresh, stored []*draft
	for _, d := range drafts {
		if d.now == nil {
			fresh = append(fresh, d)
		} else {
			stored = append(stored, d)
		}
	}
	if err := im.create(ctx, t, fresh); err != nil {
		return err
	}
	if err := im.change(ctx, t, stored); err != nil {
		return err
	}
	for _, d := range drafts {
		if _, ok := d.row.made[t.Name]; ok && d.kind.refersBack() {
			im.later = append(im.later, d)
		}
	}
	return nil
}

// create makes objects. Those that a rule refuses are noted and the others made.
func (im *netBox) create(ctx context.Context, t *objects.Type, drafts []*draft) error {
	if len(drafts) == 0 {
		return nil
	}
	bodies := make([]objects.Draft, len(drafts))
	for i, d := range drafts {
		body, err := d.body(t, d.given(), true)
		if err != nil {
			return err
		}
		bodies[i] = body
	}
	_, err := im.target.Associations.CreateObjects(ctx, t, bodies, true)
	if err == nil {
		for _, d := range drafts {
			im.settle(t, d)
			im.count(t, d, made)
		}
		return nil
	}
	return im.withoutRefused(ctx, t, drafts, err, im.create)
}

// change writes what differs of objects that are there.
func (im *netBox) change(ctx context.Context, t *objects.Type, drafts []*draft) error {
	var differing []*draft
	var changes []objects.Change
	for _, d := range drafts {
		names := d.differing(t, im)
		if len(names) == 0 {
			im.settle(t, d)
			im.count(t, d, unchanged)
			continue
		}
		body, err := d.body(t, names, false)
		if err != nil {
			return err
		}
		differing = append(differing, d)
		changes = append(changes, objects.Change{ID: d.id, Draft: body, Partial: true, Bulk: true})
	}
	if len(changes) == 0 {
		return nil
	}
	_, err := im.target.Associations.UpdateObjects(ctx, t, changes)
	if err == nil {
		for _, d := range differing {
			im.settle(t, d)
			im.count(t, d, updated)
		}
		return nil
	}
	return im.withoutRefused(ctx, t, differing, err, im.change)
}

// withoutRefused notes the drafts that err refuses, and does again the others.
func (im *netBox) withoutRefused(ctx context.Context, t *objects.Type, drafts []*draft, err error,
	again func(context.Context, *objects.Type, []*draft) error) error {
	f := fault.As(err)
	if f == nil || f.Kind == fault.Busy {
		return err
	}
	if len(drafts) == 1 {
		return im.reject(ctx, t, drafts[0], err, again)
	}
	var rest []*draft
	for i, d := range drafts {
		if i < len(f.Items) && f.Items[i] != nil {
			if err := im.reject(ctx, t, d, f.Items[i], again); err != nil {
				return err
			}
			continue
		}
		rest = append(rest, d)
	}
	if len(rest) == len(drafts) { // it does not say which
		half := len(drafts) / 2
		if err := again(ctx, t, drafts[:half]); err != nil {
			return err
		}
		return again(ctx, t, drafts[half:])
	}
	if len(rest) == 0 {
		return nil
	}
	return again(ctx, t, rest)
}

// noParent begins the text that refuses an address in no prefix.
const noParent = "No suitable parent Prefix"

// reject notes that d is refused. An address in no prefix gets one instead.
func (im *netBox) reject(ctx context.Context, t *objects.Type, d *draft, err error,
	again func(context.Context, *objects.Type, []*draft) error) error {
	reason := reasonOf(err)
	if d.kind.Within != "" && strings.Contains(reason, noParent) && d.now == nil {
		made, err := im.surround(ctx, d)
		if err != nil {
			return err
		}
		if made {
			return again(ctx, t, []*draft{d})
		}
	}
	if d.now != nil {
		reason = "it stays as it is: " + reason
		im.settle(t, d)
	}
	im.refuse(d.kind, d.row, reason)
	return nil
}

// surround makes the prefix that the mask of an address tells, where the file
// has none around it. False: it is there, and was not enough.
func (im *netBox) surround(ctx context.Context, d *draft) (bool, error) {
	prefix, err := netip.ParsePrefix(keyText(d.row.fields[d.kind.Within]))
	if err != nil {
		return false, nil
	}
	prefix = prefix.Masked()
	t := im.target.Catalogue(ctx).Type("ipam.prefix")
	status, err := im.byName(ctx, "extras.status", "active", t.Name)
	if err != nil {
		return false, err
	}
	namespace := d.values["namespace"]
	around := &draft{kind: &kind{Type: t.Name}, id: newID(t.Name, "around", keyText(namespace), prefix.String()), values: map[string]any{},
		row: &row{pk: prefix.String(), made: map[string]uuid.UUID{}}}
	around.set("prefix", prefix.String())
	around.set("namespace", namespace)
	around.set("status", status)
	around.set("description", "Made for addresses that stood in no prefix")
	if err := im.write(ctx, t, []*draft{around}); err != nil {
		return false, err
	}
	return around.row.made[t.Name] != uuid.Nil && around.now == nil, nil
}

// settle notes which object the row of d has become.
func (im *netBox) settle(t *objects.Type, d *draft) {
	d.row.made[t.Name] = d.id
	if im.claimed[d.id] == nil {
		im.claimed[d.id] = d.row
	}
}

// outcome is what became of a draft.
type outcome int

const (
	unchanged outcome = iota + 1
	updated
	made
)

// count notes what became of d. One that was written in two goes counts once.
func (im *netBox) count(t *objects.Type, d *draft, what outcome) {
	tally := im.sum.object(d.row.model, t.Name)
	if d.earlier != nil {
		if d.earlier.outcome == unchanged && what == updated {
			d.earlier.outcome = updated
			tally.Unchanged--
			tally.Updated++
		}
		return
	}
	d.outcome = what
	switch what {
	case made:
		tally.Made++
	case updated:
		tally.Updated++
	case unchanged:
		tally.Unchanged++
	}
}

// makeLater sets what refers back, now that everything is made.
func (im *netBox) makeLater(ctx context.Context) error {
	drafts := im.later
	im.later = nil
	for len(drafts) > 0 {
		k := drafts[0].kind
		n := slices.IndexFunc(drafts, func(d *draft) bool { return d.kind != k })
		if n < 0 {
			n = len(drafts)
		}
		for chunk := range slices.Chunk(drafts[:n], batch) {
			if err := im.finish(ctx, k, chunk); err != nil {
				return err
			}
		}
		drafts = drafts[n:]
	}
	return nil
}

// finish sets the later values of drafts of one kind.
func (im *netBox) finish(ctx context.Context, k *kind, drafts []*draft) error {
	t := im.target.Catalogue(ctx).Type(k.Type)
	var changed []*draft
	for _, d := range drafts {
		// What these values refer to had not been made when the row was read.
		again := &draft{kind: k, row: d.row, id: d.id, values: map[string]any{}, adopted: d.adopted, earlier: d}
		for _, name := range k.Fields.keys {
			from := k.Fields.values[name]
			if !from.Later {
				continue
			}
			v, given, err := im.value(ctx, k, t.Field(name), from, d.row, map[string]bool{})
			var needs needsError
			if errors.As(err, &needs) {
				im.lostValue(d.row, name, needs.reason)
				continue
			}
			if err != nil {
				return err
			}
			if given {
				again.set(name, v)
			}
		}
		if len(again.names) > 0 {
			changed = append(changed, again)
		}
	}
	if err := im.read(ctx, t, changed); err != nil {
		return err
	}
	return im.change(ctx, t, changed)
}
