package store

import (
	"context"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"modernc.org/sqlite"
)

// The statements are larger than those of most lists.
func TestKeptStatementsLeaveRoomInSQLitesLookaside(t *testing.T) {
	s := openSmall(t)
	s.read.db.SetMaxOpenConns(1)
	ctx := context.Background()
	for i := range 2 * sqliteStatements {
		text := fmt.Sprintf(`select o.id, o.name, t.name, r.key, s.label, count(a.id) from object o join type t on t.id = o.type_id
			left join assoc a on a.source_id = o.id left join relationship r on r.rid = a.rid
			left join relationship s on s.id = r.id and s.key <> 'x%d'
			where o.type_id = ? and o.name in (select value from json_each(?)) and exists (select 1 from assoc b where b.destination_id = o.id)
			group by o.id order by o.name, o.id limit ? offset ?`, i)
		rows, err := s.query(ctx, text, 1, "[]", 50, 0)
		require.NoError(t, err)
		require.NoError(t, rows.Close())
	}
	conn, err := s.read.db.Conn(ctx)
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.Raw(func(driver any) error {
		_, missed, err := driver.(sqlite.DBStatus).Status(sqlite.DBStatusLookasideMissFull, false)
		assert.Zero(t, missed, "allocations that found the lookaside full")
		return err
	}))
}
