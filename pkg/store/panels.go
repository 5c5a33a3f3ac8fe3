package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/associations"
	"relata/pkg/filters"
)

// Links returns the peers of objects by object, end and definition, which may
// come in several parts: one row for each object and end, with all its peers in
// one value.
func (r reader) Links(ctx context.Context, ids []uuid.UUID) ([]associations.Peers, error) {
	side := func(own, peer, back string) fragment {
		return r.dialect.gather(own, peer, back, r.oneOf(own, ids), with(r.dialect.ids, ids))
	}
	f := sqlf("% union all %", side("source_id", "destination_id", "0"), side("destination_id", "source_id", "1"))
	out := make([]associations.Peers, 0, 8*len(ids))
	var packed sql.RawBytes
	ctx, err := unwatched(ctx)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, func(rows *sqlx.Rows) error {
		var p associations.Peers
		var back int
		if err := rows.Scan((*scannedID)(&p.Object), &back, &packed); err != nil {
			return err
		}
		p.Back = back == 1
		out = addPeers(out, p, r.dialect.gathered(packed))
		return nil
	}, f.text, f.args...)
	if err != nil {
		return nil, fmt.Errorf("read peers: %w", err)
	}
	return out, nil
}

// packedPeer is the size of a packed peer: the definition's number (4), the id.
const packedPeer = 20

// addPeers appends what p has in packed, one for each run of a definition.
func addPeers(to []associations.Peers, p associations.Peers, packed []byte) []associations.Peers {
	all := make([]uuid.UUID, len(packed)/packedPeer)
	begun := 0
	for i := range all {
		b := packed[i*packedPeer:]
		rid := int32(binary.BigEndian.Uint32(b))
		copy(all[i][:], b[4:])
		if i > begun && rid != p.RID {
			p.IDs = all[begun:i:i]
			to, begun = append(to, p), i
		}
		p.RID = rid
	}
	if len(all) > 0 {
		p.IDs = all[begun:]
		to = append(to, p)
	}
	return to
}

// mark is "1" of objects o that match the filter of a definition, else "0". It is
// put together once for each definition of a snapshot.
func (r reader) mark(q filters.Query) fragment {
	return r.conditions.of(&q[0], func() fragment {
		return sqlf("case when % then '1' else '0' end", r.judged(q, "o"))
	})
}

// Applying tells which queries each of ids matches, by one text of ones and
// zeros for each. Queries must not be empty, and never change.
func (r reader) Applying(ctx context.Context, ids []uuid.UUID, queries []filters.Query) (map[uuid.UUID][]bool, error) {
	marks, pattern := make([]fragment, len(queries)), ""
	for i, q := range queries {
		pattern = cmp.Or(pattern, q.Pattern())
		marks[i] = r.mark(q)
	}
	f := sqlf("select o.id, % from object o where %", join(marks, " || "), r.oneOf("o.id", ids))
	out := make(map[uuid.UUID][]bool, len(ids))
	read := func(rows *sqlx.Rows) error {
		var id uuid.UUID
		var text string
		if err := rows.Scan(&id, &text); err != nil {
			return err
		}
		applies := make([]bool, len(text))
		for i := range applies {
			applies[i] = text[i] == '1'
		}
		out[id] = applies
		return nil
	}
	err := r.boundedBy(ctx, pattern, func(ctx context.Context) (err error) {
		if pattern == "" {
			if ctx, err = unwatched(ctx); err != nil {
				return err
			}
		}
		return r.each(ctx, read, f.text, f.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("judge objects: %w", err)
	}
	return out, nil
}
