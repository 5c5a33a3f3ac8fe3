package associations_test

import (
	"errors"
	"fmt"
	"math/rand"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// bulk are the changes of a bulk request: what each of ids gets.
func bulk(t *testing.T, ids []uuid.UUID, change func(i int) fields) []objects.Change {
	t.Helper()
	var changes []objects.Change
	for i, id := range ids {
		if body := change(i); body != nil {
			changes = append(changes, objects.Change{ID: id, Draft: draft(t, body), Partial: true, Bulk: true})
		}
	}
	return changes
}

// devices makes devices in a location, and what they need.
func (w *world) devices(n int) []uuid.UUID {
	w.t.Helper()
	site := w.objectWith("dcim.locationtype", fields{"name": "Site", "content_types": []string{"dcim.device"}})
	active := w.objectWith("extras.status", fields{"name": "Active", "content_types": []string{"dcim.location", "dcim.device", "dcim.interface"}})
	role := w.objectWith("extras.role", fields{"name": "Role", "content_types": []string{"dcim.device"}})
	place := w.objectWith("dcim.location", fields{"name": "Place", "location_type": site, "status": active})
	model := w.objectWith("dcim.devicetype", fields{"model": "Model", "manufacturer": w.maker("Maker")})
	w.objectWith("dcim.interfacetemplate", fields{"name": "eth0", "type": "1000base-t", "device_type": model})
	var drafts []objects.Draft
	for i := range n {
		drafts = append(drafts, draft(w.t, fields{"name": fmt.Sprintf("d%04d", i), "device_type": model, "role": role, "status": active, "location": place}))
	}
	var ids []uuid.UUID
	count := w.count(func() {
		var err error
		ids, err = w.associations.CreateObjects(w.ctx, w.typ("dcim.device"), drafts, true)
		require.NoError(w.t, err)
	})
	assert.LessOrEqual(w.t, count, n/4, "statements of a bulk create")
	return ids
}

// A bulk request takes a number of statements that does not grow with each of
// its members.
func TestBulkOfDevicesIsAFewStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.define("of devices", fields{"source_type": "dcim.device"})
		ids := w.devices(1000)
		device := w.typ("dcim.device")
		tests := []struct {
			name   string
			most   int
			change func(i int) fields
		}{
			{"comments", 30, func(int) fields { return fields{"comments": "x"} }},
			{"the status", 30, func(int) fields { return fields{"status": "Active"} }},
			{"unique names", 60, func(i int) fields { return fields{"name": fmt.Sprintf("n%04d", i)} }},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				count := w.count(func() {
					changed, err := w.associations.UpdateObjects(w.ctx, device, bulk(t, ids, tt.change))
					require.NoError(t, err)
					assert.Equal(t, ids, changed)
				})
				assert.LessOrEqual(t, count, tt.most)
			})
		}
		t.Run("one that has to see another", func(t *testing.T) {
			count := w.count(func() {
				_, err := w.associations.UpdateObjects(w.ctx, device, bulk(t, ids, func(i int) fields {
					switch i {
					case 499:
						return fields{"name": "free"}
					case 500:
						return fields{"name": "n0499"}
					}
					return fields{"serial": fmt.Sprint(i)}
				}))
				require.NoError(t, err)
			})
			assert.LessOrEqual(t, count, 150)
		})
		t.Run("a refusal at the end", func(t *testing.T) {
			count := w.count(func() {
				_, err := w.associations.UpdateObjects(w.ctx, device, bulk(t, ids, func(i int) fields {
					if i == 999 {
						return fields{"serial": "x", "name": "free"}
					}
					return fields{"serial": "x"}
				}))
				require.ErrorIs(t, err, fault.Invalid)
			})
			assert.LessOrEqual(t, count, 150)
		})
		t.Run("a deletion", func(t *testing.T) {
			count := w.count(func() { require.NoError(t, w.associations.DeleteObjects(w.ctx, device, ids, true)) })
			assert.LessOrEqual(t, count, 30)
		})
	})
}

// errUndo ends a transaction that is only looked at.
var errUndo = errors.New("undo")

// A bulk change comes out as if its members were changed one after the other,
// which is how Nautobot does it.
func TestBulkChangeIsAsOneByOne(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i"}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		var ids []uuid.UUID
		for _, name := range names[:4] {
			ids = append(ids, w.tenant(name))
		}
		tenant := w.typ("tenancy.tenant")
		// outcome makes changes in a transaction that is undone, and says what came
		// of it.
		outcome := func(do func(w *world) error) (map[uuid.UUID]string, error) {
			var refused error
			called := map[uuid.UUID]string{}
			err := s.Atomically(w.ctx, func(bound *store.Store) error {
				inner := newWorld(t, bound)
				if refused = do(inner); refused != nil {
					return errUndo
				}
				rows, err := bound.Stored(w.ctx, ids)
				for _, row := range rows {
					called[row.ID] = row.Name
				}
				if err != nil {
					return err
				}
				return errUndo
			})
			require.ErrorIs(t, err, errUndo)
			return called, refused
		}
		random := rand.New(rand.NewSource(1))
		refusals := 0
		for range 60 {
			changes := bulk(t, ids, func(int) fields {
				if random.Intn(4) == 0 {
					return nil
				}
				return fields{"name": names[random.Intn(len(names))], "description": "x"}
			})
			random.Shuffle(len(changes), func(i, j int) { changes[i], changes[j] = changes[j], changes[i] })
			if random.Intn(3) == 0 {
				changes = append(changes, objects.Change{ID: uuid.New(), Draft: draft(t, fields{"name": "a"}), Partial: true, Bulk: true})
			}
			want, wantErr := outcome(func(w *world) error {
				for _, c := range changes {
					if _, err := w.associations.UpdateObjects(w.ctx, tenant, []objects.Change{c}); err != nil {
						return err
					}
				}
				return nil
			})
			got, gotErr := outcome(func(w *world) error {
				_, err := w.associations.UpdateObjects(w.ctx, tenant, changes)
				return err
			})
			require.Equal(t, told(wantErr), told(gotErr))
			require.Equal(t, want, got)
			if wantErr != nil {
				refusals++
			}
		}
		assert.Greater(t, refusals, 10)
		assert.Less(t, refusals, 50)
	})
}
