package objects

import (
	"encoding/json"
	"errors"
	"strings"
	"unicode/utf8"
)

// jsonText is a JSON text that is being read, in one pass: a body of ten
// megabytes may have to be read to its end before it can be refused. Once it is
// bad, nothing that was read counts.
type jsonText struct {
	text    string
	pos     int
	bad     bool
	ordered bool // objects become Pairs, not maps
}

// deepest is how deep a text may be nested; bodies of requests are held to less.
const deepest = 10_000

// parseJSON decodes raw with objects as Pairs and numbers as json.Number. Of a
// key that occurs twice the last value counts, at the place of the first.
func parseJSON(raw []byte) (any, error) {
	j := &jsonText{text: string(raw), ordered: true}
	v := j.value(1)
	if err := j.end(); err != nil {
		return nil, err
	}
	return v, nil
}

// parseMembers decodes a JSON object, with the objects in it as maps and numbers
// as json.Number: what encoding/json makes of it, in a third of the time.
func parseMembers(raw []byte) (map[string]any, error) {
	j := &jsonText{text: string(raw)}
	j.expect('{')
	members := j.members(1)
	return members, j.end()
}

// SplitList returns the members of a JSON list, as they stand there.
func SplitList(raw []byte) ([]json.RawMessage, error) {
	j := &jsonText{text: string(raw)}
	list := []json.RawMessage{}
	j.expect('[')
	for first := true; j.more(']', first); first = false {
		from, to := j.skip()
		list = append(list, raw[from:to:to])
	}
	return list, j.end()
}

// splitObject calls each for the members of a JSON object, in the order of the
// text.
func splitObject(raw []byte, each func(key string, value json.RawMessage)) error {
	j := &jsonText{text: string(raw)}
	j.expect('{')
	for first := true; j.more('}', first); first = false {
		key := j.key()
		from, to := j.skip()
		each(key, raw[from:to:to])
	}
	return j.end()
}

// end says what is wrong with the text.
func (j *jsonText) end() error {
	j.space()
	if !j.bad && j.pos == len(j.text) {
		return nil
	}
	var v any
	if err := json.Unmarshal([]byte(j.text), &v); err != nil {
		return err
	}
	return errors.New("not the JSON that is expected")
}

func (j *jsonText) space() {
	for j.pos < len(j.text) {
		switch j.text[j.pos] {
		case ' ', '\t', '\n', '\r':
			j.pos++
		default:
			return
		}
	}
}

// expect passes c, which must stand next.
func (j *jsonText) expect(c byte) {
	j.space()
	if j.bad || j.pos >= len(j.text) || j.text[j.pos] != c {
		j.bad = true
		return
	}
	j.pos++
}

// more reports whether another member follows in a list or object that end
// closes, and passes what stands before it.
func (j *jsonText) more(end byte, first bool) bool {
	j.space()
	if j.bad || j.pos >= len(j.text) {
		j.bad = true
		return false
	}
	if j.text[j.pos] == end {
		j.pos++
		return false
	}
	if !first {
		j.expect(',')
	}
	return !j.bad
}

func (j *jsonText) key() string {
	j.space()
	key := j.str()
	j.expect(':')
	return key
}

// skip passes a value and says where it stands.
func (j *jsonText) skip() (from, to int) {
	j.space()
	from = j.pos
	j.pass(1)
	return from, j.pos
}

func (j *jsonText) pass(depth int) {
	j.space()
	if j.bad || j.pos >= len(j.text) || depth > deepest {
		j.bad = true
		return
	}
	switch j.text[j.pos] {
	case '{':
		j.pos++
		for first := true; j.more('}', first); first = false {
			j.space()
			j.quoted()
			j.expect(':')
			j.pass(depth + 1)
		}
	case '[':
		j.pos++
		for first := true; j.more(']', first); first = false {
			j.pass(depth + 1)
		}
	case '"':
		j.quoted()
	default:
		j.plain()
	}
}

func (j *jsonText) value(depth int) any {
	j.space()
	if j.bad || j.pos >= len(j.text) || depth > deepest {
		j.bad = true
		return nil
	}
	switch j.text[j.pos] {
	case '{':
		j.pos++
		if !j.ordered {
			return j.members(depth)
		}
		return j.pairs(depth)
	case '[':
		j.pos++
		list := []any{}
		for first := true; j.more(']', first); first = false {
			list = append(list, j.value(depth+1))
		}
		return list
	case '"':
		return j.str()
	}
	switch word := j.plain(); word {
	case "null", "":
		return nil
	case "true", "false":
		return word == "true"
	default:
		return json.Number(word)
	}
}

func (j *jsonText) members(depth int) map[string]any {
	members := map[string]any{}
	for first := true; j.more('}', first); first = false {
		key := j.key()
		members[key] = j.value(depth + 1)
	}
	return members
}

// fewPairs is how many keys are compared one by one.
const fewPairs = 16

func (j *jsonText) pairs(depth int) Pairs {
	pairs := Pairs{}
	var at map[string]int
	for first := true; j.more('}', first); first = false {
		key := j.key()
		value := j.value(depth + 1)
		if len(pairs) == fewPairs && at == nil {
			at = make(map[string]int, 4*fewPairs)
			for i, p := range pairs {
				at[p.Key] = i
			}
		}
		if i := pairs.place(key, at); i >= 0 {
			pairs[i].Value = value
			continue
		}
		if at != nil {
			at[key] = len(pairs)
		}
		pairs = append(pairs, Pair{key, value})
	}
	return pairs
}

// place is where a key stands, or -1; at knows, where it is not nil.
func (p Pairs) place(key string, at map[string]int) int {
	if at != nil {
		if i, ok := at[key]; ok {
			return i
		}
		return -1
	}
	for i := range p {
		if p[i].Key == key {
			return i
		}
	}
	return -1
}

// str reads a text.
func (j *jsonText) str() string {
	quoted, escaped := j.quoted()
	if !escaped && utf8.ValidString(quoted) {
		return strings.Trim(quoted, `"`)
	}
	var s string
	if json.Unmarshal([]byte(quoted), &s) != nil {
		j.bad = true
	}
	return s
}

// quoted passes a text and returns it with its quotes.
func (j *jsonText) quoted() (text string, escaped bool) {
	start := j.pos
	if j.bad || start >= len(j.text) || j.text[start] != '"' {
		j.bad = true
		return "", false
	}
	for i := start + 1; i < len(j.text); i++ {
		switch c := j.text[i]; {
		case c == '"':
			j.pos = i + 1
			return j.text[start:j.pos], escaped
		case c == '\\':
			escaped = true
			i++
		case c < ' ':
			j.bad = true
			return "", false
		}
	}
	j.bad = true
	return "", false
}

// plain passes a number, true, false or null.
func (j *jsonText) plain() string {
	start := j.pos
	for j.pos < len(j.text) {
		switch j.text[j.pos] {
		case ' ', '\t', '\n', '\r', ',', ']', '}', ':', '"', '[', '{':
		default:
			j.pos++
			continue
		}
		break
	}
	word := j.text[start:j.pos]
	switch word {
	case "true", "false", "null":
	default:
		j.bad = j.bad || !isNumber(word)
	}
	return word
}

// isNumber reports whether text is a number as JSON has them.
func isNumber(text string) bool {
	text = strings.TrimPrefix(text, "-")
	whole := leadingDigits(text)
	if whole == 0 || whole > 1 && text[0] == '0' {
		return false
	}
	text = text[whole:]
	if strings.HasPrefix(text, ".") {
		n := leadingDigits(text[1:])
		if n == 0 {
			return false
		}
		text = text[1+n:]
	}
	if text == "" {
		return true
	}
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	if text = text[1:]; text != "" && (text[0] == '+' || text[0] == '-') {
		text = text[1:]
	}
	return text != "" && leadingDigits(text) == len(text)
}

// leadingDigits counts those at the beginning of text.
func leadingDigits(text string) int {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return n
}
