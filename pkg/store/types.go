package store

import (
	"context"
	"fmt"

	"relata/pkg/objects"
)

// ChangeTypes runs f in a transaction; what it wrote stays when it returns nil.
func (s *Store) ChangeTypes(ctx context.Context, f func(objects.TypesTx) error) error {
	return s.inTx(ctx, func(t *Tx) error { return f(t) })
}

// LockTypes keeps others from changing types until the transaction ends.
func (t *Tx) LockTypes(ctx context.Context) error {
	_, err := t.catalogueVersion(ctx, t.dialect.forUpdate)
	return err
}

// HoldCatalogue is for those who write objects of types: LockTypes waits for them.
func (t *Tx) HoldCatalogue(ctx context.Context) (int64, error) {
	return t.catalogueVersion(ctx, t.dialect.forShare)
}

// SaveType stores the definition of a type.
func (t *Tx) SaveType(ctx context.Context, name string, definition []byte) error {
	changed, err := t.affect(ctx, `update type set definition = ?, version = version + 1 where name = ?`, string(definition), name)
	if err == nil && changed == 0 {
		_, err = t.exec(ctx, `insert into type (name, definition) values (?, ?)`, name, string(definition))
	}
	if err != nil {
		return fmt.Errorf("save type: %w", err)
	}
	return nil
}

// DropType removes a type. False: something refers to it.
func (t *Tx) DropType(ctx context.Context, name string) (bool, error) {
	err := t.try(ctx, func() error {
		for _, text := range []string{
			`delete from count_delta where kind = 0 and what = (select id from type where name = ?)`,
			`delete from field where type_id = (select id from type where name = ?)`,
			`delete from type where name = ?`,
		} {
			if _, err := t.exec(ctx, text, name); err != nil {
				return fmt.Errorf("drop type: %w", err)
			}
		}
		return nil
	})
	if t.dialect.isForeignKey(err) {
		return false, nil
	}
	return err == nil, err
}
