package associations_test

import (
	"fmt"
	"testing"

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

// peers returns what an object shows under a key and a side.
func (w *world) peers(typ string, id uuid.UUID, key string, side relationships.Side) []uuid.UUID {
	w.t.Helper()
	panels, err := w.associations.Panels(w.ctx, w.typ(typ), []uuid.UUID{id})
	require.NoError(w.t, err)
	for _, e := range panels[id] {
		if e.Relationship.Key == key && e.Side == side {
			return e.Peers
		}
	}
	return nil
}

func TestNestedProblems(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		t1, m1, m2 := w.tenant("t1"), w.maker("m1"), w.maker("m2")
		w.define("za", nil)
		w.define("ab", nil)
		w.define("one", fields{"type": "one-to-one"})
		w.define("sym", fields{"type": "symmetric-many-to-many", "destination_type": "tenancy.tenant"})
		nobody := uuid.New()
		say := func(text string) map[string][]string { return map[string][]string{"relationships": {text}} }
		tests := []struct {
			name string
			body any
			want map[string][]string
		}{
			{"null", nil, say("This field may not be null.")},
			{"a number", 5, say("Invalid data. Expected a dictionary, but got int.")},
			{"a list", []string{"za"}, say("Invalid data. Expected a dictionary, but got list.")},
			{"an unknown key", fields{"za": fields{"destination": 5}, "nope": 1}, say(`"nope" is not a relationship on tenancy.Tenant`)},
			{"a value that is null", fields{"za": nil}, say("No data provided")},
			{"a value that is a number", fields{"za": 7}, say("Invalid data. Expected a dictionary, but got int.")},
			{"a side that is null", fields{"za": fields{"destination": nil}}, say(`"objects" must be specified under ["za"]["destination"] when present`)},
			{"a side without objects", fields{"za": fields{"destination": fields{"object": 1}}}, say(`"objects" must be specified under ["za"]["destination"] when present`)},
			{"objects that are null", fields{"za": fields{"destination": fields{"objects": nil}}}, say(`"objects" must be a list, not a single value`)},
			{"the wrong side", fields{"za": fields{"source": 1}}, say(`"source" is not a valid side for "za" on tenancy.Tenant`)},
			{"a side of symmetric ones only", fields{"za": fields{"peer": fields{"objects": 1}}}, say(`"peer" is not a valid side for "za" on tenancy.Tenant`)},
			{"the first by label", fields{"za": fields{"destination": fields{}}, "ab": fields{"destination": fields{"objects": 1}}}, say(`"objects" must be a list, not a single value`)},
			{"too many", fields{"one": fields{"destination": fields{"objects": []any{m1, m2}}}}, say(`For "one", "destination" objects must include at most a single object`)},
			{"nobody", fields{"za": fields{"destination": fields{"objects": []any{m1, nobody}}}}, say("Related object not found using the provided attributes: {'pk': UUID('" + nobody.String() + "')}")},
			{"of another type", fields{"za": fields{"destination": fields{"objects": []any{t1}}}}, say("Related object not found using the provided attributes: {'pk': UUID('" + t1.String() + "')}")},
			{"a name", fields{"za": fields{"destination": fields{"objects": []any{"m1"}}}}, say("Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: m1")},
			{"nothing", fields{"za": fields{"destination": fields{"objects": []any{nil}}}}, say("This field may not be null.")},
			{"a list in a list", fields{"za": fields{"destination": fields{"objects": []any{[]any{}}}}}, say("Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: []")},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				assert.Equal(t, tt.want, told(w.patch("tenancy.tenant", t1, fields{"relationships": tt.body})))
			})
		}
		t.Run("beside other fields", func(t *testing.T) {
			err := w.patch("tenancy.tenant", t1, fields{"name": "", "relationships": fields{"nope": 1}})
			assert.Equal(t, map[string][]string{"name": {"This field may not be blank."}, "relationships": {`"nope" is not a relationship on tenancy.Tenant`}}, told(err))
		})
		t.Run("members that are no objects, beside others", func(t *testing.T) {
			wrong := fault.Field(fault.NonField, "Invalid data. Expected a dictionary, but got int.")
			_, err := w.associations.CreateObjects(w.ctx, w.typ("tenancy.tenant"), []objects.Draft{
				{Err: wrong}, draft(t, fields{"name": "good"}), draft(t, fields{"name": "x", "relationships": fields{"nope": 1}}),
			}, true)
			e := fault.As(err)
			require.NotNil(t, e)
			require.Len(t, e.Items, 3)
			assert.Equal(t, wrong, e.Items[0])
			assert.NoError(t, e.Items[1])
			assert.Equal(t, say(`"nope" is not a relationship on tenancy.Tenant`), told(e.Items[2]))
		})
	})
}

func TestNestedReplaces(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		t1, t2, t3 := w.tenant("t1"), w.tenant("t2"), w.tenant("it's \"3\"")
		m1, m2, m3 := w.maker("m1"), w.maker("m2"), w.maker("m3")
		many := w.define("many", nil)
		w.define("one", fields{"type": "one-to-one"})
		tree := w.define("tree", fields{"type": "one-to-many", "destination_type": "tenancy.tenant"})
		sym := w.define("sym", fields{"type": "symmetric-one-to-one", "destination_type": "tenancy.tenant"})
		tenant := "tenancy.tenant"
		require.NoError(t, w.patch(tenant, t1, related("many", relationships.Destination, m1, fields{"name": "m2"})))
		kept := w.all(many)
		require.Len(t, kept, 2)
		require.NoError(t, w.patch(tenant, t1, related("many", relationships.Destination, fields{"id": m3}, m2)))
		assert.ElementsMatch(t, []uuid.UUID{m2, m3}, w.peers(tenant, t1, "many", relationships.Destination))
		ids := []uuid.UUID{}
		for _, a := range w.all(many) {
			ids = append(ids, a.ID)
		}
		assert.Contains(t, ids, kept[1].ID, "a link that stays is the same")

		require.NoError(t, w.patch(tenant, t1, related("one", relationships.Destination, m1)))
		require.NoError(t, w.patch(tenant, t1, related("one", relationships.Destination, m2)), "the old one goes first")
		assert.Equal(t, []uuid.UUID{m2}, w.peers(tenant, t1, "one", relationships.Destination))
		err := w.patch(tenant, t2, related("one", relationships.Destination, m2))
		assert.Equal(t, map[string][]string{"destination": {"Unable to create more than one one association to m2 (destination)"}}, told(err))
		assert.True(t, fault.As(err).Nested)

		require.NoError(t, w.patch(tenant, t2, fields{"relationships": fields{"tree": fields{
			"source": fields{"objects": []any{t1}}, "destination": fields{"objects": []any{t3}},
		}}}))
		require.NoError(t, w.patch(tenant, t2, related("tree", relationships.Destination)))
		assert.Equal(t, []uuid.UUID{t1}, w.peers(tenant, t2, "tree", relationships.Source), "the side that was not named stays")
		assert.Len(t, w.all(tree), 1)
		err = w.patch(tenant, t3, related("tree", relationships.Destination, t1, t1))
		assert.Equal(t, map[string][]string{
			"destination": {"Unable to create more than one tree association to t1 (destination)"}, "__all__": {dup2},
		}, told(err), "rule 16 is told beside the first")

		require.NoError(t, w.patch(tenant, t1, related("sym", relationships.Peer, t2)))
		require.NoError(t, w.patch(tenant, t2, related("sym", relationships.Peer, t1)), "there already, stored the other way")
		assert.Len(t, w.all(sym), 1)
		require.NoError(t, w.patch(tenant, t2, related("sym", relationships.Peer, t3)))
		assert.Equal(t, []uuid.UUID{t2}, w.peers(tenant, t3, "sym", relationships.Peer))
		assert.Empty(t, w.peers(tenant, t1, "sym", relationships.Peer))
		assert.Equal(t, map[string][]string{"destination": {`Unable to create more than one sym association to it's "3" (destination)`}},
			told(w.patch(tenant, t1, related("sym", relationships.Peer, t3))))
	})
}

func TestNestedCreateIsAllOrNothing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		t1, m1, m2 := w.tenant("t1"), w.maker("m1"), w.maker("m2")
		one := w.define("one", fields{"type": "one-to-one"})
		w.mustLink(one, t1, m1)
		tenants := w.typ("tenancy.tenant")
		_, err := w.associations.CreateObjects(w.ctx, tenants, []objects.Draft{
			draft(t, with(related("one", relationships.Destination, m2), "name", "a")),
			draft(t, with(related("one", relationships.Destination, m1), "name", "b")),
		}, true)
		assert.Equal(t, map[string][]string{"destination": {"Unable to create more than one one association to m1 (destination)"}}, told(err))
		n, err := s.ObjectCount(w.ctx, tenants, nil)
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		assert.Len(t, w.all(one), 1)
		_, err = w.associations.UpdateObjects(w.ctx, tenants, []objects.Change{
			{ID: t1, Partial: true, Bulk: true, Draft: draft(t, with(related("one", relationships.Destination), "name", "renamed"))},
			{ID: uuid.New(), Partial: true, Bulk: true, Draft: draft(t, fields{"name": "nobody"})},
			{ID: w.tenant("t2"), Partial: true, Bulk: true, Draft: draft(t, fields{"relationships": fields{"nope": 1}})},
		})
		assert.Equal(t, map[string][]string{"relationships": {`"nope" is not a relationship on tenancy.Tenant`}}, told(err))
		assert.Len(t, w.all(one), 1)
	})
}

func TestRequired(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		tenant := "tenancy.tenant"
		old := w.tenant("old")
		needs := w.define("needs", fields{"required_on": "source"})
		w.define("free", nil)
		specify := map[string][]string{"relationships.needs": {`You need to specify ["relationships"]["needs"]["destination"]["objects"].`}}
		create := func(b fields) error {
			_, err := w.associations.CreateObjects(w.ctx, w.typ(tenant), []objects.Draft{draft(t, b)}, false)
			return err
		}
		assert.Equal(t, map[string][]string{"relationships.needs": {
			"Tenants require at least one manufacturer, but no manufacturers exist yet. Create a manufacturer by posting to /api/dcim/manufacturers/",
			`You need to specify ["relationships"]["needs"]["destination"]["objects"].`,
		}}, told(create(fields{"name": "a"})))
		m1 := w.maker("m1")
		assert.Equal(t, specify, told(create(fields{"name": "a"})))
		assert.Equal(t, specify, told(create(with(related("needs", relationships.Destination), "name", "a"))))
		assert.Equal(t, map[string][]string{"name": {"This field is required."}}, told(create(fields{})), "only once the fields are right")
		require.NoError(t, create(with(related("needs", relationships.Destination, m1), "name", "a")))

		assert.Equal(t, specify, told(w.patch(tenant, old, fields{"description": "x"})), "it has none")
		require.NoError(t, w.patch(tenant, old, related("needs", relationships.Destination, m1)))
		require.NoError(t, w.patch(tenant, old, fields{"description": "x"}), "it has one")
		assert.Equal(t, specify, told(w.patch(tenant, old, related("free", relationships.Destination, m1))), "with the key it must be named")
		assert.Equal(t, specify, told(w.patch(tenant, old, fields{"relationships": fields{}})))
		_, err := w.associations.UpdateObjects(w.ctx, w.typ(tenant), []objects.Change{
			{ID: old, Partial: true, Bulk: true, Draft: draft(t, fields{"relationships": fields{}})},
		})
		assert.NoError(t, err, "in bulk the key is not looked at")

		require.NoError(t, w.redefine(needs, fields{"source_filter": fields{"name": []string{"else"}}}))
		require.NoError(t, w.patch(tenant, old, fields{"relationships": fields{}}), "the filter excuses it")
		assert.Equal(t, specify, told(create(fields{"name": "b"})), "but not a new one")
		_, err = w.associations.CreateObjects(w.ctx, w.typ(tenant), []objects.Draft{
			draft(t, with(related("needs", relationships.Destination, m1), "name", "else")), draft(t, fields{"name": "d"}),
		}, true)
		assert.Equal(t, specify, told(err), "one error, though it is a bulk request")
		require.NoError(t, w.associations.DeleteObjects(w.ctx, w.typ("dcim.manufacturer"), []uuid.UUID{m1}, false), "deleting is not guarded")
		assert.Empty(t, w.all(needs))
	})
}

func TestDeleteObjectsTakesLinksAlong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		t1, t2, m1 := w.tenant("t1"), w.tenant("t2"), w.maker("m1")
		many := w.define("many", nil)
		sym := w.define("sym", fields{"type": "symmetric-one-to-one", "destination_type": "tenancy.tenant"})
		w.mustLink(many, t1, m1)
		w.mustLink(sym, t2, t1)
		tenants := w.typ("tenancy.tenant")
		require.NoError(t, w.associations.DeleteObjects(w.ctx, tenants, []uuid.UUID{t1}, false))
		assert.Empty(t, w.all(many))
		assert.Empty(t, w.all(sym))
		assert.ErrorIs(t, w.associations.DeleteObjects(w.ctx, tenants, []uuid.UUID{t1}, false), fault.NotFound)
		assert.ErrorIs(t, w.associations.DeleteObjects(w.ctx, tenants, []uuid.UUID{m1}, false), fault.NotFound, "of another type")
		assert.NoError(t, w.associations.DeleteObjects(w.ctx, tenants, []uuid.UUID{t1, t2}, true))
		t3 := w.tenant("t3")
		w.mustLink(sym, t3, w.tenant("t4"))
	})
}

func TestPanels(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		t1, t2, m1 := w.tenant("t1"), w.tenant("t2"), w.maker("m1")
		b := w.define("b many", nil)
		w.define("a loop", fields{"type": "one-to-many", "destination_type": "tenancy.tenant", "source_filter": fields{"name": []string{"t1"}}})
		w.define("z sym", fields{"type": "symmetric-one-to-one", "destination_type": "tenancy.tenant", "source_label": "twin", "source_hidden": true, "destination_hidden": true})
		w.define("c back", fields{"source_type": "dcim.manufacturer", "destination_type": "tenancy.tenant", "type": "one-to-many", "destination_filter": fields{"name__ic": []string{"T"}}})
		w.mustLink(b, t1, m1)
		type shown struct{ key, side, label, typ string }
		list := func(p associations.Panel) []shown {
			var out []shown
			for _, e := range p {
				out = append(out, shown{e.Relationship.Key, string(e.Side), e.Label, e.PeerType.Name})
			}
			return out
		}
		panels, err := w.associations.Panels(w.ctx, w.typ("tenancy.tenant"), []uuid.UUID{t1, t2})
		require.NoError(t, err)
		assert.Equal(t, []shown{
			{"a_loop", "destination", "tenants", "tenancy.tenant"},
			{"a_loop", "source", "tenant", "tenancy.tenant"},
			{"b_many", "destination", "manufacturers", "dcim.manufacturer"},
			{"c_back", "source", "manufacturer", "dcim.manufacturer"},
			{"z_sym", "peer", "twin", "tenancy.tenant"},
		}, list(panels[t1]))
		assert.Equal(t, []shown{
			{"b_many", "destination", "manufacturers", "dcim.manufacturer"},
			{"a_loop", "source", "tenant", "tenancy.tenant"},
			{"c_back", "source", "manufacturer", "dcim.manufacturer"},
			{"z_sym", "peer", "twin", "tenancy.tenant"},
		}, list(panels[t2]), "of a loop it is destination alone")
		assert.Equal(t, []uuid.UUID{m1}, panels[t1][2].Peers)
		assert.Empty(t, panels[t2][0].Peers)
		set, err := w.relationships.Set(w.ctx)
		require.NoError(t, err)
		var names []string
		for _, f := range set.CrFields(w.typ("tenancy.tenant")) {
			names = append(names, f.Name)
		}
		assert.Equal(t, []string{"cr_a_loop__destination", "cr_b_many__destination", "cr_a_loop__source", "cr_c_back__source"}, names, "without hidden ones")
	})
}

// Two statements show what objects are linked to, whatever their number and that
// of the definitions; past 400 filters one more.
func TestPanelsTakeTwoStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ids := w.objects("tenancy.tenant", "t", 200)
		m := w.maker("m")
		define := func(from, to int, more fields) {
			var drafts []objects.Draft
			for i := from; i < to; i++ {
				b := fields{"label": fmt.Sprintf("r%03d", i), "source_type": "tenancy.tenant", "destination_type": "dcim.manufacturer"}
				for name, value := range more {
					b[name] = value
				}
				drafts = append(drafts, draft(t, b))
			}
			made, err := w.relationships.Create(w.ctx, drafts, true)
			require.NoError(t, err)
			w.mustLink(made[0], ids[1], m)
		}
		panels := func(n int) (map[uuid.UUID]associations.Panel, int) {
			_, err := w.relationships.Set(w.ctx)
			require.NoError(t, err)
			var panels map[uuid.UUID]associations.Panel
			statements := w.count(func() { panels, err = w.associations.Panels(w.ctx, w.typ("tenancy.tenant"), ids[:n]) })
			require.NoError(t, err)
			require.Len(t, panels, n)
			return panels, statements
		}
		define(0, 1, nil)
		_, n := panels(200)
		assert.Equal(t, 1, n, "without filters there is nothing to judge")
		filter := fields{"source_filter": fields{"name__isw": []string{"t1"}, "has_locations": false}}
		define(1, 2, filter)
		for _, count := range []int{1, 200} {
			_, n = panels(count)
			assert.Equal(t, 2, n)
		}
		define(2, 200, filter)
		for _, count := range []int{1, 200} {
			shown, n := panels(count)
			assert.Equal(t, 2, n)
			assert.Len(t, shown[ids[0]], 1)
		}
		define(200, 450, filter)
		shown, n := panels(200)
		assert.Equal(t, 3, n)
		assert.Len(t, shown[ids[0]], 1)
		assert.Len(t, shown[ids[1]], 450)
		assert.Len(t, shown[ids[199]], 450)
	})
}
