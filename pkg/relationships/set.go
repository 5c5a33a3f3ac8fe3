package relationships

import (
	"github.com/google/uuid"

	"relata/pkg/filters"
)

// Applied is a definition as one type stands in it: Side is the side that
// objects of the type are on.
type Applied struct {
	*Relationship
	Side Side
}

// Set is a snapshot of all definitions. It does not change.
type Set struct{}

// All returns the definitions by label.
func (s *Set) All() []*Relationship { return nil }

// ByID returns the definition of that id, or nil.
func (s *Set) ByID(id uuid.UUID) *Relationship { return nil }

// ByKey returns the definition of that key, or nil.
func (s *Set) ByKey(key string) *Relationship { return nil }

// ByRID returns the definition of that number, or nil.
func (s *Set) ByRID(rid int32) *Relationship { return nil }

// For returns what applies to objects of a type as its filters allow, in the
// order in which an object shows it: those it is source of by label, then
// those it is destination of, then symmetric ones.
func (s *Set) For(typeID int16) []Applied { return nil }

// CrFields returns the filters cr_<key>__<side> that the list of a type has.
func (s *Set) CrFields(typeID int16) []*filters.Field { return nil }
