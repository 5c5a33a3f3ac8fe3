package objects

import (
	"strings"

	"relata/pkg/filters"
)

// dependent says that objects of a type are called after others, which they
// reach by way; field is what they take from them, "" for what these are called.
type dependent struct {
	way   []filters.Hop
	field string
}

// dependents are the ways by which other types are called after objects of t.
func (c *Catalogue) dependents(t *Type) []dependent {
	c.named.Do(func() { c.calledAfter = c.findDependents() })
	return c.calledAfter[t.Name]
}

func (c *Catalogue) findDependents() map[string][]dependent {
	out := map[string][]dependent{}
	for _, t := range c.types {
		templates := []*Template{t.str}
		for _, f := range t.Fields {
			if f.Derive == "template" {
				if parsed, err := ParseTemplate(f.Args["text"]); err == nil {
					templates = append(templates, parsed)
				}
			}
		}
		for _, template := range templates {
			for _, path := range template.Paths() {
				bare, _ := cutFunction(path)
				for field := ""; bare != ""; {
					if p := c.resolve(t, bare); p.err == nil && p.at != nil && len(p.way.Hops) > 0 && p.way.Column.Name == "" {
						out[p.at.Name] = append(out[p.at.Name], dependent{p.way.Hops, field})
						break
					}
					i := strings.LastIndexByte(bare, '.')
					if i < 0 {
						break
					}
					bare, field = bare[:i], bare[i+1:]
				}
			}
		}
	}
	return out
}

// concerns reports whether the change of p matters to d.
func (d dependent) concerns(p *Planned) bool {
	if d.field == "" {
		return p.Object.Str != p.Before.Str
	}
	return canonical(p.Object.Values[d.field]) != canonical(p.Before.Values[d.field]) ||
		p.Object.Ref(d.field) != p.Before.Ref(d.field)
}
