package main

import (
	"context"
	"crypto/md5"
	"database/sql"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"github.com/google/uuid"
	"github.com/mattn/go-sqlite3"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// driver is one way to SQLite, with the settings that relata's store gives its
// connections.
type driver struct {
	name, register string
	dsn            func(path string, writer bool) string
}

const mapped = "8589934592"

var drivers = []driver{
	{"modernc", "sqlite", func(path string, writer bool) string {
		settings := url.Values{
			"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
				"mmap_size(" + mapped + ")", "temp_store(MEMORY)"},
			"_time_integer_format": {"unix_micro"}, "_inttotime": {"1"},
		}
		if writer {
			settings.Set("_txlock", "immediate")
		}
		return "file:" + path + "?" + settings.Encode()
	}},
	{"mattn", "sqlite3-mapped", func(path string, writer bool) string {
		settings := url.Values{
			"_busy_timeout": {"10000"}, "_journal_mode": {"WAL"}, "_synchronous": {"NORMAL"}, "_foreign_keys": {"1"},
		}
		if writer {
			settings.Set("_txlock", "immediate")
		}
		return "file:" + path + "?" + settings.Encode()
	}},
}

func init() {
	sql.Register("sqlite3-mapped", &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		_, err := c.Exec("pragma mmap_size = "+mapped+"; pragma temp_store = memory", nil)
		return err
	}})
}

// readers is how many connections read.
const readers = 4

// engine is a database under one driver, with its prepared statements.
type engine struct {
	driver      driver
	read, write *sql.DB
	prepared    sync.Map // text to *sql.Stmt, of either pool
	facts       facts
}

// facts are the arguments that the statements take.
type facts struct {
	device   int64  // number of the type
	status   int64  // and of statuses
	parent   []byte // id of the definition
	rid      int64
	devices  int
	pages    []string // ids of the devices of a page, as JSON
	peers    []string // and of their peers
	statuses string   // the names that the definition's filters allow
}

func open(ctx context.Context, d driver, path string) (*engine, error) {
	e := &engine{driver: d}
	var err error
	if e.read, err = pool(ctx, d.register, d.dsn(path, false), readers); err != nil {
		return nil, err
	}
	if e.write, err = pool(ctx, d.register, d.dsn(path, true), 1); err != nil {
		return nil, err
	}
	return e, e.find(ctx)
}

func pool(ctx context.Context, name, dsn string, connections int) (*sql.DB, error) {
	db, err := sql.Open(name, dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	return db, db.PingContext(ctx)
}

func (e *engine) close() {
	_ = e.read.Close()
	_ = e.write.Close()
}

// find reads the facts.
func (e *engine) find(ctx context.Context) error {
	f := &e.facts
	f.statuses = `["Bench status 0","Bench status 1","Bench status 2"]`
	err := e.read.QueryRowContext(ctx, `select (select id from type where name = 'dcim.device'), (select id from type where name = 'extras.status'), id, rid
		from relationship where key = 'bench_1'`).Scan(&f.device, &f.status, &f.parent, &f.rid)
	if err != nil {
		return fmt.Errorf("the file was not filled by load: %w", err)
	}
	if err := e.read.QueryRowContext(ctx, `select count(*) from object where type_id = ? and name like 'bench-sw%'`, f.device).Scan(&f.devices); err != nil {
		return err
	}
	for n := range pageCount {
		page, err := e.ids(ctx, `select id from object where type_id = ? order by sort_key, id limit 50 offset ?`, f.device, 50*n)
		if err != nil {
			return err
		}
		in := `in (select unhex(value, '-') from json_each(?))`
		peers, err := e.ids(ctx, `select destination_id from assoc where source_id `+in+` union select source_id from assoc where destination_id `+in, page, page)
		if err != nil {
			return err
		}
		f.pages, f.peers = append(f.pages, page), append(f.peers, peers)
	}
	return nil
}

func (e *engine) ids(ctx context.Context, text string, args ...any) (string, error) {
	rows, err := e.read.QueryContext(ctx, text, args...)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var ids []string
	for rows.Next() {
		var id uuid.UUID
		if err := rows.Scan(&id); err != nil {
			return "", err
		}
		ids = append(ids, `"`+id.String()+`"`)
	}
	return "[" + strings.Join(ids, ",") + "]", rows.Err()
}

// statement returns text prepared on a pool.
func (e *engine) statement(ctx context.Context, db *sql.DB, text string) (*sql.Stmt, error) {
	if known, ok := e.prepared.Load(text); ok {
		return known.(*sql.Stmt), nil
	}
	stmt, err := db.PrepareContext(ctx, text)
	if err == nil {
		e.prepared.Store(text, stmt)
	}
	return stmt, err
}

// query runs text and reads all its rows.
func (e *engine) query(ctx context.Context, text string, least int, args ...any) error {
	stmt, err := e.statement(ctx, e.read, text)
	if err != nil {
		return err
	}
	rows, err := stmt.QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	return drain(rows, least)
}

// drain reads rows, of which there must be some.
func drain(rows *sql.Rows, least int) error {
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	into, values := make([]any, len(columns)), make([]any, len(columns))
	for i := range into {
		into[i] = &values[i]
	}
	n := 0
	for ; rows.Next(); n++ {
		if err := rows.Scan(into...); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if n < least {
		return fmt.Errorf("%d rows, not %d", n, least)
	}
	return nil
}

// id is the id of the n-th object of a type, as load made it.
func id(kind string, n int) uuid.UUID { return md5.Sum(fmt.Appendf(nil, "%s:%d", kind, n)) }
