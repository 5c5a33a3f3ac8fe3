package api

import (
	"slices"
	"strconv"
	"strings"

	"relata/pkg/objects"
)

// fieldInfo is one field as OPTIONS describes it (reference section 3.10).
type fieldInfo struct {
	name, kind, label, help string
	required, readOnly      bool
	maxLength               int
	digits, places          int // of a decimal
	least, most             *float64
	choices                 [][2]string
	numbers                 bool       // the choices are numbers
	child                   *fieldInfo // of a list
}

// action is a verb that the caller may use on an address, with the fields that
// it takes.
type action struct {
	method string
	fields []fieldInfo
}

// actions of a list or of one thing in it.
func actions(item bool, fields []fieldInfo) []action {
	if item {
		return []action{{"PUT", fields}}
	}
	return []action{{"POST", fields}, {"PUT", fields}}
}

// describe answers OPTIONS.
func (r *request) describe(name, description string, verbs []action) error {
	b := append([]byte(nil), `{"name":`...)
	b = appendString(b, name)
	b = append(b, `,"description":`...)
	b = appendString(b, description)
	b = append(b, `,"renders":["application/json","text/html","text/csv"],"parses":["application/json","text/csv"]`...)
	for i, verb := range verbs {
		if i == 0 {
			b = append(b, `,"actions":{`...)
		} else {
			b = append(b, ',')
		}
		b = appendString(b, verb.method)
		b = append(b, ':', '{')
		for j, f := range verb.fields {
			if j > 0 {
				b = append(b, ',')
			}
			b = appendString(b, f.name)
			b = append(b, ':')
			b = appendFieldInfo(b, f)
		}
		b = append(b, '}')
	}
	if len(verbs) > 0 {
		b = append(b, '}')
	}
	return r.answer(200, append(b, '}'))
}

func appendFieldInfo(b []byte, f fieldInfo) []byte {
	b = append(b, `{"type":`...)
	b = appendString(b, f.kind)
	b = append(b, `,"required":`...)
	b = appendBool(b, f.required)
	b = append(b, `,"read_only":`...)
	b = appendBool(b, f.readOnly)
	text := func(name, value string) {
		if value != "" {
			b = append(b, `,"`+name+`":`...)
			b = appendString(b, value)
		}
	}
	number := func(name string, value *float64) {
		if value != nil {
			b = append(b, `,"`+name+`":`...)
			if *value >= 1<<63 {
				b = strconv.AppendInt(b, 1<<63-1, 10)
			} else {
				b = strconv.AppendFloat(b, *value, 'f', -1, 64)
			}
		}
	}
	text("label", f.label)
	text("help_text", f.help)
	if f.maxLength > 0 {
		b = append(b, `,"max_length":`...)
		b = strconv.AppendInt(b, int64(f.maxLength), 10)
	}
	if f.digits > 0 {
		b = append(b, `,"max_digits":`...)
		b = strconv.AppendInt(b, int64(f.digits), 10)
	}
	if f.places > 0 {
		b = append(b, `,"decimal_places":`...)
		b = strconv.AppendInt(b, int64(f.places), 10)
	}
	number("min_value", f.least)
	number("max_value", f.most)
	if f.choices != nil {
		b = appendList(append(b, `,"choices":[`...), f.choices, func(b []byte, choice [2]string) []byte {
			b = append(b, `{"value":`...)
			if f.numbers {
				b = append(b, choice[0]...)
			} else {
				b = appendString(b, choice[0])
			}
			b = append(b, `,"display":`...)
			b = appendString(b, choice[1])
			return append(b, '}')
		})
		b = append(b, ']')
	}
	if f.child != nil {
		b = append(b, `,"child":`...)
		b = appendFieldInfo(b, *f.child)
	}
	return append(b, '}')
}

// headFields are the first fields of every thing.
func headFields() []fieldInfo {
	return []fieldInfo{
		{name: "id", kind: "string", label: "Id"},
		{name: "object_type", kind: "string", label: "Object type", readOnly: true},
		{name: "display", kind: "field", label: "Display", help: "Human friendly display value", readOnly: true},
		{name: "url", kind: "field", label: "Url", readOnly: true},
		{name: "natural_slug", kind: "field", label: "Natural slug", readOnly: true},
	}
}

// timeFields are the last fields of a thing with a history.
func timeFields() []fieldInfo {
	return []fieldInfo{
		{name: "created", kind: "datetime", label: "Created", readOnly: true},
		{name: "last_updated", kind: "datetime", label: "Last updated", readOnly: true},
		{name: "notes_url", kind: "field", label: "Notes url", readOnly: true},
	}
}

// contentTypes are types as choices: those given, or else all that take part in
// relationships.
func contentTypes(cat *objects.Catalogue, only []string) [][2]string {
	var out [][2]string
	for _, t := range cat.Types() {
		if t.Related && len(only) == 0 || slices.Contains(only, t.Name) {
			out = append(out, [2]string{t.Name, cat.Label(t)})
		}
	}
	slices.SortFunc(out, func(a, b [2]string) int { return strings.Compare(a[1], b[1]) })
	return out
}

func (a relationshipResource) options(r *request, item bool) error {
	cat := r.catalogue()
	types := contentTypes(cat, nil)
	side := func(side, other, title string) []fieldInfo {
		return []fieldInfo{
			{name: side + "_label", kind: "string", label: title + " Label", maxLength: 255,
				help: "Label for related " + other + " objects, as displayed on the " + side + " object."},
			{name: side + "_hidden", kind: "boolean", label: "Hide for " + side + " object",
				help: "Hide this relationship on the " + side + " object."},
			{name: side + "_filter", kind: "field", label: title + " filter",
				help: "Filterset filter matching the applicable " + side + " objects of the selected type"},
		}
	}
	fields := slices.Concat(headFields(), []fieldInfo{
		{name: "source_type", kind: "field", label: "Source type", required: true, choices: types},
		{name: "destination_type", kind: "field", label: "Destination type", required: true, choices: types},
		{name: "label", kind: "string", label: "Label", required: true, maxLength: 255,
			help: "Label of the relationship as displayed to users"},
		{name: "key", kind: "slug", label: "Key", maxLength: 255,
			help: "Internal relationship key. Please use underscores rather than dashes in this key."},
		{name: "description", kind: "string", label: "Description", maxLength: 255},
		{name: "type", kind: "choice", label: "Type", help: "Cardinality of this relationship", choices: [][2]string{
			{"one-to-one", "One to One"}, {"symmetric-one-to-one", "Symmetric One to One"}, {"one-to-many", "One to Many"},
			{"many-to-many", "Many to Many"}, {"symmetric-many-to-many", "Symmetric Many to Many"}}},
		{name: "required_on", kind: "choice", label: "Required on",
			help: "Objects on the specified side MUST implement this relationship. Not permitted for symmetric relationships.",
			choices: [][2]string{{"", "Neither side required"}, {"source", "Source objects MUST implement this relationship"},
				{"destination", "Destination objects MUST implement this relationship"}}},
	}, side("source", "destination", "Source"), side("destination", "source", "Destination"), []fieldInfo{
		{name: "advanced_ui", kind: "boolean", label: "Move to Advanced tab",
			help: "Hide this field from the object's primary information tab. It will appear in the \"Advanced\" tab instead."},
	}, timeFields())
	name := "Relationships"
	if item {
		name = "Relationship"
	}
	return r.describe(name, "", actions(item, fields))
}

func (a associationResource) options(r *request, item bool) error {
	cat := r.catalogue()
	types := contentTypes(cat, nil)
	fields := append(headFields(),
		fieldInfo{name: "source_type", kind: "field", label: "Source type", required: true, choices: types},
		fieldInfo{name: "destination_type", kind: "field", label: "Destination type", required: true, choices: types},
		fieldInfo{name: "source_id", kind: "string", label: "Source id", required: true},
		fieldInfo{name: "destination_id", kind: "string", label: "Destination id", required: true},
		fieldInfo{name: "relationship", kind: "field", label: "Relationship", required: true})
	name := "Relationship Associations"
	if item {
		name = "Relationship Association"
	}
	return r.describe(name, "", actions(item, fields))
}

func (a objectResource) options(r *request, item bool) error {
	cat := r.catalogue()
	var fields []fieldInfo
	for _, f := range a.t.Fields {
		if f.Hidden {
			continue
		}
		fields = append(fields, describeField(f, cat))
		if f.Name == "custom_fields" {
			fields = append(fields, fieldInfo{name: "computed_fields", kind: "field", label: "Computed fields", readOnly: true})
		}
		if last := a.t.Field("custom_fields") == nil && f.Derive == "notes_url"; a.t.Related && (last || f.Name == "custom_fields") {
			fields = append(fields, fieldInfo{name: "relationships", kind: "field", label: "Relationships"})
		}
	}
	name := a.t.PluralTitle()
	if item {
		name = a.t.Title()
	}
	return r.describe(name, "", actions(item, fields))
}

// kindWords are the words of OPTIONS for the kinds of field; others are "field".
var kindWords = map[objects.Kind]string{
	objects.Text: "string", objects.Color: "string", objects.UUID: "string", objects.IP: "string", objects.Prefix: "string",
	objects.MAC: "string", objects.TimeZone: "string", objects.Slug: "slug", objects.URL: "url", objects.Email: "email",
	objects.Integer: "integer", objects.Count: "integer", objects.Decimal: "decimal", objects.Float: "float",
	objects.Boolean: "boolean", objects.Date: "date", objects.Time: "datetime", objects.Word: "choice",
	objects.Choices: "list", objects.Numbers: "list", objects.Texts: "list",
}

// deriveWords are those of fields that are computed when read.
var deriveWords = map[string]string{
	"host": "field", "network": "field", "broadcast": "field", "total_lanes": "integer", "connected_lanes": "integer",
	"range_size": "integer", "network_drivers": "nested object", "texts": "list", "object_type": "string",
}

func describeField(f *objects.Field, cat *objects.Catalogue) fieldInfo {
	info := fieldInfo{
		name: f.Name, kind: kindWords[f.Kind], label: f.Title(), help: f.Help, required: f.Required,
		readOnly: f.ReadOnly || f.Kind == objects.Count || f.Kind == objects.Derived, maxLength: f.Max, least: f.Min, most: f.Most,
	}
	if info.kind == "" {
		info.kind = "field"
	}
	if f.Name == "display" {
		info.help = "Human friendly display value"
	}
	if word := deriveWords[f.Derive]; word != "" {
		info.kind = word
	}
	info.digits, _ = strconv.Atoi(f.Args["digits"])
	info.places, _ = strconv.Atoi(f.Args["places"])
	switch f.Kind {
	case objects.Choice, objects.Word:
		info.choices, info.numbers = f.Choices, f.NumericChoices()
	case objects.ContentType:
		info.choices = contentTypes(cat, f.To)
	case objects.Choices:
		info.child = &fieldInfo{kind: "field", required: true, choices: f.Choices, numbers: f.NumericChoices()}
		switch {
		case f.Args["set"] != "":
			info.kind, info.child, info.choices = "multiple choice", nil, f.Choices
		case f.Args["plain"] != "":
			info.child.kind = "choice"
		}
	case objects.Numbers:
		info.child = &fieldInfo{kind: "integer", required: true, least: f.Min, most: f.Most}
		info.least, info.most = nil, nil
	case objects.Texts:
		info.child = &fieldInfo{kind: "string", required: true}
	}
	if f.Derive == "network_drivers" || f.Derive == "texts" {
		info.child = &fieldInfo{kind: "string", required: true}
	}
	return info
}
