package objects

import (
	"encoding/json"
)

// TypeDefinition is an object type made at run time, as a request and the
// database have it.
type TypeDefinition struct {
	ID                int16             `json:"id,omitempty"`
	AppLabel          string            `json:"app_label"`
	Model             string            `json:"model"`
	VerboseName       string            `json:"verbose_name"`
	VerboseNamePlural string            `json:"verbose_name_plural"`
	Fields            []FieldDefinition `json:"fields"`
}

// FieldDefinition is one field of such a type.
type FieldDefinition struct {
	Name     string          `json:"name"`
	Kind     string          `json:"kind"`
	Label    string          `json:"label,omitempty"`
	Required bool            `json:"required,omitempty"`
	Unique   bool            `json:"unique,omitempty"`
	Choices  []string        `json:"choices,omitempty"`
	Targets  []string        `json:"targets,omitempty"`
	Default  json.RawMessage `json:"default,omitempty"`
}

// typ is the type that the definition describes.
func (d TypeDefinition) typ() *Type {
	t := &Type{Name: d.AppLabel + "." + d.Model, Singular: d.VerboseName, Plural: d.VerboseNamePlural,
		Path: d.AppLabel + "/" + pathOf(d.VerboseNamePlural), Related: true, Linkable: true, Taggable: true, Runtime: true}
	t.Class = d.AppLabel + "." + classOf(d.VerboseName)
	for _, f := range d.Fields {
		t.Fields = append(t.Fields, f.field())
	}
	for _, name := range []string{"created", "last_updated", "notes_url", customKey, "tags"} {
		t.Fields = append(t.Fields, &Field{Name: name})
	}
	t.Str, t.NaturalKey, t.Order = "{id}", []string{"pk"}, []string{"id"}
	t.Search = []string{"id:ie"}
	if name := d.named(); name != "" {
		t.Named, t.NaturalSort, t.Str, t.NaturalKey, t.Order = name, true, "{"+name+"} | {id}", []string{name}, []string{"_name"}
		t.Search = append(t.Search, name)
	}
	return t
}
