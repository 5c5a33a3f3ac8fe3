package server_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// TestTranscripts replays the recorded conversations, one after the other, on an
// empty database.
func TestTranscripts(t *testing.T) {
	files, err := filepath.Glob("testdata/transcripts/*.json")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	next, notYet := named(t, "testdata/next-issue.txt"), named(t, "testdata/not-yet.txt")
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".json")
			if next[name] {
				continue
			}
			t.Run(name, func(t *testing.T) {
				if notYet[name] {
					t.Skip("not yet")
				}
				r.replay(t, name)
			})
		}
	})
}

// named reads a list of names, one a line, without comments.
func named(t testing.TB, path string) map[string]bool {
	t.Helper()
	file, err := os.Open(path)
	require.NoError(t, err)
	defer file.Close()
	names := map[string]bool{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if line := strings.TrimSpace(lines.Text()); line != "" && !strings.HasPrefix(line, "#") {
			names[line] = true
		}
	}
	return names
}

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
