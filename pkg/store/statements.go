package store

import (
	"container/list"
	"context"
	"fmt"
	"sync"

	"github.com/jmoiron/sqlx"
)

// pool is a set of connections with their prepared statements.
type pool struct {
	db         *sqlx.DB
	statements statements
}

// newPool keeps the most recently used statements, as many as kept.
func newPool(db *sqlx.DB, kept int) *pool {
	return &pool{db: db, statements: statements{byText: map[string]*list.Element{}, limit: kept}}
}

func (p *pool) close() error {
	if p == nil {
		return nil
	}
	p.statements.clear()
	return p.db.Close()
}

// statements keeps prepared statements by their text, the most recently used
// ones. One that is thrown out is closed when its last user is done.
type statements struct {
	mu     sync.Mutex
	byText map[string]*list.Element // of *statement
	used   list.List                // the most recently used first
	limit  int
}

type statement struct {
	text  string
	stmt  *sqlx.Stmt
	users int
	gone  bool
}

// prepare returns the statement of text, in use until released.
func (c *statements) prepare(ctx context.Context, db *sqlx.DB, rebind func(string) string, text string) (*statement, error) {
	if found := c.find(text); found != nil {
		return found, nil
	}
	stmt, err := db.PreparexContext(ctx, rebind(text))
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	return c.add(text, stmt), nil
}

// find returns the kept statement of text, in use until released, or nil.
func (c *statements) find(text string) *statement {
	c.mu.Lock()
	defer c.mu.Unlock()
	element := c.byText[text]
	if element == nil {
		return nil
	}
	c.used.MoveToFront(element)
	found := element.Value.(*statement)
	found.users++
	return found
}

// add keeps stmt, unless another was faster, and throws out the one that was
// not used for longest.
//
// Statements are closed when c.mu is free again: closing one waits for the
// connections it was prepared on, and what they run may wait for a transaction
// that wants a statement of this pool.
func (c *statements) add(text string, stmt *sqlx.Stmt) *statement {
	kept, over := c.keep(text, stmt)
	closeAll(over)
	return kept
}

// keep returns the statement to be used, and those to be closed.
func (c *statements) keep(text string, stmt *sqlx.Stmt) (kept *statement, over []*sqlx.Stmt) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if element := c.byText[text]; element != nil {
		found := element.Value.(*statement)
		found.users++
		return found, []*sqlx.Stmt{stmt}
	}
	made := &statement{text: text, stmt: stmt, users: 1}
	c.byText[text] = c.used.PushFront(made)
	for c.used.Len() > c.limit {
		over = append(over, c.drop(c.used.Back())...)
	}
	return made, over
}

func (c *statements) release(s *statement) {
	c.mu.Lock()
	s.users--
	unused := s.gone && s.users == 0
	c.mu.Unlock()
	if unused {
		_ = s.stmt.Close()
	}
}

// drop forgets a statement and returns it if it is to be closed now; c.mu is
// held.
func (c *statements) drop(element *list.Element) []*sqlx.Stmt {
	s := c.used.Remove(element).(*statement)
	delete(c.byText, s.text)
	s.gone = true
	if s.users > 0 {
		return nil
	}
	return []*sqlx.Stmt{s.stmt}
}

func (c *statements) clear() {
	var over []*sqlx.Stmt
	c.mu.Lock()
	for c.used.Len() > 0 {
		over = append(over, c.drop(c.used.Back())...)
	}
	c.mu.Unlock()
	closeAll(over)
}

func closeAll(over []*sqlx.Stmt) {
	for _, stmt := range over {
		_ = stmt.Close()
	}
}

// transaction is an open transaction with the statements that were prepared in
// it.
type transaction struct {
	tx    *sqlx.Tx
	pool  *pool
	depth int // of savepoints

	mu     sync.Mutex
	byText map[string]*sqlx.Stmt
	missed []string // texts that the pool did not have
	rebind func(string) string
}

// prepare returns the statement of text on the transaction's connection. The
// pool cannot be asked to prepare it: with every connection in a transaction it
// would wait for ever.
func (t *transaction) prepare(ctx context.Context, rebind func(string) string, text string) (*sqlx.Stmt, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if stmt := t.byText[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := t.make(ctx, rebind, text)
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	if t.byText == nil {
		t.byText = map[string]*sqlx.Stmt{}
	}
	t.byText[text], t.rebind = stmt, rebind
	return stmt, nil
}

func (t *transaction) make(ctx context.Context, rebind func(string) string, text string) (*sqlx.Stmt, error) {
	if kept := t.pool.statements.find(text); kept != nil {
		defer t.pool.statements.release(kept)
		return t.tx.StmtxContext(ctx, kept.stmt), nil
	}
	stmt, err := t.tx.PreparexContext(ctx, rebind(text))
	if err == nil {
		t.missed = append(t.missed, text)
	}
	return stmt, err
}

// finish prepares in the pool what the next transaction will want.
func (t *transaction) finish(ctx context.Context) {
	for _, text := range t.missed {
		if kept, err := t.pool.statements.prepare(ctx, t.pool.db, t.rebind, text); err == nil {
			t.pool.statements.release(kept)
		}
	}
}
