package store

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// ChangeObjects runs f in a transaction; what it wrote stays when it returns nil.
func (s *Store) ChangeObjects(ctx context.Context, f func(objects.Tx) error) error {
	return s.inTx(ctx, func(t *Tx) error { return f(t) })
}

const objectColumns = `object (id, type_id, name, str, sort_key, data, body, version, created, last_updated)`

func objectValues(rows []objects.Row) [][]any {
	values := make([][]any, len(rows))
	for i, row := range rows {
		o := row.Object
		values[i] = []any{o.ID, o.Type.ID, o.Name, o.Str, o.SortKey, string(row.Data), string(row.Body), o.Version, o.Created, o.LastUpdated}
	}
	return values
}

// InsertObjects adds rows. Ids that exist already are returned.
func (t *Tx) InsertObjects(ctx context.Context, rows []objects.Row) ([]uuid.UUID, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	added, err := t.insert(ctx, objectColumns, "on conflict do nothing", objectValues(rows))
	if err != nil {
		return nil, fmt.Errorf("insert objects: %w", err)
	}
	if int(added) == len(rows) {
		return nil, nil
	}
	return t.notNew(ctx, rows)
}

// notNew returns the ids of rows that the insert found there, or twice among
// the rows.
func (t *Tx) notNew(ctx context.Context, rows []objects.Row) ([]uuid.UUID, error) {
	wanted, ids := map[uuid.UUID]objects.Row{}, make([]uuid.UUID, len(rows))
	var taken []uuid.UUID
	for i, row := range rows {
		ids[i] = row.Object.ID
		if _, twice := wanted[ids[i]]; twice {
			taken = append(taken, ids[i])
		}
		wanted[ids[i]] = row
	}
	there, err := t.Stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	for _, s := range there {
		// An object that stood there before has a creation time of its own.
		o := wanted[s.ID].Object
		if s.Type != o.Type.ID || !s.Created.Equal(o.Created) || s.Str != o.Str {
			taken = append(taken, s.ID)
		}
	}
	if len(taken) == 0 {
		taken = ids
	}
	return taken, nil
}

// UpdateObjects writes rows whose stored version is one below; the ids of
// others are returned.
func (t *Tx) UpdateObjects(ctx context.Context, rows []objects.Row) ([]uuid.UUID, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	written, err := t.insert(ctx, objectColumns, `
		on conflict (id) do update set name = excluded.name, str = excluded.str, sort_key = excluded.sort_key, data = excluded.data,
			body = excluded.body, version = excluded.version, last_updated = excluded.last_updated
		where object.version = excluded.version - 1`, objectValues(rows))
	if err != nil {
		return nil, fmt.Errorf("update objects: %w", err)
	}
	if int(written) == len(rows) {
		return nil, nil
	}
	ids, versions := make([]uuid.UUID, len(rows)), map[uuid.UUID]int64{}
	for i, row := range rows {
		ids[i] = row.Object.ID
		versions[ids[i]] = row.Object.Version
	}
	there, err := t.Stored(ctx, ids)
	if err != nil {
		return nil, err
	}
	var missed []uuid.UUID
	for _, s := range there {
		if s.Version != versions[s.ID] {
			missed = append(missed, s.ID)
		}
	}
	return missed, nil
}

// DeleteObjects removes rows with their references, keys and places in trees.
// False: something refers to one of them, and nothing was removed.
func (t *Tx) DeleteObjects(ctx context.Context, ids []uuid.UUID) (bool, error) {
	err := t.try(ctx, func() error {
		for _, from := range []string{
			`object_ref where object_id`, `object_key where object_id`,
			`object_tree where descendant_id`, `object_tree where ancestor_id`, `object where id`,
		} {
			if _, err := t.exec(ctx, `delete from `+from+t.dialect.in, ids); err != nil {
				return fmt.Errorf("delete objects: %w", err)
			}
		}
		return nil
	})
	if t.dialect.isForeignKey(err) {
		return false, nil
	}
	return err == nil, err
}

// ReplaceLinks makes links the references of the holders in the given fields.
func (t *Tx) ReplaceLinks(ctx context.Context, holders []uuid.UUID, fields []int32, links []objects.Link) error {
	if len(holders) > 0 && len(fields) > 0 {
		_, err := t.exec(ctx, `delete from object_ref where object_id`+t.dialect.in+` and field_id`+t.dialect.inInts, holders, fields)
		if err != nil {
			return fmt.Errorf("detach references: %w", err)
		}
	}
	if len(links) == 0 {
		return nil
	}
	rows := make([][]any, len(links))
	for i, l := range links {
		rows[i] = []any{l.Holder, l.Field, l.Target, l.Position}
	}
	if _, err := t.insert(ctx, `object_ref (object_id, field_id, target_id, position)`, "on conflict do nothing", rows); err != nil {
		return fmt.Errorf("insert references: %w", err)
	}
	return nil
}

// Detach removes the targets from all lists of references in field.
func (t *Tx) Detach(ctx context.Context, field int32, targets []uuid.UUID) error {
	if _, err := t.exec(ctx, `delete from object_ref where field_id = ? and target_id`+t.dialect.in, field, targets); err != nil {
		return fmt.Errorf("detach references: %w", err)
	}
	return nil
}

// ReplaceKeys gives up the keys of the holders and claims keys, in the order of
// their hashes so that two requests cannot wait for each other. Those that
// somebody else holds are returned.
func (t *Tx) ReplaceKeys(ctx context.Context, holders []uuid.UUID, keys []objects.Key) ([]objects.Key, error) {
	if len(holders) > 0 {
		if _, err := t.exec(ctx, `delete from object_key where object_id`+t.dialect.in, holders); err != nil {
			return nil, fmt.Errorf("give up unique keys: %w", err)
		}
	}
	if len(keys) == 0 {
		return nil, nil
	}
	slices.SortFunc(keys, func(a, b objects.Key) int { return bytes.Compare(a.Hash[:], b.Hash[:]) })
	rows := make([][]any, len(keys))
	for i, k := range keys {
		rows[i] = []any{k.Type, k.Rule, slices.Clone(k.Hash[:]), k.Object}
	}
	added, err := t.insert(ctx, `object_key (type_id, rule_id, key, object_id)`, "on conflict do nothing", rows)
	if err != nil {
		return nil, fmt.Errorf("claim unique keys: %w", err)
	}
	if int(added) == len(keys) {
		return nil, nil
	}
	held, err := t.KeyHolders(ctx, keys)
	if err != nil {
		return nil, err
	}
	return disputed(keys, held), nil
}

// disputed returns those of keys that others hold.
func disputed(keys, held []objects.Key) []objects.Key {
	type claim struct {
		t, rule int16
		hash    [32]byte
	}
	holders := map[claim]uuid.UUID{}
	for _, k := range held {
		holders[claim{k.Type, k.Rule, k.Hash}] = k.Object
	}
	var taken []objects.Key
	for _, k := range keys {
		if holders[claim{k.Type, k.Rule, k.Hash}] != k.Object {
			taken = append(taken, k)
		}
	}
	return taken
}
