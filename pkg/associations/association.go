// Package associations keeps the links between objects, holds each to its
// definition, and is the way in for every write of an object, since it alone
// knows required sides, nested writes and what a deletion takes along.
package associations

import (
	"slices"
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

// Contest is what a write of links takes from other writers or leaves to them.
// Where several want some of the same, all take it in one order, or they would
// wait for each other in a circle. Links of definitions that allow each object
// any number of peers are contested as pairs only: a write that makes or ends
// several of them, of several objects, takes their ends.
type Contest struct {
	// Alone are objects that can have one peer only, or that are changed
	// themselves; Shared are those at the other ends.
	Alone, Shared []uuid.UUID
	// Ended are associations that go: their ends are contested, too.
	Ended []uuid.UUID
	// Replaced are sets of peers that are to become others.
	Replaced []Replaced
}

// Replaced is an object whose peers in a definition shall be others: those it
// has and is to lose are contested as well as those it is to get.
type Replaced struct {
	RID                 int32
	Object              uuid.UUID
	Source, Destination bool // the ends of links at which the object stands
	Peers               []uuid.UUID
	Alone               bool // each peer is taken as if it could have one only
}

// Held are the objects that a transaction keeps from others; nil: everything,
// where the database has one writer.
type Held map[uuid.UUID]bool

// Has reports whether all of ids are held.
func (h Held) Has(ids ...uuid.UUID) bool {
	return h == nil || !slices.ContainsFunc(ids, func(id uuid.UUID) bool { return !h[id] })
}

// Empty reports whether nothing is contested.
func (c Contest) Empty() bool {
	return len(c.Alone)+len(c.Shared)+len(c.Ended)+len(c.Replaced) == 0
}

// ends adds the ends of a link.
func (c *Contest) ends(r *relationships.Relationship, source, destination uuid.UUID) {
	if !contested(r) {
		return
	}
	c.end(source, r.SourceUnique)
	c.end(destination, r.DestinationUnique)
}

func (c *Contest) end(id uuid.UUID, alone bool) {
	if alone {
		c.Alone = append(c.Alone, id)
	} else {
		c.Shared = append(c.Shared, id)
	}
}

// contested reports whether objects can be in the way of each other in r.
func contested(r *relationships.Relationship) bool { return r.SourceUnique || r.DestinationUnique }
