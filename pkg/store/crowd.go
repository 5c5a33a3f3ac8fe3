package store

import (
	"context"
	"fmt"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

// Crowd runs tasks that cost the database little more for several items than for
// one. So many run at once; what has to wait because of it waits together, and
// the next to run is one task for all that have the same question. Nobody waits
// for others to come.
type Crowd[Question comparable, Item, Result any] struct {
	run  func(context.Context, Question, []Item) (Result, error)
	most int           // items of one task
	long time.Duration // what takes as long no longer counts as running

	mu      sync.Mutex
	free    int                                         // tasks that may begin
	queue   []*joint[Question, Item, Result]            // what waits, in the order in which it came
	waiting map[Question]*joint[Question, Item, Result] // those of queue that others may join
}

// joint is one task for several who wait.
type joint[Question comparable, Item, Result any] struct {
	question Question
	ctx      context.Context // ends when nobody waits any more
	cancel   context.CancelFunc
	members  []member[Item]
	waiting  int // how many of members have not left
	begun    bool
	done     chan struct{} // closed: result and err are there
	result   Result
	err      error
}

type member[Item any] struct {
	item Item
	gone bool // waits no more
}

// patience is how long a task of a Crowd counts as running, and one that makes
// links of several waits for a lock.
const patience = 50 * time.Millisecond

// NewCrowd returns a Crowd of which slots run at once, each for so many items at
// most. What run returns is shared by all whose items it got, so it must not be
// changed; whatever decides it, apart from the items, belongs to the question. When
// it fails for several items it must have done nothing: it is run again for each of
// them, in turn.
func NewCrowd[Question comparable, Item, Result any](slots, most int, run func(context.Context, Question, []Item) (Result, error)) *Crowd[Question, Item, Result] {
	return &Crowd[Question, Item, Result]{run: run, most: most, long: patience, free: max(1, slots), waiting: map[Question]*joint[Question, Item, Result]{}}
}

// Do runs the task for item, and perhaps for items of others. It waits for no task
// longer than ctx lasts; one that has begun goes on as long as anyone waits for it.
func (c *Crowd[Question, Item, Result]) Do(ctx context.Context, q Question, item Item) (Result, error) {
	result, shared, err := c.inTurn(ctx, q, item, c.most)
	if shared && err != nil { // it may be the fault of another item
		return c.Apart(ctx, q, item)
	}
	return result, err
}

// Apart runs the task for item by itself, when its turn comes.
func (c *Crowd[Question, Item, Result]) Apart(ctx context.Context, q Question, item Item) (Result, error) {
	result, _, err := c.inTurn(ctx, q, item, 1)
	return result, err
}

// Alone runs the task for item by itself, at once.
func (c *Crowd[Question, Item, Result]) Alone(ctx context.Context, q Question, item Item) (Result, error) {
	return c.run(ctx, q, []Item{item})
}

// inTurn runs a task for item and others, so many at most, when its turn comes.
// shared: there were others.
func (c *Crowd[Question, Item, Result]) inTurn(ctx context.Context, q Question, item Item, most int) (result Result, shared bool, err error) {
	j, place := c.enter(ctx, q, item, most)
	if j == nil {
		defer c.busy()()
		result, err = c.Alone(ctx, q, item)
		return result, false, err
	}
	select {
	case <-j.done:
	case <-ctx.Done():
		if c.withdraw(j, place) {
			return result, false, ctx.Err()
		}
	}
	return j.result, len(j.members) > 1, j.err
}

// enter returns nil when a task may begin at once, else what item waits with, and
// its place there.
func (c *Crowd[Question, Item, Result]) enter(ctx context.Context, q Question, item Item, most int) (*joint[Question, Item, Result], int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.free > 0 {
		c.free--
		return nil, 0
	}
	j := c.waiting[q]
	if j == nil || len(j.members) >= most {
		j = &joint[Question, Item, Result]{question: q, done: make(chan struct{})}
		j.ctx, j.cancel = context.WithCancel(context.WithoutCancel(ctx))
		if most > 1 {
			c.waiting[q] = j
		}
		c.queue = append(c.queue, j)
	}
	j.members = append(j.members, member[Item]{item: item})
	j.waiting++
	return j, len(j.members) - 1
}

// withdraw leaves j, and takes back the item at a place unless its task has begun;
// false: it is done already.
func (c *Crowd[Question, Item, Result]) withdraw(j *joint[Question, Item, Result], place int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-j.done:
		return false
	default:
	}
	if !j.begun { // the places change then
		j.members[place].gone = true
	}
	if j.waiting--; j.waiting == 0 {
		c.close(j)
		j.cancel()
	}
	return true
}

// close lets nobody join j any more; c.mu is held.
func (c *Crowd[Question, Item, Result]) close(j *joint[Question, Item, Result]) {
	if c.waiting[j.question] == j {
		delete(c.waiting, j.question)
	}
}

// busy begins a task, and returns what ends it. One that takes long, since it waits
// for a lock, say, does not keep others from beginning.
func (c *Crowd[Question, Item, Result]) busy() (done func()) {
	var once sync.Once
	leave := func() { once.Do(c.leave) }
	late := time.AfterFunc(c.long, leave)
	return func() {
		late.Stop()
		leave()
	}
}

// leave lets the next task begin.
func (c *Crowd[Question, Item, Result]) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = slices.Delete(c.queue, 0, 1)
		c.close(next)
		next.begun = true
		next.members = slices.DeleteFunc(next.members, func(m member[Item]) bool { return m.gone })
		if len(next.members) > 0 {
			go c.together(next)
			return
		}
	}
	c.free++
}

// together runs the task for all who wait for j.
func (c *Crowd[Question, Item, Result]) together(j *joint[Question, Item, Result]) {
	defer close(j.done)
	defer c.busy()()
	defer j.cancel()
	defer func() {
		if p := recover(); p != nil {
			j.err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	items := make([]Item, len(j.members))
	for i, m := range j.members {
		items[i] = m.item
	}
	j.result, j.err = c.run(j.ctx, j.question, items)
}
