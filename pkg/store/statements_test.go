package store

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func openSmall(t *testing.T) *Store {
	t.Helper()
	s, err := Open(context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "x.db"), Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func TestStatementsAreThrownOutWhileInUse(t *testing.T) {
	s := openSmall(t)
	s.read.statements.limit, s.write.statements.limit = 3, 3
	ctx := context.Background()
	var wait sync.WaitGroup
	for worker := range 16 {
		wait.Go(func() {
			for i := range 200 {
				text := fmt.Sprintf("select %d + ?", (i*7+worker)%11)
				var got int
				if !assert.NoError(t, s.queryRow(ctx, text, 100).Scan(&got)) || !assert.Equal(t, 100+(i*7+worker)%11, got) {
					return
				}
				if i%10 == 0 {
					assert.NoError(t, s.inTx(ctx, func(tx *Tx) error { return tx.queryRow(ctx, text, 1).Scan(&got) }))
				}
			}
		})
	}
	wait.Wait()
	assert.Len(t, s.read.statements.byText, 3)
	assert.Equal(t, 3, s.read.statements.used.Len())
	for _, element := range s.read.statements.byText {
		assert.Zero(t, element.Value.(*statement).users)
	}
}

func TestAFailedSavepointLeavesTheRestOfTheTransaction(t *testing.T) {
	s := openSmall(t)
	ctx := context.Background()
	insert := func(tx *Tx, name string) error {
		_, err := tx.exec(ctx, `insert into type (name) values (?)`, name)
		return err
	}
	err := s.inTx(ctx, func(tx *Tx) error {
		if err := insert(tx, "a"); err != nil {
			return err
		}
		err := s.bind(tx).inTx(ctx, func(inner *Tx) error {
			require.NoError(t, insert(inner, "b"))
			require.NoError(t, inner.try(ctx, func() error { return insert(inner, "c") }))
			return insert(inner, "a")
		})
		assert.True(t, s.dialect.isUnique(err))
		assert.Equal(t, "type.name", s.dialect.broken(err))
		return insert(tx, "d")
	})
	require.NoError(t, err)
	var names []string
	require.NoError(t, s.all(ctx, &names, `select name from type order by name`))
	assert.Equal(t, []string{"a", "d"}, names)
}

func TestATransactionThatPanicsIsUndone(t *testing.T) {
	s := openSmall(t)
	ctx := context.Background()
	assert.Panics(t, func() {
		_ = s.inTx(ctx, func(tx *Tx) error {
			_, err := tx.exec(ctx, `insert into type (name) values ('a')`)
			require.NoError(t, err)
			panic("x")
		})
	})
	var n int
	require.NoError(t, s.queryRow(ctx, `select count(*) from type`).Scan(&n))
	assert.Zero(t, n)
	require.NoError(t, s.inTx(ctx, func(*Tx) error { return nil }))
}
