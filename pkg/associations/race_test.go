package associations_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/associations"
	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// writers run do at once, each with its own source of chance; errors that are no
// faults, and refusals for being busy, fail the test.
func writers(t *testing.T, n int, do func(writer int, chance *rand.Rand) error) {
	t.Helper()
	var group sync.WaitGroup
	for writer := range n {
		group.Add(1)
		go func() {
			defer group.Done()
			err := do(writer, rand.New(rand.NewPCG(uint64(writer), 7)))
			if err != nil && (fault.As(err) == nil || errors.Is(err, fault.Busy)) {
				t.Errorf("writer %d: %v", writer, err)
			}
		}()
	}
	group.Wait()
}

// broken counts the associations too many in a definition.
func broken(r *relationships.Relationship, all []associations.Association) int {
	pairs, sources, destinations := map[[2]uuid.UUID]int{}, map[uuid.UUID]int{}, map[uuid.UUID]int{}
	n := 0
	again := func(seen int) {
		if seen > 1 {
			n++
		}
	}
	for _, a := range all {
		pair := [2]uuid.UUID{a.SourceID, a.DestinationID}
		if r.Type.Symmetric() && pair[0].String() > pair[1].String() {
			pair[0], pair[1] = pair[1], pair[0]
		}
		pairs[pair]++
		again(pairs[pair])
		if r.SourceUnique {
			sources[a.SourceID]++
			again(sources[a.SourceID])
		}
		to := destinations
		if r.Type == relationships.SymmetricOneToOne {
			to = sources
		}
		if r.DestinationUnique {
			to[a.DestinationID]++
			again(to[a.DestinationID])
		}
		if a.SourceID == a.DestinationID {
			n++
		}
	}
	return n
}

// Sixteen writers make single, bulk and nested links, change and delete them;
// afterwards no definition holds a link too many.
func TestSixteenWritersBreakNoRule(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ids := w.objects("tenancy.tenant", "t", 12)
		for _, kind := range relationships.Types {
			t.Run(string(kind), func(t *testing.T) {
				r := w.define(string(kind), fields{"type": string(kind), "destination_type": "tenancy.tenant"})
				var made atomic.Int64
				writers(t, 16, func(_ int, chance *rand.Rand) error {
					pick := func() uuid.UUID { return ids[chance.IntN(len(ids))] }
					for range 25 {
						var err error
						switch chance.IntN(8) {
						default:
							if _, err = w.link(r, pick(), pick()); err == nil {
								made.Add(1)
							}
						case 0:
							_, err = w.associations.Create(w.ctx, []objects.Draft{draft(t, body(r, pick(), pick())), draft(t, body(r, pick(), pick()))}, true)
						case 1:
							side := relationships.Destination
							if kind.Symmetric() {
								side = relationships.Peer
							}
							err = w.patch("tenancy.tenant", pick(), related(r.Key, side, pick()))
						case 2:
							all, listed := w.associations.Associations(w.ctx, associations.List{Limit: 5})
							if err = listed; err == nil && len(all) > 0 {
								a := all[chance.IntN(len(all))]
								_, err = w.associations.Update(w.ctx, []objects.Change{{ID: a.ID, Partial: true, Draft: draft(t, fields{"source_id": pick()})}})
							}
						case 3:
							all, listed := w.associations.Associations(w.ctx, associations.List{Limit: 5})
							if err = listed; err == nil && len(all) > 0 {
								err = w.associations.Delete(w.ctx, []uuid.UUID{all[chance.IntN(len(all))].ID}, true)
							}
						}
						if err != nil && (fault.As(err) == nil || errors.Is(err, fault.Busy)) {
							return err
						}
					}
					return nil
				})
				all := w.all(r)
				assert.Zero(t, broken(r, all))
				assert.NotZero(t, made.Load())
			})
		}
	})
}

// deadlocks is how many times PostgreSQL ended a transaction of a database
// because it and others waited for each other. Connections tell it when they are
// closed.
func deadlocks(t *testing.T, dsn string) int {
	t.Helper()
	if !strings.HasPrefix(dsn, "postgres") {
		return 0
	}
	db, err := sql.Open("postgres", dsn)
	require.NoError(t, err)
	defer db.Close()
	var n, others int
	require.Eventually(t, func() bool {
		require.NoError(t, db.QueryRow(`select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`).Scan(&others))
		return others == 0
	}, 10*time.Second, 20*time.Millisecond)
	require.NoError(t, db.QueryRow(`select deadlocks from pg_stat_database where datname = current_database()`).Scan(&n))
	return n
}

// Sixteen writers who take each other's peers wait for each other in one order,
// whichever way they write: none of them is ended by the database to free the
// others, which takes it a second each time.
func TestWritersThatSwapPeersDoNotDeadlock(t *testing.T) {
	for _, kind := range []relationships.Type{relationships.OneToOne, relationships.OneToMany, relationships.SymmetricOneToOne} {
		storetest.EachDSN(t, func(t *testing.T, dsn string) {
			before := deadlocks(t, dsn)
			s, err := store.Open(context.Background(), dsn, store.Options{})
			require.NoError(t, err)
			swapPeers(t, newWorld(t, s), kind)
			require.NoError(t, s.Close())
			assert.Equal(t, before, deadlocks(t, dsn), kind)
		})
	}
}

func swapPeers(t *testing.T, w *world, kind relationships.Type) {
	ids := w.objects("tenancy.tenant", "t", 8)
	r := w.define("r", fields{"type": string(kind), "destination_type": "tenancy.tenant"})
	sides := []relationships.Side{relationships.Source, relationships.Destination}
	if kind.Symmetric() {
		sides = []relationships.Side{relationships.Peer}
	}
	for i := 0; i < len(ids); i += 2 {
		w.mustLink(r, ids[i], ids[i+1])
	}
	writers(t, 16, func(writer int, chance *rand.Rand) error {
		pick := func() uuid.UUID { return ids[chance.IntN(len(ids))] }
		nested := func() objects.Change {
			peers := []any{pick()}
			if chance.IntN(3) == 0 {
				peers = nil // what others want
			}
			return objects.Change{ID: pick(), Partial: true, Draft: draft(t, related(r.Key, sides[chance.IntN(len(sides))], peers...))}
		}
		for round := range 20 {
			all, err := w.associations.Associations(w.ctx, associations.List{})
			if err != nil {
				return err
			}
			moved := func() objects.Change {
				return objects.Change{ID: all[chance.IntN(len(all))].ID, Partial: true, Bulk: true, Draft: draft(t, fields{"source_id": pick()})}
			}
			switch way := chance.IntN(8); {
			case way < 3:
				_, err = w.associations.UpdateObjects(w.ctx, w.typ("tenancy.tenant"), []objects.Change{nested()})
			case way == 3:
				_, err = w.associations.UpdateObjects(w.ctx, w.typ("tenancy.tenant"), []objects.Change{nested(), nested(), nested()})
			case way == 4:
				d := fields{"name": fmt.Sprintf("n%d-%d", writer, round)}
				d["relationships"] = related(r.Key, sides[chance.IntN(len(sides))], pick())["relationships"]
				_, err = w.associations.CreateObjects(w.ctx, w.typ("tenancy.tenant"), []objects.Draft{draft(t, d)}, false)
			case way == 5 && len(all) > 0:
				_, err = w.associations.Update(w.ctx, []objects.Change{moved(), moved()})
			case way == 6 && len(all) > 0:
				err = w.associations.Delete(w.ctx, []uuid.UUID{moved().ID, moved().ID}, true)
			default:
				_, err = w.associations.Create(w.ctx, []objects.Draft{draft(t, body(r, pick(), pick())), draft(t, body(r, pick(), pick()))}[:1+chance.IntN(2)], true)
			}
			if err != nil && (fault.As(err) == nil || errors.Is(err, fault.Busy)) {
				return err
			}
		}
		return nil
	})
	assert.Zero(t, broken(r, w.all(r)))
}

// Of many who want the same place one gets it, and the others hear why not.
func TestOnePlaceForSixteen(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		hub := w.tenant("hub")
		ids := w.objects("tenancy.tenant", "t", 16)
		for _, kind := range []relationships.Type{relationships.OneToOne, relationships.OneToMany, relationships.SymmetricOneToOne} {
			r := w.define(string(kind), fields{"type": string(kind), "destination_type": "tenancy.tenant"})
			var made atomic.Int64
			writers(t, 16, func(i int, _ *rand.Rand) error {
				source, destination := ids[i], hub
				if kind == relationships.SymmetricOneToOne && i%2 == 1 {
					source, destination = hub, ids[i]
				}
				_, err := w.link(r, source, destination)
				if err == nil {
					made.Add(1)
				}
				return err
			})
			assert.EqualValues(t, 1, made.Load(), kind)
			assert.Len(t, w.all(r), 1, kind)
		}
	})
}

// A definition whose type changes while links are made has none, or keeps its
// type.
func TestTypeChangeAgainstLinks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ts, ms := w.objects("tenancy.tenant", "t", 8), w.objects("dcim.manufacturer", "m", 8)
		for round := range 10 {
			r := w.define(fmt.Sprintf("r%d", round), nil)
			var changed, linked atomic.Int64
			writers(t, 9, func(i int, _ *rand.Rand) error {
				if i == 8 {
					err := w.redefine(r, fields{"source_type": "ipam.vlan"})
					if err == nil {
						changed.Add(1)
					}
					return err
				}
				_, err := w.link(r, ts[i], ms[i])
				if err == nil {
					linked.Add(1)
				}
				return err
			})
			if changed.Load() == 1 {
				assert.Zero(t, linked.Load(), "links of a type that the definition no longer has")
			} else {
				assert.EqualValues(t, 8, linked.Load())
			}
		}
	})
}

// Once a filter is changed, nobody links by the one before.
func TestFilterChangeAgainstLinks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		other := w.other()
		source := w.tenant("t")
		ms := w.objects("dcim.manufacturer", "m", 40)
		r := w.define("r", nil)
		closed := make(chan struct{})
		writers(t, 8, func(i int, _ *rand.Rand) error {
			if i == 0 {
				defer close(closed)
				return w.redefine(r, fields{"destination_filter": fields{"name": []string{"nobody"}}})
			}
			mine := ms[(i-1)*5 : i*5]
			for n, m := range mine {
				if n == len(mine)-1 {
					<-closed // so that each asks once when it must be refused
				}
				after := false
				select {
				case <-closed:
					after = true
				default:
				}
				if _, err := other.link(r, source, m); err == nil && after {
					return errors.New("a link was made by a filter of before")
				}
			}
			return nil
		})
	})
}

// An object goes with all its links, also those that are being made.
func TestObjectGoesWhileItIsLinked(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ms := w.objects("dcim.manufacturer", "m", 8)
		r := w.define("r", nil)
		for round := range 8 {
			doomed := w.tenant(fmt.Sprintf("doomed%d", round))
			writers(t, 9, func(i int, _ *rand.Rand) error {
				if i == 4 {
					return w.associations.DeleteObjects(w.ctx, w.typ("tenancy.tenant"), []uuid.UUID{doomed}, false)
				}
				_, err := w.link(r, doomed, ms[i%8])
				return err
			})
			require.Empty(t, w.all(r))
		}
	})
}

// A definition goes with all its links, also those that are being made.
func TestDefinitionGoesWhileItIsUsed(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		source, ms := w.tenant("t"), w.objects("dcim.manufacturer", "m", 8)
		for round := range 8 {
			r := w.define(fmt.Sprintf("r%d", round), nil)
			writers(t, 9, func(i int, _ *rand.Rand) error {
				if i == 8 {
					return w.relationships.Delete(w.ctx, []uuid.UUID{r.ID}, false)
				}
				_, err := w.link(r, source, ms[i])
				return err
			})
		}
		all, err := w.associations.Associations(w.ctx, associations.List{})
		require.NoError(t, err)
		assert.Empty(t, all)
		n, err := w.store.AssociationCount(w.ctx, nil)
		require.NoError(t, err)
		assert.Zero(t, n)
	})
}

// Writers whose links are made together are told about their own: what was
// allowed is there, what was not has its reason, whatever the others asked for.
func TestWritersAreToldOfTheirOwnLink(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ids := w.objects("tenancy.tenant", "t", 40)
		r := w.define("own", fields{
			"type": "many-to-many", "destination_type": "tenancy.tenant",
			"source_filter": fields{"name": []string{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"}},
		})
		var made sync.Map
		var successes atomic.Int64
		writers(t, 16, func(_ int, chance *rand.Rand) error {
			for range 40 {
				from, to := chance.IntN(10), chance.IntN(len(ids)) // the last two are not allowed
				a, err := w.link(r, ids[from], ids[to])
				_, before := made.Load([2]int{from, to})
				switch {
				case err == nil:
					successes.Add(1)
					assert.Equal(t, [2]uuid.UUID{ids[from], ids[to]}, [2]uuid.UUID{a.SourceID, a.DestinationID})
					assert.Equal(t, fmt.Sprint("t", to), a.DestinationStr)
					assert.Less(t, from, 8)
					assert.NotEqual(t, from, to)
					_, twice := made.LoadOrStore([2]int{from, to}, a.ID)
					assert.False(t, twice, "%d to %d was made twice", from, to)
				case errors.Is(err, fault.Busy):
					return err
				case from == to:
					assert.ErrorContains(t, err, "itself")
				case from >= 8:
					assert.ErrorContains(t, err, "violates own source_filter")
				case before:
					assert.ErrorContains(t, err, "unique")
				}
			}
			return nil
		})
		all := w.all(r)
		assert.Len(t, all, int(successes.Load()))
		for _, a := range all {
			from, to := slices.Index(ids, a.SourceID), slices.Index(ids, a.DestinationID)
			id, _ := made.Load([2]int{from, to})
			assert.Equal(t, a.ID, id)
		}
		count, err := s.AssociationCount(w.ctx, nil)
		require.NoError(t, err)
		assert.Equal(t, len(all), count)
	})
}

// A link that has to wait for somebody's transaction does not hold back those
// that wait for the database with it.
func TestOneWhoWaitsKeepsNobody(t *testing.T) {
	dsn := storetest.Postgres(t)
	s, err := store.Open(context.Background(), dsn, store.Options{})
	require.NoError(t, err)
	defer s.Close()
	w := newWorld(t, s)
	ids := w.objects("tenancy.tenant", "t", 33)
	r := w.define("r", fields{"type": "many-to-many", "destination_type": "tenancy.tenant"})
	db, err := sql.Open("postgres", dsn)
	require.NoError(t, err)
	defer db.Close()
	tx, err := db.Begin()
	require.NoError(t, err)
	_, err = tx.Exec("select from object where id = $1 for update", ids[0].String())
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(w.ctx, 20*time.Second)
	defer cancel()
	link := func(from, to uuid.UUID) error {
		_, err := w.associations.Create(ctx, []objects.Draft{draft(t, body(r, from, to))}, false)
		return err
	}
	waits := make(chan error, 4)
	writers(t, 32, func(i int, _ *rand.Rand) error {
		if i < cap(waits) {
			go func() { waits <- link(ids[0], ids[1+i]) }()
		}
		for n := range 8 {
			if err := link(ids[1+i], ids[1+(i+n+1)%32]); err != nil {
				return err
			}
		}
		return nil
	})
	assert.Len(t, w.all(r), 32*8)
	assert.NoError(t, ctx.Err())
	require.NoError(t, tx.Rollback())
	for range cap(waits) {
		assert.NoError(t, <-waits)
	}
}

// Of many who want the same pairs, peers and ids at once, who was told that a link
// was made has it as it was told; the others hear of what stands in the way.
func TestWhatIsAnsweredIsStored(t *testing.T) {
	refused := map[relationships.Type]string{
		relationships.OneToOne:            "Unable to create more than one one-to-one association",
		relationships.OneToMany:           "Unable to create more than one one-to-many association to",
		relationships.SymmetricOneToOne:   "symmetric-one-to-one association",
		relationships.ManyToMany:          "must make a unique set",
		relationships.SymmetricManyToMany: "symmetric-many-to-many association already exists between",
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ids, own := w.objects("tenancy.tenant", "t", 12), make([]uuid.UUID, 40)
		for i := range own {
			own[i] = uuid.New()
		}
		for _, kind := range relationships.Types {
			r := w.define(string(kind), fields{"type": string(kind), "destination_type": "tenancy.tenant"})
			var mu sync.Mutex
			told := map[uuid.UUID]associations.Association{}
			writers(t, 32, func(_ int, chance *rand.Rand) error {
				pick := func() uuid.UUID { return ids[chance.IntN(len(ids))] }
				for range 12 {
					wanted := body(r, pick(), pick())
					if chance.IntN(2) == 0 {
						wanted["id"] = own[chance.IntN(len(own))]
					}
					made, err := w.associations.Create(w.ctx, []objects.Draft{draft(t, wanted)}, false)
					if errors.Is(err, fault.Busy) {
						return err
					}
					if err != nil {
						assert.Regexp(t, "itself|unique set|this Id already exists|"+refused[kind], err.Error())
						continue
					}
					mu.Lock()
					assert.NotContains(t, told, made[0].ID)
					told[made[0].ID] = made[0]
					mu.Unlock()
				}
				return nil
			})
			all := w.all(r)
			assert.Zero(t, broken(r, all))
			assert.Len(t, all, len(told))
			for _, a := range all {
				assert.Equal(t, told[a.ID], a)
			}
		}
		every, err := w.associations.Associations(w.ctx, associations.List{})
		require.NoError(t, err)
		count, err := s.AssociationCount(w.ctx, nil)
		require.NoError(t, err)
		assert.Equal(t, len(every), count)
	})
}

// Where a definition has a regular expression, nobody's link waits for what is
// spent on those of others.
func TestPatternsAreJudgedAlone(t *testing.T) {
	s, err := store.Open(context.Background(), storetest.Postgres(t), store.Options{})
	require.NoError(t, err)
	defer s.Close()
	w := newWorld(t, s)
	ids := w.objects("tenancy.tenant", "t", 33)
	var together atomic.Int64
	s.Observe(func(text string) {
		if strings.Contains(text, "insert into assoc ") && strings.Contains(text, "unnest") {
			together.Add(1)
		}
	})
	for _, tt := range []struct {
		filter string
		alone  bool
	}{{"name__re", true}, {"name__isw", false}} {
		r := w.define(tt.filter, fields{"type": "many-to-many", "destination_type": "tenancy.tenant", "destination_filter": fields{tt.filter: []string{"t"}}})
		together.Store(0)
		writers(t, 32, func(i int, _ *rand.Rand) error {
			for n := range 4 {
				if _, err := w.link(r, ids[1+i], ids[1+(i+n+1)%32]); err != nil {
					return err
				}
			}
			return nil
		})
		assert.Equal(t, tt.alone, together.Load() == 0, "%d together for %s", together.Load(), tt.filter)
	}
}
