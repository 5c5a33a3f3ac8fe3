package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// reader runs statements, on the pool of readers or inside a transaction. Their
// texts have ? for arguments; they are prepared and kept. Arguments may be
// uuid.UUID, *uuid.UUID, uuid.NullUUID, time.Time, json.RawMessage, and slices
// of ids, texts and integers beside what database/sql knows (see dialect.args).
type reader struct {
	*base
	tx      *transaction // nil: none
	writing bool         // without a transaction: on the pool of writers, not of readers
}

// row is the only row of an answer.
type row struct {
	row *sqlx.Row
	err error
	ctx context.Context
}

// Scan copies the columns into dest; sql.ErrNoRows when there is no row.
func (r row) Scan(dest ...any) error {
	if r.err != nil {
		return r.err
	}
	return failed(r.ctx, r.row.Scan(dest...))
}

// query runs text and returns its rows, which the caller closes. While they are
// open, no other statement may run on the same transaction.
func (r reader) query(ctx context.Context, text string, args ...any) (*sqlx.Rows, error) {
	stmt, release, err := r.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	defer release()
	rows, err := stmt.QueryxContext(ctx, r.dialect.args(ctx, args)...)
	if err != nil {
		return nil, failed(ctx, err)
	}
	return rows, nil
}

// queryRow runs text, which answers one row at most.
func (r reader) queryRow(ctx context.Context, text string, args ...any) row {
	stmt, release, err := r.prepared(ctx, text)
	if err != nil {
		return row{err: err}
	}
	defer release()
	return row{row: stmt.QueryRowxContext(ctx, r.dialect.args(ctx, args)...), ctx: ctx}
}

// all scans the rows of text into the slice that dest points to: structs with db
// tags, or scalars.
func (r reader) all(ctx context.Context, dest any, text string, args ...any) error {
	stmt, release, err := r.prepared(ctx, text)
	if err != nil {
		return err
	}
	defer release()
	return failed(ctx, stmt.SelectContext(ctx, dest, r.dialect.args(ctx, args)...))
}

// each calls do for each row of text, to be scanned there.
func (r reader) each(ctx context.Context, do func(*sqlx.Rows) error, text string, args ...any) error {
	rows, err := r.query(ctx, text, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return failed(ctx, err)
		}
	}
	return failed(ctx, rows.Err())
}

// oneOf says that a column is one of ids. The plan for a single one is a better
// one.
func (r reader) oneOf(column string, ids []uuid.UUID) fragment {
	if len(ids) == 1 {
		return with(column+r.dialect.one, ids[0])
	}
	return with(column+r.dialect.in, ids)
}

// unwatched is the context of what is read by a few ids and is there at once: to
// watch for the end of ctx costs two goroutines for each statement.
func unwatched(ctx context.Context) (context.Context, error) {
	return context.WithoutCancel(ctx), ctx.Err()
}

// exec runs text.
func (t *Tx) exec(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, release, err := t.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	defer release()
	result, err := stmt.ExecContext(ctx, t.dialect.args(ctx, args)...)
	return result, failed(ctx, err)
}

// affect runs text and returns how many rows it wrote.
func (t *Tx) affect(ctx context.Context, text string, args ...any) (int64, error) {
	result, err := t.exec(ctx, text, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// insert adds rows to into ("object_ref (object_id, field_id)"), several in one
// statement; suffix follows the values ("on conflict do nothing", or ""). It
// returns how many were added.
func (t *Tx) insert(ctx context.Context, into, suffix string, rows [][]any) (int64, error) {
	var added int64
	for len(rows) > 0 {
		n := chunk(len(rows), t.dialect.insertRows)
		var args []any
		for _, values := range rows[:n] {
			args = append(args, values...)
		}
		some, err := t.affect(ctx, insertText(into, suffix, n, len(rows[0])), args...)
		if err != nil {
			return added, err
		}
		added, rows = added+some, rows[n:]
	}
	return added, nil
}

// chunk says how many of n rows the next statement takes: most, or else a power
// of two, so that few texts are prepared.
func chunk(n, most int) int {
	size := most
	for size > n {
		size /= 2
	}
	return max(size, 1)
}

func insertText(into, suffix string, rows, columns int) string {
	tuple := "(" + strings.TrimSuffix(strings.Repeat("?,", columns), ",") + ")"
	return fmt.Sprintf("insert into %s values %s %s", into,
		strings.TrimSuffix(strings.Repeat(tuple+",", rows), ","), suffix)
}

// prepared returns the statement of text; release must be called once it has
// been run.
func (r reader) prepared(ctx context.Context, text string) (stmt *sqlx.Stmt, release func(), err error) {
	if watch := r.observer.Load(); watch != nil {
		(*watch)(text)
	}
	if r.tx != nil {
		stmt, err = r.tx.prepare(ctx, r.rebind, text)
		return stmt, func() {}, failed(ctx, err)
	}
	pool := r.read
	if r.writing {
		pool = r.write
	}
	kept, err := pool.statements.prepare(ctx, pool.db, r.rebind, text)
	if err != nil {
		return nil, nil, failed(ctx, err)
	}
	return kept.stmt, func() { pool.statements.release(kept) }, nil
}

// rebind turns ? into the placeholders of the database; the methods above do so
// by themselves.
func (r reader) rebind(text string) string { return sqlx.Rebind(r.dialect.bindType, text) }
