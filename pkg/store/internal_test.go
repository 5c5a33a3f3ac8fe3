package store

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
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

func TestConnectionsOfADatabaseHere(t *testing.T) {
	for dsn, here := range map[string]bool{
		"postgres://relata@127.0.0.1:5432/relata":         true,
		"postgres://relata@[::1]/relata":                  true,
		"postgres://relata@localhost/relata":              true,
		"postgres:///relata?host=/var/run/postgresql":     true,
		"postgres://relata@db.example.net/relata":         false,
		"postgres://relata@10.0.0.7/relata":               false,
		"postgres://localhost/relata?host=db.example.net": false,
	} {
		reads, writes := postgresConnections(dsn, 4)
		if here {
			assert.Equal(t, [2]int{8, 20}, [2]int{reads, writes}, dsn)
		} else {
			assert.Equal(t, [2]int{16, 16}, [2]int{reads, writes}, dsn)
		}
	}
}
