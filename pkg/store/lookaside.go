package store

import (
	"modernc.org/libc"
	sqlite3 "modernc.org/sqlite/lib"
)

// SQLite serves small allocations from memory that belongs to the connection, its
// lookaside (https://sqlite.org/malloc.html#lookaside). Prepared statements take
// from it for as long as they are kept; a handful of them fill the usual 40 slots,
// and from then on all that a query needs for a moment comes from the process's
// allocator, on whose one lock readers queue. Here the kept statements leave room.
const (
	lookasideSlot  = 1200 // bytes, as usual
	lookasideSlots = 5000 // of a connection; SQLite cuts some into smaller ones, 15,000 together
	// sqliteStatements is how many prepared statements a pool keeps; the largest
	// take some 70 slots.
	sqliteStatements = 200
)

// init comes before the process's first connection, after which SQLite refuses the
// setting. Where a host was earlier, queries are slower and as right.
func init() {
	tls := libc.NewTLS()
	defer tls.Close()
	const size = 2 * 8 // two arguments
	arguments := tls.Alloc(size)
	defer tls.Free(size)
	sqlite3.Xsqlite3_config(tls, sqlite3.SQLITE_CONFIG_LOOKASIDE, libc.VaList(arguments, int32(lookasideSlot), int32(lookasideSlots)))
}
