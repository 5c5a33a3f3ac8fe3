package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
)

// operation is what is measured: statements of the service with arguments.
type operation struct {
	name  string
	write bool
	rows  int // how many things one call is about
	do    func(ctx context.Context, e *engine, n int) error
}

const (
	pageCount = 20
	bulkSize  = 5_000
)

// operations are made of the texts that the service runs.
func operations(t texts) []operation {
	page := func(ctx context.Context, e *engine, n int) error {
		f := &e.facts
		if err := e.query(ctx, t.page, 50, f.device, 50, 50*(n%pageCount)); err != nil {
			return err
		}
		ids := f.pages[n%pageCount]
		return e.query(ctx, t.links, 50, ids, ids)
	}
	return []operation{
		{name: "object by id", rows: 1, do: func(ctx context.Context, e *engine, n int) error {
			device := id("dcim.device", n*7919%e.facts.devices)
			return e.query(ctx, t.one, 1, device[:])
		}},
		{name: "page of 50 with ids of peers", rows: 1, do: page},
		{name: "page of 50 with names of peers", rows: 1, do: func(ctx context.Context, e *engine, n int) error {
			if err := page(ctx, e, n); err != nil {
				return err
			}
			return e.query(ctx, t.names, 50, e.facts.peers[n%pageCount])
		}},
		{name: "validated insert, own transaction", rows: 1, write: true, do: func(ctx context.Context, e *engine, n int) error {
			f := &e.facts
			key, p := uuid.Must(uuid.NewV7()), f.pair(n)
			return e.transaction(ctx, t.insert, 1, f.rid, key[:], time.Now().UnixMicro(), f.parent, 1, p[0][:], p[1][:],
				f.status, f.statuses, f.status, f.statuses)
		}},
		{name: fmt.Sprintf("validated bulk insert of %d, rows", bulkSize), rows: bulkSize, write: true, do: func(ctx context.Context, e *engine, n int) error {
			f := &e.facts
			return e.transaction(ctx, t.bulk, bulkSize, f.rid, time.Now().UnixMicro(), f.triples(n), f.parent, 1,
				f.status, f.statuses, f.status, f.statuses)
		}},
	}
}

// pair is the n-th of pairs that are not linked yet, in no order of objects.
func (f *facts) pair(n int) [2]uuid.UUID {
	k := n * 7919
	return [2]uuid.UUID{id("dcim.device", k%f.devices), id("ipam.vlan", (k/f.devices*31+k)%f.devices)}
}

// triples are ids and pairs for a bulk insert, as JSON.
func (f *facts) triples(n int) string {
	var b strings.Builder
	for i := range bulkSize {
		p := f.pair(1_000_000 + n*bulkSize + i)
		fmt.Fprintf(&b, `,["%s","%s","%s"]`, uuid.Must(uuid.NewV7()), p[0], p[1])
	}
	return "[" + b.String()[1:] + "]"
}

// transaction inserts, and notes the count, as the service does.
func (e *engine) transaction(ctx context.Context, text string, want int, rid int64, args ...any) error {
	insert, err := e.statement(ctx, e.write, text)
	if err != nil {
		return err
	}
	count, err := e.statement(ctx, e.write, counted)
	if err != nil {
		return err
	}
	tx, err := e.write.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	rows, err := tx.StmtContext(ctx, insert).QueryContext(ctx, args...)
	if err != nil {
		return err
	}
	// Now and then a pair is one of those that load made.
	if err := drain(rows, want*9/10); err != nil {
		return err
	}
	if _, err := tx.StmtContext(ctx, count).ExecContext(ctx, rid, want); err != nil {
		return err
	}
	return tx.Commit()
}
