package objects

import (
	"bytes"
	"encoding/json"
	"sort"

	"relata/pkg/fault"
)

// The texts of fields that any kind may give.
const (
	required = "This field is required."
	notNull  = "This field may not be null."
	notBlank = "This field may not be blank."
)

// largestJSON is how many bytes a JSON value may have.
const largestJSON = 256 << 10

// TooMuchJSON says that a JSON value is longer than a field may hold; else it is
// empty.
func TooMuchJSON(raw json.RawMessage) string {
	if len(raw) > largestJSON {
		return "Ensure this value has no more than 256 kB of JSON."
	}
	return ""
}

// DecodeDraft reads the body of one object. What is not a JSON object is
// Invalid, in the contract's words.
func DecodeDraft(raw json.RawMessage) (Draft, error) {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return Draft{Fields: map[string]json.RawMessage{}}, nil
	}
	if raw[0] != '{' {
		v, err := parseJSON(raw)
		if err != nil {
			return Draft{}, fault.Invalidf("JSON parse error - %v", err)
		}
		if v == nil {
			return Draft{}, fault.Field(fault.NonField, "No data provided")
		}
		return Draft{}, fault.Field(fault.NonField,
			"Invalid data. Expected a dictionary, but got "+pyType(v)+".")
	}
	d := Draft{Fields: map[string]json.RawMessage{}}
	err := splitObject(raw, func(key string, value json.RawMessage) {
		if _, twice := d.Fields[key]; !twice {
			d.Keys = append(d.Keys, key)
		}
		d.Fields[key] = value
	})
	if err != nil {
		return Draft{}, fault.Invalidf("JSON parse error - %v", err)
	}
	return d, nil
}

// Has reports whether the request names the field.
func (d Draft) Has(field string) bool {
	_, ok := d.Fields[field]
	return ok
}

// trouble is what is wrong with one value: messages about it, or about members
// of a list by position.
type trouble struct {
	messages []string
	members  map[int][]string
}

func wrong(messages ...string) *trouble { return &trouble{messages: messages} }

// addTo reports t under path.
func (t *trouble) addTo(e *fault.Error, path ...string) {
	if t == nil {
		return
	}
	if len(t.messages) > 0 {
		e.Add(path, t.messages...)
	}
	positions := make([]int, 0, len(t.members))
	for i := range t.members {
		positions = append(positions, i)
	}
	sort.Ints(positions)
	for _, i := range positions {
		e.Add(append(append([]string(nil), path...), itoa(i)), t.members[i]...)
	}
}

func sortedPairs(m map[string]any) Pairs {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	pairs := make(Pairs, len(keys))
	for i, key := range keys {
		pairs[i] = Pair{key, m[key]}
	}
	return pairs
}
