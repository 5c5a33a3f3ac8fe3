package server_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// The answers are Nautobot's.
func TestCustomFieldsInAnswersAndFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		for _, kind := range []string{"datetime", "markdown"} {
			r.id(t, "/api/extras/custom-fields/", map[string]any{"label": kind, "key": kind, "type": kind, "content_types": []any{"dcim.manufacturer"}})
		}
		const list = "/api/dcim/manufacturers/"
		made := r.must(t, http.StatusCreated, http.MethodPost, list, map[string]any{"name": "M",
			"custom_fields": map[string]any{"datetime": "2024-01-02T03:04:05.75+01:00", "markdown": "# Head"}})
		want := map[string]any{"datetime": "2024-01-02T02:04:05Z", "markdown": "# Head"}
		assert.Equal(t, want, made["custom_fields"])
		assert.Equal(t, want, r.must(t, http.StatusOK, http.MethodGet, list+made["id"].(string)+"/", nil)["custom_fields"])
		res, body := r.ask(t, http.MethodGet, list+"?format=csv", "")
		assert.Equal(t, http.StatusOK, res.StatusCode)
		assert.Contains(t, shown(body), "2024-01-02T02:04:05Z,# Head")

		tests := []struct {
			query, count string // no count: the filter is unknown
		}{
			{"cf_datetime=2024-01-02T02:04:05Z", "1"},
			{"cf_datetime__gt=2024-01-02T02:04:05Z", "0"},
			{"cf_datetime__gte=2024-01-02T02:04:05Z", "1"},
			{"cf_markdown=head", "1"},
			{"cf_markdown__ic=head", ""},
			{"cf_markdown__n=head", ""},
		}
		for _, tt := range tests {
			t.Run(tt.query, func(t *testing.T) {
				if tt.count == "" {
					res, _ := r.ask(t, http.MethodGet, list+"?"+tt.query, "")
					assert.Equal(t, http.StatusBadRequest, res.StatusCode)
					return
				}
				assert.Equal(t, tt.count, shown(r.must(t, http.StatusOK, http.MethodGet, list+"?"+tt.query, nil)["count"]))
			})
		}
	})
}

// The answers are Nautobot's: "null" is a value that no custom field has.
func TestNullInFiltersOfCustomFields(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		for _, kind := range []string{"text", "url", "integer", "date", "json", "select", "multi-select"} {
			r.id(t, "/api/extras/custom-fields/", map[string]any{"label": kind, "key": "c_" + strings.ReplaceAll(kind, "-", "_"), "type": kind, "content_types": []any{"dcim.manufacturer"}})
		}
		const list = "/api/dcim/manufacturers/"
		r.id(t, list, map[string]any{"name": "M", "custom_fields": map[string]any{"c_text": "null"}})
		r.id(t, list, map[string]any{"name": "N", "custom_fields": map[string]any{"c_text": "x"}})
		tests := []struct {
			query, count string // no count: refused
		}{
			{"c_text=null", "0"}, {"c_text__n=null", "2"}, {"c_text__ic=null", "0"}, {"c_text__nre=null", "2"},
			{"c_text__n=null&cf_c_text__n=x", "1"}, {"c_text__ic=nul", "1"}, {"c_url=null", "0"}, {"c_url__n=null", "2"},
			{"c_integer=null", ""}, {"c_date=null", "0"}, {"c_date__n=null", ""}, {"c_json=null", "0"},
			{"c_select=null", "0"}, {"c_select__n=null", "2"}, {"c_multi_select=null", "0"}, {"c_multi_select__n=null", "2"},
			{"c_text__isnull=true", ""},
		}
		for _, tt := range tests {
			t.Run(tt.query, func(t *testing.T) {
				if tt.count == "" {
					res, _ := r.ask(t, http.MethodGet, list+"?cf_"+tt.query, "")
					assert.Equal(t, http.StatusBadRequest, res.StatusCode)
					return
				}
				assert.Equal(t, tt.count, shown(r.must(t, http.StatusOK, http.MethodGet, list+"?cf_"+tt.query, nil)["count"]))
			})
		}
	})
}

// The answers are Nautobot's.
func TestContentTypesInFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		r.must(t, http.StatusCreated, http.MethodPost, "/api/extras/object-types/", map[string]any{"app_label": "custom", "model": "box", "verbose_name": "box",
			"fields": []any{map[string]any{"name": "status", "kind": "reference", "targets": []any{"extras.status"}}}})
		r.id(t, "/api/extras/export-templates/", map[string]any{"name": "T", "content_type": "dcim.device", "template_code": "x"})
		choice := func(filter, value string) string {
			return `{"` + filter + `":["Select a valid choice. ` + value + ` is not one of the available choices."]}`
		}
		tests := []struct {
			query, want string // a count, or the refusal
		}{
			{"extras/export-templates/?content_type=dcim.device", "1"},
			{"extras/export-templates/?content_type=%20DCIM.Device", "1"},
			{"extras/export-templates/?content_type=zz", "0"},
			{"extras/export-templates/?content_type=zz&content_type=dcim.device", "1"},
			{"extras/export-templates/?content_type__n=dcim.device&content_type__n=dcim.rack", "1"},
			{"extras/export-templates/?content_type__n=zz", "0"},
			{"extras/export-templates/?owner_content_type=null", "0"},
			{"extras/export-templates/?owner_content_type__isnull=true", "1"},
			{"extras/export-templates/?content_type=", "1"},
			{"extras/tags/?content_types=dcim.device", "0"},
			{"extras/tags/?content_types=custom.box", "0"},
			{"extras/tags/?content_types=zz.zz", choice("content_types", "zz.zz")},
			{"extras/tags/?content_types=null", choice("content_types", "null")},
			{"extras/tags/?content_types__n=zz.zz", choice("content_types__n", "zz.zz")},
			{"dcim/locations/?content_type=dcim.interface", choice("content_type", "dcim.interface")},
			{"dcim/cables/?termination_a_type=dcim.device", choice("termination_a_type", "dcim.device")},
			{"dcim/cables/?termination_type=dcim.device", choice("termination_type", "dcim.device")},
			{"dcim/cables/?termination_type=dcim.interface", "0"},
			{"extras/metadata-types/?content_types=zz.zz", choice("content_types", "zz.zz")},
		}
		for _, tt := range tests {
			t.Run(tt.query, func(t *testing.T) {
				_, body := r.ask(t, http.MethodGet, "/api/"+tt.query, "")
				answer, _ := body.(map[string]any)
				if count, ok := answer["count"]; ok {
					assert.Equal(t, tt.want, shown(count))
					return
				}
				assert.JSONEq(t, tt.want, shown(body))
			})
		}
	})
}

// The answers are Nautobot's: of this one choice, no value has a label.
func TestAChoiceThatIsNotMade(t *testing.T) {
	r := start(t, storetest.New(t))
	r.must(t, http.StatusCreated, http.MethodPost, "/api/extras/statuses/", map[string]any{"name": "Ready", "content_types": []any{"dcim.deviceredundancygroup"}})
	const list = "/api/dcim/device-redundancy-groups/"
	none := map[string]any{"value": "", "label": "(unspecified)"}
	made := r.must(t, http.StatusCreated, http.MethodPost, list, map[string]any{"name": "G", "status": "Ready"})
	assert.Equal(t, none, made["failover_strategy"])
	address := list + made["id"].(string) + "/"
	changed := r.must(t, http.StatusOK, http.MethodPatch, address, map[string]any{"failover_strategy": "active-active"})
	assert.Equal(t, map[string]any{"value": "active-active", "label": "Active/Active"}, changed["failover_strategy"])
	changed = r.must(t, http.StatusOK, http.MethodPatch, address, map[string]any{"failover_strategy": nil})
	assert.Equal(t, none, changed["failover_strategy"])
	assert.Equal(t, none, r.must(t, http.StatusOK, http.MethodPut, address, changed)["failover_strategy"], "what was read may be sent back")
	for query, count := range map[string]string{"=": "1", "=active-active": "0", "=null": "0", "__n=": "1"} {
		assert.Equal(t, count, shown(r.must(t, http.StatusOK, http.MethodGet, list+"?failover_strategy"+query, nil)["count"]), query)
	}
}
