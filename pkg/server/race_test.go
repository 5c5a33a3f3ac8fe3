package server_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/server"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// TestOneToOneUnderLoad has 16 clients link the same few objects one-to-one: no
// object ends up with two peers, whatever they are told meanwhile.
func TestOneToOneUnderLoad(t *testing.T) {
	const writers, ends, rounds = 16, 6, 12
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		rel := define(t, r, map[string]any{"type": "one-to-one"})
		var sources, destinations []string
		for i := range ends {
			sources = append(sources, r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": fmt.Sprintf("m%d", i)}))
			destinations = append(destinations, r.id(t, "/api/dcim/platforms/", map[string]any{"name": fmt.Sprintf("p%d", i)}))
		}
		var group sync.WaitGroup
		var made atomic.Int64
		for w := range writers {
			group.Go(func() {
				for i := range rounds {
					body := link(rel, sources[(w+i)%ends], destinations[(w*5+i*3)%ends])
					res, answer := r.ask(t, http.MethodPost, "/api/extras/relationship-associations/", body)
					switch res.StatusCode {
					case http.StatusCreated:
						made.Add(1)
					case http.StatusBadRequest, http.StatusServiceUnavailable:
					default:
						t.Errorf("%d %s", res.StatusCode, shown(answer))
					}
				}
			})
		}
		group.Wait()
		_, list := r.ask(t, http.MethodGet, "/api/extras/relationship-associations/?limit=0", "")
		results := list.(map[string]any)["results"].([]any)
		require.NotEmpty(t, results)
		assert.EqualValues(t, made.Load(), len(results), "what was answered 201 is there")
		seen := map[string]bool{}
		for _, one := range results {
			for _, end := range []string{"source_id", "destination_id"} {
				id := fmt.Sprint(one.(map[string]any)[end])
				assert.False(t, seen[id], "%s has two peers", id)
				seen[id] = true
			}
		}
	})
}

// TestWritersMeetDeleters has clients write what others delete at the same
// moment: whoever comes second is told so, and nobody meets an error of the server.
func TestWritersMeetDeleters(t *testing.T) {
	const rounds = 40
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		tenant := r.id(t, "/api/tenancy/tenants/", map[string]any{"name": "t"})
		maker := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
		rel := r.id(t, "/api/extras/relationships/", map[string]any{"label": "r", "source_type": "tenancy.tenant", "destination_type": "dcim.manufacturer"})
		link := map[string]any{"relationship": rel, "source_type": "tenancy.tenant", "source_id": tenant, "destination_type": "dcim.manufacturer", "destination_id": maker}
		tests := []struct {
			name, path, change string
			body               map[string]any
			made               bool // before the others start
		}{
			{"an association that is changed", "/api/extras/relationship-associations/", http.MethodPatch, link, true},
			{"an object that is changed", "/api/tenancy/tenants/", http.MethodPatch, map[string]any{"name": "x"}, true},
			{"an object that is made", "/api/tenancy/tenants/", http.MethodPost, map[string]any{"name": "y"}, false},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				for range rounds {
					id := uuid.NewString()
					tt.body["id"] = id
					body, err := json.Marshal(tt.body)
					require.NoError(t, err)
					address, change := tt.path+id+"/", string(body)
					if tt.made {
						r.id(t, tt.path, tt.body)
						change = "{}"
					} else {
						address = tt.path
					}
					var group sync.WaitGroup
					for range 3 {
						for method, path := range map[string]string{tt.change: address, http.MethodDelete: tt.path + id + "/"} {
							group.Go(func() {
								res, answer := r.ask(t, method, path, change)
								if res.StatusCode >= http.StatusInternalServerError && res.StatusCode != http.StatusServiceUnavailable {
									t.Errorf("%s: %d %s", method, res.StatusCode, shown(answer))
								}
							})
						}
					}
					group.Wait()
					r.ask(t, http.MethodDelete, tt.path+id+"/", "")
				}
			})
		}
	})
}

// Many who read objects at once share statements; each gets the object and the
// view that were asked for, under the host that was named, and what is gone is
// gone for those alone who asked for it.
func TestReadersTogetherGetTheirOwn(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s, func(d *server.Deps) { d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
		fill(t, r, define(t, r, map[string]any{"source_filter": filter}), 0, 20)
		type asked struct{ path, host string }
		var all []asked
		want := map[asked]any{}
		page := r.must(t, http.StatusOK, http.MethodGet, "/api/dcim/manufacturers/?limit=20", nil)
		for _, one := range page["results"].([]any) {
			for _, query := range []string{"", "?include=relationships", "?include=relationships&exclude_m2m=true", "?depth=1&include=relationships"} {
				all = append(all, asked{"/api/dcim/manufacturers/" + one.(map[string]any)["id"].(string) + "/" + query, fmt.Sprintf("h%d.example", len(all)%3)})
			}
		}
		for n := range 20 {
			for _, query := range []string{"", "&include=relationships", "&include=relationships&sort=-name", "&depth=1"} {
				all = append(all, asked{fmt.Sprintf("/api/dcim/manufacturers/?limit=7&offset=%d%s", n, query), fmt.Sprintf("h%d.example", len(all)%3)})
			}
		}
		all = append(all, asked{"/api/dcim/manufacturers/" + uuid.NewString() + "/?include=relationships", "h0.example"})
		for _, a := range all {
			_, want[a] = r.ask(t, http.MethodGet, a.path, "", "X-Forwarded-Host", a.host)
		}
		assert.Contains(t, want[all[1]].(map[string]any)["url"], "h1.example")
		assert.Equal(t, map[string]any{"detail": "No Manufacturer matches the given query."}, want[all[len(all)-1]])
		var readers sync.WaitGroup
		for reader := range 16 {
			readers.Go(func() {
				chance := rand.New(rand.NewPCG(uint64(reader), 3))
				for range 60 {
					a := all[chance.IntN(len(all))]
					_, got := r.ask(t, http.MethodGet, a.path, "", "X-Forwarded-Host", a.host)
					assert.Equal(t, want[a], got, a)
				}
			})
		}
		readers.Wait()
	})
}
