package objects

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"sync"

	"relata/pkg/filters"
)

// Kind says what the values of a field are.
type Kind string

// The kinds. On the wire a Choice is {"value","label"}, a Word is its bare value.
const (
	Text         Kind = "text"
	Slug         Kind = "slug"
	URL          Kind = "url"
	Email        Kind = "email"
	Color        Kind = "color"
	Integer      Kind = "integer"
	Decimal      Kind = "decimal" // exact, answered as text with all its places
	Float        Kind = "float"
	Boolean      Kind = "boolean"
	Date         Kind = "date"
	Time         Kind = "datetime"
	Choice       Kind = "choice"  // {"value","label"}; blank reads as null
	Word         Kind = "word"    // a choice answered as its plain value
	Choices      Kind = "choices" // list of choices
	Numbers      Kind = "numbers" // list of integers
	Texts        Kind = "texts"   // list of texts
	JSON         Kind = "json"
	UUID         Kind = "uuid"
	IP           Kind = "ip"     // a host address, or host/len where Mask
	Prefix       Kind = "prefix" // CIDR
	MAC          Kind = "mac"
	TimeZone     Kind = "time_zone"
	ContentType  Kind = "content_type"  // app_label.model
	ContentTypes Kind = "content_types" // list of them
	Reference    Kind = "reference"     // one object
	References   Kind = "references"    // many objects, in no order
	Count        Kind = "count"         // read-only: how many objects stand at the end of Path
	Derived      Kind = "derived"       // read-only: computed by the rule named in Derive
)

// OnDelete says what becomes of the holder of a reference when its target is
// deleted.
type OnDelete string

// What may become of it. References (many) are just detached.
const (
	Protect OnDelete = "protect"
	Cascade OnDelete = "cascade"
	SetNull OnDelete = "set_null"
)

// Type is a type of object: its words, fields, filters and rules. Every Type is
// data, from catalogue.yaml or made at run time; nothing in Go names one. A
// Type of a Catalogue is not to be changed.
type Type struct {
	ID       int16  `yaml:"-"` // number in table type; set when the catalogue is bound to a database
	Name     string // content type, "dcim.device"
	Class    string // "dcim.Device", as error texts write it
	Singular string // verbose name, "device"
	Plural   string
	Path     string // below /api/, "dcim/devices"; empty: not reached by the object endpoints
	Address  string // where the others are said to stand below /api/
	Related  bool   // takes part in relationships
	Linkable bool   // its list offers cr_ filters
	Runtime  bool   `yaml:"-"` // made at run time
	Taggable bool
	Version  int64 `yaml:"-"`

	// Fields in the serializer's order, the hidden ones last. They include
	// what every type has: id, object_type, display, url, natural_slug,
	// created, …
	Fields []*Field
	// CustomFields are stored below custom_fields and filtered with cf_. Args
	// "filter_logic" is loose, exact or disabled; "markdown" marks a Text of that form.
	CustomFields []*Field `yaml:"-"`
	Filters      []FilterDef
	// Named is the field whose text stands in column name ("name", "model", "cid"); may be "".
	Named string
	// NaturalSort: column sort_key has the natural order of Named.
	NaturalSort bool `yaml:"natural_sort"`
	// SortStyle says how natural order is meant: "interface" compares slots and
	// positions first, then the words, then the number of the port.
	SortStyle string `yaml:"sort_style"`
	// Tree is the name of the parent field of a tree type, or "".
	Tree string
	// NaturalKey are paths ("name", "location__name"): of the slug and of composite keys.
	NaturalKey []string `yaml:"natural_key"`
	// KeyAbove: the natural key goes on with those of the objects above, as far as
	// the deepest tree of the type goes ("parent__name", …), wherever it stands.
	KeyAbove bool `yaml:"key_above"`
	// Order is the default order of lists: field paths, "-" for descending; "_name" means sort_key.
	Order []string
	// Unique are the sets of fields that are unique together, as the model
	// declares them; a single one has Field.Unique. rules.yaml says how each
	// is told.
	Unique [][]string
	// Str and Display are templates (see template.go); an empty Display is Str.
	Str, Display string
	// Keywords are names of Nautobot's columns that nothing here stands for; errors
	// about a path that is not known list them too.
	Keywords []string
	// Search are the paths that q looks at, "path" (contains), "path:ie" or "path:eq".
	Search []string

	above        int // how many objects above it a natural key names
	fields       map[string]*Field
	rules        []*rule // as rules.yaml has them, in order
	str, display *Template
}

// Field is one field of a type.
type Field struct {
	ID       int32 `yaml:"-"` // number in table field; set when bound to a database
	Name     string
	Kind     Kind
	Label    string   // as OPTIONS shows it; empty: see Title
	Help     string   // for people, in our words
	To       []string // target types of a reference, or the types that a content type may name; empty: any
	OnDelete OnDelete `yaml:"on_delete"`
	// Reverse is the name under which filters and counts reach the holders
	// from the target: "devices".
	Reverse string
	// Hidden fields are stored, and filters may reach them, but the serializer
	// does not show them.
	Hidden   bool
	Required bool
	ReadOnly bool `yaml:"read_only"`
	// WriteOnly: of References shown only with exclude_m2m=false, of others never shown.
	WriteOnly bool `yaml:"write_only"`
	Null      bool `yaml:"nullable"` // null is accepted
	Blank     bool // "" is accepted
	// Model: what the field asks of lengths, blanks and numbers (Max, Blank,
	// Min, Most) is told only once the body is otherwise good (reference,
	// content types §5: stage 3, "This field cannot be blank.").
	Model  bool
	Unique bool // no two objects of the type have the same value; null may repeat
	// Default is the value of a new object that does not give one; nil: "" for
	// texts that may be blank, null where that is accepted. Of a reference it
	// is the name of the target.
	Default   any
	Max       int // longest text, 0: no limit
	Min, Most *float64
	// ModelMin and ModelMost are limits of stage 3 beside those of stage 1.
	ModelMin  *float64    `yaml:"model_min"`
	ModelMost *float64    `yaml:"model_most"`
	Choices   [][2]string // value, label
	ChoiceSet string      `yaml:"choice_set"` // of several fields; Load fills Choices from it
	Mask      bool
	// Path of a Count ("devices", "interfaces__ip_addresses"), of References
	// that are read through others, and of a Reference that is the other end
	// of a one-to-one. Such references have no rows of their own: writing
	// them writes the others.
	Path string
	// Derive names the rule that computes the field, Args its arguments;
	// docs/catalogue.md has the list.
	Derive string
	Args   map[string]string
	// Stored: computed when the object is written and kept in data, so that
	// filters and orders can look at it.
	Stored bool
}

// FilterDef is one filter of a type as the catalogue has it.
type FilterDef struct {
	Name string
	Kind filters.Kind
	Path string // Django-like path; empty: Name
	To   string // of references, where the path does not tell
	// ToField is the path of the natural field from the target; empty: name.
	ToField string `yaml:"to_field"`
	// Lookups beside the plain filter; nil: those of the kind. Bare: none.
	Lookups []filters.Lookup
	Bare    bool
	IsNull  bool `yaml:"isnull"` // __isnull is among them
	Base    filters.Lookup
	Exclude bool
	Every   bool
	Single  bool     // one value only
	Choices []string // where they are not those of the field
	// NeverNull choices and references refuse "null", which others take even
	// where no value can be null.
	NeverNull bool `yaml:"never_null"`
	Method    string
	// Values is the kind of the values of a Method or Single filter.
	Values filters.Kind
	// Paths of a Method. A path may state conditions on the way:
	// "terminations[cable_end=A]__interface".
	Paths map[string][]string
	Args  map[string]string
}

// Catalogue is the set of all types. Once bound it is never changed, so any
// number of goroutines may read it; a change of types makes a new one (With).
type Catalogue struct {
	apps   map[string]string
	types  []*Type
	byName map[string]*Type
	byPath map[string]*Type
	byID   map[int16]*Type
	fields map[int32]owned
	// back has, by target type and then by name, the references that reach
	// it from others; those that may lead to any type stand under "".
	back    map[string]map[string]owned
	schemas sync.Map // type name to *filters.Schema

	named       sync.Once
	calledAfter map[string][]dependent // by type: who is called after its objects
	checks      map[string][]valueRule // by type: rules that users made
	cableEnds   *Type                  // whose objects are the ends of cables
}

// owned is a field with the type that has it.
type owned struct {
	holder *Type
	field  *Field
}

// Types returns all types, ordered by name.
func (c *Catalogue) Types() []*Type { return c.types }

// Type returns the type of that name, or nil.
func (c *Catalogue) Type(name string) *Type { return c.byName[name] }

// ByPath returns the type whose objects stand at /api/<app>/<models>/, or nil.
func (c *Catalogue) ByPath(app, models string) *Type { return c.byPath[app+"/"+models] }

// ByID returns the type of that number, or nil.
func (c *Catalogue) ByID(id int16) *Type { return c.byID[id] }

// FieldByID returns the field of that number and the type it belongs to, or nils.
func (c *Catalogue) FieldByID(id int32) (*Type, *Field) {
	o := c.fields[id]
	return o.holder, o.field
}

// Label is the name of a type as lists of content types show it: "DCIM | device".
func (c *Catalogue) Label(t *Type) string {
	app := c.apps[t.App()]
	if app == "" {
		app = capitalize(t.App())
	}
	return app + " | " + t.Singular
}

// FieldKey names a field in the numbers of a database: "dcim.device.location".
func FieldKey(t *Type, f *Field) string { return t.Name + "." + f.Name }

// Bind gives types and fields the numbers that the database has for them:
// types by name, fields by FieldKey. It is called once, before the catalogue
// is shared; every type and every stored reference needs a number.
func (c *Catalogue) Bind(types map[string]int16, fields map[string]int32) error {
	byID, byField := make(map[int16]*Type, len(c.types)), make(map[int32]owned)
	for _, t := range c.types {
		id, ok := types[t.Name]
		if !ok {
			return fmt.Errorf("type %s has no number", t.Name)
		}
		if other := byID[id]; other != nil {
			return fmt.Errorf("types %s and %s have the same number %d", other.Name, t.Name, id)
		}
		byID[id] = t
		if t.ID != id { // a type shared with an older catalogue is bound already
			t.ID = id
		}
		for _, f := range t.Fields {
			id, ok := fields[FieldKey(t, f)]
			if !ok && f.Held() {
				return fmt.Errorf("field %s has no number", FieldKey(t, f))
			}
			if !ok {
				continue
			}
			if other, taken := byField[id]; taken {
				return fmt.Errorf("fields %s and %s have the same number %d", FieldKey(other.holder, other.field), FieldKey(t, f), id)
			}
			byField[id] = owned{t, f}
			if f.ID != id {
				f.ID = id
			}
		}
	}
	c.byID, c.fields = byID, byField
	c.schemas.Clear()
	return nil
}

// With returns a catalogue with more types, which are made at run time and
// replace those of the same name, and with exactly the given custom fields, by
// type name. c stays as it is. The result is to be bound. A name that is
// reserved, taken or not well formed is an error.
func (c *Catalogue) With(types []*Type, custom map[string][]*Field) (*Catalogue, error) {
	out := &Catalogue{apps: c.apps}
	made := make(map[string]*Type, len(types))
	for _, t := range types {
		if old := c.byName[t.Name]; old != nil && !old.Runtime {
			return nil, fmt.Errorf("type %s is one of the catalogue", t.Name)
		}
		if err := t.checkNames(); err != nil {
			return nil, err
		}
		made[t.Name] = t
	}
	for _, t := range c.types {
		if made[t.Name] != nil {
			continue
		}
		if len(t.CustomFields) > 0 || len(custom[t.Name]) > 0 {
			copied := *t
			copied.CustomFields = custom[t.Name]
			t = &copied
		}
		out.types = append(out.types, t)
	}
	for _, name := range slices.Sorted(maps.Keys(made)) {
		t := made[name]
		t.Runtime, t.CustomFields = true, custom[name]
		out.types = append(out.types, t)
	}
	for name := range custom {
		if c.byName[name] == nil && made[name] == nil {
			return nil, fmt.Errorf("custom fields for the unknown type %s", name)
		}
	}
	if err := out.index(); err != nil {
		return nil, err
	}
	for _, t := range types {
		if err := out.complete(t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// App is the part of the name before the dot, "dcim".
func (t *Type) App() string {
	app, _, _ := strings.Cut(t.Name, ".")
	return app
}

// Model is the part of the name after the dot, "device".
func (t *Type) Model() string {
	_, model, _ := strings.Cut(t.Name, ".")
	return model
}

// Field returns the field of that name, shown or hidden, or nil.
func (t *Type) Field(name string) *Field { return t.fields[name] }

// CustomField returns the custom field of that key, or nil.
func (t *Type) CustomField(key string) *Field {
	for _, f := range t.CustomFields {
		if f.Name == key {
			return f
		}
	}
	return nil
}

// Title is the singular with every word capitalized, "Device Type".
func (t *Type) Title() string { return titles(t.Singular) }

// PluralTitle is the plural with every word capitalized, "IP Addresses".
func (t *Type) PluralTitle() string { return titles(t.Plural) }

// StrTemplate is what error texts and labels call an object of the type.
func (t *Type) StrTemplate() *Template { return t.str }

// DisplayTemplate is what the field display shows.
func (t *Type) DisplayTemplate() *Template { return t.display }

// Title is the label of a field, "Serial number".
func (f *Field) Title() string {
	if f.Label != "" {
		return f.Label
	}
	return capitalize(strings.ReplaceAll(f.Name, "_", " "))
}

// Held reports whether the field is a reference with rows of its own in
// object_ref.
func (f *Field) Held() bool {
	return (f.Kind == Reference || f.Kind == References) && f.Path == "" && (f.Derive == "" || f.Stored)
}

// ChoiceLabel is the label of a choice, or the value itself where it is none.
func (f *Field) ChoiceLabel(value string) string {
	for _, c := range f.Choices {
		if c[0] == value {
			return c[1]
		}
	}
	return value
}

// Leads reports whether a reference may lead to objects of type t.
func (f *Field) Leads(t *Type) bool {
	return len(f.To) == 0 || slices.Contains(f.To, t.Name)
}

// names are all keywords of a path that starts at t, as Nautobot lists them:
// its columns and the names by which others refer to it.
func (c *Catalogue) names(t *Type) []string {
	names := append([]string{"id", "associated_object_metadata", "associated_data_compliance"}, t.Keywords...)
	if t.NaturalSort {
		names = append(names, "_name")
	}
	if t.Related {
		names = append(names, "source_for_associations", "destination_for_associations")
	}
	if t.Taggable {
		names = append(names, "tagged_items")
	}
	for _, f := range t.Fields {
		switch {
		case f.Name == "custom_fields":
			names = append(names, "_custom_field_data")
			continue
		case !f.column():
			continue
		case f.Kind == Reference && f.Held() && len(f.To) > 0, f.Kind == ContentType:
			names = append(names, f.Name+"_id")
		}
		names = append(names, f.Name)
	}
	for _, key := range []string{t.Name, ""} {
		names = slices.AppendSeq(names, maps.Keys(c.back[key]))
	}
	for _, tagged := range c.types {
		if f := tagged.Field("tags"); f != nil && f.Reverse == "" && slices.Contains(f.To, t.Name) {
			names = append(names, tagged.Name[strings.IndexByte(tagged.Name, '.')+1:])
		}
	}
	names = slices.DeleteFunc(names, func(name string) bool { return strings.HasSuffix(name, "+") }) // no way back
	sort.Strings(names)
	return slices.Compact(names)
}

// column reports whether f is a name that paths of Nautobot may have: its
// addresses are kept there in parts, and a count or what is worked out when read is
// no column.
func (f *Field) column() bool {
	switch f.Kind {
	case Count:
		return false
	case IP, Prefix:
		return f.Derive != ""
	}
	switch f.Derive {
	case "":
		return f.Kind != Derived || f.Stored
	case "address_key":
		return false
	}
	return f.Stored || strings.HasPrefix(f.Derive, "generic_")
}

func capitalize(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}

func titles(s string) string {
	words := strings.Split(s, " ")
	for i, w := range words {
		words[i] = capitalize(w)
	}
	return strings.Join(words, " ")
}
