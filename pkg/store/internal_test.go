package store

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestNumberingTwiceChangesNothing(t *testing.T) {
	s, err := Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), Options{})
	require.NoError(t, err)
	defer s.Close()
	ctx := context.Background()
	for range 2 {
		require.NoError(t, s.inTx(ctx, func(tx *Tx) error {
			return tx.number(ctx, map[string][]string{"zz.a": {"x", "y"}, "zz.b": {"x"}})
		}))
	}
	types, fields, err := s.numbers(ctx)
	require.NoError(t, err)
	require.Contains(t, types, "zz.a")
	require.NotEqual(t, fields["zz.a.x"], fields["zz.b.x"])
}
