package associations_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// slowly is a regular expression that takes seconds on longText, in either
// database.
const slowly = "(x+x+)+y|(((a?){9}){9}b?){9}c"

var longText = strings.Repeat("a", 60_000)

// A regular expression in the filter of a definition has a second, whatever
// judges by it, and nothing is written.
func TestASlowPatternInADefinition(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		long := func(name string) fields { return fields{"name": name, "comments": longText} }
		var tenants []uuid.UUID
		for _, name := range []string{"long", "longer", "longest"} {
			tenants = append(tenants, w.objectWith("tenancy.tenant", long(name)))
		}
		short := w.tenant("short")
		maker := w.maker("maker")
		slow := w.define("Slow", fields{"type": "many-to-many", "source_filter": fields{"comments__re": []string{slowly}}})
		const atEnd = "The regular expression for comments__re in the source_filter of Slow takes too long."
		inPanel := map[string][]string{"relationships.slow": {atEnd}}

		tests := []struct {
			name string
			do   func() error
			want map[string][]string
		}{
			{"an association", func() error {
				_, err := w.link(slow, tenants[0], maker)
				return err
			}, map[string][]string{"source": {atEnd}}},
			{"what an object shows", func() error {
				_, err := w.associations.Panels(w.ctx, w.typ("tenancy.tenant"), tenants)
				return err
			}, inPanel},
			{"a new object", func() error {
				_, err := w.associations.CreateObjects(w.ctx, w.typ("tenancy.tenant"), []objects.Draft{draft(t, long("new"))}, false)
				return err
			}, inPanel},
			{"a change", func() error { return w.patch("tenancy.tenant", short, long("short")) }, inPanel},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				began := time.Now()
				err := tt.do()
				assert.Less(t, time.Since(began), 4*time.Second)
				require.ErrorIs(t, err, fault.Invalid)
				assert.Equal(t, tt.want, told(err))
			})
		}
		assert.Empty(t, w.all(slow))

		t.Run("a link within the write of an object", func(t *testing.T) {
			err := w.patch("dcim.manufacturer", maker, related("slow", "source", tenants[0]))
			require.ErrorIs(t, err, fault.Invalid)
			assert.True(t, fault.As(err).Nested)
			assert.Equal(t, map[string][]string{"source": {atEnd}}, told(err))
		})
		t.Run("others are not slow", func(t *testing.T) {
			quick := w.define("Quick", fields{"type": "many-to-many", "source_filter": fields{"name__re": []string{"^l"}}})
			w.mustLink(quick, tenants[0], maker)
			_, err := w.link(quick, short, maker)
			assert.Contains(t, told(err)["source"][0], "violates Quick source_filter")
		})
	})
}
