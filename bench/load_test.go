package main

import (
	"database/sql"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store/storetest"
)

// TestLoad: what is loaded satisfies the schema (the constraints are put back
// before it is kept), is as much as was asked for, and is loaded once only.
func TestLoad(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, dsn string) {
		p := plan{objects: 200, associations: 1000, seed: 1}
		require.NoError(t, load(t.Context(), dsn, p, io.Discard))

		driver, source := "postgres", dsn
		if path, ok := strings.CutPrefix(dsn, "sqlite:"); ok {
			driver, source = "sqlite", path
		}
		db, err := sql.Open(driver, source)
		require.NoError(t, err)
		defer db.Close()
		for text, want := range map[string]int{
			`select count(*) from object o join type t on t.id = o.type_id where t.name = 'dcim.device'`:    40,
			`select count(*) from object o join type t on t.id = o.type_id where t.name = 'dcim.interface'`: 40,
			`select count(*) from assoc`: 1000,
			`select count(*) from assoc a join relationship r on r.rid = a.rid where r.key = 'bench_5'`: 100,
			`select count(distinct rid) from assoc`:                                                     8,
			`select sum(n) from count_delta where kind = 1`:                                             1000,
			`select count(*) from assoc_endpoint`:                                                       40,
			`select count(*) from object o where o.location is not null`:                                80,
			`select count(*) from object o where o.device is not null`:                                  40,
		} {
			var got int
			require.NoError(t, db.QueryRowContext(t.Context(), text).Scan(&got), text)
			assert.Equal(t, want, got, text)
		}
		assert.ErrorIs(t, load(t.Context(), dsn, p, io.Discard), errUsed)
	})
}

// TestStride: each association is met once.
func TestStride(t *testing.T) {
	for _, n := range []int{50, 1000, 1001, 4096} {
		seen := map[uint64]bool{}
		for i := range n {
			seen[uint64(i)*stride(n)%uint64(n)] = true
		}
		assert.Len(t, seen, n)
	}
}
