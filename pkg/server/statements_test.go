package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// TestStatementsOfAPage counts the statements of pages with relationships: as
// many for 200 objects as for one, with one definition and with many.
func TestStatementsOfAPage(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		var statements atomic.Int64
		counted := func(path string) int64 {
			// Caches fill first: prepared statements, the catalogue, the definitions.
			r.must(t, http.StatusOK, http.MethodGet, path, nil)
			s.Observe(func(text string) {
				// Whether caches still hold is asked once a second at most.
				if !strings.Contains(text, "from state") && !strings.Contains(text, "from token") {
					statements.Add(1)
				}
			})
			defer s.Observe(nil)
			statements.Store(0)
			res, body := r.ask(t, http.MethodGet, path, "")
			require.Equal(t, http.StatusOK, res.StatusCode, shown(body))
			return statements.Load()
		}
		numbered := func(i int) string {
			return define(t, r, map[string]any{"label": fmt.Sprintf("rel %d", i), "source_filter": filter})
		}
		rel := numbered(0)
		fill(t, r, rel, 0, 200)
		const shows = "/api/dcim/manufacturers/?include=relationships&sort=name&limit="
		one, all := counted(shows+"1"), counted(shows+"200")
		assert.Equal(t, one, all, "an object more costs no statement")
		deepOne, deepAll := counted(shows+"1&depth=1"), counted(shows+"200&depth=1")
		assert.Equal(t, deepOne, deepAll, "nor with its peers written out")
		for i := 1; i <= 30; i++ {
			numbered(i)
		}
		assert.Equal(t, all, counted(shows+"200"), "nor does a definition")
		t.Logf("statements of a page with relationships: %d, at depth 1: %d", all, deepAll)
		// The page, its count, the four fields that count, links and definitions.
		assert.LessOrEqual(t, all, int64(8))
		plain := counted("/api/dcim/manufacturers/?sort=name&limit=200")
		assert.LessOrEqual(t, plain, all-2, "links and definitions take two")
	})
}
