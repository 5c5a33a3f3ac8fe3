package objects

import (
	"slices"

	"github.com/google/uuid"
)

// search finds what attributes name, each only once.
type search struct {
	j     *judge
	known map[searched]answer
}

type searched struct{ target, scope, params string }

// answer is the object that attributes name, or why there is none.
type answer struct {
	id      uuid.UUID
	problem string
}

// find returns what n names among the targets of f.
func (s search) find(f *Field, n named) (answer, error) {
	switch len(f.To) {
	case 0:
		return s.among(nil, n)
	case 1:
		return s.among(s.j.c.Type(f.To[0]), n)
	}
	return s.amongSeveral(f, n)
}

// amongSeveral looks through all targets of a reference; one object of them all
// must be meant. Attributes may say its type, as answers do.
func (s search) amongSeveral(f *Field, n named) (answer, error) {
	targets, written := f.To, n.written
	if pairs, ok := written.(Pairs); ok {
		var rest Pairs
		for _, p := range pairs {
			if p.Key != "object_type" {
				rest = append(rest, p)
			} else if targets = []string{text(p.Value)}; !slices.Contains(f.To, targets[0]) {
				return answer{problem: "Invalid content type: " + targets[0]}, nil
			}
		}
		written = rest
	}
	var found, first answer
	for _, name := range targets {
		t := s.j.c.Type(name)
		n := readRef(t, written, FieldForm)
		one, err := s.among(t, n)
		switch {
		case err != nil:
			return one, err
		case one.problem == several(n), one.id != uuid.Nil && found.id != uuid.Nil:
			return answer{problem: several(n)}, nil
		case one.id != uuid.Nil:
			found = one
		case first.problem == "" || one.problem == n.missing():
			first = one
		}
	}
	if found.id != uuid.Nil {
		return found, nil
	}
	return first, nil
}

// among returns what n names among the objects of type t.
func (s search) among(t *Type, n named) (answer, error) {
	key := searched{params: PyRepr(n.params) + n.text}
	if t != nil {
		key.target = t.Name
	}
	if s.j.scoped(t) != "" {
		key.scope = s.j.t.Name
	}
	known, again := s.known[key]
	if again {
		return known, nil
	}
	var err error
	if known.id, known.problem, err = s.j.l.findRef(t, n, s.j.scope(t)); err == nil {
		s.known[key] = known
	}
	return known, err
}
