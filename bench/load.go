package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"

	"relata/pkg/objects"
	"relata/pkg/store"
)

// table is where rows are loaded; its columns in the order of the rows.
type table struct {
	name    string
	columns string
}

// loader writes rows in bulk into one database, all or nothing.
type loader interface {
	// begin opens the transaction and takes the indexes off the tables.
	begin(ctx context.Context, tables []table) error
	// fill adds the rows that each yields to t. Ids are uuid.UUID, times time.Time.
	fill(ctx context.Context, t table, each func(add func(row ...any) error) error) error
	// exec runs a statement in the transaction; texts are the same in both databases.
	exec(ctx context.Context, text string) error
	// finish puts the indexes back as they were, told step by step, and commits.
	finish(ctx context.Context, step func(string)) error
	// close rolls back what is not finished.
	close()
}

func loadCommand() *cobra.Command {
	var database string
	var p plan
	cmd := &cobra.Command{
		Use:   "load",
		Short: "Fill an empty database with devices, VLANs, circuits, interfaces, racks and their associations",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return load(cmd.Context(), database, p, os.Stderr)
		},
	}
	cmd.Flags().StringVar(&database, "database", "", "sqlite:PATH or postgres://…")
	cmd.Flags().IntVar(&p.objects, "objects", 1_000_000, "how many objects, a fifth of each type")
	cmd.Flags().IntVar(&p.associations, "associations", 5_000_000, "how many associations, at most five per object")
	cmd.Flags().Uint64Var(&p.seed, "seed", 1, "another seed, other data")
	_ = cmd.MarkFlagRequired("database")
	return cmd
}

// load fills the database, telling progress on out.
func load(ctx context.Context, database string, p plan, out io.Writer) error {
	registry, err := prepare(ctx, database)
	if err != nil {
		return err
	}
	inv, err := newInventory(ctx, registry, p)
	if err != nil {
		return err
	}
	l, err := openLoader(ctx, database)
	if err != nil {
		return err
	}
	defer l.close()
	if err := l.begin(ctx, tables); err != nil {
		return err
	}
	started := time.Now()
	if err := fill(ctx, l, inv, out); err != nil {
		return err
	}
	if err := l.finish(ctx, func(step string) { fmt.Fprintln(out, step) }); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d objects and %d associations in %s\n", p.objects, p.associations, time.Since(started).Round(time.Second))
	return err
}

// prepare makes the tables and numbers the types, as a server's start does.
func prepare(ctx context.Context, database string) (*objects.Registry, error) {
	s, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		return nil, err
	}
	defer s.Close()
	return objects.NewRegistry(ctx, s)
}

func openLoader(ctx context.Context, database string) (loader, error) {
	if path, ok := strings.CutPrefix(database, "sqlite:"); ok {
		return openSQLite(ctx, path)
	}
	return openPostgres(ctx, database)
}

// The tables that are filled, an object before what refers to it.
var (
	objectTable   = table{"object", "id, type_id, name, str, sort_key, data, body, version, created, last_updated"}
	refTable      = table{"object_ref", "object_id, field_id, target_id, position"}
	keyTable      = table{"object_key", "type_id, rule_id, key, object_id"}
	treeTable     = table{"object_tree", "type_id, ancestor_id, descendant_id, depth"}
	relationTable = table{"relationship", "id, rid, label, key, description, kind, source_type, source_filter, " +
		"destination_type, destination_filter, source_unique, destination_unique, created, last_updated"}
	assocTable = table{"assoc", "id, rid, kind, source_type, destination_type, source_unique, destination_unique, " +
		"source_id, destination_id, created"}
	endpointTable = table{"assoc_endpoint", "rid, object_id, assoc_id"}

	tables = []table{objectTable, refTable, keyTable, treeTable, relationTable, assocTable, endpointTable}
)

var errUsed = errors.New("the database has objects of the bench already: give an empty one")

// fill writes everything there is of inv.
func fill(ctx context.Context, l loader, inv *inventory, out io.Writer) error {
	bar := progressbar.NewOptions(inv.rows(), progressbar.OptionSetWriter(out), progressbar.OptionShowCount(),
		progressbar.OptionShowIts(), progressbar.OptionThrottle(time.Second), progressbar.OptionSetWidth(30))
	parts := []struct {
		table table
		each  func(add func(...any) error) error
	}{
		{objectTable, inv.eachObject}, {refTable, inv.eachRef}, {keyTable, inv.eachKey}, {treeTable, inv.eachPlace},
		{relationTable, inv.eachRelationship}, {assocTable, inv.eachAssociation}, {endpointTable, inv.eachEndpoint},
	}
	for _, part := range parts {
		bar.Describe(part.table.name)
		err := l.fill(ctx, part.table, func(add func(...any) error) error {
			n := 0
			err := part.each(func(row ...any) error {
				if n++; n%1000 == 0 {
					_ = bar.Add(1000)
					if err := ctx.Err(); err != nil {
						return err
					}
				}
				return add(row...)
			})
			_ = bar.Add(n % 1000)
			return err
		})
		if err != nil {
			return fmt.Errorf("fill %s: %w", part.table.name, err)
		}
	}
	_ = bar.Finish()
	fmt.Fprintln(out)
	for kind, counts := range inv.counts() {
		for what, n := range counts {
			text := fmt.Sprintf("insert into count_delta (kind, what, n) values (%d, %d, %d)", kind, what, n)
			if err := l.exec(ctx, text); err != nil {
				return fmt.Errorf("count: %w", err)
			}
		}
	}
	return l.exec(ctx, "update state set version = version + 1")
}
