package store_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strings"
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
	_, err := store.Open(ctx, "mysql://ada:love@lace@host/db", store.Options{})
	assert.EqualError(t, err, `database "…@host/db": it must be sqlite:PATH or postgres://…`, "no part of the password")
	_, err = store.Open(ctx, "sqlite:"+filepath.Join(t.TempDir(), "x.db"), store.Options{NoMigrate: true})
	assert.ErrorContains(t, err, "relata migrate")
	empty := filepath.Join(t.TempDir(), "empty.db")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	_, err = store.Open(ctx, "sqlite:"+empty, store.Options{NoMigrate: true})
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
	tests := []struct {
		name string
		time time.Duration
		text int // its length
		re   string
	}{
		{"many texts", 2 * time.Millisecond, 20_000, `(x+x+)+y|(a{0,9}b?){0,9}c`},
		{"one text", 5 * time.Millisecond, 400_000, strings.Repeat("a?", 300) + "b"},
	}
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		w := newWorld(t, s)
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				store.ShortenPatternTime(t, tt.time)
				w.clear(t)
				for range 300 * 20_000 / tt.text {
					w.objects = append(w.objects, &object{id: uuid.New(), kind: "x.thing",
						data: map[string]any{"name": "a", "note": strings.Repeat("a", tt.text), "created": times[0]}})
				}
				w.save(t)
				q, err := w.schema.Parse(ctx, s, []filters.Param{{Name: "note__re", Values: []string{tt.re}}})
				require.NoError(t, err)
				began := time.Now()
				_, err = s.Find(ctx, w.thingType(), q, 10)
				assert.Less(t, time.Since(began), 5*time.Second)
				require.ErrorIs(t, err, fault.Invalid)
				assert.Equal(t, []string{"note__re"}, fault.As(err).Fields[0].Path)
				require.NoError(t, s.Ping(ctx))
			})
		}
	})
}

// What comes behind the first row has no more time than that.
func TestASlowPatternBehindAQuickOne(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		store.ShortenPatternTime(t, 200*time.Millisecond)
		w := newWorld(t, s)
		random, letters := rand.New(rand.NewSource(1)), make([]byte, 60_000)
		for i := range letters {
			letters[i] = "ab"[random.Intn(2)]
		}
		var ids []uuid.UUID
		for i := range 3 {
			note := string(letters)
			if i != 1 { // whichever comes first
				note = "z"
			}
			ids = append(ids, uuid.UUID{14: 1, 15: byte(i)})
			w.objects = append(w.objects, &object{id: ids[i], kind: "x.thing", data: map[string]any{"name": "a", "note": note, "created": times[0]}})
		}
		w.save(t)
		patterns := []string{"z"}
		for i := range 100 {
			patterns = append(patterns, fmt.Sprintf("a.{250}%d", i))
		}
		q, err := w.schema.Parse(ctx, s, []filters.Param{{Name: "note__re", Values: patterns}})
		require.NoError(t, err)
		began := time.Now()
		_, err = s.Applying(ctx, ids, []filters.Query{q})
		assert.Less(t, time.Since(began), 7*time.Second)
		assert.ErrorIs(t, err, fault.Invalid)
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
