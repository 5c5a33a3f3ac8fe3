package exchange_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/associations"
	"relata/pkg/exchange"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// atomically works in one transaction of s, as the commands do.
func atomically(t *testing.T, s *store.Store) exchange.Atomically {
	t.Helper()
	registry, err := objects.NewRegistry(context.Background(), s)
	require.NoError(t, err)
	require.NoError(t, objects.NewService(registry, time.Now).EnsureDefaults(context.Background(), s))
	return func(ctx context.Context, do func(exchange.Target) error) error {
		return s.Atomically(ctx, func(bound *store.Store) error {
			within := registry.Within(bound)
			engine := objects.NewService(within, time.Now)
			definitions := relationships.NewService(bound, within, time.Now)
			return do(exchange.Target{
				Catalogue: within.Catalogue, Read: bound, Relationships: definitions,
				Associations: associations.NewService(bound, engine, definitions, time.Now),
			})
		})
	}
}

func TestLoadDemo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		work := atomically(t, s)
		begun := time.Now()
		loaded, err := exchange.LoadDemo(ctx, work)
		require.NoError(t, err)
		assert.True(t, loaded)
		t.Log("loaded in", time.Since(begun))

		loaded, err = exchange.LoadDemo(ctx, work)
		require.NoError(t, err)
		assert.False(t, loaded, "where there is an inventory it is left alone")
	})
}
