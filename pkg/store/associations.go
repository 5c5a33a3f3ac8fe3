package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/associations"
	"relata/pkg/filters"
	"relata/pkg/relationships"
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

// errContested undoes a link that was not made.
var errContested = errors.New("link contested")

// Link makes one association, if the definition is still as d has it, both ends
// are there and match its filters, and their places are free. In PostgreSQL it
// is one statement and no transaction.
func (s *Store) Link(ctx context.Context, d *relationships.Relationship, link associations.Link, at time.Time) (associations.Row, bool, error) {
	var rows []associations.Row
	make1 := func(r reader) error {
		var ok bool
		var err error
		if rows, ok, err = r.link(ctx, d, []associations.Link{link}, at); err == nil && !ok {
			return errContested
		}
		return err
	}
	err := s.atOnce(ctx, make1)
	if errors.Is(err, errContested) {
		return associations.Row{}, false, nil
	}
	if err != nil {
		return associations.Row{}, false, err
	}
	return rows[0], true, nil
}

// atOnce runs what is a single statement where the database has writable CTEs:
// by itself, which saves the round trips of a transaction.
func (s *Store) atOnce(ctx context.Context, do func(reader) error) error {
	if s.Bound() || !s.dialect.writableCTE {
		return s.inTx(ctx, func(t *Tx) error { return do(t.reader) })
	}
	r := reader{base: s.base, writing: true}
	err := do(r)
	for attempt := 1; attempt < attempts && s.dialect.isRetry(err) && ctx.Err() == nil; attempt++ {
		time.Sleep(time.Duration(attempt*attempt) * 10 * time.Millisecond)
		err = do(r)
	}
	if s.dialect.isRetry(err) {
		return errContested
	}
	return err
}

// Link makes associations of one definition, all or none. False: some link is
// not allowed, or the definition is not as d has it any more; nothing since the
// last savepoint may be kept then.
func (t *Tx) Link(ctx context.Context, d *relationships.Relationship, links []associations.Link, at time.Time) ([]associations.Row, bool, error) {
	return t.link(ctx, d, links, at)
}

// link inserts links with the rows that guard symmetric one-to-one definitions,
// and notes the count.
func (r reader) link(ctx context.Context, d *relationships.Relationship, links []associations.Link, at time.Time) ([]associations.Row, bool, error) {
	f := r.linkText(d, links, at)
	made := make([]associations.Row, 0, len(links))
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		row := associations.Row{RID: d.RID, Created: at}
		err := rows.Scan(&row.ID, &row.SourceID, &row.DestinationID, &row.SourceStr, &row.DestinationStr)
		made = append(made, row)
		return err
	}, f.text, f.args...)
	if err == nil && len(made) == len(links) && !r.dialect.writableCTE {
		err = (&Tx{r}).guardAndCount(ctx, d, links)
	}
	switch {
	case r.dialect.isUnique(err) || r.dialect.isForeignKey(err):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("insert associations: %w", err)
	}
	return made, len(made) == len(links), nil
}

// linkText selects what the insert takes: the definition, if its version is the
// one by which the filters were read, and both ends, if they are of its types
// and match.
func (r reader) linkText(d *relationships.Relationship, links []associations.Link, at time.Time) fragment {
	fit := r.fit(d)
	definition := with("r.id = ? and r.version = ?", d.ID, d.Version)
	var from, id fragment
	guarded := d.Type == relationships.SymmetricOneToOne
	if len(links) == 1 {
		if guarded && r.dialect.forChange != "" {
			// The rows that guard both ends are taken one after the other.
			definition = sqlf("% and %", definition, with("(select count(*) from (select from object o where o.id in (?, ?) order by o.id"+
				r.dialect.forChange+") as held) = 2", links[0].Source, links[0].Destination))
		}
		id = with(r.dialect.uuid, links[0].ID)
		from = sqlf(`from relationship r join object s on s.type_id = r.source_type join object d on d.type_id = r.destination_type
			where % and % and %`, definition, with("s.id = ? and d.id = ?", links[0].Source, links[0].Destination), fit)
	} else {
		ids, sources, destinations := make([]uuid.UUID, len(links)), make([]uuid.UUID, len(links)), make([]uuid.UUID, len(links))
		for i, l := range links {
			ids[i], sources[i], destinations[i] = l.ID, l.Source, l.Destination
		}
		id = raw("l.id")
		order := "s.id, d.id"
		if d.Type.Symmetric() && r.dialect.forChange != "" { // the same pairs in the same order, whichever way they are written
			order = "least(s.id, d.id), greatest(s.id, d.id)"
		}
		// SQLite joins in this order; left to itself it may begin with all pairs
		// of objects that the filters leave.
		from = sqlf(`from % as l cross join relationship r cross join object s cross join object d
			where % and s.id = l.a and s.type_id = r.source_type and d.id = l.b and d.type_id = r.destination_type
			and % order by `+order, with(r.dialect.triples, r.dialect.tripleArgs(ids, sources, destinations)...), definition, fit)
	}
	return r.dialect.insertLinks(id, from, at, len(links), guarded)
}

// fit is true of ends s and d that match the filters of a definition. It is put
// together once for each definition of a snapshot.
func (r reader) fit(d *relationships.Relationship) fragment {
	return r.conditions.of(d, func() fragment {
		return sqlf("s.id <> d.id and % and %", r.judged(d.Source.Query, "s"), r.judged(d.Destination.Query, "d"))
	})
}

const (
	linkColumns = `id, rid, kind, source_type, destination_type, source_unique, destination_unique, source_id, destination_id, created`
	linkSources = `r.rid, r.kind, r.source_type, r.destination_type, r.source_unique, r.destination_unique, s.id as source_id, d.id as destination_id`
)

// postgresLinks does all in one statement. It answers nothing unless as many
// were made as were wanted. (Joining what was made would be a nested loop: the
// planner cannot know that there are 10,000.)
func postgresLinks(id, from fragment, at time.Time, wanted int, guarded bool) fragment {
	guard := ""
	if guarded {
		guard = `, guarded as (
			insert into assoc_endpoint (rid, object_id, assoc_id)
			select m.rid, e.object_id, m.id from made m cross join lateral (values (m.source_id), (m.destination_id)) as e (object_id)
			order by e.object_id)`
	}
	return sqlf(`with src as (select % as id, `+linkSources+`, s.str as source_str, d.str as destination_str %), made as (
			insert into assoc (`+linkColumns+`)
			select id, rid, kind, source_type, destination_type, source_unique, destination_unique, source_id, destination_id, % from src
			on conflict do nothing returning id, rid, source_id, destination_id)`+guard+`, counted as (
			insert into count_delta (kind, what, n) select 1, rid, count(*) from made group by rid)
		select id, source_id, destination_id, source_str, destination_str from src where (select count(*) from made) = %`,
		id, from, with("?::timestamptz", at), with("?::bigint", wanted))
}

// sqliteLinks is the insert alone: SQLite's CTEs cannot write.
func sqliteLinks(id, from fragment, at time.Time, _ int, _ bool) fragment {
	return sqlf(`insert into assoc (`+linkColumns+`) select %, `+linkSources+`, % % on conflict do nothing
		returning id, source_id, destination_id, (select o.str from object o where o.id = source_id), (select o.str from object o where o.id = destination_id)`,
		id, with("?", at), from)
}

// guardAndCount is what postgresLinks does beside the insert.
func (t *Tx) guardAndCount(ctx context.Context, d *relationships.Relationship, links []associations.Link) error {
	if d.Type == relationships.SymmetricOneToOne {
		var ends [][]any
		for _, l := range links {
			ends = append(ends, []any{d.RID, l.Source, l.ID}, []any{d.RID, l.Destination, l.ID})
		}
		if _, err := t.insert(ctx, "assoc_endpoint (rid, object_id, assoc_id)", "", ends); err != nil {
			return err
		}
	}
	_, err := t.exec(ctx, `insert into count_delta (kind, what, n) values (1, ?, ?)`, d.RID, len(links))
	return err
}

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
