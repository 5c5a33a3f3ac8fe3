package server_test

import (
	"context"
	"database/sql"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/server"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestCountsAreFoldedInTheBackground(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		s, err := store.Open(t.Context(), dsn, store.Options{})
		require.NoError(t, err)
		defer s.Close()
		driver, source := "postgres", dsn
		if path, is := strings.CutPrefix(dsn, "sqlite:"); is {
			driver, source = "sqlite", path
		}
		beside, err := sql.Open(driver, source)
		require.NoError(t, err)
		defer beside.Close()
		r := start(t, s)
		for i := range 5 {
			r.id(t, "/api/tenancy/tenants/", map[string]any{"name": strconv.Itoa(i)})
		}
		repeated := func() int {
			var n int
			require.NoError(t, beside.QueryRow(`select count(*) - count(distinct what) from count_delta where kind = 0`).Scan(&n))
			return n
		}
		require.GreaterOrEqual(t, repeated(), 4)
		ctx, end := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() {
			server.Background(ctx, s, slog.New(slog.DiscardHandler))
			close(ended)
		}()
		assert.Eventually(t, func() bool { return repeated() == 0 }, 4*time.Second, 10*time.Millisecond)
		end()
		<-ended
		list := r.must(t, http.StatusOK, http.MethodGet, "/api/tenancy/tenants/", nil)
		assert.EqualValues(t, "5", shown(list["count"]))
	})
}
