package objects

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

func aheadOfPrefix(m *member, _ *rule) []keyed {
	p, ok := readPrefix(text(m.object.Values["prefix"]))
	return m.j.networkKeys(m.object.Type, m.object.Ref("namespace"), p, ok)
}

func judgePrefix(m *member, r *rule) error {
	o, j := m.object, m.j
	p, ok := readPrefix(text(o.Values["prefix"]))
	if !ok {
		return nil
	}
	p = p.Masked()
	moved := m.before == nil || o.Values["prefix"] != m.before.Values["prefix"]
	elsewhere := m.before != nil && o.Ref("namespace") != m.before.Ref("namespace")
	switch {
	case m.before != nil && moved && elsewhere:
		return m.refuse(fault.All, "Cannot change network and namespace in the same update. Consider creating a new Prefix instead.")
	case elsewhere && len(j.l.refs(m.before, r.arg("vrfs"))) > 0:
		return m.refuse("namespace", "Cannot move to a different Namespace while associated to VRFs in the current Namespace. Remove all VRFs from this Prefix and descendants before making this change.")
	case !moved && !elsewhere:
		return nil
	}
	if p.Bits() == 0 {
		o.Refs["parent"] = nil
	} else {
		above, _ := p.Addr().Prefix(p.Bits() - 1)
		parent, err := j.closest(o.Type, o.Ref("namespace"), above, o.ID)
		if err != nil {
			return err
		}
		o.setRef("parent", m.closestOfBatch(p, parent))
	}
	if m.before != nil && moved {
		return m.leave(r, p)
	}
	if elsewhere {
		return m.moveBelow(r)
	}
	return nil
}

// closestOfBatch is parent, or a prefix of the same request that holds p more
// closely.
func (m *member) closestOfBatch(p netip.Prefix, parent uuid.UUID) uuid.UUID {
	best := -1
	if o := m.j.l.get(parent); o != nil {
		if held, ok := readPrefix(text(o.Values["prefix"])); ok {
			best = held.Bits()
		}
	}
	for _, other := range m.j.members {
		held, ok := readPrefix(text(other.object.Values["prefix"]))
		if ok && other != m && other.before == nil && other.object.Ref("namespace") == m.object.Ref("namespace") &&
			held.Bits() < p.Bits() && held.Bits() > best && held.Masked().Contains(p.Addr()) {
			parent, best = other.object.ID, held.Bits()
		}
	}
	return parent
}

// relocated reports whether m is a network that stands elsewhere now: its parent
// follows from that, whatever the request gives.
func (m *member) relocated() bool {
	o := m.object
	return o.Type.rule("ip_prefix") != nil &&
		(m.before == nil || o.Values["prefix"] != m.before.Values["prefix"] || o.Ref("namespace") != m.before.Ref("namespace"))
}

// leave judges what a prefix that moves away would leave behind, and hands it to
// the parent that the prefix had.
func (m *member) leave(r *rule, p netip.Prefix) error {
	l, old := m.j.l, m.before.Ref("parent")
	under := l.below(m.object.Ref("parent"), m.object.ID)
	var orphans []string
	for _, path := range []string{"ip_address_ranges", "ip_addresses", "children"} {
		below := l.reached(m.before, path)
		slices.SortFunc(below, func(a, b *Object) int { return addressOf(a).Compare(addressOf(b)) })
		for _, held := range below {
			if p.Contains(addressOf(held)) && p.Contains(endOf(held)) {
				continue
			}
			switch {
			case held.Type.Name == r.arg("ranges"):
				return m.refuse(fault.All, fmt.Sprintf("Cannot modify Prefix: IP Address Range '%s - %s' would no longer be fully contained within this Prefix. Modify or delete the IP Address Range first.",
					held.Values["start_address"], held.Values["end_address"]))
			case old == uuid.Nil && path == "ip_addresses":
				orphans = append(orphans, text(held.Values["host"]))
			case under && path == "children":
				m.hand(held, old)
				last := len(m.also) - 1 // m goes below one of them: they leave before
				m.sooner, m.also = append(m.sooner, m.also[last]), m.also[:last]
			default:
				m.hand(held, old)
			}
		}
	}
	if len(orphans) > 0 {
		return m.refuse(fault.All, fmt.Sprintf("%d existing IP addresses (including %s) would no longer have a valid parent Prefix after this change.", len(orphans), orphans[0]))
	}
	return nil
}

// moveBelow moves all prefixes below m to its new namespace.
func (m *member) moveBelow(r *rule) error {
	rows, err := m.j.tx.Descendants(m.j.ctx, []uuid.UUID{m.object.ID})
	if err != nil {
		return err
	}
	for _, row := range rows {
		m.j.l.meet(-2, row.Descendant)
	}
	for _, row := range rows {
		below := m.j.l.get(row.Descendant)
		if below == nil || row.Depth == 0 {
			continue
		}
		if len(m.j.l.refs(below, r.arg("vrfs"))) > 0 {
			return m.refuse("namespace", "Cannot move to a different Namespace with descendant Prefixes associated to VRFs in the current Namespace. Remove all VRFs from all descendants before making this change.")
		}
		m.alter(below, func(o *Object) { o.setRef("namespace", m.object.Ref("namespace")) })
		m.below = append(m.below, below)
	}
	return nil
}

// hand gives held another parent.
func (m *member) hand(held *Object, parent uuid.UUID) {
	m.alter(held, func(o *Object) { o.setRef("parent", parent) })
}

// adopt hands over to new or moved prefixes what they hold now: their parent's
// prefixes, addresses and ranges within them. It runs once nothing is wrong.
func (m *member) adopt(r *rule) error {
	o := m.object
	p, ok := readPrefix(text(o.Values["prefix"]))
	if !ok || !m.relocated() {
		return nil
	}
	p = p.Masked()
	if m.before != nil && o.Ref("namespace") != m.before.Ref("namespace") {
		return m.mingle(r, p)
	}
	if len(m.j.members) > 1 && m.batchParent() {
		return nil // the stored ones are adopted by the prefix of the batch that is closest
	}
	parent, adopters := o.Ref("parent"), m.adopters()
	held, err := m.stored(o.Type.Name, "within", p, leads{"namespace", o.Ref("namespace")}, leads{"parent", parent})
	if err != nil {
		return err
	}
	if parent != uuid.Nil {
		addresses, err := m.stored(r.arg("addresses"), "prefix", p, leads{"parent", parent})
		if err != nil {
			return err
		}
		held = slices.Concat(held, addresses, m.j.l.reached(m.j.l.get(parent), "ip_address_ranges"))
	}
	for _, h := range held {
		m.handCloser(h, adopters)
	}
	if m.before == nil {
		return m.j.l.err
	}
	for _, path := range []string{"children", "ip_addresses", "ip_address_ranges"} {
		for _, own := range m.j.l.reached(m.before, path) {
			m.handCloser(own, held) // what it held before may belong to what it holds now
		}
	}
	return m.j.l.err
}

// mingle settles what a prefix that comes to another namespace, with all below
// it, finds there within it: each belongs to the closest of the others.
func (m *member) mingle(r *rule, p netip.Prefix) error {
	l, namespace := m.j.l, m.object.Ref("namespace")
	there, err := m.stored(m.object.Type.Name, "within", p, leads{"namespace", namespace})
	if err != nil {
		return err
	}
	held, err := m.stored(r.arg("addresses"), "prefix", p, leads{"parent__namespace", namespace})
	if err != nil {
		return err
	}
	held = append(held, there...)
	for _, holder := range append(slices.Clone(there), l.get(m.object.Ref("parent"))) {
		if holder != nil {
			held = append(held, l.reached(holder, "ip_address_ranges")...)
		}
	}
	came := append([]*Object{m.object}, m.below...)
	for _, h := range held {
		m.handCloser(h, came)
	}
	for _, b := range m.below {
		m.handCloser(b, there)
	}
	return l.err
}

// adopters are m and the new prefixes of the same request.
func (m *member) adopters() []*Object {
	out := []*Object{m.object}
	for _, other := range m.j.members {
		if other != m && other.before == nil && other.object.Ref("namespace") == m.object.Ref("namespace") {
			out = append(out, other.object)
		}
	}
	return out
}

// handCloser hands held to the closest of prefixes that holds it, when that is
// closer than its parent is.
func (m *member) handCloser(held *Object, prefixes []*Object) {
	bits := func(o *Object) int {
		if o == nil {
			return -1
		}
		p, ok := readPrefix(text(o.Values["prefix"]))
		if !ok {
			return 1 << 10
		}
		return p.Bits()
	}
	now := m.j.l.get(held.Ref("parent"))
	if now != nil && now.ID == m.object.ID {
		now = m.object
	}
	own, best, parent := bits(held), bits(now), uuid.Nil
	for _, prefix := range prefixes {
		p, ok := readPrefix(text(prefix.Values["prefix"]))
		if ok && prefix.ID != held.ID && p.Bits() < own && p.Bits() > best && p.Contains(addressOf(held)) && p.Contains(endOf(held)) {
			best, parent = p.Bits(), prefix.ID
		}
	}
	if parent != uuid.Nil {
		m.hand(held, parent)
	}
}

// batchParent reports whether the parent of m is made by the same request.
func (m *member) batchParent() bool {
	for _, other := range m.j.members {
		if other.object.ID == m.object.Ref("parent") && other.before == nil {
			return true
		}
	}
	return false
}

// leads is the condition that a path leads to an object, or to none.
type leads struct {
	path string
	to   uuid.UUID
}

// stored are the objects of a type that a filter finds within p and that lead to
// all of to.
func (m *member) stored(typeName, filter string, p netip.Prefix, to ...leads) ([]*Object, error) {
	j := m.j
	t := j.c.Type(typeName)
	if t == nil {
		return nil, nil
	}
	within := j.c.Schema(t).Field(filter)
	if within == nil {
		return nil, fmt.Errorf("type %s has no filter %s", typeName, filter)
	}
	q := filters.Query{{Field: within, Texts: []string{p.String()}}}
	for _, lead := range to {
		c := filters.Condition{Field: &filters.Field{Name: lead.path, Kind: filters.Reference, Path: j.l.path(t, lead.path).way}, IDs: []uuid.UUID{lead.to}}
		if lead.to == uuid.Nil {
			c = filters.Condition{Field: c.Field, Lookup: filters.IsNull, Truth: true}
		}
		q = append(q, c)
	}
	found, err := j.tx.Find(j.ctx, t, q, 1<<30)
	if err != nil {
		return nil, err
	}
	j.l.meet(-3, found...)
	var out []*Object
	for _, id := range found {
		if o := j.l.get(id); o != nil && id != m.object.ID {
			out = append(out, o)
		}
	}
	return out, j.l.err
}

// deletePrefix hands what a prefix holds to its parent. Addresses and ranges
// that would be left without one stand against it.
func deletePrefix(d *deletion, r *rule, o *Object) error {
	parent := o.Ref("parent")
	for _, path := range []string{"children", "ip_addresses", "ip_address_ranges"} {
		for _, id := range d.l.refs(o, path) {
			if parent == uuid.Nil && path != "children" {
				continue // their reference protects
			}
			d.handed[id] = parent
			d.bound[id] = path != "children" // the parent may go with the same request
		}
	}
	return d.l.err
}
