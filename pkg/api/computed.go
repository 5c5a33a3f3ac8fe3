package api

import (
	"cmp"
	"context"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

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
