package server_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
)

// check lists how an answer differs from what its step expects.
func (b bindings) check(s *step, res *http.Response, body any) []string {
	if res.StatusCode != s.Expect.Status {
		return []string{fmt.Sprintf("status: expected %d, got %d: %s", s.Expect.Status, res.StatusCode, shown(body))}
	}
	var out []string
	for key, want := range s.Expect.Headers {
		if got := res.Header.Get(key); !b.matches(want, got) {
			out = append(out, fmt.Sprintf("header %s: expected %s, got %s", key, shown(want), shown(got)))
		}
	}
	if s.Bind != "" {
		b[s.Bind] = body
	}
	if len(s.Expect.Body) == 0 {
		return out
	}
	want, err := decoded(s.Expect.Body)
	if err != nil {
		return append(out, err.Error())
	}
	if len(s.Expect.Fields) > 0 {
		body = pick(body, s.Expect.Fields)
	}
	return append(out, b.differences(want, body, s.Expect.Unordered, "")...)
}

// differences lists what got lacks, has too much or has otherwise than want.
func (b bindings) differences(want, got any, unordered []string, path string) []string {
	at := path
	if at == "" {
		at = "/"
	}
	switch w := want.(type) {
	case string:
		if g, ok := got.(string); !ok || !b.matches(w, g) {
			return []string{fmt.Sprintf("%s: expected %s, got %s", at, shown(w), shown(got))}
		}
		return nil
	case map[string]any:
		g, ok := got.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s: expected an object, got %s", at, shown(got))}
		}
		var out []string
		named := map[string]any{}
		for key, value := range w {
			name, err := b.text(key)
			if err != nil {
				return []string{err.Error()}
			}
			named[name] = value
		}
		for key := range named {
			if _, ok := g[key]; !ok {
				out = append(out, path+"/"+key+": missing")
			}
		}
		for key := range g {
			if _, ok := named[key]; !ok {
				out = append(out, fmt.Sprintf("%s/%s: not expected, got %s", path, key, shown(g[key])))
			}
		}
		for key, value := range named {
			if _, ok := g[key]; ok {
				out = append(out, b.differences(value, g[key], unordered, path+"/"+key)...)
			}
		}
		slices.Sort(out)
		return out
	case []any:
		g, ok := got.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s: expected a list, got %s", at, shown(got))}
		}
		return b.listDifferences(w, g, unordered, path)
	}
	if !equal(want, got) {
		return []string{fmt.Sprintf("%s: expected %s, got %s", at, shown(want), shown(got))}
	}
	return nil
}

// index is the place of an element in a path.
var index = regexp.MustCompile(`/\d+`)

func (b bindings) listDifferences(want, got []any, unordered []string, path string) []string {
	some := slices.Contains(unordered, "+"+path)
	if len(want) != len(got) && (!some || len(want) > len(got)) {
		return []string{fmt.Sprintf("%s: expected %d elements, got %d: %s", path, len(want), len(got), shown(got))}
	}
	var out []string
	if !some && !isUnordered(unordered, index.ReplaceAllString(path, "/*")) {
		for i := range want {
			out = append(out, b.differences(want[i], got[i], unordered, fmt.Sprintf("%s/%d", path, i))...)
		}
		return out
	}
	left := slices.Clone(got)
	for i := range want {
		found := slices.IndexFunc(left, func(candidate any) bool {
			trial := bindings{}
			for k, v := range b {
				trial[k] = v
			}
			if trial.differences(want[i], candidate, unordered, fmt.Sprintf("%s/%d", path, i)) != nil {
				return false
			}
			for k, v := range trial {
				b[k] = v
			}
			return true
		})
		if found < 0 {
			out = append(out, fmt.Sprintf("%s/%d: no element matches %s; left: %s", path, i, shown(want[i]), shown(left)))
			continue
		}
		left = slices.Delete(left, found, found+1)
	}
	return out
}

func isUnordered(unordered []string, path string) bool {
	return slices.ContainsFunc(unordered, func(u string) bool {
		return !strings.HasPrefix(u, "+") &&
			regexp.MustCompile(`\A(?:`+strings.ReplaceAll(u, "*", "[^/]+")+`)\z`).MatchString(path)
	})
}

func equal(want, got any) bool {
	a, isNumber := want.(json.Number)
	b, alsoNumber := got.(json.Number)
	if isNumber && alsoNumber {
		x, err1 := a.Float64()
		y, err2 := b.Float64()
		return err1 == nil && err2 == nil && x == y
	}
	return isNumber == alsoNumber && want == got
}

func shown(value any) string {
	text, _ := json.Marshal(value)
	if len(text) > 600 {
		text = text[:600]
	}
	return string(text)
}

// fieldTree is the set of paths to keep; a nil one keeps everything below.
type fieldTree map[string]fieldTree

// pick leaves of an object no more than those fields, paths such as "peer/objects/*/id".
// Lists and the results of pages lose as much in each of their members.
func pick(body any, fields []string) any {
	tree := fieldTree{}
	for _, field := range fields {
		node, parts := tree, strings.Split(field, "/")
		for _, part := range parts[:len(parts)-1] {
			sub, ok := node[part]
			if sub == nil {
				sub = fieldTree{}
				if !ok {
					node[part] = sub
				}
			}
			node = sub
		}
		node[parts[len(parts)-1]] = nil
	}
	switch v := body.(type) {
	case []any:
		return pruneAll(v, tree)
	case map[string]any:
		results, isPage := v["results"].([]any)
		if !isPage {
			break
		}
		page := map[string]any{"count": v["count"], "results": pruneAll(results, tree)}
		for _, link := range []string{"next", "previous"} {
			if slices.Contains(fields, link) {
				page[link] = v[link]
			}
		}
		return page
	}
	return prune(body, tree)
}

func pruneAll(list []any, tree fieldTree) []any {
	out := make([]any, len(list))
	for i := range list {
		out[i] = prune(list[i], tree)
	}
	return out
}

func prune(value any, tree fieldTree) any {
	if tree == nil {
		return value
	}
	switch v := value.(type) {
	case []any:
		return pruneAll(v, tree["*"])
	case map[string]any:
		out := map[string]any{}
		for key := range v {
			if sub, ok := tree[key]; ok {
				out[key] = prune(v[key], sub)
			} else if sub, ok := tree["*"]; ok {
				out[key] = prune(v[key], sub)
			}
		}
		return out
	}
	return value
}
