package exchange

import (
	"context"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

// locate finds what is stored of drafts already: by the id that an earlier run
// gave, else by what the type is known by.
func (im *netBox) locate(ctx context.Context, t *objects.Type, drafts []*draft) error {
	if err := im.read(ctx, t, drafts); err != nil {
		return err
	}
	var unknown []*draft
	for _, d := range drafts {
		if d.now == nil && len(d.kind.Find) > 0 && !empty(d.values[d.kind.Find[0]]) {
			unknown = append(unknown, d)
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	candidates, err := im.search(ctx, t, unknown)
	if err != nil {
		return err
	}
	var adopted []*draft
	for _, d := range unknown {
		for _, there := range candidates[keyText(d.values[d.kind.Find[0]])] {
			owner := im.claimed[there.ID]
			if !d.is(t, there) || owner != nil && !d.kind.Merge {
				continue
			}
			d.id, d.adopted, d.filling = there.ID, true, owner != nil
			adopted = append(adopted, d)
			break
		}
	}
	return im.read(ctx, t, adopted)
}

// search returns stored objects, by the first field that drafts are found by,
// that may be those of drafts.
func (im *netBox) search(ctx context.Context, t *objects.Type, drafts []*draft) (map[string][]*objects.Object, error) {
	by := drafts[0].kind.Find
	var names []string
	for _, d := range drafts {
		names = append(names, keyText(d.values[by[0]]))
	}
	query := filters.Query{{Texts: names, Field: &filters.Field{Name: by[0], Kind: filters.Text,
		Path: filters.Path{Column: filters.Column{Name: "name", Own: true}}}}}
	for _, name := range by[1:] {
		f := t.Field(name)
		if f.Kind != objects.Reference || len(f.To) != 1 {
			continue
		}
		var ids []uuid.UUID
		for _, d := range drafts {
			id, ok := d.values[name].(uuid.UUID)
			if !ok {
				ids = nil
				break
			}
			if !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
		if len(ids) > 0 {
			query = append(query, filters.Condition{IDs: ids, Field: &filters.Field{Name: name, Kind: filters.Reference,
				Path: filters.Path{Hops: []filters.Hop{{Field: f.ID}}}, Target: f.To[0]}})
			break
		}
	}
	ids, err := im.target.Read.Find(ctx, t, query, 100_000)
	if err != nil {
		return nil, err
	}
	found, err := im.load(ctx, ids)
	if err != nil {
		return nil, err
	}
	candidates := map[string][]*objects.Object{}
	for _, id := range ids {
		if o := found[id]; o != nil {
			candidates[o.Name] = append(candidates[o.Name], o)
		}
	}
	return candidates, nil
}

// is reports whether o has what d is found by.
func (d *draft) is(t *objects.Type, o *objects.Object) bool {
	for _, name := range d.kind.Find {
		if !d.equal(t.Field(name), d.values[name], o) {
			return false
		}
	}
	return true
}

// load reads objects with their single references.
func (im *netBox) load(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]*objects.Object, error) {
	found := map[uuid.UUID]*objects.Object{}
	if len(ids) == 0 {
		return found, nil
	}
	rows, err := im.target.Read.Stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	catalogue := im.target.Catalogue(ctx)
	for _, r := range rows {
		o, err := catalogue.Object(r)
		if err != nil {
			return nil, err
		}
		found[o.ID] = o
	}
	return found, nil
}

// holders loads the objects that refer to targets in a field.
func (im *netBox) holders(ctx context.Context, targets []uuid.UUID, f *objects.Field) (map[uuid.UUID]*objects.Object, error) {
	links, err := im.target.Read.Holders(ctx, targets, []int32{f.ID})
	if err != nil {
		return nil, err
	}
	var ids []uuid.UUID
	for _, l := range links {
		ids = append(ids, l.Holder)
	}
	return im.load(ctx, ids)
}

// read fills in what is stored of drafts under their ids.
func (im *netBox) read(ctx context.Context, t *objects.Type, drafts []*draft) error {
	if len(drafts) == 0 {
		return nil
	}
	ids := make([]uuid.UUID, len(drafts))
	for i, d := range drafts {
		ids[i] = d.id
	}
	found, err := im.load(ctx, ids)
	if err != nil {
		return err
	}
	var many []int32
	names := map[int32]string{}
	for _, f := range t.Fields {
		if f.Kind == objects.References && f.ID != 0 && f.Path == "" {
			many = append(many, f.ID)
			names[f.ID] = f.Name
		}
	}
	if len(found) > 0 && len(many) > 0 {
		links, err := im.target.Read.Targets(ctx, ids, many)
		if err != nil {
			return err
		}
		for _, l := range links {
			if o := found[l.Holder]; o != nil {
				o.Refs[names[l.Field]] = append(o.Refs[names[l.Field]], l.Target)
			}
		}
	}
	for _, d := range drafts {
		if o := found[d.id]; o != nil && o.Type.Name == t.Name {
			d.now = o
		}
	}
	if err := im.readEnds(ctx, t, drafts); err != nil {
		return err
	}
	return im.readKept(ctx, drafts)
}

// readEnds fills in where the stored cables of drafts end.
func (im *netBox) readEnds(ctx context.Context, t *objects.Type, drafts []*draft) error {
	if t.Name != "dcim.cable" {
		return nil
	}
	cables := map[uuid.UUID]*draft{}
	var ids []uuid.UUID
	for _, d := range drafts {
		if d.now != nil {
			cables[d.id] = d
			ids = append(ids, d.id)
			d.kept = map[string]uuid.UUID{"termination_a_id": uuid.Nil, "termination_b_id": uuid.Nil}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	end := im.target.Catalogue(ctx).Type("dcim.cabletocabletermination")
	found, err := im.holders(ctx, ids, end.Field("cable"))
	if err != nil {
		return err
	}
	for _, o := range found {
		for name, target := range o.Refs {
			if d := cables[o.Ref("cable")]; d != nil && name != "cable" && len(target) > 0 {
				d.kept["termination_"+strings.ToLower(plain(o.Values["cable_end"]))+"_id"] = target[0]
			}
		}
	}
	return nil
}

// readKept follows the paths of kept_in that are longer than a field.
func (im *netBox) readKept(ctx context.Context, drafts []*draft) error {
	for name, from := range drafts[0].kind.Fields.values {
		first, second, long := strings.Cut(from.KeptIn, ".")
		if !long {
			continue
		}
		var ids []uuid.UUID
		for _, d := range drafts {
			if d.now != nil && d.now.Ref(first) != uuid.Nil {
				ids = append(ids, d.now.Ref(first))
			}
		}
		slices.SortFunc(ids, func(a, b uuid.UUID) int { return strings.Compare(a.String(), b.String()) })
		found, err := im.load(ctx, slices.Compact(ids))
		if err != nil {
			return err
		}
		for _, d := range drafts {
			if d.now == nil {
				continue
			}
			if o := found[d.now.Ref(first)]; o != nil {
				if d.kept == nil {
					d.kept = map[string]uuid.UUID{}
				}
				d.kept[name] = o.Ref(second)
			}
		}
	}
	return nil
}
