package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestTypesMadeAtRunTime(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		made := r.must(t, http.StatusCreated, http.MethodPost, "/api/extras/object-types/", map[string]any{
			"app_label": "custom", "model": "service", "verbose_name": "service", "verbose_name_plural": "services",
			"fields": []any{
				map[string]any{"name": "name", "kind": "text", "required": true},
				map[string]any{"name": "tier", "kind": "choice", "choices": []any{"gold", "silver"}, "required": true},
				map[string]any{"name": "owner", "kind": "reference", "targets": []any{"tenancy.tenant"}},
			}})
		assert.Equal(t, r.base+"/api/custom/services/", made["objects_url"])

		tenant := r.id(t, "/api/tenancy/tenants/", map[string]any{"name": "T"})
		mail := r.must(t, http.StatusCreated, http.MethodPost, "/api/custom/services/", map[string]any{"name": "mail", "tier": "gold", "owner": tenant})
		assert.Equal(t, map[string]any{"value": "gold", "label": "gold"}, mail["tier"])
		assert.Equal(t, "mail", mail["display"])
		web := r.id(t, "/api/custom/services/", map[string]any{"name": "web", "tier": "silver"})
		res, body := r.ask(t, http.MethodPost, "/api/custom/services/", `{"name": "x", "tier": "bronze"}`)
		assert.Equal(t, http.StatusBadRequest, res.StatusCode)
		assert.Contains(t, shown(body), "tier")

		rel := r.id(t, "/api/extras/relationships/", map[string]any{"label": "needs", "type": "many-to-many",
			"source_type": "custom.service", "destination_type": "custom.service", "source_filter": map[string]any{"tier": []any{"gold"}}})
		r.must(t, http.StatusCreated, http.MethodPost, "/api/extras/relationship-associations/", map[string]any{"relationship": rel,
			"source_type": "custom.service", "source_id": mail["id"], "destination_type": "custom.service", "destination_id": web})
		list := r.must(t, http.StatusOK, http.MethodGet, "/api/custom/services/?tier=gold&include=relationships&depth=1", nil)
		text, err := json.Marshal(list)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"name":"web"`, "the peer is written out")
		list = r.must(t, http.StatusOK, http.MethodGet, "/api/custom/services/?cr_needs__source="+mail["id"].(string), nil)
		assert.EqualValues(t, "1", shown(list["count"]))
		root := r.must(t, http.StatusOK, http.MethodGet, "/api/custom/", nil)
		assert.Equal(t, r.base+"/api/custom/services/", root["services"])
		assert.Contains(t, r.must(t, http.StatusOK, http.MethodGet, "/api/", nil), "custom")

		for _, key := range []string{shown(made["id"]), "custom.service"} {
			assert.Equal(t, made, r.must(t, http.StatusOK, http.MethodGet, "/api/extras/object-types/"+key+"/", nil))
			assert.Equal(t, made, r.must(t, http.StatusOK, http.MethodPut, "/api/extras/object-types/"+key+"/", made), "what was read may be sent back")
		}
		assert.EqualValues(t, "1", shown(r.must(t, http.StatusOK, http.MethodGet, "/api/extras/object-types/", nil)["count"]))
		res, body = r.ask(t, http.MethodPost, "/api/extras/object-types/", `{"app_label": "custom", "modul": "x"}`)
		require.Equal(t, http.StatusBadRequest, res.StatusCode)
		assert.Contains(t, shown(body), "modul", "a misspelt name is told")
		res, body = r.ask(t, http.MethodDelete, "/api/extras/object-types/custom.service/", "")
		assert.Equal(t, http.StatusConflict, res.StatusCode, shown(body))

		fields := append(made["fields"].([]any), map[string]any{"name": "note", "kind": "text"})
		r.must(t, http.StatusOK, http.MethodPatch, "/api/extras/object-types/custom.service/", map[string]any{"fields": fields})
		changed := r.must(t, http.StatusOK, http.MethodPatch, "/api/custom/services/"+web+"/", map[string]any{"note": "new"})
		assert.Equal(t, "new", changed["note"])

		r.must(t, http.StatusNoContent, http.MethodDelete, "/api/extras/relationships/"+rel+"/", nil)
		for _, id := range []string{web, mail["id"].(string)} {
			r.must(t, http.StatusNoContent, http.MethodDelete, "/api/custom/services/"+id+"/", nil)
		}
		r.must(t, http.StatusNoContent, http.MethodDelete, "/api/extras/object-types/custom.service/", nil)
		res, _ = r.ask(t, http.MethodGet, "/api/custom/services/", "")
		assert.Equal(t, http.StatusNotFound, res.StatusCode)
	})
}

// crates makes a type of one field, which it returns, and waits until the other
// server knows it.
func crates(t *testing.T, here, there *running) (name map[string]any) {
	t.Helper()
	name = map[string]any{"name": "name", "kind": "text", "required": true}
	here.must(t, http.StatusCreated, http.MethodPost, "/api/extras/object-types/", map[string]any{
		"app_label": "custom", "model": "crate", "verbose_name": "crate", "verbose_name_plural": "crates", "fields": []any{name}})
	require.Eventually(t, func() bool {
		res, _ := there.ask(t, http.MethodGet, "/api/custom/crates/", "")
		return res.StatusCode == http.StatusOK
	}, 5*time.Second, 10*time.Millisecond)
	return name
}

// Another server trusts its catalogue for a second; what it writes is judged by
// the type as it is.
func TestObjectsAreJudgedByTheTypeAsItIs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		here, there := start(t, s), start(t, s)
		name := crates(t, here, there)
		first := there.id(t, "/api/custom/crates/", map[string]any{"name": "first"})

		size := map[string]any{"name": "size", "kind": "integer", "default": 7}
		here.must(t, http.StatusOK, http.MethodPatch, "/api/extras/object-types/custom.crate/", map[string]any{"fields": []any{name, size}})
		second := there.id(t, "/api/custom/crates/", map[string]any{"name": "second"})
		assert.EqualValues(t, "7", shown(here.must(t, http.StatusOK, http.MethodGet, "/api/custom/crates/"+second+"/", nil)["size"]))

		size = map[string]any{"name": "size", "kind": "integer", "unique": true}
		here.must(t, http.StatusNoContent, http.MethodDelete, "/api/custom/crates/"+first+"/", nil)
		here.must(t, http.StatusOK, http.MethodPatch, "/api/extras/object-types/custom.crate/", map[string]any{"fields": []any{name, size}})
		res, body := there.ask(t, http.MethodPost, "/api/custom/crates/", `{"name": "third", "size": 7}`)
		assert.Equal(t, http.StatusBadRequest, res.StatusCode, "the second crate has that size: %s", shown(body))

		here.must(t, http.StatusOK, http.MethodPatch, "/api/extras/object-types/custom.crate/", map[string]any{"verbose_name": "box"})
		there.must(t, http.StatusOK, http.MethodPatch, "/api/custom/crates/"+second+"/", map[string]any{"name": "2"})

		here.must(t, http.StatusNoContent, http.MethodDelete, "/api/custom/crates/"+second+"/", nil)
		here.must(t, http.StatusNoContent, http.MethodDelete, "/api/extras/object-types/custom.crate/", nil)
		res, _ = there.ask(t, http.MethodPost, "/api/custom/crates/", `{"name": "fourth"}`)
		assert.Equal(t, http.StatusNotFound, res.StatusCode)
	})
}

func TestNoObjectEscapesTheChangeOfItsType(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		servers := []*running{start(t, s), start(t, s)}
		fields := []any{crates(t, servers[0], servers[1])}
		var wait sync.WaitGroup
		over := make(chan struct{})
		for writer := range 8 {
			wait.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-over:
						return
					default:
						res, body := servers[writer%2].ask(t, http.MethodPost, "/api/custom/crates/", fmt.Sprintf(`[{"name": "%d-%d"}, {"name": "%d-%d b"}]`, writer, i, writer, i))
						assert.Contains(t, []int{http.StatusCreated, http.StatusServiceUnavailable}, res.StatusCode, shown(body))
					}
				}
			})
		}
		const changes = 6
		for i := range changes {
			fields = append(fields, map[string]any{"name": fmt.Sprintf("field%d", i), "kind": "integer", "default": i})
			servers[i%2].must(t, http.StatusOK, http.MethodPatch, "/api/extras/object-types/custom.crate/", map[string]any{"fields": fields})
		}
		close(over)
		wait.Wait()
		for i := range changes {
			missed := servers[0].must(t, http.StatusOK, http.MethodGet, fmt.Sprintf("/api/custom/crates/?field%d__isnull=true&limit=3", i), nil)
			assert.EqualValues(t, "0", shown(missed["count"]), "field%d: %s", i, shown(missed))
		}
	})
}
