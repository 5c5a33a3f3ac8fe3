package server_test

import (
	"net/http"
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
