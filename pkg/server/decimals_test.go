package server_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"

	"relata/pkg/store/storetest"
)

func TestDecimalsAreAnsweredAsTextWithAllTheirPlaces(t *testing.T) {
	r := start(t, storetest.New(t))
	kind := r.id(t, "/api/dcim/location-types/", map[string]any{"name": "Site"})
	site := r.must(t, http.StatusCreated, http.MethodPost, "/api/dcim/locations/", map[string]any{
		"name": "A", "location_type": kind, "status": "Active", "latitude": "59.5", "longitude": 10})
	again := r.must(t, http.StatusOK, http.MethodGet, "/api/dcim/locations/"+site["id"].(string)+"/", nil)
	for _, answer := range []map[string]any{site, again} {
		assert.Equal(t, "59.500000", answer["latitude"])
		assert.Equal(t, "10.000000", answer["longitude"])
	}
	maker := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "M"})
	port := r.must(t, http.StatusCreated, http.MethodPost, "/api/dcim/power-port-templates/", map[string]any{"name": "p",
		"device_type": r.id(t, "/api/dcim/device-types/", map[string]any{"manufacturer": maker, "model": "X"})})
	assert.Equal(t, "0.95", port["power_factor"], "by default")
	port = r.must(t, http.StatusOK, http.MethodPatch, "/api/dcim/power-port-templates/"+port["id"].(string)+"/", map[string]any{"power_factor": 0.8})
	assert.Equal(t, "0.80", port["power_factor"])
}
