package filters

import (
	"fmt"
	"math/big"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"
)

// fill reads values into c and returns the message when they are refused.
func (c *Condition) fill(values []string) string {
	if c.Lookup == IsNull {
		return c.truth(values, true)
	}
	kind := c.Field.valueKind()
	switch kind {
	case Boolean:
		return c.truth(values, true)
	case Membership:
		return c.truth(values, false)
	case Search:
		return c.search(values)
	}
	for _, v := range values {
		if text := c.add(kind, v); text != "" {
			return text
		}
	}
	c.dedupe()
	return ""
}

// truth reads booleans; what is none is ignored, and of several the last one
// counts. The forms know other spellings beside true and false: 2 and 3 of plain
// booleans, 1 and 0 of has_*.
func (c *Condition) truth(values []string, plain bool) string {
	if len(values) == 0 {
		return ""
	}
	switch v := values[len(values)-1]; {
	case v == "true" || v == "True" || plain && v == "2" || !plain && v == "1":
		c.Truth, c.decided = true, true
	case v == "false" || v == "False" || plain && v == "3" || !plain && v == "0":
		c.decided = true
	}
	return ""
}

func (c *Condition) search(values []string) string {
	if len(values) == 0 {
		return ""
	}
	v := values[len(values)-1]
	if hasNull(v) {
		return msgNull
	}
	if v != "" {
		c.Texts = []string{v} // blanks at its ends are searched for, too
	}
	return ""
}

// add reads one value of a kind that takes several.
func (c *Condition) add(kind Kind, v string) string {
	switch kind {
	case Reference, NameOrID, Tree, Tag, Linked:
		return c.addReference(kind, v)
	case Choice, ContentType:
		return c.addChoice(v)
	case UUID:
		return c.addID(v)
	}
	if v == "" {
		return ""
	}
	if v == "null" && c.Field.NoNull && (kind == Text || c.Lookup == Equal) {
		c.decided = true
		return ""
	}
	switch kind {
	case Integer, Decimal:
		return c.addNumber(kind, v)
	case Date, Time:
		return c.addTime(kind, v)
	}
	return c.addText(kind, v)
}

func (c *Condition) addText(kind Kind, v string) string {
	if hasNull(v) {
		return msgNull
	}
	v = strings.TrimFunc(v, unicode.IsSpace)
	switch {
	case v == "null" && (c.Lookup == Equal && c.Field.Kind != Method || c.Lookup == Not):
		c.Null = true
		return ""
	case isPattern(c.Lookup) || c.Lookup == Equal && isPattern(c.Field.Base):
		if reason := CheckPattern(v); reason != "" {
			return fmt.Sprintf(msgPattern, reason)
		}
	case kind == MAC && (c.Lookup == Equal || c.Lookup == Not):
		canonical, ok := HardwareAddress(v)
		if !ok {
			return fmt.Sprintf(msgMAC, v)
		}
		v = canonical
	case c.Field.Canonical != nil && c.Lookup.whole():
		canonical, problem := c.Field.Canonical(v)
		if problem != "" {
			return problem
		}
		v = canonical
	}
	c.Texts = append(c.Texts, v)
	return ""
}

// isPattern reports that the lookup takes a regular expression.
func isPattern(l Lookup) bool {
	return l == Regex || l == NotRegex || l == IRegex || l == NotIRegex
}

// HasPattern reports that judging c means matching regular expressions.
func (c *Condition) HasPattern() bool {
	return isPattern(c.Lookup) || c.Lookup == Equal && c.Field != nil && isPattern(c.Field.Base)
}

// Pattern returns the name of the first parameter of q with a regular
// expression, or "".
func (q Query) Pattern() string {
	for i := range q {
		if !q[i].HasPattern() {
			continue
		}
		if q[i].Lookup == Equal {
			return q[i].Field.Name
		}
		return q[i].Field.Name + "__" + string(q[i].Lookup)
	}
	return ""
}

// addChoice reads one of a fixed set. Only the plain filter insists on it, and
// the negated one of a field that has no lookups for texts.
func (c *Condition) addChoice(v string) string {
	f := c.Field
	if f.valueKind() == ContentType && f.SingleValue {
		c.addContentType(v)
		return ""
	}
	strict := c.Lookup == Equal || f.valueKind() == ContentType || c.Lookup == Not && !slices.Contains(f.Lookups, Contains)
	if v == "null" && (f.Nullable || f.valueKind() == ContentType) && (strict || c.Lookup == Not) {
		c.Null = true
		return ""
	}
	if strict && !f.offers(v) {
		if v == "" && f.SingleValue {
			return ""
		}
		return fmt.Sprintf(msgChoice, v)
	}
	if !strict {
		if v == "" {
			return ""
		}
		return c.addText(Text, v)
	}
	c.Texts = append(c.Texts, v)
	return ""
}

// addContentType reads a content type of a field that takes one, and any text for
// it: what is none matches nothing, denied or not.
func (c *Condition) addContentType(v string) {
	switch v = strings.ToLower(strings.TrimFunc(v, unicode.IsSpace)); {
	case v == "":
	case contentTypeName.MatchString(v):
		c.Texts = append(c.Texts, v)
	default:
		c.Nothing = true
	}
}

// contentTypeName is the form of app_label.model.
var contentTypeName = regexp.MustCompile(`^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$`)

// offers reports whether v is one of the choices. Content types without choices
// only have to look like one.
func (f *Field) offers(v string) bool {
	if f.valueKind() == ContentType && f.Choices == nil {
		return contentTypeName.MatchString(v)
	}
	return slices.Contains(f.Choices, v)
}

func (c *Condition) addID(v string) string {
	if v == "" {
		return ""
	}
	v = strings.TrimFunc(v, unicode.IsSpace)
	if v == "" {
		c.Null = true // nothing but blanks is no id, and what has none is meant
		return ""
	}
	id, ok := parseUUID(v)
	if !ok {
		return msgUUID
	}
	c.IDs = append(c.IDs, id)
	return ""
}

// addReference reads "null", an id, or, unless only ids are taken, the natural
// field.
func (c *Condition) addReference(kind Kind, v string) string {
	if v == "null" && c.Field.Nullable && kind != Linked {
		c.Null = true
		return ""
	}
	if v == "" && c.Field.SingleValue {
		return ""
	}
	if id, ok := parseUUID(v); ok {
		c.IDs = append(c.IDs, id)
		return ""
	}
	if hasNull(v) {
		return msgNull
	}
	if kind == Reference || kind == Linked || c.Field.byIDAlone() {
		return fmt.Sprintf(msgNotUUID, v)
	}
	text, ok := c.canonical(v)
	switch {
	case ok:
		c.Texts = append(c.Texts, text)
	case c.Field.ToKind == Address:
		return fmt.Sprintf(msgAddress, v)
	default:
		return fmt.Sprintf(msgChoice, v)
	}
	return ""
}

// byIDAlone reports that the natural field of what is named is its id.
func (f *Field) byIDAlone() bool {
	return len(f.ToField.Hops) == 0 && f.ToField.Column.Own && f.ToField.Column.Name == "id"
}

// canonical is the text that a natural value is looked up by; false when it can
// be none.
func (c *Condition) canonical(v string) (string, bool) {
	switch c.Field.ToKind {
	case Integer:
		return wholeNumber(v)
	case Address:
		host, _, _ := strings.Cut(v, "/")
		if addr, err := netip.ParseAddr(host); err == nil && addr.Zone() == "" {
			return addr.String(), true
		}
		return "", false
	}
	return v, true
}

// addNumber reads a number as the forms do: with white space around it, with
// underscores between digits, and whole ones with zeros behind a point.
func (c *Condition) addNumber(kind Kind, v string) string {
	if kind == Integer && c.Field.Kind == Integer { // single numbers are of any kind
		n, ok := wholeNumber(v)
		if !ok {
			return msgInteger
		}
		c.Texts = append(c.Texts, n)
		return ""
	}
	n, text := decimalNumber(v)
	if text != "" {
		return text
	}
	c.Texts = append(c.Texts, n)
	return ""
}

var (
	zeros   = regexp.MustCompile(`\.0*\s*$`)
	integer = regexp.MustCompile(`^[+-]?[0-9]+(_[0-9]+)*$`)
	decimal = regexp.MustCompile(`^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,6})?$`)
)

// wholeNumber returns the decimal text of an integer.
func wholeNumber(v string) (string, bool) {
	v = asciiDigits(strings.TrimFunc(zeros.ReplaceAllString(v, ""), unicode.IsSpace))
	if !integer.MatchString(v) || len(v) > 4300 {
		return "", false
	}
	n, ok := new(big.Int).SetString(strings.ReplaceAll(v, "_", ""), 10)
	if !ok {
		return "", false
	}
	return n.String(), true
}

// decimalNumber returns the text of a number, or what is wrong with it.
func decimalNumber(v string) (string, string) {
	v = strings.ReplaceAll(asciiDigits(strings.TrimFunc(v, unicode.IsSpace)), "_", "")
	if !decimal.MatchString(v) {
		return "", msgNumber
	}
	n, ok := new(big.Float).SetPrec(256).SetString(v)
	if !ok {
		return "", msgNumber
	}
	if n.Cmp(largest) > 0 {
		return "", msgLargest
	}
	if n.Cmp(new(big.Float).Neg(huge)) < 0 {
		return "-1e60", ""
	}
	if n.Sign() == 0 || new(big.Float).Abs(n).Cmp(tiny) < 0 {
		return "0", ""
	}
	return plain(v), ""
}

var (
	largest, huge = power(50), power(60)
	tiny          = new(big.Float).Quo(big.NewFloat(1), huge)
)

// maxFraction is how many digits behind the point count.
const maxFraction = 100

func power(n int64) *big.Float {
	return new(big.Float).SetPrec(256).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil))
}

// plain is a number without what JSON and the databases do not know: a leading
// plus, a bare point.
func plain(v string) string {
	v = strings.TrimPrefix(strings.ToLower(v), "+")
	mantissa, exponent, scientific := strings.Cut(v, "e")
	whole, fraction, _ := strings.Cut(mantissa, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	whole = strings.TrimLeft(whole, "0")
	if whole == "" {
		whole = "0"
	}
	out := sign + whole
	if len(fraction) > maxFraction {
		fraction = fraction[:maxFraction]
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		out += "." + fraction
	}
	if scientific {
		out += "e" + strings.TrimPrefix(exponent, "+")
	}
	return out
}

// asciiDigits turns the digits of other scripts into ours, as the forms do.
func asciiDigits(v string) string {
	return strings.Map(func(r rune) rune {
		if r < unicode.MaxASCII || !unicode.Is(unicode.Nd, r) {
			return r
		}
		for zero := r; ; zero-- {
			if !unicode.Is(unicode.Nd, zero-1) || r-zero == 9 {
				return '0' + (r - zero)
			}
		}
	}, v)
}

func (c *Condition) addTime(kind Kind, v string) string {
	v = strings.TrimFunc(v, unicode.IsSpace)
	if kind == Date {
		day, ok := parseDate(v)
		if !ok {
			return msgDate
		}
		c.Texts = append(c.Texts, day)
		return ""
	}
	at, ok := parseTime(v)
	if !ok {
		return msgTime
	}
	c.Texts = append(c.Texts, at)
	return ""
}

// dedupe drops repeated values.
func (c *Condition) dedupe() {
	c.Texts = distinct(c.Texts)
	c.IDs = distinct(c.IDs)
}

func distinct[T comparable](in []T) []T {
	if len(in) < 2 {
		return in
	}
	seen := make(map[T]bool, len(in))
	return slices.DeleteFunc(in, func(v T) bool {
		again := seen[v]
		seen[v] = true
		return again
	})
}

func hasNull(v string) bool { return strings.ContainsRune(v, 0) }

// parseUUID reads an id in any of its usual spellings.
func parseUUID(v string) (uuid.UUID, bool) {
	if len(v) > 64 {
		return uuid.Nil, false
	}
	bare := strings.ReplaceAll(strings.Trim(strings.TrimPrefix(strings.TrimPrefix(v, "urn:"), "uuid:"), "{}"), "-", "")
	if len(bare) != 32 {
		return uuid.Nil, false
	}
	id, err := uuid.Parse(bare)
	return id, err == nil
}

var hardware = regexp.MustCompile(`^(?:[0-9a-fA-F]{1,2}(?:[:-][0-9a-fA-F]{1,2}){5}|[0-9a-fA-F]{4}(?:[.][0-9a-fA-F]{4}){2}|[0-9a-fA-F]{6}[:-][0-9a-fA-F]{6}|[0-9a-fA-F]{12})$`)

// HardwareAddress returns a hardware address in capitals with colons; false for
// what is none.
func HardwareAddress(v string) (string, bool) {
	if !hardware.MatchString(v) {
		return "", false
	}
	parts := strings.FieldsFunc(v, func(r rune) bool { return strings.ContainsRune(":-.", r) })
	if len(parts) == 6 {
		for i, part := range parts {
			parts[i] = strings.Repeat("0", 2-len(part)) + part
		}
	}
	digits := strings.ToUpper(strings.Join(parts, ""))
	pairs := make([]string, 0, 6)
	for i := 0; i < len(digits); i += 2 {
		pairs = append(pairs, digits[i:i+2])
	}
	return strings.Join(pairs, ":"), true
}
