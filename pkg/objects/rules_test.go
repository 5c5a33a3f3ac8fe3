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
	used := map[string]bool{}
	for _, typ := range c.Types() {
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
				t.Errorf("%s: %s: %v", typ.Name, path, p.err)
			}
		}
		for _, r := range typ.rules {
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

// What is wrong with the file of rules stops the start.
func TestWrongRules(t *testing.T) {
	for _, tt := range []struct{ name, file, want string }{
		{"no YAML", "{", "rules"},
		{"a type that is not there", "dcim.nothing: [{if: creating, text: No.}]", "rules of dcim.nothing, which is no type"},
		{"a kind that is not there", "dcim.device: [{kind: sometimes}]", `no such kind "sometimes"`},
		{"a word of another kind", "dcim.device: [{kind: frozen, version: 4}]", `frozen: "version" is no word of this kind`},
		{"an effect that is not there", "dcim.device: [{kind: effect, do: nothing}]", `nothing is done by "nothing"`},
		{"an expression that does not compile", `dcim.device: [{if: "name ==", text: No.}]`, "name =="},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, err := Load()
			require.NoError(t, err)
			assert.ErrorContains(t, c.addRules([]byte(tt.file)), tt.want)
		})
	}
}
