package objects

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
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

// Name is the content type, "custom.service".
func (d TypeDefinition) Name() string { return d.AppLabel + "." + d.Model }

// named is the field that objects of the type are called by: "name", else its
// first text field.
func (d TypeDefinition) named() string {
	first := ""
	for _, f := range d.Fields {
		if f.Kind != "text" {
			continue
		}
		if f.Name == "name" {
			return f.Name
		}
		if first == "" {
			first = f.Name
		}
	}
	return first
}

// pathOf is a plural as an address has it, "load balancers": "load-balancers".
func pathOf(plural string) string { return Slugify(plural) }

// classOf is a singular as error texts write a class: "load balancer": "LoadBalancer".
func classOf(singular string) string {
	return strings.ReplaceAll(titles(strings.ReplaceAll(Slugify(singular), "-", " ")), " ", "")
}

// runtimeKinds are the kinds that fields of types made at run time may have.
var runtimeKinds = map[string]Kind{
	"text": Text, "integer": Integer, "decimal": Decimal, "boolean": Boolean, "date": Date, "datetime": Time,
	"choice": Choice, "json": JSON, "url": URL, "ip": IP, "prefix": Prefix, "mac": MAC,
	"reference": Reference, "references": References,
}

// runtimeDigits are as many as both databases compare and sort exactly: SQLite
// does it in floating point of 64 bits.
const runtimeDigits = "15"

// FieldKinds are the words for the kinds that fields of such types may have.
func FieldKinds() []string { return slices.Sorted(maps.Keys(runtimeKinds)) }

// field is the field that the definition describes.
func (d FieldDefinition) field() *Field {
	f := &Field{Name: d.Name, Kind: runtimeKinds[d.Kind], Label: d.Label, Required: d.Required, Unique: d.Unique,
		Null: !d.Required, Blank: !d.Required, To: d.Targets}
	for _, choice := range d.Choices {
		f.Choices = append(f.Choices, [2]string{choice, choice})
	}
	switch f.Kind {
	case Text, URL:
		f.Max = 255
		if f.Null = f.Null && f.Unique; f.Null {
			f.Args = map[string]string{"empty": "null"} // which may repeat
		}
	case Decimal:
		f.Args = map[string]string{"digits": runtimeDigits}
	case IP:
		f.Mask, f.Args = true, map[string]string{"bare": "true", "empty": "null"}
	case Prefix:
		f.Args = map[string]string{"empty": "null"}
	case Reference:
		f.OnDelete = Protect
	}
	if len(d.Default) > 0 {
		if v, err := parseJSON(d.Default); err == nil {
			f.Default = plainJSON(v)
		}
	}
	return f
}
