package objects

import (
	"fmt"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"

	"relata/pkg/filters"
)

// words are the names that expressions call; every other name is a path.
var words = map[string]bool{"given": true, "changed": true, "below": true, "count": true, "first": true, "at": true,

	"number": true, "empty": true, "caller": true, "named": true, "path__": true}

// pathPatcher turns names and dotted names into calls that read them when they
// are wanted, so that a rule reads no more than it needs.
type pathPatcher struct{}

// Visit implements ast.Visitor.
func (pathPatcher) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		if !words[n.Value] {
			ast.Patch(node, pathCall(n.Value))
		}
	case *ast.MemberNode:
		call, ok := n.Node.(*ast.CallNode)
		if !ok {
			return
		}
		callee, ok := call.Callee.(*ast.IdentifierNode)
		name, isName := n.Property.(*ast.StringNode)
		if ok && isName && callee.Value == "path__" {
			ast.Patch(node, pathCall(call.Arguments[0].(*ast.StringNode).Value+"."+name.Value))
		}
	}
}

func pathCall(path string) ast.Node {
	return &ast.CallNode{Callee: &ast.IdentifierNode{Value: "path__"}, Arguments: []ast.Node{&ast.StringNode{Value: path}}}
}

// function is what expressions call.
type function = func(...any) (any, error)

func compile(text string) (*vm.Program, error) {
	env := map[string]any{}
	for word := range words {
		env[word] = function(nil)
	}
	program, err := expr.Compile(text, expr.Env(env), expr.AllowUndefinedVariables(), expr.Patch(pathPatcher{}),
		expr.DisableBuiltin("count"), expr.DisableBuiltin("first"))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	return program, nil
}

// env is what an expression sees of a member.
func (m *member) env() map[string]any {
	if m.functions != nil {
		return m.functions
	}
	l := m.j.l
	m.functions = map[string]any{
		"path__":  func(args ...any) (any, error) { return m.value(fmt.Sprint(args[0])), l.err },
		"given":   func(args ...any) (any, error) { return m.given(args), nil },
		"changed": func(args ...any) (any, error) { return m.changed(args), nil },
		"below":   func(args ...any) (any, error) { return l.below(idOf(args[0]), idOf(args[1])), l.err },
		"count": func(args ...any) (any, error) {
			if m.before == nil {
				return 0, nil
			}
			return len(l.refs(m.before, fmt.Sprint(args[0]))), l.err
		},
		"first": func(args ...any) (any, error) { return m.first(fmt.Sprint(args[0])), l.err },
		"at": func(args ...any) (any, error) {
			o := l.get(idOf(args[0]))
			if idOf(args[0]) == m.object.ID {
				o = m.object
			}
			if o == nil {
				return nil, l.err
			}
			return l.value(o, fmt.Sprint(args[1])), l.err
		},
		"number": func(args ...any) (any, error) { return atoi(text(args[0])), nil },
		"empty":  func(args ...any) (any, error) { return filters.Falsy(args[0]), nil },
		"caller": func(...any) (any, error) { return m.j.caller(), nil },
		"named": func(args ...any) (any, error) {
			id, err := m.j.namedObject(fmt.Sprint(args[0]), fmt.Sprint(args[1]))
			return idText(id), err
		},
	}
	return m.functions
}

// value is what an expression sees at a path of the member.
func (m *member) value(path string) any {
	switch {
	case path == "creating":
		return m.before == nil
	case strings.HasPrefix(path, "old."):
		if m.before == nil {
			return nil
		}
		return m.j.l.value(m.before, path[4:])
	case path == "id":
		return m.object.ID.String()
	}
	return m.j.l.value(m.object, path)
}

func (m *member) given(fields []any) bool {
	for _, f := range fields {
		if !m.draft.Has(fmt.Sprint(f)) {
			return false
		}
	}
	return true
}

func (m *member) changed(fields []any) bool {
	for _, f := range fields {
		after := m.j.l.value(m.object, fmt.Sprint(f))
		var before any
		if m.before != nil {
			before = m.j.l.value(m.before, fmt.Sprint(f))
		}
		if canonical(before) != canonical(after) {
			return true
		}
	}
	return false
}

// canonical is a text that is equal for equal values.
func canonical(v any) string {
	text, err := marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(text)
}

// first is the object at the end of a path whose name comes first.
func (m *member) first(path string) any {
	var found *Object
	for _, id := range m.j.l.refs(m.object, path) {
		if o := m.j.l.get(id); o != nil && (found == nil || o.SortKey < found.SortKey) {
			found = o
		}
	}
	if found == nil {
		return nil
	}
	return found.ID.String()
}

// applies reports whether the condition of r is true; without one it is.
func (m *member) applies(r *rule) (bool, error) {
	if r.when == nil {
		return true, nil
	}
	v, err := m.run(r.when)
	return v == true, err
}

// run evaluates an expression. One that cannot be computed, such as a comparison
// with null, is nil: rules state what must not be, and that is not.
func (m *member) run(program *vm.Program) (any, error) {
	v, err := expr.Run(program, m.env())
	if m.j.l.err != nil {
		return nil, m.j.l.err
	}
	if err != nil {
		if ruleTrouble != nil {
			ruleTrouble(fmt.Errorf("%s: %w", program.Source(), err))
		}
		return nil, nil
	}
	return v, nil
}

// ruleTrouble hears of expressions that could not be computed; tests set it.
var ruleTrouble func(error)
