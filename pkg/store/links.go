package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/associations"
	"relata/pkg/relationships"
)

// errContested undoes a link that was not made.
var errContested = errors.New("link contested")

// Link makes one association, if the definition is still as d has it, both ends
// are there and match its filters, and their places are free. In PostgreSQL it
// is one statement and no transaction.
func (s *Store) Link(ctx context.Context, d *relationships.Relationship, link associations.Link, at time.Time) (associations.Row, bool, error) {
	one := made{Link: link, at: at}
	var found map[uuid.UUID]associations.Row
	var err error
	if s.linking == nil || s.Bound() || alone(d) {
		found, err = s.linkOne(ctx, d, one)
	} else {
		found, err = s.linking.Do(ctx, d, one)
	}
	row, ok := found[link.ID]
	return row, ok && err == nil, err
}

// alone reports whether each link of d is made by itself: what guards both ends of
// a link fails all that would be made beside it, and regular expressions, on which
// a link may spend a second, would keep all of them waiting for their sum.
func alone(d *relationships.Relationship) bool {
	return d.Type == relationships.SymmetricOneToOne || d.Source.Query.Pattern() != "" || d.Destination.Query.Pattern() != ""
}

// made is a link with the time at which it is made.
type made struct {
	associations.Link
	at time.Time
}

// linkEach makes those of links that can be made, each for itself, in one
// statement. It fails where one link has to wait for other transactions, which
// may take theirs: the rest shall not wait with it.
func (s *Store) linkEach(ctx context.Context, d *relationships.Relationship, links []made) (map[uuid.UUID]associations.Row, error) {
	if len(links) == 1 {
		return s.linkOne(ctx, d, links[0])
	}
	all, found := make([]associations.Link, len(links)), make(map[uuid.UUID]associations.Row, len(links))
	at := links[0].at
	for i, l := range links {
		all[i], found[l.ID] = l.Link, associations.Row{}
		if l.at.After(at) {
			at = l.at
		}
	}
	if len(found) < len(links) {
		return nil, errContested // for the same id
	}
	clear(found)
	r := reader{base: s.base, writing: true}
	rows, err := r.insertLinks(ctx, d, all, at, r.dialect.impatient, raw("id in (select id from made)"))
	for _, row := range rows {
		found[row.ID] = row
	}
	return found, err
}

// linkOne makes a link; nothing is found when it cannot be made.
func (s *Store) linkOne(ctx context.Context, d *relationships.Relationship, l made) (map[uuid.UUID]associations.Row, error) {
	found := map[uuid.UUID]associations.Row{}
	err := s.atOnce(ctx, func(r reader) error {
		rows, ok, err := r.link(ctx, d, []associations.Link{l.Link}, l.at)
		switch {
		case err != nil:
			return err
		case !ok:
			return errContested
		}
		found[l.ID] = rows[0]
		return nil
	})
	if errors.Is(err, errContested) {
		return nil, nil
	}
	return found, err
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
	made, err := r.insertLinks(ctx, d, links, at, "", with("(select count(*) from made) = ?::bigint", len(links)))
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

// insertLinks inserts those of links that can be, and returns which: in SQLite all
// of them, in PostgreSQL those of which answer is true, when it is. first is a
// condition that comes before all others, or "".
func (r reader) insertLinks(ctx context.Context, d *relationships.Relationship, links []associations.Link, at time.Time, first string, answer fragment) ([]associations.Row, error) {
	f := r.linkText(d, links, at, first, answer)
	made := make([]associations.Row, 0, len(links))
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		row := associations.Row{RID: d.RID, Created: at}
		err := rows.Scan(&row.ID, &row.SourceID, &row.DestinationID, &row.SourceStr, &row.DestinationStr)
		made = append(made, row)
		return err
	}, f.text, f.args...)
	return made, err
}

// linkText selects what the insert takes: the definition, if its version is the
// one by which the filters were read, and both ends, if they are of its types
// and match.
func (r reader) linkText(d *relationships.Relationship, links []associations.Link, at time.Time, first string, answer fragment) fragment {
	fit := r.fit(d)
	definition := with(first+"r.id = ? and r.version = ?", d.ID, d.Version)
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
	return r.dialect.insertLinks(id, from, at, answer, guarded)
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

// postgresLinks does all in one statement. It answers with what was to be made,
// where the condition answer holds of it. (Joining all that was made would be a
// nested loop: the planner cannot know that there are 10,000.)
func postgresLinks(id, from fragment, at time.Time, answer fragment, guarded bool) fragment {
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
		select id, source_id, destination_id, source_str, destination_str from src where %`,
		id, from, with("?::timestamptz", at), answer)
}

// sqliteLinks is the insert alone: SQLite's CTEs cannot write.
func sqliteLinks(id, from fragment, at time.Time, _ fragment, _ bool) fragment {
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
