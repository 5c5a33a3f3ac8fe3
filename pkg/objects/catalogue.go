package objects

import (
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
	Decimal      Kind = "decimal" // exact, answered as a JSON number unless Quoted
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
// data, from catalogue.yaml or made at run time; nothing in Go names one.
type Type struct {
	ID       int16  // number in table type; set when the catalogue is bound to a database
	Name     string // content type, "dcim.device"
	Class    string // "dcim.Device", as error texts write it
	Singular string // verbose name, "device"
	Plural   string
	Path     string // below /api/, "dcim/devices"
	Related  bool   // takes part in relationships
	Linkable bool   // its list offers cr_ filters
	Runtime  bool   // made at run time
	Taggable bool
	Version  int64

	Fields  []*Field // in the serializer's order
	Filters []FilterDef
	// Named is the field whose text stands in column name ("name", "model", "cid"); may be "".
	Named string
	// Natural sorts column sort_key by natural order of Named.
	NaturalSort bool
	// Tree is the name of the parent field of a tree type, or "".
	Tree string
	// NaturalKey are paths ("name", "location__name"): of the slug and of composite keys.
	NaturalKey []string
	// Order is the default order of lists: field paths, "-" for descending; "_name" means sort_key.
	Order []string
	// Str and Display are templates (see template.go); an empty Display is Str.
	Str, Display string
	// Search are the paths that q looks at, "path" or "path:lookup".
	Search []string
	Rules  []Rule

	fields map[string]*Field
}

// Field is one field of a type.
type Field struct {
	ID       int32 // number in table field; set when bound to a database
	Name     string
	Kind     Kind
	Label    string // as OPTIONS shows it; empty: Name with spaces, first letter upper-cased
	Help     string
	To       []string // target types of a reference; empty: any
	OnDelete OnDelete
	// Reverse is the name under which filters and counts reach the holders
	// from the target: "devices".
	Reverse string
	// Hidden fields are columns that the serializer does not show.
	Hidden    bool
	Required  bool
	ReadOnly  bool
	WriteOnly bool // shown only with exclude_m2m=false, or never (References say which)
	Null      bool // null is accepted
	Blank     bool // "" is accepted
	Default   any
	Max       int // longest text, 0: no limit
	Min, Most *float64
	Choices   [][2]string // value, label
	Quoted    bool        // a Decimal answered as text
	Mask      bool
	// Model marks limits that only the model stage knows (reference, content
	// types §5: stage 3 texts).
	Model bool
	// Path of a Count ("devices", "interfaces__ip_addresses"), or of References
	// that are read through others ("via").
	Path string
	// Derive names the rule that computes a Derived field, Args its arguments.
	Derive string
	Args   map[string]string
}

// FilterDef is one filter of a type as the catalogue has it.
type FilterDef struct {
	Name    string
	Kind    filters.Kind
	Path    string // Django-like path; empty: Name
	To      string
	ToField string
	Lookups []filters.Lookup
	Base    filters.Lookup
	Exclude bool
	Every   bool
	Null    bool
	Method  string
	Args    map[string]string
}

// Rule is a rule beyond single columns. Kind is known to Go (see rules.go),
// everything else is data.
type Rule struct {
	Kind   string            // "unique", "check", "permits", "tree", "ip_parent", …
	Fields []string          // of a unique rule: the paths whose values must differ together
	When   string            // expression over the fields; the rule applies, or the check fails, when it is true
	Key    string            // where the text is answered: a field, "__all__", "non_field_errors"
	Text   string            // with {field} and {field.path} filled by str
	Stage  int               // 2 serializer, 3 model
	Args   map[string]string // of the kind
}
