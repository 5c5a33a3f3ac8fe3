package server_test

import (
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store/storetest"
)

// TestChangesAsCSV: what a list takes as JSON for PUT, PATCH and DELETE it takes
// as CSV too, and so does one thing for PUT and PATCH.
func TestChangesAsCSV(t *testing.T) {
	r := start(t, storetest.New(t))
	rel := define(t, r, nil)
	makers := r.bulk(t, "/api/dcim/manufacturers/", []map[string]any{{"name": "m1"}, {"name": "m2"}})
	platform := r.id(t, "/api/dcim/platforms/", map[string]any{"name": "p"})
	tied := r.bulk(t, "/api/extras/relationship-associations/", []map[string]any{{"relationship": rel,
		"source_type": "dcim.manufacturer", "source_id": makers[0], "destination_type": "dcim.platform", "destination_id": platform}})[0]
	const (
		definitions = "/api/extras/relationships/"
		links       = "/api/extras/relationship-associations/"
		objects     = "/api/dcim/manufacturers/"
	)
	required := []any{"This field is required."}
	// The rows lean on each other where they delete, so they run in order.
	steps := []struct {
		name, method, path, body string
		status                   int
		field                    string // of the first thing answered, and what it is then
		want                     any
	}{
		{"PATCH of definitions", "PATCH", definitions, "id,description,source_filter\r\n" + rel + `,a,"{""name"": [""m1"", ""m2""]}"` + "\r\n", 200,
			"source_filter", map[string]any{"name": []any{"m1", "m2"}}},
		{"PATCH of one definition", "PATCH", definitions + rel + "/", "description\nb\n", 200, "description", "b"},
		{"PUT of definitions", "PUT", definitions, "id,label,source_type,destination_type,source_filter\n" + rel + ",other,dcim.manufacturer,dcim.platform,NULL\n", 200, "source_filter", nil},
		{"PUT of one definition without its label", "PUT", definitions + rel + "/", "source_type,destination_type\ndcim.manufacturer,dcim.platform\n", 400, "label", required},
		{"PATCH of associations", "PATCH", links, "id,source_id\n" + tied + "," + makers[1] + "\n", 200, "source_id", makers[1]},
		{"PATCH of one association by a key", "PATCH", links + tied + "/", "relationship__key\nnone\n", 400, "relationship",
			[]any{"Related object not found using the provided attributes: {'key': 'none'}"}},
		{"PATCH of objects", "PATCH", objects, "id,description\n" + makers[0] + ",c\n" + makers[1] + ",d\n", 200, "description", "c"},
		{"PATCH of one object", "PATCH", objects + makers[0] + "/", "description\ne\n", 200, "description", "e"},
		{"a row without an id", "PATCH", definitions, "description\nx\n", 400, "id", required},
		{"an id that is none", "DELETE", definitions, "id\nx\n", 400, "id", []any{"Must be a valid UUID."}},
		{"two rows for one thing", "PATCH", definitions + rel + "/", "description\nx\ny\n", 400, "detail", "CSV parse error - one row is expected, this has 2."},
		{"no row for one thing", "PATCH", definitions + rel + "/", "description\n", 400, "detail", "CSV parse error - one row is expected, this has 0."},
		{"DELETE of associations", "DELETE", links, "id\n" + tied + "\n", 204, "", nil},
		{"DELETE of definitions", "DELETE", definitions, "id,description\n" + rel + ",x\n", 204, "", nil},
		{"DELETE of objects", "DELETE", objects, "id\n" + makers[0] + "\n" + makers[1] + "\n", 204, "", nil},
	}
	for _, tt := range steps {
		res, body := r.ask(t, tt.method, tt.path, tt.body, "Content-Type", "text/csv")
		assert.Equal(t, tt.status, res.StatusCode, "%s: %s", tt.name, shown(body))
		if list, ok := body.([]any); ok && len(list) > 0 {
			body = list[0]
		}
		if first, ok := body.(map[string]any); ok {
			assert.Equal(t, tt.want, first[tt.field], tt.name)
		}
	}
	for _, address := range []string{definitions + rel, links + tied, objects + makers[0], objects + makers[1]} {
		res, _ := r.ask(t, http.MethodGet, address+"/", "")
		assert.Equal(t, http.StatusNotFound, res.StatusCode, address)
	}
}

// The ends of a cable stand in CSV as a body names them.
func TestCableEndsAsCSV(t *testing.T) {
	r := start(t, storetest.New(t))
	active := map[string]any{"name": "Active"}
	site := r.id(t, "/api/dcim/location-types/", map[string]any{"name": "site", "content_types": []string{"dcim.device"}})
	maker := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
	device := r.id(t, "/api/dcim/devices/", map[string]any{"name": "d", "status": active,
		"location":    r.id(t, "/api/dcim/locations/", map[string]any{"name": "l", "location_type": site, "status": active}),
		"role":        r.id(t, "/api/extras/roles/", map[string]any{"name": "r", "content_types": []string{"dcim.device"}}),
		"device_type": r.id(t, "/api/dcim/device-types/", map[string]any{"manufacturer": maker, "model": "x"})})
	var ends []string
	for _, name := range []string{"a", "b"} {
		ends = append(ends, r.id(t, "/api/dcim/interfaces/", map[string]any{"name": name, "type": "1000base-t", "status": active, "device": device}))
	}
	cable := r.id(t, "/api/dcim/cables/", map[string]any{"status": map[string]any{"name": "Connected"}, "terminations": map[string]any{
		"a1": map[string]any{"object_type": "dcim.interface", "id": ends[0]}, "b1": map[string]any{"object_type": "dcim.interface", "id": ends[1]}}})
	_, text := r.ask(t, http.MethodGet, "/api/dcim/cables/"+cable+"/?format=csv", "")
	rows, err := csv.NewReader(strings.NewReader(fmt.Sprint(text))).ReadAll()
	require.NoError(t, err)
	column := slices.Index(rows[0], "terminations")
	assert.JSONEq(t, `{"a1":{"object_type":"dcim.interface","id":"`+ends[0]+`"},"b1":{"object_type":"dcim.interface","id":"`+ends[1]+`"}}`, rows[1][column])
	res, body := r.ask(t, "PATCH", "/api/dcim/cables/", fmt.Sprint(text), "Content-Type", "text/csv")
	assert.Equal(t, http.StatusOK, res.StatusCode, shown(body))
}
