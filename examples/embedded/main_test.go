package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store/storetest"
)

func TestTheInventoryIsPartOfTheIntranet(t *testing.T) {
	app, err := intranet(context.Background(), storetest.New(t), slog.New(slog.DiscardHandler))
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

func TestWhatWasAskedBeforeTheEndIsAnswered(t *testing.T) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	ctx, end := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, "sqlite:"+filepath.Join(t.TempDir(), "embedded.db"), address) }()
	var conn net.Conn
	require.Eventually(t, func() bool {
		conn, err = net.Dial("tcp", address)
		return err == nil
	}, 30*time.Second, 10*time.Millisecond)
	defer conn.Close()

	const body = `{"name": "late"}`
	request := httptest.NewRequest(http.MethodPost, "/inventory/api/dcim/manufacturers/", nil)
	request.SetBasicAuth("ada", "lovelace")
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: x\r\nAuthorization: %s\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n",
		request.URL.Path, request.Header.Get("Authorization"), len(body))
	require.NoError(t, err)
	reader := bufio.NewReader(conn)
	wanted, err := reader.ReadString('\n') // its body is: it is being worked on
	require.NoError(t, err)
	require.Contains(t, wanted, "100")
	end()
	select {
	case err := <-ended:
		t.Fatalf("ended in the middle of a request: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	_, err = conn.Write([]byte(body))
	require.NoError(t, err)
	_, err = reader.ReadString('\n')
	require.NoError(t, err)
	answer, err := http.ReadResponse(reader, request)
	require.NoError(t, err)
	defer answer.Body.Close()
	assert.Equal(t, http.StatusCreated, answer.StatusCode)
	assert.NoError(t, <-ended)
}
