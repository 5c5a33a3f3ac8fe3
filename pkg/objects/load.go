package objects

import (
	"bytes"
	_ "embed" // catalogue.yaml
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"

	"go.yaml.in/yaml/v3"
)

//go:embed catalogue.yaml
var catalogueYAML []byte

// Load reads the types embedded in the binary and their rules, and checks them:
// unknown keys and kinds, paths that lead nowhere and references to types that do
// not exist are errors.
// The result has no numbers yet (Bind) and is the caller's own; the reading
// itself is done once.
func Load() (*Catalogue, error) {
	c, err := embedded()
	if err != nil {
		return nil, fmt.Errorf("catalogue: %w", err)
	}
	return c.clone()
}

var embedded = sync.OnceValues(func() (*Catalogue, error) {
	c, err := parseCatalogue(catalogueYAML)
	if err != nil {
		return nil, err
	}
	return c, c.addRules(rulesYAML)
})

// clone returns a catalogue of copies, to be numbered on its own.
func (c *Catalogue) clone() (*Catalogue, error) {
	out := &Catalogue{apps: c.apps}
	for _, t := range c.types {
		copied := *t
		copied.Fields, copied.fields = make([]*Field, len(t.Fields)), make(map[string]*Field, len(t.Fields))
		for i, f := range t.Fields {
			field := *f
			copied.Fields[i], copied.fields[f.Name] = &field, &field
		}
		out.types = append(out.types, &copied)
	}
	return out, out.index()
}

// head is the first document of the file.
type head struct {
	Apps    map[string]string
	Choices map[string][][2]string
}

func parseCatalogue(data []byte) (*Catalogue, error) {
	decoder := yaml.NewDecoder(bytes.NewReader(data))
	decoder.KnownFields(true)
	var h head
	if err := decoder.Decode(&h); err != nil {
		return nil, err
	}
	c := &Catalogue{apps: h.Apps}
	for {
		t := &Type{}
		err := decoder.Decode(t)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, fmt.Errorf("after %d types: %w", len(c.types), err)
		}
		if err := t.fillChoices(h.Choices); err != nil {
			return nil, err
		}
		c.types = append(c.types, t)
	}
	if err := c.index(); err != nil {
		return nil, err
	}
	var problems []error
	for _, t := range c.types {
		problems = append(problems, c.complete(t))
	}
	return c, errors.Join(problems...)
}

// fillChoices gives the fields that name a set of choices those of the set.
func (t *Type) fillChoices(sets map[string][][2]string) error {
	for _, f := range t.Fields {
		if f.ChoiceSet == "" {
			continue
		}
		choices, ok := sets[f.ChoiceSet]
		if !ok {
			return fmt.Errorf("%s.%s: no choices %s", t.Name, f.Name, f.ChoiceSet)
		}
		f.Choices = choices
	}
	return nil
}

// before are the fields that every object starts with, unless the type puts
// one elsewhere, and standard all whose meaning goes without saying: types name
// them alone.
var (
	before = []string{"id", "object_type", "display", "url", "natural_slug"}

	standard = map[string]Field{
		"id":             {Kind: UUID, Label: "Id"},
		"object_type":    {Kind: Derived, Derive: "object_type"},
		"display":        {Kind: Derived, Derive: "display"},
		"url":            {Kind: Derived, Derive: "url"},
		"natural_slug":   {Kind: Derived, Derive: "natural_slug"},
		"created":        {Kind: Time, ReadOnly: true, Null: true, Stored: true},
		"last_updated":   {Kind: Time, ReadOnly: true, Null: true, Stored: true},
		"notes_url":      {Kind: Derived, Derive: "notes_url"},
		"custom_fields":  {Kind: JSON},
		"tags":           {Kind: References, To: []string{"extras.tag"}},
		"tree_depth":     {Kind: Derived, Derive: "tree_depth"},
		"config_context": {Kind: Derived, Derive: "config_context"},
	}
)

// index builds the maps of a catalogue whose types are set.
func (c *Catalogue) index() error {
	c.byName, c.byPath = make(map[string]*Type, len(c.types)), make(map[string]*Type, len(c.types))
	c.back = make(map[string]map[string]owned)
	slices.SortFunc(c.types, func(a, b *Type) int { return strings.Compare(a.Name, b.Name) })
	for _, t := range c.types {
		if c.byName[t.Name] != nil {
			return fmt.Errorf("two types %s", t.Name)
		}
		c.byName[t.Name] = t
		if t.Path != "" {
			if other := c.byPath[t.Path]; other != nil {
				return fmt.Errorf("types %s and %s have the same path", other.Name, t.Name)
			}
			c.byPath[t.Path] = t
		}
		if t.rule("cable_end") != nil {
			c.cableEnds = t
		}
		if t.fields == nil {
			if err := t.indexFields(); err != nil {
				return err
			}
		}
	}
	for _, t := range c.types {
		for _, f := range t.Fields {
			if err := c.indexBack(t, f); err != nil {
				return err
			}
		}
	}
	return nil
}

// indexFields gives t the fields that go without saying, and its map.
func (t *Type) indexFields() error {
	var shown []*Field
	for _, name := range before {
		if !slices.ContainsFunc(t.Fields, func(f *Field) bool { return f.Name == name }) {
			shown = append(shown, &Field{Name: name})
		}
	}
	t.Fields = append(shown, t.Fields...)
	t.fields = make(map[string]*Field, len(t.Fields))
	for _, f := range t.Fields {
		if t.fields[f.Name] != nil {
			return fmt.Errorf("two fields %s.%s", t.Name, f.Name)
		}
		t.fields[f.Name] = f
		if f.Kind != "" {
			continue
		}
		usual, ok := standard[f.Name]
		if !ok {
			return fmt.Errorf("%s.%s has no kind", t.Name, f.Name)
		}
		usual.Name, usual.Reverse, usual.Hidden = f.Name, f.Reverse, f.Hidden
		*f = usual
	}
	return nil
}

// indexBack notes the name by which targets reach the holders of f.
func (c *Catalogue) indexBack(t *Type, f *Field) error {
	if f.Kind == Derived || f.Kind == Count {
		f.ReadOnly = true
	}
	if f.Kind != Reference && f.Kind != References || f.Reverse == "" {
		return nil
	}
	targets := f.To
	if len(targets) == 0 {
		targets = []string{""}
	}
	for _, target := range targets {
		if target != "" && c.byName[target] == nil {
			return fmt.Errorf("%s.%s refers to %s, which does not exist", t.Name, f.Name, target)
		}
		if c.back[target] == nil {
			c.back[target] = make(map[string]owned)
		}
		if other, taken := c.back[target][f.Reverse]; taken && other.field.Path == "" && f.Path == "" {
			return fmt.Errorf("%s.%s and %s.%s are both %s of %s", other.holder.Name, other.field.Name, t.Name, f.Name, f.Reverse, target)
		}
		c.back[target][f.Reverse] = owned{t, f}
	}
	return nil
}

// wordPattern is what a name in a path looks like.
var wordPattern = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// reserved are names that fields made by users may not have: query words of ours.
var reserved = []string{"dry_run", "on_existing", "at", "violations", "after"}

// complete parses the templates of t and checks all that it refers to.
func (c *Catalogue) complete(t *Type) error {
	var problems []error
	bad := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(t.Name+": "+format, args...))
	}
	for _, f := range slices.Concat(t.Fields, t.CustomFields) {
		if err := c.checkField(t, f); err != nil {
			bad("field %s: %w", f.Name, err)
		}
	}
	if t.Tree != "" && (t.fields[t.Tree] == nil || !t.fields[t.Tree].Held()) {
		bad("tree %s is no reference", t.Tree)
	}
	if t.Named != "" && t.fields[t.Named] == nil {
		bad("named: no field %s", t.Named)
	}
	if err := t.checkKeyAbove(); err != nil {
		bad("%w", err)
	}
	for _, path := range slices.Concat(t.NaturalKey, t.Order, slices.Concat(t.Unique...)) {
		path = strings.TrimPrefix(path, "-")
		if path == "_name" && t.NaturalSort {
			continue
		}
		if _, _, _, err := c.Resolve(t, path); err != nil {
			bad("%s: %w", path, err)
		}
	}
	var err error
	if t.str, err = c.template(t, t.Str); err != nil {
		bad("str: %w", err)
	}
	if t.display = t.str; t.Display != "" {
		if t.display, err = c.template(t, t.Display); err != nil {
			bad("display: %w", err)
		}
	}
	if _, err := c.buildSchema(t); err != nil {
		problems = append(problems, err)
	}
	return errors.Join(problems...)
}

// checkNames refuses fields made by users that are named like a word of ours in
// a query or like a field that every object has.
func (t *Type) checkNames() error {
	for _, f := range t.Fields {
		_, usual := standard[f.Name]
		if slices.Contains(reserved, f.Name) || usual && f.Kind != "" && t.fields == nil {
			return fmt.Errorf("field %s.%s: the name is reserved", t.Name, f.Name)
		}
	}
	return nil
}

// checkField checks a field against the rest of the catalogue.
func (c *Catalogue) checkField(t *Type, f *Field) error {
	if !wordPattern.MatchString(f.Name) {
		return fmt.Errorf("not a name")
	}
	for _, target := range f.To {
		if c.byName[target] == nil && f.Kind != ContentType && f.Kind != ContentTypes {
			return fmt.Errorf("no type %s", target)
		}
	}
	if f.Path != "" {
		if _, _, _, err := c.Resolve(t, f.Path); err != nil {
			return err
		}
	}
	switch f.Kind {
	case Count:
		if f.Path == "" && f.Derive == "" {
			return fmt.Errorf("counts nothing")
		}
	case Reference:
		if f.Held() && f.OnDelete == "" {
			return fmt.Errorf("on_delete is missing")
		}
	case Derived:
		if f.Derive == "" {
			return fmt.Errorf("derive is missing")
		}
	case Choice, Word, Choices:
		if len(f.Choices) == 0 {
			return fmt.Errorf("no choices")
		}
	}
	if of := f.Args["of"]; of != "" && t.fields[of] == nil {
		return fmt.Errorf("no field %s", of)
	}
	return nil
}

// template parses text and adds to its needs the references that it names.
func (c *Catalogue) template(t *Type, text string) (*Template, error) {
	parsed, err := ParseTemplate(text)
	if err != nil {
		return nil, err
	}
	for _, path := range parsed.Paths() {
		bare, _, _ := strings.Cut(path, "|")
		bare, _, _ = strings.Cut(bare, "~")
		_, f, _, err := c.Resolve(t, strings.ReplaceAll(bare, ".", "__"))
		if err != nil {
			return nil, err
		}
		if f.Kind == Reference {
			parsed.need(bare)
		}
	}
	return parsed, nil
}

// Reserved reports whether a field made by users may not have that name: in a
// query string it would be a word of ours.
func Reserved(name string) bool { return slices.Contains(reserved, name) }

// Apps returns the names of applications by label: "dcim" is "DCIM".
func (c *Catalogue) Apps() map[string]string { return maps.Clone(c.apps) }
