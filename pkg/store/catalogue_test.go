package store_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// plausible are conditions with values such as the parser makes, one for each
// way of judging.
func plausible(f *filters.Field, lookup filters.Lookup) []filters.Condition {
	kind := f.Kind
	if f.Values != "" {
		kind = f.Values
	}
	id, other := uuid.New(), uuid.New()
	one := filters.Condition{Field: f, Lookup: lookup, Null: f.Nullable && f.Kind != filters.Method}
	switch {
	case lookup == filters.IsNull, kind == filters.Boolean, kind == filters.Membership:
		no := one
		one.Truth = true
		return []filters.Condition{one, no}
	}
	switch kind {
	case filters.Reference, filters.UUID, filters.Linked:
		one.IDs = []uuid.UUID{id, other}
	case filters.NameOrID, filters.Tree, filters.Tag:
		one.IDs, one.Texts = []uuid.UUID{id}, []string{"1", "2"}
	case filters.Integer, filters.Decimal:
		one.Texts = []string{"1", "20"}
	case filters.Date:
		one.Texts = []string{"2024-01-01", "2025-01-01"}
	case filters.Time:
		one.Texts = []string{"2024-01-01T00:00:00.000000Z", "2025-01-01T00:00:00.000000Z"}
	case filters.Choice:
		one.Texts = f.Choices[:1]
	case filters.Text:
		one.Texts = []string{"10.0.0.1", "10.1.0.0/16", id.String(), "2001:db8::/32"}
	case filters.Search:
		one.Texts = []string{"10.1"}
	default:
		one.Texts = []string{"dcim.device", "a"}
	}
	single := one
	single.Null = false
	if len(one.Texts) > 1 {
		single.Texts = one.Texts[:1]
	}
	if len(one.IDs) > 1 {
		single.IDs = one.IDs[:1]
	}
	if kind == filters.Search || f.SingleValue {
		return []filters.Condition{single}
	}
	stored := one
	stored.Stored = true
	return []filters.Condition{one, single, stored}
}

// Whatever the catalogue says must be SQL that both databases take.
func TestAllFiltersOfTheCatalogueRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		registry, err := objects.NewRegistry(ctx, s)
		require.NoError(t, err)
		cat := registry.Catalogue(ctx)
		began, run := time.Now(), 0
		for _, typ := range cat.Types() {
			for _, f := range cat.Schema(typ).Fields() {
				for _, lookup := range append([]filters.Lookup{filters.Equal}, f.Lookups...) {
					for _, c := range plausible(f, lookup) {
						_, err := s.Find(ctx, typ, filters.Query{c}, 5)
						require.NoError(t, err, "%s %s__%s %+v", typ.Name, f.Name, lookup, c)
						run++
					}
				}
				if c := plausible(f, filters.Equal)[0]; f.Target != "" {
					ids, texts, err := s.Unknown(ctx, f, c.IDs, c.Texts)
					require.NoError(t, err, "%s %s", typ.Name, f.Name)
					require.ElementsMatch(t, ids, c.IDs)
					require.ElementsMatch(t, texts, c.Texts)
				}
			}
		}
		t.Logf("%d queries in %v", run, time.Since(began))
	})
}

// three makes three objects of every type that refer to one another, with a value
// in every plain field; one of them has none.
func three(t *testing.T, s *store.Store, cat *objects.Catalogue) {
	t.Helper()
	value := map[objects.Kind]any{objects.Integer: 7, objects.Decimal: "1.50", objects.Float: 2.5, objects.Boolean: true,
		objects.Time: "2024-01-01T00:00:00.000000Z", objects.Date: "2024-01-01", objects.UUID: uuid.New(), objects.Text: "text", objects.Choice: "choice"}
	ids := map[string][]uuid.UUID{}
	for _, typ := range cat.Types() {
		ids[typ.Name] = []uuid.UUID{uuid.New(), uuid.New(), uuid.New()}
	}
	var rows [][]any
	for _, typ := range cat.Types() {
		for i, id := range ids[typ.Name] {
			data, refs := map[string]any{}, map[string]any{}
			for _, f := range typ.Fields {
				if f.Kind == objects.Reference && f.Held() && len(f.To) > 0 && i > 0 {
					refs[f.Name] = ids[f.To[0]][i*(len(f.Name)%2)]
				} else if v, ok := value[f.Kind]; ok && i > 0 {
					data[f.Name] = v
				}
			}
			data[objects.RefsKey] = refs
			text, err := json.Marshal(data)
			require.NoError(t, err)
			at := (&object{data: map[string]any{"created": fmt.Sprintf("2024-01-01T00:0%d:00Z", i)}}).created()
			rows = append(rows, []any{id, typ.ID, fmt.Sprint(i), "", fmt.Sprint(i), string(text), "", at, at})
		}
	}
	require.NoError(t, s.Insert(context.Background(), "object (id, type_id, name, str, sort_key, data, body, created, last_updated)", rows))
}

func TestAllOrdersOfTheCatalogueRun(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		registry, err := objects.NewRegistry(ctx, s)
		require.NoError(t, err)
		cat := registry.Catalogue(ctx)
		three(t, s, cat)
		for _, typ := range cat.Types() {
			sorts := [][]string{nil, {"-created", "nonsense", "name"}}
			for _, f := range typ.Fields {
				sorts = append(sorts, []string{f.Name}, []string{"-" + f.Name})
				if f.Kind == objects.Count {
					counts, err := s.Counts(ctx, cat, typ, f, []uuid.UUID{uuid.New(), uuid.New()})
					require.NoError(t, err, "%s.%s", typ.Name, f.Name)
					require.Empty(t, counts)
				}
			}
			for _, sort := range sorts {
				list := objects.List{Type: typ, Sort: sort, Limit: 1}
				var offset, after []objects.Shown
				for more := true; more; more = list.After != "" {
					page, next, err := s.ObjectsAfter(ctx, cat, list)
					require.NoError(t, err, "%s by %v", typ.Name, sort)
					after, list.After = append(after, page...), next
				}
				list.Limit = 5
				offset, err = s.Objects(ctx, cat, list)
				require.NoError(t, err, "%s by %v", typ.Name, sort)
				require.Equal(t, offset, after, "%s by %v", typ.Name, sort)
				list.Offset = 1000
				_, err = s.Objects(ctx, cat, list)
				require.NoError(t, err, "%s by %v", typ.Name, sort)
			}
		}
	})
}
