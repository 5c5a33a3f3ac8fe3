package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strconv"
	"sync"
	"time"
)

// result is what one run came to.
type result struct {
	rate     float64 // per second
	p50, p99 time.Duration
}

func newResult(took []time.Duration, over time.Duration) result {
	if len(took) == 0 {
		return result{}
	}
	slices.Sort(took)
	return result{rate: float64(len(took)) / over.Seconds(), p50: took[len(took)/2], p99: took[len(took)*99/100]}
}

// median is the run in the middle, by rate.
func median(runs []result) result {
	slices.SortFunc(runs, func(a, b result) int { return int(1000 * (a.rate - b.rate)) })
	return runs[len(runs)/2]
}

// request is an HTTP request as it goes over the wire.
type request []byte

// maker appends the head and body of requests.
type maker struct{ host, token string }

func (m maker) request(method, path string, body []byte) request {
	r := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Token %s\r\nAccept: application/json\r\n", method, path, m.host, m.token)
	if body != nil {
		r = fmt.Appendf(r, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return append(append(r, "\r\n"...), body...)
}

// caller is a connection that stays open. It does as little as it can: the
// load generator shares the processors with the server.
type caller struct {
	conn net.Conn
	in   *bufio.Reader
	body []byte
}

func call(host string) (*caller, error) {
	conn, err := net.Dial("tcp", host)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, in: bufio.NewReaderSize(conn, 64<<10)}, nil
}

func (c *caller) close() { _ = c.conn.Close() }

// do sends r and returns the status; the body lies in c.body until the next call.
func (c *caller) do(r request) (int, error) {
	if _, err := c.conn.Write(r); err != nil {
		return 0, err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return 0, err
	}
	if len(line) < 12 {
		return 0, fmt.Errorf("answer begins %q", line)
	}
	status, err := strconv.Atoi(string(line[9:12]))
	if err != nil {
		return 0, err
	}
	length := -1
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return 0, err
		}
		name, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte(": "))
		switch {
		case !ok:
			return status, c.read(length)
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = strconv.Atoi(string(value)); err != nil {
				return 0, err
			}
		case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(value, []byte("close")):
			return 0, errors.New("the server closes its connections")
		}
	}
}

// read reads a body of a known length, or one in chunks.
func (c *caller) read(length int) error {
	c.body = c.body[:0]
	if length >= 0 {
		return c.more(length)
	}
	for {
		line, err := c.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		size, err := strconv.ParseInt(string(bytes.TrimSpace(line)), 16, 32)
		if err != nil {
			return err
		}
		if err := c.more(int(size)); err != nil {
			return err
		}
		if _, err := c.in.Discard(2); err != nil {
			return err
		}
		if size == 0 {
			return nil
		}
	}
}

func (c *caller) more(n int) error {
	had := len(c.body)
	c.body = slices.Grow(c.body, n)[:had+n]
	_, err := io.ReadFull(c.in, c.body[had:])
	return err
}

// load sends what next gives over several connections until time is up. Every
// answer must have the wanted status.
func load16(ctx context.Context, host string, connections int, warm, over time.Duration, want int, next func(worker, n int) request) (result, error) {
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex
		all   []time.Duration
		fault error
	)
	begin := time.Now().Add(warm)
	end := begin.Add(over)
	for worker := range connections {
		wait.Go(func() {
			took, err := callUntil(ctx, host, begin, end, want, func(n int) request { return next(worker, n) })
			mu.Lock()
			defer mu.Unlock()
			all, fault = append(all, took...), errors.Join(fault, err)
		})
	}
	wait.Wait()
	return newResult(all, over), fault
}

func callUntil(ctx context.Context, host string, begin, end time.Time, want int, next func(int) request) ([]time.Duration, error) {
	c, err := call(host)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var took []time.Duration
	for n := 0; ctx.Err() == nil; n++ {
		r := next(n)
		sent := time.Now()
		status, err := c.do(r)
		done := time.Now()
		switch {
		case err != nil:
			return nil, err
		case status != want:
			return nil, fmt.Errorf("status %d: %.400s", status, c.body)
		case done.After(end):
			return took, nil
		case sent.After(begin):
			took = append(took, done.Sub(sent))
		}
	}
	return nil, ctx.Err()
}

// must sends r and wants that status.
func (c *caller) must(r request, want int) error {
	status, err := c.do(r)
	if err == nil && status != want {
		err = fmt.Errorf("status %d: %.400s", status, c.body)
	}
	return err
}
