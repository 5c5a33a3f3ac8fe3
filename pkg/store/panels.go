package store

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/associations"
	"relata/pkg/filters"
)

// Links returns the peers of objects by object, definition and end: one row for
// each, with the ids of the peers in one value.
func (r reader) Links(ctx context.Context, ids []uuid.UUID) ([]associations.Peers, error) {
	side := func(own, peer, back string) string {
		return `select ` + own + `, rid, ` + back + `, ` + strings.ReplaceAll(r.dialect.gather, "%", peer) +
			` from assoc where ` + own + r.dialect.in + ` group by ` + own + `, rid`
	}
	var out []associations.Peers
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var p associations.Peers
		var back int
		var gathered []byte
		if err := rows.Scan(&p.Object, &p.RID, &back, &gathered); err != nil {
			return err
		}
		p.Back = back == 1
		p.IDs = make([]uuid.UUID, len(gathered)/r.dialect.gatheredSize)
		for i := range p.IDs {
			r.dialect.gathered(&p.IDs[i], gathered[i*r.dialect.gatheredSize:])
		}
		out = append(out, p)
		return nil
	}, side("source_id", "destination_id", "0")+` union all `+side("destination_id", "source_id", "1"), ids, ids)
	if err != nil {
		return nil, fmt.Errorf("read peers: %w", err)
	}
	return out, nil
}

func bytesID(id *uuid.UUID, b []byte) { copy(id[:], b) }

func hexID(id *uuid.UUID, b []byte) { _, _ = hex.Decode(id[:], b[:32]) }

// Applying tells which queries each of ids matches, by one text of ones and
// zeros for each.
func (r reader) Applying(ctx context.Context, ids []uuid.UUID, queries []filters.Query) (map[uuid.UUID][]bool, error) {
	marks := make([]fragment, len(queries))
	for i, q := range queries {
		text, args := r.where(q, "o")
		marks[i] = sqlf("case when % then '1' else '0' end", fragment{text, args})
	}
	f := sqlf("select o.id, % from object o where %", join(marks, " || "), with("o.id"+r.dialect.in, ids))
	out := make(map[uuid.UUID][]bool, len(ids))
	err := r.each(ctx, func(rows *sqlx.Rows) error {
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
	}, f.text, f.args...)
	if err != nil {
		return nil, fmt.Errorf("judge objects: %w", err)
	}
	return out, nil
}
