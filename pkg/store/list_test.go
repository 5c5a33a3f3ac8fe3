package store_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// tenants makes objects of a small type of the catalogue, some of which stand in
// a group, and returns it with the type.
func tenants(t *testing.T, s *store.Store, n int) (*objects.Catalogue, *objects.Type) {
	t.Helper()
	ctx := context.Background()
	registry, err := objects.NewRegistry(ctx, s)
	require.NoError(t, err)
	cat := registry.Catalogue(ctx)
	tenant, group := cat.Type("tenancy.tenant"), cat.Type("tenancy.tenantgroup")
	var rows, refs [][]any
	add := func(typ *objects.Type, i int, name string, data map[string]any) uuid.UUID {
		id := uuid.New()
		data["name"] = name
		text, err := json.Marshal(data)
		require.NoError(t, err)
		at := fmt.Sprintf("2024-01-01T00:%02d:00Z", i%60)
		created := (&object{data: map[string]any{"created": at}}).created()
		rows = append(rows, []any{id, typ.ID, name, name + "!", name, string(text), `"name":"` + name + `"`, created, created})
		return id
	}
	var groups []uuid.UUID
	for i := range 3 {
		groups = append(groups, add(group, i, fmt.Sprintf("group %d", 3-i), map[string]any{}))
	}
	for i := range n {
		data := map[string]any{"description": []string{"x", "y", ""}[i%3]}
		if i%5 == 0 {
			data["description"] = nil
		}
		if i%4 > 0 {
			data[objects.RefsKey] = map[string]any{"tenant_group": groups[i%4-1]}
		}
		id := add(tenant, i, fmt.Sprintf("tenant %03d", (i*37)%n), data)
		if i%4 > 0 {
			refs = append(refs, []any{id, tenant.Field("tenant_group").ID, groups[i%4-1], 0})
		}
	}
	require.NoError(t, s.Insert(ctx, "object (id, type_id, name, str, sort_key, data, body, created, last_updated)", rows))
	require.NoError(t, s.Insert(ctx, "object_ref (object_id, field_id, target_id, position)", refs))
	return cat, tenant
}

var sorts = [][]string{nil, {"name"}, {"-name"}, {"description"}, {"-description", "name"}, {"created"}, {"-created", "-name"},
	{"tenant_group"}, {"-tenant_group", "id"}, {"nonsense", "tenant_group", "-name"}, {"id"}, {"-id"}}

// A list in pages, by offset or by cursor, is the list.
func TestPagesAddUpToTheList(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		const n = 230
		cat, tenant := tenants(t, s, n)
		for _, sort := range sorts {
			whole, err := s.Objects(ctx, cat, objects.List{Type: tenant, Sort: sort})
			require.NoError(t, err)
			require.Len(t, whole, n)
			for _, limit := range []int{7, 100} {
				list := objects.List{Type: tenant, Sort: sort, Limit: limit}
				var paged []objects.Shown
				for ; list.Offset < n; list.Offset += limit {
					page, err := s.Objects(ctx, cat, list)
					require.NoError(t, err)
					paged = append(paged, page...)
				}
				require.Equal(t, whole, paged, "offset, by %v", sort)
				list, paged = objects.List{Type: tenant, Sort: sort, Limit: limit, Keyset: true}, nil
				for more := true; more; more = list.After != "" {
					page, next, err := s.ObjectsAfter(ctx, cat, list)
					require.NoError(t, err)
					paged, list.After = append(paged, page...), next
				}
				require.Equal(t, whole, paged, "cursor, by %v", sort)
			}
		}
	})
}

func TestListsAreInOrder(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		cat, tenant := tenants(t, s, 20)
		names := func(sort ...string) []string {
			rows, err := s.Objects(ctx, cat, objects.List{Type: tenant, Sort: sort})
			require.NoError(t, err)
			out := make([]string, len(rows))
			for i, row := range rows {
				out[i] = row.Name
			}
			return out
		}
		sorted := names("name")
		assert.True(t, slices.IsSorted(sorted))
		reversed := names("-name")
		slices.Reverse(reversed)
		assert.Equal(t, sorted, reversed)

		rows, err := s.Objects(ctx, cat, objects.List{Type: tenant, Sort: []string{"description", "name"}})
		require.NoError(t, err)
		assert.Contains(t, string(rows[0].Data), `""`)
		assert.Contains(t, string(rows[19].Data), `null`, "null stands last")
		rows, err = s.Objects(ctx, cat, objects.List{Type: tenant, Sort: []string{"-description", "name"}})
		require.NoError(t, err)
		assert.Contains(t, string(rows[0].Data), `null`, "or first, descending")
		assert.Equal(t, `"name":"`+rows[0].Name+`"`, string(rows[0].Body))

		rows, err = s.Objects(ctx, cat, objects.List{Type: tenant, Sort: []string{"tenant_group", "name"}})
		require.NoError(t, err)
		var groups []string
		for _, row := range rows {
			group := ""
			links, err := s.Targets(ctx, []uuid.UUID{row.ID}, []int32{tenant.Field("tenant_group").ID})
			require.NoError(t, err)
			for _, link := range links {
				found, err := s.Stored(ctx, []uuid.UUID{link.Target})
				require.NoError(t, err)
				group = found[0].Name
			}
			groups = append(groups, group)
		}
		assert.Equal(t, []string{"group 1", "group 2", "group 3", ""}, slices.Compact(groups), "by the names of what is referred to")
		assert.Equal(t, rows[0].Name+"!", rows[0].Str)
	})
}

func TestStrangeCursors(t *testing.T) {
	s := storetest.New(t)
	ctx := context.Background()
	cat, tenant := tenants(t, s, 20)
	_, good, err := s.ObjectsAfter(ctx, cat, objects.List{Type: tenant, Limit: 5, Keyset: true})
	require.NoError(t, err)
	for _, after := range []string{"x", "e30", good[1:], good + "=", uuid.NewString()} {
		_, _, err := s.ObjectsAfter(ctx, cat, objects.List{Type: tenant, Limit: 5, Keyset: true, After: after})
		assert.ErrorIs(t, err, fault.Invalid, after)
	}
	_, _, err = s.ObjectsAfter(ctx, cat, objects.List{Type: tenant, Sort: []string{"created"}, Limit: 5, Keyset: true, After: good})
	assert.ErrorIs(t, err, fault.Invalid, "a cursor of another order")
}

// A cursor comes from outside: what is no time is none of a list by time.
func TestStrangeTimesInCursors(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		cat, tenant := tenants(t, s, 20)
		list := objects.List{Type: tenant, Sort: []string{"created"}, Limit: 5, Keyset: true}
		_, next, err := s.ObjectsAfter(ctx, cat, list)
		require.NoError(t, err)
		list.After = next
		_, _, err = s.ObjectsAfter(ctx, cat, list)
		require.NoError(t, err)
		for _, moment := range []string{"", " 5 ", "1.5", "2026-02-30 00:00:00+00", "2026-11-22 62:26:46.598096+00", "0000-01-01 00:00:00+00",
			"294277-01-01 00:00:00+00", "2026-01-01 00:00:00+99", "2026-01-01 00:00:00-16:30", "99999999999999999999", "now", "2026-01-01"} {
			cursor, err := json.Marshal(map[string]any{"k": []string{"created"}, "v": []string{moment}, "i": uuid.New()})
			require.NoError(t, err)
			list.After = base64.RawURLEncoding.EncodeToString(cursor)
			_, _, err = s.ObjectsAfter(ctx, cat, list)
			assert.ErrorIs(t, err, fault.Invalid, moment)
		}
	})
}

func TestCountsAreFolded(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		cat, tenant := tenants(t, s, 10)
		note := func(typ *objects.Type, n int) {
			require.NoError(t, s.ChangeObjects(ctx, func(tx objects.Tx) error { return tx.CountObjects(ctx, typ.ID, n) }))
		}
		left := 0
		for range 50 {
			n := rand.IntN(9) - 3
			left += n
			note(tenant, n)
		}
		note(cat.Type("dcim.device"), 4)
		for range 2 {
			count, err := s.ObjectCount(ctx, tenant, nil)
			require.NoError(t, err)
			assert.Equal(t, left, count)
			require.NoError(t, s.FoldCounts(ctx))
		}
		var rows int
		require.NoError(t, s.Scalar(ctx, &rows, `select count(*) from count_delta`))
		assert.LessOrEqual(t, rows, 2)

		q := filters.Query{{Field: cat.Schema(tenant).Field("name"), Lookup: filters.StartsWith, Texts: []string{"Tenant"}}}
		count, err := s.ObjectCount(ctx, tenant, q)
		require.NoError(t, err)
		assert.Equal(t, 10, count, "with a filter rows are counted")
	})
}

func TestReferencesAndCountsOfPages(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		cat, tenant := tenants(t, s, 12)
		rows, err := s.Objects(ctx, cat, objects.List{Type: tenant})
		require.NoError(t, err)
		var ids []uuid.UUID
		for _, row := range rows {
			ids = append(ids, row.ID)
		}
		statements := 0
		s.Observe(func(string) { statements++ })
		group := tenant.Field("tenant_group").ID
		held, err := s.References(ctx, ids, []int32{group}, nil)
		require.NoError(t, err)
		require.Len(t, held, 9)
		links := held[0].Links
		require.Len(t, links, 1)
		assert.Regexp(t, "^group [123]$", links[0].Name)
		assert.Equal(t, group, links[0].Field)
		assert.Equal(t, cat.Type("tenancy.tenantgroup").ID, links[0].Type)
		counts, err := s.Counts(ctx, cat, cat.Type("tenancy.tenantgroup"), cat.Type("tenancy.tenantgroup").Field("tenant_count"),
			[]uuid.UUID{links[0].Target, uuid.New()})
		require.NoError(t, err)
		assert.Equal(t, map[uuid.UUID]int{links[0].Target: 3}, counts)
		byID, err := s.ObjectsByID(ctx, append(ids, uuid.New()))
		require.NoError(t, err)
		assert.ElementsMatch(t, rows, byID)
		assert.Equal(t, 3, statements)
		s.Observe(nil)

		held, err = s.References(ctx, []uuid.UUID{links[0].Target, ids[0]}, nil, []int32{group})
		require.NoError(t, err)
		back := 0
		for _, h := range held {
			for _, l := range h.Links {
				assert.Empty(t, l.Name, "a name that was not asked for")
				assert.Equal(t, h.Holder == links[0].Target, l.Back)
				if l.Back {
					back++
					assert.Equal(t, tenant.ID, l.Type)
				}
			}
		}
		assert.Equal(t, 3, back, "tenants of the group")
		lean, err := s.LeanByID(ctx, ids)
		require.NoError(t, err)
		require.Len(t, lean, len(rows))
		assert.Empty(t, lean[0].Data)
		assert.NotEmpty(t, lean[0].Body)
	})
}
