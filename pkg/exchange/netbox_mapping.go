package exchange

import (
	"bytes"
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

//go:embed netbox_mapping.yaml
var netBoxMapping []byte

// mapping says how the rows of NetBox become objects and links; what its parts
// mean stands at the top of netbox_mapping.yaml.
type mapping struct {
	Names   map[string]string
	Values  map[string]map[string]string
	Unused  []string
	Fixed   map[string]fixed
	Kinds   []*kind
	Links   []*link
	Ties    []*tie `yaml:"assignments"`
	Joins   map[string]map[string]ref
	LeftOut map[string]string `yaml:"left_out"`

	refs map[string]map[string]ref // by model and field
	used map[string]map[string]bool
}

// fixed is an object that no row stands for.
type fixed struct {
	Type   string
	Find   []string
	Refs   map[string]string // our field: the fixed object it refers to
	Fields map[string]any
}

// kind makes objects of one type of the rows of one model.
type kind struct {
	Model, Type string
	Refs        map[string]ref
	Fields      ordered[source]
	Find        []string
	Merge       bool
	Distinct    string
	Skip        map[string][]string
	Nested      string
	Within      string
	Uses        []string
	Unused      []string
	Tags        *bool
}

// refersBack reports whether some values wait until all is made.
func (k *kind) refersBack() bool {
	for _, from := range k.Fields.values {
		if from.Later {
			return true
		}
	}
	return false
}

// ref is a field of a row that refers to other rows.
type ref struct {
	Model    string
	Many     bool
	Type, ID string // the two fields of a generic one
}

// source is where the value of one of our fields comes from.
type source struct {
	From   string
	Is     any
	Values string
	As     string
	Else   any
	Later  bool
	Once   bool
	KeptIn string `yaml:"kept_in"`
}

// link is a definition with the ways to its pairs.
type link struct {
	Key, Label, Description, Type string
	Source, Destination           linkEnd
	Always                        bool
	Pairs                         []pairs
}

// tie makes objects that only tie two others together.
type tie struct {
	Type   string
	Fields [2]string
	Pairs  []pairs
}

// pairs are the ways from each row of a model to the two ends of a pair.
type pairs struct {
	Of                  string
	Source, Destination []string
}

type linkEnd struct {
	Type, Label string
	Filter      map[string]any
}

// ordered is a map that keeps the order of its keys.
type ordered[T any] struct {
	keys   keyOrder
	values map[string]T
}

// UnmarshalYAML reads a mapping.
func (o *ordered[T]) UnmarshalYAML(decode func(any) error) error {
	if err := decode(&o.keys); err != nil {
		return err
	}
	return decode(&o.values)
}

// keyOrder are the keys of a mapping, as they stand.
type keyOrder []string

// UnmarshalYAML reads the keys of a mapping alone.
func (k *keyOrder) UnmarshalYAML(node *yaml.Node) error {
	for i := 0; i < len(node.Content); i += 2 {
		*k = append(*k, node.Content[i].Value)
	}
	return nil
}

// UnmarshalYAML reads a model, a list of one, or the fields of a generic reference.
func (r *ref) UnmarshalYAML(decode func(any) error) error {
	if decode(&r.Model) == nil {
		return nil
	}
	var models []string
	if decode(&models) == nil && len(models) == 1 {
		r.Model, r.Many = models[0], true
		return nil
	}
	var generic struct{ Type, ID string }
	err := decode(&generic)
	r.Type, r.ID = generic.Type, generic.ID
	return err
}

// UnmarshalYAML reads the name of a field, or all that a source says.
func (s *source) UnmarshalYAML(decode func(any) error) error {
	if decode(&s.From) == nil {
		return nil
	}
	type plain source
	return decode((*plain)(s))
}

// fixed returns the name of the fixed object that stands in when there is
// nothing, or "".
func (s source) fixed() string {
	if m, ok := s.Else.(map[string]any); ok {
		name, _ := m["fixed"].(string)
		return name
	}
	return ""
}

// loadMapping reads the mapping of this binary. The caller may add to it.
func loadMapping() (*mapping, error) {
	m := &mapping{}
	decoder := yaml.NewDecoder(bytes.NewReader(netBoxMapping))
	decoder.KnownFields(true)
	if err := decoder.Decode(m); err != nil {
		return nil, fmt.Errorf("netbox_mapping.yaml: %w", err)
	}
	m.index()
	return m, nil
}

// index gathers, by model, which fields refer to rows and which are used.
func (m *mapping) index() {
	m.refs, m.used = map[string]map[string]ref{}, map[string]map[string]bool{}
	for model, refs := range m.Joins {
		m.note(model, refs)
		for name := range refs {
			m.use(model, name)
		}
	}
	for _, k := range m.Kinds {
		m.note(k.Model, k.Refs)
	}
	for _, k := range m.Kinds {
		for _, name := range slices.Concat(k.Uses, k.Unused) {
			m.use(k.Model, name)
		}
		for _, name := range k.Fields.keys {
			m.use(k.Model, k.Fields.values[name].From)
		}
	}
	for _, l := range m.Links {
		m.useWays(l.Pairs)
	}
	for _, t := range m.Ties {
		m.useWays(t.Pairs)
	}
}

func (m *mapping) note(model string, refs map[string]ref) {
	if m.refs[model] == nil {
		m.refs[model] = map[string]ref{}
	}
	for name, r := range refs {
		m.refs[model][name] = r
	}
}

// use notes the fields that an expression ("a|b.c") reads.
func (m *mapping) use(model, expression string) {
	if m.used[model] == nil {
		m.used[model] = map[string]bool{}
	}
	for _, name := range strings.Split(expression, "|") {
		name, _, _ = strings.Cut(name, ".")
		m.used[model][name] = true
		if r, ok := m.refs[model][name]; ok && r.Type != "" {
			for _, field := range strings.Split(r.Type, "|") {
				m.used[model][field] = true
			}
			m.used[model][r.ID] = true
		}
	}
}

func (m *mapping) useWays(ways []pairs) {
	for _, p := range ways {
		m.useWay(p.Of, p.Source)
		m.useWay(p.Of, p.Destination)
	}
}

func (m *mapping) useWay(model string, way []string) {
	for _, step := range way {
		if of, field, back := strings.Cut(step, "/"); back {
			m.use(of, field)
			model = of
			continue
		}
		m.use(model, step)
		name, _, _ := strings.Cut(step, "|")
		if r, ok := m.refs[model][name]; ok {
			model = r.Model
		}
	}
}
