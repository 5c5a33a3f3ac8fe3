package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/objects"
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

func (r reader) closure(ctx context.Context, column, order string, ids []uuid.UUID) ([]objects.Above, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found []objects.Above
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var a objects.Above
		err := rows.Scan(&a.Ancestor, &a.Descendant, &a.Depth)
		found = append(found, a)
		return err
	}, `select ancestor_id, descendant_id, depth from object_tree where `+column+r.dialect.in+` order by `+order, ids)
	if err != nil {
		return nil, fmt.Errorf("read tree: %w", err)
	}
	return found, nil
}

// Ancestors returns what stands above ids, themselves included at depth 0.
func (r reader) Ancestors(ctx context.Context, ids []uuid.UUID) ([]objects.Above, error) {
	return r.closure(ctx, "descendant_id", "descendant_id, depth, ancestor_id", ids)
}

// Descendants returns what stands below ids, themselves included at depth 0.
func (r reader) Descendants(ctx context.Context, ids []uuid.UUID) ([]objects.Above, error) {
	return r.closure(ctx, "ancestor_id", "ancestor_id, depth, descendant_id", ids)
}

// holdTree keeps others from changing the tree of a type until the transaction
// ends: what stands above an object must not move while something is put below it.
func (t *Tx) holdTree(ctx context.Context, typeID int16) error {
	var id int16
	if err := t.queryRow(ctx, `select id from type where id = ?`+t.dialect.forChange, typeID).Scan(&id); err != nil {
		return fmt.Errorf("hold tree: %w", err)
	}
	return nil
}

// PlaceNew puts new objects into the tree of their type, below the ones that
// their references in field name.
func (t *Tx) PlaceNew(ctx context.Context, typeID int16, field int32, ids []uuid.UUID) error {
	if len(ids) == 0 {
		return nil
	}
	_, err := t.exec(ctx, `
		insert into object_tree (type_id, ancestor_id, descendant_id, depth)
		select `+t.dialect.bigint+`, w.value, w.value, 0 from `+t.dialect.ids+` as w`, typeID, ids)
	if err != nil {
		return fmt.Errorf("place in tree: %w", err)
	}
	below, err := t.Targets(ctx, ids, []int32{field})
	if err != nil || len(below) == 0 {
		return err
	}
	if err := t.holdTree(ctx, typeID); err != nil {
		return err
	}
	_, err = t.exec(ctx, `
		insert into object_tree (type_id, ancestor_id, descendant_id, depth)
		select a.type_id, a.ancestor_id, r.object_id, a.depth + 1
		from object_ref r join object_tree a on a.descendant_id = r.target_id
		where r.field_id = ? and r.object_id`+t.dialect.in, field, ids)
	if err != nil {
		return fmt.Errorf("place in tree: %w", err)
	}
	return nil
}

// Move puts id with all below it under parent, or at the root for uuid.Nil.
// False: parent stands at or below id.
func (t *Tx) Move(ctx context.Context, typeID int16, id, parent uuid.UUID) (bool, error) {
	if err := t.holdTree(ctx, typeID); err != nil {
		return false, err
	}
	below, err := t.Descendants(ctx, []uuid.UUID{id})
	if err != nil {
		return false, err
	}
	for _, a := range below {
		if a.Descendant == parent {
			return false, nil
		}
	}
	_, err = t.exec(ctx, `
		delete from object_tree
		where descendant_id in (select d.descendant_id from object_tree d where d.ancestor_id = ?)
		  and ancestor_id in (select a.ancestor_id from object_tree a where a.descendant_id = ? and a.depth > 0)`, id, id)
	if err != nil {
		return false, fmt.Errorf("take out of tree: %w", err)
	}
	if parent == uuid.Nil {
		return true, nil
	}
	_, err = t.exec(ctx, `
		insert into object_tree (type_id, ancestor_id, descendant_id, depth)
		select d.type_id, a.ancestor_id, d.descendant_id, a.depth + d.depth + 1
		from object_tree a, object_tree d where a.descendant_id = ? and d.ancestor_id = ?`, parent, id)
	if err != nil {
		return false, fmt.Errorf("move in tree: %w", err)
	}
	return true, nil
}
