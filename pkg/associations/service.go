package associations

import (
	"context"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// List says which associations are asked for and in which order.
type List struct {
	Query filters.Query
	// Sort are names as the list's sort parameter takes them, "-" in front for
	// descending; unknown ones are ignored. Empty: by id.
	Sort          []string
	Limit, Offset int // Limit 0: all
	// After continues behind the association of that id, in the order of ids;
	// Sort and Offset are then unused.
	After *uuid.UUID
}

// Service keeps associations, and is the way in for every write of an object.
type Service struct{}

// Store is what the service needs of a database.
type Store interface {
}

// NewService returns a Service on store.
func NewService(store Store, engine any, definitions *relationships.Service, now func() time.Time) *Service {
	return &Service{}
}

// Schema returns the filters of the list of associations.
func (s *Service) Schema(ctx context.Context) (*filters.Schema, error) { return nil, nil }

// Create links objects, all pairs or none. Of a bulk request the error has
// Items aligned with drafts.
func (s *Service) Create(ctx context.Context, drafts []objects.Draft, bulk bool) ([]Association, error) {
	return nil, fault.Busyf("not yet")
}

// Update changes associations, all or none, and returns them in order of their
// ids. An unknown id is a fault.NotFound, in a bulk request it is skipped.
func (s *Service) Update(ctx context.Context, changes []objects.Change) ([]Association, error) {
	return nil, fault.Busyf("not yet")
}

// Delete ends associations. An unknown id is a fault.NotFound, in a bulk
// request it is skipped.
func (s *Service) Delete(ctx context.Context, ids []uuid.UUID, bulk bool) error {
	return fault.Busyf("not yet")
}
