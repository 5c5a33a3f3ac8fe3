package store_test

import (
	"context"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"relata/pkg/filters"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// What random objects and filters are made of. The letters are those that both
// databases fold alike; the rest is what LIKE, JSON and SQL have a use for.
var (
	names    = []string{"ams", "AMS", "Ams 1", "fra", "äö", "ÄÖ", "a%", "a_b", `a\b`, "it's", `"q"`, "", "12"}
	numbers  = []string{"0", "1", "2", "-5", "10", "100", "4000000000"}
	sizes    = []string{"0", "1.5", "2", "-0.25", "10.125", "1e3"}
	days     = []string{"2024-01-01", "2024-02-29", "2025-12-31"}
	times    = []string{"2024-01-01T00:00:00Z", "2024-01-01T00:00:00.000001Z", "2024-06-30T12:30:00Z", "2025-01-01T00:00:00Z"}
	kinds    = []string{"x.place", "x.thing", "y.other"}
	patterns = []string{"a", "^a", "s$", "[a-m]", "^.{3}$", "a|f", "(am)+s", `\d`, "A.*S", `\.`, "[^a]", `^\w+$`, `\bq`, "ö"}
)

func some[T any](t *rapid.T, label string, from []T) T { return rapid.SampledFrom(from).Draw(t, label) }

func maybe(t *rapid.T, label string) bool { return rapid.Bool().Draw(t, label) }

// drawWorld fills w with random objects.
func drawWorld(t *rapid.T, w *world) {
	draw := func(kind string, n int) []*object {
		var made []*object
		for range n {
			o := &object{id: uuid.New(), kind: kind, refs: map[string][]uuid.UUID{}, data: map[string]any{
				"name": some(t, "name", names), "created": some(t, "created", times)}}
			made = append(made, o)
			w.byID[o.id] = o
		}
		w.objects = append(w.objects, made...)
		return made
	}
	places := draw("x.place", rapid.IntRange(1, 6).Draw(t, "places"))
	for i, o := range places {
		if i > 0 && maybe(t, "parent") {
			o.refs["parent"] = []uuid.UUID{places[rapid.IntRange(0, i-1).Draw(t, "above")].id}
		}
	}
	things := draw("x.thing", rapid.IntRange(1, 8).Draw(t, "things"))
	for _, o := range things {
		drawThing(t, o, places, things)
	}
	for _, a := range things {
		for _, b := range things {
			if a != b && rapid.IntRange(0, 5).Draw(t, "linked") == 0 {
				w.links = append(w.links, [2]uuid.UUID{a.id, b.id})
			}
		}
	}
}

func drawThing(t *rapid.T, o *object, places, things []*object) {
	for key, values := range map[string][]string{"note": names, "colour": {"red", "blue", "green"}, "day": days, "at": times} {
		if maybe(t, key) {
			o.data[key] = some(t, key, values)
		}
	}
	if maybe(t, "number") {
		o.data["number"] = number(some(t, "number", numbers))
	}
	if maybe(t, "size") {
		o.data["size"] = number(some(t, "size", sizes))
	}
	if maybe(t, "on") {
		o.data["on"] = maybe(t, "on")
	}
	if maybe(t, "null") {
		o.data["note"] = nil
	}
	if maybe(t, "custom") {
		o.data["custom_fields"] = map[string]any{"key": some(t, "custom", names)}
	}
	o.data["kinds"] = slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom(kinds), 0, 3).Draw(t, "kinds"))))
	for _, name := range []string{"status", "spot"} {
		if maybe(t, name) {
			o.refs[name] = []uuid.UUID{some(t, name, places).id}
		}
	}
	for _, place := range places {
		if rapid.IntRange(0, 2).Draw(t, "tag") == 0 {
			o.refs["tags"] = append(o.refs["tags"], place.id)
		}
	}
	if maybe(t, "buddy") {
		o.refs["buddy"] = []uuid.UUID{some(t, "buddy", things).id}
	}
}

// drawParam is a parameter with values that the parser takes.
func drawParam(t *rapid.T, w *world) filters.Param {
	f := some(t, "field", w.schema.Fields())
	lookup := some(t, "lookup", append([]filters.Lookup{filters.Equal}, f.Lookups...))
	p := filters.Param{Name: f.Name}
	if lookup != filters.Equal {
		p.Name += "__" + string(lookup)
	}
	most := 3
	if f.Kind == filters.Tag {
		most = 14
	}
	for range rapid.IntRange(1, most).Draw(t, "values") {
		p.Values = append(p.Values, drawValue(t, w, f, lookup))
	}
	return p
}

func drawValue(t *rapid.T, w *world, f *filters.Field, lookup filters.Lookup) string {
	ids := func(kind string) []string {
		var out []string
		for _, o := range w.objects {
			if o.kind == kind {
				out = append(out, o.id.String())
			}
		}
		return out
	}
	switch {
	case lookup == filters.IsNull:
		return some(t, "truth", []string{"true", "false"})
	case lookup == filters.Regex || lookup == filters.NotRegex || lookup == filters.IRegex || lookup == filters.NotIRegex:
		return some(t, "pattern", patterns)
	}
	switch f.Kind {
	case filters.Boolean, filters.Membership:
		return some(t, "truth", []string{"true", "false"})
	case filters.UUID, filters.Linked:
		return some(t, "id", ids("x.thing"))
	case filters.Reference:
		return some(t, "id", append(ids("x.place"), "null"))
	case filters.NameOrID, filters.Tree, filters.Tag:
		values := append(ids("x.place"), "null")
		for _, o := range w.objects {
			if name := o.data["name"].(string); o.kind == "x.place" && name != "" {
				values = append(values, name)
			}
		}
		return some(t, "named", values)
	case filters.Integer:
		return some(t, "number", numbers)
	case filters.Decimal:
		return some(t, "size", sizes)
	case filters.Date:
		return some(t, "day", days)
	case filters.Time:
		return some(t, "time", times)
	case filters.ContentType:
		return some(t, "kind", kinds)
	case filters.Choice:
		if lookup == filters.Equal {
			return some(t, "choice", []string{"red", "blue", "null"})
		}
	}
	return some(t, "text", append([]string{"null", "s", "M"}, names...))
}

func TestFiltersMeanTheSameEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ctx := context.Background()
		rapid.Check(t, func(rt *rapid.T) {
			w.clear(t)
			drawWorld(rt, w)
			w.save(t)
			for range 12 {
				params := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) filters.Param { return drawParam(rt, w) }), 1, 3).Draw(rt, "params")
				var known filters.Names = s
				if maybe(rt, "by name") {
					known = struct{ filters.Names }{s}
				}
				q, err := w.schema.Parse(ctx, known, params)
				require.NoError(rt, err, "%v", params)
				if maybe(rt, "stored") {
					q = drawStored(rt, w, q)
				}
				found, err := s.Find(ctx, w.thingType(), q, 100)
				require.NoError(rt, err, "%v", params)
				got := make([]string, len(found))
				for i, id := range found {
					got[i] = id.String()
				}
				slices.Sort(got)
				if wanted := w.wanted(q); !slices.Equal(wanted, got) {
					rt.Fatalf("%v: %v\nwant %v", params, w.describe(got), w.describe(wanted))
				}
			}
		})
	})
}

// drawStored is a query as it is read back from a definition, when some of the
// names in it may have gone.
func drawStored(t *rapid.T, w *world, q filters.Query) filters.Query {
	for i := range q {
		q[i].Stored = true
		switch q[i].Field.Kind {
		case filters.NameOrID, filters.Tree, filters.Tag:
			if maybe(t, "gone") {
				q[i].Texts = append(q[i].Texts, "gone")
			}
		case filters.Reference:
			if maybe(t, "gone") {
				q[i].IDs = append(q[i].IDs, uuid.New())
			}
		}
	}
	return q
}

func (w *world) describe(ids []string) []any {
	var out []any
	for _, id := range ids {
		out = append(out, w.byID[uuid.MustParse(id)].data)
	}
	return out
}
