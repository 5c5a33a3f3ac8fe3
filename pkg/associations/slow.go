package associations

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/relationships"
)

// slowFilter words the error of judging objects by a filter that was stored:
// where its regular expression takes too long, it names the filter. nested: it is
// part of the write of an object.
func slowFilter(err error, r *relationships.Relationship, side relationships.Side, nested bool) error {
	if !errors.Is(err, fault.Invalid) {
		return err
	}
	slow := fault.Field(string(side), slowText(r, side))
	slow.Nested = nested
	return slow
}

// slowText names the filter on a side of r, and the parameter in it.
func slowText(r *relationships.Relationship, side relationships.Side) string {
	if side == relationships.Peer {
		side = relationships.Source
	}
	return fmt.Sprintf("The regular expression for %s in the %s_filter of %s takes too long.", r.End(side).Query.Pattern(), side, r.Label)
}

// chunk is how many queries one statement judges.
const chunk = 400

// matches tells which filters of judged each of ids matches: one mark for each
// definition, all of which have a filter.
func matches(ctx context.Context, r Reader, ids []uuid.UUID, judged []relationships.Applied) (map[uuid.UUID][]bool, error) {
	queries := make([]filters.Query, len(judged))
	for i, a := range judged {
		queries[i] = a.Query
	}
	marks := map[uuid.UUID][]bool{}
	for begun := 0; begun < len(queries); begun += chunk {
		end := min(begun+chunk, len(queries))
		some, err := r.Applying(ctx, ids, queries[begun:end])
		if errors.Is(err, fault.Invalid) {
			err = slowFilters(judged[begun:end])
		}
		if err != nil {
			return nil, err
		}
		for id, more := range some {
			marks[id] = append(marks[id], more...)
		}
	}
	return marks, nil
}

// slowFilters names those filters that have regular expressions.
func slowFilters(judged []relationships.Applied) *fault.Error {
	e := &fault.Error{Kind: fault.Invalid}
	for _, a := range judged {
		if a.Query.Pattern() != "" {
			e.Add([]string{"relationships", a.Key}, slowText(a.Relationship, a.Side))
		}
	}
	return e
}

// tryPatterns judges the ends of links by those filters of r that have regular
// expressions, which have a second for it. The statement that links judges them
// again, but it has no such bound, since it may wait for others.
func tryPatterns(ctx context.Context, reader Reader, r *relationships.Relationship, links []Link, nested bool) error {
	for _, side := range []relationships.Side{relationships.Source, relationships.Destination} {
		q := r.End(side).Query
		if q.Pattern() == "" {
			continue
		}
		ids := make([]uuid.UUID, len(links))
		for i, l := range links {
			ids[i] = l.Source
			if side == relationships.Destination {
				ids[i] = l.Destination
			}
		}
		if _, err := reader.Matching(ctx, ids, q); err != nil {
			return slowFilter(err, r, side, nested)
		}
	}
	return nil
}

// tryPatterns judges written objects by those filters that have regular
// expressions: one that takes too long on them would keep every answer from
// showing their relationships, so the write is refused.
func (w *writer) tryPatterns(ctx context.Context, ids []uuid.UUID) error {
	judged := slices.DeleteFunc(slices.Clone(w.set.For(w.t.ID)), func(a relationships.Applied) bool { return a.Query.Pattern() == "" })
	_, err := matches(ctx, w.tx, ids, judged)
	return err
}
