package server_test

import (
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"relata/pkg/store/storetest"
)

// An answer that would be too long is refused before it is written.
func TestTooMuchDepthIsRefusedUnwritten(t *testing.T) {
	r := start(t, storetest.New(t))
	r.must(t, http.StatusCreated, http.MethodPost, "/api/extras/object-types/", map[string]any{
		"app_label": "custom", "model": "leaf", "verbose_name": "leaf",
		"fields": []any{map[string]any{"name": "blob", "kind": "json"}}})
	var fields []any
	for _, name := range []string{"a", "b"} {
		fields = append(fields, map[string]any{"name": name, "kind": "reference", "targets": []any{"custom.leaf"}})
	}
	r.must(t, http.StatusCreated, http.MethodPost, "/api/extras/object-types/", map[string]any{
		"app_label": "custom", "model": "node", "verbose_name": "node", "fields": fields})
	leaf := r.id(t, "/api/custom/leafs/", map[string]any{"blob": strings.Repeat("x", 250<<10)})
	var nodes []any
	for range 600 {
		nodes = append(nodes, map[string]any{"a": leaf, "b": leaf})
	}
	r.must(t, http.StatusCreated, http.MethodPost, "/api/custom/nodes/", nodes)
	page := func(path string) (int, uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		res, body := r.ask(t, http.MethodGet, path, "")
		runtime.ReadMemStats(&after)
		if res.StatusCode != http.StatusOK {
			assert.Equal(t, map[string]any{"detail": "The answer would be longer than 268435456 bytes (limit answer_bytes = 268435456). Ask for less depth or a smaller page."}, body)
		}
		return res.StatusCode, after.TotalAlloc - before.TotalAlloc
	}
	status, _ := page("/api/custom/nodes/?limit=10&depth=1")
	assert.Equal(t, http.StatusOK, status)
	status, used := page("/api/custom/nodes/?limit=1000&depth=1")
	assert.Equal(t, http.StatusRequestEntityTooLarge, status)
	assert.Less(t, used, uint64(64<<20), "bytes that were allocated for the answer")
}
