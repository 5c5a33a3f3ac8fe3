package relationships

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

// Texts of the contract that both definitions and associations use.
const (
	Required = "This field is required."
	NotNull  = "This field may not be null."
	NotUUID  = "Must be a valid UUID."

	notBlank    = "This field may not be blank."
	notText     = "Not a valid string."
	noNull      = "Null characters are not allowed."
	notBoolean  = "Must be a valid boolean."
	notSlug     = `Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.`
	tooLong     = "Ensure this field has no more than 255 characters."
	notTypeName = "Invalid value. Specify a content type as '<app_label>.<model_name>'."
)

// Body reads the fields of one request and collects what is wrong with them.
type Body struct {
	draft    objects.Draft
	partial  bool
	problems fault.Error
}

// NewBody returns a Body of draft. Partial: required fields may be absent.
func NewBody(draft objects.Draft, partial bool) *Body {
	return &Body{draft: draft, partial: partial, problems: fault.Error{Kind: fault.Invalid}}
}

// Problems returns what was found wrong, or nil.
func (b *Body) Problems() *fault.Error {
	if len(b.problems.Fields) == 0 {
		return nil
	}
	return &b.problems
}

// Add reports messages about a field.
func (b *Body) Add(field string, messages ...string) { b.problems.Add([]string{field}, messages...) }

// Raw returns a field's value, and false where it is absent or null; both are
// reported unless the field may be so.
func (b *Body) Raw(field string, required bool) (json.RawMessage, bool) {
	raw, named := b.draft.Fields[field]
	switch {
	case !named && required && !b.partial:
		b.Add(field, Required)
	case named && isNull(raw):
		b.Add(field, NotNull)
	case named:
		return raw, true
	}
	return nil, false
}

// ID returns an id. Like Python it takes a number, any spelling with or without
// hyphens, braces and "urn:uuid:".
func (b *Body) ID(field string, required bool) (uuid.UUID, bool) {
	raw, ok := b.Raw(field, required)
	if !ok {
		return uuid.Nil, false
	}
	id, ok := objects.ReadID(decode(raw))
	if !ok {
		b.Add(field, NotUUID)
	}
	return id, ok
}

// Type returns an object type that takes part in relationships.
func (b *Body) Type(field string, catalogue *objects.Catalogue) (*objects.Type, bool) {
	raw, ok := b.Raw(field, true)
	if !ok {
		return nil, false
	}
	name, isText := decode(raw).(string)
	switch {
	case isText && name == "":
		b.Add(field, NotNull)
	case !isText || strings.Count(name, ".") != 1 || strings.ContainsRune(name, 0):
		b.Add(field, notTypeName)
	default:
		if t := catalogue.Type(name); t != nil && t.Related {
			return t, true
		}
		b.Add(field, "Invalid content type: "+name)
	}
	return nil, false
}

// text reads a text without blanks around it into value.
func (b *Body) text(field string, value *string, required bool) bool {
	raw, ok := b.Raw(field, required)
	if !ok {
		return false
	}
	text, ok := plainText(decode(raw))
	switch {
	case !ok:
		b.Add(field, notText)
		return false
	case text == "" && required:
		b.Add(field, notBlank)
		return false
	}
	return b.accept(field, text, value, limits(text))
}

// slug reads a key into value.
func (b *Body) slug(field string, value *string) bool {
	raw, ok := b.Raw(field, false)
	if !ok {
		return false
	}
	text, ok := plainText(decode(raw))
	if !ok {
		b.Add(field, notSlug)
		return false
	}
	wrong := limits(text)
	if strings.ContainsFunc(text, func(r rune) bool { return !keyRune(r) && r != '-' }) {
		wrong = append(wrong, notSlug)
	}
	return b.accept(field, text, value, wrong)
}

func (b *Body) accept(field, text string, value *string, wrong []string) bool {
	if len(wrong) > 0 {
		b.Add(field, wrong...)
		return false
	}
	*value = text
	return true
}

func limits(text string) []string {
	var wrong []string
	if utf8.RuneCountInString(text) > longest {
		wrong = append(wrong, tooLong)
	}
	if strings.ContainsRune(text, 0) {
		wrong = append(wrong, noNull)
	}
	return wrong
}

// boolean reads a truth value in any of the usual spellings.
func (b *Body) boolean(field string, value *bool) {
	raw, ok := b.Raw(field, false)
	if !ok {
		return
	}
	switch word := boolWord(decode(raw)); {
	case slices.Contains([]string{"t", "y", "yes", "true", "on", "1"}, word):
		*value = true
	case slices.Contains([]string{"f", "n", "no", "false", "off", "0"}, word):
		*value = false
	default:
		b.Add(field, notBoolean)
	}
}

func boolWord(v any) string {
	switch v := v.(type) {
	case bool:
		return strconv.FormatBool(v)
	case string:
		return strings.ToLower(v)
	case json.Number:
		if f, err := v.Float64(); err == nil && (f == 0 || f == 1) {
			return strconv.FormatBool(f == 1)
		}
	}
	return ""
}

// choice reads one of choices.
func (b *Body) choice(field string, choices ...string) (string, bool) {
	raw, ok := b.Raw(field, false)
	if !ok {
		return "", false
	}
	v := decode(raw)
	text, isText := v.(string)
	if !isText {
		text = objects.PyRepr(v)
	}
	if !slices.Contains(choices, text) || !isText {
		b.Add(field, `"`+text+`" is not a valid choice.`)
		return "", false
	}
	return text, true
}

func keyRune(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// decode returns a value as JSON has it. What is no JSON never comes this far.
func decode(raw json.RawMessage) any {
	v, _ := objects.DecodeJSON(raw)
	return v
}

// plainText is what a text field takes: texts and numbers, without blanks around.
func plainText(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return strings.TrimFunc(v, blank), true
	case json.Number:
		return objects.PyRepr(v), true
	}
	return "", false
}
