package store

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

// methods are the judges of filters that are more than a comparison;
// docs/catalogue.md says what each is true of.
var methods map[string]func(*compiler, *filters.Condition, ground) test

func init() {
	methods = map[string]func(*compiler, *filters.Condition, ground) test{
		"any": (*compiler).anyWay, "any_or_none": (*compiler).anyOrNone, "set": (*compiler).isSet, "lacks": (*compiler).lacks,
		"some_without": (*compiler).someWithout, "differ": (*compiler).differ, "choice_map": (*compiler).choiceMap,
		"list_contains": (*compiler).listContains, "contains": (*compiler).contains, "on_date": (*compiler).onDate,
		"max_depth": (*compiler).maxDepth, "ancestors": (*compiler).ancestorsOf, "reach": (*compiler).reachable,
		"covers": (*compiler).covers, "same_or_free": (*compiler).sameOrFree,
		"net_equal": networks(netEqual), "net_within": networks(netWithin), "net_within_or_equal": networks(netWithinOrEqual),
		"net_contains": networks(netContains), "net_search": (*compiler).netSearch,
		"host_within": (*compiler).hostWithin, "host_equal": (*compiler).hostEqual, "host_search": (*compiler).hostSearch,
		"range_contains": (*compiler).rangeContains, "address": (*compiler).address, "similar": (*compiler).similar,
		"pending_approvals": nothing, "nothing": nothing,
	}
}

func nothing(*compiler, *filters.Condition, ground) test { return never }

// method compiles a filter that has a judge of its own.
func (c *compiler) method(cond *filters.Condition, start ground) test {
	judge, ok := methods[cond.Field.Method]
	if !ok {
		return never
	}
	return judge(c, cond, start)
}

// ways is a test of each path of that name; one of them will do.
func ways(cond *filters.Condition, name string, of func(filters.Path) test) test {
	var tests []test
	for _, p := range cond.Field.Paths[name] {
		tests = append(tests, of(p))
	}
	return anyOf(tests...)
}

func (c *compiler) anyWay(cond *filters.Condition, start ground) test {
	t := ways(cond, "any", func(p filters.Path) test { return c.wayTo(cond, p, start) })
	paths := cond.Field.Paths["any"]
	if c.listed == 0 || start != listedRows || len(paths) < 2 {
		return t
	}
	var selects []fragment
	for _, p := range paths {
		k := ground{c.alias("k"), objectTable}
		selects = append(selects, sqlf("select % from object % where % and %", k.id(), k.alias,
			with(k.alias+".type_id = ?", c.listed), c.wayTo(cond, p, k).yes))
	}
	return among(start.id(), t, selects...)
}

// wayTo is true where p leads to one of the values.
func (c *compiler) wayTo(cond *filters.Condition, p filters.Path, start ground) test {
	f := cond.Field
	switch f.Values {
	case filters.Reference, filters.NameOrID, filters.Tree:
		return c.reach(p, start, c.named(f, cond.IDs, cond.Texts))
	case filters.UUID:
		if !ownID(p) {
			return c.compare(p, start, c.hasID(cond.IDs))
		}
		return c.reach(p, start, idSet(cond.IDs))
	case filters.ContentType:
		if ownID(p) {
			return c.some(p, start, func(g ground) fragment {
				return with(g.alias+".type_id in (select id from type where name"+c.inTexts+")", cond.Texts)
			})
		}
	}
	return c.compare(p, start, c.matches(anyNumber(f.Values), filters.Equal, cond.Texts))
}

func (c *compiler) anyOrNone(cond *filters.Condition, start ground) test {
	return anyOf(c.anyWay(cond, start), ways(cond, "none", func(p filters.Path) test { return c.leads(p, start).not() }))
}

func (c *compiler) isSet(cond *filters.Condition, start ground) test {
	t := ways(cond, "any", func(p filters.Path) test { return c.leads(p, start) })
	return t.when(cond.Truth)
}

// when is the test, or its opposite.
func (t test) when(truth bool) test {
	if truth {
		return t
	}
	return t.not()
}

func (c *compiler) lacks(cond *filters.Condition, start ground) test {
	return ways(cond, "any", func(p filters.Path) test { return c.leads(p, start).not() }).when(cond.Truth)
}

func (c *compiler) someWithout(cond *filters.Condition, start ground) test {
	with, without := cond.Field.Paths["any"], cond.Field.Paths["without"]
	if len(with) != 1 || len(without) != 1 || len(without[0].Hops) <= len(with[0].Hops) {
		return never
	}
	rest := filters.Path{Hops: without[0].Hops[len(with[0].Hops):], Column: without[0].Column}
	return c.some(with[0], start, func(g ground) fragment { return c.leads(rest, g).no }).when(cond.Truth)
}

func (c *compiler) differ(cond *filters.Condition, start ground) test {
	p := cond.Field.Paths["any"]
	if len(p) != 2 {
		return never
	}
	a, b := c.at(start, p[0].Column), c.at(start, p[1].Column)
	return plain(raw(a.text + " <> " + b.text)).when(cond.Truth)
}

func (c *compiler) choiceMap(cond *filters.Condition, start ground) test {
	var tests []test
	for _, value := range cond.Texts {
		how, list, _ := strings.Cut(cond.Field.Args[value], ":")
		tests = append(tests, ways(cond, "any", func(p filters.Path) test {
			return c.compare(p, start, c.matches(filters.Text, filters.Equal, strings.Split(list, ","))).when(how == "in")
		}))
	}
	return anyOf(tests...)
}

func (c *compiler) listContains(cond *filters.Condition, start ground) test {
	return ways(cond, "any", func(p filters.Path) test {
		return c.some(p, start, func(g ground) fragment { return c.listHasAny(g, p.Column, cond.Texts) })
	})
}

func (c *compiler) contains(cond *filters.Condition, start ground) test {
	return ways(cond, "any", func(p filters.Path) test {
		return c.compare(p, start, func(e expression) fragment {
			return sqlf("exists (select 1 from % as i where "+c.position+" > 0)", with(c.texts, cond.Texts), e.text, "i.value")
		})
	})
}

func (c *compiler) onDate(cond *filters.Condition, start ground) test {
	if len(cond.Texts) == 0 {
		return never
	}
	day := cond.Texts[0]
	return ways(cond, "any", func(p filters.Path) test {
		return c.compare(p, start, func(e expression) fragment {
			from := c.oneOf(e, filters.Time, ">=", []string{day + "T00:00:00Z"})
			return sqlf("% and %", from, c.oneOf(e, filters.Time, "<=", []string{day + "T23:59:59.999999Z"}))
		})
	})
}

func (c *compiler) maxDepth(cond *filters.Condition, start ground) test {
	if len(cond.Texts) == 0 {
		return never
	}
	most, err := strconv.ParseFloat(cond.Texts[0], 64)
	if err != nil || most < 1 {
		return always
	}
	return plain(with("not exists (select 1 from object_tree t where t.descendant_id = "+start.id()+" and t.depth >= "+c.decimal(c.text)+")", cond.Texts[0]))
}

func (c *compiler) ancestorsOf(cond *filters.Condition, start ground) test {
	t := c.alias("t")
	above := sqlf("select %.ancestor_id from object_tree % where %", t, t,
		c.within(t+".descendant_id", c.named(cond.Field, cond.IDs, cond.Texts)))
	if cond.Field.Args["self"] == "" {
		above = sqlf("% and %.depth > 0", above, t)
	}
	return ways(cond, "any", func(p filters.Path) test { return c.reach(p, start, set{selects: []fragment{above}}) })
}

// reachable walks a reference again and again: the set of all that lead to a
// named object is gathered from there backwards.
func (c *compiler) reachable(cond *filters.Condition, start ground) test {
	p := cond.Field.Paths["any"]
	if len(p) != 1 || len(p[0].Hops) == 0 {
		return never
	}
	way := c.chain(p[0].Hops, p[0], start)
	name := c.alias("walk")
	named := set{selects: []fragment{c.selected(c.named(cond.Field, cond.IDs, cond.Texts))}}
	return plain(sqlf(`% in (with recursive % (id) as (
		select % from % where % and % union select % from % join % w on % = w.id where %) select id from %)`,
		start.id(), name, way.first, way.from, way.on, c.within(way.last, named), way.first, way.from, name, way.last, way.on, name))
}

// there selects what the way "of" leads to from the named objects, with what
// stands above it when tree is set.
func (c *compiler) there(cond *filters.Condition, tree bool) (fragment, bool) {
	p := cond.Field.Paths["of"]
	if len(p) != 1 || len(p[0].Hops) == 0 {
		return fragment{}, false
	}
	way := c.chain(p[0].Hops, p[0], ground{})
	s := sqlf("select % from % where % and %", way.last, way.from, way.on, c.within(way.first, c.named(cond.Field, cond.IDs, cond.Texts)))
	if tree {
		t := c.alias("t")
		s = sqlf("select %.ancestor_id from object_tree % where %.descendant_id in (%)", t, t, t, s)
	}
	return s, true
}

func (c *compiler) covers(cond *filters.Condition, start ground) test {
	there, ok := c.there(cond, true)
	if !ok {
		return never
	}
	return ways(cond, "any", func(p filters.Path) test {
		return anyOf(c.leads(p, start).not(), c.reach(p, start, set{selects: []fragment{there}}))
	})
}

func (c *compiler) sameOrFree(cond *filters.Condition, start ground) test {
	there, ok := c.there(cond, false)
	if !ok {
		return never
	}
	free := plain(sqlf("not exists (%)", there))
	return anyOf(free, ways(cond, "any", func(p filters.Path) test { return c.reach(p, start, set{selects: []fragment{there}}) }))
}

// similar compares a contact with the columns of a place.
func (c *compiler) similar(cond *filters.Condition, start ground) test {
	g := ground{c.alias("n"), objectTable}
	var pairs []fragment
	for _, own := range []string{"name", "phone", "email"} {
		theirs := cond.Field.Args[own]
		if theirs == "" {
			continue
		}
		a, b := c.data(start.alias, []string{own}), c.data(g.alias, []string{theirs})
		pairs = append(pairs, raw(fmt.Sprintf("%s <> '' and %s = %s", b, c.lower(a), c.lower(b))))
	}
	if len(pairs) == 0 {
		return never
	}
	return plain(sqlf("exists (select 1 from object % where % and (%))", g.alias,
		c.within(g.id(), c.named(cond.Field, cond.IDs, cond.Texts)), join(pairs, " or ")))
}

// span is a network as the keys of its first and last address.
type span struct {
	first, last string
	bits        int
	host        bool // written without a length
	exact       bool // no bits of a host are set
}

func readSpan(text string) (span, bool) {
	p, err := netip.ParsePrefix(text)
	host := err != nil
	if host {
		a, err := netip.ParseAddr(text)
		if err != nil || a.Zone() != "" {
			return span{}, false
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	m := p.Masked()
	return span{objects.AddressKey(m.Addr()), objects.AddressKey(objects.LastAddress(m)), m.Bits(), host, m == p}, true
}

// key is a key of data on the start's object.
func (c *compiler) key(g ground, name string) string { return c.data(g.alias, []string{name}) }

func (c *compiler) length(g ground) string { return c.integer(c.key(g, "prefix_length")) }

type networkTest func(c *compiler, g ground, s span) fragment

func netEqual(c *compiler, g ground, s span) fragment {
	return with(c.key(g, "network_key")+" = ? and "+c.length(g)+" = ?", s.first, s.bits)
}

func netWithinOrEqual(c *compiler, g ground, s span) fragment {
	key := c.key(g, "network_key") + c.c
	return with(key+" >= "+c.text+" and "+key+" <= "+c.text+" and "+c.length(g)+" >= ?", s.first, s.last, s.bits)
}

func netWithin(c *compiler, g ground, s span) fragment {
	s.bits++
	return netWithinOrEqual(c, g, s)
}

func netContains(c *compiler, g ground, s span) fragment {
	return with(c.key(g, "network_key")+c.c+" <= "+c.text+" and "+c.key(g, "broadcast_key")+c.c+" >= "+c.text+" and "+c.length(g)+" <= ?",
		s.first, s.last, s.bits)
}

// networks judges the object's network by each value.
func networks(of networkTest) func(*compiler, *filters.Condition, ground) test {
	return func(c *compiler, cond *filters.Condition, start ground) test {
		var tests []test
		for _, text := range cond.Texts {
			s, ok := readSpan(text)
			if id, err := uuid.Parse(text); err == nil {
				tests = append(tests, c.reach(filters.Path{}, start, idSet([]uuid.UUID{id})))
			} else if ok && (s.exact || cond.Field.Args["exact"] == "") {
				tests = append(tests, plain(of(c, start, s)))
			}
		}
		return anyOf(tests...)
	}
}

// netSearch looks for networks that the text begins, lies in or contains.
func (c *compiler) netSearch(cond *filters.Condition, start ground) test {
	text := strings.TrimSpace(cond.Texts[0])
	if text == "" {
		return always
	}
	s, ok := readSearched(text)
	if !ok {
		return never
	}
	return anyOf(plain(netContains(c, start, s)), plain(netWithinOrEqual(c, start, s)))
}

// readSearched reads a network of which a few leading numbers are enough.
func readSearched(text string) (span, bool) {
	if s, ok := readSpan(text); ok {
		return s, true
	}
	parts := strings.Split(strings.TrimSuffix(text, "."), ".")
	numbers := !slices.ContainsFunc(parts, func(p string) bool { return p == "" || strings.Trim(p, "0123456789") != "" })
	if numbers && len(parts) < 4 {
		bits := 8 * len(parts)
		return readSpan(strings.Join(append(parts, "0", "0", "0")[:4], ".") + "/" + strconv.Itoa(bits))
	}
	groups := strings.Split(strings.TrimRight(text, ":"), ":")
	if strings.Contains(text, ":") && len(groups) < 8 && !strings.Contains(text, "/") {
		return readSpan(strings.Join(groups, ":") + "::/" + strconv.Itoa(16*len(groups)))
	}
	return span{}, false
}

// inSpan is true of objects whose host lies in the network.
func (c *compiler) inSpan(g ground, s span) fragment {
	key := c.key(g, "host_key") + c.c
	return with(key+" >= "+c.text+" and "+key+" <= "+c.text, s.first, s.last)
}

func (c *compiler) hostSearch(cond *filters.Condition, start ground) test {
	text := strings.TrimSpace(cond.Texts[0])
	if text == "" {
		return always
	}
	host, _, _ := strings.Cut(text, "/")
	if _, err := netip.ParseAddr(host); err == nil {
		text = host // a whole address means that host, whatever its mask
	}
	s, ok := readSearched(text)
	if !ok {
		return never
	}
	return plain(c.inSpan(start, s))
}

func (c *compiler) hostWithin(cond *filters.Condition, start ground) test {
	exact := cond.Field.Args["exact"] != ""
	var tests []test
	for _, text := range cond.Texts {
		if s, ok := readSpan(text); ok && !(exact && (!s.exact || s.host)) {
			tests = append(tests, plain(c.inSpan(start, s)))
		}
	}
	return anyOf(tests...)
}

func (c *compiler) hostEqual(cond *filters.Condition, start ground) test {
	var keys []string
	for _, text := range cond.Texts {
		if a, err := netip.ParseAddr(strings.Split(text, "/")[0]); err == nil {
			keys = append(keys, objects.AddressKey(a))
		}
	}
	return ways(cond, "any", func(p filters.Path) test {
		return c.compare(p, start, c.matches(filters.Text, filters.Equal, keys))
	})
}

func (c *compiler) rangeContains(cond *filters.Condition, start ground) test {
	from, to := cond.Field.Paths["from"], cond.Field.Paths["to"]
	if len(from) != 1 || len(to) != 1 {
		return never
	}
	first, last := c.at(start, from[0].Column), c.at(start, to[0].Column)
	var tests []test
	for _, text := range cond.Texts {
		if a, err := netip.ParseAddr(strings.Split(text, "/")[0]); err == nil {
			key := objects.AddressKey(a)
			tests = append(tests, plain(with(first.text+c.c+" <= "+c.text+" and "+last.text+c.c+" >= "+c.text, key, key)))
		}
	}
	return anyOf(tests...)
}

// address is true where the path leads to an address of that host and length, or,
// where ids are taken, to that object.
func (c *compiler) address(cond *filters.Condition, start ground) test {
	ids := cond.Field.Args["ids"] != ""
	return ways(cond, "any", func(p filters.Path) test {
		p.Column = filters.Column{}
		var tests []test
		for _, text := range cond.Texts {
			if id, err := uuid.Parse(text); err == nil && ids {
				tests = append(tests, c.reach(p, start, idSet([]uuid.UUID{id})))
			} else if is, ok := c.isAddress(text, ids); ok {
				tests = append(tests, c.some(p, start, is))
			}
		}
		return anyOf(tests...)
	})
}

// isAddress compares host and length. A bare host is any length's, or with full
// its own.
func (c *compiler) isAddress(text string, full bool) (func(ground) fragment, bool) {
	host, _, masked := strings.Cut(text, "/")
	a, err := netip.ParseAddr(host)
	if err != nil {
		return nil, false
	}
	bits := a.BitLen()
	if masked {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, false
		}
		bits = p.Bits()
	}
	return func(g ground) fragment {
		is := with(c.key(g, "host_key")+" = ?", objects.AddressKey(a))
		if masked || full {
			is = sqlf("% and %", is, with(c.integer(c.key(g, "mask_length"))+" = ?", bits))
		}
		return is
	}, true
}
