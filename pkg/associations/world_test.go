package associations_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"relata/pkg/associations"
	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
)

// world is a database with the services on it.
type world struct {
	t             *testing.T
	ctx           context.Context
	store         *store.Store
	registry      *objects.Registry
	relationships *relationships.Service
	associations  *associations.Service
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	ctx := context.Background()
	registry, err := objects.NewRegistry(ctx, s)
	require.NoError(t, err)
	engine := objects.NewService(registry, time.Now)
	definitions := relationships.NewService(s, registry, time.Now)
	return &world{
		t: t, ctx: ctx, store: s, registry: registry, relationships: definitions,
		associations: associations.NewService(s, engine, definitions, time.Now),
	}
}

// other is the same database as another server sees it.
func (w *world) other() *world { return newWorld(w.t, w.store) }

func (w *world) typ(name string) *objects.Type {
	w.t.Helper()
	typ := w.registry.Catalogue(w.ctx).Type(name)
	require.NotNil(w.t, typ, name)
	return typ
}

func draft(t *testing.T, body any) objects.Draft {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	d, err := objects.DecodeDraft(raw)
	require.NoError(t, err)
	return d
}

type fields = map[string]any

// define makes a definition; with "many-to-many" between tenants and
// manufacturers where more does not say otherwise.
func (w *world) define(label string, more fields) *relationships.Relationship {
	w.t.Helper()
	body := fields{"label": label, "source_type": "tenancy.tenant", "destination_type": "dcim.manufacturer"}
	for name, value := range more {
		body[name] = value
	}
	made, err := w.relationships.Create(w.ctx, []objects.Draft{draft(w.t, body)}, false)
	require.NoError(w.t, err)
	return made[0]
}

func (w *world) redefine(r *relationships.Relationship, change fields) error {
	_, err := w.relationships.Update(w.ctx, []objects.Change{{ID: r.ID, Draft: draft(w.t, change), Partial: true}})
	return err
}

// object makes an object that needs no more than a name.
func (w *world) object(typ, name string) uuid.UUID {
	w.t.Helper()
	return w.objectWith(typ, fields{"name": name})
}

func (w *world) objectWith(typ string, body fields) uuid.UUID {
	w.t.Helper()
	made, err := w.associations.CreateObjects(w.ctx, w.typ(typ), []objects.Draft{draft(w.t, body)}, false)
	require.NoError(w.t, err)
	return made[0]
}

func (w *world) objects(typ, prefix string, n int) []uuid.UUID {
	w.t.Helper()
	drafts := make([]objects.Draft, n)
	for i := range drafts {
		drafts[i] = draft(w.t, fields{"name": fmt.Sprintf("%s%d", prefix, i)})
	}
	made, err := w.associations.CreateObjects(w.ctx, w.typ(typ), drafts, true)
	require.NoError(w.t, err)
	return made
}

func (w *world) tenant(name string) uuid.UUID { w.t.Helper(); return w.object("tenancy.tenant", name) }
func (w *world) maker(name string) uuid.UUID {
	w.t.Helper()
	return w.object("dcim.manufacturer", name)
}

func body(r *relationships.Relationship, source, destination uuid.UUID) fields {
	return fields{
		"relationship": r.ID, "source_type": r.Source.Type, "source_id": source,
		"destination_type": r.Destination.Type, "destination_id": destination,
	}
}

// link makes an association.
func (w *world) link(r *relationships.Relationship, source, destination uuid.UUID) (associations.Association, error) {
	w.t.Helper()
	made, err := w.associations.Create(w.ctx, []objects.Draft{draft(w.t, body(r, source, destination))}, false)
	if err != nil {
		return associations.Association{}, err
	}
	return made[0], nil
}

func (w *world) mustLink(r *relationships.Relationship, source, destination uuid.UUID) associations.Association {
	w.t.Helper()
	a, err := w.link(r, source, destination)
	require.NoError(w.t, err)
	return a
}

// all returns all associations of a definition.
func (w *world) all(r *relationships.Relationship) []associations.Association {
	w.t.Helper()
	schema, err := w.associations.Schema(w.ctx)
	require.NoError(w.t, err)
	q, err := schema.Parse(w.ctx, w.store, []filters.Param{{Name: "relationship", Values: []string{r.Key}}})
	require.NoError(w.t, err)
	found, err := w.associations.Associations(w.ctx, associations.List{Query: q})
	require.NoError(w.t, err)
	n, err := w.store.AssociationCount(w.ctx, q)
	require.NoError(w.t, err)
	require.Len(w.t, found, n, "the count that writers noted")
	return found
}

// patch changes an object.
func (w *world) patch(typ string, id uuid.UUID, change fields) error {
	w.t.Helper()
	_, err := w.associations.UpdateObjects(w.ctx, w.typ(typ), []objects.Change{{ID: id, Draft: draft(w.t, change), Partial: true}})
	return err
}

func related(key string, side relationships.Side, peers ...any) fields {
	if peers == nil {
		peers = []any{}
	}
	return fields{"relationships": fields{key: fields{string(side): fields{"objects": peers}}}}
}
