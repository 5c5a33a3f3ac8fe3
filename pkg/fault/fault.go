// Package fault has the errors that the sender of a request can act on. Any
// other error is internal: it is logged once and its text is shown to nobody.
package fault

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Kind says what is wrong with a request. A Kind is itself an error, so that
// errors.Is(err, fault.Invalid) finds every Error of that kind.
type Kind int

// The kinds. How each is answered over HTTP is written once, in package api.
const (
	Invalid       Kind = iota + 1 // the request breaks a rule of form or content
	Conflict                      // it contradicts what is stored
	Forbidden                     // the caller may not
	Unauthorized                  // the caller is not known
	NotFound                      // the address names nothing
	Protected                     // others need what should be deleted
	TooLarge                      // past a limit of size
	Busy                          // not now; try again
	Unsupported                   // a media type that is not served
	NotAcceptable                 // nothing that may be answered is acceptable
	NotAllowed                    // the address does not serve that method
)

var kinds = map[Kind]string{
	Invalid: "invalid", Conflict: "conflict", Forbidden: "forbidden", Unauthorized: "unauthorized",
	NotFound: "not found", Protected: "protected", TooLarge: "too large",
	Busy: "busy", Unsupported: "unsupported", NotAcceptable: "not acceptable",
	NotAllowed: "not allowed",
}

func (k Kind) Error() string { return kinds[k] }

// Names under which the contract reports what concerns no single field
// (Nautobot: model rules under All, serializer rules under NonField).
const (
	All      = "__all__"
	NonField = "non_field_errors"
)

// Problem is all that is wrong with one input. Path leads to it from the body
// or the query: {"relationships", "vlans"}. An empty Path means the whole.
type Problem struct {
	Path     []string
	Messages []string
	// Bare problems are answered as a plain string instead of a list of
	// strings (the contract has a few, e.g. keys of a cable's terminations).
	Bare bool
}

// Error is what is wrong with one request. All its texts are meant for whoever sent it.
type Error struct {
	Kind   Kind
	Detail string    // one sentence about the whole; answered as {"detail": …} when there are no Fields
	Fields []Problem // in the order in which they are answered
	Items  []error   // one for each member of a bulk request, in its order; nil where a member is good
	// Nested marks a broken association rule inside the write of an object: such
	// an answer is one string in a list, in which Python wrote the error down.
	Nested bool
}

func (e *Error) Error() string {
	if e.Detail != "" {
		return e.Detail
	}
	var b strings.Builder
	for i, p := range e.Fields {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(strings.Join(p.Path, "."))
		b.WriteString(": ")
		b.WriteString(strings.Join(p.Messages, " "))
	}
	for i, item := range e.Items {
		if item != nil {
			fmt.Fprintf(&b, "[%d] %v ", i, item)
		}
	}
	if b.Len() == 0 {
		return e.Kind.Error()
	}
	return strings.TrimSpace(b.String())
}

// Is reports whether target is the kind of e.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && kind == e.Kind
}

// Add appends messages under path; messages of a path that is there already
// join it.
func (e *Error) Add(path []string, messages ...string) {
	for i := range e.Fields {
		if slices.Equal(e.Fields[i].Path, path) {
			e.Fields[i].Messages = append(e.Fields[i].Messages, messages...)
			return
		}
	}
	e.Fields = append(e.Fields, Problem{Path: path, Messages: messages})
}

// OrNil returns e as an error when it holds a problem, else nil.
func (e *Error) OrNil() error {
	if e == nil {
		return nil
	}
	if len(e.Fields) > 0 || e.Detail != "" {
		return e
	}
	for _, item := range e.Items {
		if item != nil {
			return e
		}
	}
	return nil
}

// As returns the Error in err's chain, or nil.
func As(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return nil
}

// Field is an Invalid error about one field.
func Field(name string, messages ...string) *Error {
	return &Error{Kind: Invalid, Fields: []Problem{{Path: []string{name}, Messages: messages}}}
}

// Invalidf is an Invalid error about the whole, answered under "detail".
func Invalidf(format string, args ...any) *Error { return newf(Invalid, format, args...) }

// Conflictf is a Conflict.
func Conflictf(format string, args ...any) *Error { return newf(Conflict, format, args...) }

// Forbiddenf is a Forbidden.
func Forbiddenf(format string, args ...any) *Error { return newf(Forbidden, format, args...) }

// NotFoundf is a NotFound.
func NotFoundf(format string, args ...any) *Error { return newf(NotFound, format, args...) }

// Protectedf is a Protected.
func Protectedf(format string, args ...any) *Error { return newf(Protected, format, args...) }

// TooLargef is a TooLarge.
func TooLargef(format string, args ...any) *Error { return newf(TooLarge, format, args...) }

// Busyf is a Busy.
func Busyf(format string, args ...any) *Error { return newf(Busy, format, args...) }

func newf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Detail: fmt.Sprintf(format, args...)}
}
