package filters

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// ParseJSON reads the FilterSet of a definition, a JSON object, as the parameters
// of the list it belongs to. The texts say what is wrong with it, as the contract
// has them (reference 1.4, M5 and M6): bad values in form order, then unknown
// names in the order of the object.
func (s *Schema) ParseJSON(ctx context.Context, names Names, raw json.RawMessage) (Query, []string, error) {
	members, err := members(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("read filter: %w", err)
	}
	var query Query
	var bad []problem
	var unknown []string
	for _, m := range members {
		f, lookup := s.find(m.name)
		if f == nil {
			unknown = append(unknown, fmt.Sprintf(msgNoSuch, m.name, s.Class))
			continue
		}
		c, some, text, err := f.readJSON(ctx, plainNames(names), lookup, m.value)
		if err != nil {
			return nil, nil, err
		}
		if text != "" {
			bad = append(bad, problem{m.name, text, s.place(f, lookup)})
		} else if some {
			query = append(query, c)
		}
	}
	sortProblems(bad)
	var texts []string
	for _, p := range bad {
		texts = append(texts, fmt.Sprintf(msgNotValid, p.name, p.text))
	}
	if texts = append(texts, unknown...); texts != nil {
		return nil, texts, nil
	}
	return query, nil, nil
}

// plainNames hides a Finder: a definition goes by names, whatever they name one
// day.
func plainNames(names Names) Names {
	if names == nil {
		return nil
	}
	return struct{ Names }{names}
}

// Stored reads a FilterSet that was valid once. It looks nothing up and never
// fails: what can no longer be read matches nothing.
func (s *Schema) Stored(raw json.RawMessage) Query {
	if None(raw) {
		return nil
	}
	members, err := members(raw)
	if err != nil {
		return Query{{Nothing: true}}
	}
	var query Query
	for _, m := range members {
		f, lookup := s.find(m.name)
		if f == nil {
			query = append(query, Condition{Nothing: true})
			continue
		}
		c, some, text, _ := f.readJSON(context.Background(), nil, lookup, m.value)
		if text != "" {
			c = Condition{Field: f, Lookup: lookup, Nothing: true}
		}
		if some || text != "" {
			c.Stored = true
			query = append(query, c)
		}
	}
	return query
}

// member is one key of an object.
type member struct {
	name  string
	value any
}

// members reads an object in its order; of a repeated key the last value counts,
// at the place of the first.
func members(raw json.RawMessage) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, fmt.Errorf("no object: %.40s", raw)
	}
	var out []member
	at := map[string]int{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		m := member{name: t.(string)}
		if err := d.Decode(&m.value); err != nil {
			return nil, err
		}
		if i, again := at[m.name]; again {
			out[i].value = m.value
			continue
		}
		at[m.name] = len(out)
		out = append(out, m)
	}
	return out, nil
}

// None reports whether the filter of a definition is none at all: it is not
// there, or what Python takes for false.
func None(raw json.RawMessage) bool {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var v any
	return !json.Valid(raw) || d.Decode(&v) != nil || Falsy(v)
}

// Falsy reports whether a decoded JSON value is what Python takes for false:
// null, false, 0, "", [] or {}.
func Falsy(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case bool:
		return !v
	case string:
		return v == ""
	case int:
		return v == 0
	case float64:
		return v == 0
	case json.Number:
		n, err := v.Float64()
		return err == nil && n == 0
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}

// readJSON reads the value of a key.
func (f *Field) readJSON(ctx context.Context, names Names, lookup Lookup, v any) (Condition, bool, string, error) {
	values, text := f.texts(lookup, v)
	if text != "" || len(values) == 0 {
		return Condition{}, false, text, nil
	}
	return f.read(ctx, names, lookup, values)
}

// texts turns a JSON value into the values of a parameter.
func (f *Field) texts(lookup Lookup, v any) ([]string, string) {
	if v == nil {
		return nil, ""
	}
	kind := f.valueKind()
	list, isList := v.([]any)
	switch {
	case lookup == IsNull || kind == Boolean || kind == Membership:
		if _, isObject := v.(map[string]any); (isList || isObject) && (lookup == IsNull || kind != Membership) {
			return nil, msgBoolean
		}
		return []string{pyText(v)}, ""
	case kind == Search:
		return []string{pyText(v)}, ""
	case f.SingleValue && lookup == Equal || f.Kind == Single:
		return f.oneText(kind, v)
	case f.List && (lookup == Equal || kind != Choice):
		return listTexts(kind, v)
	case isList:
		return looseTexts(kind, list)
	case kind != Text && kind != Choice && kind != MAC && none(kind, v):
		return nil, ""
	}
	return bareTexts(kind, v)
}

// oneText is the value of a field that takes one.
func (f *Field) oneText(kind Kind, v any) ([]string, string) {
	if s, ok := v.(string); ok && s == "" {
		return nil, ""
	}
	if kind == Reference || kind == Linked {
		return oneReference(v)
	}
	if isEmpty(v) {
		return nil, ""
	}
	if _, isNumber := v.(json.Number); kind != Text && !isNumber {
		if _, isText := v.(string); !isText && (kind == Integer || kind == Decimal) {
			return []string{"x" + pyText(v)}, "" // no number whatever it says: True counts as none
		}
	}
	return []string{pyText(v)}, ""
}

// isEmpty reports a list or an object without members.
func isEmpty(v any) bool {
	switch v.(type) {
	case []any, map[string]any:
		return Falsy(v)
	}
	return false
}

// oneReference is the id that a field for one object takes.
func oneReference(v any) ([]string, string) {
	switch v := v.(type) {
	case string:
		if hasNull(v) {
			return nil, msgNull
		}
	case bool:
		return nil, msgThat
	case json.Number:
		if _, whole := wholeNumber(v.String()); whole {
			return nil, msgThat
		}
	default:
		if Falsy(v) {
			return nil, ""
		}
	}
	return []string{pyText(v)}, ""
}

// listTexts are the values of choices and references, which must be a list.
func listTexts(kind Kind, v any) ([]string, string) {
	if Falsy(v) {
		return nil, ""
	}
	list, isList := v.([]any)
	fixed := kind == Choice || kind == ContentType
	if object, ok := v.(map[string]any); ok && !fixed {
		list, isList = keys(object), true
	}
	if !isList {
		return nil, msgList
	}
	var out []string
	for _, item := range list {
		switch item := item.(type) {
		case []any, map[string]any:
			if !fixed {
				return nil, msgList
			}
		case json.Number:
			if integer.MatchString(item.String()) && (kind == Reference || kind == Linked) {
				return nil, fmt.Sprintf(msgChoice, pyText(item))
			}
		case bool, nil:
			if !fixed {
				return nil, fmt.Sprintf(msgChoice, pyText(item))
			}
		}
		out = append(out, pyText(item))
	}
	return out, ""
}

// keys are the names in an object: the contract goes over one as over a list.
func keys(object map[string]any) []any {
	var out []any
	for key := range object {
		out = append(out, key)
	}
	slices.SortFunc(out, func(a, b any) int { return strings.Compare(a.(string), b.(string)) })
	return out
}

// looseTexts are the values of a list of texts, numbers, times or ids; null and
// empty ones are dropped.
func looseTexts(kind Kind, list []any) ([]string, string) {
	var out []string
	for _, item := range list {
		if !none(kind, item) {
			out = append(out, pyText(item))
		}
	}
	return out, ""
}

// none reports a value that stands for no value at all. Zero is one where numbers
// are not asked for.
func none(kind Kind, v any) bool {
	if _, isNumber := v.(json.Number); isNumber && kind != Date && kind != Time && kind != UUID {
		return false
	}
	return Falsy(v)
}

// bareTexts is one text, number, time or id.
func bareTexts(kind Kind, v any) ([]string, string) {
	switch v := v.(type) {
	case string:
		return []string{v}, ""
	case json.Number:
		if kind == Text || kind == Date || kind == Time || kind == MAC || kind == Choice {
			return nil, msgList
		}
		return []string{v.String()}, ""
	case map[string]any:
		return looseTexts(kind, keys(v))
	case bool:
		if kind != Integer && kind != Decimal && kind != UUID {
			return nil, msgList
		}
	}
	if kind == Text || kind == Choice || kind == MAC {
		return nil, msgList
	}
	return []string{pyText(v)}, ""
}

// pyText writes a JSON value as the contract's messages show it.
func pyText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return pyRepr(v)
}

func pyRepr(v any) string {
	switch v := v.(type) {
	case nil:
		return "None"
	case bool:
		if v {
			return "True"
		}
		return "False"
	case string:
		if strings.Contains(v, "'") && !strings.Contains(v, `"`) {
			return `"` + v + `"`
		}
		return "'" + strings.ReplaceAll(strings.ReplaceAll(v, `\`, `\\`), "'", `\'`) + "'"
	case []any:
		parts := make([]string, len(v))
		for i, item := range v {
			parts[i] = pyRepr(item)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case map[string]any:
		parts := make([]string, 0, len(v))
		for key, item := range v {
			parts = append(parts, pyRepr(key)+": "+pyRepr(item))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return fmt.Sprint(v)
}
