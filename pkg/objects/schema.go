package objects

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"relata/pkg/filters"
)

// Schema returns all filters of the list of t: those of the catalogue, cf_ of
// its custom fields and, of types made at run time, those that follow from its
// fields. It does not have cr_ filters.
func (c *Catalogue) Schema(t *Type) *filters.Schema {
	if s, ok := c.schemas.Load(t.Name); ok {
		return s.(*filters.Schema)
	}
	s, err := c.buildSchema(t)
	if err != nil {
		panic(err) // checked when the catalogue was made
	}
	got, _ := c.schemas.LoadOrStore(t.Name, s)
	return got.(*filters.Schema)
}

// The lookups of each kind beside the plain filter (reference section 5.4), in
// the order in which a form has them and tells what is wrong with them.
var (
	textLookups = []filters.Lookup{filters.Not, filters.Contains, filters.NotContains, filters.EndsWith, filters.NotEnds,
		filters.StartsWith, filters.NotStarts, filters.IEqual, filters.NotIEqual,
		filters.Regex, filters.NotRegex, filters.IRegex, filters.NotIRegex}
	numberLookups = []filters.Lookup{filters.Not, filters.LessEqual, filters.Less, filters.GreaterEqual, filters.Greater}
	idLookups     = []filters.Lookup{filters.Not}

	kindLookups = map[filters.Kind][]filters.Lookup{
		filters.Text: textLookups, filters.Choice: textLookups, filters.MAC: textLookups,
		filters.Integer: numberLookups, filters.Decimal: numberLookups, filters.Date: numberLookups, filters.Time: numberLookups,
		filters.UUID: idLookups, filters.Reference: idLookups, filters.NameOrID: idLookups,
		filters.Tree: idLookups, filters.Tag: idLookups, filters.ContentType: idLookups,
	}
)

func (c *Catalogue) buildSchema(t *Type) (*filters.Schema, error) {
	s := filters.NewSchema(t.Class)
	defs := t.Filters
	if t.Runtime && defs == nil {
		defs = c.usualFilters(t)
	}
	for _, d := range defs {
		f, err := c.filter(t, d)
		if err != nil {
			return nil, fmt.Errorf("%s: filter %s: %w", t.Name, d.Name, err)
		}
		s.Add(f)
	}
	for _, f := range t.CustomFields {
		if made := customFilter(f); made != nil {
			s.Add(made)
		}
	}
	return s, nil
}

// filter makes the filter that d describes.
func (c *Catalogue) filter(t *Type, d FilterDef) (*filters.Field, error) {
	f := &filters.Field{Name: d.Name, Kind: d.Kind, Base: d.Base, Exclude: d.Exclude, Every: d.Every,
		Method: d.Method, Args: d.Args, Values: d.Values, SingleValue: d.Single || d.Kind == filters.Single}
	f.Lookups = d.Lookups
	if d.Lookups == nil && !d.Bare {
		f.Lookups = kindLookups[d.Kind]
	}
	if d.IsNull {
		f.Lookups = append(slices.Clone(f.Lookups), filters.IsNull)
	}
	values := d.Kind
	switch d.Kind {
	case filters.Search:
		return f, c.search(t, f)
	case filters.Method:
		values = d.Values
		if err := c.methodPaths(t, d, f); err != nil {
			return nil, err
		}
	case filters.Single:
		values = d.Values
	}
	var end *Field
	var target *Type
	if d.Kind != filters.Method {
		var err error
		if f.Path, end, target, err = c.Resolve(t, cmp.Or(d.Path, d.Name)); err != nil {
			return nil, err
		}
	}
	switch values {
	case filters.Choice:
		f.Choices, f.List, f.Nullable = d.Choices, true, !d.NeverNull
		if end != nil && d.Choices == nil {
			for _, choice := range end.Choices {
				f.Choices = append(f.Choices, choice[0])
			}
		}
		if d.Kind == filters.Method && d.Choices == nil {
			for name := range d.Args {
				f.Choices = append(f.Choices, name)
			}
			slices.Sort(f.Choices)
		}
		if len(f.Choices) == 0 {
			return nil, fmt.Errorf("no choices")
		}
	case filters.ContentType:
		f.List = true
		if !d.Single {
			f.Choices = c.nameable(t, d, end)
		}
		if d.Kind == filters.ContentType && f.Path.Column.Name == "" {
			return nil, fmt.Errorf("no content type at the end of %s", cmp.Or(d.Path, d.Name))
		}
	case filters.Reference, filters.NameOrID, filters.Tree, filters.Tag:
		f.List, f.Nullable = true, !d.NeverNull
		if err := c.targets(f, d, target, values); err != nil {
			return nil, err
		}
	case filters.UUID, filters.Boolean, filters.Membership, filters.Text, filters.Integer, filters.Decimal, filters.Date, filters.Time, filters.MAC:
	default:
		return nil, fmt.Errorf("no such kind %q", values)
	}
	if d.Single {
		f.List = false
	}
	if end != nil && d.Kind != filters.Method {
		f.Canonical = end.canonical()
	}
	return f, nil
}

// nameable are the content types that a filter takes: those that may stand in the
// field it looks at, or in the one that it is called after.
func (c *Catalogue) nameable(t *Type, d FilterDef, end *Field) []string {
	if d.Choices != nil {
		return d.Choices
	}
	if end == nil {
		end = t.Field(d.Name)
	}
	var names []string
	for _, known := range c.types {
		if end == nil || end.Kind != ContentType && end.Kind != ContentTypes || end.eligible(known) {
			names = append(names, known.Name)
		}
	}
	return names
}

// targets fills in what a filter by references names.
func (c *Catalogue) targets(f *filters.Field, d FilterDef, target *Type, values filters.Kind) error {
	if d.To != "" {
		if target = c.byName[d.To]; target == nil {
			return fmt.Errorf("no type %s", d.To)
		}
	}
	if target == nil {
		return fmt.Errorf("leads to no certain type")
	}
	f.Target, f.TargetType = target.Name, target.ID
	if d.Path == "pk" || d.Path == "id" {
		f.Path = filters.Path{}
	}
	f.Path.Column = filters.Column{}
	if values == filters.Reference {
		return nil
	}
	way, end, _, err := c.Resolve(target, cmp.Or(d.ToField, "name"))
	if err != nil {
		return err
	}
	f.ToField, f.ToKind, f.ToOne = way, filters.Text, end.Unique && len(way.Hops) == 0
	switch {
	case end.Kind == Integer:
		f.ToKind = filters.Integer
	case end.Kind == IP && !end.Mask:
		f.ToKind = filters.Address
	}
	return nil
}

// methodPaths resolves the paths of a method. Those named "of" start from the
// objects that the values name.
func (c *Catalogue) methodPaths(t *Type, d FilterDef, f *filters.Field) error {
	if d.Method == "" || d.Values == "" {
		return fmt.Errorf("a method needs a name and values")
	}
	f.Paths = make(map[string][]filters.Path, len(d.Paths))
	for name, paths := range d.Paths {
		from := t
		if name == "of" {
			if from = c.byName[d.To]; from == nil {
				return fmt.Errorf("no type %q", d.To)
			}
		}
		for _, path := range paths {
			way, _, _, err := c.Resolve(from, path)
			if err != nil {
				return err
			}
			f.Paths[name] = append(f.Paths[name], way)
		}
	}
	if d.To != "" && c.byName[d.To] != nil {
		f.Target, f.TargetType = d.To, c.byName[d.To].ID
	}
	return nil
}

// search fills in where q looks.
func (c *Catalogue) search(t *Type, f *filters.Field) error {
	for _, entry := range t.Search {
		path, lookup, _ := strings.Cut(entry, ":")
		way, end, _, err := c.Resolve(t, path)
		if err != nil {
			return err
		}
		p := filters.SearchPath{Path: way, Kind: filters.Text, Lookup: filters.Contains}
		switch lookup {
		case "ie":
			p.Lookup = filters.IEqual
		case "eq":
			p.Lookup = filters.Equal
		}
		switch end.Kind {
		case Integer:
			p.Kind = filters.Integer
		case UUID:
			p.Kind = filters.UUID
		case MAC:
			p.Kind = filters.MAC
		}
		f.Search = append(f.Search, p)
	}
	return nil
}

// filterKinds are the filters of plain fields.
var filterKinds = map[Kind]filters.Kind{
	Text: filters.Text, Slug: filters.Text, URL: filters.Text, Email: filters.Text, Color: filters.Text,
	IP: filters.Text, Prefix: filters.Text, MAC: filters.MAC, TimeZone: filters.Text,
	Integer: filters.Integer, Decimal: filters.Decimal, Float: filters.Decimal,
	Date: filters.Date, Time: filters.Time, Boolean: filters.Boolean,
	Choice: filters.Choice, Word: filters.Choice, ContentType: filters.ContentType, ContentTypes: filters.ContentType, UUID: filters.UUID,
}

// usualFilters are those that follow from the fields of a type.
func (c *Catalogue) usualFilters(t *Type) []FilterDef {
	defs := []FilterDef{{Name: "id", Kind: filters.UUID}, {Name: "q", Kind: filters.Search}}
	for _, f := range t.Fields {
		if slices.Contains(before, f.Name) || f.Hidden {
			continue
		}
		d := FilterDef{Name: f.Name, IsNull: f.Null}
		switch {
		case f.Name == "tags":
			d.Kind, d.IsNull = filters.Tag, true
		case f.Kind == Reference || f.Kind == References:
			d.Kind = filters.Reference
			if target := c.only(f); target == nil {
				defs = append(defs, severalFilters(t, f)...)
				continue
			} else if target.Named != "" {
				d.Kind, d.ToField = filters.NameOrID, target.Named
			}
		default:
			d.Kind = filterKinds[f.Kind]
		}
		if d.Kind != "" {
			d.IsNull = d.IsNull && d.Kind != filters.Boolean
			defs = append(defs, d)
		}
	}
	return defs
}

// severalFilters are those of a reference that may lead to several types: the ids
// of its targets, under two names, and their types. A field of such a name goes
// before.
func severalFilters(t *Type, f *Field) []FilterDef {
	defs := []FilterDef{{Name: f.Name, Kind: filters.UUID, IsNull: true}}
	for _, d := range []FilterDef{
		{Name: f.Name + "_id", Kind: filters.UUID, Path: f.Name},
		{Name: f.Name + "_type", Kind: filters.Method, Method: "any", Values: filters.ContentType, Choices: f.To, Paths: map[string][]string{"any": {f.Name}}},
	} {
		if t.Field(d.Name) == nil {
			defs = append(defs, d)
		}
	}
	return defs
}

// customFilter is the cf_ filter of a custom field, or nil when it has none.
// As in Nautobot the plain filter takes one value, its lookups several; a field
// with the logic "loose" is searched for a part of its text.
func customFilter(f *Field) *filters.Field {
	if f.Args["filter_logic"] == "disabled" {
		return nil
	}
	column := filters.Column{Name: "custom_fields." + f.Name, List: f.Kind == Choices}
	out := &filters.Field{Name: "cf_" + f.Name, Path: filters.Path{Column: column}, Kind: filterKinds[f.Kind], SingleValue: true, NoNull: f.Kind != Integer}
	switch f.Kind {
	case Choice, Word:
		out.Kind, out.SingleValue, out.Nullable = filters.Text, false, true
	case Choices:
		out.Kind, out.SingleValue, out.Nullable = filters.Text, false, true
		out.Lookups = idLookups
		return out
	case JSON:
		out.Kind = filters.Text
	}
	if out.Kind == "" {
		out.Kind = filters.Text
	}
	if out.SingleValue && out.Kind == filters.Text && f.Args["filter_logic"] == "loose" {
		out.Base = filters.Contains
	}
	if f.Kind != JSON && f.Args["markdown"] == "" {
		out.Lookups = kindLookups[out.Kind]
	}
	return out
}
