package objects

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Pairs is a JSON object in the order of its text. The contract's texts quote
// values as Python writes them, and Python keeps that order.
type Pairs []Pair

// Pair is one member of an object.
type Pair struct {
	Key   string
	Value any
}

// Get returns the value of a key; the last one counts.
func (p Pairs) Get(key string) (any, bool) {
	for i := len(p) - 1; i >= 0; i-- {
		if p[i].Key == key {
			return p[i].Value, true
		}
	}
	return nil, false
}

// plainJSON turns Pairs into maps, for what is stored.
func plainJSON(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, member := range v {
			out[i] = plainJSON(member)
		}
		return out
	case Pairs:
		out := make(map[string]any, len(v))
		for _, p := range v {
			out[p.Key] = plainJSON(p.Value)
		}
		return out
	}
	return v
}

// PyRepr writes a value as Python's repr does: what json.Unmarshal or Pairs
// hold, and any type with a PyRepr method.
func PyRepr(v any) string {
	switch v := v.(type) {
	case string:
		return pyQuote(v)
	case []any:
		parts := make([]string, len(v))
		for i, member := range v {
			parts[i] = PyRepr(member)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case []string:
		parts := make([]string, len(v))
		for i, member := range v {
			parts[i] = pyQuote(member)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case Pairs:
		parts := make([]string, len(v))
		for i, p := range v {
			parts[i] = pyQuote(p.Key) + ": " + PyRepr(p.Value)
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case map[string]any:
		return PyRepr(sortedPairs(v))
	case interface{ PyRepr() string }:
		return v.PyRepr()
	}
	return pyStr(v)
}

// pyStr writes a value as Python's str does.
func pyStr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case string:
		return v
	case bool:
		if v {
			return "True"
		}
		return "False"
	case json.Number:
		return pyNumber(v)
	case float64:
		return pyFloat(v)
	case []any, []string, Pairs, map[string]any, interface{ PyRepr() string }:
		return PyRepr(v)
	}
	return fmt.Sprint(v)
}

// isInteger reports whether Python reads a JSON number as an int.
func isInteger(n json.Number) bool { return !strings.ContainsAny(n.String(), ".eE") }

func pyNumber(n json.Number) string {
	if isInteger(n) {
		if n == "-0" {
			return "0"
		}
		return n.String()
	}
	f, _ := n.Float64()
	return pyFloat(f)
}

func pyFloat(f float64) string {
	switch {
	case math.IsInf(f, 1):
		return "inf"
	case math.IsInf(f, -1):
		return "-inf"
	case math.IsNaN(f):
		return "nan"
	}
	if size := math.Abs(f); size != 0 && (size < 1e-4 || size >= 1e16) {
		return strconv.FormatFloat(f, 'e', -1, 64)
	}
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return text
}

// pyQuote is Python's repr of a text.
func pyQuote(s string) string {
	quote := byte('\'')
	if strings.Contains(s, "'") && !strings.Contains(s, `"`) {
		quote = '"'
	}
	var b strings.Builder
	b.WriteByte(quote)
	for _, r := range s {
		switch {
		case r == rune(quote) || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x7f || unicode.IsPrint(r):
			b.WriteRune(r)
		case r <= 0xff:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
	}
	b.WriteByte(quote)
	return b.String()
}

// pyType is the name of a decoded value's type in Python.
func pyType(v any) string {
	switch v := v.(type) {
	case nil:
		return "NoneType"
	case string:
		return "str"
	case bool:
		return "bool"
	case json.Number:
		if isInteger(v) {
			return "int"
		}
		return "float"
	case []any:
		return "list"
	}
	return "dict"
}

// identifier is a text that Python writes without quotes, such as UUID('…').
type identifier string

// PyRepr returns the text itself.
func (i identifier) PyRepr() string { return string(i) }
