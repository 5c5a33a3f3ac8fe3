package objects

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

// The plain kinds of rule.
//
//	check     what `if` says must not be
//	set       `field` gets the `value` of an expression
//	frozen    `fields` never change
//	unique    no two objects have the same `fields` (unique.go)
//	scoped    objects are for the content types in `field` (draft.go)
//	eligible  what `field` may refer to (draft.go)
func init() {
	kindOf("check", ruleKind{judge: judgeCheck}, "keys")
	kindOf("set", ruleKind{judge: judgeSet}, "field", "value")
	kindOf("frozen", ruleKind{judge: judgeFrozen}, "fields")
	kindOf("unique", ruleKind{}, "fields", "by_hand", "model", "model_text", "twice", "null_equal", "label")
	kindOf("scoped", ruleKind{}, "field", "but")
	kindOf("eligible", ruleKind{}, "field", "types", "referring")
}

// refuse notes a broken rule.
func (m *member) refuse(key string, texts ...string) error {
	m.problems.Add([]string{key}, texts...)
	return nil
}

// breaks reports whether f notes a broken rule.
func (m *member) breaks(f func() error) (bool, error) {
	before := m.weight()
	err := f()
	return m.weight() > before, err
}

func (m *member) weight() int {
	n := len(m.problems.Detail)
	for _, p := range m.problems.Fields {
		n += len(p.Messages)
	}
	return n
}

// serializerRules are stage 2: unique sets together, then the rules of that
// stage until one is broken.
func (m *member) serializerRules() error {
	keys, err := m.uniqueKeys()
	if err != nil {
		return err
	}
	for _, k := range keys {
		if k.rule.stage == 2 && !k.rule.byHand && m.taken(k) {
			m.tellTaken(k.rule)
		}
	}
	if !m.good() {
		return nil
	}
	for _, r := range m.object.Type.rules {
		if r.stage != 2 {
			continue
		}
		if r.kind == "unique" {
			for _, k := range keys {
				if k.rule == r && r.byHand && m.namesAll(r) && m.taken(k) {
					m.tellTaken(r)
				}
			}
		} else if err := m.judgeOne(r); err != nil {
			return err
		}
		if !m.good() {
			return nil
		}
	}
	return nil
}

// judgeOne judges one rule when it applies.
func (m *member) judgeOne(r *rule) error {
	judge := ruleKinds[r.kind].judge
	if judge == nil {
		return nil
	}
	applies, err := m.applies(r)
	if err != nil || !applies {
		return err
	}
	return judge(m, r)
}

// modelRules are stage 3: limits of values, the rules of the type until one is
// broken, and uniqueness, all in one.
func (m *member) modelRules() error {
	m.limits()
	if err := m.clean(); err != nil {
		return err
	}
	keys, err := m.uniqueKeys()
	if err != nil {
		return err
	}
	if err := m.j.ask(keys); err != nil {
		return err
	}
	wrong := m.wrongFields()
	for _, k := range keys {
		if m.taken(k) && !slices.ContainsFunc(k.rule.fields, func(f string) bool { return wrong[f] }) {
			m.tellTakenByModel(k.rule)
		}
	}
	if !m.good() {
		return nil
	}
	return m.effects()
}

// wrongFields are the fields that a problem was found with: what must be unique
// with one of them is not looked at any more.
func (m *member) wrongFields() map[string]bool {
	out := map[string]bool{}
	for _, p := range m.problems.Fields {
		if len(p.Path) > 0 {
			out[p.Path[0]] = true
		}
	}
	return out
}

// clean judges the rules of the model one after the other.
func (m *member) clean() error {
	m.computeStored()
	if problem := m.cleanCustom(); problem != "" {
		return m.refuse(fault.All, problem)
	}
	if done, err := m.breaks(m.cleanTree); done || err != nil {
		return err
	}
	for _, r := range m.object.Type.rules {
		if r.stage != 3 {
			continue
		}
		done, err := m.breaks(func() error { return m.judgeOne(r) })
		if done || err != nil {
			return err
		}
	}
	m.computeStored()
	return m.validationRules()
}

// cleanTree refuses a parent that stands at or below the object itself.
func (m *member) cleanTree() error {
	tree := m.object.Type.Tree
	if m.before == nil || tree == "" || m.object.Ref(tree) == m.before.Ref(tree) || m.relocated() {
		return nil
	}
	if m.j.l.below(m.object.Ref(tree), m.object.ID) {
		return m.refuse(fault.All, nodeText)
	}
	return nil
}

const nodeText = "A node cannot be made a descendant of itself."

func judgeCheck(m *member, r *rule) error {
	if r.when == nil {
		return nil
	}
	for _, f := range m.object.Type.Fields {
		for _, item := range r.keys {
			if item.Key == f.Name {
				_ = m.refuse(f.Name, m.fill(fmt.Sprint(item.Value), nil))
			}
		}
	}
	for _, item := range r.keys {
		if name := fmt.Sprint(item.Key); m.object.Type.Field(name) == nil {
			_ = m.refuse(name, m.fill(fmt.Sprint(item.Value), nil))
		}
	}
	if len(r.keys) == 0 {
		return m.refuse(r.key, m.fill(r.text, nil))
	}
	return nil
}

func judgeSet(m *member, r *rule) error {
	v, err := m.run(r.value)
	if err != nil {
		return err
	}
	f := m.object.Type.Field(r.arg("field"))
	if f == nil {
		return fmt.Errorf("rule sets the unknown field %s", r.arg("field"))
	}
	if f.Kind == Reference {
		m.object.setRef(f.Name, idOf(v))
		m.j.l.meet(f.ID, m.object.Refs[f.Name]...)
		return nil
	}
	m.object.Values[f.Name] = jsonValue(v)
	return nil
}

func judgeFrozen(m *member, r *rule) error {
	if m.before == nil {
		return nil
	}
	for _, f := range r.fields {
		if m.changed([]any{f}) {
			key := r.key
			if key == fault.All {
				key = f
			}
			return m.refuse(key, m.fill(r.text, nil))
		}
	}
	return nil
}

// limits are those of single values that only the model knows.
func (m *member) limits() {
	for _, f := range m.object.Type.Fields {
		v := m.object.Values[f.Name]
		if f.Model && !f.Blank && v == "" {
			m.problems.Add([]string{f.Name}, "This field cannot be blank.")
		}
		if f.Kind == Reference && m.before != nil && !m.draft.Has(f.Name) && len(f.To) == 1 && m.j.scoped(m.j.c.Type(f.To[0])) != "" {
			if o := m.j.l.get(m.object.Ref(f.Name)); o != nil && !m.j.fits(f, o) {
				m.problems.Add([]string{f.Name}, fmt.Sprintf("%s instance with id UUID('%s') is not a valid choice.", o.Type.Singular, o.ID))
			}
		}
		if problem := f.malformed(v); problem != "" {
			m.problems.Add([]string{f.Name}, problem)
		}
		n, ok := v.(json.Number)
		if !ok {
			continue
		}
		limits := Field{Min: f.ModelMin, Most: f.ModelMost}
		if f.Model {
			limits = Field{Min: f.Min, Most: f.Most}
		}
		if value, ok := new(big.Rat).SetString(n.String()); ok {
			limits.bounds(value).addTo(m.problems, f.Name)
		}
	}
}

// malformed says why v is no value of its kind, where the model's rules tell.
func (f *Field) malformed(v any) string {
	written, isText := v.(string)
	if f.Kind != MAC || !isText || written == "" {
		return ""
	}
	if _, ok := filters.HardwareAddress(written); ok {
		return ""
	}
	return "Invalid MAC address format: " + written
}

// whole reads a value that stands by itself: no rules of a model follow.
func (f *Field) whole(raw json.RawMessage) (any, *trouble) {
	value, problem := f.decodeValue(raw, nil)
	if problem == nil && f.malformed(value) != "" {
		problem = wrong(f.malformed(value))
	}
	return value, problem
}
