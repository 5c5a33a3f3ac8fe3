package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// result is what one run came to.
type result struct {
	rate     float64 // per second
	p50, p99 time.Duration
	cpu      time.Duration // of the process, for each call
}

func (r result) String() string {
	return fmt.Sprintf("%.0f/s (%.2f ms, %.2f ms)", r.rate, r.p50.Seconds()*1000, r.p99.Seconds()*1000)
}

// calls numbers the calls of all runs, so that no insert comes twice.
var calls atomic.Int64

// measure calls do from several goroutines until time is up.
func measure(ctx context.Context, over time.Duration, callers int, do func(n int) error) (result, error) {
	var (
		wait  sync.WaitGroup
		mu    sync.Mutex
		took  []time.Duration
		fault error
	)
	begun, used := time.Now(), processor()
	for range callers {
		wait.Go(func() {
			var own []time.Duration
			var err error
			for time.Since(begun) < over && ctx.Err() == nil && err == nil {
				sent := time.Now()
				err = do(int(calls.Add(1)))
				own = append(own, time.Since(sent))
			}
			mu.Lock()
			defer mu.Unlock()
			took, fault = append(took, own...), errors.Join(fault, err)
		})
	}
	wait.Wait()
	all := time.Since(begun)
	used = processor() - used
	slices.Sort(took)
	if fault != nil || len(took) == 0 {
		return result{}, errors.Join(fault, ctx.Err())
	}
	return result{rate: float64(len(took)) / all.Seconds(), p50: took[len(took)/2], p99: took[len(took)*99/100],
		cpu: used / time.Duration(len(took))}, nil
}

// processor is the time that this process has had.
func processor() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // it does not fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
