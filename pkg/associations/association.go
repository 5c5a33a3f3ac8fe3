// Package associations keeps the links between objects, holds each to its
// definition, and is the way in for every write of an object, since it alone
// knows required sides, nested writes and what a deletion takes along.
package associations

import (
	"time"

	"github.com/google/uuid"

	"relata/pkg/relationships"
)

// Association is one link.
type Association struct {
	ID            uuid.UUID
	Relationship  *relationships.Relationship
	SourceID      uuid.UUID
	DestinationID uuid.UUID
	// SourceStr and DestinationStr are what the ends are called in labels.
	SourceStr, DestinationStr string
	Created                   time.Time
}

// Display is what an association is called: its ends and the label of its
// definition.
func (a Association) Display() string {
	arrow := " -> "
	if a.Relationship.Type.Symmetric() {
		arrow = " <-> "
	}
	return a.SourceStr + arrow + a.DestinationStr + " - " + a.Relationship.Label
}

// Row is an association as it is stored: RID is the number of its definition.
type Row struct {
	ID                        uuid.UUID
	RID                       int32
	SourceID, DestinationID   uuid.UUID
	SourceStr, DestinationStr string
	Created                   time.Time
}

// Link is an association to be made.
type Link struct {
	ID, Source, Destination uuid.UUID
}

// Named is an object as rules see it.
type Named struct {
	Type int16
	Str  string
}

// Claim is a place that an association would take: the pair of its ends in
// either order, and each end where the definition allows it only once.
type Claim struct {
	RID                 int32
	Source, Destination uuid.UUID
}
