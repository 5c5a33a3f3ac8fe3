// Package storetest gives tests empty databases: SQLite files, and databases of
// a PostgreSQL that it starts itself.
package storetest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"relata/pkg/store"
)

// New returns an empty store in a SQLite file that is gone after the test.
func New(t testing.TB) *store.Store {
	t.Helper()
	return open(t, SQLite(t))
}

// Each runs do twice, with an empty store in SQLite and one in PostgreSQL. The
// latter is skipped where neither PostgreSQL's programs nor TEST_POSTGRES_DSN
// are found, or fails under TEST_POSTGRES_REQUIRED.
func Each(t *testing.T, do func(t *testing.T, s *store.Store)) {
	t.Helper()
	EachDSN(t, func(t *testing.T, dsn string) { do(t, open(t, dsn)) })
}

// EachDSN is Each for tests that open the database themselves.
func EachDSN(t *testing.T, do func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { do(t, SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { do(t, Postgres(t)) })
}

func open(t testing.TB, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), dsn, store.Options{})
	if err != nil {
		t.Fatalf("open %s: %v", dsn, err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// SQLite returns the address of an empty database with its tables, in a file
// that is gone after the test.
func SQLite(t testing.TB) string {
	t.Helper()
	content, err := sqliteTemplate()
	if err != nil {
		t.Fatalf("make an empty database: %v", err)
	}
	path := filepath.Join(t.TempDir(), "relata.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// sqliteTemplate is the file of an empty database: making the tables once is
// enough.
var sqliteTemplate = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "relata-sqlite")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "relata.db")
	s, err := store.Open(context.Background(), "sqlite:"+path, store.Options{})
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})
