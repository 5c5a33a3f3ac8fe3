package store

import (
	"context"
	"encoding/hex"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/objects"
)

const storedColumns = `o.id, o.type_id, o.name, o.str, o.sort_key, o.data, o.version, o.created, o.last_updated`

func (r reader) stored(ctx context.Context, text string, args ...any) ([]objects.Stored, error) {
	var found []objects.Stored
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var s objects.Stored
		if err := rows.Scan(&s.ID, &s.Type, &s.Name, &s.Str, &s.SortKey, &s.Data, &s.Version, &s.Created, &s.LastUpdated); err != nil {
			return err
		}
		s.Created, s.LastUpdated = s.Created.UTC(), s.LastUpdated.UTC()
		found = append(found, s)
		return nil
	}, text, args...)
	if err != nil {
		return nil, fmt.Errorf("read objects: %w", err)
	}
	return found, nil
}

// Stored returns those of ids that exist, in no order.
func (r reader) Stored(ctx context.Context, ids []uuid.UUID) ([]objects.Stored, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return r.stored(ctx, `select `+storedColumns+` from object o where o.id`+r.dialect.in, ids)
}

// StoredOfType returns all objects of a type, in id order.
func (r reader) StoredOfType(ctx context.Context, t int16) ([]objects.Stored, error) {
	return r.stored(ctx, `select `+storedColumns+` from object o where o.type_id = ? order by o.id`, t)
}

// LockObjects is Stored that keeps the rows from changing until the
// transaction ends.
func (t *Tx) LockObjects(ctx context.Context, ids []uuid.UUID) ([]objects.Stored, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return t.stored(ctx, `select `+storedColumns+` from object o where o.id`+t.dialect.in+` order by o.id`+t.dialect.forUpdate, ids)
}

// HoldObjects is LockObjects that lets others refer to the rows meanwhile.
func (t *Tx) HoldObjects(ctx context.Context, ids []uuid.UUID) ([]objects.Stored, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return t.stored(ctx, `select `+storedColumns+` from object o where o.id`+t.dialect.in+` order by o.id`+t.dialect.forChange, ids)
}

func (r reader) links(ctx context.Context, column string, ids []uuid.UUID, fields []int32, order string) ([]objects.Link, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	text := `select object_id, field_id, target_id, position from object_ref where ` + column + r.dialect.in
	args := []any{ids}
	if len(fields) > 0 {
		text += ` and field_id` + r.dialect.inInts
		args = append(args, fields)
	}
	var found []objects.Link
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var l objects.Link
		err := rows.Scan(&l.Holder, &l.Field, &l.Target, &l.Position)
		found = append(found, l)
		return err
	}, text+` order by `+order, args...)
	if err != nil {
		return nil, fmt.Errorf("read references: %w", err)
	}
	return found, nil
}

// Targets returns the references that the holders have in the given fields.
func (r reader) Targets(ctx context.Context, holders []uuid.UUID, fields []int32) ([]objects.Link, error) {
	return r.links(ctx, "object_id", holders, fields, "object_id, field_id, position, target_id")
}

// Holders returns the references to the targets in the given fields.
func (r reader) Holders(ctx context.Context, targets []uuid.UUID, fields []int32) ([]objects.Link, error) {
	return r.links(ctx, "target_id", targets, fields, "target_id, field_id, object_id")
}

// Exists reports whether there is an object of type t.
func (r reader) Exists(ctx context.Context, t int16) (bool, error) {
	var found bool
	err := r.queryRow(ctx, `select exists (select 1 from object where type_id = ?)`, t).Scan(&found)
	if err != nil {
		return false, fmt.Errorf("look for objects: %w", err)
	}
	return found, nil
}

// KeyHolders returns those of keys that are taken, with the objects that hold
// them: one statement per unique rule.
func (r reader) KeyHolders(ctx context.Context, keys []objects.Key) ([]objects.Key, error) {
	type rule struct{ t, rule int16 }
	byRule, order := map[rule][]string{}, []rule{}
	for _, k := range keys {
		of := rule{k.Type, k.Rule}
		if byRule[of] == nil {
			order = append(order, of)
		}
		byRule[of] = append(byRule[of], hex.EncodeToString(k.Hash[:]))
	}
	var found []objects.Key
	for _, of := range order {
		err := r.each(ctx, func(rows *sqlx.Rows) error {
			k := objects.Key{Type: of.t, Rule: of.rule}
			var hash []byte
			err := rows.Scan(&hash, &k.Object)
			copy(k.Hash[:], hash)
			found = append(found, k)
			return err
		}, `
			select k.key, k.object_id from `+r.dialect.hexes+` as w
			join object_key k on k.type_id = ? and k.rule_id = ? and k.key = w.value`,
			byRule[of], of.t, of.rule)
		if err != nil {
			return nil, fmt.Errorf("read unique keys: %w", err)
		}
	}
	return found, nil
}
