// Package exchange brings inventories in and out.
package exchange

import (
	"context"
	"io"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/associations"
	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// Target is what an import writes to: services and reads of one transaction.
type Target struct {
	Catalogue     func(ctx context.Context) *objects.Catalogue
	Read          Reader
	Relationships *relationships.Service
	Associations  *associations.Service
	// Holder returns the id of the account of that name, which it may make;
	// nil: rows that refer to users do without.
	Holder func(ctx context.Context, username string) (uuid.UUID, error)
}

// Reader is what an import compares a file with.
type Reader interface {
	objects.Reader
	// Pairs returns all associations of the definition of that number.
	Pairs(ctx context.Context, rid int32) ([]Pair, error)
}

// Pair is an association of a definition that is known.
type Pair struct {
	ID, Source, Destination uuid.UUID
}

// Atomically runs do with a Target of one transaction: all that do does stays,
// or nothing of it. It may run do again when others were in the way.
type Atomically func(ctx context.Context, do func(Target) error) error

// ImportNetBox makes the objects and links that a NetBox dumpdata file (JSON,
// plain or gzip-compressed) speaks of, all in one transaction. What is there
// already from an earlier run is changed where the file says otherwise. A row
// that breaks a rule is left out, with all that cannot be without it, and
// stands in the Summary with the reason. A file that cannot be read to its end
// is a fault.Invalid and leaves nothing behind. progress, when not nil, is
// called with the rows that are done and all there are.
func ImportNetBox(ctx context.Context, file io.Reader, atomically Atomically, progress func(done, total int)) (Summary, error) {
	m, err := loadMapping()
	if err != nil {
		return Summary{}, err
	}
	d, err := readDump(file)
	if err != nil {
		return Summary{}, err
	}
	if progress == nil {
		progress = func(int, int) {}
	}
	tooMany := d.join()
	var summary Summary
	err = atomically(ctx, func(target Target) error {
		im := &netBox{target: target, m: m, d: d, progress: progress, sum: newTallies(),
			fixed: map[string]uuid.UUID{}, named: map[string]map[string]*named{}, claimed: map[uuid.UUID]*row{},
			wanted: map[*tie]map[uuid.UUID]bool{}}
		d.forget()
		im.prepare(ctx)
		im.leftOut("dcim.cabletermination", "an end of a cable has one termination here", tooMany)
		if err := im.run(ctx); err != nil {
			return err
		}
		summary = im.sum.summary()
		return nil
	})
	return summary, err
}

// netBox is one import.
type netBox struct {
	target   Target
	m        *mapping
	d        *dump
	progress func(done, total int)

	sum         *tallies
	done, total int
	fixed       map[string]uuid.UUID         // objects that no row stands for
	named       map[string]map[string]*named // by type and name: statuses, roles
	claimed     map[uuid.UUID]*row           // which row an object belongs to
	wanted      map[*tie]map[uuid.UUID]bool  // the ties that the file has
	later       []*draft                     // with values that are set when all is made

	// taggableTypes have tags, customTypes custom fields.
	taggableTypes, customTypes map[string]bool
}

// prepare notes what the types can have, and gives custom fields that refer to
// objects the shape of links.
func (im *netBox) prepare(ctx context.Context) {
	im.taggableTypes, im.customTypes = map[string]bool{}, map[string]bool{}
	for _, t := range im.target.Catalogue(ctx).Types() {
		im.taggableTypes[t.Name] = t.Taggable
		im.customTypes[t.Name] = t.Field("custom_fields") != nil
	}
}

// run makes everything in the order of the mapping.
func (im *netBox) run(ctx context.Context) error {
	im.expect()
	for _, k := range im.m.Kinds {
		if err := im.makeKind(ctx, k); err != nil {
			return err
		}
		if k.Type == "extras.customfield" {
			if err := im.makeChoices(ctx); err != nil {
				return err
			}
		}
	}
	for _, t := range im.m.Ties {
		if err := im.tie(ctx, t); err != nil {
			return err
		}
	}
	if err := im.makeLater(ctx); err != nil {
		return err
	}
	for _, t := range im.m.Ties {
		if err := im.untie(ctx, t); err != nil {
			return err
		}
	}
	links := im.m.Links
	for _, l := range slices.Concat(links, im.customLinks()) {
		if err := im.link(ctx, l); err != nil {
			return err
		}
	}
	im.countRest()
	im.progress(im.total, im.total)
	return nil
}

// expect counts the rows that there are to do.
func (im *netBox) expect() {
	for _, k := range im.m.Kinds {
		im.total += len(im.d.rows[k.Model])
	}
	for _, t := range im.m.Ties {
		for _, p := range t.Pairs {
			im.total += len(im.d.rows[p.Of])
		}
	}
	for _, l := range im.m.Links {
		for _, p := range l.Pairs {
			im.total += len(im.d.rows[p.Of])
		}
	}
}

// step notes that n more rows are done.
func (im *netBox) step(n int) {
	im.done = min(im.done+n, im.total)
	im.progress(im.done, im.total)
}

// forget takes back what an earlier attempt noted.
func (d *dump) forget() {
	for _, rows := range d.rows {
		for _, r := range rows {
			r.made, r.refused = map[string]uuid.UUID{}, ""
		}
	}
}

// refuse leaves r out of type t.
func (im *netBox) refuse(k *kind, r *row, reason string) {
	if r.refused == "" {
		r.refused = reason
	}
	im.sum.leave(k.Model, reason, 1, r.name())
}

// leftOut notes rows of a kind that are none of them made.
func (im *netBox) leftOut(what, reason string, n int) {
	if n > 0 {
		im.sum.leave(what, reason, n, "")
	}
}

// lostValue notes that a value of r has no place.
func (im *netBox) lostValue(r *row, name, reason string) {
	im.sum.leave(r.model+"."+name, reason, 1, r.name())
}

// countRest notes the models that nothing is made of, and values that have no
// place.
func (im *netBox) countRest() {
	known := map[string]bool{"extras.taggeditem": true, "dcim.cabletermination": true, "extras.customfieldchoiceset": true}
	for _, k := range im.m.Kinds {
		known[k.Model] = true
	}
	for model := range im.m.Joins {
		known[model] = true
	}
	for model, rows := range im.d.rows {
		if known[model] {
			im.countUnused(model, rows)
			continue
		}
		reason, ok := im.m.LeftOut[model]
		if !ok {
			reason = "there is nothing of the kind here"
		}
		im.leftOut(model, reason, len(rows))
	}
}

// countUnused notes values of rows that no field and no link takes.
func (im *netBox) countUnused(model string, rows []*row) {
	used := im.m.used[model]
	if used == nil {
		return
	}
	counts := map[string]int{}
	for _, r := range rows {
		for name, v := range r.fields {
			if !used[name] && !slices.Contains(im.m.Unused, name) && !idle(v) {
				counts[name]++
			}
		}
	}
	for name, n := range counts {
		im.leftOut(model+"."+name, "there is no field for it here", n)
	}
}

// idle reports whether a value is what a field is without anybody's doing.
func idle(v any) bool {
	return empty(v) || v == false || keyText(v) == "0"
}

// reasonOf is the text of a refusal, one line.
func reasonOf(err error) string {
	f := fault.As(err)
	if f == nil {
		return err.Error()
	}
	var parts []string
	for _, p := range f.Fields {
		text := strings.Join(p.Messages, " ")
		if path := strings.Join(p.Path, "."); path != "" && path != fault.All && path != fault.NonField {
			text = path + ": " + text
		}
		parts = append(parts, text)
	}
	if len(parts) == 0 {
		for _, item := range f.Items {
			if item != nil {
				return reasonOf(item)
			}
		}
		return f.Error()
	}
	return strings.Join(parts, "; ")
}
