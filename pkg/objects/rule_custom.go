package objects

import (
	"strings"

	"relata/pkg/filters"
)

// The kinds of rule about custom fields.
//
//	custom_field   an object is a custom field; `choices` is the type of its choices
//	custom_choice  an object is a choice of the one in `field`
func init() {
	kindOf("custom_field", ruleKind{judge: judgeCustomField, kept: true}, "choices")
	kindOf("custom_choice", ruleKind{judge: judgeCustomChoice, onDelete: deleteCustomChoice, kept: true}, "field")
}

var safeKey = cachedPattern(`^[A-Za-z_][A-Za-z0-9_]*$`)

// judgeCustomField judges a custom field as an object of its own.
func judgeCustomField(m *member, r *rule) error {
	o := m.object
	key := text(o.Values["key"])
	if key == "" {
		key = strings.ReplaceAll(Slugify(text(o.Values["label"])), "-", "_")
		if key == "" || key[0] >= '0' && key[0] <= '9' {
			key = "a" + key
		}
		var err error
		if key, err = m.freeKey(key); err != nil {
			return err
		}
	}
	f := customField(o)
	for _, id := range m.j.l.refs(o, "custom_field_choices") {
		if choice := m.j.l.get(id); choice != nil {
			value := text(choice.Values["value"])
			f.Choices = append(f.Choices, [2]string{value, value})
		}
	}
	kind := f.Kind
	texts := kind == Text || kind == URL || kind == JSON
	switch {
	case !safeKey.MatchString(key):
		return m.refuse("key", "This key is not Python/GraphQL safe. Please do not start the key with a digit and do not use hyphens or whitespace")
	case Reserved(key):
		return m.refuse("key", "This key is reserved.")
	case m.before != nil && text(m.before.Values["key"]) != key:
		return m.refuse("key", "Key cannot be changed once created")
	case m.before != nil && text(m.before.Values["type"]) != text(o.Values["type"]):
		return m.refuse("type", "Type cannot be changed once created")
	case f.ModelMin != nil && !texts && kind != Integer && kind != Word && kind != Choices:
		return m.refuse("validation_minimum", "A minimum value may not be set for fields of this type")
	case f.ModelMost != nil && !texts && kind != Integer && kind != Word && kind != Choices:
		return m.refuse("validation_maximum", "A maximum value may not be set for fields of this type")
	case f.Args["regex"] != "" && !texts && kind != Word && kind != Choices:
		return m.refuse("validation_regex", "Regular expression validation is not supported for fields of this type")
	}
	if pattern := f.Args["regex"]; pattern != "" {
		if _, err := userPattern(pattern); err != nil {
			return m.refuse("validation_regex", "'"+pattern+"' is not a valid regular expression.")
		}
	}
	if value := o.Values["default"]; value != nil {
		canonical, problem := f.customValue(value)
		if problem != "" {
			return m.refuse("default", `Invalid default value "`+pyStr(value)+`": `+problem)
		}
		o.Values["default"] = canonical
	}
	return nil
}

// judgeCustomChoice judges a choice: only fields that have choices can be given
// some.
func judgeCustomChoice(m *member, r *rule) error {
	owner := m.j.l.get(m.object.Ref(r.arg("field")))
	if owner == nil {
		return nil
	}
	if kind := customKinds[text(owner.Values["type"])]; kind != Word && kind != Choices {
		return m.refuse(r.arg("field"), named{id: owner.ID}.missing())
	}
	return nil
}

// deleteCustomChoice keeps a choice that objects have.
func deleteCustomChoice(d *deletion, r *rule, o *Object) error {
	owner := d.l.get(o.Ref(r.arg("field")))
	if owner == nil || d.going[owner.ID] != nil {
		return d.l.err
	}
	value, key := text(o.Values["value"]), text(owner.Values["key"])
	for _, name := range listOf(owner.Values["content_types"]) {
		t := d.c.Type(text(name))
		if t == nil || t.CustomField(key) == nil {
			continue
		}
		p := d.c.resolve(t, customKey+"."+key)
		if p.err != nil {
			return p.err
		}
		used := filters.Condition{Field: &filters.Field{Name: key, Kind: filters.Choice, Path: p.way}, Texts: []string{value}}
		found, err := d.tx.Find(d.ctx, t, filters.Query{used}, 1)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			d.inUse = append(d.inUse, o.ID)
			return nil
		}
	}
	return nil
}

// freeKey is key, or key with the first number behind it that makes it new.
func (m *member) freeKey(key string) (string, error) {
	for n := 1; ; n++ {
		m.object.Values["key"] = key
		if n > 1 {
			m.object.Values["key"] = key + "_" + itoa(n)
		}
		keys, err := m.uniqueKeys()
		if err != nil {
			return "", err
		}
		if err := m.j.ask(keys); err != nil {
			return "", err
		}
		taken := false
		for _, k := range keys {
			taken = taken || len(k.rule.fields) == 1 && k.rule.fields[0] == "key" && m.taken(k)
		}
		if !taken {
			return text(m.object.Values["key"]), nil
		}
	}
}
