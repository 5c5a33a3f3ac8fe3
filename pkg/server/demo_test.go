package server_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/accounts"
	"relata/pkg/associations"
	"relata/pkg/exchange"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/server"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// startDemo runs a server on the demo inventory.
func startDemo(t testing.TB, s *store.Store) *running {
	t.Helper()
	r := start(t, s, func(d *server.Deps) {
		ctx := context.Background()
		require.NoError(t, objects.NewService(d.Registry, time.Now).EnsureDefaults(ctx, s))
		loaded, err := exchange.LoadDemo(ctx, func(ctx context.Context, do func(exchange.Target) error) error {
			return s.Atomically(ctx, func(bound *store.Store) error {
				registry := d.Registry.Within(bound)
				definitions := relationships.NewService(bound, registry, time.Now)
				return do(exchange.Target{
					Catalogue: registry.Catalogue, Read: bound, Relationships: definitions,
					Associations: associations.NewService(bound, objects.NewService(registry, time.Now), definitions, time.Now),
					Holder:       accounts.NewService(bound, "", time.Now).Holder,
				})
			})
		})
		require.NoError(t, err)
		require.True(t, loaded)
		require.NoError(t, d.Registry.Refresh(ctx), "the depth of trees is part of the catalogue, which else may be a second old")
	})
	return r
}

// TestDemoIsAnsweredInEveryForm reads what there is of each type in all ways.
func TestDemoIsAnsweredInEveryForm(t *testing.T) {
	catalogue, err := objects.Load()
	require.NoError(t, err)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := startDemo(t, s)
		for _, typ := range catalogue.Types() {
			if typ.Path == "" {
				continue
			}
			path := "/api/" + typ.Path + "/"
			page := r.must(t, http.StatusOK, http.MethodGet, path+"?limit=3", nil)
			results := page["results"].([]any)
			for _, query := range []string{"limit=2", "depth=1", "depth=3&limit=5", "exclude_m2m=false&depth=1", "exclude_m2m=true",
				"include=relationships,computed_fields,config_context&depth=2&limit=10", "sort=-id&offset=1", "after=&limit=2"} {
				r.must(t, http.StatusOK, http.MethodGet, path+"?"+query, nil)
			}
			res, text := r.ask(t, http.MethodGet, path, "", "Accept", "text/csv")
			require.Equal(t, http.StatusOK, res.StatusCode, "%s %s", path, shown(text))
			r.must(t, http.StatusOK, http.MethodOptions, path, nil)
			if len(results) == 0 {
				continue
			}
			first := results[0].(map[string]any)
			assert.NotEmpty(t, first["display"], path)
			assert.NotEmpty(t, first["natural_slug"], path)
			one := r.must(t, http.StatusOK, http.MethodGet, path+fmt.Sprint(first["id"])+"/", nil)
			assert.Equal(t, first, one, "an object reads the same in a list")
			named := map[string]bool{"tags": typ.Field("tags") != nil}
			for _, f := range typ.Fields {
				named[f.Name] = true
			}
			for name := range one {
				assert.True(t, named[name], "%s has %s", path, name)
			}
			for _, f := range typ.Fields {
				_, there := one[f.Name]
				hidden := f.Hidden || f.WriteOnly || f.Derive == "config_context" ||
					f.Kind == objects.References && f.Name != "tags" && f.Name != "content_types" && f.Name != "object_types"
				if !hidden {
					assert.True(t, there, "%s lacks %s", path, f.Name)
				}
			}
		}
	})
}

// TestJunkInEachField sends each piece of junk to each field of one object of
// each type that the demo has, alone.
func TestJunkInEachField(t *testing.T) {
	catalogue, err := objects.Load()
	require.NoError(t, err)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := startDemo(t, s)
		for n, typ := range catalogue.Types() {
			if typ.Path == "" {
				continue
			}
			path := "/api/" + typ.Path + "/"
			results := r.must(t, http.StatusOK, http.MethodGet, path+"?limit=1", nil)["results"].([]any)
			if len(results) == 0 {
				continue
			}
			path += fmt.Sprint(results[0].(map[string]any)["id"]) + "/"
			for m, f := range typ.Fields {
				if f.ReadOnly {
					continue
				}
				pieces := junk
				if testing.Short() || slow {
					pieces = junk[(n+m)%15 : (n+m)%15+2]
				}
				for _, piece := range pieces {
					res, body := r.ask(t, http.MethodPatch, path, fmt.Sprintf("{%q: %s}", f.Name, piece))
					sound(t, res, body, fmt.Sprintf("%s %s %.60s", typ.Name, f.Name, piece))
				}
			}
			res, body := r.ask(t, http.MethodGet, path+"?depth=1&include=relationships", "")
			sound(t, res, body, typ.Name+" afterwards")
		}
	})
}
