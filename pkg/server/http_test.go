package server_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/accounts"
	"relata/pkg/server"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestHealthAndReadiness(t *testing.T) {
	s := storetest.New(t)
	r := start(t, s)
	for _, path := range []string{"/health", "/health/", "/ready", "/ready/"} {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			res, _ := r.ask(t, method, path, "", "Authorization", "")
			assert.Equal(t, http.StatusOK, res.StatusCode, "%s %s", method, path)
		}
	}
	require.NoError(t, s.Close())
	res, _ := r.ask(t, http.MethodGet, "/health/", "")
	assert.Equal(t, http.StatusOK, res.StatusCode, "alive without its database")
	res, _ = r.ask(t, http.MethodGet, "/ready/", "")
	assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode)
}

func TestBodyThatDoesNotComeIsNotWaitedForLong(t *testing.T) {
	r := start(t, storetest.New(t), func(d *server.Deps) { d.RequestTimeout = time.Second })
	host := strings.TrimPrefix(r.base, "http://")
	tests := []struct {
		name, method, path, token string
		want                      int
	}{
		{"which is read", http.MethodPost, "/api/dcim/manufacturers/", adminToken, http.StatusBadRequest},
		{"which nobody asked for", http.MethodGet, "/api/dcim/manufacturers/", adminToken, http.StatusOK},
		{"of a caller who is not known", http.MethodPost, "/api/dcim/manufacturers/", "x", http.StatusForbidden},
		{"for an address that is none", http.MethodPost, "/api/nowhere/", adminToken, http.StatusNotFound},
		{"for a probe", http.MethodGet, "/health/", "x", http.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			conn, err := net.Dial("tcp", host)
			require.NoError(t, err)
			defer conn.Close()
			require.NoError(t, conn.SetDeadline(time.Now().Add(20*time.Second)))
			_, err = fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Token %s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
				tt.method, tt.path, host, tt.token)
			require.NoError(t, err)
			res, err := http.ReadResponse(bufio.NewReader(conn), nil)
			require.NoError(t, err)
			defer res.Body.Close()
			assert.Equal(t, tt.want, res.StatusCode)
		})
	}
}

// Many clients read no answer before they have sent everything.
func TestTooLargeBodyIsAnsweredAndNotCutOff(t *testing.T) {
	r := start(t, storetest.New(t))
	host := strings.TrimPrefix(r.base, "http://")
	conn, err := net.Dial("tcp", host)
	require.NoError(t, err)
	defer conn.Close()
	const size = 24 << 20
	_, err = fmt.Fprintf(conn, "POST /api/dcim/manufacturers/ HTTP/1.1\r\nHost: %s\r\nAuthorization: Token %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
		host, adminToken, size)
	require.NoError(t, err)
	_, err = conn.Write(bytes.Repeat([]byte(" "), size))
	require.NoError(t, err, "all of it is taken")
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	assert.Equal(t, http.StatusRequestEntityTooLarge, res.StatusCode)
}

func TestRequestID(t *testing.T) {
	r := start(t, storetest.New(t))
	tests := []struct {
		name, sent string
		kept       bool
	}{
		{"none is made", "", false},
		{"a plain one is kept", "abc-123.def", true},
		{"one with other characters is replaced", "a b\"c", false},
		{"a long one is replaced", strings.Repeat("x", 200), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, _ := r.ask(t, http.MethodGet, "/api/nowhere/", "", "X-Request-Id", tt.sent)
			id := res.Header.Get("X-Request-Id")
			require.NotEmpty(t, id)
			assert.Equal(t, tt.kept, id == tt.sent)
			assert.NotEmpty(t, r.log.entries("request_id="+id), "stands in the log")
		})
	}
}

func TestPanicsAndInternalErrors(t *testing.T) {
	s := storetest.New(t)
	r := start(t, s, func(d *server.Deps) {
		d.Authenticate = func(c echo.Context) (accounts.Account, bool) {
			panic("the secret is 42")
		}
	})
	res, body := r.ask(t, http.MethodGet, "/api/status/", "")
	assert.Equal(t, http.StatusInternalServerError, res.StatusCode)
	object, _ := body.(map[string]any)
	assert.ElementsMatch(t, []string{"error", "exception", "nautobot_version", "python_version", "request_id"}, slices.Collect(maps.Keys(object)))
	assert.Equal(t, res.Header.Get("X-Request-Id"), object["request_id"])
	assert.NotContains(t, shown(body), "secret", "nothing leaks")
	logged := r.log.entries("the secret is 42")
	require.Len(t, logged, 1, "it is logged once")
	assert.Contains(t, logged[0], "stack=")
	assert.Contains(t, logged[0], "http_test.go", "where it happened")
}

func TestAbortedAnswerIsNoError(t *testing.T) {
	r := start(t, storetest.New(t), func(d *server.Deps) {
		d.Authenticate = func(c echo.Context) (accounts.Account, bool) { panic(http.ErrAbortHandler) }
	})
	_, err := http.Get(r.base + "/api/status/")
	assert.ErrorIs(t, err, io.EOF, "the connection is cut")
	assert.Empty(t, r.log.entries("internal error"))
}

func TestEachRequestIsLogged(t *testing.T) {
	r := start(t, storetest.New(t))
	r.ask(t, http.MethodGet, "/api/status/", "")
	line := r.log.entries("msg=request")[0]
	for _, field := range []string{"method=GET", "path=/api/status/", "status=200", "user=admin"} {
		assert.Contains(t, line, " "+field)
	}
	assert.NotContains(t, line, "bytes=0")
	r.token = "ffffffffffffffffffffffffffffffffffffffff"
	r.ask(t, http.MethodGet, "/api/status/", "")
	line = r.log.entries("msg=request")[1]
	assert.Contains(t, line, " status=403")
	assert.NotContains(t, line, "user=")
}

func TestTimeouts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s, func(d *server.Deps) { d.RequestTimeout = time.Nanosecond })
		res, body := r.ask(t, http.MethodPost, "/api/dcim/manufacturers/", `{"name": "late"}`)
		assert.Equal(t, http.StatusServiceUnavailable, res.StatusCode, shown(body))
		assert.NotEmpty(t, res.Header.Get("Retry-After"))
		patient := start(t, s)
		_, list := patient.ask(t, http.MethodGet, "/api/dcim/manufacturers/?name=late", "")
		assert.Contains(t, shown(list), `"count":0`, "rolled back")
	})
}

func TestLimits(t *testing.T) {
	r := start(t, storetest.New(t))
	long := strings.Repeat("x", 17<<10)
	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprintf("p%d=1", i)
	}
	members := "[" + strings.TrimSuffix(strings.Repeat(`{"name":"a"},`, 1001), ",") + "]"
	tests := []struct {
		name, method, path, body string
		status                   int
		text                     string
	}{
		{"a body above 10 MiB", "POST", "/api/dcim/manufacturers/", `{"name": "` + strings.Repeat("x", 10<<20) + `"}`, 413, "10485760"},
		{"a value above 16 kB", "GET", "/api/dcim/manufacturers/?name=" + long, "", 414, "those of name"},
		{"more than 100 parameters", "GET", "/api/dcim/manufacturers/?" + strings.Join(many, "&"), "", 400, "100"},
		{"more than 1,000 members", "POST", "/api/dcim/manufacturers/", members, 413, "1000"},
		{"JSON nested deeper than 64", "POST", "/api/dcim/manufacturers/", `{"name": ` + strings.Repeat("[", 65) + strings.Repeat("]", 65) + `}`, 400, "64"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, body := r.ask(t, tt.method, tt.path, tt.body)
			assert.Equal(t, tt.status, res.StatusCode)
			object, _ := body.(map[string]any)
			assert.Contains(t, fmt.Sprint(object["detail"]), tt.text, "names the limit")
		})
	}
}

func TestReservedParameters(t *testing.T) {
	r := start(t, storetest.New(t))
	for _, word := range []string{"dry_run", "on_existing", "at", "violations", "after"} {
		for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "OPTIONS", "GET"} {
			path := "/api/dcim/manufacturers/"
			if method == http.MethodGet {
				path += "00000000-0000-4000-8000-000000000000/"
			}
			res, body := r.ask(t, method, path+"?"+word+"=true", `{"name": "never"}`)
			require.Equal(t, http.StatusBadRequest, res.StatusCode, "%s %s", method, word)
			require.Contains(t, body, word)
		}
	}
	_, list := r.ask(t, http.MethodGet, "/api/dcim/manufacturers/", "")
	assert.Contains(t, shown(list), `"count":0`)
}

func TestAddressesWithoutAPI(t *testing.T) {
	r := start(t, storetest.New(t))
	id := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
	for _, path := range []string{"/dcim/manufacturers", "/dcim/manufacturers/", "/dcim/manufacturers/" + id, "/dcim/manufacturers/" + id + "/",
		"/extras/relationships", "/dcim/", "/dcim", "/"} {
		for _, accept := range []string{"*/*", "application/json", "text/html,*/*;q=0.8"} {
			_, without := r.ask(t, http.MethodGet, path, "", "Accept", accept)
			res, with := r.ask(t, http.MethodGet, "/api"+strings.TrimSuffix(path, "/")+"/", "", "Accept", accept)
			require.Equal(t, http.StatusOK, res.StatusCode, path)
			assert.Equal(t, with, without, path)
		}
	}
	res, _ := r.ask(t, http.MethodPost, "/dcim/manufacturers", `{"name": "n"}`)
	assert.Equal(t, http.StatusCreated, res.StatusCode)
}

func TestLinks(t *testing.T) {
	loopback := []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	tests := []struct {
		name    string
		change  func(*server.Deps)
		headers []string
		want    string
	}{
		{"the Host of the request", func(*server.Deps) {}, nil, "http://name.example"},
		{"a proxy that is not trusted", func(*server.Deps) {}, []string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "evil"}, "http://name.example"},
		{"a trusted proxy", func(d *server.Deps) { d.TrustedProxies = loopback },
			[]string{"X-Forwarded-Proto", "https", "X-Forwarded-Host", "front.example"}, "https://front.example"},
		{"a trusted proxy with nonsense", func(d *server.Deps) { d.TrustedProxies = loopback },
			[]string{"X-Forwarded-Proto", "javascript"}, "http://name.example"},
		{"an external address", func(d *server.Deps) { d.ExternalURL = "https://outside.example/relata/" }, nil, "https://outside.example/relata"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, storetest.New(t), tt.change)
			req, err := http.NewRequest(http.MethodGet, r.base+"/api/", nil)
			require.NoError(t, err)
			req.Host = "name.example"
			req.Header.Set("Authorization", "Token "+adminToken)
			for i := 0; i < len(tt.headers); i += 2 {
				req.Header.Set(tt.headers[i], tt.headers[i+1])
			}
			_, text, err := r.client.do(req)
			require.NoError(t, err)
			assert.Contains(t, text, `"dcim":"`+tt.want+`/api/dcim/"`)
		})
	}
}

func TestLinksOfRequestWithoutHostArePaths(t *testing.T) {
	r := start(t, storetest.New(t))
	conn, err := net.Dial("tcp", strings.TrimPrefix(r.base, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	_, err = fmt.Fprintf(conn, "GET /api/ HTTP/1.0\r\nAuthorization: Token %s\r\n\r\n", adminToken)
	require.NoError(t, err)
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	require.NoError(t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"dcim":"/api/dcim/"`)
}

func TestErrorsAreIndentedToo(t *testing.T) {
	r := start(t, storetest.New(t))
	req, err := http.NewRequest(http.MethodGet, r.base+"/api/dcim/devices/x/", nil)
	require.NoError(t, err)
	req.Header.Set("Authorization", "Token "+adminToken)
	req.Header.Set("Accept", "application/json; indent=2")
	res, text, err := r.client.do(req)
	require.NoError(t, err)
	assert.Equal(t, "{\n  \"detail\": \"No Device matches the given query.\"\n}", text)
	assert.EqualValues(t, len(text), res.ContentLength)
}

func TestMountedUnderAnotherApplication(t *testing.T) {
	s := storetest.New(t)
	e := echo.New()
	e.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, "the host application") })
	d := deps(t, s, &lines{})
	d.Authenticate = func(c echo.Context) (accounts.Account, bool) {
		name := c.Request().Header.Get("X-User")
		return accounts.Account{Username: name, Superuser: name == "root", Active: true}, name != ""
	}
	require.NoError(t, server.Mount(context.Background(), e.Group("/tools/relata"), d))
	h := httptest.NewServer(e)
	defer h.Close()
	r := &running{newClient(h.URL, ""), &lines{}}

	res, _ := r.ask(t, http.MethodGet, "/tools/relata/api/", "")
	assert.Equal(t, http.StatusForbidden, res.StatusCode, "tokens do not count here")
	res, _ = r.ask(t, http.MethodGet, "/tools/relata/api/", "", "X-User", "somebody")
	assert.Equal(t, http.StatusForbidden, res.StatusCode, "superusers only")
	res, body := r.ask(t, http.MethodPost, "/tools/relata/api/dcim/manufacturers/", `{"name": "Acme"}`, "X-User", "root")
	require.Equal(t, http.StatusCreated, res.StatusCode, shown(body))
	link := fmt.Sprint(body.(map[string]any)["url"])
	assert.True(t, strings.HasPrefix(link, h.URL+"/tools/relata/api/dcim/manufacturers/"), link)
	assert.Equal(t, link, res.Header.Get("Location"))
	u, err := url.Parse(link)
	require.NoError(t, err)
	res, _ = r.ask(t, http.MethodGet, u.Path, "", "X-User", "root")
	assert.Equal(t, http.StatusOK, res.StatusCode)
	res, _ = r.ask(t, http.MethodGet, strings.TrimSuffix(u.Path, "/"), "", "X-User", "root")
	assert.Equal(t, u.Path, res.Header.Get("Location"))
	res, _ = r.ask(t, http.MethodGet, "/tools/relata/health/", "")
	assert.Equal(t, http.StatusOK, res.StatusCode)
	res, body = r.ask(t, http.MethodGet, "/", "")
	assert.Equal(t, http.StatusOK, res.StatusCode)
	assert.Equal(t, "the host application", body)
}

func TestUnknownMethodsAndAddresses(t *testing.T) {
	r := start(t, storetest.New(t))
	res, body := r.ask(t, "BREW", "/api/status/", "")
	assert.Equal(t, http.StatusMethodNotAllowed, res.StatusCode)
	assert.Equal(t, map[string]any{"detail": `Method "BREW" not allowed.`}, body)
	for _, path := range []string{"/api/dcim/%2e%2e/", "/api/dcim/devices/a%2Fb/", "/api/dcim/devices/a.b/", "/api//", "/api/dcim//", "/nothing", "/api/graphql/"} {
		res, body := r.ask(t, http.MethodGet, path, "", "Authorization", "")
		assert.Equal(t, http.StatusNotFound, res.StatusCode, path)
		assert.Equal(t, map[string]any{"detail": "Not found."}, body, path)
	}
}

func TestParametersThatAreNoFilters(t *testing.T) {
	r := start(t, storetest.New(t))
	tests := []struct {
		name, path, want string
	}{
		{"a depth too large for a number", "/api/dcim/manufacturers/?depth=99999999999999999999", `{"detail":"The depth parameter must be an integer between 0 and 10"}`},
		{"a word that is neither true nor false", "/api/dcim/manufacturers/?exclude_m2m=x", `{"exclude_m2m":["Must be true or false."]}`},
		{"an empty one", "/api/extras/relationships/?exclude_m2m=", `{"exclude_m2m":["Must be true or false."]}`},
		{"a null content type", "/api/extras/relationships/?source_type=null", `{"source_type":["Select a valid choice. null is not one of the available choices."]}`},
		{"a cursor and an offset", "/api/dcim/manufacturers/?after=&offset=5", `{"offset":["A list that is read by cursor (after) has no offset."]}`},
		{"dry_run, which is to come", "/api/dcim/manufacturers/?dry_run=true", `{"dry_run":["dry_run is reserved for what is to come and cannot be used yet: leave it out."]}`},
		{"a cursor of associations in an order", "/api/extras/relationship-associations/?after=&sort=-id", `{"after":["Associations are read by cursor in the order of their ids; ask without sort, or by offset."]}`},
		{"a cursor where there is none", "/api/extras/relationships/?after=", `{"after":["Only reading a list of objects or of associations goes on by cursor (after). Other lists go by limit and offset."]}`},
		{"a cursor of types", "/api/extras/object-types/?after=x", `{"after":["Only reading a list of objects or of associations goes on by cursor (after). Other lists go by limit and offset."]}`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, body := r.ask(t, http.MethodGet, tt.path, "")
			assert.Equal(t, http.StatusBadRequest, res.StatusCode)
			got, err := json.Marshal(body)
			require.NoError(t, err)
			assert.JSONEq(t, tt.want, string(got))
		})
	}
}
