package objects

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Apart reports whether changes of several objects of type t can be judged
// together and come out as if they had been made one after the other: none of
// them names a field that is looked at when another object of the type is judged.
// What has to be unique does not count, since PlanChanges refuses what another
// one of them holds, and Save what two of them want.
func (s *Service) Apart(ctx context.Context, t *Type, changes []Change) bool {
	c := s.registry.Catalogue(ctx)
	if now := c.Type(t.Name); now != nil {
		t = now
	}
	repeats := slices.ContainsFunc(c.checks[t.Name], func(v valueRule) bool { return v.check == "repeats" })
	called := slices.ContainsFunc(t.str.Paths(), func(path string) bool { return c.leadsBack(t, path) })
	if repeats || called {
		return false
	}
	apart := map[string]bool{}
	for _, change := range changes {
		for _, name := range change.Draft.Keys {
			yes, known := apart[name]
			if !known {
				yes = c.apart(t, name)
				apart[name] = yes
			}
			if !yes {
				return false
			}
		}
	}
	return true
}

// Alone reports whether nothing else changes along with p.
func (p *Planned) Alone() bool { return len(p.also) == 0 && len(p.gone) == 0 }

// apart reports whether no rule that judges an object of type t looks at the
// field of that name of another one.
func (c *Catalogue) apart(t *Type, name string) bool {
	f := t.Field(name)
	if f == nil || f.ReadOnly || name == "id" {
		return true // what a request says of it is not stored
	}
	reference := f.Kind == Reference || f.Kind == References
	if f.Path != "" || f.Derive != "" || reference && (f.Leads(t) || len(f.To) != 1) {
		return false
	}
	for _, r := range t.rules {
		switch kind := ruleKinds[r.kind]; {
		case r.kind == "unique", r.whenText == "creating":
		case kind.kept:
			return false
		case kind.ahead != nil || kind.judge != nil && !slices.Contains(inwardKinds, r.kind):
			// Such a kind may look at fields that its words do not name; what is
			// written freely or chosen from the objects for this type is none of them.
			free := f.Kind == Text || f.Kind == JSON || reference && c.Type(f.To[0]).rule("scoped") != nil
			if !free || r.mentions(name) {
				return false
			}
		case r.mentions(name) && !c.inward(r, t):
			return false
		}
	}
	return true
}

// namePattern finds the names and dotted paths in the text of a rule.
var namePattern = regexp.MustCompile(`[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*`)

// words are those that a rule has beside its texts.
func (r *rule) words() []string {
	text := r.whenText
	for _, arg := range r.args {
		text += " " + fmt.Sprint(arg)
	}
	if r.value != nil {
		text += " " + r.value.Source().String()
	}
	return namePattern.FindAllString(text, -1)
}

// mentions reports whether a rule names a field, by itself or within a path.
func (r *rule) mentions(name string) bool {
	return slices.ContainsFunc(r.words(), func(word string) bool {
		return slices.Contains(strings.FieldsFunc(word, func(c rune) bool { return c == '.' }), name) || slices.Contains(strings.Split(word, "__"), name)
	})
}

// inwardKinds are the kinds of rule that look at nothing but what they name.
var inwardKinds = []string{"check", "set", "frozen", "goes_with", "permits"}

// inward reports whether a rule looks at the object itself and at what it refers
// to alone, without coming by another object of the type.
func (c *Catalogue) inward(r *rule, t *Type) bool {
	return slices.Contains(inwardKinds, r.kind) && !slices.ContainsFunc(r.words(), func(word string) bool {
		return word == "count" || word == "first" || word == "at" || strings.Contains(word, "__") || c.leadsBack(t, strings.TrimPrefix(word, "old."))
	})
}

// leadsBack reports whether a dotted path from an object of type t may come by
// another one.
func (c *Catalogue) leadsBack(t *Type, path string) bool {
	at := t
	for _, name := range strings.Split(path, ".") {
		f := at.Field(name)
		if f == nil || f.Kind != Reference && f.Kind != References {
			return false
		}
		if f.Leads(t) || len(f.To) != 1 {
			return true
		}
		if at = c.Type(f.To[0]); at == nil {
			return false
		}
	}
	return false
}
