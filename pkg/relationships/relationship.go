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

// Side is an end of a relationship as an object stands on it.
type Side string

// The sides. Peer is either end of a symmetric relationship.
const (
	Source      Side = "source"
	Destination Side = "destination"
	Peer        Side = "peer"
)

// End is one side of a definition.
type End struct {
	Type   string // content type, "dcim.device"
	TypeID int16
	Label  string
	Hidden bool
	Filter json.RawMessage // as given: any JSON, nil for null
	// Query is Filter parsed against the type's own filters; empty: all objects.
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
