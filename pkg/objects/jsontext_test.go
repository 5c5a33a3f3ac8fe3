package objects

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// byTokens is parseJSON as the standard library's decoder reads.
func byTokens(d *json.Decoder) any {
	token, _ := d.Token()
	switch token {
	case json.Delim('['):
		list := []any{}
		for d.More() {
			list = append(list, byTokens(d))
		}
		_, _ = d.Token()
		return list
	case json.Delim('{'):
		pairs := Pairs{}
		for d.More() {
			key, _ := d.Token()
			value := byTokens(d)
			if i := pairs.place(key.(string), nil); i >= 0 {
				pairs[i].Value = value
				continue
			}
			pairs = append(pairs, Pair{key.(string), value})
		}
		_, _ = d.Token()
		return pairs
	}
	return token
}

// plainMaps is v with maps in place of Pairs.
func plainMaps(v any) any {
	switch v := v.(type) {
	case Pairs:
		members := map[string]any{}
		for _, p := range v {
			members[p.Key] = plainMaps(p.Value)
		}
		return members
	case []any:
		list := []any{}
		for _, member := range v {
			list = append(list, plainMaps(member))
		}
		return list
	}
	return v
}

var jsonSeeds = []string{
	`null`, ` true `, `false`, `0`, `-0`, `-12.50e+3`, `1E9`, `01`, `1.`, `.5`, `-`, `+1`, `1e`, `nul`, `""`, `"a\"b\\"`, `"\u00e9\ud83d\ude00"`, `"\ud800"`, `"\x"`,
	"\"\xff\"", "\"a\nb\"", "\"\x7f\"", `"é"`, `[]`, `[ ]`, `[1,]`, `[,1]`, `[1 2]`, `[1`, `]`, `{}`, `{ }`, `{"a":1,"b":[{"c":null}],"a":2}`, `{"a"}`, `{"a":}`, `{"a":1,}`,
	`{a:1}`, `{"a\u0041":1,"aA":2}`, `{"a":{"b":[{},{"c":[]}],"b":{"d":1.50}},"e":"\u00e9"}`, `1 2`, `{} {}`, ``, ` `, "[\"a\"\t,\r\n1]", `{"0":0,"1":1,"2":2,"3":3,"4":4,"5":5,"6":6,"7":7,"8":8,"9":9,"a":10,"b":11,"c":12,"d":13,"e":14,"f":15,"g":16,"h":17,"0":18,"h":19,"i":20}`,
}

// FuzzParseJSON holds what reads bodies against the standard library.
func FuzzParseJSON(f *testing.F) {
	for _, seed := range jsonSeeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		got, err := parseJSON(text)
		require.Equal(t, json.Valid(text), err == nil, "%q: %v", text, err)
		if err != nil {
			return
		}
		d := json.NewDecoder(bytes.NewReader(text))
		d.UseNumber()
		require.Equal(t, byTokens(d), got, "%q", text)
		if list, isList := got.([]any); isList {
			split, err := SplitList(text)
			require.NoError(t, err)
			require.Len(t, split, len(list))
			for i := range list {
				member, err := parseJSON(split[i])
				require.NoError(t, err)
				require.Equal(t, list[i], member)
			}
		}
		if pairs, isObject := got.(Pairs); isObject {
			members, err := parseMembers(text)
			require.NoError(t, err)
			require.Equal(t, plainMaps(pairs), members, "%q", text)
			draft, err := DecodeDraft(text)
			require.NoError(t, err)
			require.Len(t, draft.Keys, len(pairs))
			for i, p := range pairs {
				require.Equal(t, p.Key, draft.Keys[i])
				member, err := parseJSON(draft.Fields[p.Key])
				require.NoError(t, err)
				require.Equal(t, p.Value, member)
			}
		}
	})
}

func TestParseJSONKnowsNoDepthWithoutEnd(t *testing.T) {
	_, err := parseJSON([]byte(strings.Repeat("[", 20_000) + strings.Repeat("]", 20_000)))
	assert.Error(t, err)
	_, err = SplitList([]byte(strings.Repeat("[", 5_000_000)))
	assert.Error(t, err)
	_, err = SplitList([]byte(`{}`))
	assert.Error(t, err)
}
