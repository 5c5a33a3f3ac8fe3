package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

// Unknown returns those of ids and texts that name no object that field f could
// mean: one statement for all of them.
func (r reader) Unknown(ctx context.Context, f *filters.Field, ids []uuid.UUID, texts []string) ([]uuid.UUID, []string, error) {
	_, unknownIDs, unknownTexts, err := r.Lookup(ctx, f, ids, texts)
	return unknownIDs, unknownTexts, err
}

// Lookup is Unknown, and returns the ids of the objects that texts name.
func (r reader) Lookup(ctx context.Context, f *filters.Field, ids []uuid.UUID, texts []string) (found, unknownIDs []uuid.UUID, unknownTexts []string, err error) {
	if len(ids)+len(texts) == 0 {
		return nil, nil, nil, nil
	}
	c := &compiler{reader: r, dialect: r.dialect}
	query := c.lookup(f, ids, texts)
	err = r.each(ctx, func(rows *sqlx.Rows) error {
		var id, named uuid.NullUUID
		var text *string
		if err := rows.Scan(&id, &text, &named); err != nil {
			return err
		}
		switch {
		case id.Valid:
			unknownIDs = append(unknownIDs, id.UUID)
		case named.Valid:
			found = append(found, named.UUID)
		case text != nil:
			unknownTexts = append(unknownTexts, *text)
		}
		return nil
	}, query.text, query.args...)
	if err != nil {
		return nil, nil, nil, fmt.Errorf("look up names: %w", err)
	}
	return found, unknownIDs, unknownTexts, nil
}

// lookup selects the ids that name nothing, and each text with what it names.
func (c *compiler) lookup(f *filters.Field, ids []uuid.UUID, texts []string) fragment {
	typed := with("n.type_id = ?", f.TargetType)
	var parts []fragment
	if len(ids) > 0 {
		parts = append(parts, sqlf(`select w.value, %, % from % as w
			where not exists (select 1 from object n where n.id = w.value and %)`, c.noText, c.noID, with(c.ids, ids), typed))
	}
	if len(texts) > 0 {
		is := c.called(f, ground{"n", objectTable}, "w.value")
		parts = append(parts, sqlf("select %, w.value, n.id from % as w left join object n on % and %",
			c.noID, with(c.texts, texts), typed, is.yes))
	}
	return join(parts, " union all ")
}

// Find returns the ids of at most limit objects of type t that match q, in the
// order of ids.
func (r reader) Find(ctx context.Context, t *objects.Type, q filters.Query, limit int) ([]uuid.UUID, error) {
	find := sqlf("select o.id from object o where % order by o.id limit ?", r.listed(t, q)).and(limit)
	var ids []uuid.UUID
	err := r.bounded(ctx, q, func(ctx context.Context) error {
		return r.all(ctx, &ids, find.text, find.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("find objects: %w", err)
	}
	return ids, nil
}
