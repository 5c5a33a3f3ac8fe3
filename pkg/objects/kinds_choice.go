package objects

import (
	"encoding/json"
	"math/big"
	"strconv"
	"strings"
)

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
		if inner == "" {
			return f.choice(inner, nil)
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
	return t.Runtime && f.Args["made"] != ""
}
