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

// Peers are objects that stand across from Object in a definition: on its
// destination side, or on its source side when Back.
type Peers struct {
	Object uuid.UUID
	RID    int32
	Back   bool
	IDs    []uuid.UUID
}

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
	applied := set.For(t.ID)
	if len(ids) == 0 || len(applied) == 0 {
		return panels, nil
	}
	links, err := s.store.Links(ctx, ids)
	if err != nil {
		return nil, err
	}
	applies, err := s.applying(ctx, ids, applied)
	if err != nil {
		return nil, err
	}
	peers, twins := arrange(applied, links, ids), twinned(applied)
	for n, id := range ids {
		panel := make(Panel, 0, len(applied))
		show := func(i int) {
			a := applied[i]
			panel = append(panel, Entry{
				Relationship: a.Relationship, Side: a.Other, Label: a.Label, PeerType: a.PeerType,
				Hidden: a.Hidden, Peers: peers[n*len(applied)+i],
			})
		}
		for i, twin := range twins {
			both := twin >= 0 && applies(id, twin)
			if !applies(id, i) || both && twin < i {
				continue
			}
			show(i)
			if both {
				show(twin)
			}
		}
		panels[id] = panel
	}
	return panels, nil
}

// way is a definition in one direction.
type way struct {
	rid  int32
	back bool
}

// arrange returns the peers of the n-th object in the i-th of applied at
// n * len(applied) + i. Those of a symmetric definition stand together,
// whichever end they are.
func arrange(applied []relationships.Applied, links []Peers, ids []uuid.UUID) [][]uuid.UUID {
	columns := make(map[way]int, 2*len(applied))
	for i, a := range applied {
		if a.Other != relationships.Source {
			columns[way{a.RID, false}] = i
		}
		if a.Other != relationships.Destination {
			columns[way{a.RID, true}] = i
		}
	}
	lines := make(map[uuid.UUID]int, len(ids))
	for n, id := range ids {
		lines[id] = n
	}
	peers := make([][]uuid.UUID, len(ids)*len(applied))
	for _, l := range links {
		i, ok := columns[way{l.RID, l.Back}]
		if !ok {
			continue
		}
		at := &peers[lines[l.Object]*len(applied)+i]
		if *at == nil {
			*at = l.IDs
		} else {
			*at = append(*at, l.IDs...)
		}
	}
	return peers
}

// twinned returns, for each of applied, where the other side of the same
// definition stands that the type is on as well; -1: nowhere. An object shows the
// two side by side, where the first that applies to it stands.
func twinned(applied []relationships.Applied) []int {
	twins, first := make([]int, len(applied)), make(map[int32]int, len(applied))
	for i, a := range applied {
		twins[i] = -1
		if j, found := first[a.RID]; found {
			twins[i], twins[j] = j, i
			continue
		}
		first[a.RID] = i
	}
	return twins
}

// applying returns the answer to whether the i-th of applied applies to an object.
func (s *Service) applying(ctx context.Context, ids []uuid.UUID, applied []relationships.Applied) (func(uuid.UUID, int) bool, error) {
	var judged []relationships.Applied
	at := make([]int, len(applied))
	for i, a := range applied {
		at[i] = -1
		if len(a.Query) > 0 {
			at[i] = len(judged)
			judged = append(judged, a)
		}
	}
	marks, err := matches(ctx, s.store, ids, judged)
	if err != nil {
		return nil, err
	}
	return func(id uuid.UUID, i int) bool {
		return at[i] < 0 || at[i] < len(marks[id]) && marks[id][at[i]]
	}, nil
}
