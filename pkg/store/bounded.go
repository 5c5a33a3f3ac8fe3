package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

// patternTime is how long a query with regular expressions may take; tests take
// less.
var patternTime = time.Second

// bounded runs do. When q has a regular expression it has a second for it; what
// takes longer is fault.Invalid under its parameter.
func (r reader) bounded(ctx context.Context, q filters.Query, do func(context.Context) error) error {
	return r.boundedBy(ctx, q.Pattern(), do)
}

// boundedBy is bounded for the parameter of that name, which has the expression;
// "": none has.
func (r reader) boundedBy(ctx context.Context, name string, do func(context.Context) error) error {
	if name == "" {
		return do(ctx)
	}
	short, cancel := context.WithTimeout(ctx, patternTime)
	defer cancel()
	err := do(short)
	slow := err != nil && ctx.Err() == nil && errors.Is(short.Err(), context.DeadlineExceeded)
	if slow || err != nil && (pqCode(err) == "2201B" || strings.Contains(err.Error(), errSlowPattern.Error())) {
		return fault.Field(name, "This regular expression takes too long.")
	}
	return err
}
