package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"relata/pkg/store"
)

// folding is how often counts are summed up.
const folding = 5 * time.Second

// Background does what no request waits for until ctx ends. One runs beside
// every server, mounted ones too, and must have returned before s is closed.
func Background(ctx context.Context, s *store.Store, log *slog.Logger) {
	ticks := time.NewTicker(folding)
	defer ticks.Stop()
	for {
		if err := s.FoldCounts(ctx); err != nil && !errors.Is(err, context.Canceled) {
			log.Warn("counts not folded", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
	}
}
