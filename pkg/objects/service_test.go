package objects_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

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
