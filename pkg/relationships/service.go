package relationships

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
)

// fresh is how long a snapshot is used without asking whether it still holds.
const fresh = time.Second

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
	// Definitions returns all definitions, without their queries, and the
	// version of state 'relationships' read before them.
	Definitions(ctx context.Context) ([]*Relationship, int64, error)
	// DefinitionsVersion is that version alone. Several who wait may share it,
	// none of whom began to wait after it was read.
	DefinitionsVersion(ctx context.Context) (int64, error)
	// ChangeDefinitions runs do in a transaction: kept when do returns nil.
	ChangeDefinitions(ctx context.Context, do func(Tx) error) error
	// Bound reports whether the store belongs to an open transaction.
	Bound() bool
}

// Tx is a transaction that writes definitions.
type Tx interface {
	filters.Names
	// Definitions is that of Store, as the transaction sees them.
	Definitions(ctx context.Context) ([]*Relationship, int64, error)
	// TouchDefinitions returns the next version of state 'relationships'. It
	// keeps other writers of definitions waiting until the transaction ends.
	TouchDefinitions(ctx context.Context) (int64, error)
	// HoldDefinitions locks the rows of definitions, in the order of their ids.
	HoldDefinitions(ctx context.Context, ids []uuid.UUID) error
	// InsertDefinitions adds definitions and sets their RID.
	InsertDefinitions(ctx context.Context, made []*Relationship) error
	// UpdateDefinition writes one. False: links hold its shape.
	UpdateDefinition(ctx context.Context, r *Relationship) (bool, error)
	// Linked reports whether a definition has associations.
	Linked(ctx context.Context, rid int32) (bool, error)
	// DeleteDefinitions removes definitions with their associations, which
	// move to the history as ended at that time.
	DeleteDefinitions(ctx context.Context, rids []int32, ended time.Time) error
}

// Catalogue gives the types that there are at the moment; objects.Registry does.
type Catalogue interface {
	Catalogue(ctx context.Context) *objects.Catalogue
}

// Service keeps definitions and holds them to their rules.
type Service struct {
	store     Store
	catalogue Catalogue
	now       func() time.Time

	mu       sync.Mutex
	set      *Set
	asked    time.Time // when the question began that set is the answer to
	renewals int
}

// NewService returns a Service on store. A service is for one store: one that is
// bound to a transaction gets its own.
func NewService(store Store, catalogue Catalogue, now func() time.Time) *Service {
	return &Service{store: store, catalogue: catalogue, now: now}
}

// Set returns all definitions as they stand, at most a second old, and as new
// as the last change that this service made. In a transaction nothing is old.
func (s *Service) Set(ctx context.Context) (*Set, error) {
	if s.store.Bound() {
		return s.Latest(ctx)
	}
	catalogue := s.catalogue.Catalogue(ctx)
	s.mu.Lock()
	set, age := s.set, s.now().Sub(s.asked)
	s.mu.Unlock()
	if set != nil && set.catalogue == catalogue && age >= 0 && age < fresh {
		return set, nil
	}
	return s.Latest(ctx)
}

// Latest returns all definitions as they stand: whatever was kept before it was
// called shows.
func (s *Service) Latest(ctx context.Context) (*Set, error) {
	s.mu.Lock()
	renewals, now := s.renewals, s.now()
	s.mu.Unlock()
	version, err := s.store.DefinitionsVersion(ctx)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	catalogue := s.catalogue.Catalogue(ctx)
	if s.set == nil || s.set.catalogue != catalogue || s.set.version != version {
		all, version, err := s.store.Definitions(ctx)
		if err != nil {
			return nil, err
		}
		s.set = newSet(version, catalogue, all)
	}
	if s.renewals == renewals {
		s.asked = now
	}
	return s.set, nil
}

// renew makes the next Set ask whether definitions changed, whoever asks already.
func (s *Service) renew() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked = time.Time{}
	s.renewals++
}

// Create makes definitions, all or none. Of a bulk request the error has Items
// aligned with drafts; a broken rule is fault.Invalid.
func (s *Service) Create(ctx context.Context, drafts []objects.Draft, bulk bool) ([]*Relationship, error) {
	if len(drafts) == 0 {
		return []*Relationship{}, nil
	}
	var made []*Relationship
	err := s.change(ctx, func(tx Tx, set *Set) error {
		var err error
		made, err = s.judgeNew(ctx, tx, set, drafts, bulk)
		if err != nil {
			return err
		}
		return tx.InsertDefinitions(ctx, made)
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

// judgeNew holds each of drafts to all rules. They see the labels and keys of
// those before them, for two of one request cannot have the same.
func (s *Service) judgeNew(ctx context.Context, tx Tx, set *Set, drafts []objects.Draft, bulk bool) ([]*Relationship, error) {
	refused := &fault.Error{Kind: fault.Invalid, Items: make([]error, len(drafts))}
	made := make([]*Relationship, len(drafts))
	j := newJudge(tx, set)
	now := s.now().UTC().Truncate(time.Microsecond)
	for i, draft := range drafts {
		made[i] = &Relationship{ID: uuid.New(), Type: ManyToMany, Version: 1, Created: now, LastUpdated: now}
		problem, err := j.create(ctx, made[i], draft)
		if err != nil {
			return nil, err
		}
		if problem != nil {
			refused.Items[i] = problem
			continue
		}
		j.add(made[i])
	}
	if !bulk && refused.Items[0] != nil {
		return nil, refused.Items[0]
	}
	return made, refused.OrNil()
}

// Update changes definitions, all or none, and returns them in the order of the
// labels they had. An unknown id is a fault.NotFound, in a bulk request it is
// skipped; the first broken rule, in that order, is the error.
func (s *Service) Update(ctx context.Context, changes []objects.Change) ([]*Relationship, error) {
	changed := []*Relationship{}
	if len(changes) == 0 {
		return changed, nil
	}
	err := s.change(ctx, func(tx Tx, set *Set) error {
		pending, err := known(set, changes)
		if err != nil {
			return err
		}
		if err := tx.HoldDefinitions(ctx, ids(pending)); err != nil {
			return err
		}
		changed = changed[:0]
		j := newJudge(tx, set)
		for _, p := range pending {
			next, err := s.update(ctx, tx, j, p)
			if err != nil {
				return err
			}
			changed = append(changed, next)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changed, nil
}

// update changes one definition; the next one sees its label and key.
func (s *Service) update(ctx context.Context, tx Tx, j *judge, p pending) (*Relationship, error) {
	next := *p.stored
	problem, err := j.change(ctx, &next, p.stored, p.change)
	if err != nil {
		return nil, err
	}
	if problem != nil {
		return nil, problem
	}
	next.Version++
	next.LastUpdated = s.now().UTC().Truncate(time.Microsecond)
	free, err := tx.UpdateDefinition(ctx, &next)
	if err != nil {
		return nil, err
	}
	if !free {
		return nil, shapeHeld(&next, p.stored)
	}
	j.drop(p.stored)
	j.add(&next)
	return &next, nil
}

// pending is a change with the definition it is for.
type pending struct {
	stored *Relationship
	change objects.Change
}

// known pairs changes with their definitions, by label. Of several for one the
// last counts.
func known(set *Set, changes []objects.Change) ([]pending, error) {
	var out []pending
	at := map[uuid.UUID]int{}
	for _, c := range changes {
		stored := set.ByID(c.ID)
		if stored == nil {
			if !c.Bulk {
				return nil, notFound()
			}
			continue
		}
		if i, twice := at[c.ID]; twice {
			out[i].change = c
			continue
		}
		at[c.ID] = len(out)
		out = append(out, pending{stored, c})
	}
	slices.SortFunc(out, func(a, b pending) int { return cmp.Compare(a.stored.Label, b.stored.Label) })
	return out, nil
}

func ids(all []pending) []uuid.UUID {
	out := make([]uuid.UUID, len(all))
	for i, p := range all {
		out[i] = p.stored.ID
	}
	return out
}

// Delete deletes definitions with all their associations. An unknown id is a
// fault.NotFound, in a bulk request it is skipped.
func (s *Service) Delete(ctx context.Context, ids []uuid.UUID, bulk bool) error {
	if len(ids) == 0 {
		return nil
	}
	return s.change(ctx, func(tx Tx, set *Set) error {
		var rids []int32
		var there []uuid.UUID
		for _, id := range ids {
			r := set.ByID(id)
			switch {
			case r == nil && !bulk:
				return notFound()
			case r != nil && !slices.Contains(rids, r.RID):
				rids, there = append(rids, r.RID), append(there, id)
			}
		}
		if err := tx.HoldDefinitions(ctx, there); err != nil {
			return err
		}
		return tx.DeleteDefinitions(ctx, rids, s.now().UTC().Truncate(time.Microsecond))
	})
}

// change runs do in a transaction that no other change of definitions runs
// beside, with all of them as they are in it.
func (s *Service) change(ctx context.Context, do func(Tx, *Set) error) error {
	before, err := s.Set(ctx)
	if err != nil {
		return err
	}
	defer s.renew()
	return s.store.ChangeDefinitions(ctx, func(tx Tx) error {
		next, err := tx.TouchDefinitions(ctx)
		if err != nil {
			return err
		}
		set := before
		if set.version != next-1 {
			all, _, err := tx.Definitions(ctx)
			if err != nil {
				return err
			}
			set = newSet(next-1, before.catalogue, all)
		}
		return do(tx, set)
	})
}

func notFound() error {
	return fault.NotFoundf("No Relationship matches the given query.")
}
