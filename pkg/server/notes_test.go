package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/store/storetest"
)

func TestTemplatesHaveNoNotes(t *testing.T) {
	r := start(t, storetest.New(t))
	maker := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "M"})
	kind := r.id(t, "/api/dcim/device-types/", map[string]any{"manufacturer": maker, "model": "T"})
	port := r.id(t, "/api/dcim/power-port-templates/", map[string]any{"device_type": kind, "name": "p"})
	for address, noted := range map[string]bool{"/api/dcim/power-port-templates/" + port + "/": false, "/api/dcim/device-types/" + kind + "/": true} {
		_, answer := r.ask(t, http.MethodGet, address, "")
		object := answer.(map[string]any)
		require.Contains(t, object, "notes_url")
		require.Equal(t, noted, object["notes_url"] != nil, address)
	}
}
