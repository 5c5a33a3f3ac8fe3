package server_test

import (
	"fmt"
	"math/rand"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// An object on which the regular expressions of a definition take too long is
// refused after a second. Requests for other objects that wait for the same reading
// are answered long before that.
func TestASlowPatternKeepsNobodyElseWaiting(t *testing.T) {
	if slow {
		t.Skip("a single text takes SQLite seconds")
	}
	// Each takes a good part of a second on many letters that come in no order, and
	// nothing on a short text.
	var patterns []string
	for i := range 12 {
		patterns = append(patterns, fmt.Sprintf("a.{250}%d", i))
	}
	random := rand.New(rand.NewSource(1))
	letters := make([]byte, 150_000)
	for i := range letters {
		letters[i] = "ab"[random.Intn(2)]
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		members := []map[string]any{{"name": "slow", "comments": string(letters)}}
		for i := range s.AtOnce() + 10 {
			members = append(members, map[string]any{"name": fmt.Sprint("quick ", i), "comments": "b"})
		}
		ids := r.bulk(t, "/api/tenancy/tenants/", members)
		r.id(t, "/api/extras/relationships/", map[string]any{"label": "patterned", "type": "many-to-many",
			"source_type": "tenancy.tenant", "destination_type": "dcim.manufacturer", "source_filter": map[string]any{"comments__re": patterns}})
		for _, list := range []bool{false, true} {
			t.Run(map[bool]string{false: "objects", true: "pages"}[list], func(t *testing.T) {
				ask := func(id string) (int, string, time.Duration) {
					path := "/api/tenancy/tenants/" + id + "/?include=relationships"
					if list {
						path = "/api/tenancy/tenants/?include=relationships&id=" + id
					}
					began := time.Now()
					res, value := r.ask(t, http.MethodGet, path, "")
					return res.StatusCode, shown(value), time.Since(began)
				}
				ask(ids[1]) // what is read once is read
				var longest time.Duration
				for range 3 { // the machine may have much else to do
					longest = answered(t, s, ids, ask)
					if longest < 900*time.Millisecond {
						break
					}
				}
				assert.Less(t, longest, 900*time.Millisecond)
			})
		}
	})
}

// answered asks for the things of ids, the first of which is slow, while as many as
// may run at once do: those behind them wait together. It returns how long the others
// took.
func answered(t *testing.T, s *store.Store, ids []string, ask func(id string) (int, string, time.Duration)) (longest time.Duration) {
	var mu sync.Mutex
	var asking sync.WaitGroup
	quick := func(id string) {
		asking.Go(func() {
			status, text, took := ask(id)
			assert.Equal(t, http.StatusOK, status, text)
			mu.Lock()
			defer mu.Unlock()
			longest = max(longest, took)
		})
	}
	first := int64(s.AtOnce())
	var begun atomic.Int64
	s.Observe(func(text string) {
		if strings.Contains(text, "assoc") && begun.Add(1) <= first {
			time.Sleep(40 * time.Millisecond)
		}
	})
	defer s.Observe(nil)
	for _, id := range ids[1 : 1+first] {
		quick(id)
	}
	require.Eventually(t, func() bool { return begun.Load() >= first }, 10*time.Second, time.Millisecond)
	asking.Go(func() {
		status, text, _ := ask(ids[0])
		assert.Equal(t, http.StatusBadRequest, status)
		assert.Contains(t, text, "takes too long")
	})
	for _, id := range ids[1+first:] {
		quick(id)
	}
	asking.Wait()
	return longest
}
