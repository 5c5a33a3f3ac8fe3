package exchange

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// many is how many associations are made at once.
const many = 1000

// pair is two objects that belong together.
type pair struct{ source, destination uuid.UUID }

// pairs are the objects of two types that the ways lead to, each pair once, in
// the order of the file. told: the file has rows to tell of such pairs, so that
// it also tells which there are not.
func (im *netBox) pairs(ways []pairs, sourceType, destinationType, what string) (found []pair, told bool) {
	seen := map[pair]bool{}
	for _, way := range ways {
		told = told || len(im.d.rows[way.Of]) > 0
		for _, r := range im.d.rows[way.Of] {
			from, to := im.follow(r, way.Source), im.follow(r, way.Destination)
			for _, a := range from {
				for _, b := range to {
					im.addPair(&found, seen, a, b, sourceType, destinationType, what)
				}
			}
		}
		im.step(len(im.d.rows[way.Of]))
	}
	return found, told
}

// made are the objects of a type that rows of the file have become.
func (im *netBox) made(typeName string) map[uuid.UUID]bool {
	ids := map[uuid.UUID]bool{}
	for _, k := range im.m.Kinds {
		if k.Type != typeName {
			continue
		}
		for _, r := range im.d.rows[k.Model] {
			if id, ok := r.made[typeName]; ok {
				ids[id] = true
			}
		}
	}
	return ids
}

// addPair adds a and b unless they are no objects of these types.
func (im *netBox) addPair(found *[]pair, seen map[pair]bool, a, b *row, sourceType, destinationType, what string) {
	source, ok1 := a.made[sourceType]
	destination, ok2 := b.made[destinationType]
	if ok1 && ok2 {
		p := pair{source, destination}
		if !seen[p] {
			seen[p] = true
			*found = append(*found, p)
		}
		return
	}
	for _, end := range []struct {
		row    *row
		ok     bool
		become string
	}{{a, ok1, sourceType}, {b, ok2, destinationType}} {
		if !end.ok && end.row.refused != "" && im.could(end.row.model, end.become) {
			im.sum.leave(what, "one end, a row of "+end.row.model+", was left out", 1, end.row.name())
			return
		}
	}
}

// could reports whether rows of model become objects of a type.
func (im *netBox) could(model, typeName string) bool {
	return slices.ContainsFunc(im.m.Kinds, func(k *kind) bool { return k.Model == model && k.Type == typeName })
}

// follow walks the steps from r.
func (im *netBox) follow(r *row, way []string) []*row {
	rows := []*row{r}
	for _, step := range way {
		var next []*row
		for _, r := range rows {
			if model, field, back := strings.Cut(step, "/"); back {
				next = append(next, im.d.holders(im.m, model, field, r)...)
				continue
			}
			for _, name := range strings.Split(step, "|") {
				if found, _ := im.d.targets(im.m.refs[r.model], r, name); len(found) > 0 {
					next = append(next, found...)
					break
				}
			}
		}
		rows = next
	}
	return rows
}

// tie makes the objects that only tie two others together.
func (im *netBox) tie(ctx context.Context, t *tie) error {
	to := im.target.Catalogue(ctx).Type(t.Type)
	first, second := to.Field(t.Fields[0]), to.Field(t.Fields[1])
	from := t.Pairs[0].Of
	found, told := im.pairs(t.Pairs, first.To[0], second.To[0], t.Type)
	if !told {
		return nil
	}
	wanted := map[uuid.UUID]bool{}
	im.wanted[t] = wanted
	var drafts []*draft
	for _, p := range found {
		id := newID(t.Type, p.source.String(), p.destination.String())
		d := &draft{kind: &kind{Model: t.Type, Type: t.Type, Find: t.Fields[:]}, id: id, values: map[string]any{},
			row: &row{model: from, made: map[string]uuid.UUID{}}}
		d.set(t.Fields[0], p.source)
		d.set(t.Fields[1], p.destination)
		drafts = append(drafts, d)
		wanted[id] = true
	}
	for chunk := range slices.Chunk(drafts, batch) {
		if err := im.writeTies(ctx, to, first, chunk); err != nil {
			return err
		}
	}
	return nil
}

// untie removes the ties between objects of the file that an earlier run made
// and that the file does not have any more; by then nothing of the file needs
// them.
func (im *netBox) untie(ctx context.Context, tie *tie) error {
	wanted, told := im.wanted[tie]
	if !told {
		return nil
	}
	t := im.target.Catalogue(ctx).Type(tie.Type)
	first, second := t.Field(tie.Fields[0]), t.Field(tie.Fields[1])
	var gone []uuid.UUID
	seconds := im.made(second.To[0])
	for chunk := range slices.Chunk(keys(im.made(first.To[0])), many) {
		links, err := im.target.Read.Holders(ctx, chunk, []int32{first.ID})
		if err != nil {
			return err
		}
		holders := map[uuid.UUID]uuid.UUID{} // tie: source
		var ids []uuid.UUID
		for _, l := range links {
			holders[l.Holder] = l.Target
			ids = append(ids, l.Holder)
		}
		others, err := im.target.Read.Targets(ctx, ids, []int32{second.ID})
		if err != nil {
			return err
		}
		for _, l := range others {
			ours := newID(t.Name, holders[l.Holder].String(), l.Target.String())
			if l.Holder == ours && !wanted[ours] && seconds[l.Target] {
				gone = append(gone, ours)
			}
		}
	}
	if len(gone) == 0 {
		return nil
	}
	for _, id := range gone { // one may be needed by what is not of the file
		err := im.target.Associations.DeleteObjects(ctx, t, []uuid.UUID{id}, false)
		if f := fault.As(err); f != nil && f.Kind == fault.Protected {
			im.leftOut(t.Name, "it stays: "+reasonOf(err), 1)
			continue
		}
		if err != nil {
			return err
		}
		im.sum.object(tie.Pairs[0].Of, t.Name).Removed++
	}
	return nil
}

func keys(set map[uuid.UUID]bool) []uuid.UUID {
	ids := make([]uuid.UUID, 0, len(set))
	for id := range set {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(string(a[:]), string(b[:])) })
	return ids
}

// writeTies makes those that there are not, under whatever id.
func (im *netBox) writeTies(ctx context.Context, t *objects.Type, first *objects.Field, drafts []*draft) error {
	var sources []uuid.UUID
	for _, d := range drafts {
		sources = append(sources, d.values[first.Name].(uuid.UUID))
	}
	there, err := im.holders(ctx, sources, first)
	if err != nil {
		return err
	}
	var fresh []*draft
	for _, d := range drafts {
		held := false
		for _, o := range there {
			held = held || d.is(t, o)
		}
		if held {
			im.count(t, d, unchanged)
		} else {
			fresh = append(fresh, d)
		}
	}
	return im.create(ctx, t, fresh)
}

// link makes a definition, when it is not there, and its associations; those
// that an earlier run made and the file does not have any more go.
func (im *netBox) link(ctx context.Context, l *link) error {
	found, told := im.pairs(l.Pairs, l.Source.Type, l.Destination.Type, l.Key)
	if !told && !l.Always {
		return nil
	}
	set, err := im.target.Relationships.Set(ctx)
	if err != nil {
		return err
	}
	definition := set.ByKey(l.Key)
	if definition == nil {
		if len(found) == 0 && !l.Always {
			return nil
		}
		if definition, err = im.define(ctx, l); err != nil || definition == nil {
			return err
		}
	}
	if definition.Type != relationships.Type(l.Type) || definition.Source.Type != l.Source.Type || definition.Destination.Type != l.Destination.Type {
		im.leftOut(l.Key, "a relationship of this key is of another shape", len(found))
		return nil
	}
	there, err := im.target.Read.Pairs(ctx, definition.RID)
	if err != nil {
		return err
	}
	return im.associate(ctx, l, definition, found, told, there)
}

// define makes the definition of l; nil when there is one in its place.
func (im *netBox) define(ctx context.Context, l *link) (*relationships.Relationship, error) {
	values := map[string]any{
		"id": newID("relationship", l.Key), "label": l.Label, "key": l.Key, "description": l.Description, "type": l.Type,
		"source_type": l.Source.Type, "source_label": l.Source.Label, "source_filter": l.Source.Filter,
		"destination_type": l.Destination.Type, "destination_label": l.Destination.Label, "destination_filter": l.Destination.Filter,
	}
	if l.Source.Filter == nil {
		delete(values, "source_filter")
	}
	if l.Destination.Filter == nil {
		delete(values, "destination_filter")
	}
	names := make([]string, 0, len(values))
	for name := range values {
		names = append(names, name)
	}
	slices.Sort(names)
	draft, err := objectDraft(values, names...)
	if err != nil {
		return nil, err
	}
	defined, err := im.target.Relationships.Create(ctx, []objects.Draft{draft}, false)
	if f := fault.As(err); f != nil && f.Kind != fault.Busy {
		im.leftOut(l.Key, "the relationship cannot be made: "+reasonOf(err), 1)
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return defined[0], nil
}

// associate makes the pairs found that are not there yet.
func (im *netBox) associate(ctx context.Context, l *link, definition *relationships.Relationship, found []pair, told bool, there []Pair) error {
	symmetric := strings.HasPrefix(l.Type, "symmetric")
	known, wanted := map[pair]bool{}, map[pair]bool{}
	for _, p := range found {
		wanted[p] = true
		if symmetric {
			wanted[pair{p.destination, p.source}] = true
		}
	}
	var gone []uuid.UUID
	sources, destinations := im.made(l.Source.Type), im.made(l.Destination.Type)
	for _, p := range there {
		at := pair{p.Source, p.Destination}
		if p.ID == newID(l.Key, p.Source.String(), p.Destination.String()) && told && !wanted[at] && sources[p.Source] && destinations[p.Destination] {
			gone = append(gone, p.ID)
			continue
		}
		known[at] = true
		if symmetric {
			known[pair{p.Destination, p.Source}] = true
		}
	}
	tally := im.sum.link(l.Key)
	for chunk := range slices.Chunk(gone, many) {
		if err := im.target.Associations.Delete(ctx, chunk, true); err != nil {
			return err
		}
	}
	tally.Removed += len(gone)
	var fresh []pair
	for _, p := range found {
		if known[p] {
			tally.Unchanged++
			continue
		}
		fresh = append(fresh, p)
		known[p] = true
		if symmetric {
			known[pair{p.destination, p.source}] = true
		}
	}
	for chunk := range slices.Chunk(fresh, many) {
		if err := im.join(ctx, l, definition, chunk); err != nil {
			return err
		}
	}
	return nil
}

// join makes associations; those that a rule refuses are noted and the others
// made.
func (im *netBox) join(ctx context.Context, l *link, definition *relationships.Relationship, found []pair) error {
	drafts := make([]objects.Draft, len(found))
	for i, p := range found {
		draft, err := objectDraft(map[string]any{
			"id": newID(l.Key, p.source.String(), p.destination.String()), "relationship": definition.ID,
			"source_type": l.Source.Type, "source_id": p.source, "destination_type": l.Destination.Type, "destination_id": p.destination,
		}, "id", "relationship", "source_type", "source_id", "destination_type", "destination_id")
		if err != nil {
			return err
		}
		drafts[i] = draft
	}
	_, err := im.target.Associations.Create(ctx, drafts, true)
	if err == nil {
		im.sum.link(l.Key).Made += len(found)
		return nil
	}
	f := fault.As(err)
	if f == nil || f.Kind == fault.Busy {
		return err
	}
	var rest []pair
	for i, p := range found {
		if i < len(f.Items) && f.Items[i] != nil {
			im.leftOut(l.Key, reasonOf(f.Items[i]), 1)
			continue
		}
		rest = append(rest, p)
	}
	switch {
	case len(rest) == 0:
		return nil
	case len(rest) < len(found):
		return im.join(ctx, l, definition, rest)
	case len(found) == 1:
		im.leftOut(l.Key, reasonOf(err), 1)
		return nil
	}
	half := len(found) / 2
	if err := im.join(ctx, l, definition, found[:half]); err != nil {
		return err
	}
	return im.join(ctx, l, definition, found[half:])
}
