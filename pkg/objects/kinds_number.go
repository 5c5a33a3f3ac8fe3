package objects

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	integerPattern = regexp.MustCompile(`^[+-]?[0-9]+(?:_[0-9]+)*$`)
	zeroDecimals   = regexp.MustCompile(`\.0*\s*$`)
)

func (f *Field) integer(v any, _ json.RawMessage) (any, *trouble) {
	if problem := tooLong(v); problem != nil {
		return nil, problem
	}
	text, ok := "", true
	switch v := v.(type) {
	case string:
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
		if n.Sign() > 0 {
			return nil, wrong(fmt.Sprintf("Ensure this value is less than or equal to %d.", math.MaxInt64))
		}
		return nil, wrong(fmt.Sprintf("Ensure this value is greater than or equal to %d.", math.MinInt64))
	}
	return json.Number(n.String()), nil
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

// tooLong refuses the text of a number that nobody means.
func tooLong(v any) *trouble {
	if written, isText := v.(string); isText && utf8.RuneCountInString(written) > 1000 {
		return wrong("String value too large.")
	}
	return nil
}

var decimalPattern = regexp.MustCompile(`^[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?$`)

// decimal reads an exact number of at most Args["digits"] digits, of which
// Args["places"] stand behind the point.
func (f *Field) decimal(v any, _ json.RawMessage) (any, *trouble) {
	if problem := tooLong(v); problem != nil {
		return nil, problem
	}
	text := ""
	switch v := v.(type) {
	case string:
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
	if problem := tooLong(v); problem != nil {
		return nil, problem
	}
	text := ""
	switch v := v.(type) {
	case string:
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

// numeric reports whether the choices of f are numbers on the wire.
func (f *Field) numeric() bool { return f.Args["numeric"] != "" }

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

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

func itoa(n int) string { return strconv.Itoa(n) }
