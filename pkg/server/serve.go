package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"
)

// Bounds of a connection. Headers may hold the longest query string there is.
const (
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
	headerBytes   = 2 << 20
	grace         = 10 * time.Second
	// stalled is how long a client may take for a piece of an answer; one that
	// stops reading would keep its request, and what that reads from, for ever.
	stalled = time.Minute
	piece   = 1 << 20
)

// Serve answers on listener until ctx ends; requests in flight then have 10 s to
// finish.
func Serve(ctx context.Context, listener net.Listener, handler http.Handler, log *slog.Logger) error {
	s := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    headerBytes,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	done := make(chan error, 1)
	go func() { done <- s.Serve(clientListener{listener}) }()
	select {
	case err := <-done:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	err := s.Shutdown(end)
	if errors.Is(err, context.DeadlineExceeded) {
		err = errors.Join(fmt.Errorf("requests were still running after %s", grace), s.Close())
	}
	if ended := <-done; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}

// clientListener is the connections of clients.
type clientListener struct{ net.Listener }

func (l clientListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return jsonConn{patientConn{c, stalled}}, nil
}

// patientConn waits so long for a client to take each piece of what is written.
type patientConn struct {
	net.Conn
	patience time.Duration
}

func (c patientConn) Write(b []byte) (written int, err error) {
	for err == nil && written < len(b) {
		if err = c.SetWriteDeadline(time.Now().Add(c.patience)); err != nil {
			break
		}
		var n int
		n, err = c.Conn.Write(b[written:min(len(b), written+piece)])
		written += n
	}
	return written, err
}

// jsonConn has what net/http itself refuses (a path that cannot be decoded,
// headers without end) answered in the contract's shape: net/http writes these
// answers, in plain text, before any handler could.
type jsonConn struct{ net.Conn }

var plainRefusal = []byte("\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n")

func (c jsonConn) Write(b []byte) (int, error) {
	if !bytes.HasPrefix(b, []byte("HTTP/1.1 4")) && !bytes.HasPrefix(b, []byte("HTTP/1.1 50")) {
		return c.Conn.Write(b)
	}
	head, text, found := bytes.Cut(b, plainRefusal)
	if !found || bytes.Contains(head, []byte("\r\n")) {
		return c.Conn.Write(b)
	}
	if head[len("HTTP/1.1 ")] == '5' { // of a transfer encoding or a version: the request is what is wrong
		head = []byte("HTTP/1.1 400 Bad Request")
	}
	body := detail(string(text))
	answer := append([]byte(nil), head...)
	answer = append(answer, "\r\nContent-Type: application/json\r\nContent-Length: "+strconv.Itoa(len(body))+"\r\nConnection: close\r\n\r\n"...)
	if _, err := c.Conn.Write(append(answer, body...)); err != nil {
		return 0, err
	}
	return len(b), nil
}
