package objects

import (
	"fmt"
	"slices"
	"strings"

	"relata/pkg/filters"
)

// Resolve follows a path of names joined with "__", such as
// "location__location_type__name", from objects of type t. It returns the way,
// the field it ends on and the type that this leads to: of a reference its
// target (nil when that may be any type), else the type that has the field. The
// names of references, those by which others refer to the type, "<reference>_id",
// "id" and "pk" all lead on. The error has the contract's words (reference
// section 3.6).
func (c *Catalogue) Resolve(t *Type, path string) (filters.Path, *Field, *Type, error) {
	w := walker{c: c, at: t}
	for _, segment := range strings.Split(path, "__") {
		if err := w.step(segment); err != nil {
			return filters.Path{}, nil, nil, err
		}
	}
	w.way.Column = w.column
	return w.way, w.field, w.at, nil
}

// walker follows a path. It stands on a type, or on a value once field is plain.
type walker struct {
	c      *Catalogue
	at     *Type // nil: any
	field  *Field
	value  bool // nothing leads on from here
	way    filters.Path
	column filters.Column
}

// step takes one segment: a name, with a condition before or after it on the
// object it starts from or arrives at, "terminations[cable_end=A]".
func (w *walker) step(segment string) error {
	name, rest, found := strings.Cut(segment, "[")
	if !found {
		return w.follow(segment)
	}
	condition, after, closed := strings.Cut(rest, "]")
	column, value, equals := strings.Cut(condition, "=")
	if !closed || !equals || name != "" && after != "" {
		return fmt.Errorf("%s: no condition", segment)
	}
	if name != "" {
		if err := w.follow(name); err != nil {
			return err
		}
	}
	inner := walker{c: w.c, at: w.at}
	if err := inner.follow(column); err != nil {
		return err
	}
	w.way.Where = append(w.way.Where, filters.Check{After: len(w.way.Hops), Column: inner.column, Value: value})
	if after != "" {
		return w.follow(after)
	}
	return nil
}

func (w *walker) unknown(name string) error {
	if w.value || w.at == nil {
		return fmt.Errorf("Unsupported lookup '%s' for %s or join on the field not permitted.", name, w.field.describe())
	}
	return fmt.Errorf("Cannot resolve keyword '%s' into field. Choices are: %s", name, strings.Join(w.c.names(w.at), ", "))
}

// follow takes one name.
func (w *walker) follow(name string) error {
	if w.value {
		if w.field.Kind == JSON && w.field.Name == "custom_fields" {
			return w.custom(name)
		}
		if w.field.Kind == ContentType || w.field.Kind == ContentTypes {
			return w.part(name)
		}
		return w.unknown(name)
	}
	if name == "pk" || name == "id" {
		w.column, w.value = filters.Column{Name: "id", Own: true}, true
		w.field = &Field{Name: "id", Kind: UUID}
		return nil
	}
	if w.at == nil {
		return w.unknown(name)
	}
	if f := w.at.fields[name]; f != nil && f.Kind != Count && (f.Kind != Derived || f.Stored) {
		return w.own(f)
	}
	if back, ok := w.c.reaches(w.at, name); ok {
		return w.back(back)
	}
	if f := w.at.fields[strings.TrimSuffix(name, "_id")]; f != nil && strings.HasSuffix(name, "_id") && f.Kind == Reference {
		return w.own(f)
	}
	switch name {
	case "_custom_field_data":
		return w.own(w.at.fields["custom_fields"])
	case "created", "last_updated":
		w.column, w.value = filters.Column{Name: name, Own: true}, true
		w.field = &Field{Name: name, Kind: Time, Null: true}
		return nil
	}
	return w.unknown(name)
}

// custom takes the key of a custom field.
func (w *walker) custom(key string) error {
	f := w.at.CustomField(key)
	if f == nil {
		return w.unknown(key)
	}
	w.field, w.column = f, filters.Column{Name: "custom_fields." + key, List: f.Kind == Choices}
	return nil
}

// part takes half of a content type. It stands in the same column; the field
// says by Derive which half it is.
func (w *walker) part(name string) error {
	if name != "app_label" && name != "model" {
		return w.unknown(name)
	}
	w.field = &Field{Name: name, Kind: Text, Derive: name, Args: map[string]string{"of": w.field.Name}}
	return nil
}

// own takes a field of the type it stands on.
func (w *walker) own(f *Field) error {
	w.field = f
	switch {
	case f.Kind != Reference && f.Kind != References:
		w.column, w.value = w.at.column(f), true
		return nil
	case f.Path != "":
		return w.via(f)
	}
	hop := filters.Hop{Field: f.ID}
	w.at = w.c.only(f)
	if w.at != nil && len(f.To) != 1 {
		hop.Type = w.at.ID
	}
	w.way.Hops = append(w.way.Hops, hop)
	return nil
}

// only is the one type that a reference leads to, or nil.
func (c *Catalogue) only(f *Field) *Type {
	if len(f.To) != 1 {
		return nil
	}
	return c.byName[f.To[0]]
}

// via takes the path that a reference is read through. Its first name may be
// that of the field itself: the name by which the other end refers back.
func (w *walker) via(f *Field) error {
	first, rest, more := strings.Cut(f.Path, "__")
	back, ok := w.c.reaches(w.at, first)
	if !ok {
		return w.unknown(first)
	}
	if err := w.back(back); err != nil {
		return err
	}
	for more {
		first, rest, more = strings.Cut(rest, "__")
		if err := w.follow(first); err != nil {
			return err
		}
	}
	w.field = f
	return nil
}

// back takes a reference against its direction.
func (w *walker) back(o owned) error {
	if o.field.Path == "" {
		w.way.Hops = append(w.way.Hops, filters.Hop{Field: o.field.ID, Back: true})
		w.at, w.field = o.holder, o.field
		return nil
	}
	forth := walker{c: w.c, at: o.holder}
	if err := forth.own(o.field); err != nil {
		return err
	}
	hops := slices.Clone(forth.way.Hops)
	slices.Reverse(hops)
	for _, hop := range hops {
		hop.Back = !hop.Back
		w.way.Hops = append(w.way.Hops, hop)
	}
	w.at, w.field = o.holder, o.field
	return nil
}

// reaches returns the reference that t is reached by under that name.
func (c *Catalogue) reaches(t *Type, name string) (owned, bool) {
	if o, ok := c.back[t.Name][name]; ok {
		return o, true
	}
	o, ok := c.back[""][name]
	return o, ok
}

// column is where the value of a plain field stands.
func (t *Type) column(f *Field) filters.Column {
	switch f.Name {
	case "id", "created", "last_updated":
		return filters.Column{Name: f.Name, Own: true}
	}
	list := f.Kind == ContentTypes || f.Kind == Choices || f.Kind == Numbers || f.Kind == Texts
	return filters.Column{Name: f.Name, List: list, Named: f.Name == t.Named && f.Kind == Text}
}

// columnWords is what messages of the contract call a column of each kind.
var columnWords = map[Kind]string{
	UUID: "UUIDField", Integer: "IntegerField", Decimal: "DecimalField", Float: "FloatField", Boolean: "BooleanField",
	Date: "DateField", Time: "DateTimeField", JSON: "JSONField", Reference: "ForeignKey", References: "ManyToManyField",
}

func (f *Field) describe() string {
	if f == nil {
		return "Field"
	}
	return cmpOr(columnWords[f.Kind], "CharField")
}

// Ordering is one key that a list is sorted by. The Column of its Path may be
// sort_key, a column of the table itself.
type Ordering struct {
	Path       filters.Path
	Descending bool
}

// Orderings resolves names of Order or of a sort parameter. A reference sorts
// as its target does by default (one that leads in a circle, by id). A name
// that is not known is left out, as the contract has it (reference section 3.5).
func (c *Catalogue) Orderings(t *Type, names []string) []Ordering {
	return c.orderings(t, names, nil)
}

func (c *Catalogue) orderings(t *Type, names []string, through []*Type) []Ordering {
	var keys []Ordering
	for _, name := range names {
		bare, descending := strings.CutPrefix(name, "-")
		if bare == "_name" {
			keys = append(keys, Ordering{filters.Path{Column: filters.Column{Name: "sort_key", Own: true}}, descending})
			continue
		}
		way, f, target, err := c.Resolve(t, bare)
		if err != nil || f.Kind == References {
			continue
		}
		if f.Kind != Reference || way.Column.Name != "" {
			keys = append(keys, Ordering{way, descending})
			continue
		}
		if target == nil || len(target.Order) == 0 || slices.Contains(through, target) || target == t {
			way.Column = filters.Column{Name: "id", Own: true}
			keys = append(keys, Ordering{way, descending})
			continue
		}
		for _, key := range c.orderings(target, target.Order, append(through, t)) {
			key.Path.Hops = slices.Concat(way.Hops, key.Path.Hops)
			key.Descending = key.Descending != descending
			keys = append(keys, key)
		}
	}
	return keys
}

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
		if f.Path, end, target, err = c.Resolve(t, cmpOr(d.Path, d.Name)); err != nil {
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
		f.List, f.Nullable = true, true
		if d.Kind == filters.ContentType && f.Path.Column.Name == "" {
			return nil, fmt.Errorf("no content type at the end of %s", cmpOr(d.Path, d.Name))
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
	return f, nil
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
	way, end, _, err := c.Resolve(target, cmpOr(d.ToField, "name"))
	if err != nil {
		return err
	}
	f.ToField, f.ToKind = way, filters.Text
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

// customFilter is the cf_ filter of a custom field, or nil when it has none.
// As in Nautobot the plain filter takes one value, its lookups several; a field
// with the logic "loose" is searched for a part of its text.
func customFilter(f *Field) *filters.Field {
	if f.Args["filter_logic"] == "disabled" {
		return nil
	}
	column := filters.Column{Name: "custom_fields." + f.Name, List: f.Kind == Choices}
	out := &filters.Field{Name: "cf_" + f.Name, Path: filters.Path{Column: column}, Kind: filterKinds[f.Kind], SingleValue: true}
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

// cmpOr returns a, or b when that is empty.
func cmpOr(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
