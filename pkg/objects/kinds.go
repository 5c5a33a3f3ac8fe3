package objects

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"
)

// decodeValue reads the value of a plain field as a request gives it. Null was
// dealt with before, except where a kind reads it in its own way.
func (f *Field) decodeValue(raw json.RawMessage, known func(string) *Type) (any, *trouble) {
	v, err := parseJSON(raw)
	if err != nil {
		return nil, wrong("Value must be valid JSON.")
	}
	if v == nil && f.Kind != Choice && f.Kind != JSON {
		if f.Null {
			return nil, nil
		}
		return nil, wrong(notNull)
	}
	decode := decoders[f.Kind]
	if decode == nil {
		decode = (*Field).text
	}
	if f.Kind == ContentType || f.Kind == ContentTypes {
		return f.contentTypes(v, known)
	}
	return decode(f, v, raw)
}

var decoders map[Kind]func(f *Field, v any, raw json.RawMessage) (any, *trouble)

func init() {
	decoders = map[Kind]func(f *Field, v any, raw json.RawMessage) (any, *trouble){
		Text: (*Field).text, Slug: (*Field).text, URL: (*Field).text, Email: (*Field).text, Color: (*Field).text,
		MAC: (*Field).mac, Integer: (*Field).integer, Decimal: (*Field).decimal, Float: (*Field).float,
		Boolean: (*Field).boolean, Date: (*Field).date, Time: (*Field).time, Choice: (*Field).choice,
		Word: (*Field).word, Choices: (*Field).list, Numbers: (*Field).list, Texts: (*Field).list,
		JSON: (*Field).json, UUID: (*Field).uuid, IP: (*Field).address, Prefix: (*Field).address,
		TimeZone: (*Field).timeZone,
	}
}

var (
	slugPattern  = regexp.MustCompile(`^[-a-zA-Z0-9_]+$`)
	colorPattern = regexp.MustCompile(`^[0-9a-f]{6}$`)
)

// text reads all kinds that are texts with a form of their own.
func (f *Field) text(v any, raw json.RawMessage) (any, *trouble) {
	switch v.(type) {
	case string, json.Number:
	default:
		return nil, wrong("Not a valid string.")
	}
	s := strings.TrimSpace(pyStr(v))
	if s == "" {
		if f.Null && f.Args["empty"] == "null" {
			return nil, nil
		}
		if f.Blank || f.Model {
			return "", nil
		}
		return nil, wrong(notBlank)
	}
	var messages []string
	switch {
	case f.Kind == Slug && !slugPattern.MatchString(s):
		messages = append(messages, `Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.`)
	case f.Kind == Color && !colorPattern.MatchString(s):
		messages = append(messages, "Enter a valid hexadecimal RGB color code.")
	case f.Kind == URL && !isURL(s, f.Args["lax"] != ""):
		messages = append(messages, "Enter a valid URL.")
	case f.Kind == Email && !isEmail(s):
		messages = append(messages, "Enter a valid email address.")
	}
	if pattern := f.Args["pattern"]; pattern != "" && !cachedPattern(pattern).MatchString(s) {
		messages = append(messages, f.Args["message"])
	}
	if f.Max > 0 && utf8.RuneCountInString(s) > f.Max {
		messages = append(messages, fmt.Sprintf("Ensure this field has no more than %d characters.", f.Max))
	}
	messages = append(messages, strange(s, raw)...)
	if len(messages) > 0 {
		return nil, wrong(messages...)
	}
	if f.Args["case"] == "lower" {
		s = strings.ToLower(s)
	}
	return s, nil
}

// strange finds characters that no text may have. Half a surrogate pair reads
// as U+FFFD once decoded, so it is looked for in the JSON.
func strange(s string, raw json.RawMessage) []string {
	var messages []string
	if strings.ContainsRune(s, 0) {
		messages = append(messages, "Null characters are not allowed.")
	}
	if strings.ContainsRune(s, utf8.RuneError) {
		if half := loneSurrogate(string(raw)); half != "" {
			messages = append(messages, "Surrogate characters are not allowed: U+"+half+".")
		}
	}
	return messages
}

var escapes = regexp.MustCompile(`\\(?:u[0-9a-fA-F]{4}|.)`)

// loneSurrogate returns the first half of a surrogate pair in a JSON text that
// has no other half, or "".
func loneSurrogate(raw string) string {
	pending, end := "", -1
	for _, at := range escapes.FindAllStringIndex(raw, -1) {
		code := strings.ToUpper(raw[at[0]:at[1]])
		high := len(code) == 6 && code >= `\UD800` && code < `\UDC00`
		low := len(code) == 6 && code >= `\UDC00` && code < `\UE000`
		paired := pending != "" && low && at[0] == end
		switch {
		case paired:
			pending = ""
			continue
		case pending != "":
			return pending
		case low:
			return code[2:]
		case high:
			pending, end = code[2:], at[1]
		}
	}
	return pending
}

func limitText(f float64) string {
	text := strconv.FormatFloat(f, 'f', -1, 64)
	if text == "9223372036854776000" || f >= 9.2233720368547758e18 {
		return "9223372036854775807"
	}
	if f <= -9.2233720368547758e18 {
		return "-9223372036854775808"
	}
	return text
}

func (f *Field) boolean(v any, _ json.RawMessage) (any, *trouble) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case json.Number:
		if n, err := v.Float64(); err == nil && (n == 0 || n == 1) {
			return n == 1, nil
		}
	case string:
		switch strings.ToLower(v) {
		case "t", "y", "yes", "true", "on", "1":
			return true, nil
		case "f", "n", "no", "false", "off", "0":
			return false, nil
		case "null", "":
			if f.Null {
				return nil, nil
			}
		}
	}
	return nil, wrong("Must be a valid boolean.")
}

func (f *Field) json(v any, raw json.RawMessage) (any, *trouble) {
	if v == nil {
		if f.Null {
			return nil, nil
		}
		return nil, wrong(notNull)
	}
	if problem := TooMuchJSON(raw); problem != "" {
		return nil, wrong(problem)
	}
	if hasNUL(v) {
		return nil, wrong("Null characters are not allowed.")
	}
	if half := loneSurrogateIn(v, raw); half != "" {
		return nil, wrong("Surrogate characters are not allowed: U+" + half + ".")
	}
	if big := tooBig(v); big != "" {
		return nil, wrong("Ensure numbers are within the range of a double: " + big)
	}
	return plainJSON(v), nil
}

func loneSurrogateIn(_ any, raw json.RawMessage) string {
	if !strings.Contains(string(raw), `\u`) {
		return ""
	}
	return loneSurrogate(string(raw))
}

// hasNUL reports whether a text anywhere in v has U+0000.
func hasNUL(v any) bool {
	switch v := v.(type) {
	case string:
		return strings.ContainsRune(v, 0)
	case []any:
		for _, member := range v {
			if hasNUL(member) {
				return true
			}
		}
	case Pairs:
		for _, p := range v {
			if strings.ContainsRune(p.Key, 0) || hasNUL(p.Value) {
				return true
			}
		}
	}
	return false
}

func shorten(s string) string {
	if len(s) > 40 {
		return s[:40] + "…"
	}
	return s
}

func (f *Field) uuid(v any, _ json.RawMessage) (any, *trouble) {
	if id, ok := ReadID(v); ok {
		return id.String(), nil
	}
	return nil, wrong("Must be a valid UUID.")
}

// ReadID reads a decoded value as an id in the spellings that the contract takes:
// with or without hyphens, braces or "urn:uuid:", capitals, and a whole number
// (true and false are 1 and 0).
func ReadID(v any) (uuid.UUID, bool) {
	switch v := v.(type) {
	case string:
		return ParseID(v)
	case bool:
		id := uuid.UUID{}
		if v {
			id[15] = 1
		}
		return id, true
	case json.Number:
		n, ok := new(big.Int).SetString(v.String(), 10)
		if ok && n.Sign() >= 0 && n.BitLen() <= 128 {
			var id uuid.UUID
			n.FillBytes(id[:])
			return id, true
		}
	}
	return uuid.Nil, false
}

// ParseID reads an id in any of the spellings that the contract takes.
func ParseID(text string) (uuid.UUID, bool) {
	text = strings.ReplaceAll(strings.ReplaceAll(text, "urn:", ""), "uuid:", "")
	text = strings.ReplaceAll(strings.Trim(text, "{}"), "-", "")
	if len(text) != 32 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(text)
	return id, err == nil
}
