package server_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/server"
)

// serving runs Serve until stop is called, which returns its error.
func serving(t *testing.T, handler http.Handler) (address string, stop func() error) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, listener, handler, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(cancel)
	return listener.Addr().String(), func() error {
		cancel()
		return <-done
	}
}

func TestRequestsInFlightFinish(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	address, stop := serving(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		fmt.Fprint(w, "finished")
	}))
	answers := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + address)
		if err != nil {
			answers <- err.Error()
			return
		}
		defer res.Body.Close()
		body, _ := io.ReadAll(res.Body)
		answers <- string(body)
	}()
	<-begun
	stopped := make(chan error, 1)
	go func() { stopped <- stop() }()
	assert.Eventually(t, func() bool {
		c, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	}, 5*time.Second, 10*time.Millisecond, "nobody new is let in")
	close(finish)
	assert.Equal(t, "finished", <-answers)
	assert.NoError(t, <-stopped)
}

// TestWhatNetHTTPRefuses sends what no handler ever sees: it is answered in the
// contract's shape all the same.
func TestWhatNetHTTPRefuses(t *testing.T) {
	address, stop := serving(t, http.NotFoundHandler())
	for _, request := range []string{
		"GET /api/dcim/devices/%zz/ HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /api/ HTTP/1.1\r\n\r\n",
		"GET /api/ HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
		"nonsense\r\n\r\n",
		"GET /api/ HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: identity\r\n\r\n",
		"GET /api/ HTTP/3.0\r\nHost: x\r\n\r\n",
	} {
		c, err := net.Dial("tcp", address)
		require.NoError(t, err)
		_, err = c.Write([]byte(request))
		require.NoError(t, err)
		res, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err, request)
		body, err := io.ReadAll(res.Body)
		require.NoError(t, err)
		_ = c.Close()
		assert.Equal(t, http.StatusBadRequest, res.StatusCode, request)
		assert.Equal(t, "application/json", res.Header.Get("Content-Type"))
		value, err := decoded(body)
		require.NoError(t, err)
		assert.Contains(t, value, "detail")
	}
	assert.NoError(t, stop())
}
