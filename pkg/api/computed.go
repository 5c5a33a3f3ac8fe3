package api

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/uuid"

	"relata/pkg/filters"
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

// isComputed reports whether a shown field needs more than the row of its
// object, its references and counts.
func isComputed(f *objects.Field) bool {
	switch f.Derive {
	case "object_type", "display", "url", "natural_slug", "notes_url", "tree_depth", "config_context":
		return false
	}
	if f.Hidden || f.Stored || f.Kind == objects.Count {
		return false
	}
	return f.Kind == objects.Derived || f.Derive != "" && !f.WriteOnly && !f.InBody()
}

// isVia reports whether a field is a reference that is read through others.
func isVia(f *objects.Field) bool {
	return (f.Kind == objects.Reference || f.Kind == objects.References) && f.Path != "" && f.Derive == ""
}

// via is a field that is read through others.
type via struct {
	field  *objects.Field
	things []*thing
	hops   []filters.Hop
	target *objects.Type
}

// vias are those fields of the level that are read through others.
func (l *level) vias() ([]via, error) {
	var found []via
	for t, things := range l.ofType() {
		for _, f := range t.Fields {
			if !isVia(f) || !l.shows(f) {
				continue
			}
			way, _, target, err := l.cat.Resolve(t, cmp.Or(f.Args["lists"], f.Path))
			if err != nil {
				return nil, err
			}
			found = append(found, via{f, things, way.Hops, target})
		}
	}
	return found, nil
}

// readVia reads the references that lead through others. The first step was read
// with the objects' own references; each further one of a field is a statement.
func (l *level) readVia(ctx context.Context, v via) error {
	ends := make([][]uuid.UUID, len(v.things)) // what was arrived at, by object
	for i, one := range v.things {
		for _, link := range one.links(v.hops[0].Field, v.hops[0].Back) {
			ends[i] = append(ends[i], link.Target)
		}
	}
	for _, hop := range v.hops[1:] {
		links, err := l.follow(ctx, hop, slices.Concat(ends...))
		if err != nil {
			return err
		}
		for i, from := range ends {
			ends[i] = nil
			for _, end := range from {
				ends[i] = append(ends[i], links[end]...)
			}
		}
	}
	for i, one := range v.things {
		if len(ends[i]) > 0 {
			one.set(v.field.Name, ends[i])
		}
		for _, id := range ends[i] {
			l.types[id] = v.target
		}
	}
	return nil
}

// set keeps a value that was computed.
func (one *thing) set(name string, value any) {
	if one.read == nil {
		one.read = map[string]any{}
	}
	one.read[name] = value
}

// follow goes one step from all of from.
func (l *level) follow(ctx context.Context, hop filters.Hop, from []uuid.UUID) (map[uuid.UUID][]uuid.UUID, error) {
	out := map[uuid.UUID][]uuid.UUID{}
	if len(from) == 0 {
		return out, nil
	}
	read := l.api.Store.Targets
	if hop.Back {
		read = l.api.Store.Holders
	}
	links, err := read(ctx, from, []int32{hop.Field})
	for _, link := range links {
		if hop.Back {
			out[link.Target] = append(out[link.Target], link.Holder)
		} else {
			out[link.Holder] = append(out[link.Holder], link.Target)
		}
	}
	return out, err
}

// readComputed finds out what the objects are called and what of them is
// computed when it is read.
func (l *level) readComputed(ctx context.Context) error {
	above, err := l.namesAbove(ctx)
	if err != nil {
		return err
	}
	var rest []*thing
	for _, one := range l.things {
		if p := plainOf(l.cat, one.t); p.ok {
			one.labels = naming{one.Str, plainSlug(one, p, above)}
			continue
		}
		rest = append(rest, one)
	}
	if len(rest) == 0 {
		return nil
	}
	stored := make([]objects.Stored, len(rest))
	for i, one := range rest {
		stored[i] = one.Stored
	}
	reading, err := objects.NewReading(ctx, l.api.Store, l.cat, stored)
	if err != nil {
		return err
	}
	for _, one := range rest {
		one.labels = naming{reading.Display(one.ID), reading.Slug(one.ID)}
		for _, f := range one.t.Fields {
			if isComputed(f) && l.shows(f) {
				one.set(f.Name, reading.Computed(one.ID, f))
			}
		}
	}
	if err := reading.Err(); err != nil {
		return err
	}
	return l.readTypes(ctx, rest)
}

// readTypes finds the types of what computed values show.
func (l *level) readTypes(ctx context.Context, things []*thing) error {
	var ids []uuid.UUID
	for _, one := range things {
		for name, value := range one.read {
			if f := one.t.Field(name); !isVia(f) {
				ids = append(ids, computedIDs(value)...)
			}
		}
	}
	if len(ids) == 0 {
		return nil
	}
	stored, err := l.api.Store.Stored(ctx, ids)
	if err != nil {
		return err
	}
	for _, s := range stored {
		l.types[s.ID] = l.cat.ByID(s.Type)
	}
	return nil
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

// generic stands for computed references, which may lead to any type.
var generic = &objects.Field{}

// computedIDs are the objects that a computed value shows.
func computedIDs(value any) []uuid.UUID {
	switch v := value.(type) {
	case uuid.UUID:
		return []uuid.UUID{v}
	case []uuid.UUID:
		return v
	case []objects.End:
		var ids []uuid.UUID
		for _, end := range v {
			if end.ID != uuid.Nil {
				ids = append(ids, end.ID)
			}
		}
		return ids
	}
	return nil
}

// appendComputed appends a value that was computed when it was read.
func (p *printer) appendComputed(b []byte, l *level, value any) []byte {
	switch v := value.(type) {
	case []uuid.UUID:
		b = appendList(append(b, '['), v, func(b []byte, id uuid.UUID) []byte {
			return p.appendTarget(b, l, generic, objects.ShownLink{Target: id})
		})
		return append(b, ']')
	case uuid.UUID:
		return p.appendTarget(b, l, generic, objects.ShownLink{Target: v})
	case []objects.End:
		b = appendList(append(b, '{'), v, func(b []byte, end objects.End) []byte {
			return p.appendTarget(append(appendString(b, end.Key), ':'), l, generic, objects.ShownLink{Target: end.ID})
		})
		return append(b, '}')
	}
	return appendValue(b, value)
}
