package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// junk is what no field expects, or few do.
var junk = []string{
	`null`, `true`, `0`, `-1`, `1.5`, `1e999`, `-99999999999999999999999999999`, `""`, `" "`, `"x"`, `"a\u0000b"`, `[]`, `[null]`, `[[]]`,
	`["x"]`, `[{}]`, `{}`, `{"id": null}`, `{"id": 5}`, `{"url": "x"}`, `{"name": {"name": {"name": 1}}}`, `{"nope__nope": 1}`,
	`{"id__in": ["x"]}`, `{"a\u0000b": 1}`, `"00000000-0000-4000-8000-000000000000"`, `"'; drop table object; --"`, `"2025-13-45"`,
	`"10.0.0.0/99"`, `"::/129"`, `"http://["`, `"\ud83d\ude00"`, `"` + strings.Repeat("x", 70000) + `"`,
}

// sound asserts that an answer is one of the contract's: below 500, an object or
// a list when it refuses, and nothing of the inside in it.
func sound(t testing.TB, res *http.Response, body any, what string) {
	t.Helper()
	require.Less(t, res.StatusCode, 500, "%s: %s", what, shown(body))
	if res.StatusCode >= 400 && res.Request.Method != http.MethodHead {
		switch body.(type) {
		case map[string]any, []any:
		default:
			t.Fatalf("%s: %d %s", what, res.StatusCode, shown(body))
		}
	}
	for _, word := range []string{"pq:", "SQLITE", "sqlite:", "syntax error at", "goroutine", ".go:"} {
		require.NotContains(t, shown(body), word, what)
	}
}

// TestJunkInEveryField sends each piece of junk to each field of each type.
func TestJunkInEveryField(t *testing.T) {
	catalogue, err := objects.Load()
	require.NoError(t, err)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		for n, typ := range catalogue.Types() {
			if typ.Path == "" || strings.HasPrefix(typ.Path, "users/") {
				continue
			}
			pieces := junk
			if testing.Short() || slow {
				pieces = junk[n%3 : n%3+3]
			}
			for _, piece := range pieces {
				var all []string
				for _, f := range typ.Fields {
					if f.Name != "id" && !f.ReadOnly {
						all = append(all, fmt.Sprintf("%q: %s", f.Name, piece))
					}
				}
				all = append(all, `"relationships": `+piece, `"custom_fields": `+piece)
				body := "{" + strings.Join(all, ",") + "}"
				res, answer := r.ask(t, http.MethodPost, "/api/"+typ.Path+"/", body)
				sound(t, res, answer, typ.Name+" all fields "+piece[:min(len(piece), 60)])
				res, answer = r.ask(t, http.MethodPost, "/api/"+typ.Path+"/", "["+body+","+piece+"]")
				sound(t, res, answer, typ.Name+" in a list "+piece[:min(len(piece), 60)])
			}
		}
	})
}

func TestJunkInDefinitionsAndAssociations(t *testing.T) {
	fields := map[string][]string{
		"/api/extras/relationships/": {"id", "label", "key", "description", "type", "required_on", "source_type", "source_label", "source_hidden",
			"source_filter", "destination_type", "destination_label", "destination_hidden", "destination_filter", "advanced_ui"},
		"/api/extras/relationship-associations/": {"id", "relationship", "source_type", "source_id", "destination_type", "destination_id"},
		"/api/extras/object-types/":              {"app_label", "model", "verbose_name", "verbose_name_plural", "fields"},
	}
	good := map[string]string{"label": `"L"`, "source_type": `"dcim.device"`, "destination_type": `"ipam.vlan"`,
		"source_id": `"00000000-0000-4000-8000-000000000000"`, "destination_id": `"00000000-0000-4000-8000-000000000001"`,
		"app_label": `"custom"`, "model": `"m"`, "verbose_name": `"m"`, "verbose_name_plural": `"ms"`, "fields": `[]`}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		for path, names := range fields {
			for _, name := range names {
				for i, piece := range junk {
					var all []string
					for other, value := range good {
						if other != name {
							if other == "label" || other == "model" {
								value = fmt.Sprintf(`"l%s%d"`, strings.ReplaceAll(name, "_", ""), i)
							}
							all = append(all, fmt.Sprintf("%q: %s", other, value))
						}
					}
					if path == "/api/extras/object-types/" {
						all = nil
						for _, other := range names {
							if value := good[other]; other != name {
								if other == "model" {
									value = fmt.Sprintf(`"m%s%d"`, strings.ReplaceAll(name, "_", ""), i)
								}
								all = append(all, fmt.Sprintf("%q: %s", other, value))
							}
						}
					}
					body := "{" + strings.Join(append(all, fmt.Sprintf("%q: %s", name, piece)), ",") + "}"
					res, answer := r.ask(t, http.MethodPost, path, body)
					sound(t, res, answer, path+" "+name+" "+piece[:min(len(piece), 60)])
				}
			}
		}
	})
}

// TestJunkInQueries sends junk to every parameter of some lists.
func TestJunkInQueries(t *testing.T) {
	values := []string{"", "x", "null", "-1", "99999999999999999999", "1e5", "true", "\x00", "\xff", "'; drop table object; --", "%", "_", "\\", "(", "[", "(a+)+$",
		"00000000-0000-4000-8000-000000000000", "2025-99-99", "10.0.0.0/99", "😀", strings.Repeat("y", 5000)}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!"})
		catalogue, err := objects.Load()
		require.NoError(t, err)
		ask := func(path, query string) {
			res, body := r.ask(t, http.MethodGet, path+"?"+query, "")
			sound(t, res, body, path+"?"+query[:min(len(query), 80)])
		}
		for n, typ := range catalogue.Types() {
			if typ.Path == "" || strings.HasPrefix(typ.Path, "users/") {
				continue
			}
			path := "/api/" + typ.Path + "/"
			some := values
			if testing.Short() || slow {
				some = values[n%5 : n%5+2]
			}
			for _, value := range some {
				escaped := url.QueryEscape(value)
				// A refused parameter hides the others, so each goes alone where
				// the type is a large one, and all together elsewhere.
				var all []string
				for _, f := range typ.Filters {
					one := url.QueryEscape(f.Name) + "=" + escaped
					if typ.Name == "dcim.device" || typ.Name == "ipam.prefix" {
						ask(path, one)
					}
					if len(all) < 90 && len(escaped) < 200 {
						all = append(all, one)
					}
				}
				ask(path, strings.Join(all, "&"))
				for _, name := range []string{"limit", "offset", "sort", "depth", "include", "exclude_m2m", "format", "q", "name__re", "name__ire",
					"name__ic", "name__nope", "name__", "__n", "cr_x__source", "cf_x", "after", "api_version", "tags"} {
					ask(path, name+"="+escaped)
				}
			}
		}
		for _, query := range []string{"%zz=1", "a=%zz", "%", "&&&", "=", "a;b=c", "%00=1", "name=%00", "name=%ff", "limit=%", "sort=,,,-,--name"} {
			for _, path := range []string{"/api/dcim/manufacturers/", "/api/extras/relationships/", "/api/extras/relationship-associations/", "/api/"} {
				ask(path, query)
			}
		}
	})
}

func TestBadRegularExpressions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		for i := range 50 {
			r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": fmt.Sprintf("%s!%d", strings.Repeat("a", 200), i)})
		}
		for _, pattern := range []string{"(", "[", "a{2,1}", "*", "(?<x", `\`, `\p{Nope}`, "a{1000000}"} {
			res, body := r.ask(t, http.MethodGet, "/api/dcim/manufacturers/?name__re="+url.QueryEscape(pattern), "")
			require.Equal(t, http.StatusBadRequest, res.StatusCode, "%s: %s", pattern, shown(body))
			assert.Contains(t, body, "name__re")
		}
		for _, pattern := range []string{"(a+)+$", "(a|aa)+$", "(a|a?)+$", strings.Repeat("a?", 30) + strings.Repeat("a", 30)} {
			res, body := r.ask(t, http.MethodGet, "/api/dcim/manufacturers/?name__re="+url.QueryEscape(pattern), "")
			sound(t, res, body, pattern)
		}
	})
}

func TestBadAddresses(t *testing.T) {
	r := start(t, storetest.New(t))
	for _, path := range []string{
		"/api/dcim/manufacturers/%00/", "/api/dcim/manufacturers/%ff/", "/api/dcim/manufacturers/a;b;c/", "/api/dcim/devices/;;/",
		"/api/dcim/devices/%00;%00;%00/", "/api/extras/relationships/%00/", "/api/extras/relationships/%27%3B--/",
		"/api/extras/relationship-associations/a;b;c/", "/api/extras/content-types/x/", "/api/extras/content-types/99999999999999999999/",
		"/api/dcim/devices/" + strings.Repeat("x", 5000) + "/", "/api/ipam/vlans/no-id/", "/api/dcim/devices/😀/",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "PATCH", "DELETE", "POST"} {
			res, body := r.ask(t, method, path, "{}")
			sound(t, res, body, method+" "+path)
			assert.GreaterOrEqual(t, res.StatusCode, 400, "%s %s", method, path)
		}
	}
}

// TestBadBodies sends bodies that no address takes to every verb that has one.
func TestBadBodies(t *testing.T) {
	bodies := []string{"", " ", "null", "[]", "{}", "5", `"x"`, "[null]", "[1, 2]", "[[]]", `[{"id": 1}]`, `[{"id": "x"}]`, `[{}]`, "{", "[1,]", "NaN",
		"{\"name\": \"\xff\"}", `{"name": "\ud800"}`, `{"name": "a", "name": null}`, strings.Repeat(`{"a":`, 100), "\ufeff{}", `{"relationships": {"x": {"source": {"objects": [null]}}}}`}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		id := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
		rel := r.id(t, "/api/extras/relationships/", map[string]any{"label": "x", "source_type": "dcim.device", "destination_type": "dcim.manufacturer"})
		for _, path := range []string{"/api/dcim/manufacturers/", "/api/dcim/manufacturers/" + id + "/", "/api/extras/relationships/",
			"/api/extras/relationships/" + rel + "/", "/api/extras/relationship-associations/", "/api/extras/object-types/"} {
			for _, method := range []string{"POST", "PUT", "PATCH"} {
				for _, body := range bodies {
					for _, kind := range []string{"application/json", "text/csv", "text/plain", ""} {
						res, answer := r.ask(t, method, path, body, "Content-Type", kind)
						sound(t, res, answer, method+" "+path+" "+body[:min(len(body), 60)])
					}
				}
			}
		}
		for _, body := range bodies {
			res, answer := r.ask(t, http.MethodDelete, "/api/dcim/manufacturers/", body)
			sound(t, res, answer, "DELETE "+body[:min(len(body), 60)])
		}
		_, list := r.ask(t, http.MethodGet, "/api/dcim/manufacturers/?name=m", "")
		assert.Contains(t, shown(list), `"count":1`)
	})
}
