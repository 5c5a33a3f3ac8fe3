package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite" // the driver
)

// sqlite loads with one prepared statement per table.
type sqlite struct {
	db   *sql.DB
	tx   *sql.Tx
	back []string
}

func openSQLite(ctx context.Context, path string) (loader, error) {
	dsn := "file:" + (&url.URL{Path: path}).EscapedPath() +
		"?_pragma=foreign_keys(0)&_pragma=cache_size(-200000)&_time_integer_format=unix_micro&_inttotime=1&_txlock=immediate"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	s := &sqlite{db: db}
	if s.tx, err = db.BeginTx(ctx, nil); err != nil {
		_ = db.Close()
		return nil, err
	}
	return s, nil
}

func (s *sqlite) close() {
	_ = s.tx.Rollback()
	_ = s.db.Close()
}

func (s *sqlite) begin(ctx context.Context, tables []table) error {
	var used bool
	err := s.tx.QueryRowContext(ctx, `select exists (select 1 from relationship where key like 'bench\_%' escape '\')`).Scan(&used)
	if err != nil || used {
		return errors.Join(err, map[bool]error{true: errUsed}[used])
	}
	rows, err := s.tx.QueryContext(ctx, `select name, tbl_name, sql from sqlite_master where type = 'index' and sql is not null order by name`)
	if err != nil {
		return err
	}
	defer rows.Close()
	var drop []string
	for rows.Next() {
		var name, on, text string
		if err := rows.Scan(&name, &on, &text); err != nil {
			return err
		}
		if slices.ContainsFunc(tables, func(t table) bool { return t.name == on }) {
			drop, s.back = append(drop, "drop index "+name), append(s.back, text)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, text := range drop {
		if err := s.exec(ctx, text); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqlite) exec(ctx context.Context, text string) error {
	if _, err := s.tx.ExecContext(ctx, text); err != nil {
		return fmt.Errorf("%s: %w", text, err)
	}
	return nil
}

func (s *sqlite) fill(ctx context.Context, t table, each func(func(...any) error) error) error {
	marks := strings.TrimSuffix(strings.Repeat("?, ", strings.Count(t.columns, ",")+1), ", ")
	stmt, err := s.tx.PrepareContext(ctx, fmt.Sprintf("insert into %s (%s) values (%s)", t.name, t.columns, marks))
	if err != nil {
		return err
	}
	defer stmt.Close()
	return each(func(row ...any) error {
		for i, v := range row {
			switch v := v.(type) {
			case uuid.UUID:
				row[i] = v[:]
			case time.Time:
				row[i] = v.UnixMicro()
			}
		}
		_, err := stmt.ExecContext(ctx, row...)
		return err
	})
}

// finish also looks for what the foreign keys, off until now, would have refused.
func (s *sqlite) finish(ctx context.Context, step func(string)) error {
	for _, text := range s.back {
		step(text)
		if err := s.exec(ctx, text); err != nil {
			return err
		}
	}
	step("check foreign keys")
	var on, to string
	err := s.tx.QueryRowContext(ctx, `select "table", parent from pragma_foreign_key_check limit 1`).Scan(&on, &to)
	if !errors.Is(err, sql.ErrNoRows) {
		return errors.Join(err, fmt.Errorf("a row of %s refers to nothing in %s", on, to))
	}
	if err := s.tx.Commit(); err != nil {
		return err
	}
	step("analyze")
	_, err = s.db.ExecContext(ctx, "analyze")
	return err
}
