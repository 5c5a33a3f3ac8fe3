package store

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/associations"
	"relata/pkg/filters"
)

// assocOrder are the expressions behind the names that sort associations.
var assocOrder = map[string]string{
	"id": "a.id", "source_id": "a.source_id", "destination_id": "a.destination_id",
	"source_type": "a.source_type", "destination_type": "a.destination_type",
	"relationship": "(select r.label from relationship r where r.rid = a.rid)",
}

// assocWhere compiles the filters of the list of associations. What they say of
// the definition is asked of the few definitions, so that the many rows are
// found by its number.
func (r reader) assocWhere(q filters.Query) fragment {
	parts := make([]fragment, 0, len(q)+1)
	for i := range q {
		parts = append(parts, r.assocCondition(q[i]))
	}
	if len(parts) == 0 {
		return raw("1 = 1")
	}
	return join(parts, " and ")
}

func (r reader) assocCondition(cond filters.Condition) fragment {
	if cond.Field == nil || cond.Nothing {
		return never.yes
	}
	of := func(cond filters.Condition) fragment {
		return sqlf("a.rid in (select r.rid from relationship r where %)", r.whereOf(relationshipTable, filters.Query{cond}, "r"))
	}
	switch cond.Field.Path.Column.Name {
	case "relationship":
		if key, ok := oneKey(cond); ok {
			return with("a.rid = (select r.rid from relationship r where r.key = ?)", key)
		}
		field := *cond.Field
		field.Path.Column.Name = "key"
		cond.Field = &field
		return of(cond)
	case "source_type", "destination_type":
		return of(cond)
	case "peer_id":
		return with("a.kind in (1, 4) and (a.source_id"+r.dialect.in+" or a.destination_id"+r.dialect.in+")", cond.IDs, cond.IDs)
	}
	if cond.Field.Kind != filters.Search || len(cond.Texts) == 0 {
		return r.whereOf(assocTable, filters.Query{cond}, "a")
	}
	text := cond
	text.Field = &filters.Field{Name: "q", Kind: filters.Search, Search: cond.Field.Search[:2]}
	if id, err := uuid.Parse(cond.Texts[0]); err == nil {
		return sqlf("(% or %)", of(text), with("a.id = "+r.dialect.uuid, id))
	}
	return of(text)
}

// oneKey returns the only definition that a condition allows.
func oneKey(cond filters.Condition) (string, bool) {
	if cond.Field.Path.Column.Name == "relationship" && cond.Lookup == filters.Equal && len(cond.Texts) == 1 && !cond.Null && !cond.Nothing {
		return cond.Texts[0], true
	}
	return "", false
}

const assocColumns = `a.id, a.rid, a.source_id, a.destination_id, a.created`

func (r reader) assocRows(ctx context.Context, named bool, text string, args ...any) ([]associations.Row, error) {
	out := []associations.Row{}
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var row associations.Row
		into := []any{&row.ID, &row.RID, &row.SourceID, &row.DestinationID, &row.Created}
		if named {
			into = append(into, &row.SourceStr, &row.DestinationStr)
		}
		err := rows.Scan(into...)
		row.Created = row.Created.UTC()
		out = append(out, row)
		return err
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read associations: %w", err)
	}
	return out, nil
}

// Associations returns the associations that a list asks for. It skips over the
// index alone, and joins what the page shows.
func (r reader) Associations(ctx context.Context, list associations.List) ([]associations.Row, error) {
	w, order := r.assocWhere(list.Query), sortedBy(list.Sort, assocOrder, "a.id", "a.id")
	page := limited(list.Limit, list.Offset)
	if list.After != nil {
		w, order = sqlf("% and %", w, with("a.id > "+r.dialect.uuid, *list.After)), " order by a.id"
		page = limited(list.Limit, 0)
	}
	f := sqlf(`select `+assocColumns+`, s.str, d.str
		from (select a.id from assoc a where %% %) k
		join assoc a on a.id = k.id join object s on s.id = a.source_id join object d on d.id = a.destination_id%`,
		w, order, page, order)
	return r.assocRows(ctx, true, f.text, f.args...)
}

// AssociationCount returns how many associations match q. Without filters, or
// with one definition as the only one, it is read from what writers noted.
func (r reader) AssociationCount(ctx context.Context, q filters.Query) (int, error) {
	if len(q) == 0 {
		return r.totalOf(ctx, countLinks)
	}
	f := sqlf("select count(*) from assoc a where %", r.assocWhere(q))
	if key, ok := oneKey(q[0]); ok && len(q) == 1 {
		f = with("select coalesce(sum(n), 0) from count_delta where kind = 1 and what = (select r.rid from relationship r where r.key = ?)", key)
	}
	var n int
	if err := r.queryRow(ctx, f.text, f.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count associations: %w", err)
	}
	return n, nil
}

// AssociationRows returns associations by id, in the order of their ids.
func (r reader) AssociationRows(ctx context.Context, ids []uuid.UUID) ([]associations.Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return r.assocRows(ctx, true, `select `+assocColumns+`, s.str, d.str from assoc a
		join object s on s.id = a.source_id join object d on d.id = a.destination_id
		where a.id`+r.dialect.in+` order by a.id`, ids)
}

// HoldAssociations returns associations by id, without the names of their ends,
// and keeps them as they are until the transaction ends.
func (t *Tx) HoldAssociations(ctx context.Context, ids []uuid.UUID) ([]associations.Row, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return t.assocRows(ctx, false, `select `+assocColumns+` from assoc a where a.id`+t.dialect.in+` order by a.id`+t.dialect.forUpdate, ids)
}

// HoldEnds keeps the ends of contested links until the transaction ends, in the
// order of their ids. Those that can have one peer only are kept from all others
// who do the same; the others may not be deleted. SQLite has one writer.
func (t *Tx) HoldEnds(ctx context.Context, c associations.Contest) (associations.Held, error) {
	if t.dialect.forChange == "" {
		return nil, nil
	}
	// Peers that a set keeps are contested by nobody: they stand in it twice.
	var ids []uuid.UUID
	err := t.all(ctx, &ids, `with replaced as (
			select * from unnest(?::bigint[], ?::bigint[], ?::uuid[], ?::boolean[], ?::boolean[], ?::boolean[]) as r (n, rid, object_id, source, destination, alone)
		), peer (n, id, alone) as (
			select * from unnest(?::bigint[], ?::uuid[], ?::boolean[]) as p
			union all select r.n, a.destination_id, r.alone from replaced r
				join assoc a on a.source_id = r.object_id and a.rid = r.rid where r.source
			union all select r.n, a.source_id, r.alone from replaced r
				join assoc a on a.destination_id = r.object_id and a.rid = r.rid where r.destination
		), contested (id, alone) as (
			select value, true from `+t.dialect.ids+` as alone
			union all select value, false from `+t.dialect.ids+` as shared
			union all select e.id, e.alone from assoc a cross join lateral (values
				(a.source_id, a.source_unique or not a.destination_unique), (a.destination_id, a.destination_unique or not a.source_unique)) as e (id, alone)
				where a.id`+t.dialect.in+`
			union all select id, bool_or(alone) from peer group by n, id having count(*) = 1
		)
		select e.id from (select id, bool_or(alone) as alone from contested group by id order by id) as e
		left join lateral (select from object o where o.id = e.id and e.alone`+t.dialect.forChange+`) as a on true
		left join lateral (select from object o where o.id = e.id and not e.alone`+t.dialect.forKeyShare+`) as s on true`,
		contestArgs(c)...)
	if err != nil {
		return nil, fmt.Errorf("hold ends of associations: %w", err)
	}
	held := make(associations.Held, len(ids))
	for _, id := range ids {
		held[id] = true
	}
	return held, nil
}

func contestArgs(c associations.Contest) []any {
	var numbers, rids, of []int32
	var holders, peers []uuid.UUID
	var sources, destinations, alones, alone []bool
	for i, r := range c.Replaced {
		n := int32(i)
		numbers, rids, holders = append(numbers, n), append(rids, r.RID), append(holders, r.Object)
		sources, destinations = append(sources, r.Source), append(destinations, r.Destination)
		alones = append(alones, r.Alone)
		for _, peer := range r.Peers {
			of, peers, alone = append(of, n), append(peers, peer), append(alone, r.Alone)
		}
	}
	return []any{numbers, rids, holders, sources, destinations, alones, of, peers, alone, c.Alone, c.Shared, c.Ended}
}

// LinksOf returns the associations of an object in the given definitions.
func (r reader) LinksOf(ctx context.Context, id uuid.UUID, rids []int32) ([]associations.Row, error) {
	text := func(side string) string {
		return `select ` + assocColumns + ` from assoc a where a.` + side + ` = ? and a.rid` + r.dialect.inInts
	}
	return r.assocRows(ctx, false, text("source_id")+` union all `+text("destination_id"), id, rids, id, rids)
}

// Taken returns those of ids that an association has.
func (r reader) Taken(ctx context.Context, ids []uuid.UUID) ([]uuid.UUID, error) {
	var taken []uuid.UUID
	if err := r.all(ctx, &taken, `select a.id from assoc a where a.id`+r.dialect.in, ids); err != nil {
		return nil, fmt.Errorf("read ids of associations: %w", err)
	}
	return taken, nil
}

// Named returns the types and names of objects.
func (r reader) Named(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID]associations.Named, error) {
	out := make(map[uuid.UUID]associations.Named, len(ids))
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var id uuid.UUID
		var named associations.Named
		err := rows.Scan(&id, &named.Type, &named.Str)
		out[id] = named
		return err
	}, `select o.id, o.type_id, o.str from object o where o.id`+r.dialect.in, ids)
	if err != nil {
		return nil, fmt.Errorf("read names of objects: %w", err)
	}
	return out, nil
}

// Rivals returns the associations that stand in the way of claims: the same pair
// in either order, and those of an end that may have one only.
func (r reader) Rivals(ctx context.Context, claims []associations.Claim) ([]associations.Row, error) {
	rids := make([]int32, len(claims))
	from, to := make([]uuid.UUID, len(claims)), make([]uuid.UUID, len(claims))
	for i, c := range claims {
		rids[i], from[i], to[i] = c.RID, c.Source, c.Destination
	}
	text := `with w as (select * from ` + r.dialect.claims + ` as c)`
	for i, on := range []string{
		"a.source_id = w.a and a.destination_id = w.b",
		"a.source_id = w.b and a.destination_id = w.a",
		"a.source_id = w.a and a.source_unique",
		"a.destination_id = w.b and a.destination_unique",
		"a.source_id = w.b and a.kind = 1",
		"a.destination_id = w.a and a.kind = 1",
	} {
		if i > 0 {
			text += " union"
		}
		text += ` select ` + assocColumns + ` from w join assoc a on a.rid = w.rid and ` + on
	}
	return r.assocRows(ctx, false, text, r.dialect.claimArgs(rids, from, to)...)
}

// Matching returns those of ids that match q.
func (r reader) Matching(ctx context.Context, ids []uuid.UUID, q filters.Query) ([]uuid.UUID, error) {
	f := sqlf("select o.id from object o where % and %", with("o.id"+r.dialect.in, ids), r.judged(q, "o"))
	var matching []uuid.UUID
	err := r.bounded(ctx, q, func(ctx context.Context) error {
		return r.all(ctx, &matching, f.text, f.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("match objects: %w", err)
	}
	return matching, nil
}

// ChangeAssociations runs do in a transaction; what it wrote stays when it
// returns nil.
func (s *Store) ChangeAssociations(ctx context.Context, do func(associations.Tx) error) error {
	return s.inTx(ctx, func(t *Tx) error { return do(t) })
}

// Try runs do in a savepoint: what it wrote is undone when it fails, and the
// transaction goes on.
func (t *Tx) Try(ctx context.Context, do func() error) error { return t.try(ctx, do) }

// Unlink ends associations by id and returns how many there were.
func (t *Tx) Unlink(ctx context.Context, ids []uuid.UUID, at time.Time) (int, error) {
	return t.unlink(ctx, "id"+t.dialect.in, at, ids)
}

// UnlinkObjects ends all associations of objects.
func (t *Tx) UnlinkObjects(ctx context.Context, ids []uuid.UUID, at time.Time) error {
	_, err := t.unlink(ctx, "source_id"+t.dialect.in+" or destination_id"+t.dialect.in, at, ids, ids)
	return err
}

// unlink moves the associations that match where to the history.
func (t *Tx) unlink(ctx context.Context, where string, at time.Time, args ...any) (int, error) {
	const old = `id, rid, source_id, destination_id, created`
	if t.dialect.writableCTE {
		var n int
		err := t.queryRow(ctx, `with gone as (delete from assoc where `+where+` returning `+old+`, extensions), kept as (
				insert into assoc_history (`+old+`, extensions, ended) select `+old+`, extensions, ?::timestamptz from gone on conflict do nothing), counted as (
				insert into count_delta (kind, what, n) select 1, rid, -count(*) from gone group by rid)
			select count(*) from gone`, append(args, at)...).Scan(&n)
		if err != nil {
			return 0, fmt.Errorf("delete associations: %w", err)
		}
		return n, nil
	}
	if _, err := t.exec(ctx, `insert into assoc_history (`+old+`, extensions, ended)
		select `+old+`, extensions, ? from assoc where `+where+` on conflict do nothing`, append([]any{at}, args...)...); err != nil {
		return 0, fmt.Errorf("keep associations: %w", err)
	}
	if _, err := t.exec(ctx, `insert into count_delta (kind, what, n)
		select 1, rid, -count(*) from assoc where `+where+` group by rid`, args...); err != nil {
		return 0, fmt.Errorf("count associations: %w", err)
	}
	n, err := t.affect(ctx, `delete from assoc where `+where, args...)
	if err != nil {
		return 0, fmt.Errorf("delete associations: %w", err)
	}
	return int(n), nil
}
