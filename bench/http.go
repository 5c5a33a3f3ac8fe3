package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
)

// options of the measurement.
type options struct {
	database, empty   string
	pgbench           string
	connections       int
	rounds            int
	warm, over        time.Duration
	only, serveBinary string
	show              bool // print the statements
}

func httpCommand() *cobra.Command {
	var o options
	cmd := &cobra.Command{
		Use:   "http",
		Short: "Measure requests beside pgbench running the statements of those requests",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return measureHTTP(cmd.Context(), o, os.Stdout)
		},
	}
	f := cmd.Flags()
	f.StringVar(&o.database, "database", "", "postgres://…, filled by load")
	f.StringVar(&o.empty, "beside", "", "a second database with the same objects and hardly an association")
	f.StringVar(&o.pgbench, "pgbench", "pgbench", "the program")
	f.StringVar(&o.serveBinary, "relata", "", "the program that is measured; empty: built from the sources")
	f.StringVar(&o.only, "only", "", "comma-separated parts: "+strings.Join(partNames(), ", ")+"; empty: all")
	f.BoolVar(&o.show, "statements", false, "print the statements of each request, too")
	f.IntVar(&o.connections, "connections", 16, "of the load and of pgbench")
	f.IntVar(&o.rounds, "rounds", 3, "how often each is measured, in turn; the median counts")
	f.DurationVar(&o.warm, "warm", 3*time.Second, "how long each run is not counted")
	f.DurationVar(&o.over, "over", 6*time.Second, "how long each run is counted")
	_ = cmd.MarkFlagRequired("database")
	return cmd
}

// bench is a measurement under way.
type bench struct {
	options
	db      *sql.DB
	server  *child // what is measured
	watched *child // the same behind the capturing proxy, for one request at a time
	capture *capture
	make    maker
	pg      *pgbench
	each    int           // objects of each type
	pairs   atomic.Uint64 // given out
	out     report
	log     io.Writer
}

func measureHTTP(ctx context.Context, o options, out io.Writer) error {
	database, err := url.Parse(o.database)
	if err != nil || !strings.HasPrefix(database.Scheme, "postgres") {
		return fmt.Errorf("--database: pgbench needs postgres://…")
	}
	for name := range strings.SplitSeq(o.only, ",") {
		if o.only != "" && !slices.Contains(partNames(), name) {
			return fmt.Errorf("--only: there is no part %q, but %s", name, strings.Join(partNames(), ", "))
		}
	}
	folder, err := os.MkdirTemp("", "relata-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	b := &bench{options: o, log: os.Stderr}
	if b.serveBinary == "" {
		if b.serveBinary, err = build(ctx, folder); err != nil {
			return err
		}
	}
	if b.db, err = sql.Open("postgres", o.database); err != nil {
		return err
	}
	defer b.db.Close()
	if b.capture, err = newCapture(database.Host); err != nil {
		return err
	}
	defer b.capture.close()
	through := *database
	through.Host = b.capture.listener.Addr().String()
	key, err := newToken(ctx, o.database)
	if err != nil {
		return err
	}
	for _, start := range []struct {
		database string
		to       **child
	}{{o.database, &b.server}, {through.String(), &b.watched}} {
		if *start.to, err = serve(ctx, b.serveBinary, start.database); err != nil {
			return err
		}
		defer (*start.to).stop()
	}
	b.make = maker{host: b.server.host, token: key}
	b.pg = &pgbench{program: o.pgbench, database: database, settings: b.capture.settings, folder: folder}
	err = b.db.QueryRowContext(ctx, `select count(*) from object where type_id = (select id from type where name = 'dcim.device') and name like 'bench-sw%'`).Scan(&b.each)
	if err != nil {
		return fmt.Errorf("count the devices: %w", err)
	}
	if b.each == 0 {
		return errors.New("the database was not filled by load")
	}
	defer b.clean()
	err = b.all(ctx)
	b.out.write(out)
	return err
}

// parts are what is measured, in order.
var parts = []struct {
	name string
	run  func(*bench, context.Context) error
}{
	{"page", (*bench).page}, {"named", (*bench).named}, {"one", (*bench).one}, {"post", (*bench).post}, {"bulk", (*bench).bulk},
	{"deep", (*bench).deep}, {"hot", (*bench).hot}, {"duplicate", (*bench).duplicate},
}

func partNames() []string {
	var names []string
	for _, part := range parts {
		names = append(names, part.name)
	}
	return names
}

func (b *bench) all(ctx context.Context) error {
	only := strings.Split(b.only, ",")
	for _, part := range parts {
		if b.only != "" && !slices.Contains(only, part.name) {
			continue
		}
		if err := part.run(b, ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	return nil
}

// clean takes away the definitions that the measurements made, and what was
// linked in them.
func (b *bench) clean() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	const made = `(select rid from relationship where key like 'bench\_new\_%')`
	for _, text := range []string{
		`delete from assoc where rid in ` + made,
		`delete from count_delta where kind = 1 and what in ` + made,
		`delete from relationship where rid in ` + made,
		`vacuum analyze assoc`, `vacuum count_delta`,
	} {
		if _, err := b.db.ExecContext(ctx, text); err != nil {
			fmt.Fprintln(b.log, "clean:", err)
		}
	}
}

// statements returns what a server runs for r: of several times the shortest
// list, since now and then a request finds that a second has passed and looks
// whether something changed. again makes the request anew each time.
func (b *bench) statements(want int, again func() request) ([]statement, []byte, error) {
	c, err := call(b.watched.host)
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	var least []statement
	var body []byte
	for try := range 6 {
		if _, err := b.capture.take(); err != nil {
			return nil, nil, err
		}
		if err := c.must(again(), want); err != nil {
			return nil, nil, err
		}
		noted, err := b.capture.take()
		if err != nil {
			return nil, nil, err
		}
		// The first time round statements are prepared and caches filled.
		if try > 0 && (least == nil || len(noted) <= len(least)) {
			least, body = noted, append([]byte(nil), c.body...)
		}
	}
	if b.show {
		b.print(least)
	}
	return least, body, nil
}

// print shows statements, long parameters shortened.
func (b *bench) print(statements []statement) {
	for i, s := range statements {
		fmt.Fprintf(b.log, "%d: %s\n", i+1, s.text)
		for n, arg := range s.args {
			if arg != nil {
				fmt.Fprintf(b.log, "     $%d = %.120s\n", n+1, *arg)
			}
		}
	}
}

// turns measures each of runs in turn, several rounds, and returns the medians.
func (b *bench) turns(ctx context.Context, what string, runs ...func(context.Context) (result, error)) ([]result, error) {
	all := make([][]result, len(runs))
	for round := range b.rounds {
		for i, run := range runs {
			r, err := run(ctx)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(b.log, "%s %d/%d: %d: %.1f/s, p50 %s, p99 %s\n", what, round+1, b.rounds, i, r.rate, r.p50, r.p99)
			all[i] = append(all[i], r)
		}
	}
	medians := make([]result, len(runs))
	for i := range all {
		medians[i] = median(all[i])
	}
	return medians, nil
}

// http is a run of requests.
func (b *bench) http(host string, want int, next func(worker, n int) request) func(context.Context) (result, error) {
	return func(ctx context.Context) (result, error) {
		return load16(ctx, host, b.connections, b.warm, b.over, want, next)
	}
}

// sql is a run of pgbench.
func (b *bench) sql(s *scripts) func(context.Context) (result, error) {
	return func(ctx context.Context) (result, error) {
		return b.pg.run(ctx, s, b.connections, b.warm, b.over)
	}
}

// copyRows is a bulk insert by COPY, in one transaction.
func (b *bench) copyRows(ctx context.Context, table, columns string, rows [][]any) error {
	tx, err := b.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	stmt, err := tx.PrepareContext(ctx, "copy "+table+" ("+columns+") from stdin")
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := stmt.ExecContext(ctx, row...); err != nil {
			return err
		}
	}
	if _, err := stmt.ExecContext(ctx); err != nil {
		return err
	}
	return tx.Commit()
}
