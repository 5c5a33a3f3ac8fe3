package relationships_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/relationships"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// Many who ask at once share their questions, but what was kept before one of them
// began to ask shows: in Set when the same service made it, in Latest whoever did.
func TestNobodyIsToldOfABygoneDefinition(t *testing.T) {
	const changers, changes = 4, 25
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		here := newWorld(t, s)
		there := newWorld(t, s) // as another server has it
		var definitions []*relationships.Relationship
		for i := range changers {
			definitions = append(definitions, here.must(fields{"label": fmt.Sprint("d", i)}))
		}
		var over atomic.Bool
		var asking, changing sync.WaitGroup
		for i := range 16 {
			asking.Go(func() {
				ask := here.service.Latest
				if i%2 == 0 {
					ask = here.service.Set
				}
				for version := int64(0); !over.Load(); {
					set, err := ask(t.Context())
					if !assert.NoError(t, err) {
						return
					}
					now := set.ByID(definitions[0].ID).Version
					assert.GreaterOrEqual(t, now, version, "it was so before")
					version = now
				}
			})
		}
		for i, d := range definitions {
			changing.Go(func() {
				who, ask := here, here.service.Set
				if i%2 == 1 {
					who, ask = there, here.service.Latest
				}
				for n := range changes {
					text := fmt.Sprint("change ", n)
					_, err := who.patch(d.ID, fields{"description": text})
					assert.NoError(t, err)
					set, err := ask(t.Context())
					if assert.NoError(t, err) {
						assert.Equal(t, text, set.ByID(d.ID).Description)
					}
				}
			})
		}
		changing.Wait()
		over.Store(true)
		asking.Wait()
		set, err := here.service.Set(t.Context())
		require.NoError(t, err)
		again, err := here.service.Latest(t.Context())
		require.NoError(t, err)
		assert.Same(t, set, again, "nothing changed")
	})
}
