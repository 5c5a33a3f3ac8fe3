package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"relata/pkg/accounts"
	"relata/pkg/server"
	"relata/pkg/store"
)

// texts are the statements that are measured.
type texts struct{ one, page, links, names, insert, bulk string }

// counted notes how many associations there are.
const counted = "insert into count_delta (kind, what, n) values (1, ?, ?)"

// service is relata on a file.
type service struct {
	store   *store.Store
	handler http.Handler
	key     string
}

func newService(ctx context.Context, path string) (*service, error) {
	s, err := store.Open(ctx, "sqlite:"+path, store.Options{})
	if err != nil {
		return nil, err
	}
	handler, err := server.New(ctx, server.Deps{Store: s})
	if err != nil {
		return nil, err
	}
	who := accounts.NewService(s, "", time.Now)
	account, err := who.Create(ctx, "bench-"+uuid.NewString(), uuid.NewString(), true)
	if err != nil {
		return nil, err
	}
	key, _, err := who.NewToken(ctx, account.ID, accounts.TokenDraft{})
	return &service{store: s, handler: handler, key: key}, err
}

func (s *service) request(ctx context.Context, method, address, body string) *http.Request {
	r := httptest.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	r.Header.Set("Authorization", "Token "+s.key)
	r.Header.Set("Content-Type", "application/json")
	return r
}

func draft(source, destination uuid.UUID) string {
	return fmt.Sprintf(`{"relationship":"bench_1","source_type":"dcim.device","source_id":"%s","destination_type":"ipam.vlan","destination_id":"%s"}`,
		source, destination)
}

const (
	devices      = "/api/dcim/devices/"
	associations = "/api/extras/relationship-associations/"
)

// capture has the service answer requests and picks what is measured from the
// statements that it runs. Where it runs others than these, the comparison is to
// be brought up to date.
func capture(ctx context.Context, path string) (texts, error) {
	s, err := newService(ctx, path)
	if err != nil {
		return texts{}, err
	}
	defer s.store.Close()
	var mu sync.Mutex
	var ran []string
	s.store.Observe(func(text string) {
		mu.Lock()
		defer mu.Unlock()
		ran = append(ran, text)
	})
	d := func(n int) uuid.UUID { return id("dcim.device", n) }
	v := func(n int) uuid.UUID { return id("ipam.vlan", n) }
	var t texts
	for _, step := range []struct {
		method, address, body string
		want                  int
		picks                 map[*string]string // where it goes, and how the text begins
	}{
		{"GET", devices + d(3).String() + "/", "", 200, map[*string]string{&t.one: "select o.id, o.type_id, o.name"}},
		{"GET", devices + "?include=relationships", "", 200, map[*string]string{&t.page: "select o.id, o.type_id, o.name", &t.links: "select w.value, 0, "}},
		{"POST", associations, draft(d(1), v(2)), 201, map[*string]string{&t.insert: "insert into assoc ", new(string): counted}},
		{"POST", associations, "[" + draft(d(2), v(3)) + "," + draft(d(3), v(4)) + "]", 201, map[*string]string{&t.bulk: "insert into assoc ", new(string): counted}},
		{"POST", associations, draft(d(1), v(2)), 400, map[*string]string{&t.names: "select o.id, o.type_id, o.str from object o where o.id in"}},
	} {
		ran = nil
		answer := httptest.NewRecorder()
		s.handler.ServeHTTP(answer, s.request(ctx, step.method, step.address, step.body))
		if answer.Code != step.want {
			return t, fmt.Errorf("%s %s: status %d: %.300s", step.method, step.address, answer.Code, answer.Body)
		}
		for into, prefix := range step.picks {
			for _, text := range ran {
				if strings.HasPrefix(text, prefix) && *into == "" {
					*into = text
				}
			}
			if *into == "" {
				return t, fmt.Errorf("%s %s does not run %q any more but\n%s", step.method, step.address, prefix, strings.Join(ran, "\n"))
			}
		}
	}
	return t, nil
}

// serve shows what the server does on SQLite, over HTTP on the loopback.
func serve(ctx context.Context, path string, over time.Duration, callers int) error {
	s, err := newService(ctx, path)
	if err != nil {
		return err
	}
	defer s.store.Close()
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	web := &http.Server{Handler: s.handler, ReadHeaderTimeout: time.Second}
	go func() { _ = web.Serve(listener) }()
	defer web.Close()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: callers}}
	fmt.Println("\n| HTTP on SQLite | (p50, p99) |\n| --- | --- |")
	for _, ask := range []struct {
		name, method string
		what         func(n int) (address, body string)
	}{
		{"one device with relationships", "GET", func(n int) (string, string) {
			return devices + id("dcim.device", n*7919%10_000).String() + "/?include=relationships", ""
		}},
		{"page of 50 devices with relationships", "GET", func(n int) (string, string) {
			return fmt.Sprintf("%s?include=relationships&offset=%d", devices, 50*(n%pageCount)), ""
		}},
		{"POST association", "POST", func(n int) (string, string) {
			return associations, draft(id("dcim.device", n*7919%20_000), id("ipam.vlan", n*104_729%19_997))
		}},
	} {
		r, err := measure(ctx, over, callers, func(n int) error {
			address, body := ask.what(n)
			r := s.request(ctx, ask.method, "http://"+listener.Addr().String()+address, body)
			r.RequestURI = ""
			answer, err := client.Do(r)
			if err != nil {
				return err
			}
			defer answer.Body.Close()
			var all bytes.Buffer
			if _, err := all.ReadFrom(answer.Body); err != nil {
				return err
			}
			if answer.StatusCode >= 500 {
				return fmt.Errorf("status %d: %.300s", answer.StatusCode, all.String())
			}
			return nil
		})
		if err != nil {
			return err
		}
		fmt.Printf("| %s | %s |\n", ask.name, r)
	}
	return nil
}
