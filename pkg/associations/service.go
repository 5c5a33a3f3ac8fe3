package associations

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// attempts is how often a write is tried that broke no rule and yet found its
// place taken: others were faster and gone again.
const attempts = 3

// errTaken ends a transaction whose links were not all made.
var errTaken = errors.New("a link found its place taken")

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

// Reader reads what the rules ask for. Each method is one statement.
type Reader interface {
	objects.Reader
	// Named returns those of ids that exist.
	Named(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]Named, error)
	// Rivals returns the associations that stand in the way of claims.
	Rivals(ctx context.Context, claims []Claim) ([]Row, error)
	// Matching returns those of ids that match q.
	Matching(ctx context.Context, ids []uuid.UUID, q filters.Query) ([]uuid.UUID, error)
	// AssociationRows returns associations by id, in the order of their ids.
	AssociationRows(ctx context.Context, ids []uuid.UUID) ([]Row, error)
	// Taken returns those of ids that an association has.
	Taken(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error)
	// Applying tells which queries each of ids matches: one mark per query.
	Applying(ctx context.Context, ids []uuid.UUID, queries []filters.Query) (map[uuid.UUID][]bool, error)
}

// Tx is a transaction that writes objects and associations.
type Tx interface {
	objects.Tx
	Reader
	// HoldAssociations is AssociationRows that keeps the rows as they are until
	// the transaction ends.
	HoldAssociations(ctx context.Context, ids []uuid.UUID) ([]Row, error)
	// HoldEnds keeps what is contested from other writers until the transaction
	// ends, and returns what it keeps. It comes before all else that a
	// transaction holds.
	HoldEnds(ctx context.Context, c Contest) (Held, error)
	// Link makes associations of one definition, all or none. It judges types
	// and filters itself, by the definition as r has it; false: some link is
	// not allowed, or the definition is not as r has it any more.
	Link(ctx context.Context, r *relationships.Relationship, links []Link, at time.Time) ([]Row, bool, error)
	// Unlink ends associations by id and returns how many there were.
	Unlink(ctx context.Context, ids []uuid.UUID, at time.Time) (int, error)
	// UnlinkObjects ends all associations of objects.
	UnlinkObjects(ctx context.Context, ids []uuid.UUID, at time.Time) error
	// Try runs do so that what it wrote is undone when it fails, and the
	// transaction goes on.
	Try(ctx context.Context, do func() error) error
	// LinksOf returns the associations of an object in the given definitions.
	LinksOf(ctx context.Context, id uuid.UUID, rids []int32) ([]Row, error)
}

// Store is what the service needs of a database.
type Store interface {
	Reader
	// Associations returns the associations that a list asks for.
	Associations(ctx context.Context, list List) ([]Row, error)
	// Link makes one association, as that of Tx, in a transaction of its own.
	Link(ctx context.Context, r *relationships.Relationship, link Link, at time.Time) (Row, bool, error)
	// ChangeAssociations runs do in a transaction: kept when do returns nil.
	ChangeAssociations(ctx context.Context, do func(Tx) error) error
	// Links returns the peers of objects by object, definition and end.
	Links(ctx context.Context, ids []uuid.UUID) ([]Peers, error)
}

// Service keeps associations, and is the way in for every write of an object.
type Service struct {
	store       Store
	objects     *objects.Service
	definitions *relationships.Service
	now         func() time.Time
}

// NewService returns a Service on store. A service is for one store: one that is
// bound to a transaction gets its own.
func NewService(store Store, engine *objects.Service, definitions *relationships.Service, now func() time.Time) *Service {
	return &Service{store: store, objects: engine, definitions: definitions, now: now}
}

// Associations returns the associations that list asks for, in its order and with
// the names of both ends. Those whose definition went meanwhile are left out, so
// that there may be fewer than its limit.
func (s *Service) Associations(ctx context.Context, list List) ([]Association, error) {
	rows, err := s.store.Associations(ctx, list)
	if err != nil {
		return nil, err
	}
	return s.describe(ctx, rows)
}

// describe gives rows their definitions. One whose definition was made on
// another server meanwhile makes the snapshot come anew; one whose definition
// is gone is gone, too.
func (s *Service) describe(ctx context.Context, rows []Row) ([]Association, error) {
	set, err := s.definitions.Set(ctx)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if set.ByRID(row.RID) == nil {
			if set, err = s.definitions.Latest(ctx); err != nil {
				return nil, err
			}
			break
		}
	}
	out := make([]Association, 0, len(rows))
	for _, row := range rows {
		if r := set.ByRID(row.RID); r != nil {
			out = append(out, association(r, row))
		}
	}
	return out, nil
}

func association(r *relationships.Relationship, row Row) Association {
	return Association{
		ID: row.ID, Relationship: r, SourceID: row.SourceID, DestinationID: row.DestinationID,
		SourceStr: row.SourceStr, DestinationStr: row.DestinationStr, Created: row.Created,
	}
}

// Create links objects, all pairs or none, and returns the associations in the
// order of drafts. A broken rule is fault.Invalid under the names of the body's
// fields; of a bulk request it has Items, one for each draft that is refused. When
// others were in the way each time that it tried, it is fault.Busy.
func (s *Service) Create(ctx context.Context, drafts []objects.Draft, bulk bool) ([]Association, error) {
	if len(drafts) == 0 {
		return []Association{}, nil
	}
	for range attempts {
		made, err := s.create(ctx, drafts, bulk)
		if !errors.Is(err, errTaken) {
			return made, err
		}
	}
	return nil, busy()
}

// create tries once: errTaken means that nothing was made and no rule is broken.
func (s *Service) create(ctx context.Context, drafts []objects.Draft, bulk bool) ([]Association, error) {
	set, err := s.definitions.Set(ctx)
	if err != nil {
		return nil, err
	}
	wanted, problems := candidates(set, drafts)
	if problems == nil {
		if made, err := s.link(ctx, wanted); !errors.Is(err, errTaken) {
			return made, err
		}
	}
	// What refused may be a definition of a second ago.
	renewed, err := s.definitions.Latest(ctx)
	if err != nil {
		return nil, err
	}
	if renewed != set {
		if wanted, problems = candidates(renewed, drafts); problems == nil {
			if made, err := s.link(ctx, wanted); !errors.Is(err, errTaken) {
				return made, err
			}
		}
	}
	return nil, s.reasons(ctx, wanted, problems, bulk)
}

// link makes what is wanted, one statement per definition and 10,000 links.
func (s *Service) link(ctx context.Context, wanted []candidate) ([]Association, error) {
	if len(wanted) == 1 {
		return s.linkOne(ctx, wanted[0])
	}
	at := s.time()
	rows := make([]Row, len(wanted))
	var contest Contest
	for _, c := range wanted {
		contest.ends(c.definition, c.source, c.destination)
	}
	err := s.store.ChangeAssociations(ctx, func(tx Tx) error {
		if err := hold(ctx, tx, contest); err != nil {
			return err
		}
		return linkAll(ctx, tx, wanted, at, func(i int, row Row) { rows[i] = row })
	})
	if err != nil {
		return nil, err
	}
	made := make([]Association, len(rows))
	for i, row := range rows {
		made[i] = association(wanted[i].definition, row)
	}
	return made, nil
}

// hold keeps what is contested, if anything is.
func hold(ctx context.Context, tx Tx, c Contest) error {
	if c.Empty() {
		return nil
	}
	_, err := tx.HoldEnds(ctx, c)
	return err
}

func (s *Service) linkOne(ctx context.Context, c candidate) ([]Association, error) {
	if !c.plausible() {
		return nil, errTaken
	}
	if err := tryPatterns(ctx, s.store, c.definition, []Link{c.link()}, false); err != nil {
		return nil, err
	}
	row, ok, err := s.store.Link(ctx, c.definition, c.link(), s.time())
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, errTaken
	}
	return []Association{association(c.definition, row)}, nil
}

// most is how many links one statement makes.
const most = 10_000

// linkAll makes what is wanted, definition by definition, and gives back each
// row with its place in wanted; errTaken when one could not be made.
func linkAll(ctx context.Context, tx Tx, wanted []candidate, at time.Time, made func(int, Row)) error {
	var order []*relationships.Relationship
	groups := map[int32][]int{}
	for i, c := range wanted {
		if !c.plausible() {
			return errTaken
		}
		if groups[c.definition.RID] == nil {
			order = append(order, c.definition)
		}
		groups[c.definition.RID] = append(groups[c.definition.RID], i)
	}
	for _, r := range order {
		for places := groups[r.RID]; len(places) > 0; places = places[min(most, len(places)):] {
			if err := linkGroup(ctx, tx, r, wanted, places[:min(most, len(places))], at, made); err != nil {
				return err
			}
		}
	}
	return nil
}

func linkGroup(ctx context.Context, tx Tx, r *relationships.Relationship, wanted []candidate, places []int, at time.Time, made func(int, Row)) error {
	links := make([]Link, len(places))
	at2 := make(map[uuid.UUID]int, len(places))
	for i, place := range places {
		links[i] = wanted[place].link()
		at2[links[i].ID] = place
	}
	if len(at2) < len(links) {
		return errTaken
	}
	if err := tryPatterns(ctx, tx, r, links, wanted[places[0]].nested); err != nil {
		return err
	}
	rows, ok, err := tx.Link(ctx, r, links, at)
	if err != nil {
		return err
	}
	if !ok {
		return errTaken
	}
	for _, row := range rows {
		made(at2[row.ID], row)
	}
	return nil
}

// reasons says which rules wanted breaks: errTaken when none. problems are those
// of members that could not be read, nil without any.
func (s *Service) reasons(ctx context.Context, wanted []candidate, problems []error, bulk bool) error {
	if problems == nil {
		problems = make([]error, len(wanted))
	}
	if !bulk && problems[0] != nil {
		return problems[0]
	}
	broken, err := judge(ctx, s.store, wanted)
	if err != nil {
		return err
	}
	items := &fault.Error{Kind: fault.Invalid, Items: problems}
	for i, problem := range broken {
		if problem != nil {
			items.Items[i] = problem
		}
	}
	if !bulk && items.Items[0] != nil {
		return items.Items[0]
	}
	if items.OrNil() == nil {
		return errTaken
	}
	return items
}

// Update changes associations, all or none, and returns them in order of their
// ids, but for those whose definition is gone meanwhile. An unknown id is a
// fault.NotFound, in a bulk request it is skipped; the first broken rule, in
// that order, is the error.
func (s *Service) Update(ctx context.Context, changes []objects.Change) ([]Association, error) {
	if len(changes) == 0 {
		return []Association{}, nil
	}
	for attempt := range attempts {
		set, err := s.definitions.Latest(ctx)
		if err != nil {
			return nil, err
		}
		var rows []Row
		err = s.store.ChangeAssociations(ctx, func(tx Tx) error {
			ids, err := s.update(ctx, tx, set, changes, attempt+1 == attempts)
			if err != nil {
				return err
			}
			rows, err = tx.AssociationRows(ctx, ids) // here: a moment later they may be gone
			return err
		})
		if err == nil {
			return s.describe(ctx, rows)
		}
		if !errors.Is(err, errTaken) {
			return nil, err
		}
	}
	return nil, busy()
}

// update judges all changes, each as the one before it left things, and makes
// anew those associations that change. errTaken: others were faster; when it is
// the last attempt, it goes on where it can.
func (s *Service) update(ctx context.Context, tx Tx, set *relationships.Set, changes []objects.Change, last bool) ([]uuid.UUID, error) {
	latest := map[uuid.UUID]objects.Change{}
	asked := make([]uuid.UUID, 0, len(changes))
	for _, c := range changes {
		if _, twice := latest[c.ID]; !twice {
			asked = append(asked, c.ID)
		}
		latest[c.ID] = c
	}
	held, err := tx.HoldEnds(ctx, moved(asked, latest))
	if err != nil {
		return nil, err
	}
	rows, err := tx.HoldAssociations(ctx, asked)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 && !changes[0].Bulk {
		return nil, notFound()
	}
	for _, row := range rows {
		if !held.Has(row.SourceID, row.DestinationID) && !last {
			return nil, errTaken // moved while this one waited for its turn
		}
	}
	wanted, problem := changed(set, rows, latest)
	broken, err := judge(ctx, tx, wanted)
	if err != nil {
		return nil, err
	}
	for _, b := range broken {
		if b != nil {
			return nil, b
		}
	}
	if problem != nil {
		return nil, problem
	}
	return s.relink(ctx, tx, rows, wanted)
}

// moved is what changes contest: the ends that associations have, and those that
// they are to get.
func moved(ids []uuid.UUID, changes map[uuid.UUID]objects.Change) Contest {
	contest := Contest{Ended: ids}
	for _, id := range ids {
		body := relationships.NewBody(changes[id].Draft, true)
		for _, end := range []string{"source_id", "destination_id"} {
			if to, ok := body.ID(end, false); ok {
				contest.Alone = append(contest.Alone, to)
			}
		}
	}
	return contest
}

// changed returns rows as the changes would have them, up to the first change
// that cannot be read.
func changed(set *relationships.Set, rows []Row, changes map[uuid.UUID]objects.Change) ([]candidate, error) {
	wanted := make([]candidate, 0, len(rows))
	for _, row := range rows {
		c, problem := change(set, row, changes[row.ID])
		if problem != nil {
			return wanted, problem
		}
		wanted = append(wanted, c)
	}
	return wanted, nil
}

// relink ends the rows that are not as wanted and makes them anew under their ids.
func (s *Service) relink(ctx context.Context, tx Tx, rows []Row, wanted []candidate) ([]uuid.UUID, error) {
	var ended, ids []uuid.UUID
	var fresh []candidate
	for i, row := range rows {
		ids = append(ids, row.ID)
		if c := wanted[i]; c.definition.RID != row.RID || c.source != row.SourceID || c.destination != row.DestinationID {
			ended, fresh = append(ended, row.ID), append(fresh, c)
		}
	}
	if len(fresh) == 0 {
		return ids, nil
	}
	at := s.time()
	if _, err := tx.Unlink(ctx, ended, at); err != nil {
		return nil, err
	}
	return ids, linkAll(ctx, tx, fresh, at, func(int, Row) {})
}

// Delete ends associations. An unknown id is a fault.NotFound, in a bulk
// request it is skipped.
func (s *Service) Delete(ctx context.Context, ids []uuid.UUID, bulk bool) error {
	if len(ids) == 0 {
		return nil
	}
	return s.store.ChangeAssociations(ctx, func(tx Tx) error {
		if len(ids) > 1 { // one waits before it holds anything
			if err := hold(ctx, tx, Contest{Ended: ids}); err != nil {
				return err
			}
		}
		n, err := tx.Unlink(ctx, ids, s.time())
		if err == nil && n == 0 && !bulk {
			return notFound()
		}
		return err
	})
}

func (s *Service) time() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

func notFound() error {
	return fault.NotFoundf("No RelationshipAssociation matches the given query.")
}

func busy() error {
	return fault.Busyf("Others are changing the same associations. Please try again.")
}
