package associations

import (
	"context"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// Entry is one relationship as one object shows it.
type Entry struct {
	Relationship *relationships.Relationship
	// Side is the side that the peers stand on, and the key under which the
	// wire shows them.
	Side relationships.Side
	// Label is the text for the peers, PeerType their type (nil: gone).
	Label    string
	PeerType *objects.Type
	// Hidden: the definition hides this on pages, not in the API.
	Hidden bool
	Peers  []uuid.UUID
}

// Panel is what one object shows. The entries of a definition that has the
// object's type on both ends stand side by side: on the wire they are members
// of one key.
type Panel []Entry

// Peers are the objects that stand across from Object in a definition: on its
// destination side, or on its source side when Back.
type Peers struct {
	Object uuid.UUID
	RID    int32
	Back   bool
	IDs    []uuid.UUID
}

// chunk is how many queries one statement judges.
const chunk = 400

// Panels returns what each of the objects, all of type t, shows of its
// relationships: their links in one statement, and in another (for each 400
// definitions) to which of them the filters apply; that one is left out where no
// definition has a filter.
func (s *Service) Panels(ctx context.Context, t *objects.Type, ids []uuid.UUID) (map[uuid.UUID]Panel, error) {
	panels := make(map[uuid.UUID]Panel, len(ids))
	set, err := s.definitions.Set(ctx)
	if err != nil {
		return nil, err
	}
	applied := together(set.For(t.ID))
	if len(ids) == 0 || len(applied) == 0 {
		return panels, nil
	}
	peers, err := s.peers(ctx, set, ids)
	if err != nil {
		return nil, err
	}
	applies, err := s.applying(ctx, ids, applied)
	if err != nil {
		return nil, err
	}
	for _, id := range ids {
		panel := make(Panel, 0, len(applied))
		for i, a := range applied {
			if applies(id, i) {
				panel = append(panel, Entry{
					Relationship: a.Relationship, Side: a.Other, Label: a.Label, PeerType: a.PeerType,
					Hidden: a.Hidden, Peers: peers[place{id, a.RID, a.Other}],
				})
			}
		}
		panels[id] = panel
	}
	return panels, nil
}

// place is a side of a definition as an object looks at it.
type place struct {
	object uuid.UUID
	rid    int32
	side   relationships.Side
}

// peers returns the peers of objects by the side that they stand on. Those of a
// symmetric definition stand under Peer, whichever end they are.
func (s *Service) peers(ctx context.Context, set *relationships.Set, ids []uuid.UUID) (map[place][]uuid.UUID, error) {
	links, err := s.store.Links(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make(map[place][]uuid.UUID, len(links))
	for _, l := range links {
		at := place{l.Object, l.RID, relationships.Destination}
		if r := set.ByRID(l.RID); r != nil && r.Type.Symmetric() {
			at.side = relationships.Peer
		} else if l.Back {
			at.side = relationships.Source
		}
		if out[at] == nil {
			out[at] = l.IDs
		} else {
			out[at] = append(out[at], l.IDs...)
		}
	}
	return out, nil
}

// together puts the two sides of a definition side by side, where the first of
// them stands.
func together(applied []relationships.Applied) []relationships.Applied {
	out := make([]relationships.Applied, 0, len(applied))
	second := map[int32]relationships.Applied{}
	for _, a := range applied {
		if a.Side == relationships.Destination && a.Source.TypeID == a.Destination.TypeID {
			second[a.RID] = a
		}
	}
	for _, a := range applied {
		if _, behind := second[a.RID]; behind && a.Side == relationships.Destination {
			continue
		}
		out = append(out, a)
		if b, found := second[a.RID]; found {
			out = append(out, b)
		}
	}
	return out
}

// applying returns the answer to whether the i-th of applied applies to an object.
func (s *Service) applying(ctx context.Context, ids []uuid.UUID, applied []relationships.Applied) (func(uuid.UUID, int) bool, error) {
	var queries []filters.Query
	at := make([]int, len(applied))
	for i, a := range applied {
		at[i] = -1
		if len(a.Query) > 0 {
			at[i] = len(queries)
			queries = append(queries, a.Query)
		}
	}
	marks := map[uuid.UUID][]bool{}
	for rest := queries; len(rest) > 0; rest = rest[min(chunk, len(rest)):] {
		some, err := s.store.Applying(ctx, ids, rest[:min(chunk, len(rest))])
		if err != nil {
			return nil, err
		}
		for id, more := range some {
			marks[id] = append(marks[id], more...)
		}
	}
	return func(id uuid.UUID, i int) bool {
		return at[i] < 0 || at[i] < len(marks[id]) && marks[id][at[i]]
	}, nil
}
