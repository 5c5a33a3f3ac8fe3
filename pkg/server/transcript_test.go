package server_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// transcript is a recorded conversation; testdata/transcripts holds them.
type transcript struct {
	Title string
	Steps []step
}

type step struct {
	About   string
	Request struct {
		Method, Path string
		Query        [][2]any
		Headers      map[string]*string
		JSON         json.RawMessage
		Text         *string
		Basic        []string
	}
	Bind   string
	Expect struct {
		Status    int
		Headers   map[string]string
		Body      json.RawMessage
		Fields    []string
		Unordered []string
	}
}

const (
	uuidPattern = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	timePattern = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)`
)

var (
	token = regexp.MustCompile(`\{\{([^{}]+)\}\}`)
	index = regexp.MustCompile(`/\d+`)
)

var errUnbound = errors.New("was never bound")

// bindings are the values of tokens: run, base, captured ids, bound answers.
type bindings map[string]any

func (b bindings) lookup(name string) (any, error) {
	if value, ok := b[name]; ok {
		return identity(value), nil
	}
	name, cut, short := strings.Cut(name, "~")
	head, rest, deep := strings.Cut(name, ".")
	value, ok := b[head]
	if !ok {
		return nil, fmt.Errorf("%s %w", name, errUnbound)
	}
	if deep {
		for _, part := range strings.Split(rest, ".") {
			switch v := value.(type) {
			case []any:
				i, err := strconv.Atoi(part)
				if err != nil || i >= len(v) {
					return nil, fmt.Errorf("%s: no element %s", name, part)
				}
				value = v[i]
			case map[string]any:
				value = v[part]
			default:
				return nil, fmt.Errorf("%s: nothing at %s", name, part)
			}
		}
	}
	value = identity(value)
	if short {
		n, _ := strconv.Atoi(cut)
		return fmt.Sprint(value)[:n], nil
	}
	return value, nil
}

// identity is the id of an object that has one, else the value itself.
func identity(value any) any {
	if object, ok := value.(map[string]any); ok {
		if id, ok := object["id"]; ok {
			return id
		}
	}
	return value
}

// fill replaces the tokens of a request.
func (b bindings) fill(value any) (any, error) {
	switch v := value.(type) {
	case string:
		if m := token.FindStringSubmatch(v); m != nil && m[0] == v {
			return b.lookup(m[1])
		}
		var failed error
		out := token.ReplaceAllStringFunc(v, func(m string) string {
			value, err := b.lookup(m[2 : len(m)-2])
			if err != nil {
				failed = err
			}
			return fmt.Sprint(value)
		})
		return out, failed
	case []any:
		out := make([]any, len(v))
		for i := range v {
			filled, err := b.fill(v[i])
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			name, err := b.fill(key)
			if err != nil {
				return nil, err
			}
			filled, err := b.fill(v[key])
			if err != nil {
				return nil, err
			}
			out[name.(string)] = filled
		}
		return out, nil
	}
	return value, nil
}

func (b bindings) text(s string) (string, error) {
	value, err := b.fill(s)
	return fmt.Sprint(value), err
}

// matches compares a text that may hold tokens, and binds the ids it captures.
func (b bindings) matches(want, got string) bool {
	pattern, pos := `\A`, 0
	var captures []string
	places := map[string][]int{}
	group := 0
	for _, m := range token.FindAllStringSubmatchIndex(want, -1) {
		pattern += regexp.QuoteMeta(want[pos:m[0]])
		pos = m[1]
		name := want[m[2]:m[3]]
		switch name {
		case "time":
			pattern += timePattern
		case "any":
			pattern += `[\s\S]*`
		default:
			if value, err := b.lookup(name); err == nil {
				pattern += regexp.QuoteMeta(fmt.Sprint(value))
				continue
			}
			group++
			pattern += "(" + uuidPattern + ")"
			if places[name] == nil {
				captures = append(captures, name)
			}
			places[name] = append(places[name], group)
		}
	}
	m := regexp.MustCompile(pattern + regexp.QuoteMeta(want[pos:]) + `\z`).FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for _, name := range captures {
		for _, g := range places[name] {
			if m[g] != m[places[name][0]] {
				return false
			}
		}
		b[name] = m[places[name][0]]
	}
	return true
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

// client talks to one server as replay.py does.
type client struct {
	base, token string
	http        *http.Client
}

func newClient(base, token string) *client {
	return &client{base: base, token: token, http: &http.Client{
		Timeout: 60 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}}
}

func (c *client) send(s *step, b bindings) (*http.Response, string, error) {
	path, err := b.text(s.Request.Path)
	if err != nil {
		return nil, "", err
	}
	var query []string
	for _, pair := range s.Request.Query {
		name, err := b.text(fmt.Sprint(pair[0]))
		if err != nil {
			return nil, "", err
		}
		value, err := b.text(fmt.Sprint(pair[1]))
		if err != nil {
			return nil, "", err
		}
		query = append(query, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	if len(query) > 0 {
		path += "?" + strings.Join(query, "&")
	}
	headers := map[string]string{"Accept": "application/json"}
	if _, own := s.Request.Headers["Authorization"]; !own {
		headers["Authorization"] = "Token " + c.token
	}
	var body io.Reader
	switch {
	case len(s.Request.JSON) > 0:
		value, err := decoded(s.Request.JSON)
		if err != nil {
			return nil, "", err
		}
		if value, err = b.fill(value); err != nil {
			return nil, "", err
		}
		text, err := json.Marshal(value)
		if err != nil {
			return nil, "", err
		}
		body, headers["Content-Type"] = bytes.NewReader(text), "application/json"
	case s.Request.Text != nil:
		text, err := b.text(*s.Request.Text)
		if err != nil {
			return nil, "", err
		}
		body = strings.NewReader(text)
	}
	for key, value := range s.Request.Headers {
		if value == nil {
			delete(headers, key)
			continue
		}
		if headers[key], err = b.text(*value); err != nil {
			return nil, "", err
		}
	}
	req, err := http.NewRequest(s.Request.Method, c.base+path, body)
	if err != nil {
		return nil, "", err
	}
	for key, value := range headers {
		req.Header.Set(key, value)
	}
	return c.do(req)
}

func (c *client) do(req *http.Request) (*http.Response, string, error) {
	res, err := c.http.Do(req)
	if err != nil {
		return nil, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, string(text), err
}

// parsed is a JSON answer decoded, another as its text, an empty one as nil.
func parsed(res *http.Response, text string) (any, error) {
	if text == "" {
		return nil, nil
	}
	if strings.Contains(res.Header.Get("Content-Type"), "json") {
		return decoded([]byte(text))
	}
	return text, nil
}

func decoded(raw []byte) (any, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var value any
	return value, errors.Join(d.Decode(&value))
}

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

// fieldTree is the set of paths to keep; a nil one keeps everything below.
type fieldTree map[string]fieldTree

// pick keeps the named fields of an object, of each member of a list, or of
// each of a page's results.
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

// replay runs one transcript and afterwards deletes what it made.
func (c *client) replay(t *testing.T, name string) {
	t.Helper()
	raw, err := os.ReadFile("testdata/transcripts/" + name + ".json")
	require.NoError(t, err)
	var script transcript
	require.NoError(t, json.Unmarshal(raw, &script))
	b := bindings{"run": fmt.Sprintf("r%05dx", rand.IntN(100000)), "base": c.base}
	var made []any
	for n := range script.Steps {
		s := &script.Steps[n]
		res, text, err := c.send(s, b)
		var problems []string
		var body any
		if err == nil {
			body, err = parsed(res, text)
		}
		if err != nil {
			problems = []string{err.Error()}
		} else {
			if s.Request.Method == http.MethodPost && res.StatusCode == http.StatusCreated {
				if list, ok := body.([]any); ok {
					made = append(made, list...)
				} else {
					made = append(made, body)
				}
			}
			problems = b.check(s, res, body)
		}
		for _, problem := range problems {
			t.Errorf("step %d %s %s (%s): %s", n+1, s.Request.Method, s.Request.Path, s.About, problem)
		}
		if len(problems) > 0 && s.Bind != "" {
			break
		}
	}
	c.remove(made)
}

// remove deletes what was made, last first; what is in use, in the next round.
func (c *client) remove(made []any) {
	var left []string
	for _, thing := range slices.Backward(made) {
		if object, ok := thing.(map[string]any); ok {
			if address, ok := object["url"].(string); ok {
				left = append(left, address)
			}
		}
	}
	for range 3 {
		var used []string
		for _, address := range left {
			req, err := http.NewRequest(http.MethodDelete, address, nil)
			if err != nil {
				continue
			}
			req.Header.Set("Authorization", "Token "+c.token)
			if res, _, err := c.do(req); err == nil && res.StatusCode == http.StatusConflict {
				used = append(used, address)
			}
		}
		left = used
	}
}
