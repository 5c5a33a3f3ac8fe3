package objects

import (
	_ "embed" // rules.yaml
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"

	"github.com/expr-lang/expr/vm"
	"go.yaml.in/yaml/v3"

	"relata/pkg/fault"
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

// ruleKind is what a kind of rule does. A rule is asked wherever its kind has
// something to do; a kind with nothing is read where it is wanted.
type ruleKind struct {
	args []string // the words of such rules beside the common ones
	// ahead are the unique keys that judge will ask for: those of all members are
	// asked for together.
	ahead func(*member, *rule) []keyed
	// judge refuses a change, or completes it; in the order of the file.
	judge func(*member, *rule) error
	// effect changes other objects along with one that breaks no rule.
	effect func(*member, *rule) error
	// onDelete has a say when an object goes.
	onDelete func(*deletion, *rule, *Object) error
	// kept: objects with such a rule are part of the catalogue; when they change,
	// servers read it anew.
	kept bool
}

// ruleKinds are all kinds of rule, by name.
var ruleKinds = map[string]ruleKind{}

// kindOf registers a kind of rule with its words.
func kindOf(name string, k ruleKind, args ...string) {
	k.args = args
	ruleKinds[name] = k
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
	if r.kind == "unique" {
		r.uniqueDefaults(raw)
	}
	allowed := slices.Concat(common, own.args)
	for word, v := range raw {
		if !slices.Contains(allowed, word) {
			return nil, fmt.Errorf("%s: %q is no word of this kind", r.kind, word)
		}
		if err := r.read(word, v); err != nil {
			return nil, err
		}
	}
	if r.kind == "effect" && deeds[r.arg("do")] == nil {
		return nil, fmt.Errorf("%s: nothing is done by %q", r.kind, r.arg("do"))
	}
	if r.kind == "unique" {
		r.id = uniqueID(r.fields, r.whenText)
		if r.args["label"] != nil && len(r.fields) == 1 {
			r.key, r.stage, r.single = r.fields[0], 1, true
		}
	}
	return r, nil
}

// uniqueDefaults are where a unique rule is told that does not say so.
func (r *rule) uniqueDefaults(raw map[string]any) {
	if raw["model"] != true {
		r.stage, r.key = 2, fault.NonField
	}
}

// read takes in one word of a rule.
func (r *rule) read(word string, v any) (err error) {
	switch word {
	case "kind":
	case "if":
		r.whenText = fmt.Sprint(v)
		r.when, err = compile(r.whenText)
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
		r.args[word] = v
		r.fields = r.list(word)
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
		if word == "value" && r.kind == "set" {
			r.value, err = compile(fmt.Sprint(v))
		}
	}
	return err
}

// uniqueID numbers a unique rule by what it holds unique, so that the order of
// the file does not matter to what is stored.
func uniqueID(fields []string, when string) int16 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(strings.Join(fields, ",") + "|" + when))
	return int16(h.Sum32() & 0x7fff)
}
