package server_test

import (
	"encoding/json"
	"net/http"
	"testing"

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
