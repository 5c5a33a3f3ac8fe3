package store

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/objects"
)

// ChangeObjects runs f in a transaction; what it wrote stays when it returns nil.
func (s *Store) ChangeObjects(ctx context.Context, f func(objects.Tx) error) error {
	return s.inTx(ctx, func(t *Tx) error { return f(t) })
}

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

// CountObjects notes that there are n more objects of a type.
func (t *Tx) CountObjects(ctx context.Context, typeID int16, n int) error {
	if n == 0 {
		return nil
	}
	if _, err := t.exec(ctx, `insert into count_delta (kind, what, n) values (0, ?, ?)`, typeID, n); err != nil {
		return fmt.Errorf("count objects: %w", err)
	}
	return nil
}

// TouchCatalogue tells all servers that run-time types or custom fields changed.
func (t *Tx) TouchCatalogue(ctx context.Context) error {
	if _, err := t.exec(ctx, `update state set version = version + 1 where name = 'catalogue'`); err != nil {
		return fmt.Errorf("touch catalogue: %w", err)
	}
	return nil
}

// CatalogueVersion is the version of the run-time types and custom fields.
func (r reader) CatalogueVersion(ctx context.Context) (int64, error) {
	var version int64
	if err := r.queryRow(ctx, `select version from state where name = 'catalogue'`).Scan(&version); err != nil {
		return 0, fmt.Errorf("read catalogue version: %w", err)
	}
	return version, nil
}

// RuntimeTypes returns the definitions of the types made at run time, by name.
func (r reader) RuntimeTypes(ctx context.Context) (map[string][]byte, error) {
	found := map[string][]byte{}
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var name string
		var definition []byte
		err := rows.Scan(&name, &definition)
		found[name] = definition
		return err
	}, `select name, definition from type where definition is not null`)
	if err != nil {
		return nil, fmt.Errorf("read run-time types: %w", err)
	}
	return found, nil
}
