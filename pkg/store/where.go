package store

import (
	"fmt"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// judged compiles q to a condition on objects under alias that were found by
// their ids: the ends of associations, and what shows relationships.
func (r reader) judged(q filters.Query, alias string) fragment {
	return (&compiler{reader: r, dialect: r.dialect, judging: true}).where(objectTable, q, alias)
}

// whereOf compiles q to a condition on rows of a table under alias, which are to
// be found by it.
func (r reader) whereOf(t *table, q filters.Query, alias string) fragment {
	return (&compiler{reader: r, dialect: r.dialect}).where(t, q, alias)
}

// where is the one place where filters become SQL: lists, the ends of
// associations and what an object shows are all judged by it.
func (c *compiler) where(t *table, q filters.Query, alias string) fragment {
	start := ground{alias: alias, table: t}
	if len(q) == 0 {
		return raw("1 = 1")
	}
	parts := make([]fragment, len(q))
	for i := range q {
		parts[i] = c.condition(&q[i], start)
	}
	return join(parts, " and ")
}

// table is where a filter starts: the columns of its own and what they are in
// SQL, with % for the alias.
type table struct {
	columns map[string]column
	id      string
}

// column is an expression and the kind of its values: Text, Integer, Boolean,
// Time or UUID.
type column struct {
	sql  string
	kind filters.Kind
	// or is a second expression; either one may match.
	or string
}

var objectTable = &table{id: "%.id", columns: map[string]column{
	"id":           {sql: "%.id", kind: filters.UUID},
	"name":         {sql: "%.name", kind: filters.Text},
	"str":          {sql: "%.str", kind: filters.Text},
	"sort_key":     {sql: "%.sort_key", kind: filters.Text},
	"created":      {sql: "%.created", kind: filters.Time},
	"last_updated": {sql: "%.last_updated", kind: filters.Time},
	"type":         {sql: "(select t.name from type t where t.id = %.type_id)", kind: filters.Text},
}}

// relationshipTable and assocTable are the lists of definitions and of
// associations.
var (
	relationshipTable = &table{id: "%.id", columns: map[string]column{
		"id":               {sql: "%.id", kind: filters.UUID},
		"label":            {sql: "%.label", kind: filters.Text},
		"key":              {sql: "%.key", kind: filters.Text},
		"description":      {sql: "%.description", kind: filters.Text},
		"type":             {sql: kindNames("%.kind"), kind: filters.Text},
		"source_type":      {sql: "(select t.name from type t where t.id = %.source_type)", kind: filters.Text},
		"destination_type": {sql: "(select t.name from type t where t.id = %.destination_type)", kind: filters.Text},
	}}
	assocTable = &table{id: "%.id", columns: map[string]column{
		"id":               {sql: "%.id", kind: filters.UUID},
		"label":            {sql: "(select d.label from relationship d where d.rid = %.rid)", kind: filters.Text},
		"key":              {sql: "(select d.key from relationship d where d.rid = %.rid)", kind: filters.Text},
		"relationship":     {sql: "(select d.key from relationship d where d.rid = %.rid)", kind: filters.Text},
		"source_type":      {sql: "(select t.name from type t where t.id = %.source_type)", kind: filters.Text},
		"destination_type": {sql: "(select t.name from type t where t.id = %.destination_type)", kind: filters.Text},
		"source_id":        {sql: "%.source_id", kind: filters.UUID},
		"destination_id":   {sql: "%.destination_id", kind: filters.UUID},
		"peer_id": {
			sql:  "(case when %.kind in (1, 4) then %.source_id end)",
			or:   "(case when %.kind in (1, 4) then %.destination_id end)",
			kind: filters.UUID,
		},
	}}
)

// kindNames is the name of a kind of relationship by its number.
func kindNames(number string) string {
	names := []relationships.Type{relationships.OneToOne, relationships.SymmetricOneToOne, relationships.OneToMany,
		relationships.ManyToMany, relationships.SymmetricManyToMany}
	var b strings.Builder
	b.WriteString("(case " + number)
	for i, name := range names {
		fmt.Fprintf(&b, " when %d then '%s'", i, name)
	}
	return b.String() + " end)"
}

// ground is an object that SQL speaks of: a row of a table under an alias.
type ground struct {
	alias string
	table *table
}

func (g ground) id() string { return strings.ReplaceAll(g.table.id, "%", g.alias) }

// own returns the column of that name, if the table has it.
func (g ground) own(name string) (column, bool) {
	c, ok := g.table.columns[name]
	c.sql = strings.ReplaceAll(c.sql, "%", g.alias)
	c.or = strings.ReplaceAll(c.or, "%", g.alias)
	return c, ok
}

// compiler makes SQL of one query. Its dialect is embedded for its expressions.
type compiler struct {
	reader
	*dialect
	aliases int
	judging bool  // the rows are found by their ids
	listed  int16 // the rows are all of this type, and called as listedRows are; 0 otherwise
}

// listedRows are the objects of a list.
var listedRows = ground{"o", objectTable}

// listed is true of the objects of a type that match q.
func (r reader) listed(t *objects.Type, q filters.Query) fragment {
	c := &compiler{reader: r, dialect: r.dialect, listed: t.ID}
	return sqlf("% and %", with("o.type_id = ?", t.ID), c.where(objectTable, q, listedRows.alias))
}

func (c *compiler) alias(prefix string) string {
	c.aliases++
	return fmt.Sprintf("%s%d", prefix, c.aliases)
}

// condition compiles one filter of a query.
func (c *compiler) condition(cond *filters.Condition, start ground) fragment {
	if cond.Nothing || cond.Field == nil {
		return never.yes
	}
	if cond.Lookup == filters.IsNull {
		t := c.leads(cond.Field.Path, start)
		if cond.Truth {
			t = t.not()
		}
		return t.yes
	}
	t := c.judge(cond, start)
	if cond.Field.Exclude && cond.Field.Kind != filters.Membership {
		t = t.not()
	}
	if !cond.Lookup.Negative() {
		return t.yes
	}
	if cond.Stored && reference(cond.Field.Kind) {
		return sqlf("(% and %)", c.allExist(cond), t.no)
	}
	return t.no
}

func reference(k filters.Kind) bool {
	return k == filters.Reference || k == filters.NameOrID || k == filters.Tree || k == filters.Tag
}

// judge compiles the condition without its negation.
func (c *compiler) judge(cond *filters.Condition, start ground) test {
	f := cond.Field
	switch f.Kind {
	case filters.Reference, filters.NameOrID, filters.Tree:
		return c.referred(cond, start)
	case filters.Tag:
		return c.tagged(cond, start)
	case filters.UUID:
		return c.identified(cond, start)
	case filters.ContentType:
		return c.contentTypes(cond, start)
	case filters.Boolean:
		return c.compare(f.Path, start, c.isTrue(cond.Truth))
	case filters.Membership:
		return c.member(cond, start)
	case filters.Search:
		return c.search(cond, start)
	case filters.Linked:
		return c.linked(cond, start)
	case filters.Method:
		return c.method(cond, start)
	case filters.Single:
		return c.single(cond, start)
	}
	return c.valued(cond, start)
}

// valued compares values at the end of the path.
func (c *compiler) valued(cond *filters.Condition, start ground) test {
	f, lookup := cond.Field, positive(cond.Lookup)
	if lookup == filters.Equal && cond.Lookup == filters.Equal && f.Base != "" {
		lookup = f.Base
	}
	var tests []test
	if len(cond.Texts) > 0 {
		if f.Path.Column.List && lookup == filters.Equal {
			tests = append(tests, c.some(f.Path, start, func(g ground) fragment { return c.listHasAny(g, f.Path.Column, cond.Texts) }))
		} else {
			tests = append(tests, c.compare(f.Path, start, c.matches(f.Kind, lookup, cond.Texts)))
		}
	}
	if cond.Null {
		tests = append(tests, c.leads(f.Path, start).not())
	}
	return anyOf(tests...)
}

// positive is the lookup that a negative one denies.
func positive(l filters.Lookup) filters.Lookup {
	if !l.Negative() {
		return l
	}
	if l == filters.Not {
		return filters.Equal
	}
	return filters.Lookup(strings.TrimPrefix(string(l), "n"))
}

// single compares one value for equality.
func (c *compiler) single(cond *filters.Condition, start ground) test {
	f := cond.Field
	switch f.Values {
	case filters.UUID:
		return c.identified(cond, start)
	case filters.Boolean:
		return c.compare(f.Path, start, c.isTrue(cond.Truth))
	}
	if len(cond.Texts) == 0 {
		return never
	}
	return c.compare(f.Path, start, c.matches(anyNumber(f.Values), filters.Equal, cond.Texts))
}

// anyNumber is the kind that a single number is compared as: 1.5 is no error, but
// equals no integer.
func anyNumber(k filters.Kind) filters.Kind {
	if k == filters.Integer {
		return filters.Decimal
	}
	return k
}

// identified compares ids: of the object at the end, or of a column.
func (c *compiler) identified(cond *filters.Condition, start ground) test {
	path := cond.Field.Path
	var tests []test
	switch own := ownID(path); {
	case len(cond.IDs) == 0:
	case own:
		tests = append(tests, c.reach(path, start, idSet(cond.IDs)))
	default:
		tests = append(tests, c.compare(path, start, c.hasID(cond.IDs)))
	}
	if cond.Null {
		tests = append(tests, c.leads(path, start).not())
	}
	return anyOf(tests...)
}

// ownID reports that a path ends on an object, or its id.
func ownID(p filters.Path) bool {
	return p.Column.Name == "" || p.Column.Own && p.Column.Name == "id"
}

// referred is true of objects that reach one of the named objects.
func (c *compiler) referred(cond *filters.Condition, start ground) test {
	var tests []test
	if len(cond.IDs)+len(cond.Texts) > 0 {
		tests = append(tests, c.reach(cond.Field.Path, start, c.named(cond.Field, cond.IDs, cond.Texts)))
	}
	if cond.Null {
		tests = append(tests, c.leads(cond.Field.Path, start).not())
	}
	return anyOf(tests...)
}

// manyTags is how many values are each judged by a part of their own; more are
// taken together.
const manyTags = 8

// tagged is true of objects that reach every named object; denied, of those that
// reach none.
func (c *compiler) tagged(cond *filters.Condition, start ground) test {
	anyone := c.referred(cond, start)
	values := len(cond.IDs) + len(cond.Texts)
	if values < 2 && !cond.Null {
		return anyone
	}
	var tests []test
	if values > manyTags {
		tests = append(tests, c.everyTag(cond, start))
	} else {
		for i := range cond.IDs {
			tests = append(tests, c.reach(cond.Field.Path, start, idSet(cond.IDs[i:i+1])))
		}
		for i := range cond.Texts {
			tests = append(tests, c.reach(cond.Field.Path, start, c.named(cond.Field, nil, cond.Texts[i:i+1])))
		}
	}
	if cond.Null {
		tests = append(tests, c.leads(cond.Field.Path, start).not())
	}
	return test{yes: allOf(tests...).yes, no: anyone.no}
}

// everyTag looks for a value that nothing reached has.
func (c *compiler) everyTag(cond *filters.Condition, start ground) test {
	wanted, natural := c.alias("w"), c.alias("w")
	hasID := c.some(cond.Field.Path, start, func(g ground) fragment { return raw(g.id() + " = " + wanted + ".value") })
	hasText := c.some(cond.Field.Path, start, func(g ground) fragment { return c.called(cond.Field, g, natural+".value").yes })
	return plain(sqlf("not exists (select 1 from % as % where %) and not exists (select 1 from % as % where %)",
		with(c.ids, cond.IDs), wanted, hasID.no, with(c.texts, cond.Texts), natural, hasText.no))
}

// contentTypes compares the names of types, in a text or in a list.
func (c *compiler) contentTypes(cond *filters.Condition, start ground) test {
	path := cond.Field.Path
	if !path.Column.List {
		return c.valued(cond, start)
	}
	var tests []test
	if len(cond.Texts) > 0 {
		some := c.some(path, start, func(g ground) fragment { return c.listHasAny(g, path.Column, cond.Texts) })
		if cond.Field.Every {
			every := c.some(path, start, func(g ground) fragment { return c.listHasAll(g, path.Column, cond.Texts) })
			some = test{yes: every.yes, no: some.no}
		}
		tests = append(tests, some)
	}
	if cond.Null {
		tests = append(tests, c.leads(path, start).not())
	}
	return anyOf(tests...)
}

// member is has_*: something stands at the end of the path.
func (c *compiler) member(cond *filters.Condition, start ground) test {
	t := c.leads(cond.Field.Path, start)
	if cond.Truth == cond.Field.Exclude {
		t = t.not()
	}
	return t
}

// linked is true of objects that an association links to one of the given ids,
// which stand on the field's side.
func (c *compiler) linked(cond *filters.Condition, start ground) test {
	if len(cond.IDs) == 0 {
		return never
	}
	l := c.alias("l")
	condition := func(peer string) fragment { return with(l+".rid = ? and "+l+"."+peer+c.in, cond.Field.RID, cond.IDs) }
	from := func(own, peer string) test {
		return semi(start.id(), l+"."+own, raw("assoc "+l), condition(peer))
	}
	switch cond.Field.Side {
	case "source":
		return from("destination_id", "source_id")
	case "destination":
		return from("source_id", "destination_id")
	}
	return among(start.id(), anyOf(from("source_id", "destination_id"), from("destination_id", "source_id")),
		sqlf("select %.source_id from assoc % where %", l, l, condition("destination_id")),
		sqlf("select %.destination_id from assoc % where %", l, l, condition("source_id")))
}

// among is t in another form: id is in one of selects. Databases follow an index
// for each select; where "or" stands between them they read all rows.
func among(id string, t test, selects ...fragment) test {
	return test{yes: sqlf("% in (%)", id, join(selects, " union all ")), no: t.no}
}

// semi is a semi-join: id is among the values that column has in those rows of
// from that meet on.
func semi(id, column string, from, on fragment) test {
	return test{
		yes: sqlf("% in (select % from % where %)", id, column, from, on),
		no:  sqlf("not exists (select 1 from % where % = % and %)", from, column, id, on),
	}
}

// search is q: a part of a text, or an exact number or id, at any of the paths.
func (c *compiler) search(cond *filters.Condition, start ground) test {
	if len(cond.Texts) == 0 {
		return always
	}
	var tests []test
	for _, p := range cond.Field.Search {
		if t, ok := c.searchPath(p, cond.Texts[0], start); ok {
			tests = append(tests, t)
		}
	}
	if cond.Field.Method != "" {
		tests = append(tests, c.method(cond, start))
	}
	return anyOf(tests...)
}

func (c *compiler) searchPath(p filters.SearchPath, text string, start ground) (test, bool) {
	exact := strings.TrimSpace(text)
	switch {
	case p.Kind == filters.UUID:
		id, err := uuid.Parse(exact)
		if err != nil {
			return test{}, false
		}
		if ownID(p.Path) {
			return c.reach(p.Path, start, idSet([]uuid.UUID{id})), true
		}
		return c.compare(p.Path, start, c.hasID([]uuid.UUID{id})), true
	case p.Kind == filters.Integer && p.Lookup != filters.Contains:
		if strings.Trim(exact, "0123456789") != "" || exact == "" || len(exact) > 18 {
			return test{}, false
		}
		return c.compare(p.Path, start, c.matches(filters.Integer, filters.Equal, []string{exact})), true
	}
	return c.compare(p.Path, start, c.matches(filters.Text, p.Lookup, []string{text})), true
}
