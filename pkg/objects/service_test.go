package objects_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
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

func (w *world) remove(name string) error {
	ctx := context.Background()
	id, _ := objects.ParseID(w.ids[name])
	return w.store.ChangeObjects(ctx, func(tx objects.Tx) error {
		_, err := w.service.Delete(ctx, tx, ids(id), nil)
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

// basics makes what most tests need.
func (w *world) basics() {
	w.t.Helper()
	w.make("active", "extras.status", `{"name":"E Active","content_types":["dcim.device","dcim.location","dcim.rack","dcim.interface","ipam.vlan","ipam.prefix","ipam.ipaddress","circuits.circuit","virtualization.virtualmachine"]}`)
	w.make("site", "dcim.locationtype", `{"name":"E Site","nestable":true,"content_types":["dcim.device","dcim.rack","ipam.vlan","dcim.rackgroup"]}`)
	w.make("paris", "dcim.location", `{"name":"Paris","location_type":"$site","status":"$active"}`)
	w.make("cisco", "dcim.manufacturer", `{"name":"Cisco"}`)
	w.make("c9300", "dcim.devicetype", `{"manufacturer":"$cisco","model":"C9300"}`)
	w.make("edge", "extras.role", `{"name":"E Edge","content_types":["dcim.device","ipam.vlan"]}`)
	w.make("sw1", "dcim.device", `{"name":"sw1","device_type":"$c9300","role":"$edge","status":"$active","location":"$paris"}`)
}

func TestBasics(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		_, err := w.create("dcim.manufacturer", `{"name":"Cisco"}`)
		require.Equal(t, "name: manufacturer with this name already exists.", told(err))
		_, err = w.create("dcim.device", `{"name":"x"}`)
		require.Equal(t, "device_type: This field is required.; status: This field is required.; role: This field is required.; location: This field is required.", told(err))
		_, err = w.create("dcim.device", `{"name":"sw1","device_type":"$c9300","role":"$edge","status":"$active","location":"$paris"}`)
		require.Contains(t, told(err), "A device named 'sw1' with no tenant already exists in this location: Paris.")
		require.Contains(t, told(w.remove("cisco")), "Unable to delete object. 1 dependent objects were found: C9300")
		require.NoError(t, w.remove("sw1"))
	})
}

func TestEnsureDefaults(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		ctx := context.Background()
		require.NoError(t, w.service.EnsureDefaults(ctx, s))
		require.NoError(t, w.service.EnsureDefaults(ctx, s), "a second start changes nothing")
		rows, err := s.StoredOfType(ctx, w.typ("extras.status").ID)
		require.NoError(t, err)
		require.Len(t, rows, 22)
		_, err = w.create("ipam.namespace", `{"name":"Global"}`)
		require.Equal(t, "name: namespace with this name already exists.", told(err))
	})
}
