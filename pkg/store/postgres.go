package store

import (
	"cmp"
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"net/url"
	"runtime"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
)

// migrationLock is the key of PostgreSQL's advisory lock ("relata").
const migrationLock = 0x72656c617461

func postgresDialect(dsn string) (*dialect, error) {
	dsn, err := postgresDSN(dsn)
	if err != nil {
		return nil, err
	}
	return &dialect{
		name: "postgres", dsn: dsn, bindType: sqlx.DOLLAR,
		open:         func(ctx context.Context) (*pool, *pool, error) { return openPostgres(ctx, dsn) },
		absent:       func() bool { return false }, // it is never made here
		lock:         func(ctx context.Context) (func(), error) { return lockPostgres(ctx, dsn) },
		check:        checkPostgres,
		arg:          postgresArg,
		isRetry:      func(err error) bool { return pqCode(err) == "40001" || pqCode(err) == "40P01" },
		isUnique:     func(err error) bool { return pqCode(err) == "23505" },
		isForeignKey: func(err error) bool { return pqCode(err) == "23503" },
		broken:       pqConstraint,
		in:           " = any(?::uuid[])", inTexts: " = any(?::text[])", inInts: " = any(?::bigint[])",
		one:        " = ?::uuid",
		inFew:      "% = any(array(%))",
		ids:        "(select unnest(?::uuid[]) as value)",
		texts:      "(select unnest(?::text[]) as value)",
		pairs:      "(select * from unnest(?::text[], ?::text[]) as p (a, b))",
		pairArgs:   func(a, b []string) []any { return []any{a, b} },
		triples:    "(select * from unnest(?::uuid[], ?::uuid[], ?::uuid[]) as t (id, a, b))",
		claims:     "(select * from unnest(?::bigint[], ?::uuid[], ?::uuid[]) as c (rid, a, b))",
		tripleArgs: func(ids, a, b []uuid.UUID) []any { return []any{ids, a, b} },
		claimArgs:  func(rids []int32, a, b []uuid.UUID) []any { return []any{rids, a, b} },
		gather:     postgresGather,
		pack:       postgresPack,
		gathered:   asIs, packed: asIs,
		writableCTE: true, insertLinks: postgresLinks,
		impatient: fmt.Sprintf("(select set_config('lock_timeout', '%dms', true)) is not null and ", patience.Milliseconds()),
		hexes:     "(select decode(unnest(?::text[]), 'hex') as value)",
		uuid:      "?::uuid", text: "?::text", bigint: "?::bigint",
		forUpdate: " for update", forChange: " for no key update", forShare: " for share", forKeyShare: " for key share",
		rowID:      "ctid",
		insertRows: 512,
		c:          ` collate "C"`,
		data:       postgresData,
		dataID:     func(alias string, keys []string) string { return postgresData(alias, keys) + "::uuid" },
		elements: func(alias string, keys []string) string {
			list := postgresPath(alias, keys, "->")
			return "jsonb_array_elements_text(case jsonb_typeof(" + list + ") when 'array' then " + list + " else '[]'::jsonb end) as"
		},
		lower: func(text string) string { return `lower(` + text + ` collate "C.utf8")` },
		noID:  "null::uuid", noText: "null::text",
		asText: "(%)::text", writtenMoment: "?::text::timestamptz", isMoment: isPostgresMoment,
		position: "strpos(%, %)",
		integer:  postgresNumber, decimal: postgresNumber,
		moment:         func(text string) string { return "(" + text + ")::timestamptz" },
		pattern:        postgresPattern,
		matchesPattern: func(text, pattern string) string { return "(" + text + ` collate "C") ~ (` + pattern + `)` },
	}, nil
}

// postgresDSN adds the settings that every connection needs, unless the DSN has
// them: plans that do not depend on the values (custom plans of array parameters
// are made anew each time, and go wrong in new relationships), no compilation of
// plans, and UTC.
func postgresDSN(dsn string) (string, error) {
	u, err := url.Parse(dsn)
	if err != nil {
		return "", errors.New("the database's address is not a URL")
	}
	settings := u.Query()
	for name, value := range map[string]string{
		"plan_cache_mode": "force_generic_plan", "jit": "off", "timezone": "UTC", "application_name": "relata",
		// Generic plans know nothing of the ids they are asked for: helpers would be
		// started for a handful of rows.
		"max_parallel_workers_per_gather": "0",
	} {
		if !settings.Has(name) {
			settings.Set(name, value)
		}
	}
	u.RawQuery = settings.Encode()
	return u.String(), nil
}

// openPostgres opens two pools: a transaction may wait for something that is read
// outside of it (a catalogue, say), which must not wait for transactions.
func openPostgres(ctx context.Context, dsn string) (*pool, *pool, error) {
	reads, writes := postgresConnections(dsn, runtime.NumCPU())
	write, err := openPostgresPool(ctx, dsn, writes)
	if err != nil {
		return nil, nil, err
	}
	read, err := openPostgresPool(ctx, dsn, reads)
	if err != nil {
		_ = write.close()
		return nil, nil, err
	}
	return read, write, nil
}

// postgresConnections is how many connections may read and write at once. A
// database on this machine shares its processors: two readers for each keep them
// busy, and three times as many cost a seventh of the throughput (bench), while
// writers also wait for the disk. One elsewhere has processors of its own, and a
// way there on which connections wait.
func postgresConnections(dsn string, processors int) (reads, writes int) {
	u, err := url.Parse(dsn)
	if err != nil || !isHere(cmp.Or(u.Query().Get("host"), u.Hostname())) {
		most := max(12, 4*processors)
		return most, most
	}
	return max(4, 2*processors), max(10, 5*processors)
}

// isHere reports whether a host is this machine; a path is that of a socket.
func isHere(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "" || host == "localhost" || strings.HasPrefix(host, "/") || err == nil && address.IsLoopback()
}

// postgresStatements is how many prepared statements a pool keeps.
const postgresStatements = 600

func openPostgresPool(ctx context.Context, dsn string, most int) (*pool, error) {
	db, err := sqlx.Open("postgres", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(5 * time.Minute)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return newPool(db, postgresStatements), nil
}

// lockPostgres waits for the advisory lock of this database.
func lockPostgres(ctx context.Context, dsn string) (func(), error) {
	db, err := sql.Open("postgres", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, "select pg_advisory_lock($1)", migrationLock); err != nil {
		_ = db.Close()
		return nil, err
	}
	return func() { _ = db.Close() }, nil
}

// checkPostgres wants text in UTF-8 and the collation that lowers it rune by
// rune.
func checkPostgres(ctx context.Context, db *sqlx.DB) error {
	var encoding string
	var collations int
	err := db.QueryRowContext(ctx, `
		select current_setting('server_encoding'), (select count(*) from pg_collation where collname = 'C.utf8')`).
		Scan(&encoding, &collations)
	switch {
	case err != nil:
		return fmt.Errorf("check postgres: %w", err)
	case encoding != "UTF8":
		return fmt.Errorf("the database's encoding is %s, it must be UTF8", encoding)
	case collations == 0:
		return errors.New(`the database server lacks the collation "C.utf8": its operating system must have the locale C.UTF-8`)
	}
	return nil
}

// postgresGather is one row for each object that has peers.
func postgresGather(own, peer, back string, chosen, _ fragment) fragment {
	return sqlf("select %, %, string_agg(int4send(rid) || uuid_send(%), ''::bytea) from assoc where % group by %", own, back, peer, chosen, own)
}

// isUnreachable reports that the server could not be asked: it is not there, or
// closes the connection (class 08, 57P), or has no more of them (53300).
func isUnreachable(err error) bool {
	var network net.Error
	code := pqCode(err)
	return errors.Is(err, driver.ErrBadConn) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.As(err, &network) || strings.HasPrefix(code, "08") || strings.HasPrefix(code, "57P") || code == "53300"
}

func pqCode(err error) string {
	var broken *pq.Error
	if errors.As(err, &broken) {
		return string(broken.Code)
	}
	return ""
}

func pqConstraint(err error) string {
	var broken *pq.Error
	if errors.As(err, &broken) {
		return broken.Constraint
	}
	return ""
}

// postgresArg turns slices into arrays.
func postgresArg(arg any) any {
	switch v := arg.(type) {
	case []uuid.UUID:
		return idsText(v, "{", "", "}")
	case []string:
		return pq.StringArray(v)
	case []int16:
		return pq.Array(v)
	case []int32:
		return pq.Int32Array(v)
	case []int64:
		return pq.Int64Array(v)
	case []int:
		return pq.Array(v)
	case []bool:
		return pq.BoolArray(v)
	}
	return plainArg(arg)
}

func asIs(b []byte) []byte { return b }

// postgresPack packs references as unpackReferences reads them.
const postgresPack = `string_agg(int4send(r.field) || int2send(t.type_id) || uuid_send(r.other) ||
		case when r.field = any(?::bigint[]) then int4send(octet_length(t.name)) || convert_to(t.name, 'UTF8') else int4send(0) end,
		'' order by r.field, t.sort_key, t.id)`

// isPostgresMoment reports whether text is a time as PostgreSQL writes it in ISO
// style, with a year and an offset that it reads.
func isPostgresMoment(text string) bool {
	for _, layout := range []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999-07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			_, offset := t.Zone()
			return t.Year() > 0 && max(offset, -offset) < 16*60*60
		}
	}
	return false
}

// postgresPath is the value at a path of keys; last is the operator of the last
// step.
func postgresPath(alias string, keys []string, last string) string {
	path := alias + ".data"
	for i, key := range keys {
		operator := "->"
		if i == len(keys)-1 {
			operator = last
		}
		path += operator + "'" + strings.ReplaceAll(key, "'", "''") + "'"
	}
	return "(" + path + ")"
}

func postgresData(alias string, keys []string) string { return postgresPath(alias, keys, "->>") }

// postgresNumber converts text that may be anything: what is no number is null.
func postgresNumber(text string) string {
	if text == "?::text" || strings.HasSuffix(text, ".value") {
		return "(" + text + ")::numeric"
	}
	return "(case when " + text + ` ~ '^-{0,1}[0-9]+(\.[0-9]+){0,1}([eE][-+]{0,1}[0-9]{1,3}){0,1}$' then ` + text + "::numeric end)"
}
