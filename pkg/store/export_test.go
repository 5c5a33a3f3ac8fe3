package store

import (
	"context"
	"testing"
	"time"
)

// ShortenPatternTime gives queries with regular expressions less time.
func ShortenPatternTime(t *testing.T, d time.Duration) {
	was := patternTime
	patternTime = d
	t.Cleanup(func() { patternTime = was })
}

// Free is how many tasks may begin.
func (c *Crowd[Question, Item, Result]) Free() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.free
}

// Patient lets tasks count as running for so long.
func (c *Crowd[Question, Item, Result]) Patient(long time.Duration) { c.long = long }

// Waiting is how many wait for the task of q that others may join, Queued how many
// tasks wait.
func (c *Crowd[Question, Item, Result]) Waiting(q Question) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if j := c.waiting[q]; j != nil {
		return len(j.members)
	}
	return 0
}

func (c *Crowd[Question, Item, Result]) Queued() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// VersionWaits has questions for the version of definitions wait as long as it takes,
// and returns how many wait for the same answer.
func (s *Store) VersionWaits() func() int {
	s.versions.Patient(time.Hour)
	return func() int { return s.versions.Waiting(struct{}{}) }
}

// Exec runs a statement in a transaction of its own.
func (s *Store) Exec(ctx context.Context, text string, args ...any) error {
	return s.inTx(ctx, func(t *Tx) error {
		_, err := t.exec(ctx, text, args...)
		return err
	})
}

// Insert adds rows.
func (s *Store) Insert(ctx context.Context, into string, rows [][]any) error {
	return s.inTx(ctx, func(t *Tx) error {
		_, err := t.insert(ctx, into, "", rows)
		return err
	})
}

// Scalar reads one value.
func (s *Store) Scalar(ctx context.Context, dest any, text string, args ...any) error {
	return s.queryRow(ctx, text, args...).Scan(dest)
}

// Postgres reports which database it is.
func (s *Store) Postgres() bool { return s.dialect.name == "postgres" }

// Lower is lower case as the database has it.
func (s *Store) Lower(text string) string { return s.dialect.lower(text) }

// Matches is a match of a regular expression as the database has it, and the
// pattern as it takes it.
func (s *Store) Matches(pattern string, fold bool) (text, translated string, ok bool) {
	translated, ok = s.dialect.pattern(pattern, fold)
	return s.dialect.matchesPattern(s.dialect.text, s.dialect.text), translated, ok
}
