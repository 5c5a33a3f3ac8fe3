package objects

import (
	"crypto/sha256"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
)

// The kinds of rule about networks. An address, a range or a prefix belongs to
// the closest prefix of its namespace that holds it.
//
//	ip_prefix   finds the parent of a prefix, and hands over to it what it holds
//	            now: prefixes, `addresses` and `ranges` (types)
//	ip_address  finds the parent among `prefixes` (a type); `ranges` is the way
//	            from the parent to the ranges in it
//	ip_range    as ip_address, for a range; `addresses` is the way from the
//	            parent to its addresses
func init() {
	kindOf("ip_prefix", ruleKind{ahead: aheadOfPrefix, judge: judgePrefix, effect: (*member).adopt, onDelete: deletePrefix}, "addresses", "ranges", "vrfs")
	kindOf("ip_address", ruleKind{ahead: aheadOf("address"), judge: judgeAddress}, "prefixes", "ranges")
	kindOf("ip_range", ruleKind{ahead: aheadOf("start_address"), judge: judgeRange}, "prefixes", "ranges", "addresses")
}

func aheadOf(field string) func(m *member, r *rule) []keyed {
	return func(m *member, r *rule) []keyed {
		p, ok := readPrefix(text(m.object.Values[field]))
		namespace, err := m.namespace(r)
		return m.j.networkKeys(m.j.c.Type(r.arg("prefixes")), namespace, p, ok && err == nil)
	}
}

// namespace is where the parent of m is looked for: the one that a request to
// make it gives, else that of the parent, else the one that prefixes are in by
// themselves.
func (m *member) namespace(r *rule) (uuid.UUID, error) {
	if id := m.object.Ref("namespace"); id != uuid.Nil && m.before == nil {
		return id, nil
	}
	if parent := m.j.l.get(m.object.Ref("parent")); parent != nil {
		return parent.Ref("namespace"), nil
	}
	if m.before == nil {
		return uuid.Nil, nil
	}
	if prefixes := m.j.c.Type(r.arg("prefixes")); prefixes != nil {
		f := prefixes.Field("namespace")
		return m.j.namedObject(f.To[0], text(f.Default))
	}
	return uuid.Nil, nil
}

// networkKeys are the keys under which the networks that hold p are found, the
// closest first. t is the type of prefixes.
func (j *judge) networkKeys(t *Type, namespace uuid.UUID, p netip.Prefix, ok bool) []keyed {
	if !ok || namespace == uuid.Nil || t == nil {
		return nil
	}
	var rule *rule
	for _, r := range j.uniqueRules(t) {
		if setName(r.fields) == "namespace,network,prefix_length" {
			rule = r
		}
	}
	if rule == nil {
		return nil
	}
	var keys []keyed
	for bits := p.Bits(); bits >= 0; bits-- {
		network, _ := p.Addr().Prefix(bits)
		values := make([]any, len(rule.fields))
		for i, f := range rule.fields {
			switch f {
			case "namespace":
				values[i] = namespace.String()
			case "network":
				values[i] = network.Masked().Addr().String()
			default:
				values[i] = bits
			}
		}
		keys = append(keys, keyed{Key{Type: t.ID, Rule: rule.id, Hash: sha256.Sum256([]byte(canonical(values)))}, rule})
	}
	return keys
}

// closest is the stored prefix that holds p most closely, other than not; itself
// too where it has the same length.
func (j *judge) closest(t *Type, namespace uuid.UUID, p netip.Prefix, not uuid.UUID) (uuid.UUID, error) {
	keys := j.networkKeys(t, namespace, p, true)
	if err := j.ask(keys); err != nil {
		return uuid.Nil, err
	}
	for _, k := range keys {
		if id := j.taken[k.Key]; id != uuid.Nil && id != not {
			j.l.meet(0, id)
			return id, nil
		}
	}
	return uuid.Nil, nil
}

// addressOf is the first address of a prefix, range or address; endOf the last.
func addressOf(o *Object) netip.Addr {
	for _, field := range []string{"network", "host", "start_host"} {
		if a, err := netip.ParseAddr(text(o.Values[field])); err == nil {
			return a
		}
	}
	return netip.Addr{}
}

func endOf(o *Object) netip.Addr {
	for _, field := range []string{"broadcast", "end_host", "host"} {
		if a, err := netip.ParseAddr(text(o.Values[field])); err == nil {
			return a
		}
	}
	return netip.Addr{}
}

func judgeAddress(m *member, r *rule) error {
	o, j := m.object, m.j
	p, ok := readPrefix(text(o.Values["address"]))
	if !ok {
		return nil
	}
	if m.before != nil && text(m.before.Values["host"]) != p.Addr().String() {
		return m.refuse(fault.All, "Host address cannot be changed once created")
	}
	if o.Values["type"] == "slaac" && p.Addr().Is4() {
		return m.refuse("type", "Only IPv6 addresses can be assigned SLAAC type")
	}
	host := netip.PrefixFrom(p.Addr(), p.Addr().BitLen())
	if done, err := m.breaks(func() error {
		return m.settle(r, host, o.Str, "%s cannot be assigned as the parent of %s.  In namespace %s, the expected parent would be %s.", text(o.Values["address"]))
	}); done || err != nil {
		return err
	}
	if m.before != nil {
		return nil
	}
	parent := j.l.get(o.Ref("parent"))
	if parent == nil {
		return nil
	}
	for _, id := range j.l.refs(parent, r.arg("ranges")) {
		span := j.l.get(id)
		if span != nil && span.Values["is_exclusive"] == true && !p.Addr().Less(addressOf(span)) && !endOf(span).Less(p.Addr()) {
			return m.refuse(fault.All, fmt.Sprintf("IP address %s falls within exclusive IP Address Range \"%s\". Creating an IP Address within an exclusive range is not permitted.", p.Addr(), span.Str))
		}
	}
	m.computeStored()
	keys, err := m.uniqueKeys()
	if err != nil {
		return err
	}
	if err := j.ask(keys); err != nil {
		return err
	}
	for _, k := range keys {
		if setName(k.rule.fields) == "host,parent" && m.taken(k) {
			return m.refuse(fault.All, fmt.Sprintf("IP address %s already exists in %s.", o.Values["address"], parent.Str))
		}
	}
	return nil
}

// settle finds the parent of an address, or holds the one that was given to be
// the closest.
func (m *member) settle(r *rule, host netip.Prefix, _ string, wrongParent, called string) error {
	o, j := m.object, m.j
	switch {
	case m.before == nil || m.draft.Has("parent"):
	case m.partial:
		return nil
	default:
		o.setRef("parent", uuid.Nil) // a PUT that does not say where it belongs
	}
	namespace, err := m.namespace(r)
	if err != nil {
		return err
	}
	closest, err := j.closest(j.c.Type(r.arg("prefixes")), namespace, host, uuid.Nil)
	if err != nil {
		return err
	}
	if closest == uuid.Nil {
		return m.refuse("namespace", fmt.Sprintf("No suitable parent Prefix for %s exists in Namespace %s", host.Addr(), j.l.str(namespace)))
	}
	if parent := o.Ref("parent"); parent != uuid.Nil && parent != closest {
		return m.refuse("parent", fmt.Sprintf(wrongParent, j.l.str(o.Ref("parent")), called, j.l.str(namespace), j.l.str(closest)))
	}
	o.setRef("parent", closest)
	return nil
}

func judgeRange(m *member, r *rule) error {
	o, j := m.object, m.j
	start, _ := readPrefix(text(o.Values["start_address"]))
	end, _ := readPrefix(text(o.Values["end_address"]))
	first, last := start.Addr(), end.Addr()
	switch {
	case first.Is4() != last.Is4():
		words := map[bool]string{true: "IPv4", false: "IPv6"}
		return m.refuse(fault.All, fmt.Sprintf("start_address (%s) and end_address (%s) must be of the same IP version", words[first.Is4()], words[last.Is4()]))
	case last.Less(first):
		return m.refuse("start_address", "start_address must be less than or equal to end_address")
	}
	namespace, err := m.namespace(r)
	if err != nil {
		return err
	}
	prefixes := j.c.Type(r.arg("prefixes"))
	holder, err := j.closest(prefixes, namespace, start, uuid.Nil)
	if err != nil {
		return err
	}
	if holder == uuid.Nil {
		return m.refuse("namespace", fmt.Sprintf("No suitable parent Prefix for %s exists in Namespace %s", first, j.l.str(namespace)))
	}
	other, err := j.closest(prefixes, namespace, end, uuid.Nil)
	if err != nil {
		return err
	}
	if other != holder {
		return m.refuse(fault.All, "IP Address Range must be fully contained within a single parent Prefix. No single Prefix in namespace contains both start_address and end_address. Consider creating a wider parent Prefix that covers the entire range.")
	}
	if m.draft.Has("parent") && o.Ref("parent") != uuid.Nil && o.Ref("parent") != holder {
		return m.refuse("parent", fmt.Sprintf("%s cannot be assigned as the parent of %s - %s. In namespace %s, the expected parent would be %s.",
			j.l.str(o.Ref("parent")), first, last, j.l.str(namespace), j.l.str(holder)))
	}
	o.setRef("parent", holder)
	return m.spanRules(r, j.l.get(holder), first, last)
}

// spanRules are those of a range against what its parent holds already.
func (m *member) spanRules(r *rule, parent *Object, first, last netip.Addr) error {
	l := m.j.l
	if parent == nil {
		return l.err
	}
	for _, id := range l.refs(parent, r.arg("ranges")) {
		span := l.get(id)
		if span != nil && id != m.object.ID && !last.Less(addressOf(span)) && !endOf(span).Less(first) {
			return m.refuse(fault.All, fmt.Sprintf("IP Address Range intersects with existing range '%s - %s'", addressOf(span), endOf(span)))
		}
	}
	children := l.reached(parent, "children")
	slices.SortFunc(children, func(a, b *Object) int { return addressOf(a).Compare(addressOf(b)) })
	for _, child := range children {
		if !last.Less(addressOf(child)) && !endOf(child).Less(first) {
			return m.refuse(fault.All, fmt.Sprintf("IP Address Range overlaps with child Prefix '%s' of the assigned parent Prefix", child.Str))
		}
	}
	if m.object.Values["is_exclusive"] != true || m.before != nil && m.before.Values["is_exclusive"] == true {
		return nil
	}
	var within []string
	for _, id := range l.refs(parent, r.arg("addresses")) {
		a := l.get(id)
		if a != nil && !addressOf(a).Less(first) && !last.Less(addressOf(a)) && len(within) < 5 {
			within = append(within, addressOf(a).String())
		}
	}
	if len(within) > 0 {
		return m.refuse("is_exclusive", "Cannot make this IP Address Range exclusive: existing IP address(es) fall within the range: "+strings.Join(within, ", "))
	}
	return nil
}
