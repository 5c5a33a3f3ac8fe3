package server_test

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// TestOneToOneUnderLoad has 16 clients link the same few objects one-to-one: no
// object ends up with two peers, whatever they are told meanwhile.
func TestOneToOneUnderLoad(t *testing.T) {
	const writers, ends, rounds = 16, 6, 12
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		rel := r.id(t, "/api/extras/relationships/", map[string]any{"label": "pairs", "type": "one-to-one",
			"source_type": "dcim.manufacturer", "destination_type": "dcim.platform"})
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
					body := fmt.Sprintf(`{"relationship": %q, "source_type": "dcim.manufacturer", "source_id": %q, "destination_type": "dcim.platform", "destination_id": %q}`,
						rel, sources[(w+i)%ends], destinations[(w*5+i*3)%ends])
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
