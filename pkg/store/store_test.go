package store_test

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestPing(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		require.NoError(t, s.Ping(context.Background()))
	})
}

func TestOpenRefusesWhatItCannotOpen(t *testing.T) {
	ctx := context.Background()
	for _, dsn := range []string{"", "sqlite:", "mysql://x", "sqlite:/nowhere/at/all/x.db", "postgres://nobody:secret@127.0.0.1:1/x"} {
		_, err := store.Open(ctx, dsn, store.Options{})
		require.Error(t, err, dsn)
		assert.NotContains(t, err.Error(), "secret")
	}
	_, err := store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), store.Options{NoMigrate: true})
	assert.ErrorContains(t, err, "relata migrate")
}

// The database is new to all of them: each sees the tables made once.
func TestServersThatStartAtOnce(t *testing.T) {
	start := func(t *testing.T, dsn string) {
		ctx := context.Background()
		var wait sync.WaitGroup
		for range 4 {
			wait.Go(func() {
				s, err := store.Open(ctx, dsn, store.Options{})
				if !assert.NoError(t, err) {
					return
				}
				types, _, err := s.BindTypes(ctx, map[string][]string{"x.a": {"f"}, "x.b": {"f", "g"}})
				assert.NoError(t, err)
				assert.Len(t, types, 2)
				assert.NoError(t, s.Close())
			})
		}
		wait.Wait()
	}
	t.Run("sqlite", func(t *testing.T) { start(t, "sqlite:"+filepath.Join(t.TempDir(), "a b%.db")) })
	t.Run("postgres", func(t *testing.T) { start(t, storetest.PostgresWithoutTables(t)) })
}

func TestATimeThatIsOverEndsAStatement(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		defer cancel()
		began := time.Now()
		var n int
		err := s.Scalar(ctx, &n, `with recursive n (i) as (select 1 union all select i + 1 from n where i < 1000000000) select count(*) from n`)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Less(t, time.Since(began), 3*time.Second)
		require.NoError(t, s.Ping(context.Background()))
	})
}

func TestASlowPatternIsTheSendersFault(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		w := newWorld(t, s)
		long := make([]byte, 3000)
		for i := range long {
			long[i] = 'a'
		}
		for range 400 {
			o := &object{id: uuid.New(), kind: "x.thing", data: map[string]any{"name": "a", "note": string(long), "created": times[0]}}
			w.objects = append(w.objects, o)
		}
		w.save(t)
		q, err := w.schema.Parse(ctx, s, []filters.Param{{Name: "note__re", Values: []string{`(a{0,60}){0,60}(a{0,40}b?){0,30}c`, `(x+x+)+y`}}})
		if errors.Is(err, fault.Invalid) {
			return // too complex to begin with
		}
		require.NoError(t, err)
		began := time.Now()
		_, err = s.Find(ctx, w.thingType(), q, 10)
		assert.Less(t, time.Since(began), 4*time.Second)
		require.ErrorIs(t, err, fault.Invalid)
		assert.Equal(t, []string{"note__re"}, fault.As(err).Fields[0].Path)
	})
}

func TestEverythingAtomicallyIsUndoneTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		stop := errors.New("stop")
		err := s.Atomically(ctx, func(s *store.Store) error {
			assert.True(t, s.Bound())
			_, _, err := s.BindTypes(ctx, map[string][]string{"x.a": nil})
			require.NoError(t, err)
			return stop
		})
		require.ErrorIs(t, err, stop)
		types, _, err := s.BindTypes(ctx, map[string][]string{"x.b": nil})
		require.NoError(t, err)
		assert.NotContains(t, types, "x.a")
	})
}
