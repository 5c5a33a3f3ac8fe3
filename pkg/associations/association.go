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
