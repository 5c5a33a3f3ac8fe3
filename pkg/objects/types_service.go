package objects

import (
	"strings"
)

// named is the field that objects of the type are called by: its first text
// field, "name" before others.
func (d TypeDefinition) named() string {
	first := ""
	for _, f := range d.Fields {
		if f.Name == "name" {
			return f.Name
		}
		if f.Kind == "text" && first == "" {
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
	case IP:
		f.Mask = true
	case Reference:
		f.OnDelete = Protect
		f.Reverse = "+"
	}
	if len(d.Default) > 0 {
		if v, err := parseJSON(d.Default); err == nil {
			f.Default = plainJSON(v)
		}
	}
	return f
}
