package api

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
)

func TestScanJSON(t *testing.T) {
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	tests := []struct {
		name, text string
		good       bool
	}{
		{"an object", `{"a": [1, -2.5e+3, "ü\u00e9\ud83d\ude00", true, false, null], "b": {}}`, true},
		{"space around", " \t\r\n1 ", true},
		{"the deepest there is", deep(64), true},
		{"one too deep", deep(65), false},
		{"far too deep", deep(100000), false},
		{"nothing", "", false},
		{"space alone", "  ", false},
		{"not closed", `{"a": "b"`, false},
		{"a comma too many", `[1,]`, false},
		{"a comma too many in an object", `{"a": 1,}`, false},
		{"a key without quotes", `{a: 1}`, false},
		{"two values", `1 2`, false},
		{"NaN", `NaN`, false},
		{"Infinity", `-Infinity`, false},
		{"a leading zero", `01`, false},
		{"a point without digits", `1.`, false},
		{"an exponent without digits", `1e`, false},
		{"a plus", `+1`, false},
		{"single quotes", `'a'`, false},
		{"a comment", "/* */ 1", false},
		{"a control character", "\"a\nb\"", false},
		{"an escaped NUL, which fields refuse", `"a\u0000b"`, true},
		{"half a surrogate pair", `"\ud800"`, false},
		{"the other half", `"\udc00"`, false},
		{"half a pair and text", `"\ud800x"`, false},
		{"a pair of the wrong halves", `"\ud800\ud800"`, false},
		{"an unknown escape", `"\x41"`, false},
		{"a short escape", `"\u12"`, false},
		{"invalid UTF-8", "\"\xff\"", false},
		{"an overlong encoding", "\"\xc0\x80\"", false},
		{"a byte order mark", "\ufeff{}", false},
		{"the longest number", strings.Repeat("9", maxDigits), true},
		{"a longer one", strings.Repeat("9", maxDigits+1), false},
		{"a longer fraction", "[0." + strings.Repeat("9", maxDigits) + "]", false},
		{"as many values as there may be", "[1" + strings.Repeat(",1", maxValues-2) + "]", true},
		{"one more", "[1" + strings.Repeat(",1", maxValues-1) + "]", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			problem := scanJSON([]byte(tt.text))
			assert.Equal(t, tt.good, problem == "", problem)
			if tt.good {
				assert.True(t, json.Valid([]byte(tt.text)))
			}
		})
	}
}

func FuzzScanJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `[]`, `null`, `"x"`, `{"label": "a", "label": "b"}`, `[{"id": 1}, {"id": "x"}]`, `{"a": NaN}`, `"\ud800"`, `"\u0000"`,
		`1e999`, `-0`, `{"a":{"b":[{"c":null}]}}`, "\"\xff\"", strings.Repeat("[", 70), `{"":""}`, `[1,]`, "{\"a\"\t:\r\n1}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if scanJSON(text) != "" {
			return
		}
		// What passes is one JSON value in UTF-8, and what reads bodies copes.
		require.True(t, json.Valid(text), "%q", text)
		require.True(t, utf8.Valid(text), "%q", text)
		_ = typeName(text)
		draft, err := objects.DecodeDraft(text)
		if err == nil {
			require.Len(t, draft.Fields, len(draft.Keys))
		}
		if typeName(text) == "list" {
			members, err := decodeMembers(text, maxObjectMembers)
			for _, member := range members {
				require.NoError(t, err)
				_, _ = readChange(member)
			}
		}
	})
}

func FuzzDraftsFromCSV(f *testing.F) {
	f.Add("label,source_type\na,b\n")
	f.Add("relationship__key,source_filter,cf_x\nk,\"{\"\"a\"\": 1}\",NULL\n")
	f.Add("a\n\"\n")
	f.Add("\ufeffa,a,a__b\n1,NoObject,2\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		drafts, err := draftsFromCSV([]byte(text), 10, relationshipColumns)
		if err == nil {
			require.LessOrEqual(t, len(drafts), 10)
		}
	})
}

func TestAppendString(t *testing.T) {
	for _, text := range []string{"", "plain", "ü→😀", "\"\\/\b\f\n\r\t", "\x00\x1f\x7f", "<b>&", "bad \xff byte", "\u2028"} {
		var back string
		require.NoError(t, json.Unmarshal(appendString(nil, text), &back))
		assert.Equal(t, strings.ToValidUTF8(text, "\ufffd"), back)
	}
}

func TestParseQuery(t *testing.T) {
	q := parseQuery("a=1&b=x+y&a=%C3%BC&bad=%zz%&c;d=1&none&=&u=%ff")
	assert.Equal(t, []string{"1", "ü"}, q.all("a"))
	assert.Equal(t, []string{"x y"}, q.all("b"))
	assert.Equal(t, []string{"%zz%"}, q.all("bad"), "what is badly encoded stays as it stands")
	assert.Equal(t, []string{"1"}, q.all("c;d"))
	assert.Equal(t, []string{""}, q.all("none"))
	assert.Equal(t, []string{"\ufffd"}, q.all("u"))
	assert.Equal(t, "a=1&a=%C3%BC&limit=5", parseQuery("a=1&limit=3&a=%C3%BC&offset=9").with(map[string]string{"limit": "5", "offset": ""}))
}

func TestReadPage(t *testing.T) {
	tests := []struct {
		name, query   string
		limit, offset int
	}{
		{"nothing given", "", 50, 0},
		{"both given", "limit=7&offset=3", 7, 3},
		{"zero is the most there is", "limit=0", 1000, 0},
		{"too much is the most there is", "limit=5000", 1000, 0},
		{"more than a number holds", "limit=99999999999999999999&offset=99999999999999999999", 1000, 1<<31 - 1},
		{"below zero", "limit=-1&offset=-1", 50, 0},
		{"no numbers", "limit=x&offset=y", 50, 0},
		{"the last counts", "limit=1&limit=2", 2, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := readPage(parseQuery(tt.query))
			assert.Equal(t, tt.limit, p.limit)
			assert.Equal(t, tt.offset, p.offset)
		})
	}
}

func TestPick(t *testing.T) {
	tests := []struct {
		name, accept, want string
	}{
		{"anything", "*/*", "json"},
		{"an empty header", "", ""},
		{"JSON with a trailing semicolon", "application/json;", "json"},
		{"a version", "application/json; version=2.0", "json"},
		{"CSV", "text/csv", "csv"},
		{"any text", "text/*", "api"},
		{"the more specific first", "text/csv;q=0.1, */*", "csv"},
		{"our order among equals", "text/csv, application/json;", "json"},
		{"a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "api"},
		{"nothing we have", "application/xml", ""},
		{"nonsense", "garbage", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, _, _ := pick(mediaTypes, []string{tt.accept})
			assert.Equal(t, tt.want, got.format)
		})
	}
	got, _, _ := pick(mediaTypes, nil)
	assert.Equal(t, "json", got.format, "no header")
}

func TestReadChangeTakesEverySpellingOfAnID(t *testing.T) {
	const id = "0123abcd-0000-4000-8000-0123456789ab"
	tests := []struct {
		name, id, want string
		loses          bool
	}{
		{"canonical", `"` + id + `"`, id, false},
		{"capitals", `"` + strings.ToUpper(id) + `"`, id, true},
		{"without hyphens", `"` + strings.ReplaceAll(id, "-", "") + `"`, id, true},
		{"in braces", `"{` + id + `}"`, id, true},
		{"an URN", `"urn:uuid:` + id + `"`, id, true},
		{"a number", `5`, "00000000-0000-0000-0000-000000000005", true},
		{"true", `true`, "00000000-0000-0000-0000-000000000001", true},
		{"a negative number", `-1`, "", false},
		{"a fraction", `1.5`, "", false},
		{"too large a number", `340282366920938463463374607431768211456`, "", false},
		{"a list", `[]`, "", false},
		{"a text", `"x"`, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			draft, err := decodeMember(json.RawMessage(`{"id": ` + tt.id + `}`))
			require.NoError(t, err)
			change, problem := readChange(draft)
			if tt.want == "" {
				require.NotNil(t, problem)
				return
			}
			require.Nil(t, problem)
			assert.Equal(t, tt.want, change.ID.String())
			assert.Equal(t, tt.loses, change.Draft.Err != nil)
		})
	}
}

func TestCountMembers(t *testing.T) {
	for _, text := range []string{
		`[]`, ` [ ] `, `[1]`, `[[]]`, `[[],{}]`, `["],["]`, `["\"", "\\", ","]`, `[{"a": [1, 2]}, null , 3]`, `[""]`,
	} {
		var list []json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(text), &list))
		assert.Equal(t, len(list), countMembers([]byte(text)), text)
	}
}
