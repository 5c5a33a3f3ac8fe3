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
	var types map[string]int16
	var fields map[string]int32
	for range 2 {
		types, fields, err = s.BindTypes(ctx, map[string][]string{"zz.a": {"x", "y"}, "zz.b": {"x"}})
		require.NoError(t, err)
	}
	require.Equal(t, map[string]int16{"zz.a": 1, "zz.b": 2}, types)
	require.Equal(t, map[string]int32{"zz.a/x": 1, "zz.a/y": 2, "zz.b/x": 3}, fields)
}
