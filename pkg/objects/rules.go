package objects

import (
	_ "embed" // rules.yaml
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v3"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

//go:embed rules.yaml
var rulesYAML []byte

// rule is one rule of a type, ready to be judged. Everything that a rule of one
// kind has beside what all have is in args.
type rule struct {
	id        int16 // of a unique rule: its number in object_key
	kind      string
	fields    []string
	when      *vm.Program
	whenText  string
	key       string
	text      string
	modelText string
	keys      Pairs
	stage     int
	byHand    bool
	named     []string // by hand: the fields that a change must name, where not all of them
	model     bool
	twice     bool
	nullEqual bool
	single    bool // a unique column: told with the fields of the body
	value     *vm.Program
	args      map[string]any
}

// arg is an argument of the rule's kind as text.
func (r *rule) arg(name string) string {
	if v, ok := r.args[name]; ok && v != nil {
		return fmt.Sprint(v)
	}
	return ""
}

// list is an argument that is a list of texts.
func (r *rule) list(name string) []string {
	var out []string
	members, _ := r.args[name].([]any)
	for _, member := range members {
		out = append(out, fmt.Sprint(member))
	}
	return out
}

// common are the words that every rule may have; those of its kind stand in ruleKinds.
var common = []string{"kind", "if", "key", "text", "stage"}

// rule is the first rule of that kind, or nil.
func (t *Type) rule(kind string) *rule {
	i := slices.IndexFunc(t.rules, func(r *rule) bool { return r.kind == kind })
	if i < 0 {
		return nil
	}
	return t.rules[i]
}

// addRules gives the types their rules. A rule of an unknown type is an error.
func (c *Catalogue) addRules(data []byte) error {
	rules, err := parseRules(data)
	if err != nil {
		return err
	}
	for name, list := range rules {
		t := c.Type(name)
		if t == nil {
			return fmt.Errorf("rules of %s, which is no type", name)
		}
		t.rules = list
	}
	return nil
}

// parseRules reads the rules and compiles their expressions: unknown kinds and
// words, and expressions that do not compile, are errors.
func parseRules(data []byte) (map[string][]*rule, error) {
	var file map[string]any
	if err := yaml.Unmarshal(data, &file); err != nil {
		return nil, fmt.Errorf("rules: %w", err)
	}
	out := map[string][]*rule{}
	var problems []error
	for _, name := range slices.Sorted(maps.Keys(file)) {
		if strings.HasPrefix(name, "x-") {
			continue
		}
		for _, raw := range flattenRules(file[name]) {
			r, err := parseRule(raw)
			if err != nil {
				problems = append(problems, fmt.Errorf("rules of %s: %w", name, err))
				continue
			}
			out[name] = append(out[name], r)
		}
	}
	return out, errors.Join(problems...)
}

// flattenRules takes lists in lists apart: shared rules are lists of their own.
func flattenRules(v any) []map[string]any {
	var out []map[string]any
	switch v := v.(type) {
	case []any:
		for _, member := range v {
			out = append(out, flattenRules(member)...)
		}
	case map[string]any:
		out = append(out, v)
	}
	return out
}

func parseRule(raw map[string]any) (*rule, error) {
	r := &rule{kind: "check", stage: 3, key: fault.All, args: map[string]any{}}
	if kind, ok := raw["kind"]; ok {
		r.kind = fmt.Sprint(kind)
	}
	own, known := ruleKinds[r.kind]
	if !known {
		return nil, fmt.Errorf("no such kind %q", r.kind)
	}
	allowed := slices.Concat(common, own.args)
	var err error
	for word, v := range raw {
		if !slices.Contains(allowed, word) {
			return nil, fmt.Errorf("%s: %q is no word of this kind", r.kind, word)
		}
		switch word {
		case "kind":
		case "if":
			r.whenText = fmt.Sprint(v)
			if r.when, err = compile(r.whenText); err != nil {
				return nil, err
			}
		case "value":
			if r.kind != "set" {
				r.args[word] = v
				break
			}
			if r.value, err = compile(fmt.Sprint(v)); err != nil {
				return nil, err
			}
		case "key":
			if r.key = fmt.Sprint(v); r.key == "nfe" {
				r.key = fault.NonField
			}
		case "text":
			r.text = fmt.Sprint(v)
		case "model_text":
			r.modelText = fmt.Sprint(v)
		case "keys":
			keys, _ := v.(map[string]any)
			r.keys = sortedPairs(keys)
		case "stage":
			r.stage = atoi(fmt.Sprint(v))
		case "fields":
			r.args["fields"] = v
			r.fields = r.list("fields")
		case "by_hand":
			r.byHand = true
			if name, one := v.(string); one {
				r.named = []string{name}
			}
		case "model":
			r.model = v == true
		case "twice":
			r.twice = v == true
		case "null_equal":
			r.nullEqual = v == true
		default:
			r.args[word] = v
		}
	}
	if r.kind == "effect" && deeds[r.arg("do")] == nil {
		return nil, fmt.Errorf("%s: nothing is done by %q", r.kind, r.arg("do"))
	}
	if r.kind == "unique" && r.args["label"] != nil && len(r.fields) == 1 {
		r.id, r.key, r.stage, r.single = uniqueID(r.fields, ""), r.fields[0], 1, true
		return r, nil
	}
	if r.kind == "unique" {
		r.id = uniqueID(r.fields, r.whenText)
		if _, given := raw["stage"]; !given && !r.model {
			r.stage = 2
		}
		if _, given := raw["key"]; !given && !r.model {
			r.key = fault.NonField
		}
	}
	return r, nil
}

// uniqueID numbers a unique rule by what it holds unique, so that the order of
// the file does not matter to what is stored.
func uniqueID(fields []string, when string) int16 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.Join(fields, ",") + "|" + when))
	return int16(h.Sum32() & 0x7fff)
}

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

var blanks = regexp.MustCompile(`\{\{|\}\}|\{[^{}]*\}`)

// fill fills the text of a rule. extra has what stands for names that the kind
// of rule gives itself, such as "value": an object's id, or a text.
func (m *member) fill(text string, extra map[string]any) string {
	return blanks.ReplaceAllStringFunc(text, func(blank string) string {
		switch blank {
		case "{{", "}}":
			return blank[:1]
		}
		return m.blank(blank[1:len(blank)-1], extra)
	})
}

// blank is what stands for one {…} of a text.
func (m *member) blank(name string, extra map[string]any) string {
	l := m.j.l
	switch {
	case name == "@singular":
		return m.object.Type.Singular
	case name == "id":
		return m.object.ID.String()
	case strings.HasPrefix(name, "count:"):
		if m.before == nil {
			return "0"
		}
		return itoa(len(l.refs(m.before, name[6:])))
	case strings.HasPrefix(name, "racked:"):
		n := 0
		for _, id := range l.refs(m.object, name[7:]) {
			if o := l.get(id); o != nil && o.Values["position"] != nil {
				n++
			}
		}
		return itoa(n)
	case strings.HasPrefix(name, "first:"):
		if id := idOf(m.first(name[6:])); id != [16]byte{} {
			return l.str(id)
		}
		return "None"
	}
	path, function, _ := strings.Cut(name, "~")
	start := m.object
	if bare, old := strings.CutPrefix(path, "old."); old {
		if start = m.before; start == nil {
			return ""
		}
		path = bare
	}
	word, rest, _ := strings.Cut(path, ".")
	if v, ok := extra[word]; ok {
		return m.extraText(v, rest, function)
	}
	if bare, id := strings.CutSuffix(path, ".id"); id {
		return text(l.value(start, bare))
	}
	if function == "label" || function == "display" {
		holder, last := start, path
		if i := strings.LastIndexByte(path, '.'); i >= 0 && function == "label" {
			if holder, last = l.get(idOf(l.value(start, path[:i]))), path[i+1:]; holder == nil {
				return ""
			}
		}
		return l.templateText(holder, last+map[string]string{"label": "|label", "display": "~display"}[function])
	}
	return l.nameAt(start, path)
}

// extraText is the text of a value that the kind of a rule names: an object, or
// what stands at a path from it.
func (m *member) extraText(v any, path, function string) string {
	l := m.j.l
	if function == "singular" || function == "label" {
		if t := l.c.Type(text(v)); t != nil {
			if function == "label" {
				return l.c.Label(t)
			}
			return t.Singular
		}
	}
	id := idOf(idText(v))
	if o := l.get(id); o != nil {
		if path == "" {
			return o.Str
		}
		return l.nameAt(o, path)
	}
	return text(v)
}

// nameAt is what a text says of the end of a path: what an object there is
// called, or the value.
func (l *loader) nameAt(o *Object, path string) string {
	v := l.value(o, path)
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			return ""
		}
		v = list[0]
	}
	if o.Type.Field(path) != nil && o.Type.Field(path).Kind != Reference {
		if v == nil {
			return "None"
		}
		return text(o.Values[path])
	}
	if id := idOf(v); id != [16]byte{} {
		if target := l.get(id); target != nil {
			return target.Str
		}
	}
	if v == nil {
		return "None"
	}
	return text(v)
}
