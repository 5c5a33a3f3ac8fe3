package objects

import (
	"encoding/json"
	"fmt"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

func itoa(n int) string { return strconv.Itoa(n) }

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

// bounds checks a number against the limits of the field.
func (f *Field) bounds(n *big.Rat) *trouble {
	var messages []string
	if f.Most != nil && n.Cmp(new(big.Rat).SetFloat64(*f.Most)) > 0 {
		messages = append(messages, "Ensure this value is less than or equal to "+limitText(*f.Most)+".")
	}
	if f.Min != nil && n.Cmp(new(big.Rat).SetFloat64(*f.Min)) < 0 {
		messages = append(messages, "Ensure this value is greater than or equal to "+limitText(*f.Min)+".")
	}
	if len(messages) > 0 {
		return wrong(messages...)
	}
	return nil
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

var (
	integerPattern = regexp.MustCompile(`^[+-]?[0-9]+(?:_[0-9]+)*$`)
	zeroDecimals   = regexp.MustCompile(`\.0*\s*$`)
)

func (f *Field) integer(v any, _ json.RawMessage) (any, *trouble) {
	text, ok := "", true
	switch v := v.(type) {
	case string:
		if utf8.RuneCountInString(v) > 1000 {
			return nil, wrong("String value too large.")
		}
		text = v
	case json.Number:
		text = pyNumber(v)
	default:
		ok = false
	}
	text = strings.TrimSpace(zeroDecimals.ReplaceAllString(text, ""))
	if !ok || !integerPattern.MatchString(text) {
		word := "integer"
		if f.Args["big"] != "" {
			word = "biginteger"
		}
		return nil, wrong("A valid " + word + " is required.")
	}
	n, _ := new(big.Int).SetString(strings.ReplaceAll(strings.TrimPrefix(text, "+"), "_", ""), 10)
	if problem := f.bounds(new(big.Rat).SetInt(n)); problem != nil && !f.Model {
		return nil, problem
	}
	if !n.IsInt64() {
		most, least := 9223372036854775807.0, -9223372036854775808.0
		wide := Field{Most: &most, Min: &least}
		return nil, wide.bounds(new(big.Rat).SetInt(n))
	}
	return json.Number(n.String()), nil
}

var decimalPattern = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$`)

// decimal reads an exact number of at most Args["digits"] digits, of which
// Args["places"] stand behind the point.
func (f *Field) decimal(v any, _ json.RawMessage) (any, *trouble) {
	text := ""
	switch v := v.(type) {
	case string:
		if utf8.RuneCountInString(v) > 1000 {
			return nil, wrong("String value too large.")
		}
		text = strings.TrimSpace(v)
		if text == "" && f.Null {
			return nil, nil
		}
	case json.Number:
		text = pyNumber(v)
	}
	if !decimalPattern.MatchString(text) {
		return nil, wrong("A valid number is required.")
	}
	digits, places := atoi(f.Args["digits"]), atoi(f.Args["places"])
	total, behind := decimalShape(text)
	switch {
	case digits > 0 && total > digits:
		return nil, wrong(fmt.Sprintf("Ensure that there are no more than %d digits in total.", digits))
	case f.Args["places"] != "" && behind > places:
		return nil, wrong(fmt.Sprintf("Ensure that there are no more than %d decimal places.", places))
	case digits > 0 && total-behind > digits-places:
		return nil, wrong(fmt.Sprintf("Ensure that there are no more than %d digits before the decimal point.", digits-places))
	}
	n, ok := new(big.Rat).SetString(text)
	if !ok {
		return nil, wrong("A valid number is required.")
	}
	if problem := f.bounds(n); problem != nil && !f.Model {
		return nil, problem
	}
	if f.Args["places"] == "" {
		places = max(behind, 0)
	}
	return json.Number(n.FloatString(places)), nil
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// decimalShape counts the digits of a decimal text in all and behind the point.
func decimalShape(text string) (total, behind int) {
	text = strings.TrimLeft(text, "+-")
	mantissa, exponent, _ := strings.Cut(strings.ToLower(text), "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	all := strings.TrimLeft(whole+fraction, "0")
	if all == "" {
		all = "0"
	}
	shift := atoi(strings.TrimPrefix(exponent, "+"))
	behind = len(fraction) - shift
	if behind < 0 {
		return len(all) - behind, 0
	}
	return max(len(all), behind), behind
}

func (f *Field) float(v any, _ json.RawMessage) (any, *trouble) {
	text := ""
	switch v := v.(type) {
	case string:
		if utf8.RuneCountInString(v) > 1000 {
			return nil, wrong("String value too large.")
		}
		text = strings.TrimSpace(v)
	case json.Number:
		text = v.String()
	case bool:
		text = "0"
		if v {
			text = "1"
		}
	}
	n, err := strconv.ParseFloat(text, 64)
	if !decimalPattern.MatchString(text) || err != nil {
		return nil, wrong("A valid number is required.")
	}
	if problem := f.bounds(new(big.Rat).SetFloat64(n)); problem != nil && !f.Model {
		return nil, problem
	}
	return json.Number(pyFloat(n)), nil
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

var weekDate = regexp.MustCompile(`^(\d{4})-?W(\d{2})(?:-?(\d))?$`)

func (f *Field) date(v any, _ json.RawMessage) (any, *trouble) {
	if text, ok := v.(string); ok {
		for _, layout := range []string{"2006-1-2", "20060102"} {
			if day, err := time.Parse(layout, text); err == nil && day.Year() > 0 {
				return day.Format("2006-01-02"), nil
			}
		}
		if day, ok := dayOfWeek(text); ok {
			return day, nil
		}
	}
	return nil, wrong("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")
}

// dayOfWeek reads a date of ISO 8601's week form.
func dayOfWeek(text string) (string, bool) {
	m := weekDate.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	day := max(atoi(m[3]), 1)
	start := time.Date(atoi(m[1]), 1, 4, 0, 0, 0, 0, time.UTC)
	monday := start.AddDate(0, 0, -int(start.Weekday()+6)%7)
	found := monday.AddDate(0, 0, 7*(atoi(m[2])-1)+day-1)
	if year, week := found.ISOWeek(); day > 7 || year != atoi(m[1]) || week != atoi(m[2]) {
		return "", false
	}
	return found.Format("2006-01-02"), true
}

// storedTime is how data keeps a time: of fixed width, so that it compares as text.
const storedTime = "2006-01-02T15:04:05.000000Z"

var timePattern = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$`)

func (f *Field) time(v any, _ json.RawMessage) (any, *trouble) {
	text, _ := v.(string)
	if t, ok := parseTime(text); ok {
		return t.UTC().Format(storedTime), nil
	}
	return nil, wrong("Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
}

// parseTime reads a time as the contract takes it; without an offset it is UTC.
func parseTime(text string) (time.Time, bool) {
	m := timePattern.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	day, err := time.Parse("2006-1-2", m[1])
	hour, minute, second := atoi(m[2]), atoi(m[3]), atoi(m[4])
	if err != nil || day.Year() < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	micro := atoi((m[5] + "000000")[:6])
	zone := time.UTC
	if offset := strings.ReplaceAll(m[6], ":", ""); len(offset) >= 3 {
		seconds := atoi(offset[1:3])*3600 + atoi(offset[3:])*60
		if offset[0] == '-' {
			seconds = -seconds
		}
		if seconds <= -24*3600 || seconds >= 24*3600 {
			return time.Time{}, false
		}
		zone = time.FixedZone("", seconds)
	}
	t := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, second, micro*1000, zone)
	return t, t.UTC().Year() > 0 && t.UTC().Year() < 10000
}

// choice reads a value that is answered as {"value","label"}: bare, or in an
// object of that form. Blank is "".
func (f *Field) choice(v any, _ json.RawMessage) (any, *trouble) {
	if v == nil || v == "" {
		if f.Null && v == nil && !f.Blank {
			return nil, nil
		}
		if f.Blank || f.Null {
			return "", nil
		}
		return nil, wrong(notBlank)
	}
	if pairs, ok := v.(Pairs); ok {
		inner, ok := pairs.Get("value")
		if !ok {
			return nil, wrong(`Value must be passed directly (e.g. "foo": 123) or as a dict with key "value" (e.g. "foo": {"value": 123}).`)
		}
		v = inner
	}
	switch v.(type) {
	case []any, Pairs:
		return nil, wrong(`Value must be passed directly (e.g. "foo": 123); do not use a list.`)
	}
	for _, c := range f.Choices {
		if f.isChoice(c[0], v) {
			return f.choiceValue(c[0]), nil
		}
	}
	return nil, wrong(pyStr(choiceText(v)) + " is not a valid choice.")
}

// choiceText is a value as the text of a refusal quotes it.
func choiceText(v any) any {
	if text, ok := v.(string); ok {
		switch strings.ToLower(text) {
		case "true":
			return true
		case "false":
			return false
		}
		if trimmed := strings.TrimSpace(text); integerPattern.MatchString(trimmed) && len(trimmed) < 4000 {
			if n, ok := new(big.Int).SetString(strings.TrimPrefix(trimmed, "+"), 10); ok {
				return json.Number(n.String())
			}
		}
	}
	return v
}

// isChoice reports whether v names the choice of that value.
func (f *Field) isChoice(choice string, v any) bool {
	if !f.numeric() {
		return v == choice
	}
	switch v := v.(type) {
	case string:
		return strings.TrimSpace(v) == choice
	case json.Number:
		want, _ := strconv.ParseFloat(choice, 64)
		n, err := v.Float64()
		return err == nil && n == want
	}
	return false
}

// numeric reports whether the choices of f are numbers on the wire.
func (f *Field) numeric() bool { return f.Args["numeric"] != "" }

// choiceValue is a choice as it is stored.
func (f *Field) choiceValue(choice string) any {
	if f.numeric() {
		return json.Number(choice)
	}
	return choice
}

// word reads a choice that is answered as its plain value.
func (f *Field) word(v any, _ json.RawMessage) (any, *trouble) {
	if v == "" && f.Blank {
		return "", nil
	}
	text := pyStr(v)
	switch v.(type) {
	case string, json.Number:
		for _, c := range f.Choices {
			if c[0] == text {
				return f.choiceValue(c[0]), nil
			}
		}
	}
	return nil, wrong(`"` + text + `" is not a valid choice.`)
}

// member is the field that judges each member of a list.
func (f *Field) member() *Field {
	m := &Field{Name: f.Name, Min: f.Min, Most: f.Most, Max: f.Max, Args: f.Args, Choices: f.Choices}
	switch {
	case f.Kind == Numbers && len(f.Choices) > 0:
		m.Kind, m.Args = Choice, map[string]string{"numeric": "true"}
	case f.Kind == Numbers:
		m.Kind = Integer
	case f.Kind == Choices && f.Args["plain"] != "":
		m.Kind = Word
	case f.Kind == Choices:
		m.Kind = Choice
	default:
		m.Kind = Text
	}
	return m
}

func (f *Field) list(v any, _ json.RawMessage) (any, *trouble) {
	if f.Args["set"] != "" {
		return f.set(v)
	}
	members, ok := v.([]any)
	if !ok {
		return nil, wrong(`Expected a list of items but got type "` + pyType(v) + `".`)
	}
	judge, problem := f.member(), &trouble{members: map[int][]string{}}
	out := make([]any, 0, len(members))
	for i, member := range members {
		raw, _ := json.Marshal(plainJSON(member))
		value, t := judge.decodeValue(raw, nil)
		if t != nil {
			problem.members[i] = t.messages
		}
		out = append(out, value)
	}
	if len(problem.members) > 0 {
		return nil, problem
	}
	return out, nil
}

// set reads a list of choices in which the first wrong one is told for the whole.
func (f *Field) set(v any) (any, *trouble) {
	members, problem := iterated(v)
	if problem != nil {
		return nil, problem
	}
	chosen := map[string]bool{}
	for _, member := range members {
		text := pyStr(member)
		found := false
		for _, c := range f.Choices {
			found = found || c[0] == text
		}
		if !found {
			return nil, wrong(`"` + text + `" is not a valid choice.`)
		}
		chosen[text] = true
	}
	out := []any{}
	for _, c := range f.Choices {
		if chosen[c[0]] {
			out = append(out, c[0])
		}
	}
	return out, nil
}

// iterated is what Python walks over in v: the members of a list, the keys of an
// object. Texts, which it walks over too, the contract refuses.
func iterated(v any) ([]any, *trouble) {
	switch v := v.(type) {
	case []any:
		return v, nil
	case Pairs:
		keys := make([]any, len(v))
		for i, p := range v {
			keys[i] = p.Key
		}
		return keys, nil
	}
	return nil, wrong(`Expected a list of items but got type "` + pyType(v) + `".`)
}

func (f *Field) json(v any, raw json.RawMessage) (any, *trouble) {
	if v == nil {
		if f.Null {
			return nil, nil
		}
		return nil, wrong(notNull)
	}
	if len(raw) > largestJSON {
		return nil, wrong("Ensure this value has no more than 256 kB of JSON.")
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

// tooBig returns a number in v that no double can hold, or "".
func tooBig(v any) string {
	switch v := v.(type) {
	case json.Number:
		if _, err := v.Float64(); err != nil {
			return shorten(v.String())
		}
	case []any:
		for _, member := range v {
			if big := tooBig(member); big != "" {
				return big
			}
		}
	case Pairs:
		for _, p := range v {
			if big := tooBig(p.Value); big != "" {
				return big
			}
		}
	}
	return ""
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

func (f *Field) timeZone(v any, _ json.RawMessage) (any, *trouble) {
	text, ok := v.(string)
	if v == "" {
		if f.Blank {
			return "", nil
		}
		return nil, wrong(notBlank)
	}
	if !ok || text == "Local" {
		return nil, wrong("A valid timezone is required.")
	}
	if _, err := time.LoadLocation(text); err != nil {
		return nil, wrong("A valid timezone is required.")
	}
	return text, nil
}

// contentTypes reads app_label.model, one or a list. Args["eligible"] lists
// those that the field takes besides what known knows; "feature" narrows them.
func (f *Field) contentTypes(v any, known func(string) *Type) (any, *trouble) {
	one := func(v any) (string, *trouble) {
		text, ok := v.(string)
		if !ok || strings.Count(text, ".") != 1 {
			return "", wrong("Invalid value. Specify a content type as '<app_label>.<model_name>'.")
		}
		if t := known(text); t == nil || !f.eligible(t) {
			return "", wrong("Invalid content type: " + text)
		}
		return text, nil
	}
	if f.Kind == ContentType {
		if v == "" {
			if f.Null {
				return nil, nil
			}
			return nil, wrong(notNull)
		}
		text, problem := one(v)
		if problem != nil {
			return nil, problem
		}
		return text, nil
	}
	members, problem := iterated(v)
	if problem != nil {
		return nil, problem
	}
	out, seen := []any{}, map[string]bool{}
	for _, member := range members {
		text, problem := one(member)
		if problem != nil {
			return nil, problem
		}
		if !seen[text] {
			out, seen[text] = append(out, text), true
		}
	}
	return out, nil
}

// eligible reports whether a content-type field takes t.
func (f *Field) eligible(t *Type) bool {
	if len(f.To) == 0 {
		return true
	}
	for _, name := range f.To {
		if name == t.Name {
			return true
		}
	}
	return false
}
