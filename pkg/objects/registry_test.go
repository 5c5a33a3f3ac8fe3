package objects_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// Another server changes the catalogue, and here a transaction is open, which on
// SQLite nobody may write beside.
func TestCatalogueChangesDuringATransaction(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		registry := newWorld(t, s).registry
		_, err := objects.NewTypes(s, newWorld(t, s).registry).Create(t.Context(), json.RawMessage(
			`{"app_label":"custom","model":"service","verbose_name":"service","fields":[{"name":"owner","kind":"reference","targets":["dcim.device"]}]}`))
		require.NoError(t, err)
		registry.Forget()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		err = s.Atomically(ctx, func(bound *store.Store) error {
			within := registry.Within(bound)
			require.Nil(t, registry.Known().Type("custom.service"), "nothing is asked beside the transaction")
			require.NotNil(t, within.Catalogue(ctx).Type("custom.service"))
			registry.Forget()
			require.NotNil(t, registry.Catalogue(ctx).Type("custom.service"), "and who asks is answered")
			return nil
		})
		require.NoError(t, err)
	})
}
