package relationships

import (
	"cmp"
	"slices"
	"sync"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

// Applied is a definition as the objects of one type stand in it.
type Applied struct {
	*Relationship
	Side  Side // that the objects are on
	Other Side // that their peers are on
	// Label is the text shown on the objects, naming the peers.
	Label    string
	PeerType *objects.Type
	// Query says which of the objects the definition applies to.
	Query filters.Query
	// Hidden: not for pages and list filters.
	Hidden bool
	// Required: each of the objects must have a peer.
	Required bool
}

// Set is a snapshot of all definitions. It does not change.
type Set struct {
	version   int64
	catalogue *objects.Catalogue
	all       []*Relationship
	byID      map[uuid.UUID]*Relationship
	byKey     map[string]*Relationship
	byRID     map[int32]*Relationship
	byType    map[int16][]Applied
	patterned map[int16]bool

	mu      sync.Mutex
	schemas map[int16]*filters.Schema
}

// newSet arranges definitions, which nobody may change afterwards.
func newSet(version int64, catalogue *objects.Catalogue, all []*Relationship) *Set {
	s := &Set{
		version: version, catalogue: catalogue, all: all,
		byID:   make(map[uuid.UUID]*Relationship, len(all)),
		byKey:  make(map[string]*Relationship, len(all)),
		byRID:  make(map[int32]*Relationship, len(all)),
		byType: map[int16][]Applied{}, patterned: map[int16]bool{},
		schemas: map[int16]*filters.Schema{},
	}
	slices.SortFunc(all, func(a, b *Relationship) int {
		return cmp.Or(cmp.Compare(a.Label, b.Label), cmp.Compare(a.RID, b.RID))
	})
	for _, r := range all {
		s.byID[r.ID], s.byKey[r.Key], s.byRID[r.RID] = r, r, r
	}
	// Filters may name other definitions (cr_…), so those come first.
	for pass, side := range []Side{Source, Destination, Peer} {
		for _, r := range all {
			if r.Type.Symmetric() == (pass == 2) {
				s.byType[r.End(side).TypeID] = append(s.byType[r.End(side).TypeID], s.apply(r, side))
			}
		}
	}
	s.parse()
	return s
}

func (s *Set) apply(r *Relationship, side Side) Applied {
	other := side.Other()
	peers := s.catalogue.Type(r.End(opposite(side)).Type)
	return Applied{
		Relationship: r, Side: side, Other: other,
		Label: label(r, side, peers), PeerType: peers,
		Hidden:   r.End(side).Hidden,
		Required: r.RequiredOn == string(side) && peers != nil,
	}
}

// opposite is the end on which the peers' type stands.
func opposite(side Side) Side {
	if side == Destination {
		return Source
	}
	return Destination
}

// label is the text shown on the objects of a side: its own, or the words for
// the peers.
func label(r *Relationship, side Side, peers *objects.Type) string {
	switch text := r.End(side).Label; {
	case text != "":
		return text
	case peers == nil:
		return r.Label
	case r.Type.Many(side.Other()):
		return peers.Plural
	default:
		return peers.Singular
	}
}

// parse fills in the queries of all filters.
func (s *Set) parse() {
	for _, r := range s.all {
		for _, end := range []*End{&r.Source, &r.Destination} {
			if filters.None(end.Filter) {
				continue
			}
			if t := s.catalogue.Type(end.Type); t != nil {
				end.Query = s.Schema(t).Stored(end.Filter)
			}
		}
	}
	for t, applied := range s.byType {
		for i := range applied {
			applied[i].Query = applied[i].End(applied[i].Side).Query
			s.patterned[t] = s.patterned[t] || applied[i].Query.Pattern() != ""
		}
	}
}

// Catalogue returns the types that the definitions were read with.
func (s *Set) Catalogue() *objects.Catalogue { return s.catalogue }

// All returns the definitions by label.
func (s *Set) All() []*Relationship { return s.all }

// ByID returns the definition of that id, or nil.
func (s *Set) ByID(id uuid.UUID) *Relationship { return s.byID[id] }

// ByKey returns the definition of that key, or nil.
func (s *Set) ByKey(key string) *Relationship { return s.byKey[key] }

// ByRID returns the definition of that number, or nil.
func (s *Set) ByRID(rid int32) *Relationship { return s.byRID[rid] }

// For returns what applies to objects of a type as its filters allow, in the
// order in which an object shows it: those it is source of by label, then
// those it is destination of, then symmetric ones.
func (s *Set) For(typeID int16) []Applied { return s.byType[typeID] }

// Patterned reports whether some of that is told by regular expressions, which may
// take long.
func (s *Set) Patterned(typeID int16) bool { return s.patterned[typeID] }

// Schema returns the filters that the list of a type has: its own and
// cr_<key>__<side> for each definition that is not hidden on it.
func (s *Set) Schema(t *objects.Type) *filters.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	if schema := s.schemas[t.ID]; schema != nil {
		return schema
	}
	schema := s.catalogue.Schema(t).With(s.CrFields(t)...)
	s.schemas[t.ID] = schema
	return schema
}

// CrFields returns the filters cr_<key>__<side> that the list of a type has.
func (s *Set) CrFields(t *objects.Type) []*filters.Field {
	if !t.Linkable {
		return nil
	}
	var fields []*filters.Field
	for _, a := range s.byType[t.ID] {
		if a.Hidden {
			continue
		}
		peers := a.End(opposite(a.Side))
		fields = append(fields, &filters.Field{
			Name: "cr_" + a.Key + "__" + string(a.Other), Kind: filters.Linked, List: true,
			Target: peers.Type, TargetType: peers.TypeID, RID: a.RID, Side: string(a.Other),
		})
	}
	return fields
}
