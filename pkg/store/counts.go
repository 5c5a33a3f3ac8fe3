package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

// What count_delta counts: objects of a type, and associations of a
// relationship.
const (
	countObjects = iota
	countLinks
)

// total is an unfiltered count: the sum of what writes noted.
func (r reader) total(ctx context.Context, kind int, what int32) (int, error) {
	var n int
	err := r.queryRow(ctx, `select coalesce(sum(n), 0) from count_delta where kind = ? and what = ?`, kind, what).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("read count: %w", err)
	}
	return n, nil
}

// totalOf is an unfiltered count of everything of a kind.
func (r reader) totalOf(ctx context.Context, kind int) (int, error) {
	var n int
	if err := r.queryRow(ctx, `select coalesce(sum(n), 0) from count_delta where kind = ?`, kind).Scan(&n); err != nil {
		return 0, fmt.Errorf("read count: %w", err)
	}
	return n, nil
}

// note adds n to an unfiltered count.
func (t *Tx) note(ctx context.Context, kind int, what int32, n int) error {
	if n == 0 {
		return nil
	}
	if _, err := t.exec(ctx, `insert into count_delta (kind, what, n) values (?, ?, ?)`, kind, what, n); err != nil {
		return fmt.Errorf("note count: %w", err)
	}
	return nil
}

// ObjectCount returns how many objects of type t match q.
func (r reader) ObjectCount(ctx context.Context, t *objects.Type, q filters.Query) (int, error) {
	if len(q) == 0 {
		return r.total(ctx, countObjects, int32(t.ID))
	}
	where := r.listed(t, q)
	var n int
	err := r.bounded(ctx, q, func(ctx context.Context) error {
		return r.queryRow(ctx, "select count(*) from object o where "+where.text, where.args...).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count objects: %w", err)
	}
	return n, nil
}

// foldedRows is how many rows of count_delta one transaction folds.
const foldedRows = 10_000

// FoldCounts sums up what writes noted for the unfiltered counts. Servers call it
// now and then, so that there is little to add up for a reader; several may at
// once.
func (s *Store) FoldCounts(ctx context.Context) error {
	for {
		var folded int
		err := s.inTx(ctx, func(t *Tx) error {
			var err error
			folded, err = t.fold(ctx)
			return err
		})
		if err != nil || folded < foldedRows {
			return err
		}
	}
}

// fold replaces rows by their sums and returns how many there were. What is
// deleted is what is summed up, whatever else is written meanwhile.
func (t *Tx) fold(ctx context.Context) (int, error) {
	type counted struct {
		kind int
		what int32
	}
	sums := map[counted]int{}
	rows := 0
	err := t.each(ctx, func(r *sqlx.Rows) error {
		var c counted
		var n int
		err := r.Scan(&c.kind, &c.what, &n)
		sums[c] += n
		rows++
		return err
	}, `delete from count_delta where `+t.dialect.rowID+` in (
			select c.`+t.dialect.rowID+` from count_delta c
			join (select kind, what from count_delta group by kind, what having count(*) > 1) m on m.kind = c.kind and m.what = c.what
			limit ?)
		returning kind, what, n`, foldedRows)
	if err != nil {
		return 0, fmt.Errorf("fold counts: %w", err)
	}
	for c, n := range sums {
		if err := t.note(ctx, c.kind, c.what, n); err != nil {
			return 0, err
		}
	}
	return rows, nil
}

// Counts returns what the Count field f of type t shows for each of ids: one
// statement. Ids with nothing to count are left out.
func (r reader) Counts(ctx context.Context, cat *objects.Catalogue, t *objects.Type, f *objects.Field, ids []uuid.UUID) (map[uuid.UUID]int, error) {
	if f.Derive == "holders" {
		return r.counted(ctx, with(`select r.target_id, count(*) from object_ref r join field f on f.id = r.field_id
			where f.name = ? and r.target_id`+r.dialect.in+` group by r.target_id`, f.Args["field"], ids))
	}
	p, _, _, err := cat.Resolve(t, f.Path)
	if err != nil || len(p.Hops) == 0 {
		return nil, fmt.Errorf("count %s of %s: no way (%w)", f.Name, t.Name, err)
	}
	c := &compiler{reader: r, dialect: r.dialect}
	way := c.chain(p.Hops, p, ground{"o", objectTable})
	return r.counted(ctx, sqlf("select %, count(distinct %) from % where % and % group by %",
		way.first, way.last, way.from, way.on, with(way.first+r.dialect.in, ids), way.first))
}

func (r reader) counted(ctx context.Context, f fragment) (map[uuid.UUID]int, error) {
	counts := map[uuid.UUID]int{}
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var id uuid.UUID
		var n int
		err := rows.Scan(&id, &n)
		counts[id] = n
		return err
	}, f.text, f.args...)
	if err != nil {
		return nil, fmt.Errorf("count: %w", err)
	}
	return counts, nil
}

// CountObjects notes that there are n more objects of a type.
func (t *Tx) CountObjects(ctx context.Context, typeID int16, n int) error {
	if n == 0 {
		return nil
	}
	if _, err := t.exec(ctx, `insert into count_delta (kind, what, n) values (0, ?, ?)`, typeID, n); err != nil {
		return fmt.Errorf("count objects: %w", err)
	}
	return nil
}
