package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/store"
)

// world is a small inventory that stands in a database and in memory: things of
// type x.thing, and places, a tree, of type x.place.
type world struct {
	store   *store.Store
	schema  *filters.Schema
	fields  map[string]int32
	types   map[string]int16
	objects []*object
	byID    map[uuid.UUID]*object
	links   [][2]uuid.UUID // of the one relationship
	rid     int32
}

type object struct {
	id   uuid.UUID
	kind string
	data map[string]any
	refs map[string][]uuid.UUID // by field
}

const manyLookups = "n ic nic ie nie isw nisw iew niew re nre ire nire isnull"

func lookups(text string) []filters.Lookup {
	var out []filters.Lookup
	for _, l := range strings.Fields(text) {
		out = append(out, filters.Lookup(l))
	}
	return out
}

func data(name string) filters.Path { return filters.Path{Column: filters.Column{Name: name}} }

// newWorld makes the tables' types and fields and the filters of things.
func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	w := &world{store: s, byID: map[uuid.UUID]*object{}}
	var err error
	w.types, w.fields, err = s.BindTypes(context.Background(), map[string][]string{
		"x.place": {"parent"}, "x.thing": {"status", "spot", "tags", "buddy"},
	})
	require.NoError(t, err)
	hop := func(field string, back bool) filters.Hop { return filters.Hop{Field: w.fields[field], Back: back} }
	status, spot, tags, buddy, parent := hop("x.thing/status", false), hop("x.thing/spot", false),
		hop("x.thing/tags", false), hop("x.thing/buddy", false), hop("x.place/parent", false)
	name := filters.Path{Column: filters.Column{Name: "name", Named: true}}
	number := lookups("n lt lte gt gte isnull")
	place := func(name string, kind filters.Kind, hops ...filters.Hop) *filters.Field {
		return &filters.Field{Name: name, Kind: kind, Path: filters.Path{Hops: hops}, Lookups: lookups("n isnull"), Nullable: true, Target: "x.place",
			TargetType: w.types["x.place"], ToField: filters.Path{Column: filters.Column{Name: "name", Named: true}}, ToKind: filters.Text}
	}
	w.schema = filters.NewSchema("x.Thing",
		&filters.Field{Name: "id", Kind: filters.UUID, Path: filters.Path{Column: filters.Column{Name: "id", Own: true}}, Lookups: lookups("n")},
		&filters.Field{Name: "name", Kind: filters.Text, Path: name, Lookups: lookups(manyLookups)},
		&filters.Field{Name: "note", Kind: filters.Text, Path: data("note"), Lookups: lookups(manyLookups)},
		&filters.Field{Name: "serial", Kind: filters.Text, Path: data("note"), Base: filters.IEqual},
		&filters.Field{Name: "cf_key", Kind: filters.Text, Path: data("custom_fields.key"), Lookups: lookups(manyLookups), SingleValue: true},
		&filters.Field{Name: "colour", Kind: filters.Choice, Path: data("colour"), Choices: []string{"red", "blue"}, Lookups: lookups(manyLookups), List: true, Nullable: true},
		&filters.Field{Name: "number", Kind: filters.Integer, Path: data("number"), Lookups: number},
		&filters.Field{Name: "size", Kind: filters.Decimal, Path: data("size"), Lookups: number},
		&filters.Field{Name: "day", Kind: filters.Date, Path: data("day"), Lookups: number},
		&filters.Field{Name: "at", Kind: filters.Time, Path: data("at"), Lookups: number},
		&filters.Field{Name: "created", Kind: filters.Time, Path: filters.Path{Column: filters.Column{Name: "created", Own: true}}, Lookups: number},
		&filters.Field{Name: "on", Kind: filters.Boolean, Path: data("on")},
		&filters.Field{Name: "kinds", Kind: filters.ContentType, Path: filters.Path{Column: filters.Column{Name: "kinds", List: true}}, Lookups: lookups("n"), List: true},
		&filters.Field{Name: "all_kinds", Kind: filters.ContentType, Path: filters.Path{Column: filters.Column{Name: "kinds", List: true}}, Every: true, Lookups: lookups("n"), List: true},
		place("status", filters.NameOrID, status),
		place("status_id", filters.Reference, status),
		place("spot", filters.NameOrID, spot),
		place("spot_tree", filters.Tree, spot),
		place("status_tree", filters.Tree, status),
		place("above", filters.NameOrID, spot, parent),
		place("tags", filters.Tag, tags),
		place("any_tags", filters.NameOrID, tags),
		place("buddy_tags", filters.NameOrID, buddy, tags),
		place("fan_spots", filters.NameOrID, hop("x.thing/buddy", true), spot),
		&filters.Field{Name: "spot_name", Kind: filters.Text, Path: filters.Path{Hops: []filters.Hop{spot}, Column: filters.Column{Name: "name", Named: true}}, Lookups: lookups(manyLookups)},
		&filters.Field{Name: "buddy_number", Kind: filters.Integer, Path: filters.Path{Hops: []filters.Hop{buddy}, Column: filters.Column{Name: "number"}}, Lookups: number},
		&filters.Field{Name: "fan_number", Kind: filters.Integer, Path: filters.Path{Hops: []filters.Hop{hop("x.thing/buddy", true)}, Column: filters.Column{Name: "number"}}, Lookups: number},
		&filters.Field{Name: "on_buddy_spot", Kind: filters.NameOrID, Nullable: true, Lookups: lookups("n"), Target: "x.place", TargetType: w.types["x.place"],
			ToField: filters.Path{Column: filters.Column{Name: "name", Named: true}}, ToKind: filters.Text,
			Path: filters.Path{Hops: []filters.Hop{buddy, spot}, Where: []filters.Check{
				{After: 1, Column: filters.Column{Name: "on"}, Value: "true"}, {After: 0, Column: filters.Column{Name: "colour"}, Value: "red"}}}},
		&filters.Field{Name: "has_tags", Kind: filters.Membership, Path: filters.Path{Hops: []filters.Hop{tags}}},
		&filters.Field{Name: "has_fans", Kind: filters.Membership, Path: filters.Path{Hops: []filters.Hop{hop("x.thing/buddy", true)}}},
		&filters.Field{Name: "has_status", Kind: filters.Membership, Path: filters.Path{Hops: []filters.Hop{status}}},
		&filters.Field{Name: "q", Kind: filters.Search, Search: []filters.SearchPath{
			{Path: name, Kind: filters.Text, Lookup: filters.Contains},
			{Path: data("number"), Kind: filters.Integer, Lookup: filters.Equal},
			{Path: filters.Path{Hops: []filters.Hop{spot}, Column: filters.Column{Name: "name"}}, Kind: filters.Text, Lookup: filters.Contains},
			{Path: filters.Path{Column: filters.Column{Name: "id", Own: true}}, Kind: filters.UUID, Lookup: filters.IEqual}}},
		&filters.Field{Name: "cr_peers__peer", Kind: filters.Linked, Side: "peer", Target: "x.thing", TargetType: w.types["x.thing"]},
		&filters.Field{Name: "cr_peers__destination", Kind: filters.Linked, Side: "destination", Target: "x.thing", TargetType: w.types["x.thing"]},
	)
	w.relate(t)
	return w
}

// relate makes the definition.
func (w *world) relate(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	now := time.Unix(1_700_000_000, 0)
	require.NoError(t, w.store.Exec(ctx, `insert into relationship (id, label, key, kind, source_type, destination_type, source_unique, destination_unique, created, last_updated)
		values (?, 'Peers', 'peers', 3, ?, ?, false, false, ?, ?)`, uuid.New(), w.types["x.thing"], w.types["x.thing"], now, now))
	require.NoError(t, w.store.Scalar(ctx, &w.rid, `select rid from relationship where key = 'peers'`))
	for _, f := range w.schema.Fields() {
		if f.Kind == filters.Linked {
			f.RID = w.rid
		}
	}
}

// save writes the world's objects to the database.
func (w *world) save(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	var rows, refs, tree, links [][]any
	for _, o := range w.objects {
		w.byID[o.id] = o
	}
	for _, o := range w.objects {
		single := map[string]string{}
		position := 0
		for _, name := range slices.Sorted(mapKeys(o.refs)) {
			for _, target := range o.refs[name] {
				refs = append(refs, []any{o.id, w.fields[o.kind+"/"+name], target, position})
				position++
				if name == "status" {
					single[name] = target.String()
				}
			}
		}
		content := map[string]any{"@refs": single}
		for key, value := range o.data {
			content[key] = value
		}
		text, err := json.Marshal(content)
		require.NoError(t, err)
		name, _ := o.data["name"].(string)
		rows = append(rows, []any{o.id, w.types[o.kind], name, name, name, string(text), "", o.created(), o.created()})
		if o.kind == "x.place" {
			for depth, above := 0, o; above != nil; depth++ {
				tree = append(tree, []any{w.types[o.kind], above.id, o.id, depth})
				above = w.parent(above)
			}
		}
	}
	for _, l := range w.links {
		links = append(links, []any{uuid.New(), w.rid, 3, w.types["x.thing"], w.types["x.thing"], false, false, l[0], l[1], time.Unix(0, 0)})
	}
	require.NoError(t, w.store.Insert(ctx, "object (id, type_id, name, str, sort_key, data, body, created, last_updated)", rows))
	require.NoError(t, w.store.Insert(ctx, "object_ref (object_id, field_id, target_id, position)", refs))
	require.NoError(t, w.store.Insert(ctx, "object_tree (type_id, ancestor_id, descendant_id, depth)", tree))
	require.NoError(t, w.store.Insert(ctx, "assoc (id, rid, kind, source_type, destination_type, source_unique, destination_unique, source_id, destination_id, created)", links))
}

// clear empties the world.
func (w *world) clear(t *testing.T) {
	t.Helper()
	for _, table := range []string{"assoc", "object_ref", "object_tree", "object"} {
		require.NoError(t, w.store.Exec(context.Background(), "delete from "+table))
	}
	w.objects, w.links, w.byID = nil, nil, map[uuid.UUID]*object{}
}

func mapKeys[V any](m map[string]V) func(func(string) bool) {
	return func(yield func(string) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

func (o *object) created() time.Time {
	at, err := time.Parse(time.RFC3339, o.data["created"].(string))
	if err != nil {
		panic(err)
	}
	return at
}

func (w *world) parent(o *object) *object {
	for _, id := range o.refs["parent"] {
		return w.byID[id]
	}
	return nil
}

// thingType is the type as lists take it.
func (w *world) thingType() *objects.Type {
	return &objects.Type{ID: w.types["x.thing"], Name: "x.thing"}
}

// The model: what filters mean, said plainly.

// wanted returns the ids of the things that match all of q, in their order.
func (w *world) wanted(q filters.Query) []string {
	var out []string
	for _, o := range w.objects {
		if o.kind == "x.thing" && w.matchesAll(o, q) {
			out = append(out, o.id.String())
		}
	}
	slices.Sort(out)
	return out
}

func (w *world) matchesAll(o *object, q filters.Query) bool {
	for i := range q {
		if !w.matches(o, &q[i]) {
			return false
		}
	}
	return true
}

func (w *world) matches(o *object, c *filters.Condition) bool {
	if c.Nothing {
		return false
	}
	if c.Lookup == filters.IsNull {
		return (len(w.ends(o, c.Field.Path)) == 0) == c.Truth
	}
	if c.Lookup.Negative() && c.Stored && w.namesGone(c) {
		return false
	}
	if c.Lookup.Negative() {
		if c.Field.Kind == filters.Tag || c.Field.Every {
			return !w.anyValue(o, c)
		}
		return !w.positive(o, c)
	}
	return w.positive(o, c)
}

// namesGone reports that a value names no place.
func (w *world) namesGone(c *filters.Condition) bool {
	switch c.Field.Kind {
	case filters.Reference, filters.NameOrID, filters.Tree, filters.Tag:
	default:
		return false
	}
	for _, id := range c.IDs {
		if w.byID[id] == nil {
			return true
		}
	}
	for _, text := range c.Texts {
		if !slices.ContainsFunc(w.objects, func(o *object) bool { return o.kind == "x.place" && o.data["name"] == text }) {
			return true
		}
	}
	return false
}

// anyValue is positive for those kinds whose values are AND.
func (w *world) anyValue(o *object, c *filters.Condition) bool {
	f := *c.Field
	f.Every = false
	if f.Kind == filters.Tag {
		f.Kind = filters.NameOrID
	}
	loose := *c
	loose.Field = &f
	return w.positive(o, &loose)
}

func (w *world) positive(o *object, c *filters.Condition) bool {
	f := c.Field
	ends := w.ends(o, f.Path)
	switch f.Kind {
	case filters.Boolean:
		return slices.ContainsFunc(ends, func(v any) bool { return v == c.Truth })
	case filters.Membership:
		return (len(ends) > 0) == c.Truth
	case filters.Search:
		return w.searched(o, c)
	case filters.Linked:
		return w.linked(o, c)
	case filters.Tag:
		for _, id := range c.IDs {
			if !slices.Contains(ends, any(id)) {
				return false
			}
		}
		for _, text := range c.Texts {
			if !slices.ContainsFunc(ends, func(v any) bool { return w.nameOf(v) == text }) {
				return false
			}
		}
		return !c.Null || len(ends) == 0
	case filters.ContentType:
		if f.Every && !c.Null {
			for _, text := range c.Texts {
				if !slices.Contains(ends, any(text)) {
					return false
				}
			}
			return true
		}
	}
	if c.Null && len(ends) == 0 {
		return true
	}
	return slices.ContainsFunc(ends, func(v any) bool { return w.matchesValue(v, c) })
}

func (w *world) nameOf(v any) any { return w.byID[v.(uuid.UUID)].data["name"] }

// ends are the values, or the ids, at the end of a path.
func (w *world) ends(o *object, p filters.Path) []any {
	at := []*object{o}
	for hop := 0; ; hop++ {
		at = slices.DeleteFunc(at, func(o *object) bool { return !w.passes(o, p, hop) })
		if hop == len(p.Hops) {
			break
		}
		var next []*object
		for _, from := range at {
			next = append(next, w.hop(from, p.Hops[hop])...)
		}
		at = next
	}
	var out []any
	for _, end := range at {
		out = append(out, end.values(p.Column)...)
	}
	return out
}

func (w *world) passes(o *object, p filters.Path, hop int) bool {
	for _, check := range p.Where {
		if check.After == hop && fmt.Sprint(o.data[check.Column.Name]) != check.Value {
			return false
		}
	}
	return true
}

func (w *world) hop(from *object, hop filters.Hop) []*object {
	var out []*object
	for _, o := range w.objects {
		for name, targets := range o.refs {
			if w.fields[o.kind+"/"+name] != hop.Field {
				continue
			}
			for _, target := range targets {
				if !hop.Back && o == from {
					out = append(out, w.byID[target])
				}
				if hop.Back && target == from.id {
					out = append(out, o)
				}
			}
		}
	}
	return out
}

func (o *object) values(c filters.Column) []any {
	if c.Name == "" || c.Name == "id" {
		return []any{o.id}
	}
	v := o.data[c.Name]
	if key, found := strings.CutPrefix(c.Name, "custom_fields."); found {
		custom, _ := o.data["custom_fields"].(map[string]any)
		v = custom[key]
	}
	if list, ok := v.([]string); ok {
		var out []any
		for _, item := range list {
			out = append(out, item)
		}
		return out
	}
	if v == nil {
		return nil
	}
	return []any{v}
}

// matchesValue compares one value with those of a condition.
func (w *world) matchesValue(v any, c *filters.Condition) bool {
	switch c.Field.Kind {
	case filters.UUID:
		return slices.Contains(c.IDs, v.(uuid.UUID))
	case filters.Reference, filters.NameOrID:
		return slices.Contains(c.IDs, v.(uuid.UUID)) || slices.Contains(c.Texts, w.nameOf(v).(string))
	case filters.Tree:
		for at := w.byID[v.(uuid.UUID)]; at != nil; at = w.parent(at) {
			if slices.Contains(c.IDs, at.id) || slices.Contains(c.Texts, at.data["name"].(string)) {
				return true
			}
		}
		return false
	}
	lookup := strings.TrimPrefix(string(c.Lookup), "n")
	if c.Lookup == filters.Equal && c.Field.Base != "" {
		lookup = string(c.Field.Base)
	}
	return slices.ContainsFunc(c.Texts, func(text string) bool { return compareTexts(fmt.Sprint(v), text, lookup, c.Field.Kind) })
}

func compareTexts(v, text, lookup string, kind filters.Kind) bool {
	lower := func(s string) string { return strings.Map(unicode.ToLower, s) }
	switch lookup {
	case "ic":
		return strings.Contains(lower(v), lower(text))
	case "ie":
		return lower(v) == lower(text)
	case "isw":
		return strings.HasPrefix(lower(v), lower(text))
	case "iew":
		return strings.HasSuffix(lower(v), lower(text))
	case "re":
		return regexp.MustCompile(text).MatchString(v)
	case "ire":
		return regexp.MustCompile("(?i)" + text).MatchString(v)
	}
	order := compareBy(kind, v, text)
	switch lookup {
	case "lt":
		return order < 0
	case "lte":
		return order <= 0
	case "gt":
		return order > 0
	case "gte":
		return order >= 0
	}
	return order == 0
}

func compareBy(kind filters.Kind, a, b string) int {
	switch kind {
	case filters.Integer, filters.Decimal:
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		return int(max(-1, min(1, (x-y)*1e6)))
	case filters.Time:
		x, _ := time.Parse(time.RFC3339Nano, a)
		y, _ := time.Parse(time.RFC3339Nano, b)
		return x.Compare(y)
	}
	return strings.Compare(a, b)
}

func (w *world) searched(o *object, c *filters.Condition) bool {
	for _, p := range c.Field.Search {
		for _, v := range w.ends(o, p.Path) {
			text := fmt.Sprint(v)
			if p.Lookup == filters.Contains && compareTexts(text, c.Texts[0], "ic", filters.Text) || p.Lookup != filters.Contains && text == c.Texts[0] {
				return true
			}
		}
	}
	return false
}

func (w *world) linked(o *object, c *filters.Condition) bool {
	for _, l := range w.links {
		if l[0] == o.id && slices.Contains(c.IDs, l[1]) || c.Field.Side == "peer" && l[1] == o.id && slices.Contains(c.IDs, l[0]) {
			return true
		}
	}
	return false
}

func number(text string) json.Number { return json.Number(text) }
