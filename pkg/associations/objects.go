package associations

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// writer is one write of objects of one type, in one transaction.
type writer struct {
	objects *objects.Service
	tx      Tx
	set     *relationships.Set
	t       *objects.Type
	duties  duties
	decoder decoder
	at      time.Time
	held    Held // what changes contest, as far as it is known before
	asked   Held // with the peers that were to stay: nobody contested them then
	last    bool // no further attempt follows
}

// write runs do in a transaction. Where it is refused, or links found their place
// taken and no rule is broken, it runs again if definitions have changed
// meanwhile, on another server perhaps; and always where the type has.
func (s *Service) write(ctx context.Context, t *objects.Type, do func(*writer) error) error {
	set, err := s.definitions.Set(ctx)
	if err != nil {
		return err
	}
	for attempt := 1; ; attempt++ {
		err := s.store.ChangeAssociations(ctx, func(tx Tx) error {
			if same, err := s.objects.Hold(ctx, tx, t); err != nil || !same {
				return cmp.Or(err, errType)
			}
			return do(&writer{
				last: attempt == attempts, objects: s.objects, tx: tx, set: set, t: t, at: s.time(), duties: dutiesOf(set, t),
				decoder: decoder{t: t, applied: set.For(t.ID), resolve: func(ctx context.Context, t *objects.Type, list []json.RawMessage) ([]uuid.UUID, []string, error) {
					return s.objects.ResolveMany(ctx, tx, t, list, objects.MemberForm)
				}},
			})
		})
		taken := errors.Is(err, errTaken)
		if err == nil {
			return s.objects.Kept(ctx, t)
		}
		if errors.Is(err, errType) {
			if attempt == attempts {
				return busy()
			}
			if t, err = s.objects.Again(ctx, t); err != nil {
				return err
			}
			if set, err = s.definitions.Set(ctx); err != nil { // its filters are read anew for the type
				return err
			}
			continue
		}
		if !taken && !errors.Is(err, fault.Invalid) {
			return err
		}
		if attempt == attempts && taken {
			return busy()
		}
		renewed, failed := s.definitions.Latest(ctx)
		if failed != nil {
			return failed
		}
		if !taken && (renewed == set || attempt == attempts) {
			return err
		}
		set = renewed
	}
}

// errType: the type of the objects is not what it was when it was read.
var errType = errors.New("the type has changed")

// CreateObjects makes objects of type t with the associations that their
// drafts name under "relationships", all or none, and returns their ids in
// the order of drafts. Problems of a bulk request have Items, but for those of
// relationships that show only when objects are written.
func (s *Service) CreateObjects(ctx context.Context, t *objects.Type, drafts []objects.Draft, bulk bool) ([]uuid.UUID, error) {
	if len(drafts) == 0 {
		return []uuid.UUID{}, nil
	}
	var ids []uuid.UUID
	err := s.write(ctx, t, func(w *writer) error {
		var err error
		if ids, err = w.create(ctx, drafts, bulk); err != nil {
			return err
		}
		return w.tryPatterns(ctx, ids)
	})
	return ids, err
}

// create goes the contract's way: all fields of all members; then each member in
// turn, first what it lacks, then its links. It is reported as if members were
// written one by one, though they are written together.
func (w *writer) create(ctx context.Context, drafts []objects.Draft, bulk bool) ([]uuid.UUID, error) {
	asked, also, err := w.decode(ctx, drafts)
	if err != nil {
		return nil, err
	}
	planned, err := w.plan(ctx, drafts, also, bulk)
	if err != nil {
		return nil, err
	}
	var lacking *fault.Error
	for i := range planned {
		if lacking, err = w.duties.new(ctx, w.tx, asked[i]); err != nil {
			return nil, err
		}
		if lacking != nil {
			planned = planned[:i]
			break
		}
	}
	if lacking != nil && len(planned) == 0 {
		return nil, lacking
	}
	var contest Contest
	for i := range planned {
		contest.Replaced = append(contest.Replaced, replaced(planned[i].Object.ID, asked[i].sides, len(planned) > 1)...)
	}
	if err := hold(ctx, w.tx, contest); err != nil {
		return nil, err
	}
	made, err := w.objects.Save(ctx, w.tx, planned)
	if err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, len(made))
	var wanted []candidate
	for i, o := range made {
		ids[i] = o.ID
		for _, side := range asked[i].sides {
			wanted = append(wanted, w.links(o.ID, side, side.peers)...)
		}
	}
	if err := w.link(ctx, wanted); err != nil {
		return nil, err
	}
	if lacking != nil {
		return nil, lacking
	}
	return ids, nil
}

// plan judges the fields of all drafts. Members that are no objects at all are
// reported at their places beside the problems of the others.
func (w *writer) plan(ctx context.Context, drafts []objects.Draft, also []*fault.Error, bulk bool) ([]*objects.Planned, error) {
	var good []objects.Draft
	var goodAlso []*fault.Error
	var places []int
	items := make([]error, len(drafts))
	for i, draft := range drafts {
		if draft.Err != nil {
			items[i] = draft.Err
			continue
		}
		good, goodAlso, places = append(good, draft), append(goodAlso, also[i]), append(places, i)
	}
	if len(good) == len(drafts) {
		return w.objects.Plan(ctx, w.tx, w.t, drafts, also, bulk)
	}
	if !bulk {
		return nil, drafts[0].Err
	}
	_, err := w.objects.Plan(ctx, w.tx, w.t, good, goodAlso, true)
	problems := fault.As(err)
	if err != nil && (problems == nil || len(problems.Items) != len(good)) {
		return nil, err
	}
	for i, place := range places {
		if problems != nil {
			items[place] = problems.Items[i]
		}
	}
	return nil, &fault.Error{Kind: fault.Invalid, Items: items}
}

// decode reads what each draft says of relationships.
func (w *writer) decode(ctx context.Context, drafts []objects.Draft) ([]nested, []*fault.Error, error) {
	asked := make([]nested, len(drafts))
	also := make([]*fault.Error, len(drafts))
	for i, draft := range drafts {
		var err error
		if asked[i], also[i], err = w.decoder.nested(ctx, draft); err != nil {
			return nil, nil, err
		}
	}
	return asked, also, nil
}

// UpdateObjects changes objects and the associations that the changes name,
// all or none, and returns the ids of those that exist, in the order of
// changes. A missing one is a fault.NotFound, in a bulk request it is skipped.
// The first problem is the error.
func (s *Service) UpdateObjects(ctx context.Context, t *objects.Type, changes []objects.Change) ([]uuid.UUID, error) {
	if len(changes) == 0 {
		return []uuid.UUID{}, nil
	}
	changes = latest(changes)
	var ids []uuid.UUID
	err := s.write(ctx, t, func(w *writer) error {
		var err error
		if ids, err = w.changeAll(ctx, changes); err != nil {
			return err
		}
		return w.tryPatterns(ctx, ids)
	})
	return ids, err
}

// mostTogether is how often changes are tried together, after one that has to
// see those before it.
const mostTogether = 3

// changeAll makes changes in their order, as if one by one; where they do not
// look at each other, together.
func (w *writer) changeAll(ctx context.Context, changes []objects.Change) ([]uuid.UUID, error) {
	ids := make([]uuid.UUID, 0, len(changes))
	tries := 0
	switch {
	case len(changes) == 1:
	case !w.apart(ctx, changes):
		if err := w.holdAll(ctx, changes); err != nil {
			return nil, err
		}
	default:
		tries = mostTogether
		var err error
		if changes, err = w.present(ctx, changes); err != nil {
			return nil, err
		}
	}
	for rest := changes; len(rest) > 0; tries-- {
		n := 0
		if tries > 0 {
			var err error
			if n, err = w.changeTogether(ctx, rest); err != nil {
				return nil, err
			}
		}
		for _, c := range rest[:n] {
			ids = append(ids, c.ID)
		}
		if rest = rest[n:]; len(rest) == 0 {
			break
		}
		switch err := w.change(ctx, rest[0]); {
		case rest[0].Bulk && errors.Is(err, fault.NotFound):
		case err != nil:
			return nil, err
		default:
			ids = append(ids, rest[0].ID)
		}
		rest = rest[1:]
	}
	return ids, nil
}

// apart reports whether changes can be made together: links of one object may
// be in the way of another's.
func (w *writer) apart(ctx context.Context, changes []objects.Change) bool {
	links := func(c objects.Change) bool { return c.Draft.Err != nil || c.Draft.Has("relationships") }
	return len(w.duties.applied) == 0 && !slices.ContainsFunc(changes, links) && w.objects.Apart(ctx, w.t, changes)
}

// holdAll keeps what changes contest before the first is made: the objects
// themselves, and the peers that they have or shall have. Only peers that are
// named by something other than their ids are not known yet.
func (w *writer) holdAll(ctx context.Context, changes []objects.Change) error {
	var contest Contest
	ahead := w.decoder
	ahead.resolve = givenIDs
	for _, c := range changes {
		contest.Alone = append(contest.Alone, c.ID)
		asked, _, err := ahead.nested(ctx, c.Draft)
		if err != nil {
			return err
		}
		contest.Replaced = append(contest.Replaced, replaced(c.ID, asked.sides, true)...)
	}
	return w.hold(ctx, contest)
}

// hold adds what is contested to what is held.
func (w *writer) hold(ctx context.Context, c Contest) error {
	held, err := w.tx.HoldEnds(ctx, c)
	if err != nil {
		return err
	}
	if held != nil {
		maps.Copy(held, w.held)
		asked := maps.Clone(held)
		maps.Copy(asked, w.asked)
		for _, r := range c.Replaced {
			for _, peer := range r.Peers {
				asked[peer] = true
			}
		}
		w.asked = asked
	}
	w.held = held
	return nil
}

// present are the changes of objects that are there.
func (w *writer) present(ctx context.Context, changes []objects.Change) ([]objects.Change, error) {
	ids := make([]uuid.UUID, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	there, err := w.tx.Named(ctx, ids)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c objects.Change) bool {
		named, found := there[c.ID]
		return c.Bulk && (!found || named.Type != w.t.ID)
	}), nil
}

// changeTogether makes the first n changes, in a few statements for all of them:
// those before the first with which something is wrong, which may be that it has
// to see one before it. It may be none.
func (w *writer) changeTogether(ctx context.Context, changes []objects.Change) (n int, err error) {
	for n = len(changes); n > 1; {
		err := w.tx.Try(ctx, func() error {
			planned, err := w.objects.PlanChanges(ctx, w.tx, w.t, changes[:n], nil)
			if err != nil {
				return err
			}
			if slices.ContainsFunc(planned, func(p *objects.Planned) bool { return !p.Alone() }) {
				return errTogether
			}
			_, err = w.objects.Save(ctx, w.tx, planned)
			return err
		})
		problem := fault.As(err)
		switch {
		case err == nil:
			return n, nil
		case errors.Is(err, errTogether):
			return 0, nil
		case problem == nil:
			return 0, err
		}
		n = max(0, slices.IndexFunc(problem.Items, func(item error) bool { return item != nil }))
	}
	return 0, nil
}

// errTogether undoes changes that have to see each other.
var errTogether = errors.New("changes depend on each other")

// latest keeps the last of several changes of one object.
func latest(changes []objects.Change) []objects.Change {
	at := map[uuid.UUID]int{}
	out := make([]objects.Change, 0, len(changes))
	for _, c := range changes {
		if i, twice := at[c.ID]; twice {
			out[i] = c
			continue
		}
		at[c.ID] = len(out)
		out = append(out, c)
	}
	return out
}

// change writes one object: its fields, then its links, those that go first.
func (w *writer) change(ctx context.Context, c objects.Change) error {
	asked, also, err := w.decoder.nested(ctx, c.Draft)
	if err != nil {
		return err
	}
	if c.Draft.Err != nil {
		return w.refuse(ctx, c)
	}
	if contested := replaced(c.ID, asked.sides, false); !w.holds(c.ID, contested) {
		if err := w.hold(ctx, Contest{Alone: []uuid.UUID{c.ID}, Replaced: contested}); err != nil {
			return err
		}
	}
	planned, err := w.objects.PlanChange(ctx, w.tx, w.t, c, also)
	if err != nil {
		return err
	}
	lacking, err := w.duties.changed(ctx, w.tx, c.ID, asked, c.Bulk)
	if err != nil {
		return err
	}
	if lacking != nil {
		return lacking
	}
	if _, err := w.objects.Save(ctx, w.tx, []*objects.Planned{planned}); err != nil {
		return err
	}
	return w.replace(ctx, c.ID, asked.sides)
}

// holds reports whether holdAll did for the change of an object what is needed.
func (w *writer) holds(id uuid.UUID, contested []Replaced) bool {
	if len(contested) > 0 && (w.asked == nil || !w.asked.Has(id)) {
		return false
	}
	return !slices.ContainsFunc(contested, func(r Replaced) bool { return !w.asked.Has(r.Peers...) })
}

// refuse reports a change that could not be read, if there is what it is for.
func (w *writer) refuse(ctx context.Context, c objects.Change) error {
	there, err := w.tx.Named(ctx, []uuid.UUID{c.ID})
	if err != nil {
		return err
	}
	if named, found := there[c.ID]; !found || named.Type != w.t.ID {
		return w.notFound()
	}
	return c.Draft.Err
}

func (w *writer) notFound() error {
	_, class, _ := strings.Cut(w.t.Class, ".")
	return fault.NotFoundf("No %s matches the given query.", class)
}

// replaced is what wishes for the peers of an object contest; one of several
// objects in the same write contests pairs, too.
func replaced(id uuid.UUID, wishes []wish, several bool) []Replaced {
	var out []Replaced
	for _, w := range wishes {
		pairs := several && !contested(w.Relationship)
		if !pairs && !contested(w.Relationship) {
			continue
		}
		r := Replaced{RID: w.RID, Object: id, Source: w.Other != relationships.Source, Destination: w.Other != relationships.Destination}
		r.Alone = pairs || r.Source && w.DestinationUnique || r.Destination && w.SourceUnique
		r.Peers = slices.Clone(w.peers)
		slices.SortFunc(r.Peers, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
		r.Peers = slices.Compact(r.Peers)
		out = append(out, r)
	}
	return out
}

// replace makes the peers of an object those that are wished for. Links to
// peers that stay are left alone. errTaken: others were faster.
func (w *writer) replace(ctx context.Context, id uuid.UUID, wishes []wish) error {
	if len(wishes) == 0 {
		return nil
	}
	rids := make([]int32, len(wishes))
	for i, wish := range wishes {
		rids[i] = wish.RID
	}
	rows, err := w.tx.LinksOf(ctx, id, rids)
	if err != nil {
		return err
	}
	var gone []uuid.UUID
	var wanted []candidate
	for _, wish := range wishes {
		old, missing := wish.compare(id, rows)
		ends := slices.Clone(missing)
		for _, row := range old {
			gone, ends = append(gone, row.ID), append(ends, row.SourceID, row.DestinationID)
		}
		if contested(wish.Relationship) && !w.held.Has(ends...) && !w.last {
			return errTaken // links changed while this one waited for its turn
		}
		wanted = append(wanted, w.links(id, wish, missing)...)
	}
	if len(gone) > 0 {
		if _, err := w.tx.Unlink(ctx, gone, w.at); err != nil {
			return err
		}
	}
	return w.link(ctx, wanted)
}

// compare returns the rows that are to go, and the peers that no row links yet.
func (w wish) compare(id uuid.UUID, rows []Row) (gone []Row, missing []uuid.UUID) {
	wanted := map[uuid.UUID]bool{}
	for _, peer := range w.peers {
		wanted[peer] = true
	}
	there := map[uuid.UUID]bool{}
	for _, row := range rows {
		peer, ok := w.peer(id, row)
		switch {
		case !ok:
		case wanted[peer]:
			there[peer] = true
		default:
			gone = append(gone, row)
		}
	}
	for _, peer := range w.peers {
		if !there[peer] {
			missing = append(missing, peer)
		}
	}
	return gone, missing
}

// peer returns the other end of a row where that stands on the side of w.
func (w wish) peer(id uuid.UUID, row Row) (uuid.UUID, bool) {
	switch {
	case row.RID != w.RID:
		return uuid.Nil, false
	case row.SourceID == id && w.Other != relationships.Source:
		return row.DestinationID, true
	case row.DestinationID == id && w.Other != relationships.Destination:
		return row.SourceID, true
	}
	return uuid.Nil, false
}

// links are the associations of an object with peers: it is the source, unless
// they are.
func (w *writer) links(id uuid.UUID, of wish, peers []uuid.UUID) []candidate {
	out := make([]candidate, len(peers))
	for i, peer := range peers {
		c := candidate{
			definition: of.Relationship, id: newID(), nested: true,
			source: id, sourceType: w.t, destination: peer, destinationType: of.PeerType,
		}
		if of.Other == relationships.Source {
			c.source, c.sourceType, c.destination, c.destinationType = peer, of.PeerType, id, w.t
		}
		out[i] = c
	}
	return out
}

// link makes what is wanted, or says which rule the first refused one breaks.
func (w *writer) link(ctx context.Context, wanted []candidate) error {
	if len(wanted) == 0 {
		return nil
	}
	err := w.tx.Try(ctx, func() error {
		return linkAll(ctx, w.tx, wanted, w.at, func(int, Row) {})
	})
	if !errors.Is(err, errTaken) {
		return err
	}
	broken, err := judge(ctx, w.tx, wanted)
	if err != nil {
		return err
	}
	for _, b := range broken {
		if b != nil {
			return b
		}
	}
	return errTaken
}

// DeleteObjects deletes objects with all that cascades and every association
// of them. What others need is a fault.Protected; a missing object is a
// fault.NotFound, in a bulk request it is skipped.
func (s *Service) DeleteObjects(ctx context.Context, t *objects.Type, ids []uuid.UUID, bulk bool) error {
	if len(ids) == 0 {
		return nil
	}
	return s.write(ctx, t, func(w *writer) error {
		there, err := w.tx.Named(ctx, ids)
		if err != nil {
			return err
		}
		var doomed []uuid.UUID
		for _, id := range ids {
			named, found := there[id]
			if found && named.Type == w.t.ID {
				doomed = append(doomed, id)
				delete(there, id)
			}
		}
		if len(doomed) == 0 {
			if bulk {
				return nil
			}
			return w.notFound()
		}
		_, err = w.objects.Delete(ctx, w.tx, doomed, func(ctx context.Context, all []uuid.UUID) error {
			return w.tx.UnlinkObjects(ctx, all, w.at)
		})
		return err
	})
}
