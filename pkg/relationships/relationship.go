// Package relationships keeps the definitions: which objects may be linked, how
// many of them, and under which conditions.
package relationships

import (
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// Type is the cardinality of a relationship, as the wire names it.
type Type string

// The types, numbered in the database in this order from 0.
const (
	OneToOne            Type = "one-to-one"
	SymmetricOneToOne   Type = "symmetric-one-to-one"
	OneToMany           Type = "one-to-many"
	ManyToMany          Type = "many-to-many"
	SymmetricManyToMany Type = "symmetric-many-to-many"
)

// Types are all types in the order of their numbers.
var Types = []Type{OneToOne, SymmetricOneToOne, OneToMany, ManyToMany, SymmetricManyToMany}

// Symmetric reports that both ends are alike.
func (t Type) Symmetric() bool { return t == SymmetricOneToOne || t == SymmetricManyToMany }

// Many reports whether several objects may stand on that side for one object on
// the other.
func (t Type) Many(side Side) bool {
	switch t {
	case ManyToMany, SymmetricManyToMany:
		return true
	case OneToMany:
		return side == Destination
	}
	return false
}

// Side is an end of a relationship as an object stands on it.
type Side string

// The sides. Peer is either end of a symmetric relationship.
const (
	Source      Side = "source"
	Destination Side = "destination"
	Peer        Side = "peer"
)

// Other returns the opposite side.
func (s Side) Other() Side {
	switch s {
	case Source:
		return Destination
	case Destination:
		return Source
	}
	return Peer
}

// End is one side of a definition.
type End struct {
	Type   string // content type, "dcim.device"
	TypeID int16
	Label  string
	Hidden bool
	Filter json.RawMessage // as given: any JSON, nil for null
	// Query is Filter parsed against the type's own filters; empty: all objects.
	// Only the definitions of a Set have it.
	Query filters.Query
}

// Relationship is one definition.
type Relationship struct {
	ID          uuid.UUID
	RID         int32 // its number inside the database
	Label       string
	Key         string
	Description string
	Type        Type
	RequiredOn  string // "", "source" or "destination"
	Source      End
	Destination End
	AdvancedUI  bool
	// SourceUnique: an object is source of at most one association.
	// DestinationUnique: destination of at most one.
	SourceUnique, DestinationUnique bool
	Version                         int64
	Created, LastUpdated            time.Time
}

// End returns the side an object stands on; of Peer the source.
func (r *Relationship) End(side Side) *End {
	if side == Destination {
		return &r.Destination
	}
	return &r.Source
}

// limit sets what follows from the type.
func (r *Relationship) limit() {
	r.SourceUnique = r.Type == OneToOne || r.Type == SymmetricOneToOne
	r.DestinationUnique = r.SourceUnique || r.Type == OneToMany
}
