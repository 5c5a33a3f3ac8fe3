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
	c := &compiler{reader: r, dialect: r.dialect}
	g := ground{"n", objectTable}
	typed := with("n.type_id = ?", f.TargetType)
	var parts []fragment
	if len(ids) > 0 {
		parts = append(parts, sqlf("select w.value as id, null as text from % as w where not exists (select 1 from object n where n.id = w.value and %)",
			with(c.ids, ids), typed))
	}
	if len(texts) > 0 {
		is := c.called(f, g, "w.value")
		parts = append(parts, sqlf("select null as id, w.value as text from % as w where not exists (select 1 from object n where % and %)",
			with(c.texts, texts), typed, is.yes))
	}
	if len(parts) == 0 {
		return nil, nil, nil
	}
	return r.unknown(ctx, join(parts, " union all "))
}

func (r reader) unknown(ctx context.Context, f fragment) (ids []uuid.UUID, texts []string, err error) {
	err = r.each(ctx, func(rows *sqlx.Rows) error {
		var id uuid.NullUUID
		var text *string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		if id.Valid {
			ids = append(ids, id.UUID)
		}
		if text != nil {
			texts = append(texts, *text)
		}
		return nil
	}, f.text, f.args...)
	if err != nil {
		return nil, nil, fmt.Errorf("look up names: %w", err)
	}
	return ids, texts, nil
}

// Find returns the ids of at most limit objects of type t that match q, in the
// order of ids.
func (r reader) Find(ctx context.Context, t *objects.Type, q filters.Query, limit int) ([]uuid.UUID, error) {
	where := r.whereOf(objectTable, q, "o")
	var ids []uuid.UUID
	err := r.bounded(ctx, q, func(ctx context.Context) error {
		return r.all(ctx, &ids, "select o.id from object o where o.type_id = ? and "+where.text+" order by o.id limit ?",
			append(append([]any{t.ID}, where.args...), limit)...)
	})
	if err != nil {
		return nil, fmt.Errorf("find objects: %w", err)
	}
	return ids, nil
}
