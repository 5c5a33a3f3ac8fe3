package store

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

func sqliteDialect(path string) *dialect {
	return &dialect{
		name: "sqlite", dsn: path, bindType: sqlx.QUESTION,
		open: func(ctx context.Context) (*pool, *pool, error) { return openSQLite(ctx, path) },
		absent: func() bool {
			_, err := os.Stat(path)
			return errors.Is(err, fs.ErrNotExist)
		},
		lock:  func(ctx context.Context) (func(), error) { return lockSQLite(ctx, path) },
		check: func(context.Context, *sqlx.DB) error { return nil },
		arg:   sqliteArg,
		isRetry: func(err error) bool {
			code := sqliteCode(err) & 0xff
			return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED
		},
		isUnique: func(err error) bool {
			code := sqliteCode(err)
			return code == sqlite3.SQLITE_CONSTRAINT_UNIQUE || code == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
		},
		isForeignKey: func(err error) bool { return sqliteCode(err) == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY },
		broken:       sqliteConstraint,
		in:           " in (select unhex(value, '-') from json_each(?))",
		inTexts:      " in (select value from json_each(?))",
		inInts:       " in (select value from json_each(?))",
		// A plan that looked at the value itself would be made anew for each value.
		one:        " = (select ?)",
		inFew:      "% in (%)",
		ids:        "(select unhex(value, '-') as value from json_each(?))",
		texts:      "(select value from json_each(?))",
		pairs:      "(select value ->> 0 as a, value ->> 1 as b from json_each(?))",
		pairArgs:   sqlitePairs,
		triples:    "(select unhex(value ->> 0, '-') as id, unhex(value ->> 1, '-') as a, unhex(value ->> 2, '-') as b from json_each(?))",
		claims:     "(select value ->> 0 as rid, unhex(value ->> 1, '-') as a, unhex(value ->> 2, '-') as b from json_each(?))",
		tripleArgs: sqliteTriples,
		claimArgs:  sqliteClaims,
		gather:     sqliteGather,
		pack:       sqlitePack,
		gathered:   sqlitePeers, packed: unhex,
		insertLinks: sqliteLinks,
		hexes:       "(select unhex(value) as value from json_each(?))",
		uuid:        "?", text: "?", bigint: "?",
		rowID:      "rowid",
		insertRows: 64,
		data:       sqliteData,
		dataID: func(alias string, keys []string) string {
			return "unhex(" + alias + ".data ->> " + sqlitePath(keys) + ", '-')"
		},
		elements: func(alias string, keys []string) string {
			return "(select cast(value as text) as value from json_each(" + alias + ".data, " + sqlitePath(keys) + "))"
		},
		lower: func(text string) string { return "relata_lower(" + text + ")" },
		noID:  "null", noText: "null",
		asText: "relata_text(%)", writtenMoment: "cast(? as integer)",
		isMoment:       func(text string) bool { _, err := strconv.ParseInt(text, 10, 64); return err == nil },
		position:       "instr(%, %)",
		integer:        func(text string) string { return "cast(" + text + " as integer)" },
		decimal:        func(text string) string { return "cast(" + text + " as real)" },
		moment:         func(text string) string { return "relata_micros(" + text + ")" },
		pattern:        sqlitePattern,
		matchesPattern: func(text, pattern string) string { return "relata_matches(" + pattern + ", " + text + ", ?)" },
		// The driver watches for the end of a context until there is a first row.
		matchesArgs: []any{untilWhen{}},
	}
}

// sqliteDSN has the settings of every connection. Memory mapping is what makes
// this driver fast; a larger page cache makes it slower.
func sqliteDSN(path string, writer bool) string {
	settings := url.Values{
		"_pragma": {
			"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(NORMAL)", "foreign_keys(1)",
			"mmap_size(8589934592)", "temp_store(MEMORY)",
		},
		"_time_integer_format": {"unix_micro"},
		"_inttotime":           {"1"},
	}
	if writer {
		settings.Set("_txlock", "immediate")
	} else {
		settings.Set("_query_only", "1")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + settings.Encode()
}

// openSQLite opens one connection that writes, and several that read.
func openSQLite(ctx context.Context, path string) (*pool, *pool, error) {
	write, err := openSQLiteWith(ctx, sqliteDSN(path, true), 1)
	if err != nil {
		return nil, nil, err
	}
	read, err := openSQLiteWith(ctx, sqliteDSN(path, false), max(4, runtime.NumCPU()))
	if err != nil {
		_ = write.Close()
		return nil, nil, err
	}
	return newPool(read, sqliteStatements), newPool(write, sqliteStatements), nil
}

func openSQLiteWith(ctx context.Context, dsn string, connections int) (*sqlx.DB, error) {
	db, err := sqlx.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	if err := db.PingContext(ctx); err != nil {
		_ = db.Close()
		return nil, err
	}
	return db, nil
}

// lockSQLite holds a lock in a small file of its own beside the database. In the
// database itself it would keep the migrations out; and unlike a file's mere
// existence, it ends with the process.
func lockSQLite(ctx context.Context, path string) (func(), error) {
	for attempt := 1; ; attempt++ {
		release, err := lockBeside(ctx, path+"-starting")
		if sqliteCode(err)&0xff != sqlite3.SQLITE_IOERR || attempt == 100 {
			return release, err
		}
		time.Sleep(20 * time.Millisecond) // who had the lock has removed the file
	}
}

func lockBeside(ctx context.Context, file string) (func(), error) {
	db, err := openSQLiteWith(ctx, "file:"+(&url.URL{Path: file}).EscapedPath()+"?_pragma=busy_timeout(60000)&_txlock=exclusive", 1)
	if err != nil {
		return nil, err
	}
	tx, err := db.BeginTxx(ctx, nil)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	return func() {
		_ = os.Remove(file)
		_ = tx.Rollback()
		_ = db.Close()
	}, nil
}

func sqliteCode(err error) int {
	var broken *sqlite.Error
	if errors.As(err, &broken) {
		return broken.Code()
	}
	return 0
}

// sqliteConstraint reads the columns from "constraint failed: UNIQUE constraint
// failed: relationship.label (2067)": the driver has them nowhere else.
func sqliteConstraint(err error) string {
	var broken *sqlite.Error
	if !errors.As(err, &broken) {
		return ""
	}
	text := broken.Error()
	_, text, found := strings.Cut(text, "constraint failed: ")
	if _, inner, twice := strings.Cut(text, "constraint failed: "); twice {
		text = inner
	}
	if !found {
		return ""
	}
	text, _, _ = strings.Cut(text, " (")
	text = strings.TrimPrefix(text, "index ")
	return strings.Trim(text, "'")
}

// sqliteArg turns ids into 16 bytes and slices into JSON.
func sqliteArg(arg any) any {
	switch v := arg.(type) {
	case uuid.UUID:
		return v[:]
	case *uuid.UUID:
		if v == nil {
			return nil
		}
		return v[:]
	case uuid.NullUUID:
		if !v.Valid {
			return nil
		}
		return v.UUID[:]
	case []uuid.UUID:
		return idsText(v, "[", `"`, "]")
	case []string, []int16, []int32, []int64, []int, []bool:
		text, err := json.Marshal(v)
		if err != nil {
			panic(fmt.Sprintf("marshal %T: %v", v, err))
		}
		if string(text) == "null" {
			return "[]"
		}
		return string(text)
	}
	return plainArg(arg)
}

// sqliteGather is one row for each object, whose peers may be null: a select for
// each takes fewer steps than one that groups them all.
func sqliteGather(own, peer, back string, _, listed fragment) fragment {
	return sqlf("select w.value, %, (select cast(group_concat(% || rid, ' ') as blob) from assoc where % = w.value) from % as w", back, peer, own, listed)
}

// sqlitePeers reads what gather wrote: the 16 bytes of each peer, the decimal
// digits of the definition's number and a space. (To write the ids in hexadecimal
// would allocate memory for each, which all connections do under one lock.)
func sqlitePeers(b []byte) []byte {
	out := make([]byte, 0, len(b)/(len(uuid.UUID{})+2)*packedPeer)
	for len(b) > len(uuid.UUID{}) {
		at := len(out)
		out = append(out, 0, 0, 0, 0)
		out = append(out, b[:len(uuid.UUID{})]...)
		var rid uint32
		for b = b[len(uuid.UUID{}):]; len(b) > 0 && b[0] != ' '; b = b[1:] {
			rid = 10*rid + uint32(b[0]-'0')
		}
		binary.BigEndian.PutUint32(out[at:], rid)
		if len(b) > 0 {
			b = b[1:]
		}
	}
	return out
}

// unhex reads what the database wrote in hexadecimal.
func unhex(b []byte) []byte {
	out := make([]byte, hex.DecodedLen(len(b)))
	_, _ = hex.Decode(out, b)
	return out
}

// sqlitePack packs references as unpackReferences reads them, in hexadecimal.
const sqlitePack = `group_concat(printf('%08X%04X', r.field & 0xffffffff, t.type_id) || hex(r.other) ||
		case when r.field in (select value from json_each(?)) then printf('%08X', octet_length(t.name)) || hex(t.name) else '00000000' end,
		'' order by r.field, t.sort_key, t.id)`

// sqlitePairs is one JSON list of pairs.
func sqlitePairs(a, b []string) []any {
	pairs := make([][2]string, len(a))
	for i := range a {
		pairs[i] = [2]string{a[i], b[i]}
	}
	text, err := json.Marshal(pairs)
	if err != nil {
		panic(fmt.Sprintf("marshal pairs: %v", err))
	}
	return []any{string(text)}
}

// sqlitePath is a path of keys as JSON functions take it.
func sqlitePath(keys []string) string {
	path := "$"
	for _, key := range keys {
		path += `."` + strings.ReplaceAll(strings.ReplaceAll(key, `"`, ""), "'", "''") + `"`
	}
	return "'" + path + "'"
}

// sqliteData is text whatever the value is: a number would not equal its text,
// and a boolean would be a number.
func sqliteData(alias string, keys []string) string {
	path := sqlitePath(keys)
	return "(case json_type(" + alias + ".data, " + path + ") when 'true' then 'true' when 'false' then 'false' else cast(" +
		alias + ".data ->> " + path + " as text) end)"
}

// sqliteTriples is one JSON list of three ids each.
func sqliteTriples(ids, a, b []uuid.UUID) []any {
	return sqliteTuples(len(ids), func(i int) string { return `"` + ids[i].String() + `"` }, a, b)
}

// sqliteClaims is one JSON list of a number and two ids each.
func sqliteClaims(rids []int32, a, b []uuid.UUID) []any {
	return sqliteTuples(len(rids), func(i int) string { return strconv.Itoa(int(rids[i])) }, a, b)
}

func sqliteTuples(n int, first func(int) string, a, b []uuid.UUID) []any {
	var text strings.Builder
	text.WriteByte('[')
	for i := range n {
		if i > 0 {
			text.WriteByte(',')
		}
		fmt.Fprintf(&text, `[%s,"%s","%s"]`, first(i), a[i], b[i])
	}
	text.WriteByte(']')
	return []any{text.String()}
}
