package objects

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"

	"relata/pkg/filters"
)

// valueRule is a rule about one field that is itself an object: users make it,
// and it holds for the objects of the content type that it names.
type valueRule struct {
	check   string // pattern, range, present or repeats
	field   string
	message string
	pattern string
	low     *float64
	high    *float64
	most    int
}

// value_rule: an object is a rule about values; `check` says of which sort.
func init() {
	kindOf("value_rule", ruleKind{kept: true}, "check")
}

// valueRules reads the rules that are objects, by the type they hold for.
func valueRules(ctx context.Context, r Reader, c *Catalogue) (map[string][]valueRule, error) {
	out := map[string][]valueRule{}
	for _, t := range c.Types() {
		rule := t.rule("value_rule")
		if rule == nil {
			continue
		}
		stored, err := r.StoredOfType(ctx, t.ID)
		if err != nil {
			return nil, err
		}
		for _, s := range stored {
			o, err := c.Object(s)
			if err != nil {
				return nil, err
			}
			if o.Values["enabled"] == true {
				name := text(o.Values["content_type"])
				out[name] = append(out[name], readValueRule(o, rule.arg("check")))
			}
		}
	}
	return out, nil
}

func readValueRule(o *Object, check string) valueRule {
	v := valueRule{check: check, field: text(o.Values["field"]), message: text(o.Values["error_message"]),
		pattern: text(o.Values["regular_expression"]), low: limitOf(o.Values["min"]), high: limitOf(o.Values["max"])}
	v.most, _ = exprValue(o.Values["max_instances"]).(int)
	return v
}

// validationRules holds m to the rules that users made for its type.
func (m *member) validationRules() error {
	for _, v := range m.j.c.checks[m.object.Type.Name] {
		problem, err := m.breaksValueRule(v)
		if err != nil {
			return err
		}
		if problem == "" {
			continue
		}
		if v.message != "" {
			problem = v.message
		}
		return m.refuse(v.field, problem)
	}
	return nil
}

// breaksValueRule says how m breaks v, or is empty.
func (m *member) breaksValueRule(v valueRule) (string, error) {
	f := m.object.Type.Field(v.field)
	if f == nil {
		return "", nil
	}
	value := m.object.Values[v.field]
	empty := value == nil || value == ""
	if f.Kind == Reference {
		empty = len(m.object.Refs[v.field]) == 0
	}
	switch v.check {
	case "pattern":
		compiled, err := userPattern("^(?:" + v.pattern + ")")
		if err == nil && value != nil && !compiled.MatchString(text(value)) {
			return "Value does not conform to regex: " + v.pattern, nil
		}
	case "range":
		return v.outside(value), nil
	case "present":
		if empty {
			return "This field cannot be blank.", nil
		}
	case "repeats":
		if !empty {
			return m.repeats(v, f, value)
		}
	}
	return "", nil
}

func (v valueRule) outside(value any) string {
	if value == nil {
		return fmt.Sprintf("Value does not conform to mix/max validation: min %s, max %s", floatText(v.low), floatText(v.high))
	}
	number, ok := value.(json.Number)
	if !ok {
		return ""
	}
	n, err := strconv.ParseFloat(number.String(), 64)
	switch {
	case err != nil:
	case v.low != nil && n < *v.low:
		return "Value is less than minimum value: " + floatText(v.low)
	case v.high != nil && n > *v.high:
		return "Value is more than maximum value: " + floatText(v.high)
	}
	return ""
}

func floatText(f *float64) string {
	if f == nil {
		return "None"
	}
	return pyFloat(*f)
}

// repeats refuses a value that as many other objects have as may.
func (m *member) repeats(v valueRule, f *Field, value any) (string, error) {
	if m.before != nil && canonical(m.before.Values[v.field]) == canonical(value) && m.before.Ref(v.field) == m.object.Ref(v.field) {
		return "", nil
	}
	p := m.j.l.path(m.object.Type, v.field)
	if p.err != nil {
		return "", p.err
	}
	written := value
	if f.Kind == Reference {
		written = m.object.Ref(v.field).String()
	}
	condition, problem := attribute(Pair{v.field, written}, p.way, p.field, p.at, filters.Equal)
	if problem != "" {
		return "", nil
	}
	found, err := m.j.tx.Find(m.j.ctx, m.object.Type, filters.Query{condition}, v.most+1)
	if err != nil {
		return "", err
	}
	others := 0
	for _, id := range found {
		if id != m.object.ID {
			others++
		}
	}
	if others >= v.most {
		return fmt.Sprintf("There can only be %d instance%s with this value.", v.most, map[bool]string{false: "s"}[v.most == 1]), nil
	}
	return "", nil
}
