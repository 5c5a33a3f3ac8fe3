package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/lib/pq"
)

// postgres loads by COPY.
type postgres struct {
	db     *sql.DB
	tx     *sql.Tx
	tables []string
	// back are the statements that bring indexes and constraints back, in order.
	back []string
	// had are their definitions, to be compared with what stands there at the end.
	had []string
}

func openPostgres(ctx context.Context, dsn string) (loader, error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	p := &postgres{db: db}
	if p.tx, err = db.BeginTx(ctx, nil); err != nil {
		_ = db.Close()
		return nil, err
	}
	return p, nil
}

func (p *postgres) close() {
	_ = p.tx.Rollback()
	_ = p.db.Close()
}

// begin takes off, and notes, every foreign key from or to the tables, then
// their keys, then the indexes that no constraint owns.
func (p *postgres) begin(ctx context.Context, tables []table) error {
	for _, t := range tables {
		p.tables = append(p.tables, t.name)
	}
	var used bool
	err := p.tx.QueryRowContext(ctx, `select exists (select 1 from relationship where key like 'bench\_%')`).Scan(&used)
	if err != nil || used {
		return errors.Join(err, map[bool]error{true: errUsed}[used])
	}
	if p.had, err = p.texts(ctx, definitions, pq.Array(p.tables)); err != nil {
		return err
	}
	for _, part := range []struct{ drop, back string }{{dropForeign, addForeign}, {dropKeys, addKeys}, {dropIndexes, addIndexes}} {
		back, err := p.texts(ctx, part.back, pq.Array(p.tables))
		if err != nil {
			return err
		}
		drop, err := p.texts(ctx, part.drop, pq.Array(p.tables))
		if err != nil {
			return err
		}
		p.back = append(back, p.back...) // indexes first, foreign keys last
		for _, text := range drop {
			if err := p.exec(ctx, text); err != nil {
				return err
			}
		}
	}
	return nil
}

// What stands on the tables. Indexes that belong to a constraint come and go
// with it.
const (
	foreign = ` from pg_constraint c where contype = 'f' and connamespace = current_schema()::regnamespace
		and (conrelid::regclass::text = any($1) or confrelid::regclass::text = any($1)) order by conrelid::regclass::text, conname`
	keys = ` from pg_constraint c where contype in ('p', 'u') and connamespace = current_schema()::regnamespace
		and conrelid::regclass::text = any($1) order by conrelid::regclass::text, conname`
	loose = ` from pg_index i where indrelid::regclass::text = any($1) and relnamespace(indexrelid) = current_schema()::regnamespace
		and not exists (select 1 from pg_constraint where conindid = indexrelid) order by indexrelid::regclass::text`

	dropForeign = `select format('alter table %s drop constraint %I', conrelid::regclass, conname)` + foreign
	addForeign  = `select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))` + foreign
	dropKeys    = `select format('alter table %s drop constraint %I', conrelid::regclass, conname)` + keys
	addKeys     = `select format('alter table %s add constraint %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))` + keys
)

var (
	here        = strings.NewReplacer("relnamespace(indexrelid)", "(select relnamespace from pg_class where oid = indexrelid)")
	dropIndexes = here.Replace(`select format('drop index %s', indexrelid::regclass)` + loose)
	addIndexes  = here.Replace(`select pg_get_indexdef(indexrelid)` + loose)
	definitions = here.Replace(`
		select conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
		where connamespace = current_schema()::regnamespace
		  and (conrelid::regclass::text = any($1) or confrelid::regclass::text = any($1))
		union all
		select pg_get_indexdef(indexrelid) from pg_index
		where indrelid::regclass::text = any($1) and relnamespace(indexrelid) = current_schema()::regnamespace
		order by 1`)
)

func (p *postgres) texts(ctx context.Context, query string, args ...any) ([]string, error) {
	rows, err := p.tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var texts []string
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		texts = append(texts, text)
	}
	return texts, rows.Err()
}

func (p *postgres) exec(ctx context.Context, text string) error {
	if _, err := p.tx.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

func (p *postgres) fill(ctx context.Context, t table, each func(func(...any) error) error) error {
	stmt, err := p.tx.PrepareContext(ctx, "copy "+t.name+" ("+t.columns+") from stdin")
	if err != nil {
		return err
	}
	defer stmt.Close()
	err = each(func(row ...any) error {
		for i, v := range row {
			if id, ok := v.(uuid.UUID); ok {
				row[i] = id.String()
			}
		}
		_, err := stmt.ExecContext(ctx, row...)
		return err
	})
	if err != nil {
		return err
	}
	_, err = stmt.ExecContext(ctx)
	return err
}

func (p *postgres) finish(ctx context.Context, step func(string)) error {
	// The numbers given here must not be given again.
	next := `select setval(pg_get_serial_sequence('relationship', 'rid'), (select max(rid) from relationship))`
	for _, text := range append([]string{next}, p.back...) {
		step(text)
		if err := p.exec(ctx, text); err != nil {
			return err
		}
	}
	has, err := p.texts(ctx, definitions, pq.Array(p.tables))
	if err != nil {
		return err
	}
	if !slices.Equal(p.had, has) {
		return fmt.Errorf("indexes or constraints are not those of the migration:\n%s\nnot\n%s",
			strings.Join(has, "\n"), strings.Join(p.had, "\n"))
	}
	if err := p.tx.Commit(); err != nil {
		return err
	}
	step("vacuum analyze")
	_, err = p.db.ExecContext(ctx, "vacuum analyze")
	return err
}
