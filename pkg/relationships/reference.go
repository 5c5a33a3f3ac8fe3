package relationships

import (
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

// Resolve returns the definition that a reference in a body names, in any of the
// forms of reference section 3.6. When there is none, the text says why.
func (s *Set) Resolve(raw json.RawMessage) (*Relationship, string) {
	switch v := decode(raw).(type) {
	case string:
		return s.named(v)
	case objects.Pairs:
		return s.described(v)
	default:
		return nil, unrecognized(objects.PyRepr(v))
	}
}

// named resolves a text: an id, the address of a definition, or a key.
func (s *Set) named(text string) (*Relationship, string) {
	if text == "" {
		return nil, NotNull
	}
	if id, ok := objects.ParseID(text); ok {
		return s.withID(id)
	}
	if last, isURL := lastSegment(text); isURL {
		return s.addressed(last)
	}
	if strings.Contains(text, ";") {
		return nil, "Related object not found using provided composite-key: " + text
	}
	key := text
	if unquoted, err := url.PathUnescape(text); err == nil {
		key = unquoted
	}
	if r := s.ByKey(key); r != nil {
		return r, ""
	}
	return nil, nothing(objects.Pairs{{Key: "key", Value: key}})
}

// described resolves an object: its url is used first, then its id, then all of
// its attributes.
func (s *Set) described(pairs objects.Pairs) (*Relationship, string) {
	for _, name := range []string{"url", "id"} {
		switch v, _ := pairs.Get(name); v := v.(type) {
		case string:
			if last, isURL := lastSegment(v); isURL {
				return s.addressed(last)
			}
			return s.addressed(v)
		case json.Number, bool, []any:
			return nil, unrecognized(objects.PyRepr(v))
		}
	}
	return s.matching(pairs)
}

func (s *Set) addressed(last string) (*Relationship, string) {
	if id, ok := objects.ParseID(last); ok {
		return s.withID(id)
	}
	return nil, unrecognized(last)
}

func (s *Set) withID(id uuid.UUID) (*Relationship, string) {
	if r := s.ByID(id); r != nil {
		return r, ""
	}
	return nil, "Related object not found using the provided attributes: {'pk': UUID('" + id.String() + "')}"
}

// lastSegment returns the last segment of an absolute address.
func lastSegment(text string) (string, bool) {
	if !strings.HasPrefix(text, "http://") && !strings.HasPrefix(text, "https://") {
		return "", false
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return "", false
	}
	segments := strings.Split(strings.Trim(u.Path, "/"), "/")
	return segments[len(segments)-1], len(segments) > 1
}

func unrecognized(value string) string {
	return "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: " + value
}

func nothing(pairs objects.Pairs) string {
	return "Related object not found using the provided attributes: " + objects.PyRepr(pairs)
}

// matching returns the one definition with all the attributes.
func (s *Set) matching(pairs objects.Pairs) (*Relationship, string) {
	pairs = flat("", pairs)
	found := slices.Clone(s.all)
	for _, p := range pairs {
		is, wrong := attribute(p.Key, p.Value)
		if wrong != "" {
			return nil, wrong
		}
		found = slices.DeleteFunc(found, func(r *Relationship) bool { return !is(r) })
	}
	switch len(found) {
	case 0:
		return nil, nothing(pairs)
	case 1:
		return found[0], ""
	}
	return nil, "Multiple objects match the provided attributes: " + objects.PyRepr(pairs)
}

// flat writes nested objects as paths: {"a": {"b": 1}} is {"a__b": 1}.
func flat(prefix string, pairs objects.Pairs) objects.Pairs {
	out := objects.Pairs{}
	for _, p := range pairs {
		if inner, ok := p.Value.(objects.Pairs); ok {
			out = append(out, flat(prefix+p.Key+"__", inner)...)
			continue
		}
		out = append(out, objects.Pair{Key: prefix + p.Key, Value: p.Value})
	}
	return out
}

// attributes are what a definition can be found by, and what class of field each
// is in the contract's texts.
var attributes = map[string]struct {
	class string
	text  func(*Relationship) string
}{
	"label":              {"CharField", func(r *Relationship) string { return r.Label }},
	"key":                {"AutoSlugField", func(r *Relationship) string { return r.Key }},
	"description":        {"CharField", func(r *Relationship) string { return r.Description }},
	"type":               {"CharField", func(r *Relationship) string { return string(r.Type) }},
	"required_on":        {"CharField", func(r *Relationship) string { return r.RequiredOn }},
	"source_label":       {"CharField", func(r *Relationship) string { return r.Source.Label }},
	"destination_label":  {"CharField", func(r *Relationship) string { return r.Destination.Label }},
	"source_hidden":      {"BooleanField", func(r *Relationship) string { return truth(r.Source.Hidden) }},
	"destination_hidden": {"BooleanField", func(r *Relationship) string { return truth(r.Destination.Hidden) }},
	"advanced_ui":        {"BooleanField", func(r *Relationship) string { return truth(r.AdvancedUI) }},
	"source_type":        {"ForeignKey", func(r *Relationship) string { return r.Source.Type }},
	"destination_type":   {"ForeignKey", func(r *Relationship) string { return r.Destination.Type }},
	"id":                 {"UUIDField", func(r *Relationship) string { return r.ID.String() }},
	"pk":                 {"UUIDField", func(r *Relationship) string { return r.ID.String() }},
	"created":            {"DateTimeField", func(r *Relationship) string { return r.Created.UTC().Format(instant) }},
	"last_updated":       {"DateTimeField", func(r *Relationship) string { return r.LastUpdated.UTC().Format(instant) }},
}

const instant = "2006-01-02T15:04:05.000000"

// keywords are the names that Nautobot knows, as its text lists them.
const keywords = "advanced_ui, associated_contacts, associated_data_compliance, associated_object_metadata, created, description, " +
	"destination_filter, destination_hidden, destination_label, destination_type, destination_type_id, id, key, label, last_updated, " +
	"relationship_associations, required_on, source_filter, source_hidden, source_label, source_type, source_type_id, " +
	"static_group_association_set, type"

func truth(v bool) string {
	if v {
		return "True"
	}
	return "False"
}

// attribute returns the test that a name with a lookup and a value mean, or what
// is wrong with them.
func attribute(name string, value any) (func(*Relationship) bool, string) {
	never := func(*Relationship) bool { return false }
	if name == "" {
		return nil, "Cannot parse keyword query ''"
	}
	field, lookup, _ := strings.Cut(name, "__")
	known, ok := attributes[field]
	switch {
	case !ok && slices.Contains(strings.Split(keywords, ", "), field):
		return never, ""
	case !ok:
		return nil, "Cannot resolve keyword '" + field + "' into field. Choices are: " + keywords
	case known.class == "ForeignKey":
		return typeAttribute(known.text, lookup, value), ""
	case lookup == "" && strings.HasSuffix(name, "__"):
		return nil, unsupported("", known.class)
	}
	text := known.text
	if value == nil && lookup != "" && lookup != "exact" && lookup != "isnull" {
		return nil, "Cannot use None as a query value"
	}
	if known.class == "UUIDField" || known.class == "DateTimeField" || known.class == "BooleanField" {
		return scalarAttribute(known.class, text, lookup, value)
	}
	return textAttribute(known.class, text, lookup, value)
}

func unsupported(lookup, class string) string {
	return fmt.Sprintf("Unsupported lookup '%s' for %s or join on the field not permitted.", lookup, class)
}

// typeAttribute compares an object type, whole or by its app or model.
func typeAttribute(text func(*Relationship) string, lookup string, value any) func(*Relationship) bool {
	want, _ := value.(string)
	return func(r *Relationship) bool {
		app, model, _ := strings.Cut(text(r), ".")
		switch lookup {
		case "model":
			return model == want
		case "app_label":
			return app == want
		}
		return text(r) == want && lookup == ""
	}
}

// scalarAttribute compares ids, times and truth values.
func scalarAttribute(class string, text func(*Relationship) string, lookup string, value any) (func(*Relationship) bool, string) {
	read := func(v any) (string, string) {
		raw := pyText(v)
		switch class {
		case "UUIDField":
			if id, ok := objects.ParseID(raw); ok {
				return id.String(), ""
			}
			return "", "“" + raw + "” is not a valid UUID."
		case "BooleanField":
			switch strings.ToLower(raw) {
			case "true", "t", "1":
				return "True", ""
			case "false", "f", "0":
				return "False", ""
			}
			return "", "“" + raw + "” value must be either True or False."
		}
		for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05.999999Z07:00", "2006-01-02T15:04:05.999999", "2006-01-02 15:04:05.999999", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
			if at, err := time.Parse(layout, raw); err == nil {
				return at.UTC().Format(instant), ""
			}
		}
		return "", "“" + raw + "” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format."
	}
	if lookup == "isnull" || value == nil {
		return func(*Relationship) bool { return value == false }, ""
	}
	values, isList := value.([]any)
	if !isList || lookup != "in" {
		values = []any{value}
	}
	wanted := make([]string, len(values))
	for i, v := range values {
		var wrong string
		if wanted[i], wrong = read(v); wrong != "" {
			return nil, wrong
		}
	}
	is := ordered(lookup)
	if lookup == "in" {
		return func(r *Relationship) bool { return slices.Contains(wanted, text(r)) }, ""
	}
	if is == nil {
		return nil, unsupported(lookup, class)
	}
	return func(r *Relationship) bool { return is(text(r), wanted[0]) }, ""
}

// ordered are the lookups that compare; nil: there is no such one.
func ordered(lookup string) func(have, want string) bool {
	switch lookup {
	case "", "exact":
		return func(have, want string) bool { return have == want }
	case "lt":
		return func(have, want string) bool { return have < want }
	case "lte":
		return func(have, want string) bool { return have <= want }
	case "gt":
		return func(have, want string) bool { return have > want }
	case "gte":
		return func(have, want string) bool { return have >= want }
	}
	return nil
}

// textAttribute compares texts with any of the usual lookups.
func textAttribute(class string, text func(*Relationship) string, lookup string, value any) (func(*Relationship) bool, string) {
	want := pyText(value)
	fold := func(s string) string { return strings.ToLower(s) }
	if value == nil {
		return func(*Relationship) bool { return false }, ""
	}
	if is := ordered(lookup); is != nil {
		return func(r *Relationship) bool { return is(text(r), want) }, ""
	}
	tests := map[string]func(have string) bool{
		"iexact":      func(have string) bool { return fold(have) == fold(want) },
		"contains":    func(have string) bool { return strings.Contains(have, want) },
		"icontains":   func(have string) bool { return strings.Contains(fold(have), fold(want)) },
		"startswith":  func(have string) bool { return strings.HasPrefix(have, want) },
		"istartswith": func(have string) bool { return strings.HasPrefix(fold(have), fold(want)) },
		"endswith":    func(have string) bool { return strings.HasSuffix(have, want) },
		"iendswith":   func(have string) bool { return strings.HasSuffix(fold(have), fold(want)) },
		"isnull":      func(string) bool { return value == false },
		"in":          func(have string) bool { return listed(value, have) },
	}
	if lookup == "regex" || lookup == "iregex" {
		pattern, wrong := pattern(want, lookup == "iregex")
		if wrong != "" {
			return nil, wrong
		}
		tests[lookup] = pattern.MatchString
	}
	test := tests[lookup]
	if test == nil {
		return nil, unsupported(lookup, class)
	}
	return func(r *Relationship) bool { return test(text(r)) }, ""
}

func listed(value any, have string) bool {
	list, _ := value.([]any)
	return slices.ContainsFunc(list, func(v any) bool { return pyText(v) == have })
}

func pattern(text string, fold bool) (*regexp.Regexp, string) {
	reason := filters.CheckPattern(text)
	if fold {
		text = "(?i)" + text
	}
	p, err := regexp.Compile(text)
	if reason != "" || err != nil {
		return nil, "Enter a valid regular expression: " + reason + "."
	}
	return p, ""
}

// pyText is Python's str of a value.
func pyText(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	return objects.PyRepr(v)
}
