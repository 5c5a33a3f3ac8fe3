package main

import (
	"encoding/json"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// shape writes the rows of objects of one type.
type shape struct {
	t     *objects.Type
	plain []*objects.Field
	refs  int
}

// record is the row of one object, as far as it follows from its values.
type record struct {
	name, str  string
	data, body []byte
}

func newShape(t *objects.Type) (*shape, error) {
	s := &shape{t: t}
	hidden := []string{"id", "created", "last_updated", "custom_fields"}
	for _, f := range t.Fields {
		switch f.Kind {
		case objects.Reference, objects.References:
			if f.Required || f.Name == "tenant" {
				s.refs++
			}
		case objects.Count, objects.Derived:
		default:
			if !slices.Contains(hidden, f.Name) {
				s.plain = append(s.plain, f)
			}
		}
	}
	return s, nil
}

func (s *shape) row(values map[string]any, refs map[string]uuid.UUID) (record, error) {
	data := map[string]any{"custom_fields": map[string]any{}, "@refs": refs}
	if refs == nil {
		data["@refs"] = map[string]any{}
	}
	r := record{name: values[s.t.Named].(string)}
	for _, f := range s.plain {
		v, ok := values[f.Name]
		if !ok {
			v = f.Default
			if v == nil && !f.Null && f.Kind != objects.Choice {
				v = ""
			}
		}
		data[f.Name] = v
		wire := v
		if text, ok := v.(string); ok && f.Kind == objects.Choice {
			wire = map[string]any{"value": text, "label": f.ChoiceLabel(text)}
		}
		if len(r.body) > 0 {
			r.body = append(r.body, ',')
		}
		r.body = append(append(append(r.body, '"'), f.Name...), '"', ':')
		r.body = append(r.body, mustJSON(wire)...)
	}
	r.data = mustJSON(data)
	r.str = s.t.StrTemplate().Execute(func(path string) string {
		text, ok := data[path].(string)
		if !ok && data[path] != nil {
			number, _ := json.Marshal(data[path])
			text = string(number)
		}
		return text
	})
	return r, nil
}

func (inv *inventory) eachKey(func(...any) error) error { return nil }
