package objects_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/store"
)

// world is a service on an empty database, with what the tests make there.
type world struct {
	t        *testing.T
	store    *store.Store
	service  *objects.Service
	registry *objects.Registry
	ids      map[string]string
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	registry, err := objects.NewRegistry(context.Background(), s)
	require.NoError(t, err)
	return &world{t: t, store: s, service: objects.NewService(registry, time.Now), registry: registry, ids: map[string]string{}}
}

func (w *world) typ(name string) *objects.Type {
	t := w.registry.Catalogue(context.Background()).Type(name)
	require.NotNil(w.t, t, name)
	return t
}

// body replaces $name by the id that was made under that name.
func (w *world) body(text string) string {
	for name, id := range w.ids {
		text = strings.ReplaceAll(text, `"$`+name+`"`, `"`+id+`"`)
		text = strings.ReplaceAll(text, `$`+name+`;`, id)
	}
	return text
}

// create makes objects of a type from the bodies, together.
func (w *world) create(typeName string, bodies ...string) ([]*objects.Object, error) {
	ctx := context.Background()
	var made []*objects.Object
	err := w.store.ChangeObjects(ctx, func(tx objects.Tx) error {
		var drafts []objects.Draft
		for _, body := range bodies {
			draft, err := objects.DecodeDraft(json.RawMessage(w.body(body)))
			if err != nil {
				return err
			}
			drafts = append(drafts, draft)
		}
		planned, err := w.service.Plan(ctx, tx, w.typ(typeName), drafts, nil, len(bodies) > 1)
		if err != nil {
			return err
		}
		made, err = w.service.Save(ctx, tx, planned)
		return err
	})
	return made, err
}

// make makes an object and remembers its id.
func (w *world) make(name, typeName, body string) *objects.Object {
	w.t.Helper()
	made, err := w.create(typeName, body)
	require.NoError(w.t, err, "%s %s", typeName, body)
	w.ids[name] = made[0].ID.String()
	return made[0]
}

// change changes an object as a PATCH does.
func (w *world) change(name, typeName, body string) (*objects.Object, error) {
	ctx := context.Background()
	var made []*objects.Object
	err := w.store.ChangeObjects(ctx, func(tx objects.Tx) error {
		draft, err := objects.DecodeDraft(json.RawMessage(w.body(body)))
		if err != nil {
			return err
		}
		id, _ := objects.ParseID(w.ids[name])
		planned, err := w.service.PlanChange(ctx, tx, w.typ(typeName), objects.Change{ID: id, Draft: draft, Partial: true}, nil)
		if err != nil {
			return err
		}
		made, err = w.service.Save(ctx, tx, []*objects.Planned{planned})
		return err
	})
	if err != nil {
		return nil, err
	}
	return made[0], nil
}

// remove deletes the named objects with one request.
func (w *world) remove(names ...string) error {
	ctx := context.Background()
	var going []uuid.UUID
	for _, name := range names {
		id, _ := objects.ParseID(w.ids[name])
		going = append(going, id)
	}
	return w.store.ChangeObjects(ctx, func(tx objects.Tx) error {
		_, err := w.service.Delete(ctx, tx, going, nil)
		return err
	})
}

// told is the error as JSON would answer it.
func told(err error) string {
	var f *fault.Error
	if err == nil {
		return ""
	}
	if !errors.As(err, &f) {
		return "internal: " + err.Error()
	}
	return f.Error()
}

// row is what is stored of the object with that name.
func (w *world) row(name string) objects.Stored {
	w.t.Helper()
	id, _ := objects.ParseID(w.ids[name])
	rows, err := w.store.Stored(w.t.Context(), ids(id))
	require.NoError(w.t, err)
	require.Len(w.t, rows, 1, name)
	return rows[0]
}

// str is what the object with that name is called.
func (w *world) str(name string) string {
	w.t.Helper()
	return w.row(name).Str
}

func (w *world) load(name string) *objects.Object {
	w.t.Helper()
	o, err := w.registry.Catalogue(w.t.Context()).Object(w.row(name))
	require.NoError(w.t, err)
	return o
}

// parent is what the parent of the object with that name is called.
func (w *world) parent(name string) string {
	w.t.Helper()
	o := w.load(name)
	if len(o.Refs["parent"]) == 0 {
		return ""
	}
	above, err := w.store.Stored(w.t.Context(), o.Refs["parent"])
	require.NoError(w.t, err)
	return above[0].Str
}

// at says by name where the named objects are: what their reference leads to.
func (w *world) at(field string, names ...string) string {
	w.t.Helper()
	called := map[string]string{uuid.Nil.String(): "-"}
	for name, id := range w.ids {
		called[id] = name
	}
	out := make([]string, len(names))
	for i, name := range names {
		out[i] = name + "=" + called[w.load(name).Ref(field).String()]
	}
	return strings.Join(out, " ")
}

// all are the names of the objects of a type.
func (w *world) all(typ string) []any {
	w.t.Helper()
	rows, err := w.store.StoredOfType(w.t.Context(), w.typ(typ).ID)
	require.NoError(w.t, err)
	var names []any
	for _, row := range rows {
		o, err := w.registry.Catalogue(w.t.Context()).Object(row)
		require.NoError(w.t, err)
		names = append(names, o.Values["name"])
	}
	return names
}

// move changes an object; what it is told must be want.
func (w *world) move(name, typ, body, want string) {
	w.t.Helper()
	_, err := w.change(name, typ, body)
	require.Equal(w.t, want, told(err), "%s %s", name, body)
}

// refusal is a request that breaks a rule, and what is told; empty: it breaks none.
// A change has the name of an object, other rows what the test is called.
type refusal struct{ name, typ, body, want string }

// refused makes objects, none of which may come to be.
func (w *world) refused(tests []refusal) {
	w.t.Helper()
	for _, tt := range tests {
		w.t.Run(tt.name, func(t *testing.T) {
			_, err := w.create(tt.typ, tt.body)
			require.Equal(t, tt.want, told(err))
		})
	}
}

// moves changes objects, one after the other.
func (w *world) moves(tests []refusal) {
	w.t.Helper()
	for _, tt := range tests {
		w.t.Run(tt.name+" "+tt.body, func(t *testing.T) {
			_, err := w.change(tt.name, tt.typ, tt.body)
			require.Equal(t, tt.want, told(err))
		})
	}
}

func ids(list ...uuid.UUID) []uuid.UUID { return list }
