package store

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
)

// sortKey is one part of an order.
type sortKey struct {
	name  string
	value fragment // null stands last, or first when descending
	join  fragment // where value stands on another object: how that is joined
	kind  filters.Kind
	down  bool
	// filled keys are never null.
	filled bool
}

// order returns the keys that a list is sorted by. Each list ends with its ids.
func (r reader) order(cat *objects.Catalogue, list objects.List) []sortKey {
	var names []string
	for _, name := range list.Sort {
		bare := strings.TrimPrefix(name, "-")
		if f := list.Type.Field(bare); bare == "id" || f != nil && sortable(f) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		names = list.Type.Order
	}
	c := &compiler{reader: r, dialect: r.dialect}
	var keys []sortKey
	for _, ordering := range cat.Orderings(list.Type, names) {
		keys = append(keys, c.sortKey(cat, ordering))
	}
	return keys
}

// sortable fields are those that are stored, one value each.
func sortable(f *objects.Field) bool {
	switch f.Kind {
	case objects.Count, objects.References, objects.JSON, objects.Choices, objects.Numbers, objects.Texts, objects.ContentTypes:
		return false
	case objects.Derived:
		return f.Stored
	}
	return !f.Hidden && !f.WriteOnly && (f.Derive == "" || f.Stored)
}

// sortKey is the value at the end of a path.
func (c *compiler) sortKey(cat *objects.Catalogue, o objects.Ordering) sortKey {
	p, kind := o.Path, cmp.Or(sortKinds[o.Kind], filters.Text)
	if ownID(p) {
		kind = filters.UUID
	}
	key := sortKey{name: o.Name, kind: kind, down: o.Descending}
	if len(p.Hops) == 0 {
		key.value = raw(c.sorted(c.at(listedRows, p.Column), kind))
		key.filled = p.Column.Own && (p.Column.Name == "sort_key" || p.Column.Name == "id")
		return key
	}
	if value, joins, ok := c.joined(cat, p, listedRows); ok {
		key.value, key.join = raw(c.sorted(value, kind)), joins
		return key
	}
	id, hops := c.shortcut(p, listedRows)
	end, way := ground{c.alias("e"), objectTable}, c.chain(hops, p, listedRows)
	key.value = sqlf("(select % from % join object % on % = % where % = % and % order by 1 limit 1)",
		c.sorted(c.at(end, p.Column), kind), way.from, end.alias, end.id(), way.last, way.first, id, way.on)
	return key
}

// joined is the value at the end of single references, each of which leads to one
// object or none: a database finds the few objects that many refer to once. ok is
// false of other paths.
func (c *compiler) joined(cat *objects.Catalogue, p filters.Path, g ground) (value expression, joins fragment, ok bool) {
	var parts []fragment
	for i, hop := range p.Hops {
		_, f := cat.FieldByID(hop.Field)
		if f == nil || f.Kind != objects.Reference || !f.Held() || hop.Back || len(p.Where) > 0 {
			return expression{}, fragment{}, false
		}
		if i == len(p.Hops)-1 && ownID(p) && hop.Type == 0 { // its id stands here already
			return expression{text: c.reference(g, f), kind: filters.UUID}, join(parts, " "), true
		}
		target := ground{c.alias("e"), objectTable}
		kind := hop.Type
		if len(f.To) == 1 {
			kind = cat.Type(f.To[0]).ID
		}
		parts = append(parts, sqlf("left join object % on % = %%", target.alias, target.id(), c.reference(g, f), ofType(target, kind)))
		g = target
	}
	return c.at(g, p.Column), join(parts, " "), true
}

// ofType narrows a join to the objects of a type; a number in the text lets the
// database know how many these are. 0 is any type.
func ofType(g ground, kind int16) string {
	if kind == 0 {
		return ""
	}
	return fmt.Sprintf(" and %s.type_id = %d", g.alias, kind)
}

// reference is the target of a single reference of g.
func (c *compiler) reference(g ground, f *objects.Field) string {
	if hot := c.hotColumn(f.ID); hot != "" {
		return g.alias + "." + hot
	}
	return c.dataID(g.alias, []string{objects.RefsKey, f.Name})
}

// sortKinds are the kinds of field that do not sort as text.
var sortKinds = map[objects.Kind]filters.Kind{
	objects.Integer: filters.Integer, objects.Decimal: filters.Decimal, objects.Float: filters.Decimal,
	objects.Time: filters.Time, objects.UUID: filters.Text,
}

// sorted is the value as it is compared.
func (c *compiler) sorted(e expression, kind filters.Kind) string {
	switch {
	case e.kind != "":
		return e.text
	case kind == filters.Text:
		return e.text + c.c
	}
	return c.convert(kind, e.text)
}

// joinsOf are the joins that keys need, behind "object o".
func joinsOf(keys []sortKey) fragment {
	var joins fragment
	for _, key := range keys {
		if key.join.text != "" {
			joins = sqlf("% %", joins, key.join)
		}
	}
	return joins
}

// orderBy is the list of keys, and the id.
func orderBy(keys []sortKey) fragment {
	var parts []fragment
	for _, key := range keys {
		switch {
		case key.filled && key.down:
			parts = append(parts, sqlf("% desc", key.value))
		case key.filled:
			parts = append(parts, key.value)
		case key.down:
			parts = append(parts, sqlf("% desc nulls first", key.value))
		default:
			parts = append(parts, sqlf("% nulls last", key.value))
		}
	}
	return join(append(parts, raw("o.id")), ", ")
}

// cursor is where a page found by keyset ended: the values of the sort keys as
// text, and the id.
type cursor struct {
	Keys   []string  `json:"k"`
	Values []*string `json:"v"`
	ID     uuid.UUID `json:"i"`
}

var errCursor = fault.Field("after", "This is no cursor of this list.")

func (d *dialect) readCursor(text string, keys []sortKey) (cursor, error) {
	var c cursor
	decoded, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(decoded, &c) != nil || len(c.Values) != len(keys) || len(c.Keys) != len(keys) {
		return c, errCursor
	}
	for i, key := range keys {
		if c.Keys[i] != key.spelled() || key.filled && c.Values[i] == nil {
			return c, errCursor
		}
		if v := c.Values[i]; v != nil && !d.readable(key.kind, *v) {
			return c, errCursor
		}
	}
	return c, nil
}

// readable reports whether a cursor's value can be converted: it comes from
// outside.
func (d *dialect) readable(kind filters.Kind, v string) bool {
	if strings.ContainsRune(v, 0) {
		return false
	}
	switch kind {
	case filters.UUID:
		_, err := uuid.Parse(v)
		return err == nil
	case filters.Integer, filters.Decimal:
		return v != "" && len(v) < 100 && json.Valid([]byte(v)) && strings.Trim(v, "-+.eE0123456789") == ""
	case filters.Time:
		return d.isMoment(v)
	}
	return true
}

func (k sortKey) spelled() string {
	if k.down {
		return "-" + k.name
	}
	return k.name
}

func (c cursor) text() string {
	encoded, _ := json.Marshal(c) // texts and an id can always be written
	return base64.RawURLEncoding.EncodeToString(encoded)
}

// ObjectsAfter returns the page behind the list's cursor and the cursor of the
// next one, "" at the end.
func (r reader) ObjectsAfter(ctx context.Context, cat *objects.Catalogue, list objects.List) ([]objects.Shown, string, error) {
	keys := r.order(cat, list)
	where := r.listed(list.Type, list.Query)
	if list.After != "" {
		after, err := r.dialect.readCursor(list.After, keys)
		if err != nil {
			return nil, "", err
		}
		where = sqlf("% and %", where, r.behind(keys, after))
	}
	columns := raw(shownColumns(list.Lean))
	for _, key := range keys {
		columns = sqlf("%, %", columns, sqlf(r.dialect.asText, key.value))
	}
	var values [][]*string
	more := func() []any {
		row, dest := make([]*string, len(keys)), make([]any, len(keys))
		for i := range row {
			dest[i] = &row[i]
		}
		values = append(values, row)
		return dest
	}
	var found []objects.Shown
	err := r.bounded(ctx, list.Query, func(ctx context.Context) (err error) {
		found, err = r.shown(ctx, sqlf("select % from object o% where % order by % limit ?", columns, joinsOf(keys), where, orderBy(keys)).and(list.Limit+1), more)
		return err
	})
	if err != nil || len(found) <= list.Limit {
		return found, "", err
	}
	last := cursor{ID: found[list.Limit-1].ID, Values: values[list.Limit-1]}
	for _, key := range keys {
		last.Keys = append(last.Keys, key.spelled())
	}
	return found[:list.Limit], last.text(), nil
}

// and appends an argument.
func (f fragment) and(arg any) fragment { return fragment{f.text, append(f.args, arg)} }

// behind is true of rows that stand behind the cursor.
func (r reader) behind(keys []sortKey, after cursor) fragment {
	c := &compiler{reader: r, dialect: r.dialect}
	if len(keys) == 1 && keys[0].filled && !keys[0].down && keys[0].kind == filters.Text {
		return sqlf("(%, o.id) > (%)", keys[0].value, with(c.text+", "+c.uuid, *after.Values[0], after.ID))
	}
	var parts []fragment
	var equal []fragment
	for i, key := range keys {
		later := c.later(key, after.Values[i])
		parts = append(parts, join(append(equal[:len(equal):len(equal)], later), " and "))
		equal = append(equal, c.sameAs(key, after.Values[i]))
	}
	parts = append(parts, join(append(equal, with("o.id > "+c.uuid, after.ID)), " and "))
	return sqlf("((%))", join(parts, ") or ("))
}

// later is true of rows whose key stands behind a value.
func (c *compiler) later(key sortKey, value *string) fragment {
	switch {
	case value == nil && key.down:
		return sqlf("% is not null", key.value)
	case value == nil:
		return never.yes
	case key.down:
		return sqlf("% < %", key.value, c.cursorValue(key, *value))
	case key.filled:
		return sqlf("% > %", key.value, c.cursorValue(key, *value))
	}
	return sqlf("(% > % or % is null)", key.value, c.cursorValue(key, *value), key.value)
}

func (c *compiler) sameAs(key sortKey, value *string) fragment {
	if value == nil {
		return sqlf("% is null", key.value)
	}
	return sqlf("% = %", key.value, c.cursorValue(key, *value))
}

// cursorValue turns the text of a key's value back into it.
func (c *compiler) cursorValue(key sortKey, value string) fragment {
	switch key.kind {
	case filters.UUID:
		id, _ := uuid.Parse(value) // readable said so
		return with(c.uuid, id)
	case filters.Time:
		return with(c.writtenMoment, value)
	case filters.Integer, filters.Decimal:
		return with(c.convert(key.kind, c.text), value)
	}
	return with(c.text+c.c, value)
}
