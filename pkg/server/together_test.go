package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// Requests for single objects are answered together, but never from what was read
// before one of them began: what a client was told is done, the next answer shows,
// whoever else reads the same object meanwhile; and nothing goes back to what it was.
func TestReadersSeeWhatWasWritten(t *testing.T) {
	const writers, readers, rounds = 6, 32, 10
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		rel := define(t, r, nil)
		platform := r.id(t, "/api/dcim/platforms/", map[string]any{"name": "p"})
		var addresses [writers]string
		for i := range writers {
			addresses[i] = "/api/dcim/manufacturers/" + r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": fmt.Sprint("m", i), "description": "0"}) + "/"
		}
		must := func(status int, method, path, body string) any {
			res, value := r.ask(t, method, path, body)
			assert.Equal(t, status, res.StatusCode, "%s %s", method, path)
			return value
		}
		var asked atomic.Int64
		find := func(address string) map[string]any { // in a list and by its address in turn
			if asked.Add(1)%3 > 0 {
				return must(http.StatusOK, http.MethodGet, address+"?include=relationships", "").(map[string]any)
			}
			list := must(http.StatusOK, http.MethodGet, "/api/dcim/manufacturers/?include=relationships", "").(map[string]any)
			for _, one := range list["results"].([]any) {
				if one := one.(map[string]any); strings.Contains(address, one["id"].(string)) {
					return one
				}
			}
			t.Errorf("%s is not in the list", address)
			return nil
		}
		show := func(address string) (number, peers int) {
			one := find(address)
			if one == nil {
				return 0, 0
			}
			_, err := fmt.Sscan(one["description"].(string), &number)
			assert.NoError(t, err)
			panel := one["relationships"].(map[string]any)["made"].(map[string]any)["destination"].(map[string]any)
			return number, len(panel["objects"].([]any))
		}
		var over atomic.Bool
		var writing, reading sync.WaitGroup
		for reader := range readers {
			reading.Go(func() {
				var seen [writers]int
				for i := reader; !over.Load(); i++ {
					now, _ := show(addresses[i%writers])
					assert.GreaterOrEqual(t, now, seen[i%writers], "it was so before")
					seen[i%writers] = now
				}
			})
		}
		for i, address := range addresses {
			writing.Go(func() {
				body := link(rel, strings.Split(address, "/")[4], platform)
				for n := 1; n <= rounds; n++ {
					must(http.StatusOK, http.MethodPatch, address, fmt.Sprintf(`{"description": "%d"}`, n))
					now, peers := show(address)
					assert.Equal(t, [2]int{n, 0}, [2]int{now, peers})
					made := must(http.StatusCreated, http.MethodPost, "/api/extras/relationship-associations/", body).(map[string]any)
					_, peers = show(address)
					assert.Equal(t, 1, peers, "linked")
					must(http.StatusNoContent, http.MethodDelete, fmt.Sprintf("/api/extras/relationship-associations/%v/", made["id"]), "")
					_, peers = show(address)
					assert.Zero(t, peers, "unlinked")
					other := fmt.Sprintf("/api/dcim/manufacturers/%s/", r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": fmt.Sprint("x", i, "-", n)}))
					must(http.StatusOK, http.MethodGet, other, "")
					must(http.StatusNoContent, http.MethodDelete, other, "")
					must(http.StatusNotFound, http.MethodGet, other, "")
				}
			})
		}
		writing.Wait()
		over.Store(true)
		reading.Wait()
	})
}
