package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"
)

// Deepest returns how many objects stand above the deepest one of the type of
// that name in its tree.
func (r reader) Deepest(ctx context.Context, typeName string) (int, error) {
	var depth sql.NullInt64
	err := r.queryRow(ctx, `
		select max(a.depth) from type t join object o on o.type_id = t.id join object_tree a on a.descendant_id = o.id
		where t.name = ?`, typeName).Scan(&depth)
	if err != nil {
		return 0, fmt.Errorf("read depth of tree: %w", err)
	}
	return int(depth.Int64), nil
}

// NamesAbove returns the names of what stands above each of ids in their trees,
// the nearest first.
func (r reader) NamesAbove(ctx context.Context, ids []uuid.UUID) (map[uuid.UUID][]string, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, err := unwatched(ctx)
	if err != nil {
		return nil, err
	}
	f := sqlf(`select t.descendant_id, o.name from object_tree t join object o on o.id = t.ancestor_id
		where t.depth > 0 and % order by t.descendant_id, t.depth`, r.oneOf("t.descendant_id", ids))
	above := map[uuid.UUID][]string{}
	err = r.each(ctx, func(rows *sqlx.Rows) error {
		var id uuid.UUID
		var name string
		err := rows.Scan((*scannedID)(&id), &name)
		above[id] = append(above[id], name)
		return err
	}, f.text, f.args...)
	if err != nil {
		return nil, fmt.Errorf("read names above: %w", err)
	}
	return above, nil
}
