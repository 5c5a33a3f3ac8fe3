// Package filters says which objects are meant: the fields that a list can be
// filtered by, the lookups each takes, and the conditions that a query string or
// a FilterSet JSON states with them. It knows no type and no SQL: objects,
// relationships and associations declare a Schema, store compiles a Query.
package filters

import (
	"context"

	"github.com/google/uuid"
)

// Kind says what the values of a field are, which lookups it may have and how
// several values combine (OR, unless the kind says otherwise). The letters are
// those of the reference on Nautobot's content types, section 4.
type Kind string

// The kinds.
const (
	Text        Kind = "text"         // C: any string; empty ones are dropped
	Choice      Kind = "choice"       // X: one of Choices
	Integer     Kind = "integer"      // N
	Decimal     Kind = "decimal"      // N with a fraction
	Date        Kind = "date"         // N: YYYY-MM-DD
	Time        Kind = "datetime"     // N: ISO 8601
	MAC         Kind = "mac"          // C over a hardware address
	UUID        Kind = "uuid"         // U: ids; empty strings are dropped
	Reference   Kind = "reference"    // F: ids of objects of type Target
	NameOrID    Kind = "name_or_id"   // K(ToField): natural field or id
	Tree        Kind = "tree"         // T(ToField): as NameOrID, with all descendants
	Tag         Kind = "tag"          // TAG: as NameOrID; all values must be there
	ContentType Kind = "content_type" // CT: app_label.model; Every makes it AND
	Boolean     Kind = "boolean"      // B: true/True/false/False (2, 3); anything else is ignored
	Membership  Kind = "membership"   // H: has_*: true/True/1, false/False/0
	Search      Kind = "search"       // q: the last of several counts
	Method      Kind = "method"       // M: how it is judged is named by Field.Method
	Linked      Kind = "linked"       // cr_<key>__<side>: ids of peers
	Address     Kind = "address"      // of ToKind alone: a host address
	Single      Kind = "single"       // a single text, number, id or date compared for equality (no lookups)
)

// Lookup is the suffix of a parameter: name__isw has "isw". The empty one is
// the plain filter.
type Lookup string

// The lookups of reference section 5.4.
const (
	Equal        Lookup = ""
	Not          Lookup = "n"
	Contains     Lookup = "ic"
	NotContains  Lookup = "nic"
	IEqual       Lookup = "ie"
	NotIEqual    Lookup = "nie"
	StartsWith   Lookup = "isw"
	NotStarts    Lookup = "nisw"
	EndsWith     Lookup = "iew"
	NotEnds      Lookup = "niew"
	Regex        Lookup = "re"
	NotRegex     Lookup = "nre"
	IRegex       Lookup = "ire"
	NotIRegex    Lookup = "nire"
	Less         Lookup = "lt"
	LessEqual    Lookup = "lte"
	Greater      Lookup = "gt"
	GreaterEqual Lookup = "gte"
	IsNull       Lookup = "isnull"
)

// Negative reports whether the lookup keeps what does not match ("none of").
func (l Lookup) Negative() bool {
	switch l {
	case Not, NotContains, NotIEqual, NotStarts, NotEnds, NotRegex, NotIRegex:
		return true
	}
	return false
}

// whole reports that the lookup compares whole values, not parts of them.
func (l Lookup) whole() bool {
	return l == Equal || l == Not || l == IEqual || l == NotIEqual
}

// Hop leads from an object to others: along a reference field (from the object
// that holds it to its target), or Back against it (to the objects that hold
// it). Field is the number of the field in table object_ref.
type Hop struct {
	Field int32
	Back  bool
	// Type, when not 0, is the number of the type arrived at; only needed
	// where a reference may lead to several types.
	Type int16
}

// Column is where a value stands on the object at the end of a path.
type Column struct {
	// Name is a data key ("serial"), a dotted path into data
	// ("custom_fields.site_code"), or one of the table's own columns: "id",
	// "name", "str", "sort_key", "created", "last_updated". Of relationship
	// and association lists it names a column of those tables.
	Name string
	// Own is true for a column of the table itself, false for a key of data.
	Own bool
	// List is true where the value is a JSON list of texts (content types):
	// a value matches when the list contains it.
	List bool
	// Named is true for the key of data whose text stands in the own column
	// "name" as well, which is indexed ("" there where it is null).
	Named bool
}

// Path is a way from an object to values. Without hops it ends on itself. One
// whose Column has no name ends on the object it reaches, not on a value.
type Path struct {
	Hops   []Hop
	Column Column
	// Where narrows the way: an object on it counts only if it passes.
	Where []Check
	// End is the number of the type of the objects that the hops lead to, 0 where
	// it may be any.
	End int16
}

// Check is a condition on the object that stands after so many hops (0: the
// one the path starts from): its Column reads Value ("true" and "false" for
// booleans; a missing value reads "").
type Check struct {
	After  int
	Column Column
	Value  string
}

// Field is one filter of a Schema.
type Field struct {
	Name string // of the parameter without a lookup suffix: "name", "cr_uplink__destination"
	Kind Kind
	// Path leads to the compared values. Of Reference, NameOrID, Tree and
	// Tag it ends on the referenced object (its last hop reaches it) and its
	// Column is unused.
	Path Path
	// Lookups that exist beside the plain filter.
	Lookups []Lookup
	// Nullable kinds accept the value "null" where the reference allows it.
	Nullable bool
	// NoNull fields take "null" for a value that nothing has (custom fields, which
	// compare nothing with no value).
	NoNull bool
	// Base is the lookup that the plain filter means; IEqual for a serial.
	Base Lookup
	// Canonical returns the text that a value is stored as, or what is wrong with
	// it; nil: as it is given. Whole values are compared in this form, parts are not.
	Canonical func(value string) (text, problem string)
	// Exclude turns a Membership around or a plain filter into its negation.
	Exclude bool
	// Choices of a Choice field, in order.
	Choices []string
	// Every makes several values of a ContentType field AND.
	Every bool
	// Target is the type whose objects a reference kind names
	// ("dcim.location") and TargetType its number.
	Target     string
	TargetType int16
	// ToField is the path from the named object to its natural field ("name",
	// "vid", "module_type__model").
	ToField Path
	// ToKind is the kind of the natural field's values: Text, Integer or Address.
	ToKind Kind
	// ToOne: no two objects have the same value there.
	ToOne bool
	// Search are the paths a Search field looks at, with the lookup each.
	Search []SearchPath
	// Method names the judge of a Method field in store; docs/catalogue.md
	// has the list. A Search field may have one too, for addresses.
	Method string
	// Values is the kind of the values that a Method or Single field takes:
	// Text, Integer, Decimal, Date, UUID, Boolean, Membership, Choice,
	// ContentType, Reference or NameOrID.
	Values Kind
	// Paths of the Method, by the names that its description uses.
	Paths map[string][]Path
	// Args of the Method, as the catalogue has them.
	Args map[string]string
	// List reports whether stored FilterSet JSON must give a list ("Enter a
	// list of values."): multi choices, references, content types.
	List bool
	// SingleValue reports that the field takes one value: of several in a query
	// the last counts, and stored FilterSet JSON gives it bare (custom fields
	// of kind text and integer, every Single field, some Methods).
	SingleValue bool
	// Linked: the definition's number and the side the given peers stand on
	// ("source", "destination" or "peer").
	RID  int32
	Side string
}

// SearchPath is one place that q looks at. Lookup is Contains, IEqual (ids) or
// Equal for exact integers.
type SearchPath struct {
	Path   Path
	Kind   Kind
	Lookup Lookup
}

// Condition is one parsed filter: a field, a lookup and its values.
type Condition struct {
	Field  *Field
	Lookup Lookup
	// Texts are the values in canonical text: numbers as decimal text, times
	// as RFC 3339 in UTC with microseconds, dates as YYYY-MM-DD, MAC addresses
	// as AA:BB:…, content types as they are; of reference kinds the natural
	// values ("ams", "10").
	Texts []string
	// IDs are the values of UUID kinds, and the ids among those of reference
	// kinds.
	IDs []uuid.UUID
	// Null is true where "null" was among the values.
	Null bool
	// Truth is the value of Boolean, Membership and IsNull.
	Truth bool
	// Nothing is true where the condition can match nothing, such as a stored
	// value that is no longer acceptable.
	Nothing bool
	// Stored is true of conditions that were read by Schema.Stored: values that
	// name nothing any more match nothing, under negation too.
	Stored bool

	decided bool // Truth was said, or a value that nothing has
}

// Query is the conjunction of its conditions; an empty one matches all.
type Query []Condition

// Schema is the set of filters of one list.
type Schema struct {
	Class  string // "dcim.Device", as error texts name the model
	fields map[string]*Field
	order  []*Field
}

// NewSchema returns a Schema with the given fields in form order.
func NewSchema(class string, fields ...*Field) *Schema {
	s := &Schema{Class: class, fields: make(map[string]*Field, len(fields))}
	for _, f := range fields {
		s.Add(f)
	}
	return s
}

// Add appends a field; one of the same name replaces the older.
func (s *Schema) Add(f *Field) {
	if _, ok := s.fields[f.Name]; ok {
		for i, old := range s.order {
			if old.Name == f.Name {
				s.order[i] = f
			}
		}
	} else {
		s.order = append(s.order, f)
	}
	s.fields[f.Name] = f
}

// With returns a schema with more fields, leaving s as it is.
func (s *Schema) With(more ...*Field) *Schema {
	out := NewSchema(s.Class, s.order...)
	for _, f := range more {
		out.Add(f)
	}
	return out
}

// Fields returns the fields in form order.
func (s *Schema) Fields() []*Field { return s.order }

// Field returns the field of that name, or nil.
func (s *Schema) Field(name string) *Field { return s.fields[name] }

// Param is one parameter of a query string with all its values, in order.
type Param struct {
	Name   string
	Values []string
}

// Names tells which values name nothing. Store implements it.
type Names interface {
	// Unknown returns those of ids and texts that name no object that field f
	// (a reference kind, Linked, or a field of a definition) could mean: one
	// statement for all of them.
	Unknown(ctx context.Context, f *Field, ids []uuid.UUID, texts []string) (unknownIDs []uuid.UUID, unknownTexts []string, err error)
}

// Finder is a Names that also tells what natural values name. Where it is one,
// the conditions of a query string have ids instead, which are found faster.
type Finder interface {
	Names
	// Lookup is Unknown, and returns the ids of the objects that texts name.
	Lookup(ctx context.Context, f *Field, ids []uuid.UUID, texts []string) (found []uuid.UUID, unknownIDs []uuid.UUID, unknownTexts []string, err error)
}
