package store

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/jmoiron/sqlx"
)

// BindTypes numbers the types, and the fields of each, that have no number yet
// and returns the numbers of all there are: fields by "app.model/field".
func (s *Store) BindTypes(ctx context.Context, fields map[string][]string) (types map[string]int16, numbers map[string]int32, err error) {
	// Whoever asks may have a transaction open, for which another one, to write,
	// would wait in vain where the database has one writer.
	types, numbers, err = s.numbers(ctx)
	if err == nil && !numbered(fields, types, numbers) {
		err = s.inTx(ctx, func(t *Tx) error {
			if err := t.number(ctx, fields); err != nil {
				return err
			}
			types, numbers, err = t.numbers(ctx)
			return err
		})
	}
	if err != nil {
		return nil, nil, err
	}
	return types, numbers, s.noteHot(ctx)
}

// numbered reports whether all types and fields have their numbers.
func numbered(fields map[string][]string, types map[string]int16, numbers map[string]int32) bool {
	for name, list := range fields {
		if _, ok := types[name]; !ok {
			return false
		}
		for _, field := range list {
			if _, ok := numbers[name+"/"+field]; !ok {
				return false
			}
		}
	}
	return true
}

// hotColumns are the generated columns of table object: single references of
// that name, of the types of the catalogue.
var hotColumns = []string{"status", "role", "location", "tenant", "device"}

// noteHot remembers which references have a generated column.
func (s *Store) noteHot(ctx context.Context) error {
	hot := map[int32]string{}
	err := s.each(ctx, func(rows *sqlx.Rows) error {
		var id int32
		var name string
		err := rows.Scan(&id, &name)
		hot[id] = name
		return err
	}, `select f.id, f.name from field f join type t on t.id = f.type_id
		where t.definition is null and f.name`+s.dialect.inTexts, hotColumns)
	if err != nil {
		return fmt.Errorf("read hot fields: %w", err)
	}
	s.hot.Store(&hot)
	return nil
}

// hotColumn returns the generated column that holds the reference, or "".
func (b *base) hotColumn(field int32) string {
	if hot := b.hot.Load(); hot != nil {
		return (*hot)[field]
	}
	return ""
}

// number gives those of the types and their fields a number that have none yet.
// It inserts only what is missing, for each attempt would use up a number.
func (t *Tx) number(ctx context.Context, fields map[string][]string) error {
	var types, owners, names []string
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		types = append(types, name)
		for _, field := range fields[name] {
			owners, names = append(owners, name), append(names, field)
		}
	}
	_, err := t.exec(ctx, `
		insert into type (name)
		select w.value from `+t.dialect.texts+` as w
		where not exists (select 1 from type t where t.name = w.value)
		on conflict do nothing`, types)
	if err != nil {
		return fmt.Errorf("number types: %w", err)
	}
	_, err = t.exec(ctx, `
		insert into field (type_id, name)
		select t.id, w.b from `+t.dialect.pairs+` as w
		join type t on t.name = w.a
		where not exists (select 1 from field f where f.type_id = t.id and f.name = w.b)
		on conflict do nothing`, t.dialect.pairArgs(owners, names)...)
	if err != nil {
		return fmt.Errorf("number fields: %w", err)
	}
	return nil
}

// numbers returns the numbers of all types by name, and of all fields by
// "app.model/field".
func (r reader) numbers(ctx context.Context) (types map[string]int16, fields map[string]int32, err error) {
	types, fields = map[string]int16{}, map[string]int32{}
	err = r.each(ctx, func(rows *sqlx.Rows) error {
		var name string
		var id int16
		err := rows.Scan(&name, &id)
		types[name] = id
		return err
	}, `select name, id from type`)
	if err != nil {
		return nil, nil, fmt.Errorf("read types: %w", err)
	}
	err = r.each(ctx, func(rows *sqlx.Rows) error {
		var name string
		var id int32
		err := rows.Scan(&name, &id)
		fields[name] = id
		return err
	}, `select t.name || '/' || f.name, f.id from field f join type t on t.id = f.type_id`)
	if err != nil {
		return nil, nil, fmt.Errorf("read fields: %w", err)
	}
	return types, fields, nil
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
	return r.catalogueVersion(ctx, "")
}

func (r reader) catalogueVersion(ctx context.Context, lock string) (int64, error) {
	var version int64
	if err := r.queryRow(ctx, `select version from state where name = 'catalogue'`+lock).Scan(&version); err != nil {
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
