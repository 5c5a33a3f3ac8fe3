package objects

import (
	"strings"
	"testing"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// paths collects the paths that an expression reads.
type paths struct{ found []string }

func (p *paths) Visit(node *ast.Node) {
	if call, ok := (*node).(*ast.CallNode); ok {
		if callee, ok := call.Callee.(*ast.IdentifierNode); ok && callee.Value == "path__" {
			p.found = append(p.found, call.Arguments[0].(*ast.StringNode).Value)
		}
	}
}

// Every path that a rule names leads somewhere, and every kind of rule is used.
func TestRulesFitTheCatalogue(t *testing.T) {
	c, err := Load()
	require.NoError(t, err)
	rules, err := embeddedRules()
	require.NoError(t, err)
	used := map[string]bool{}
	for name, list := range rules {
		typ := c.Type(name)
		if typ == nil {
			t.Errorf("rules for %s, which is no type", name)
			continue
		}
		check := func(path string) {
			for _, word := range []string{"creating", "id"} {
				if path == word {
					return
				}
			}
			path = strings.TrimPrefix(path, "old.")
			first, _, _ := strings.Cut(path, ".")
			if f := typ.Field(first); f != nil && (f.Kind == JSON || f.Kind == Reference && f.Derive != "") {
				return
			}
			if p := c.resolve(typ, path); p.err != nil {
				t.Errorf("%s: %s: %v", name, path, p.err)
			}
		}
		for _, r := range list {
			for _, program := range []*vm.Program{r.when, r.value} {
				if program == nil {
					continue
				}
				found := &paths{}
				node := program.Node()
				ast.Walk(&node, found)
				for _, path := range found.found {
					check(path)
				}
			}
			for _, f := range r.fields {
				check(f)
			}
			used[r.kind] = true
		}
	}
	for kind := range ruleKinds {
		assert.True(t, used[kind], "no type has a rule of kind %s", kind)
	}
}
