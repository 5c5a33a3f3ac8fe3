package objects

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// decodeCustom takes the values of custom fields as they come; they are judged
// with the rules of the model (cleanCustom).
func (m *member) decodeCustom(f *Field) {
	raw, given := m.draft.Fields[f.Name]
	if m.object.Custom == nil {
		m.object.Custom = map[string]any{}
	}
	if m.before == nil {
		for _, custom := range m.object.Type.CustomFields {
			m.object.Custom[custom.Name] = nil
			if custom.Default != nil {
				m.object.Custom[custom.Name] = jsonValue(custom.Default)
			}
		}
	}
	if !given {
		return
	}
	v, err := parseJSON(raw)
	if v == nil {
		m.fields[f.Name] = wrong(notNull)
		return
	}
	pairs, object := v.(Pairs)
	if err != nil || !object {
		m.fields[f.Name] = wrong(`Expected a dictionary of items but got type "` + pyType(v) + `".`)
		return
	}
	if TooMuchJSON(raw) != "" || hasNUL(v) || tooBig(v) != "" {
		_, m.fields[f.Name] = (&Field{Kind: JSON}).json(v, raw)
		return
	}
	for _, p := range pairs {
		if m.object.Type.CustomField(p.Key) != nil {
			m.object.Custom[p.Key] = plainJSON(p.Value)
		}
	}
}

// cleanCustom judges the values of custom fields and writes them in their
// canonical form. The first wrong one is told.
func (m *member) cleanCustom() string {
	for _, f := range m.object.Type.CustomFields {
		value := m.object.Custom[f.Name]
		if f.Required && (value == nil || value == "") {
			if m.before == nil && m.draft.Has(customKey) && !m.givenCustom(f.Name) {
				return "Missing required custom field '" + f.Name + "'."
			}
			return "Invalid value for custom field '" + f.Name + "': Required field cannot be empty."
		}
		canonical, problem := f.customValue(value)
		if problem != "" {
			return "Invalid value for custom field '" + f.Name + "': " + problem
		}
		m.object.Custom[f.Name] = canonical
	}
	return ""
}

func (m *member) givenCustom(key string) bool {
	raw, ok := m.draft.Fields[customKey]
	if !ok {
		return false
	}
	v, _ := parseJSON(raw)
	pairs, _ := v.(Pairs)
	_, ok = pairs.Get(key)
	return ok
}

// customValue judges a value of a custom field: its canonical form, or why not.
func (f *Field) customValue(v any) (any, string) {
	if v == nil || v == "" {
		return v, ""
	}
	switch f.Kind {
	case Integer:
		return f.customInteger(v)
	case Boolean:
		value, problem := f.boolean(v, nil)
		if problem != nil {
			return nil, "Value must be true or false."
		}
		return value, ""
	case Date:
		value, problem := f.date(v, nil)
		if text, ok := v.(string); problem != nil || !ok || value != text {
			return nil, "Date values must be in the format YYYY-MM-DD."
		}
		return value, ""
	case Time:
		value, problem := f.time(v, nil)
		if problem != nil {
			return nil, "DateTime values must be in ISO 8601 format."
		}
		seconds, _, _ := strings.Cut(text(value), ".")
		return seconds + ".000000Z", "" // fractions are dropped, as Nautobot does
	case Choice, Word:
		if text, ok := v.(string); ok && f.has(text) {
			return v, ""
		}
		return nil, fmt.Sprintf("Invalid choice (%s). Available choices are: %s", pyStr(v), f.choiceWords())
	case Choices:
		if _, one := v.(string); one {
			v = []any{v}
		}
		list, ok := v.([]any)
		for _, member := range list {
			text, isText := member.(string)
			ok = ok && isText && f.has(text)
		}
		if !ok {
			return nil, fmt.Sprintf("Invalid choice(s) (%s). Available choices are: %s", pyStr(v), f.choiceWords())
		}
		return v, ""
	case JSON:
		return v, ""
	}
	return f.customText(v)
}

func (f *Field) has(choice string) bool {
	return slices.ContainsFunc(f.Choices, func(c [2]string) bool { return c[0] == choice })
}

func (f *Field) choiceWords() string {
	words := make([]string, len(f.Choices))
	for i, c := range f.Choices {
		words[i] = c[0]
	}
	sort.Strings(words)
	return strings.Join(words, ", ")
}

func (f *Field) customInteger(v any) (any, string) {
	if truth, ok := v.(bool); ok {
		v = json.Number(map[bool]string{true: "1", false: "0"}[truth])
	}
	value, problem := (&Field{Kind: Integer}).integer(v, nil)
	if problem != nil {
		return nil, "Value must be an integer."
	}
	n, _ := strconv.ParseFloat(string(value.(json.Number)), 64)
	if f.ModelMin != nil && n < *f.ModelMin {
		return nil, "Value must be at least " + limitText(*f.ModelMin)
	}
	if f.ModelMost != nil && n > *f.ModelMost {
		return nil, "Value must not exceed " + limitText(*f.ModelMost)
	}
	return value, ""
}

func (f *Field) customText(v any) (any, string) {
	text, ok := v.(string)
	if !ok {
		return nil, "Value must be a string"
	}
	size := float64(len([]rune(text)))
	switch {
	case f.ModelMin != nil && size < *f.ModelMin:
		return nil, "Value must be at least " + limitText(*f.ModelMin) + " characters in length"
	case f.ModelMost != nil && size > *f.ModelMost:
		return nil, "Value must not exceed " + limitText(*f.ModelMost) + " characters in length"
	}
	if pattern := f.Args["regex"]; pattern != "" {
		if compiled, err := userPattern(pattern); err == nil && !compiled.MatchString(text) {
			return nil, "Value must match regex '" + pattern + "'"
		}
	}
	return text, ""
}

// customKinds are the kinds of custom fields by the word that names them.
var customKinds = map[string]Kind{
	"text": Text, "markdown": Text, "integer": Integer, "boolean": Boolean, "date": Date, "datetime": Time,
	"url": URL, "select": Word, "multi-select": Choices, "json": JSON,
}

// customFields reads the custom fields that are stored as objects, by the type
// that has them.
func customFields(ctx context.Context, r Reader, c *Catalogue) (map[string][]*Field, error) {
	out := map[string][]*Field{}
	for _, t := range c.Types() {
		if rule := t.rule("custom_field"); rule != nil {
			if err := readCustomFields(ctx, r, c, t, c.Type(rule.arg("choices")), out); err != nil {
				return nil, err
			}
		}
	}
	for _, fields := range out {
		sort.Slice(fields, func(i, j int) bool { return fields[i].Name < fields[j].Name })
	}
	return out, nil
}

func readCustomFields(ctx context.Context, r Reader, c *Catalogue, t, choices *Type, out map[string][]*Field) error {
	stored, err := r.StoredOfType(ctx, t.ID)
	if err != nil || len(stored) == 0 {
		return err
	}
	words, err := r.StoredOfType(ctx, choices.ID)
	if err != nil {
		return err
	}
	byField, err := choicesOf(c, words)
	if err != nil {
		return err
	}
	for _, s := range stored {
		o, err := c.Object(s)
		if err != nil {
			return err
		}
		for _, name := range listOf(o.Values["content_types"]) {
			f := customField(o)
			f.Choices = byField[o.ID]
			if holder := c.Type(text(name)); holder != nil {
				out[holder.Name] = append(out[holder.Name], f)
			}
		}
	}
	return nil
}

// choicesOf groups the choices by the custom field that they belong to, in
// their order.
func choicesOf(c *Catalogue, words []Stored) (map[uuid.UUID][][2]string, error) {
	type choice struct {
		weight int
		value  string
	}
	of := map[uuid.UUID][]choice{}
	for _, s := range words {
		o, err := c.Object(s)
		if err != nil {
			return nil, err
		}
		for _, ids := range o.Refs {
			for _, id := range ids {
				of[id] = append(of[id], choice{atoi(text(o.Values["weight"])), text(o.Values["value"])})
			}
		}
	}
	out := map[uuid.UUID][][2]string{}
	for id, list := range of {
		sort.Slice(list, func(i, j int) bool {
			a, b := list[i], list[j]
			return a.weight < b.weight || a.weight == b.weight && a.value < b.value
		})
		for _, one := range list {
			out[id] = append(out[id], [2]string{one.value, one.value})
		}
	}
	return out, nil
}

// customField is the field that a custom field object describes.
func customField(o *Object) *Field {
	f := &Field{Name: text(o.Values["key"]), Label: text(o.Values["label"]), Help: text(o.Values["description"]),
		Kind: customKinds[text(o.Values["type"])], Required: o.Values["required"] == true, Null: true, Blank: true,
		Default: o.Values["default"], Args: map[string]string{"filter_logic": text(o.Values["filter_logic"]), "regex": text(o.Values["validation_regex"]), "plain": "true"}}
	if o.Values["type"] == "markdown" {
		f.Args["markdown"] = "true"
	}
	f.ModelMin, f.ModelMost = limitOf(o.Values["validation_minimum"]), limitOf(o.Values["validation_maximum"])
	return f
}

func limitOf(v any) *float64 {
	n, ok := v.(json.Number)
	if !ok {
		return nil
	}
	limit, err := n.Float64()
	if err != nil {
		return nil
	}
	return &limit
}
