package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store/storetest"
)

func TestTheInventoryIsPartOfTheIntranet(t *testing.T) {
	app, err := intranet(context.Background(), storetest.New(t))
	require.NoError(t, err)
	ask := func(method, path, body, user, password string) *httptest.ResponseRecorder {
		request := httptest.NewRequest(method, path, strings.NewReader(body))
		request.Header.Set("Content-Type", "application/json")
		if user != "" {
			request.SetBasicAuth(user, password)
		}
		recorder := httptest.NewRecorder()
		app.ServeHTTP(recorder, request)
		return recorder
	}

	assert.Contains(t, ask(http.MethodGet, "/", "", "", "").Body.String(), "The intranet")
	assert.Equal(t, http.StatusNotFound, ask(http.MethodGet, "/api/extras/relationships/", "", "ada", "lovelace").Code)

	const list = "/inventory/api/extras/relationships/"
	assert.Equal(t, http.StatusForbidden, ask(http.MethodGet, list, "", "", "").Code)
	assert.Equal(t, http.StatusForbidden, ask(http.MethodGet, list, "", "ada", "hopper").Code)
	assert.Equal(t, http.StatusForbidden, ask(http.MethodGet, list, "", "nobody", "").Code)

	answer := ask(http.MethodPost, list, `{"label": "Uplink", "type": "one-to-many",
		"source_type": "dcim.device", "destination_type": "dcim.device"}`, "grace", "hopper")
	require.Equal(t, http.StatusCreated, answer.Code, answer.Body)
	var made struct{ URL string }
	require.NoError(t, json.Unmarshal(answer.Body.Bytes(), &made))
	assert.True(t, strings.HasPrefix(made.URL, "http://example.com"+list), "links lead below the group: %s", made.URL)

	again := ask(http.MethodGet, strings.TrimPrefix(made.URL, "http://example.com"), "", "ada", "lovelace")
	assert.Equal(t, http.StatusOK, again.Code)
	assert.Contains(t, again.Body.String(), `"key":"uplink"`)
	assert.Equal(t, http.StatusOK, ask(http.MethodGet, "/inventory/health/", "", "", "").Code)
}
