package server_test

import (
	"cmp"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// relay is a way to a database that can be cut.
type relay struct {
	net.Listener
	to   func() (net.Conn, error)
	mu   sync.Mutex
	cut  bool
	open []net.Conn
}

func newRelay(t *testing.T, network, address string) *relay {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r := &relay{Listener: listener, to: func() (net.Conn, error) { return net.Dial(network, address) }}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			go r.pass(from)
		}
	}()
	t.Cleanup(func() { _ = listener.Close(); r.set(true) })
	return r
}

func (r *relay) pass(from net.Conn) {
	defer from.Close()
	to, err := r.to()
	if err != nil {
		return
	}
	defer to.Close()
	r.mu.Lock()
	if r.cut {
		r.mu.Unlock()
		return
	}
	r.open = append(r.open, from, to)
	r.mu.Unlock()
	go func() { _, _ = io.Copy(to, from); _ = to.Close() }()
	_, _ = io.Copy(from, to)
}

func (r *relay) set(cut bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cut = cut
	if cut {
		for _, c := range r.open {
			_ = c.Close()
		}
		r.open = nil
	}
}

// TestDatabaseGoesAway: requests are told to try again while the database cannot
// be reached, and are answered when it is back.
func TestDatabaseGoesAway(t *testing.T) {
	dsn, err := url.Parse(storetest.Postgres(t))
	require.NoError(t, err)
	network, address, settings := "tcp", dsn.Host, dsn.Query()
	if folder := settings.Get("host"); folder != "" {
		network, address = "unix", filepath.Join(folder, ".s.PGSQL."+cmp.Or(settings.Get("port"), "5432"))
		settings.Del("host")
		settings.Del("port")
		dsn.RawQuery = settings.Encode()
	}
	way := newRelay(t, network, address)
	dsn.Host = way.Addr().String()
	s, err := store.Open(t.Context(), dsn.String(), store.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	r := start(t, s)
	id := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
	rel := r.id(t, "/api/extras/relationships/", map[string]any{"label": "r", "type": "many-to-many", "source_type": "dcim.manufacturer", "destination_type": "dcim.manufacturer"})
	asks := func(want int, ask func(method, path, body string) int) {
		t.Helper()
		for _, path := range []string{"/api/dcim/manufacturers/" + id + "/?include=relationships", "/api/dcim/manufacturers/", "/api/extras/relationship-associations/"} {
			assert.Equal(t, want, ask(http.MethodGet, path, ""), path)
		}
	}
	answers := func(method, path, body string) int {
		res, value := r.ask(t, method, path, body)
		if res.StatusCode == http.StatusServiceUnavailable {
			assert.Equal(t, map[string]any{"detail": "The database does not answer. Please try again later."}, value)
			assert.NotEmpty(t, res.Header.Get("Retry-After"))
		}
		return res.StatusCode
	}
	asks(http.StatusOK, answers)
	way.set(true)
	asks(http.StatusServiceUnavailable, answers)
	for path, body := range map[string]string{
		"/api/dcim/manufacturers/":               `{"name": "n"}`,
		"/api/extras/relationship-associations/": `{"relationship": "` + rel + `", "source_type": "dcim.manufacturer", "source_id": "` + id + `", "destination_type": "dcim.manufacturer", "destination_id": "` + id[:35] + `0"}`,
		"/api/extras/relationships/":             `{"label": "s", "type": "many-to-many", "source_type": "dcim.manufacturer", "destination_type": "dcim.manufacturer"}`,
	} {
		assert.Equal(t, http.StatusServiceUnavailable, answers(http.MethodPost, path, body), path)
	}
	res, _ := r.ask(t, http.MethodGet, "/ready/", "")
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
	way.set(false)
	asks(http.StatusOK, answers)
}
