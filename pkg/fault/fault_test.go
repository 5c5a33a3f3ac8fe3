package fault

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestErrorIsOneSentence(t *testing.T) {
	two := &Error{Kind: Invalid}
	two.Add([]string{"relationships", "vlans"}, "One.", "Two.")
	two.Add([]string{"name"}, "Three.")
	tests := []struct {
		name string
		err  *Error
		want string
	}{
		{"a detail", NotFoundf("No %s.", "Rack"), "No Rack."},
		{"a detail goes before fields", &Error{Detail: "All of it.", Fields: two.Fields}, "All of it."},
		{"fields in order", two, "relationships.vlans: One. Two.; name: Three."},
		{"members that are good are left out", &Error{Kind: Invalid, Items: []error{nil, Field("a", "Bad."), nil}}, "[1] a: Bad."},
		{"nothing but a kind", &Error{Kind: Busy}, "busy"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.EqualError(t, tt.err, tt.want) })
	}
}

func TestKindsHaveNames(t *testing.T) {
	for kind := Invalid; kind <= NotAllowed; kind++ {
		assert.NotEmpty(t, kind.Error(), "%d", int(kind))
	}
}

func TestKindIsFoundInAChain(t *testing.T) {
	err := fmt.Errorf("insert association: %w", Conflictf("taken"))
	assert.ErrorIs(t, err, Conflict)
	assert.NotErrorIs(t, err, Invalid)
	assert.Equal(t, "taken", As(err).Detail)
	assert.Nil(t, As(errors.New("taken")))
}

func TestAddJoinsMessagesOfOnePath(t *testing.T) {
	e := &Error{}
	e.Add([]string{"a"}, "1")
	e.Add([]string{"a", "b"}, "2")
	e.Add([]string{"a"}, "3", "4")
	assert.Equal(t, []Problem{{Path: []string{"a"}, Messages: []string{"1", "3", "4"}}, {Path: []string{"a", "b"}, Messages: []string{"2"}}}, e.Fields)
}

func TestOrNil(t *testing.T) {
	tests := []struct {
		name string
		err  *Error
		bad  bool
	}{
		{"no error at all", nil, false},
		{"a kind without a problem", &Error{Kind: Invalid}, false},
		{"good members alone", &Error{Items: []error{nil, nil}}, false},
		{"a detail", Busyf("later"), true},
		{"a field", Field("name", "Bad."), true},
		{"one bad member", &Error{Items: []error{nil, Field("name", "Bad.")}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { assert.Equal(t, tt.bad, tt.err.OrNil() != nil) })
	}
}
