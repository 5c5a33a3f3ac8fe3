package relationships

import (
	"context"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
)

// List says which definitions are asked for and in which order.
type List struct {
	Query filters.Query
	// Sort are names as the list's sort parameter takes them, "-" in front for
	// descending; unknown ones are ignored. Empty: by label.
	Sort          []string
	Limit, Offset int // Limit 0: all
}

// Store is what the service needs of a database.
type Store interface {
}

// Tx is one transaction.
type Tx interface {
}

// Service keeps definitions and holds them to their rules.
type Service struct {
	store Store
	now   func() time.Time
}

// Catalogue gives the types there are at the moment; objects.Registry is one.
type Catalogue interface {
}

// NewService returns a Service on store.
func NewService(store Store, catalogue Catalogue, now func() time.Time) *Service {
	return &Service{store: store, now: now}
}

// Set returns all definitions as they stand, at most a second old, and as new
// as the last change that this process made.
func (s *Service) Set(ctx context.Context) (*Set, error) { return nil, nil }

// Schema returns the filters of the list of definitions.
func (s *Service) Schema(ctx context.Context) *filters.Schema { return nil }

// Create makes definitions, all or none. Of a bulk request (or of several) the
// error has Items aligned with drafts; broken rules are fault.Invalid.
func (s *Service) Create(ctx context.Context, drafts []objects.Draft, bulk bool) ([]*Relationship, error) {
	return nil, fault.Busyf("not yet")
}

// Update changes definitions, all or none, and returns them in order of their
// labels. An unknown id is a fault.NotFound, in a bulk request it is skipped;
// the first broken rule is the error.
func (s *Service) Update(ctx context.Context, changes []objects.Change) ([]*Relationship, error) {
	return nil, fault.Busyf("not yet")
}

// Delete deletes definitions with all their associations. An unknown id is a
// fault.NotFound, in a bulk request it is skipped.
func (s *Service) Delete(ctx context.Context, ids []uuid.UUID, bulk bool) error {
	return fault.Busyf("not yet")
}
