package server_test

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	uuidPattern = `[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`
	timePattern = `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)`
)

var token = regexp.MustCompile(`\{\{([^{}]+)\}\}`)

var errUnbound = errors.New("was never bound")

// bindings are the values of tokens: run, base, captured ids, bound answers.
type bindings map[string]any

func (b bindings) lookup(name string) (any, error) {
	if value, ok := b[name]; ok {
		return identity(value), nil
	}
	name, cut, short := strings.Cut(name, "~")
	head, rest, deep := strings.Cut(name, ".")
	value, ok := b[head]
	if !ok {
		return nil, fmt.Errorf("%s %w", name, errUnbound)
	}
	if deep {
		for _, part := range strings.Split(rest, ".") {
			switch v := value.(type) {
			case []any:
				i, err := strconv.Atoi(part)
				if err != nil || i >= len(v) {
					return nil, fmt.Errorf("%s: no element %s", name, part)
				}
				value = v[i]
			case map[string]any:
				value = v[part]
			default:
				return nil, fmt.Errorf("%s: nothing at %s", name, part)
			}
		}
	}
	value = identity(value)
	if short {
		n, _ := strconv.Atoi(cut)
		return fmt.Sprint(value)[:n], nil
	}
	return value, nil
}

// identity is the id of an object that has one, else the value itself.
func identity(value any) any {
	if object, ok := value.(map[string]any); ok {
		if id, ok := object["id"]; ok {
			return id
		}
	}
	return value
}

// fill replaces the tokens of a request.
func (b bindings) fill(value any) (any, error) {
	switch v := value.(type) {
	case string:
		if m := token.FindStringSubmatch(v); m != nil && m[0] == v {
			return b.lookup(m[1])
		}
		var failed error
		out := token.ReplaceAllStringFunc(v, func(m string) string {
			value, err := b.lookup(m[2 : len(m)-2])
			if err != nil {
				failed = err
			}
			return fmt.Sprint(value)
		})
		return out, failed
	case []any:
		out := make([]any, len(v))
		for i := range v {
			filled, err := b.fill(v[i])
			if err != nil {
				return nil, err
			}
			out[i] = filled
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for key := range v {
			name, err := b.fill(key)
			if err != nil {
				return nil, err
			}
			filled, err := b.fill(v[key])
			if err != nil {
				return nil, err
			}
			out[name.(string)] = filled
		}
		return out, nil
	}
	return value, nil
}

func (b bindings) text(s string) (string, error) {
	value, err := b.fill(s)
	return fmt.Sprint(value), err
}

// matches compares a text that may hold tokens, and binds the ids it captures.
func (b bindings) matches(want, got string) bool {
	pattern, pos := `\A`, 0
	var captures []string
	places := map[string][]int{}
	group := 0
	for _, m := range token.FindAllStringSubmatchIndex(want, -1) {
		pattern += regexp.QuoteMeta(want[pos:m[0]])
		pos = m[1]
		name := want[m[2]:m[3]]
		switch name {
		case "time":
			pattern += timePattern
		case "any":
			pattern += `[\s\S]*`
		default:
			if value, err := b.lookup(name); err == nil {
				pattern += regexp.QuoteMeta(fmt.Sprint(value))
				continue
			}
			group++
			pattern += "(" + uuidPattern + ")"
			if places[name] == nil {
				captures = append(captures, name)
			}
			places[name] = append(places[name], group)
		}
	}
	m := regexp.MustCompile(pattern + regexp.QuoteMeta(want[pos:]) + `\z`).FindStringSubmatch(got)
	if m == nil {
		return false
	}
	for _, name := range captures {
		for _, g := range places[name] {
			if m[g] != m[places[name][0]] {
				return false
			}
		}
		b[name] = m[places[name][0]]
	}
	return true
}
