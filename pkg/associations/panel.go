package associations

import (
	"context"

	"github.com/google/uuid"

	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// Entry is one relationship as one object shows it.
type Entry struct {
	Relationship *relationships.Relationship
	// Side is the side that the peers stand on, and the key under which the
	// wire shows them.
	Side relationships.Side
	// Label is the text for the peers, PeerType their type.
	Label    string
	PeerType *objects.Type
	// Hidden: the definition hides this on pages, not in the API.
	Hidden bool
	Peers  []uuid.UUID
}

// Panel is what one object shows, in order. Entries of one definition with the
// same type on both ends may stand apart: see the order of reference 4.1; on
// the wire they are members of one key, which stands where the first stands.
type Panel []Entry

// Panels returns what each of the objects, all of type t, shows of its
// relationships: two statements, however many objects and definitions.
func (s *Service) Panels(ctx context.Context, t *objects.Type, ids []uuid.UUID) (map[uuid.UUID]Panel, error) {
	return nil, nil
}
