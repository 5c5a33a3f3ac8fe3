package api

import (
	"errors"
	"net/http"
	"strings"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

// statuses of the kinds of fault (reference section 3.8).
var statuses = map[fault.Kind]int{
	fault.Invalid:       http.StatusBadRequest,
	fault.Conflict:      http.StatusBadRequest,
	fault.Forbidden:     http.StatusForbidden,
	fault.Unauthorized:  http.StatusForbidden, // the contract knows no 401
	fault.NotFound:      http.StatusNotFound,
	fault.Protected:     http.StatusConflict,
	fault.TooLarge:      http.StatusRequestEntityTooLarge,
	fault.Busy:          http.StatusServiceUnavailable,
	fault.Unsupported:   http.StatusUnsupportedMediaType,
	fault.NotAllowed:    http.StatusMethodNotAllowed,
	fault.NotAcceptable: http.StatusNotAcceptable,
}

// statusError is a fault with a status of its own.
type statusError struct {
	status int
	fault  *fault.Error
}

func (e *statusError) Error() string { return e.fault.Error() }
func (e *statusError) Unwrap() error { return e.fault }

// vanished words the fault of what went away meanwhile as if it had never been.
func vanished(err error, class string) error {
	if errors.Is(err, fault.NotFound) {
		return noMatch(class)
	}
	return err
}

// noMatch is the fault of an address that names no object of a class.
func noMatch(class string) error {
	_, name, _ := strings.Cut(class, ".")
	return fault.NotFoundf("No %s matches the given query.", name)
}

// Refusal returns the status and the JSON body that answer err, and false when
// err is no fault but an error of the server's own.
func Refusal(err error) (status int, body []byte, ok bool) {
	e := fault.As(err)
	if e == nil {
		return 0, nil, false
	}
	status = statuses[e.Kind]
	if status == 0 {
		status = http.StatusBadRequest
	}
	var own *statusError
	if errors.As(err, &own) {
		status = own.status
	}
	return status, appendFault(nil, e), true
}

// appendFault appends the body of a fault: the list of its Items, a list with
// one Python-repr string for a nested association rule, an object of its
// fields, or its detail.
func appendFault(b []byte, e *fault.Error) []byte {
	switch {
	case len(e.Items) > 0:
		return append(appendList(append(b, '['), e.Items, func(b []byte, item error) []byte {
			if member := fault.As(item); member != nil {
				return appendFault(b, member)
			}
			return append(b, "{}"...)
		}), ']')
	case e.Nested:
		b = append(b, '[')
		b = appendString(b, pythonRepr(e))
		return append(b, ']')
	case len(e.Fields) == 1 && len(e.Fields[0].Path) == 0:
		return appendMessages(b, e.Fields[0])
	case len(e.Fields) > 0:
		return appendProblems(b, e.Fields, 0)
	}
	b = append(b, `{"detail":`...)
	detail := e.Detail
	if detail == "" {
		detail = e.Kind.Error()
	}
	b = appendString(b, detail)
	return append(b, '}')
}

// appendProblems appends problems that share the path up to level as one object.
func appendProblems(b []byte, problems []fault.Problem, level int) []byte {
	b = append(b, '{')
	done := map[string]bool{}
	for i, p := range problems {
		name := fault.NonField
		if len(p.Path) > level {
			name = p.Path[level]
		}
		if done[name] {
			continue
		}
		if len(done) > 0 {
			b = append(b, ',')
		}
		done[name] = true
		b = appendString(b, name)
		b = append(b, ':')
		if len(p.Path) <= level+1 {
			b = appendMessages(b, p)
			continue
		}
		var deeper []fault.Problem
		for _, q := range problems[i:] {
			if len(q.Path) > level+1 && q.Path[level] == name {
				deeper = append(deeper, q)
			}
		}
		b = appendProblems(b, deeper, level+1)
	}
	return append(b, '}')
}

func appendMessages(b []byte, p fault.Problem) []byte {
	if p.Bare && len(p.Messages) == 1 {
		return appendString(b, p.Messages[0])
	}
	return append(appendList(append(b, '['), p.Messages, appendString), ']')
}

// pythonRepr is the text of a dict of lists of strings, as Python prints it.
func pythonRepr(e *fault.Error) string {
	text := "{"
	for i, p := range e.Fields {
		if i > 0 {
			text += ", "
		}
		name := fault.All
		if len(p.Path) > 0 {
			name = p.Path[0]
		}
		text += objects.PyRepr(name) + ": ["
		for j, message := range p.Messages {
			if j > 0 {
				text += ", "
			}
			text += objects.PyRepr(message)
		}
		text += "]"
	}
	return text + "}"
}
