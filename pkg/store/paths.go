package store

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// expression is a value in SQL and what it is.
type expression struct {
	ground ground
	column filters.Column
	text   string       // the value as text, or as the own column has it
	kind   filters.Kind // "" of data: text that may have to be converted
	or     string       // a second value, or ""
}

// at is the value of a column on g.
func (c *compiler) at(g ground, column filters.Column) expression {
	if own, ok := g.own(column.Name); ok && column.Own {
		return expression{g, column, own.sql, own.kind, own.or}
	}
	return expression{g, column, c.data(g.alias, keys(column.Name)), "", ""}
}

// keys takes a dotted path apart: the members of custom_fields are the only ones
// further down.
func keys(name string) []string { return strings.SplitN(name, ".", 2) }

// set is some objects: ids, and those that selects answer. few: no more than a
// filter names.
type set struct {
	ids     []uuid.UUID
	selects []fragment
	few     bool
}

func idSet(ids []uuid.UUID) set { return set{ids: ids} }

// within says that the id is in the set.
func (c *compiler) within(id string, s set) fragment {
	switch {
	case len(s.selects) > 0:
	case len(s.ids) == 1: // known to be one, it may be read in the order of an index
		return with(id+" = ?", s.ids[0])
	default:
		return with(id+c.in, s.ids)
	}
	if c.judging && s.few {
		return sqlf(c.inFew, id, c.selected(s))
	}
	return sqlf("% in (%)", id, c.selected(s))
}

// selected is a select of the set's ids.
func (c *compiler) selected(s set) fragment {
	parts := s.selects
	if len(s.ids) > 0 {
		parts = append([]fragment{with("select value from "+c.ids+" as i", s.ids)}, parts...)
	}
	return join(parts, " union all ")
}

// fewNames is how many names a filter may have whose objects are gathered before
// others are judged by them, each of which is compared with all.
const fewNames = 20

// named is the set of objects that ids and natural values name; of a Tree, with
// all that stand below them.
func (c *compiler) named(f *filters.Field, ids []uuid.UUID, texts []string) set {
	s := set{ids: ids}
	if len(texts) > 0 {
		s.selects = append(s.selects, c.byNature(f, texts))
		s.few = f.ToOne && len(texts) <= fewNames
	}
	if f.Kind != filters.Tree {
		return s
	}
	t := c.alias("t")
	return set{selects: []fragment{sqlf("select %.descendant_id from object_tree % where %",
		t, t, c.within(t+".ancestor_id", s))}}
}

// byNature selects the objects of the field's target type whose natural field
// has one of the values.
func (c *compiler) byNature(f *filters.Field, texts []string) fragment {
	g := ground{c.alias("n"), objectTable}
	kind := filters.Text
	if f.ToKind == filters.Integer {
		kind = filters.Integer
	}
	is := never
	if hasNature(f) {
		is = c.compare(f.ToField, g, c.matches(kind, filters.Equal, texts))
	}
	return sqlf("select % from object % where % and %", g.id(), g.alias, with(g.alias+".type_id = ?", f.TargetType), is.yes)
}

// allExist is true when every value of cond still names something.
func (c *compiler) allExist(cond *filters.Condition) fragment {
	f := cond.Field
	w, g := c.alias("w"), ground{c.alias("n"), objectTable}
	byID := sqlf("not exists (select 1 from % as % where not exists (select 1 from object % where % = %.value and %))",
		with(c.ids, cond.IDs), w, g.alias, g.id(), w, with(g.alias+".type_id = ?", f.TargetType))
	v := c.alias("w")
	is := c.called(f, g, v+".value")
	byText := sqlf("not exists (select 1 from % as % where not exists (select 1 from object % where % and %))",
		with(c.texts, cond.Texts), v, g.alias, with(g.alias+".type_id = ?", f.TargetType), is.yes)
	switch {
	case len(cond.Texts) == 0 && len(cond.IDs) == 0:
		return always.yes
	case len(cond.Texts) == 0:
		return byID
	case len(cond.IDs) == 0:
		return byText
	}
	return sqlf("% and %", byID, byText)
}

// hasNature reports whether the field's target has a natural field. Without one,
// objects are named by their ids alone.
func hasNature(f *filters.Field) bool {
	return len(f.ToField.Hops) > 0 || f.ToField.Column.Name != "" && !ownID(f.ToField)
}

// called is true of objects whose natural field has the value of a text in SQL.
func (c *compiler) called(f *filters.Field, g ground, text string) test {
	if !hasNature(f) {
		return never
	}
	return c.compare(f.ToField, g, func(e expression) fragment {
		switch {
		case f.ToKind == filters.Integer:
			return raw(c.convert(f.ToKind, e.text) + " = " + c.convert(f.ToKind, text))
		case e.column.Named && e.kind == "":
			return raw(e.ground.alias + ".name = " + text + " and (" + text + " <> '' or " + e.text + " is not null)")
		}
		return raw(e.text + " = " + text)
	})
}

// reach is true of objects from which the path leads into the set.
func (c *compiler) reach(p filters.Path, start ground, s set) test {
	if nowhere(p, start) {
		return never
	}
	id, hops := c.shortcut(p, start)
	if len(hops) == 0 {
		f := c.within(id, s)
		if len(p.Where) > 0 {
			f = sqlf("% and %", f, c.checks(p, 0, start))
		}
		return plain(f)
	}
	way := c.chain(hops, p, start)
	t := semi(id, way.first, way.from, sqlf("% and %", way.on, c.within(way.last, s)))
	return way.guarded(t)
}

// nowhere reports that the filter is one for objects in a list of other things.
func nowhere(p filters.Path, start ground) bool {
	return start.table != objectTable && start.table != nil && p.Column.Name == ""
}

// shortcut follows the first hop through a generated column, where there is one.
func (c *compiler) shortcut(p filters.Path, start ground) (string, []filters.Hop) {
	if len(p.Hops) > 0 && len(p.Where) == 0 && !p.Hops[0].Back && start.table == objectTable {
		if hot := c.hotColumn(p.Hops[0].Field); hot != "" {
			return start.alias + "." + hot, p.Hops[1:]
		}
	}
	return start.id(), p.Hops
}

// leads is true of objects from which the path leads to anything: an object, or
// a value that is not null.
func (c *compiler) leads(p filters.Path, start ground) test {
	if nowhere(p, start) {
		return never
	}
	if !ownID(p) {
		return c.compare(p, start, func(e expression) fragment {
			if e.column.List {
				return sqlf("exists (select 1 from % e where e.value is not null)", c.elements(e.ground.alias, keys(e.column.Name)))
			}
			return raw(e.text + " is not null")
		})
	}
	id, hops := c.shortcut(p, start)
	if len(hops) == 0 {
		f := raw(id + " is not null")
		if len(p.Where) > 0 {
			f = sqlf("% and %", f, c.checks(p, 0, start))
		}
		return plain(f)
	}
	way := c.chain(hops, p, start)
	exists := sqlf("exists (select 1 from % where % = % and %)", way.from, way.first, id, way.on)
	return way.guarded(test{yes: exists, no: sqlf("not %", exists)})
}

// some is true of objects from which the path leads to an object that holds is
// true of.
func (c *compiler) some(p filters.Path, start ground, holds func(ground) fragment) test {
	if len(p.Hops) == 0 {
		f := holds(start)
		if len(p.Where) > 0 {
			f = sqlf("(%) and %", f, c.checks(p, 0, start))
		}
		return plain(f)
	}
	way := c.chain(p.Hops, p, start)
	end := ground{c.alias("e"), objectTable}
	from := sqlf("% join object % on % = %%", way.from, end.alias, end.id(), way.last, ofType(end, p.End))
	return way.guarded(semi(start.id(), way.first, from, sqlf("% and %", way.on, holds(end))))
}

// compare is some for the column at the end of the path.
func (c *compiler) compare(p filters.Path, start ground, holds func(expression) fragment) test {
	return c.some(p, start, func(g ground) fragment { return holds(c.at(g, p.Column)) })
}

// way is a path in SQL: rows of from that meet on lead from first to last.
type way struct {
	first, last string
	from, on    fragment
	guard       fragment // a condition on the object that the way starts from
}

// guarded adds what must hold of the start.
func (w way) guarded(t test) test {
	if w.guard.text == "" {
		return t
	}
	return allOf(plain(w.guard), t)
}

// chain joins the references along hops.
func (c *compiler) chain(hops []filters.Hop, p filters.Path, start ground) way {
	var w way
	var from, on []fragment
	for i, hop := range hops {
		r := c.alias("r")
		here, there := r+".object_id", r+".target_id"
		if hop.Back {
			here, there = there, here
		}
		if i == 0 {
			w.first = here
			from = append(from, raw("object_ref "+r))
			on = append(on, with(r+".field_id = ?", hop.Field))
		} else {
			from = append(from, with("join object_ref "+r+" on "+here+" = "+w.last+" and "+r+".field_id = ?", hop.Field))
		}
		w.last = there
		checks := c.checksAfter(p, i+1)
		if hop.Type != 0 || len(checks) > 0 {
			g := ground{c.alias("k"), objectTable}
			join := sqlf("join object % on % = %", g.alias, g.id(), there)
			if hop.Type != 0 {
				join = sqlf("% and %", join, with(g.alias+".type_id = ?", hop.Type))
			}
			for _, check := range checks {
				join = sqlf("% and %", join, c.check(check, g))
			}
			from = append(from, join)
		}
	}
	w.from, w.on = join(from, " "), join(on, " and ")
	if len(c.checksAfter(p, 0)) > 0 {
		w.guard = c.checks(p, 0, start)
	}
	return w
}

func (c *compiler) checksAfter(p filters.Path, hop int) []filters.Check {
	var out []filters.Check
	for _, check := range p.Where {
		if check.After == hop {
			out = append(out, check)
		}
	}
	return out
}

// checks are the conditions on the object after so many hops.
func (c *compiler) checks(p filters.Path, hop int, g ground) fragment {
	parts := []fragment{}
	for _, check := range c.checksAfter(p, hop) {
		parts = append(parts, c.check(check, g))
	}
	if len(parts) == 0 {
		return always.yes
	}
	return join(parts, " and ")
}

func (c *compiler) check(check filters.Check, g ground) fragment {
	if own, ok := g.own(check.Column.Name); ok && check.Column.Own {
		return with(own.sql+" = ?", check.Value)
	}
	return with(fmt.Sprintf("coalesce(%s, '') = ?", c.data(g.alias, keys(check.Column.Name))), check.Value)
}
