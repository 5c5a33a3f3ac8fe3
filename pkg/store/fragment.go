package store

import (
	"strings"
	"sync"
)

// fragment is a piece of SQL with the arguments of its placeholders, in order.
type fragment struct {
	text string
	args []any
}

// raw is a fragment of text alone.
func raw(text string) fragment { return fragment{text: text} }

// sqlf fills each % of format with the next part: a fragment, or a string that
// is SQL itself. It is how every longer piece is made, so that arguments stand
// in the order of their placeholders.
func sqlf(format string, parts ...any) fragment {
	var b strings.Builder
	var args []any
	for _, part := range parts {
		before, after, _ := strings.Cut(format, "%")
		b.WriteString(before)
		format = after
		switch part := part.(type) {
		case fragment:
			b.WriteString(part.text)
			args = append(args, part.args...)
		case string:
			b.WriteString(part)
		}
	}
	b.WriteString(format)
	return fragment{b.String(), args}
}

// with is text with its arguments.
func with(text string, args ...any) fragment { return fragment{text, args} }

// join puts separator between parts.
func join(parts []fragment, separator string) fragment {
	var b strings.Builder
	var args []any
	for i, part := range parts {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(part.text)
		args = append(args, part.args...)
	}
	return fragment{b.String(), args}
}

// test is a condition in both directions: yes is true where it holds, and no is
// true where it does not, also where yes would be null.
type test struct{ yes, no fragment }

// plain is a test of a condition that may be null.
func plain(f fragment) test {
	return test{yes: sqlf("(%)", f), no: sqlf("((%) is not true)", f)}
}

// not turns a test around.
func (t test) not() test { return test{yes: t.no, no: t.yes} }

var (
	never  = test{yes: raw("1 = 0"), no: raw("1 = 1")}
	always = never.not()
)

// anyOf holds where one of tests does; none of none.
func anyOf(tests ...test) test {
	switch len(tests) {
	case 0:
		return never
	case 1:
		return tests[0]
	}
	var yes, no []fragment
	for _, t := range tests {
		yes, no = append(yes, t.yes), append(no, t.no)
	}
	return test{yes: sqlf("(%)", join(yes, " or ")), no: sqlf("(%)", join(no, " and "))}
}

// allOf holds where all of tests do.
func allOf(tests ...test) test {
	for i := range tests {
		tests[i] = tests[i].not()
	}
	return anyOf(tests...).not()
}

// mostCompiled is how many conditions are kept.
const mostCompiled = 2000

// keptFragments are conditions put together for what never changes: a definition
// or a filter of it. A new snapshot has new ones.
type keptFragments struct {
	mu   sync.RWMutex
	kept map[any]fragment
}

// of returns what is kept for a pointer, or what build returns.
func (k *keptFragments) of(pointer any, build func() fragment) fragment {
	k.mu.RLock()
	f, ok := k.kept[pointer]
	k.mu.RUnlock()
	if ok {
		return f
	}
	f = build()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil || len(k.kept) >= mostCompiled {
		k.kept = map[any]fragment{}
	}
	k.kept[pointer] = f
	return f
}
