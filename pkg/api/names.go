package api

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// slugStep is one value of a natural key that needs nothing but the row of the
// object, the names of what it refers to and of what stands above these.
type slugStep struct {
	own bool  // the name of the object itself
	id  bool  // its id
	ref int32 // else the name of the target in this field
	up  int   // or of what stands so many levels above the target
}

// plain says how the names of a type are made without reading more objects.
type plain struct {
	ok    bool
	steps []slugStep
	named []int32 // fields whose targets the steps name
	trees []int32 // those of them where steps go up from the targets
}

// plains keeps what was found out of each type of the newest catalogue.
var plains atomic.Pointer[plainTypes]

type plainTypes struct {
	cat    *objects.Catalogue
	byType sync.Map // *objects.Type → plain
}

func plainsOf(cat *objects.Catalogue) *plainTypes {
	known := plains.Load()
	if known == nil || known.cat != cat {
		known = &plainTypes{cat: cat}
		plains.Store(known)
	}
	return known
}

// plainOf reports whether display and natural_slug of the objects of t can be
// made of rows and names alone, and nothing else of them is computed.
func plainOf(cat *objects.Catalogue, t *objects.Type) plain {
	plains := plainsOf(cat)
	if known, ok := plains.byType.Load(t); ok {
		return known.(plain)
	}
	p := plain{ok: t.DisplayTemplate() == t.StrTemplate()}
	for _, f := range t.Fields {
		p.ok = p.ok && !isComputed(f)
	}
	for _, path := range t.NaturalKey {
		step, ok := slugStepOf(cat, t, path)
		p.ok = p.ok && ok
		p.steps = append(p.steps, step)
		switch {
		case step.up > 1:
		case step.up == 1:
			p.trees = append(p.trees, step.ref)
		case step.ref != 0:
			p.named = append(p.named, step.ref)
		}
	}
	plains.byType.Store(t, p)
	return p
}

// lean reports whether answers need no more of the objects of t than their
// bodies.
func lean(cat *objects.Catalogue, t *objects.Type) bool {
	return len(t.CustomFields) == 0 && plainOf(cat, t).ok
}

func slugStepOf(cat *objects.Catalogue, t *objects.Type, path string) (slugStep, bool) {
	if path == "pk" || path == "id" {
		return slugStep{id: true}, true
	}
	name, rest, deep := strings.Cut(path, "__")
	if !deep {
		return slugStep{own: true}, path == t.Named
	}
	f := t.Field(name)
	if f == nil || f.Kind != objects.Reference || !f.Held() || len(f.To) != 1 {
		return slugStep{}, false
	}
	target := cat.Type(f.To[0])
	if target == nil {
		return slugStep{}, false
	}
	step := slugStep{ref: f.ID}
	for target.KeyAbove && strings.HasPrefix(rest, target.Tree+"__") {
		rest = rest[len(target.Tree+"__"):]
		step.up++
	}
	return step, target.Named == rest
}

// namesAbove reads the names of what stands above the targets that plain slugs
// go up from, the nearest first: in one statement, and in none where no tree has
// a second level.
func (l *level) namesAbove(ctx context.Context) (map[uuid.UUID][]string, error) {
	var targets []uuid.UUID
	known := map[uuid.UUID]bool{}
	for t, things := range l.ofType() {
		p := plainOf(l.cat, t)
		if !p.ok {
			continue
		}
		for _, field := range p.trees {
			for _, one := range things {
				for _, link := range one.links(field, false) {
					if !known[link.Target] {
						known[link.Target] = true
						targets = append(targets, link.Target)
					}
				}
			}
		}
	}
	return l.api.Store.NamesAbove(ctx, targets)
}

func plainSlug(one *thing, p plain, above map[uuid.UUID][]string) string {
	parts := make([]string, 0, len(p.steps)+1)
	set := 0
	for _, step := range p.steps {
		part, null := "", false
		switch {
		case step.own:
			part, null = objects.Slugify(one.Name), one.Name == ""
		case step.id:
			part = one.ID.String()
		default:
			part, null = nameAt(one, step, above)
		}
		parts = append(parts, part)
		if !null {
			set = len(parts)
		}
	}
	return strings.Join(append(parts[:set], one.ID.String()[:4]), "_")
}

// nameAt is what a step through a reference arrives at; null when that is nothing.
func nameAt(one *thing, step slugStep, above map[uuid.UUID][]string) (slug string, null bool) {
	target := one.links(step.ref, false)
	switch {
	case len(target) == 0:
		return "", true
	case step.up == 0:
		return objects.Slugify(target[0].Name), false
	}
	names := above[target[0].Target]
	if step.up > len(names) {
		return "", true
	}
	return objects.Slugify(names[step.up-1]), false
}

// naming is what a thing is called on the wire.
type naming struct{ display, slug string }
