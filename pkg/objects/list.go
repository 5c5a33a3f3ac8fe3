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
	// Lean leaves Data out of what is found, for who reads the bodies alone.
	Lean bool
}

// Shown is an object as answers are made from it.
type Shown struct {
	Stored
	Body []byte // wire text of the plain fields, see Row
}

// ShownLinks are all references of one object.
type ShownLinks struct {
	Holder uuid.UUID
	// Links are ordered by field, several of a field by the name of the target.
	Links []ShownLink
}

// ShownLink is one reference with what is told of its target. Back: it leads the
// other way, and Target is what refers to the object.
type ShownLink struct {
	Field  int32
	Back   bool
	Type   int16 // of the target
	Target uuid.UUID
	Name   string // of the target; "" where it was not asked for
}
