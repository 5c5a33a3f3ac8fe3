package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// dialect is the whole difference between PostgreSQL and SQLite.
type dialect struct {
	name     string // "postgres" or "sqlite", also the folder of its migrations
	dsn      string
	bindType int // of sqlx

	// open returns the pools of readers and of writers; one and the same where
	// the database allows any number of writers.
	open func(ctx context.Context) (read, write *pool, err error)
	// absent reports that there is no database yet, and opening it would make one.
	absent func() bool
	// lock holds other starting servers back until release is called.
	lock func(ctx context.Context) (release func(), err error)
	// check reports what the server lacks.
	check func(ctx context.Context, db *sqlx.DB) error
	// arg turns an argument into what the driver takes.
	arg func(any) any
	// isRetry reports that other transactions kept this one from finishing.
	isRetry func(error) bool
	// isUnique and isForeignKey report the kind of a broken constraint.
	isUnique, isForeignKey func(error) bool
	// broken names the broken constraint: in PostgreSQL by its name, in SQLite by
	// its columns ("relationship.label"), or by name where it is an index over
	// expressions.
	broken func(error) string

	// in follows a column and takes a slice of ids as its argument; inTexts and
	// inInts take texts and integers.
	in, inTexts, inInts string
	// one follows a column and takes one id.
	one string
	// inFew says that an id is one of the few that a select answers; it is run
	// before anything else.
	inFew string
	// ids and texts are tables of one column "value" made from a slice argument:
	// "from " + ids + " as wanted" (or any other name).
	ids, texts string
	// pairs is a table of two text columns, a and b, made from the arguments that
	// pairArgs returns for two slices.
	pairs    string
	pairArgs func(a, b []string) []any
	// triples is a table of three columns of ids, id, a and b, made from what
	// tripleArgs returns; claims has a number, rid, and two ids, a and b.
	triples, claims string
	tripleArgs      func(ids, a, b []uuid.UUID) []any
	claimArgs       func(rids []int32, a, b []uuid.UUID) []any
	// gather selects objects that stand in a column of assoc, back, and the number of
	// the definition and the id of all their peers as one value, which gathered turns
	// into packedPeer bytes each; chosen says which objects, listed is a table of them
	// with the column "value".
	gather func(own, peer, back string, chosen, listed fragment) fragment
	// pack aggregates references, with the fields that are named as its argument;
	// packed turns them into what unpackReferences reads.
	pack             string
	gathered, packed func([]byte) []byte
	// writableCTE: statements in WITH may write. insertLinks inserts what the
	// select list id and from find, guarded with rows for both ends, and answers
	// with those rows of which the condition answer is true.
	writableCTE bool
	insertLinks func(id, from fragment, at time.Time, answer fragment, guarded bool) fragment
	// impatient begins the conditions of a statement that fails when it waits for
	// longer than patience for what others have locked.
	impatient string
	// hexes is a table of one column "value", bytes made from texts in hexadecimal.
	hexes string
	// uuid is the placeholder of an id, and text and bigint those of a text and
	// a number, where the database cannot tell their type (a select list).
	uuid, text, bigint string
	// forUpdate, forChange (rows may be referred to meanwhile) and forShare end a
	// select whose rows must stay as they are until the transaction ends. SQLite
	// has one writer, and needs nothing.
	forUpdate, forChange, forShare, forKeyShare string
	// rowID is where a row lies, for tables that have no key.
	rowID string
	// insertRows is how many rows one insert adds best.
	insertRows int
	// c is the collation of bytes, for columns that do not have it by themselves.
	c string
	// data is the text at a path of keys in the column data, null where there is
	// none: "true" and "false" of booleans. elements is a table of one column
	// "value" with the texts of a list there. dataID is the id at a path.
	data, elements, dataID func(alias string, keys []string) string
	// lower turns text into lower case, rune by rune.
	lower func(text string) string
	// position is where in one text another one stands, 0: nowhere; % for each.
	position string
	// integer, decimal and moment convert text.
	integer, decimal, moment func(text string) string
	// pattern translates a regular expression, matchesPattern applies it.
	pattern        func(pattern string, fold bool) (string, bool)
	matchesPattern func(text, pattern string) string
	// matchesArgs are arguments of matchesPattern behind those of the pattern.
	matchesArgs []any
	// asText writes any value as text, % for it; writtenMoment is the placeholder
	// of a time that was written so, isMoment reports whether a text is one.
	asText, writtenMoment string
	isMoment              func(text string) bool
	// noID and noText are an id and a text that are null, in a select list.
	noID, noText string
}

// args turns arguments into what the driver takes.
func (d *dialect) args(ctx context.Context, args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		if arg == (untilWhen{}) {
			arg = nil
			if end, bounded := ctx.Deadline(); bounded {
				arg = end.UnixMicro()
			}
		}
		out[i] = d.arg(arg)
	}
	return out
}

// untilWhen is an argument: when the statement has to end, in microseconds since 1970,
// or null.
type untilWhen struct{}

// plainArg is an argument that both databases take alike: JSON as text, times in
// whole microseconds.
func plainArg(arg any) any {
	switch v := arg.(type) {
	case json.RawMessage:
		if v == nil {
			return nil
		}
		return string(v)
	case time.Time:
		return v.UTC().Truncate(time.Microsecond)
	}
	return arg
}

// idsText is a list of ids as text: quote stands around each.
func idsText(ids []uuid.UUID, begin, quote, end string) string {
	var b strings.Builder
	b.Grow(2 + 39*len(ids))
	b.WriteString(begin)
	for i, id := range ids {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(quote)
		b.WriteString(id.String())
		b.WriteString(quote)
	}
	b.WriteString(end)
	return b.String()
}

// parseDSN returns the dialect of a data source name.
func parseDSN(dsn string) (*dialect, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	switch {
	case scheme == "sqlite" && strings.TrimPrefix(rest, "//") != "":
		return sqliteDialect(strings.TrimPrefix(rest, "//")), nil
	case scheme == "postgres" || scheme == "postgresql":
		return postgresDialect(dsn)
	}
	return nil, fmt.Errorf("database %q: it must be sqlite:PATH or postgres://…", redacted(dsn))
}

// redacted leaves out what may hold a password.
func redacted(dsn string) string {
	if at := strings.LastIndexByte(dsn, '@'); at >= 0 {
		return "…" + dsn[at:]
	}
	return dsn
}
