package associations

import (
	"context"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

// CreateObjects makes objects of type t with the associations that their
// drafts name under "relationships", all or none, and returns their ids in
// the order of drafts.
func (s *Service) CreateObjects(ctx context.Context, t *objects.Type, drafts []objects.Draft, bulk bool) ([]uuid.UUID, error) {
	return nil, fault.Busyf("not yet")
}

// UpdateObjects changes objects and the associations that the changes name,
// all or none, and returns the ids of those that exist, in the order of
// changes. A missing one is a fault.NotFound, in a bulk request it is skipped.
func (s *Service) UpdateObjects(ctx context.Context, t *objects.Type, changes []objects.Change) ([]uuid.UUID, error) {
	return nil, fault.Busyf("not yet")
}

// DeleteObjects deletes objects with all that cascades and every association
// of them. What others need is a fault.Protected; a missing object is a
// fault.NotFound, in a bulk request it is skipped.
func (s *Service) DeleteObjects(ctx context.Context, t *objects.Type, ids []uuid.UUID, bulk bool) error {
	return fault.Busyf("not yet")
}
