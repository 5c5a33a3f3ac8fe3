// Package objects is what is linked. Whatever the type, an object is an Object: what
// sets types apart stands in catalogue.yaml and rules.yaml, or was defined at run time,
// and no Go file names one. Links are not known here.
package objects

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
)

// Object is one stored object of any type.
type Object struct {
	ID   uuid.UUID
	Type *Type
	// Name is the text of the type's Named field, Str what error texts and
	// labels call the object, SortKey what natural order compares.
	Name, Str, SortKey string
	// Values are the plain fields by name, as JSON decodes them with numbers
	// kept as json.Number: nil, string, bool, json.Number, []any, map[string]any.
	Values map[string]any
	// Refs are the targets of reference fields; a single reference has one or none.
	Refs map[string][]uuid.UUID
	// Custom are the values of custom fields by key.
	Custom               map[string]any
	Version              int64
	Created, LastUpdated time.Time
}

// Draft is what a request says of one object: raw JSON by field name, unknown
// names included (they are ignored, as the wire contract has it).
type Draft struct {
	Fields map[string]json.RawMessage
	Keys   []string // in the order of the body
	// Err is what is wrong with a member of a list that is no JSON object;
	// the services report it at its place among the other members.
	Err *fault.Error
}

// Change is a Draft for a stored object. Partial is a PATCH: required fields
// may be absent.
type Change struct {
	ID      uuid.UUID
	Draft   Draft
	Partial bool
	// Bulk marks a member of a bulk request (reference section 4.4: whether
	// it names relationships is then never detected).
	Bulk bool
}
