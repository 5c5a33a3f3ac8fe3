package objects

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
)

// keyed is the claim of a member on a unique rule.
type keyed struct {
	Key
	rule *rule
}

// uniqueRules are the unique rules of t: those of the rules, and the unique
// columns and sets of the catalogue that none of them names.
func (j *judge) uniqueRules(t *Type) []*rule {
	if rules, known := j.uniques[t.Name]; known {
		return rules
	}
	rules := []*rule{}
	named := map[string]bool{}
	for _, r := range t.rules {
		if r.kind != "unique" {
			continue
		}
		rules = append(rules, r)
		named[setName(r.fields)] = true
	}
	for _, f := range t.Fields {
		if f.Unique && !named[f.Name] {
			rules = append(rules, &rule{id: uniqueID([]string{f.Name}, ""), kind: "unique", fields: []string{f.Name}, key: f.Name, stage: 1, single: true})
		}
	}
	for _, set := range t.Unique {
		if !named[setName(set)] {
			rules = append(rules, &rule{id: uniqueID(set, ""), kind: "unique", fields: set, key: fault.NonField, stage: 2})
		}
	}
	j.uniques[t.Name] = rules
	return rules
}

// setName is equal for equal sets of fields.
func setName(fields []string) string {
	sorted := slices.Sorted(slices.Values(fields))
	return strings.Join(sorted, ",")
}

// uniqueKeys are the claims of m as it stands now.
func (m *member) uniqueKeys() ([]keyed, error) {
	var keys []keyed
	for _, r := range m.j.uniqueRules(m.object.Type) {
		applies, err := m.applies(r)
		if err != nil {
			return nil, err
		}
		if !applies {
			continue
		}
		if k, ok := m.keyOf(r); ok {
			keys = append(keys, k)
		}
	}
	return keys, m.j.l.err
}

// keysBefore are the claims of m as it is stored.
func (m *member) keysBefore() ([]Key, error) {
	old := &member{j: m.j, draft: m.draft, before: m.before, object: m.before}
	keyed, err := old.uniqueKeys()
	if err != nil {
		return nil, err
	}
	var keys []Key
	for _, k := range keyed {
		keys = append(keys, k.Key)
	}
	return keys, nil
}

// keyOf is the claim of m on r; none where a value is null, for nulls are not
// equal to each other.
func (m *member) keyOf(r *rule) (keyed, bool) {
	values := make([]any, len(r.fields))
	for i, f := range r.fields {
		values[i] = m.j.l.value(m.object, f)
		if values[i] == nil && !r.nullEqual {
			return keyed{}, false
		}
	}
	return keyed{Key{Type: m.object.Type.ID, Rule: r.id, Hash: sha256.Sum256([]byte(canonical(values))), Object: m.object.ID}, r}, true
}

// ask looks up who holds keys, those that were not asked for before.
func (j *judge) ask(keys []keyed) error {
	var wanted []Key
	for _, k := range keys {
		bare := k.Key
		bare.Object = uuid.Nil
		if !j.asked[bare] {
			j.asked[bare] = true
			wanted = append(wanted, bare)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	held, err := j.tx.KeyHolders(j.ctx, wanted)
	if err != nil {
		return err
	}
	for _, k := range held {
		bare := k
		bare.Object = uuid.Nil
		j.taken[bare] = k.Object
	}
	return nil
}

// askAll looks up the keys of all members that are good so far.
func (j *judge) askAll() error {
	var keys []keyed
	for _, m := range j.members {
		if !m.good() {
			continue
		}
		some, err := m.uniqueKeys()
		if err != nil {
			return err
		}
		if m.before != nil {
			held, err := m.keysBefore()
			if err != nil {
				return err
			}
			for _, k := range held {
				bare := k
				bare.Object = uuid.Nil
				j.asked[bare], j.taken[bare] = true, m.before.ID
			}
		}
		keys = append(keys, some...)
		for _, r := range m.object.Type.rules {
			if more := ruleKinds[r.kind].ahead; more != nil {
				keys = append(keys, more(m, r)...)
			}
		}
	}
	return j.ask(keys)
}

// taken reports whether somebody else holds k.
func (m *member) taken(k keyed) bool {
	bare := k.Key
	bare.Object = uuid.Nil
	holder, held := m.j.taken[bare]
	return held && holder != m.object.ID
}

// uniqueColumns refuses values of unique columns that somebody else has,
// together with the other problems of the body.
func (j *judge) uniqueColumns() error {
	for _, ask := range []bool{true, false} {
		var keys []keyed
		for _, m := range j.members {
			for _, r := range j.uniqueRules(j.t) {
				if !r.single || !m.draft.Has(r.fields[0]) || m.fields[r.fields[0]] != nil {
					continue
				}
				k, ok := m.keyOf(r)
				if m.object.Values[r.fields[0]] == "" {
					continue // what is blank is for the model to judge
				}
				if ok && !ask && m.taken(k) {
					m.fields[r.fields[0]] = wrong(takenText(m.object.Type, r))
				}
				if ok {
					keys = append(keys, k)
				}
			}
		}
		if ask {
			if err := j.ask(keys); err != nil {
				return err
			}
		}
	}
	return nil
}

// takenText is what a unique rule says by itself.
func takenText(t *Type, r *rule) string {
	if r.single {
		label := r.arg("label")
		if f := t.Field(r.fields[0]); label == "" && f != nil {
			if label = f.Label; label == "" {
				label = strings.ReplaceAll(f.Name, "_", " ")
			}
		}
		return fmt.Sprintf("%s with this %s already exists.", t.Singular, label)
	}
	return "The fields " + strings.Join(r.fields, ", ") + " must make a unique set."
}

// modelTakenText is what the model says: "Rack with this Rack group and Name
// already exists."
func modelTakenText(t *Type, r *rule) string {
	labels := make([]string, len(r.fields))
	for i, name := range r.fields {
		labels[i] = capitalize(strings.ReplaceAll(name, "_", " "))
		if f := t.Field(name); f != nil {
			labels[i] = f.Title()
		}
	}
	last := labels[len(labels)-1]
	if first := labels[:len(labels)-1]; len(first) > 0 {
		last = strings.Join(first, ", ") + " and " + last
	}
	return fmt.Sprintf("%s with this %s already exists.", capitalize(t.Singular), last)
}

// namesAll reports whether the request names all fields of r that it must name.
func (m *member) namesAll(r *rule) bool {
	if m.before == nil {
		return true
	}
	named := r.named
	if named == nil {
		named = r.fields
	}
	for _, f := range named {
		if !m.draft.Has(f) {
			return false
		}
	}
	return true
}

// tellTaken says that r is broken, in the words of stages 1 and 2.
func (m *member) tellTaken(r *rule) {
	message := takenText(m.object.Type, r)
	if r.text != "" {
		message = m.fill(r.text, nil)
	}
	messages := []string{message}
	if r.twice {
		messages = append(messages, message)
	}
	m.problems.Add([]string{r.key}, messages...)
}

// tellTakenByModel says that r is broken, in the words of stage 3.
func (m *member) tellTakenByModel(r *rule) {
	switch {
	case r.modelText != "":
		m.problems.Add([]string{fault.All}, m.fill(r.modelText, nil))
	case r.model && r.text != "":
		m.problems.Add([]string{r.key}, m.fill(r.text, nil))
	case r.single:
		m.problems.Add([]string{r.key}, modelTakenText(m.object.Type, r))
	case r.text != "" && !r.byHand:
		m.problems.Add([]string{r.key}, m.fill(r.text, nil))
	default:
		m.problems.Add([]string{fault.All}, modelTakenText(m.object.Type, r))
	}
}
