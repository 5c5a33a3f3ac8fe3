package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

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
	links, err := im.target.Read.Holders(ctx, ids, []int32{end.Field("cable").ID})
	if err != nil {
		return err
	}
	var ends []uuid.UUID
	for _, l := range links {
		ends = append(ends, l.Holder)
	}
	found, err := im.load(ctx, ends)
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

// given are the fields with a value, which a new object gets.
func (d *draft) given() []string {
	return slices.DeleteFunc(slices.Clone(d.names), func(name string) bool { return empty(d.values[name]) || noIDs(d.values[name]) })
}

func noIDs(v any) bool {
	ids, ok := v.([]uuid.UUID)
	return ok && len(ids) == 0
}

// body is what is sent of the named fields.
func (d *draft) body(t *objects.Type, names []string, fresh bool) (objects.Draft, error) {
	values := map[string]any{"id": d.id}
	for _, name := range names {
		v := d.values[name]
		if f := t.Field(name); v == nil && !f.Null {
			v = ""
		}
		values[name] = v
	}
	if fresh {
		names = append([]string{"id"}, names...)
	}
	return objectDraft(values, names...)
}

// differing are the fields whose stored values are not what the file says.
func (d *draft) differing(t *objects.Type, im *netBox) []string {
	var names []string
	for _, name := range d.names {
		f, want := t.Field(name), d.values[name]
		from := d.kind.Fields.values[name]
		nothing := empty(want) || noIDs(want)
		switch {
		case from.Once, nothing && (d.adopted || d.kind.Merge):
			continue
		case name == "custom_fields":
			if d.customDiffers() {
				names = append(names, name)
			}
			continue
		case f.Kind == objects.ContentTypes, f.Kind == objects.References && d.adopted:
			if d.unite(f) {
				names = append(names, name)
			}
			continue
		case d.filling && !vacant(f, d.now):
			continue
		case nothing && !clearable(f):
			continue
		}
		if !d.equal(f, want, d.now) {
			names = append(names, name)
			names = append(names, d.typeBeside(from)...)
		}
	}
	return names
}

// typeBeside is the field that says of which type the object is whose id from
// gives: the two are written together.
func (d *draft) typeBeside(from source) []string {
	if from.As == "id" {
		for _, name := range d.names {
			if other := d.kind.Fields.values[name]; other.As == "content_type" && other.From == from.From {
				return []string{name}
			}
		}
	}
	return nil
}

// clearable reports whether a field can be without a value.
func clearable(f *objects.Field) bool {
	return f.Null || f.Blank || f.Kind == objects.References
}

// vacant reports whether o has nothing in f.
func vacant(f *objects.Field, o *objects.Object) bool {
	if f.Kind == objects.Reference || f.Kind == objects.References {
		return len(o.Refs[f.Name]) == 0
	}
	return empty(o.Values[f.Name])
}

// unite adds what is stored in f to what the file says; true: that is more than
// there was.
func (d *draft) unite(f *objects.Field) bool {
	if f.Kind == objects.References {
		want, _ := d.values[f.Name].([]uuid.UUID)
		all, grown := union(d.now.Refs[f.Name], want)
		d.values[f.Name] = all
		return grown
	}
	var there []string
	if list, ok := d.now.Values[f.Name].([]any); ok {
		there = texts(list)
	}
	var want []string
	switch v := d.values[f.Name].(type) {
	case []string:
		want = v
	case []any:
		want = texts(v)
	}
	all, grown := union(there, want)
	d.values[f.Name] = all
	return grown
}

func union[T comparable](there, more []T) (all []T, grown bool) {
	all = slices.Clone(there)
	for _, v := range more {
		if !slices.Contains(all, v) {
			all, grown = append(all, v), true
		}
	}
	return all, grown
}

// customDiffers reports whether a custom field is not as the file says.
func (d *draft) customDiffers() bool {
	want, _ := d.values["custom_fields"].(map[string]any)
	for key, v := range want {
		if empty(v) && (empty(d.now.Custom[key]) || d.adopted) {
			continue
		}
		if !sameJSON(v, d.now.Custom[key]) {
			return true
		}
	}
	return false
}

// equal reports whether o has want in f.
func (d *draft) equal(f *objects.Field, want any, o *objects.Object) bool {
	switch want := want.(type) {
	case uuid.UUID:
		if id, ok := d.kept[f.Name]; ok {
			return id == want
		}
		if there := o.Values[f.Name]; f.Kind == objects.UUID && !empty(there) {
			return plain(there) == want.String()
		}
		name := f.Name
		if kept := d.kind.Fields.values[f.Name].KeptIn; kept != "" {
			name = kept
		}
		return o.Ref(name) == want
	case []uuid.UUID:
		there := o.Refs[f.Name]
		_, more := union(there, want)
		return !more && len(there) == len(want)
	case nil:
		if id, ok := d.kept[f.Name]; ok {
			return id == uuid.Nil
		}
		if f.Kind == objects.Reference {
			return o.Ref(f.Name) == uuid.Nil
		}
		there := o.Values[f.Name]
		return empty(there) || f.Default != nil && sameJSON(there, f.Default)
	}
	there := o.Values[f.Name]
	if f.Kind == objects.JSON {
		return sameJSON(want, there)
	}
	return sameValue(f, want, there)
}

// sameValue compares as the field's kind is stored: texts without space around
// them, numbers by value, addresses in any writing.
func sameValue(f *objects.Field, want, there any) bool {
	a, b := strings.TrimSpace(plain(want)), strings.TrimSpace(plain(there))
	if a == b {
		return true
	}
	switch f.Kind {
	case objects.Integer, objects.Decimal, objects.Float:
		x, ok1 := new(big.Rat).SetString(a)
		y, ok2 := new(big.Rat).SetString(b)
		return ok1 && ok2 && x.Cmp(y) == 0
	case objects.MAC:
		return hexDigits(a) == hexDigits(b)
	case objects.Time:
		x, err1 := time.Parse(time.RFC3339, a)
		y, err2 := time.Parse(time.RFC3339, b)
		return err1 == nil && err2 == nil && x.Equal(y)
	case objects.IP, objects.Prefix:
		return normalAddress(a) == normalAddress(b)
	case objects.Text, objects.Color, objects.Email:
		return b == strings.ToLower(a) && f.Name != "name"
	case objects.Numbers, objects.Texts, objects.Choices:
		return sameJSON(want, there)
	}
	return false
}

func plain(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func hexDigits(text string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("0123456789abcdef", c) {
			return c
		}
		return -1
	}, strings.ToLower(text))
}

// sameJSON compares two values as JSON has them.
func sameJSON(a, b any) bool { return reflect.DeepEqual(normalJSON(a), normalJSON(b)) }

func normalJSON(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		return v
	}
	return out
}
