package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/associations"
	"relata/pkg/filters"
)

// Links returns the peers of objects by object, end and definition, which may
// come in several parts: one row for each object and end, with all its peers in
// one value.
func (r reader) Links(ctx context.Context, ids []uuid.UUID) ([]associations.Peers, error) {
	side := func(own, peer, back string) string {
		return `select ` + own + `, ` + back + `, ` + strings.ReplaceAll(r.dialect.gather, "@", peer) +
			` from assoc where ` + own + r.dialect.in + ` group by ` + own
	}
	out := make([]associations.Peers, 0, 8*len(ids))
	var gathered sql.RawBytes
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var p associations.Peers
		var back int
		if err := rows.Scan((*scannedID)(&p.Object), &back, &gathered); err != nil {
			return err
		}
		p.Back = back == 1
		out = r.dialect.addPeers(out, p, gathered)
		return nil
	}, side("source_id", "destination_id", "0")+` union all `+side("destination_id", "source_id", "1"), ids, ids)
	if err != nil {
		return nil, fmt.Errorf("read peers: %w", err)
	}
	return out, nil
}

// addPeers appends what p has in gathered, one for each run of a definition.
func (d *dialect) addPeers(to []associations.Peers, p associations.Peers, gathered []byte) []associations.Peers {
	all := make([]uuid.UUID, len(gathered)/d.gatheredSize)
	begun := 0
	for i := range all {
		var rid int32
		d.gathered(&rid, &all[i], gathered[i*d.gatheredSize:])
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

func bytesPeer(rid *int32, id *uuid.UUID, b []byte) {
	*rid = int32(binary.BigEndian.Uint32(b))
	copy(id[:], b[4:])
}

func hexPeer(rid *int32, id *uuid.UUID, b []byte) {
	var number [4]byte
	_, _ = hex.Decode(number[:], b[:8]) // the database wrote them
	_, _ = hex.Decode(id[:], b[8:40])
	*rid = int32(binary.BigEndian.Uint32(number[:]))
}

// Applying tells which queries each of ids matches, by one text of ones and
// zeros for each.
func (r reader) Applying(ctx context.Context, ids []uuid.UUID, queries []filters.Query) (map[uuid.UUID][]bool, error) {
	marks, pattern := make([]fragment, len(queries)), ""
	for i, q := range queries {
		pattern = cmp.Or(pattern, q.Pattern())
		text, args := r.where(q, "o")
		marks[i] = sqlf("case when % then '1' else '0' end", fragment{text, args})
	}
	f := sqlf("select o.id, % from object o where %", join(marks, " || "), with("o.id"+r.dialect.in, ids))
	out := make(map[uuid.UUID][]bool, len(ids))
	mark := func(rows *sqlx.Rows) error {
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
	err := r.boundedBy(ctx, pattern, func(ctx context.Context) error {
		return r.each(ctx, mark, f.text, f.args...)
	})
	if err != nil {
		return nil, fmt.Errorf("judge objects: %w", err)
	}
	return out, nil
}
