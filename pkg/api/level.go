package api

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"relata/pkg/associations"
	"relata/pkg/objects"
)

// thing is one object with all that an answer shows of it.
type thing struct {
	objects.Shown
	t      *objects.Type
	refs   []objects.ShownLink // of references with rows of their own, in the order of their fields
	read   map[string]any      // of the other fields that are computed when read
	counts map[string]int
	panel  associations.Panel
	labels naming
}

// level is all objects that stand equally deep in an answer, each once, with
// what was read of them. It does not change once it has been read: the answers to
// several requests may be made of it.
type level struct {
	api    *API
	cat    *objects.Catalogue
	view   view
	nested bool // below the objects that were asked for
	things []*thing
	byID   map[uuid.UUID]*thing
	types  map[uuid.UUID]*objects.Type // of what references without rows of their own lead to
	below  *level                      // the objects referred to, written out; nil at depth 0
}

// newLevel reads the objects of rows, and so many levels below: a constant
// number of statements for each.
func (a *API) newLevel(ctx context.Context, cat *objects.Catalogue, rows []objects.Shown, v view, nested bool, depth int) (*level, error) {
	l := &level{api: a, cat: cat, view: v, nested: nested, byID: make(map[uuid.UUID]*thing, len(rows)), types: map[uuid.UUID]*objects.Type{}}
	all := make([]thing, len(rows))
	for i, row := range rows {
		t := cat.ByID(row.Type)
		if t == nil {
			continue
		}
		if twice := l.byID[row.ID]; twice != nil {
			if row.Version > twice.Version { // read later
				twice.Shown = row
			}
			continue
		}
		one := &all[i]
		one.Shown, one.t = row, t
		l.things = append(l.things, one)
		l.byID[row.ID] = one
	}
	if len(l.things) == 0 {
		return l, nil
	}
	if err := l.fill(ctx); err != nil {
		return nil, err
	}
	if depth == 0 {
		return l, nil
	}
	below, err := a.Store.ObjectsByID(ctx, l.targets())
	if err != nil {
		return nil, err
	}
	l.below, err = a.newLevel(ctx, cat, below, view{many: manyNone, depth: depth - 1}, true, depth-1)
	return l, err
}

// fill reads what stands beside the rows of the level.
func (l *level) fill(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	vias, err := l.vias()
	if err != nil {
		return err
	}
	if err := l.readRefs(ctx, vias); err != nil {
		return err
	}
	if l.view.counts {
		if err := l.readCounts(ctx); err != nil {
			return err
		}
	}
	for _, v := range vias {
		if err := l.readVia(ctx, v); err != nil {
			return err
		}
	}
	if err := l.readComputed(ctx); err != nil {
		return err
	}
	if l.view.relationships && !l.nested {
		return l.readPanels(ctx) // filters of definitions may hold patterns, which take their time
	}
	return nil
}

// shows reports whether the level shows a field of its objects.
func (l *level) shows(f *objects.Field) bool {
	if f.Hidden || f.WriteOnly && (f.Kind != objects.References || l.view.many != manyAll) {
		return false
	}
	switch {
	case f.Kind == objects.References, f.Kind == objects.ContentTypes:
		return l.view.many != manyNone
	case f.Kind == objects.Count:
		return l.view.counts
	case f.Derive == "tree_depth":
		return !l.nested
	case f.Derive == "config_context":
		return l.view.configContext
	}
	return true
}

// readRefs reads the references of all objects, with the names that slugs are
// made of, and the references to them by which others are read.
func (l *level) readRefs(ctx context.Context, vias []via) error {
	var named, back []int32
	add := func(to *[]int32, field int32) {
		if !slices.Contains(*to, field) {
			*to = append(*to, field)
		}
	}
	for t := range l.ofType() {
		for _, field := range plainOf(l.cat, t).named {
			add(&named, field)
		}
	}
	for _, v := range vias {
		if v.hops[0].Back {
			add(&back, v.hops[0].Field)
		}
	}
	var ids []uuid.UUID
	for _, one := range l.things {
		if len(back) > 0 || slices.ContainsFunc(one.t.Fields, (*objects.Field).Held) {
			ids = append(ids, one.ID)
		}
	}
	held, err := l.api.Store.References(ctx, ids, named, back)
	for _, h := range held {
		l.byID[h.Holder].refs = h.Links
	}
	return err
}

// links are the references of one in the field of that number, or back: those to
// it.
func (one *thing) links(field int32, back bool) []objects.ShownLink {
	from := 0
	for from < len(one.refs) && (one.refs[from].Field != field || one.refs[from].Back != back) {
		from++
	}
	to := from
	for to < len(one.refs) && one.refs[to].Field == field && one.refs[to].Back == back {
		to++
	}
	return one.refs[from:to]
}

func (l *level) ofType() map[*objects.Type][]*thing {
	groups := map[*objects.Type][]*thing{}
	for _, one := range l.things {
		groups[one.t] = append(groups[one.t], one)
	}
	return groups
}

func idsOf(things []*thing) []uuid.UUID {
	ids := make([]uuid.UUID, len(things))
	for i, one := range things {
		ids[i] = one.ID
	}
	return ids
}

// readCounts counts what the fields of kind Count count: a statement for each.
func (l *level) readCounts(ctx context.Context) error {
	for t, things := range l.ofType() {
		for _, f := range t.Fields {
			if f.Kind != objects.Count || !l.shows(f) {
				continue
			}
			counts, err := l.api.Store.Counts(ctx, l.cat, t, f, idsOf(things))
			if err != nil {
				return err
			}
			for _, one := range things {
				if one.counts == nil {
					one.counts = map[string]int{}
				}
				one.counts[f.Name] = counts[one.ID]
			}
		}
	}
	return nil
}

// readPanels reads what the objects show of their relationships.
func (l *level) readPanels(ctx context.Context) error {
	for t, things := range l.ofType() {
		if !t.Related {
			continue
		}
		panels, err := l.panels(ctx, t, idsOf(things))
		if err != nil {
			return err
		}
		for _, one := range things {
			one.panel = panels[one.ID]
		}
	}
	return nil
}

// hurry is how long regular expressions may keep several requests waiting. Then each
// asks for itself, and only those wait that have a slow one: an expression may take
// a second until it is given up.
const hurry = 100 * time.Millisecond

// panels returns what objects of type t show of their relationships.
func (l *level) panels(ctx context.Context, t *objects.Type, ids []uuid.UUID) (map[uuid.UUID]associations.Panel, error) {
	set, err := l.api.Relationships.Set(ctx)
	if err != nil {
		return nil, err
	}
	if l.view.shared && set.Patterned(t.ID) {
		short, cancel := context.WithTimeout(ctx, hurry)
		defer cancel()
		ctx = short
	}
	return l.api.Associations.Panels(ctx, t, ids)
}

// targets are the ids of all objects that the level writes out.
func (l *level) targets() []uuid.UUID {
	found := map[uuid.UUID]bool{}
	var ids []uuid.UUID
	add := func(list ...uuid.UUID) {
		for _, id := range list {
			if !found[id] {
				found[id] = true
				ids = append(ids, id)
			}
		}
	}
	for _, one := range l.things {
		for _, f := range one.t.Fields {
			if (f.Kind == objects.Reference || f.Kind == objects.References) && l.shows(f) {
				for _, link := range l.refsOf(one, f) {
					add(link.Target)
				}
			} else if isComputed(f) && l.shows(f) {
				add(computedIDs(one.read[f.Name])...)
			}
		}
		for _, entry := range one.panel {
			add(entry.Peers...)
		}
	}
	return ids
}

// refsOf are the references that a field of one shows.
func (l *level) refsOf(one *thing, f *objects.Field) []objects.ShownLink {
	if f.Held() {
		return one.links(f.ID, false)
	}
	ids, _ := one.read[f.Name].([]uuid.UUID)
	links := make([]objects.ShownLink, len(ids))
	for i, id := range ids {
		links[i].Target = id
	}
	return links
}
