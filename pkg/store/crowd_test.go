package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// squares is a crowd of one slot that squares numbers; the task of a number that
// gate holds waits until it is let go.
type squares struct {
	*store.Crowd[string, int, map[int]int]
	gate  chan struct{}
	mu    sync.Mutex
	tasks [][]int
	fails func([]int) error
}

var held = -1

func newSquares(slots int) *squares {
	s := &squares{gate: make(chan struct{}), fails: func([]int) error { return nil }}
	s.Crowd = store.NewCrowd(slots, 64, func(ctx context.Context, _ string, numbers []int) (map[int]int, error) {
		s.mu.Lock()
		s.tasks = append(s.tasks, slices.Clone(numbers))
		s.mu.Unlock()
		if slices.Contains(numbers, held) {
			<-s.gate
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		out := map[int]int{}
		for _, n := range numbers {
			out[n] = n * n
		}
		return out, s.fails(numbers)
	})
	return s
}

// hold takes a slot, and returns what lets it go.
func (s *squares) hold(t *testing.T) (release func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = s.Do(context.Background(), "held", held)
	}()
	require.Eventually(t, func() bool { return s.begun() == 1 }, time.Second, time.Millisecond)
	return func() { close(s.gate); <-done }
}

func (s *squares) begun() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.tasks)
}

// ask asks for numbers at once, and waits until all of them wait.
func (s *squares) ask(ctx context.Context, question string, numbers ...int) (answers func() ([]int, []error)) {
	got, errs := make([]int, len(numbers)), make([]error, len(numbers))
	var all sync.WaitGroup
	for i, n := range numbers {
		all.Go(func() {
			found, err := s.Do(ctx, question, n)
			got[i], errs[i] = found[n], err
		})
	}
	time.Sleep(10 * time.Millisecond)
	return func() ([]int, []error) { all.Wait(); return got, errs }
}

func TestCrowdWaitsTogether(t *testing.T) {
	s := newSquares(1)
	release := s.hold(t)
	a := s.ask(t.Context(), "a", 1, 2, 3)
	b := s.ask(t.Context(), "b", 4, 5)
	release()
	got, errs := a()
	assert.Equal(t, []int{1, 4, 9}, got)
	assert.Equal(t, make([]error, 3), errs)
	got, _ = b()
	assert.Equal(t, []int{16, 25}, got)
	require.Len(t, s.tasks, 3, "one for each question: %v", s.tasks)
	assert.ElementsMatch(t, []int{1, 2, 3}, s.tasks[1])
	assert.ElementsMatch(t, []int{4, 5}, s.tasks[2])
}

func TestCrowdAloneDoesNotWait(t *testing.T) {
	s := newSquares(2)
	release := s.hold(t)
	got, errs := s.ask(t.Context(), "a", 7)()
	assert.Equal(t, []int{49}, got)
	assert.NoError(t, errs[0])
	release()
}

// A failure for several is one for those alone whose own task fails.
func TestCrowdFailsOneByOne(t *testing.T) {
	bad := errors.New("bad")
	s := newSquares(1)
	s.fails = func(numbers []int) error {
		if slices.Contains(numbers, 2) {
			return bad
		}
		return nil
	}
	release := s.hold(t)
	answers := s.ask(t.Context(), "a", 1, 2, 3)
	release()
	got, errs := answers()
	assert.Equal(t, []int{1, 4, 9}, got)
	assert.Equal(t, []error{nil, bad, nil}, errs)
}

// After a failure of many no more run at once than ever, and who comes meanwhile
// joins none of them.
func TestCrowdFailsInTurn(t *testing.T) {
	var running, most atomic.Int64
	gate := make(chan struct{})
	var mu sync.Mutex
	var tasks [][]int
	c := store.NewCrowd(2, 64, func(_ context.Context, q string, numbers []int) (int, error) {
		if q == "held" {
			<-gate
			return 0, nil
		}
		raise(&most, running.Add(1))
		defer running.Add(-1)
		mu.Lock()
		tasks = append(tasks, numbers)
		mu.Unlock()
		time.Sleep(100 * time.Microsecond)
		if len(numbers) > 1 {
			return 0, errors.New("one of them")
		}
		return numbers[0], nil
	})
	c.Patient(time.Minute)
	var holding, all sync.WaitGroup
	for range 2 {
		holding.Go(func() { _, _ = c.Do(t.Context(), "held", 0) })
	}
	require.Eventually(t, func() bool { return c.Free() == 0 }, 10*time.Second, time.Millisecond)
	for n := range 60 {
		all.Go(func() {
			found, err := c.Do(t.Context(), "a", n)
			assert.NoError(t, err)
			assert.Equal(t, n, found)
		})
	}
	require.Eventually(t, func() bool { return c.Waiting("a") == 60 }, 10*time.Second, time.Millisecond)
	close(gate)
	all.Wait()
	holding.Wait()
	assert.LessOrEqual(t, most.Load(), int64(2))
	assert.Len(t, tasks, 61, "one for all, one for each")
}

// Who asks apart waits for a turn, with nobody.
func TestCrowdApart(t *testing.T) {
	s := newSquares(1)
	s.Patient(time.Minute)
	release := s.hold(t)
	joint := s.ask(t.Context(), "a", 1, 2)
	var all sync.WaitGroup
	for _, n := range []int{3, 4} {
		all.Go(func() {
			found, err := s.Apart(t.Context(), "a", n)
			assert.NoError(t, err)
			assert.Equal(t, n*n, found[n])
		})
	}
	require.Eventually(t, func() bool { return s.Queued() == 3 }, 10*time.Second, time.Millisecond)
	later := s.ask(t.Context(), "a", 5)
	require.Eventually(t, func() bool { return s.Waiting("a") == 3 }, 10*time.Second, time.Millisecond)
	release()
	got, _ := joint()
	assert.Equal(t, []int{1, 4}, got)
	got, _ = later()
	assert.Equal(t, []int{25}, got)
	all.Wait()
	assert.ElementsMatch(t, []int{1, 2, 5}, s.tasks[1])
	assert.ElementsMatch(t, [][]int{{3}, {4}}, s.tasks[2:])
}

func TestCrowdSurvivesPanics(t *testing.T) {
	s := newSquares(1)
	s.fails = func(numbers []int) error {
		if len(numbers) > 1 {
			panic("together")
		}
		return nil
	}
	release := s.hold(t)
	answers := s.ask(t.Context(), "a", 1, 2)
	release()
	got, errs := answers()
	assert.Equal(t, []int{1, 4}, got)
	assert.Equal(t, make([]error, 2), errs)
}

// Who goes away while waiting is not asked for, and does not take the others
// along.
func TestCrowdWithoutThoseWhoLeft(t *testing.T) {
	s := newSquares(1)
	release := s.hold(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone := s.ask(ctx, "a", 1)
	stays := s.ask(t.Context(), "a", 2, 3)
	cancel()
	_, errs := gone()
	require.ErrorIs(t, errs[0], context.Canceled)
	release()
	got, errs := stays()
	assert.Equal(t, []int{4, 9}, got)
	assert.Equal(t, make([]error, 2), errs)
	assert.ElementsMatch(t, []int{2, 3}, s.tasks[1])
}

// Who has no time left goes, though the task has begun; it ends when nobody waits
// for it any more, whoever came first.
func TestCrowdEndsWithThoseWhoWait(t *testing.T) {
	begun, ended := make(chan []int), make(chan struct{})
	gate := make(chan struct{})
	c := store.NewCrowd(1, 64, func(ctx context.Context, q string, numbers []int) (int, error) {
		begun <- numbers
		if q == "held" {
			<-gate
			return 0, nil
		}
		<-ctx.Done()
		close(ended)
		return 0, ctx.Err()
	})
	ask := func(q string) (leave func() error) {
		ctx, cancel := context.WithCancel(t.Context())
		err := make(chan error)
		go func() {
			_, failed := c.Do(ctx, q, 1)
			err <- failed
		}()
		return func() error { cancel(); return <-err }
	}
	ask("held")
	<-begun
	first, second := ask("a"), ask("a")
	time.Sleep(10 * time.Millisecond) // until both wait
	close(gate)
	require.Len(t, <-begun, 2)
	require.ErrorIs(t, first(), context.Canceled)
	select {
	case <-ended:
		t.Error("the second still waits")
	case <-time.After(10 * time.Millisecond):
	}
	require.ErrorIs(t, second(), context.Canceled)
	<-ended
}

// Who comes when all have left does not go with them.
func TestCrowdAfterAllHaveLeft(t *testing.T) {
	s := newSquares(1)
	release := s.hold(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone := s.ask(ctx, "a", 1)
	cancel()
	_, errs := gone()
	require.ErrorIs(t, errs[0], context.Canceled)
	stays := s.ask(t.Context(), "a", 2)
	release()
	got, errs := stays()
	assert.NoError(t, errs[0])
	assert.Equal(t, []int{4}, got)
}

// A task that hangs gives its slot away.
func TestCrowdPassesByWhatHangs(t *testing.T) {
	s := newSquares(1)
	release := s.hold(t)
	got, errs := s.ask(t.Context(), "a", 1)()
	assert.Equal(t, []int{1}, got)
	assert.NoError(t, errs[0])
	release()
	got, _ = s.ask(t.Context(), "a", 2)()
	assert.Equal(t, []int{4}, got)
}

// However tasks end, in time, late, or with a panic, and whoever leaves them: no
// slot is lost, and none is given twice.
func TestCrowdGetsItsSlotsBack(t *testing.T) {
	c := store.NewCrowd(3, 64, func(ctx context.Context, _ int, numbers []int) (bool, error) {
		switch numbers[0] % 40 {
		case 0:
			time.Sleep(70 * time.Millisecond)
		case 1:
			time.Sleep(50 * time.Millisecond) // as late as late begins
		case 2:
			panic("together or not")
		case 3:
			return false, errors.New("bad")
		case 4:
			<-ctx.Done()
			return false, ctx.Err()
		}
		return true, nil
	})
	var all sync.WaitGroup
	for w := range 100 {
		all.Go(func() {
			for i := range 20 {
				func() {
					ctx, cancel := context.WithTimeout(t.Context(), time.Duration((7*w+i)%60)*time.Millisecond)
					defer cancel()
					defer func() { _ = recover() }()
					found, err := c.Do(ctx, (w+i)%5, 20*w+i)
					assert.True(t, found || err != nil)
				}()
			}
		})
	}
	all.Wait()
	require.Eventually(t, func() bool { return c.Free() == 3 }, 5*time.Second, time.Millisecond, "%d are free", c.Free())
}

func TestCrowdUnderLoad(t *testing.T) {
	var running, most atomic.Int64
	c := store.NewCrowd(2, 64, func(_ context.Context, q int, numbers []int) ([]string, error) {
		raise(&most, running.Add(1))
		defer running.Add(-1)
		var out []string
		for _, n := range numbers {
			out = append(out, fmt.Sprint(q, n))
		}
		time.Sleep(50 * time.Microsecond)
		return out, nil
	})
	var all sync.WaitGroup
	for w := range 100 {
		all.Go(func() {
			for i := range 50 {
				ctx, cancel := context.WithCancel(t.Context())
				if i%7 == 0 {
					go cancel()
				}
				found, err := c.Do(ctx, w%3, 1000*w+i)
				cancel()
				if err != nil {
					assert.ErrorIs(t, err, context.Canceled)
					continue
				}
				assert.Contains(t, found, fmt.Sprint(w%3, 1000*w+i))
			}
		})
	}
	all.Wait()
	assert.LessOrEqual(t, most.Load(), int64(2))
}

// raise makes most at least n.
func raise(most *atomic.Int64, n int64) {
	for {
		seen := most.Load()
		if n <= seen || most.CompareAndSwap(seen, n) {
			return
		}
	}
}

// Those who ask for the version of definitions while it is read wait for the next
// reading, all for the same.
func TestTheVersionOfDefinitionsIsReadTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		waiting := s.VersionWaits()
		gate := make(chan struct{})
		var asked atomic.Int64
		s.Observe(func(text string) {
			if strings.Contains(text, "from state") && asked.Add(1) == 1 {
				<-gate
			}
		})
		var all sync.WaitGroup
		ask := func() {
			all.Go(func() {
				_, err := s.DefinitionsVersion(t.Context())
				assert.NoError(t, err)
			})
		}
		ask()
		require.Eventually(t, func() bool { return asked.Load() == 1 }, 10*time.Second, time.Millisecond)
		for range 31 {
			ask()
		}
		require.Eventually(t, func() bool { return waiting() == 31 }, 10*time.Second, time.Millisecond)
		close(gate)
		all.Wait()
		assert.Equal(t, int64(2), asked.Load())
	})
}
