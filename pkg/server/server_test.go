package server_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"relata/pkg/accounts"
	"relata/pkg/objects"
	"relata/pkg/server"
	"relata/pkg/store"
)

// adminToken is the key of the superuser of every test server.
const adminToken = "0123456789abcdef0123456789abcdef01234567"

// running is a server under test, with what it logged.
type running struct {
	*client
	log *lines
}

// lines is a log that tests read back.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

// entries returns the logged lines that hold text.
func (l *lines) entries(text string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []string
	for line := range strings.Lines(l.buf.String()) {
		if strings.Contains(line, text) {
			out = append(out, strings.TrimSpace(line))
		}
	}
	return out
}

// deps are those of a test server on s, with its superuser.
func deps(t testing.TB, s *store.Store, log *lines) server.Deps {
	t.Helper()
	registry, err := objects.NewRegistry(context.Background(), s)
	require.NoError(t, err)
	people := accounts.NewService(s, "", time.Now)
	_, err = people.EnsureFirst(context.Background(), adminToken)
	require.NoError(t, err)
	return server.Deps{
		Store: s, Accounts: people, Registry: registry, Version: "test",
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelInfo})),
	}
}

// start runs a server on s until the test ends; change alters its deps first.
func start(t testing.TB, s *store.Store, change ...func(*server.Deps)) *running {
	t.Helper()
	log := &lines{}
	d := deps(t, s, log)
	for _, f := range change {
		f(&d)
	}
	e, err := server.New(context.Background(), d)
	require.NoError(t, err)
	h := httptest.NewServer(e)
	t.Cleanup(h.Close)
	return &running{newClient(h.URL, adminToken), log}
}

// ask sends a request, with pairs of names and values in its header, and returns
// the response and its decoded body.
func (r *running) ask(t testing.TB, method, path, body string, header ...string) (*http.Response, any) {
	t.Helper()
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	req, err := http.NewRequest(method, r.base+path, reader)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Token "+r.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, text, err := r.client.do(req)
	require.NoError(t, err)
	value, err := parsed(res, text)
	require.NoError(t, err, text)
	return res, value
}

// must sends a request that has to succeed with that status.
func (r *running) must(t testing.TB, status int, method, path string, body any) map[string]any {
	t.Helper()
	text := ""
	if body != nil {
		raw, err := json.Marshal(body)
		require.NoError(t, err)
		text = string(raw)
	}
	res, value := r.ask(t, method, path, text)
	require.Equal(t, status, res.StatusCode, "%s %s %s: %s", method, path, text, shown(value))
	object, _ := value.(map[string]any)
	return object
}

// id makes an object and returns its id.
func (r *running) id(t testing.TB, path string, body map[string]any) string {
	t.Helper()
	return fmt.Sprint(r.must(t, http.StatusCreated, http.MethodPost, path, body)["id"])
}

// bulk makes several things at once and returns their ids.
func (r *running) bulk(t testing.TB, path string, members []map[string]any) []string {
	t.Helper()
	raw, err := json.Marshal(members)
	require.NoError(t, err)
	res, value := r.ask(t, http.MethodPost, path, string(raw))
	require.Equal(t, http.StatusCreated, res.StatusCode, shown(value))
	var ids []string
	for _, made := range value.([]any) {
		ids = append(ids, fmt.Sprint(made.(map[string]any)["id"]))
	}
	return ids
}
