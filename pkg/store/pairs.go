package store

import (
	"context"
	"fmt"

	"github.com/jmoiron/sqlx"

	"relata/pkg/exchange"
)

// Pairs returns all associations of the definition of that number, in the order
// of their ids.
func (r reader) Pairs(ctx context.Context, rid int32) ([]exchange.Pair, error) {
	var pairs []exchange.Pair
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var p exchange.Pair
		if err := rows.Scan(&p.ID, &p.Source, &p.Destination); err != nil {
			return err
		}
		pairs = append(pairs, p)
		return nil
	}, `select id, source_id, destination_id from assoc where rid = ? order by id`, rid)
	if err != nil {
		return nil, fmt.Errorf("read the associations of a definition: %w", err)
	}
	return pairs, nil
}
