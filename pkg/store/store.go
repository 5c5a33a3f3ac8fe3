// Package store is all SQL, once for PostgreSQL and SQLite. It fulfils the small
// interfaces that the domain packages declare.
package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"relata/pkg/associations"
	"relata/pkg/fault"
	"relata/pkg/relationships"
)

// attempts is how often a transaction is tried that others keep from
// finishing.
const attempts = 3

// Options of Open.
type Options struct {
	// NoMigrate leaves the tables as they are; Open fails when they are not
	// those of this version.
	NoMigrate bool
	// Logger gets what migrations and background work have to say; nil: none.
	Logger *slog.Logger
}

// Store is a database. It may be bound to an open transaction (see Atomically);
// everything done through it then belongs to that transaction.
type Store struct {
	reader
	bound    *Tx
	linking  *Crowd[*relationships.Relationship, made, map[uuid.UUID]associations.Row] // nil: each by itself
	versions *Crowd[struct{}, struct{}, int64]                                         // of definitions; nil: likewise
}

// Tx is an open transaction: reads as of a Store, and all writes.
type Tx struct {
	reader
}

// base is what a Store and all that are bound to its transactions share.
type base struct {
	dialect     *dialect
	read, write *pool
	observer    atomic.Pointer[func(string)]
	logger      *slog.Logger
	conditions  keptFragments
	hot         atomic.Pointer[map[int32]string] // see noteHot
}

// Open opens the database that dsn names, "sqlite:PATH" or "postgres://…", and
// brings its tables up to date. A second server that starts meanwhile waits.
func Open(ctx context.Context, dsn string, options Options) (*Store, error) {
	d, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	if options.NoMigrate && d.absent() {
		return nil, errAbsent
	}
	b := &base{dialect: d, logger: options.Logger}
	s := &Store{reader: reader{base: b}}
	release, err := d.lock(ctx)
	if err != nil {
		return nil, fmt.Errorf("lock %s for migrations: %w", d.name, err)
	}
	defer release()
	if b.read, b.write, err = d.open(ctx); err != nil {
		return nil, fmt.Errorf("open %s: %w", d.name, err)
	}
	if d.writableCTE {
		s.linking = NewCrowd(s.AtOnce(), 64, s.linkEach)
	}
	s.versions = NewCrowd(1, math.MaxInt, func(ctx context.Context, _ struct{}, _ []struct{}) (int64, error) {
		return s.reader.DefinitionsVersion(ctx)
	})
	err = d.check(ctx, b.write.db)
	if err == nil {
		err = s.migrate(ctx, options.NoMigrate)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Close closes all connections. Of a bound store it does nothing.
func (s *Store) Close() error {
	if s.bound != nil {
		return nil
	}
	err := s.read.close()
	if s.write != s.read {
		err = errors.Join(err, s.write.close())
	}
	return err
}

// AtOnce is how many short tasks keep the database busy, with connections left for
// all else (see Crowd).
func (s *Store) AtOnce() int { return max(1, s.read.db.Stats().MaxOpenConnections/2) }

// Ping asks the database for nothing; the error is that of the database, or ctx's.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.queryRow(ctx, `select 1`).Scan(&one)
}

// Observe has watch called with the text of each statement before it runs;
// nil ends it. Tests count statements with it.
func (s *Store) Observe(watch func(sql string)) {
	if watch == nil {
		s.observer.Store(nil)
		return
	}
	s.observer.Store(&watch)
}

// Atomically runs do with a store that is bound to one transaction: all or
// nothing of what is done through it stays. Within a bound store it is a
// savepoint. do may run several times, when other transactions are in the way.
func (s *Store) Atomically(ctx context.Context, do func(*Store) error) error {
	return s.inTx(ctx, func(t *Tx) error { return do(s.bind(t)) })
}

// bind returns a store all of whose work belongs to t.
func (s *Store) bind(t *Tx) *Store { return &Store{reader: t.reader, bound: t} }

// Bound reports whether the store belongs to an open transaction; what it reads
// may then never become visible to others, so caches are passed by.
func (s *Store) Bound() bool { return s.bound != nil }

// inTx runs do in a transaction, or in a savepoint of the one that s is bound
// to. Transactions that others kept from finishing run again, three times at
// most; then the fault is Busy.
func (s *Store) inTx(ctx context.Context, do func(*Tx) error) error {
	if s.bound != nil {
		return s.bound.try(ctx, func() error { return do(s.bound) })
	}
	for attempt := 1; ; attempt++ {
		err := s.once(ctx, do)
		if err == nil || !s.dialect.isRetry(err) || ctx.Err() != nil {
			return err
		}
		if attempt == attempts {
			s.logger.WarnContext(ctx, "transaction given up", "error", err)
			return fault.Busyf("Others are changing the same objects. Please try again.")
		}
		time.Sleep(time.Duration(attempt*attempt) * 10 * time.Millisecond)
	}
}

// once runs do in one transaction.
func (s *Store) once(ctx context.Context, do func(*Tx) error) error {
	tx, err := s.write.db.BeginTxx(ctx, nil)
	if err != nil {
		return failed(ctx, fmt.Errorf("begin: %w", err))
	}
	open := &transaction{tx: tx, pool: s.write}
	defer open.finish(context.WithoutCancel(ctx))
	defer func() { _ = tx.Rollback() }()
	if err := do(&Tx{reader{base: s.base, tx: open}}); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return failed(ctx, fmt.Errorf("commit: %w", err))
	}
	return nil
}

// try runs do in a savepoint: what it did is undone when it fails, and the
// transaction goes on.
func (t *Tx) try(ctx context.Context, do func() error) error {
	t.tx.depth++
	defer func() { t.tx.depth-- }()
	name := fmt.Sprintf("s%d", t.tx.depth)
	if _, err := t.tx.tx.ExecContext(ctx, "savepoint "+name); err != nil {
		return failed(ctx, fmt.Errorf("savepoint: %w", err))
	}
	if err := do(); err != nil {
		_, undo := t.tx.tx.ExecContext(ctx, "rollback to savepoint "+name)
		if undo == nil {
			_, undo = t.tx.tx.ExecContext(ctx, "release savepoint "+name)
		}
		if undo != nil {
			return failed(ctx, errors.Join(err, undo))
		}
		return err
	}
	if _, err := t.tx.tx.ExecContext(ctx, "release savepoint "+name); err != nil {
		return failed(ctx, fmt.Errorf("release savepoint: %w", err))
	}
	return nil
}

// ErrUnreachable is in the errors of a database server that is not there, or goes
// away or has no connection left.
var ErrUnreachable = errors.New("the database cannot be reached")

// failed makes an error that came of a cancelled context recognizable as such,
// and one of the way to the database: the drivers have words of their own for it.
func failed(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, sql.ErrNoRows) {
		return err
	}
	switch over := ctx.Err(); {
	case over != nil && !errors.Is(err, over):
		return fmt.Errorf("%w: %w", over, err)
	case over == nil && isUnreachable(err):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	return err
}
