package associations_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// told is what a fault says, by field.
func told(err error) map[string][]string {
	e := fault.As(err)
	if e == nil {
		if err != nil {
			return map[string][]string{"internal": {err.Error()}}
		}
		return nil
	}
	out := map[string][]string{}
	if e.Detail != "" {
		out["detail"] = []string{e.Detail}
	}
	for _, p := range e.Fields {
		key := ""
		for i, part := range p.Path {
			if i > 0 {
				key += "."
			}
			key += part
		}
		out[key] = p.Messages
	}
	return out
}

const (
	dup  = "The fields relationship, source_type, source_id, destination_type, destination_id must make a unique set."
	dup2 = "Relationship association with this Relationship, Source type, Source id, Destination type and Destination id already exists."
)

func TestRulesOfOneAssociation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		t1, t2, t3, t4 := w.tenant("t1"), w.tenant("t2"), w.tenant("t3"), w.tenant("t4")
		m1, m2, m3 := w.maker("m1"), w.maker("m2"), w.maker("m3")
		nobody := uuid.New()
		many := w.define("many", nil)
		oneMany := w.define("oneMany", fields{"type": "one-to-many"})
		one := w.define("one", fields{"type": "one-to-one"})
		tenants := fields{"destination_type": "tenancy.tenant"}
		loop := w.define("loop", fields{"type": "one-to-one", "destination_type": "tenancy.tenant"})
		symOne := w.define("symOne", fields{"type": "symmetric-one-to-one", "destination_type": "tenancy.tenant"})
		symMany := w.define("symMany", fields{"type": "symmetric-many-to-many", "destination_type": "tenancy.tenant"})
		narrow := w.define("narrow", fields{"source_filter": fields{"name": []string{"t1"}}, "destination_filter": fields{"name__ic": []string{"1"}}})
		_ = tenants
		w.mustLink(many, t1, m1)
		w.mustLink(oneMany, t1, m1)
		w.mustLink(one, t1, m1)
		w.mustLink(symOne, t1, t2)
		w.mustLink(symMany, t1, t2)
		w.mustLink(loop, t1, t2)
		w.mustLink(narrow, t1, m1)
		tests := []struct {
			name        string
			r           *relationships.Relationship
			source      uuid.UUID
			destination uuid.UUID
			more        fields
			want        map[string][]string
		}{
			{name: "a pair twice", r: many, source: t1, destination: m1, want: map[string][]string{"non_field_errors": {dup}}},
			{name: "a duplicate comes before cardinality", r: one, source: t1, destination: m1, want: map[string][]string{"non_field_errors": {dup}}},
			{name: "no such source", r: many, source: nobody, destination: nobody, want: map[string][]string{"source_id": {"Object not found"}}},
			{name: "no such destination", r: many, source: t1, destination: nobody, want: map[string][]string{"destination_id": {"Object not found"}}},
			{name: "a source of another type", r: many, source: m1, destination: m2, want: map[string][]string{"source_id": {"Object not found"}}},
			{name: "another source type", r: many, source: m1, destination: m2, more: fields{"source_type": "dcim.manufacturer"},
				want: map[string][]string{"source_type": {"source_type has a different value than defined in many"}}},
			{name: "another destination type", r: many, source: t1, destination: t2, more: fields{"destination_type": "tenancy.tenant"},
				want: map[string][]string{"destination_type": {"destination_type has a different value than defined in many"}}},
			{name: "an object with itself", r: loop, source: t3, destination: t3,
				want: map[string][]string{"destination_id": {"An object cannot form a RelationshipAssociation with itself"}}},
			{name: "a symmetric pair the other way", r: symMany, source: t2, destination: t1,
				want: map[string][]string{"__all__": {"A symMany association already exists between t2 and t1"}}},
			{name: "a second source of a destination", r: oneMany, source: t2, destination: m1,
				want: map[string][]string{"destination": {"Unable to create more than one oneMany association to m1 (destination)"}}},
			{name: "a second destination of a source", r: one, source: t1, destination: m2,
				want: map[string][]string{"source": {"Unable to create more than one one association from t1 (source)"}}},
			{name: "a one-to-one back again is another", r: loop, source: t2, destination: t1},
			{name: "symmetric one-to-one: the source is a destination", r: symOne, source: t2, destination: t3,
				want: map[string][]string{"source": {"Unable to create more than one symOne association involving t2 (peer)"}}},
			{name: "symmetric one-to-one: the destination is a source", r: symOne, source: t3, destination: t1,
				want: map[string][]string{"destination": {"Unable to create more than one symOne association involving t1 (peer)"}}},
			{name: "symmetric one-to-one: the source is a source", r: symOne, source: t1, destination: t3,
				want: map[string][]string{"source": {"Unable to create more than one symOne association from t1 (source)"}}},
			{name: "symmetric one-to-one: the other way", r: symOne, source: t2, destination: t1,
				want: map[string][]string{"__all__": {"A symOne association already exists between t2 and t1"}}},
			{name: "outside both filters: the destination is told", r: narrow, source: t2, destination: m2,
				want: map[string][]string{"destination": {"m2 violates narrow destination_filter restriction"}}},
			{name: "outside the source's filter", r: narrow, source: t2, destination: m1,
				want: map[string][]string{"source": {"t2 violates narrow source_filter restriction"}}},
			{name: "both free", r: oneMany, source: t1, destination: m2},
			{name: "one-to-one of free ends", r: one, source: t4, destination: m3},
			{name: "symmetric one-to-one of free ends", r: symOne, source: t3, destination: t4},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				b := body(tt.r, tt.source, tt.destination)
				for name, value := range tt.more {
					b[name] = value
				}
				made, err := w.associations.Create(w.ctx, []objects.Draft{draft(t, b)}, false)
				assert.Equal(t, tt.want, told(err))
				if tt.want == nil && assert.NoError(t, err) {
					assert.Equal(t, tt.source, made[0].SourceID)
					assert.NotEmpty(t, made[0].SourceStr)
					assert.NotEmpty(t, made[0].DestinationStr)
				}
			})
		}
	})
}

func TestFieldsOfAnAssociation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		t1, m1, m2 := w.tenant("t1"), w.maker("m1"), w.maker("m2")
		r := w.define("Some label", nil)
		w.define("Some other", nil)
		a := w.mustLink(r, t1, m1)
		tests := []struct {
			name string
			body fields
			want map[string][]string
		}{
			{"nothing", fields{}, map[string][]string{
				"source_type": {"This field is required."}, "destination_type": {"This field is required."},
				"source_id": {"This field is required."}, "destination_id": {"This field is required."}, "relationship": {"This field is required."},
			}},
			{"junk everywhere", fields{"source_type": 5, "destination_type": "no.such", "source_id": []int{1}, "destination_id": nil, "relationship": true}, map[string][]string{
				"source_type": {"Invalid value. Specify a content type as '<app_label>.<model_name>'."}, "destination_type": {"Invalid content type: no.such"},
				"source_id": {"Must be a valid UUID."}, "destination_id": {"This field may not be null."},
				"relationship": {"Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: True"},
			}},
			{"an id that is taken", with(body(r, t1, m2), "id", a.ID), map[string][]string{"id": {"Relationship association with this Id already exists."}}},
			{"a key", with(body(r, t1, m1), "relationship", "some_label"), map[string][]string{"non_field_errors": {dup}}},
			{"attributes", with(body(r, t1, m1), "relationship", fields{"label__istartswith": "some L"}), map[string][]string{"non_field_errors": {dup}}},
			{"attributes of several", with(body(r, t1, m1), "relationship", fields{"label__startswith": "Some"}),
				map[string][]string{"relationship": {"Multiple objects match the provided attributes: {'label__startswith': 'Some'}"}}},
			{"an address", with(body(r, t1, m1), "relationship", "http://h:8080/api/extras/relationships/"+r.ID.String()+"/"), map[string][]string{"non_field_errors": {dup}}},
			{"a label is no key", with(body(r, t1, m1), "relationship", "it's"),
				map[string][]string{"relationship": {`Related object not found using the provided attributes: {'key': "it's"}`}}},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				_, err := w.associations.Create(w.ctx, []objects.Draft{draft(t, tt.body)}, false)
				assert.Equal(t, tt.want, told(err))
			})
		}
	})
}

func with(b fields, name string, value any) fields {
	b[name] = value
	return b
}

func TestBulkCreateSeesItsOwnMembers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ts, ms := w.objects("tenancy.tenant", "t", 4), w.objects("dcim.manufacturer", "m", 4)
		one := w.define("one", fields{"type": "one-to-one"})
		many := w.define("many", nil)
		sym := w.define("sym", fields{"type": "symmetric-one-to-one", "destination_type": "tenancy.tenant"})

		_, err := w.associations.Create(w.ctx, []objects.Draft{
			draft(t, body(many, ts[0], ms[0])), draft(t, body(one, ts[0], ms[0])), draft(t, body(one, ts[0], ms[1])),
			draft(t, body(many, ts[0], ms[0])), draft(t, body(sym, ts[0], ts[1])), draft(t, body(sym, ts[2], ts[0])), draft(t, fields{}),
		}, true)
		e := fault.As(err)
		require.NotNil(t, e, "%v", err)
		require.Len(t, e.Items, 7)
		assert.NoError(t, e.Items[0])
		assert.NoError(t, e.Items[1])
		assert.Equal(t, map[string][]string{"source": {"Unable to create more than one one association from t0 (source)"}}, told(e.Items[2]))
		assert.Equal(t, map[string][]string{"non_field_errors": {dup}}, told(e.Items[3]))
		assert.NoError(t, e.Items[4])
		assert.Equal(t, map[string][]string{"destination": {"Unable to create more than one sym association involving t0 (peer)"}}, told(e.Items[5]))
		assert.Len(t, told(e.Items[6]), 5)
		assert.Empty(t, w.all(one), "all or nothing")
		assert.Empty(t, w.all(many))

		made, err := w.associations.Create(w.ctx, []objects.Draft{
			draft(t, body(one, ts[0], ms[0])), draft(t, body(many, ts[3], ms[0])), draft(t, body(one, ts[1], ms[1])), draft(t, body(many, ts[0], ms[3])),
		}, true)
		require.NoError(t, err)
		assert.Equal(t, []uuid.UUID{ts[0], ts[3], ts[1], ts[0]}, []uuid.UUID{made[0].SourceID, made[1].SourceID, made[2].SourceID, made[3].SourceID})
		assert.Equal(t, "t3 -> m0 - many", made[1].Display())
		assert.Len(t, w.all(one), 2)
	})
}

func TestBulkCreateIsAFewStatements(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ts, ms := w.objects("tenancy.tenant", "t", 40), w.objects("dcim.manufacturer", "m", 50)
		many := w.define("many", nil)
		var drafts []objects.Draft
		for _, a := range ts {
			for _, b := range ms {
				drafts = append(drafts, draft(t, body(many, a, b)))
			}
		}
		_, _ = w.relationships.Set(w.ctx)
		count := w.count(func() {
			_, err := w.associations.Create(w.ctx, drafts, true)
			require.NoError(t, err)
		})
		assert.LessOrEqual(t, count, 3)
		assert.Len(t, w.all(many), 2000)
	})
}

// However few objects the filters leave, what is wanted is looked up link by link.
func TestBulkCreateUnderFilters(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		group := w.object("tenancy.tenantgroup", "all")
		var ts []uuid.UUID
		for i := range 100 {
			ts = append(ts, w.objectWith("tenancy.tenant", fields{"name": fmt.Sprintf("t%d", i), "tenant_group": group}))
		}
		ms := w.objects("dcim.manufacturer", "m", 400)
		filtered := w.define("filtered", fields{"type": "one-to-many", "source_filter": fields{"tenant_group": []string{"all"}}})
		var drafts []objects.Draft
		for i, m := range ms {
			drafts = append(drafts, draft(t, body(filtered, ts[i%len(ts)], m)))
		}
		ctx, cancel := context.WithTimeout(w.ctx, 5*time.Second)
		defer cancel()
		_, err := w.associations.Create(ctx, drafts, true)
		require.NoError(t, err)
		assert.Len(t, w.all(filtered), 400)
	})
}

// count returns how many statements do runs.
func (w *world) count(do func()) int {
	n := 0
	w.store.Observe(func(string) { n++ })
	defer w.store.Observe(nil)
	do()
	return n
}

func TestUpdateAssociation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		p, q, u, v, x := w.tenant("p"), w.tenant("q"), w.tenant("u"), w.tenant("v"), w.tenant("x")
		m1, m2 := w.maker("m1"), w.maker("m2")
		sym := w.define("sym", fields{"type": "symmetric-one-to-one", "destination_type": "tenancy.tenant"})
		many := w.define("many", nil)
		one := w.define("one", fields{"type": "one-to-many"})
		a, b := w.mustLink(sym, p, q), w.mustLink(sym, u, v)
		c := w.mustLink(many, p, m1)
		of1 := w.mustLink(one, p, m1)
		patch := func(a uuid.UUID, change fields) error {
			_, err := w.associations.Update(w.ctx, []objects.Change{{ID: a, Draft: draft(t, change), Partial: true}})
			return err
		}
		tests := []struct {
			name   string
			id     uuid.UUID
			change fields
			want   map[string][]string
		}{
			{"taken as destination", a.ID, fields{"destination_id": v}, map[string][]string{"destination": {"Unable to create more than one sym association to v (destination)"}}},
			{"taken as source", a.ID, fields{"destination_id": u}, map[string][]string{"destination": {"Unable to create more than one sym association involving u (peer)"}}},
			{"its own mirror", a.ID, fields{"source_id": q, "destination_id": p}, map[string][]string{"__all__": {"A sym association already exists between q and p"}}},
			{"nothing", a.ID, fields{}, nil},
			{"another end", a.ID, fields{"destination_id": x}, nil},
			{"an end that is free again", b.ID, fields{"destination_id": q}, nil},
			{"a type alone", c.ID, fields{"source_type": "dcim.manufacturer"}, map[string][]string{"source_id": {"Object not found"}}},
			{"another relationship, where it is too many", c.ID, fields{"relationship": one.ID, "source_id": q}, map[string][]string{"destination": {"Unable to create more than one one association to m1 (destination)"}}},
			{"an end of another type, of a pair that exists", a.ID, fields{"relationship": one.ID, "source_id": p, "destination_id": m1}, map[string][]string{"destination_id": {"Object not found"}}},
			{"another id", c.ID, fields{"id": uuid.New()}, map[string][]string{"__all__": {dup2}}},
			{"another id and end", c.ID, fields{"id": uuid.New(), "destination_id": m2}, map[string][]string{"__all__": {dup2}}},
			{"another id, where there is room for one", of1.ID, fields{"id": uuid.New()}, map[string][]string{
				"destination": {"Unable to create more than one one association to m1 (destination)"}, "__all__": {dup2}}},
			{"another id and source, where there is room for one", of1.ID, fields{"id": uuid.New(), "source_id": q}, map[string][]string{
				"destination": {"Unable to create more than one one association to m1 (destination)"}}},
			{"another relationship", c.ID, fields{"relationship": one.ID, "destination_id": m2}, nil},
			{"nobody", uuid.New(), fields{}, map[string][]string{"detail": {"No RelationshipAssociation matches the given query."}}},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.want, told(patch(tt.id, tt.change))) })
		}
		assert.Empty(t, w.all(many))
		assert.Len(t, w.all(one), 2)
		assert.Len(t, w.all(sym), 2)

		_, err := w.associations.Update(w.ctx, []objects.Change{
			{ID: a.ID, Draft: draft(t, fields{"source_id": v}), Partial: true, Bulk: true},
			{ID: uuid.New(), Draft: draft(t, fields{}), Partial: true, Bulk: true},
			{ID: b.ID, Draft: draft(t, fields{"source_id": p}), Partial: true, Bulk: true},
		})
		require.NoError(t, err, "each member sees what the one before it left")
		require.NoError(t, w.redefine(one, fields{"destination_filter": fields{"name": []string{"none"}}}))
		assert.Equal(t, map[string][]string{"destination": {"m2 violates one destination_filter restriction"}}, told(patch(c.ID, fields{})))
		require.NoError(t, w.associations.Delete(w.ctx, []uuid.UUID{c.ID, uuid.New()}, true))
		assert.ErrorIs(t, w.associations.Delete(w.ctx, []uuid.UUID{c.ID}, false), fault.NotFound)
		assert.Len(t, w.all(one), 1)
	})
}

func TestDefinitionOfAnotherServer(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		other := w.other()
		t1, m1, m2 := w.tenant("t1"), w.maker("m1"), w.maker("m2")
		r := w.define("r", nil)
		_, err := other.link(r, t1, m1)
		require.NoError(t, err)
		require.NoError(t, w.redefine(r, fields{"destination_filter": fields{"name": []string{"m1"}}}))
		_, err = other.link(r, t1, m2)
		assert.Equal(t, map[string][]string{"destination": {"m2 violates r destination_filter restriction"}}, told(err), "nobody judges by the filter of before")
		require.NoError(t, w.redefine(r, fields{"destination_filter": nil}))
		_, err = other.link(r, t1, m2)
		require.NoError(t, err)
		newer := w.define("newer", nil)
		_, err = other.link(newer, t1, m2)
		require.NoError(t, err, "a definition made a moment ago elsewhere")
		require.NoError(t, w.relationships.Delete(w.ctx, []uuid.UUID{newer.ID}, false))
		_, err = other.link(newer, t1, m1)
		assert.Equal(t, map[string][]string{"relationship": {"Related object not found using the provided attributes: {'pk': UUID('" + newer.ID.String() + "')}"}}, told(err))
	})
}
