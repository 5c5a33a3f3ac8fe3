package objects

import (
	"github.com/google/uuid"

	"relata/pkg/filters"
)

// List says which objects of a type are asked for, in which order, and which
// part of them.
type List struct {
	Type  *Type
	Query filters.Query
	// Sort are names of fields, "-" in front for descending; unknown ones are
	// ignored. Empty: the order of the type.
	Sort          []string
	Limit, Offset int // Limit 0: all
	// Keyset continues behind the cursor After ("": from the start) instead of
	// skipping Offset rows.
	Keyset bool
	After  string
}

// Shown is an object as answers are made from it.
type Shown struct {
	Stored
	Body []byte // wire text of the plain fields, see Row
}

// ShownLink is one reference of a Holder with what is told of its Target.
type ShownLink struct {
	Holder uuid.UUID
	Field  int32
	Target uuid.UUID
	Type   int16  // of the target
	Name   string // of the target
}
