package store

import (
	"context"
	"fmt"
	"strings"

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
	// ids, texts and ints are tables of one column "value" made from a slice
	// argument: "from " + ids + " as wanted" (or any other name).
	ids, texts, ints string
	// pairs is a table of two text columns, a and b, made from the arguments that
	// pairArgs returns for two slices.
	pairs    string
	pairArgs func(a, b []string) []any
	// uuid is the placeholder of an id, and text and bigint those of a text and
	// a number, where the database cannot tell their type (a select list).
	uuid, text, bigint string
	// forUpdate and forShare end a select whose rows must stay as they are until
	// the transaction ends. SQLite has one writer, and needs nothing.
	forUpdate, forShare, forKeyShare string
	// insertRows is how many rows one insert adds best.
	insertRows int
	// c is the collation of bytes, for columns that do not have it by themselves.
	c string
	// now is the database's own time; the domain gets its own from outside.
	now string
}

// args turns arguments into what the driver takes.
func (d *dialect) args(args []any) []any {
	out := make([]any, len(args))
	for i, arg := range args {
		out[i] = d.arg(arg)
	}
	return out
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
	if _, after, found := strings.Cut(dsn, "@"); found {
		return "…@" + after
	}
	return dsn
}
