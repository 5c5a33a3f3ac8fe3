package objects

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

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

// leave judges what a prefix that moves away would leave behind, and hands it to
// the parent that the prefix had.
func (m *member) leave(r *rule, p netip.Prefix) error {
	l, old := m.j.l, m.before.Ref("parent")
	var orphans []string
	ranges := m.j.c.Type(r.arg("ranges"))
	for _, path := range []string{"ip_address_ranges", "ip_addresses", "children"} {
		below := l.reached(m.before, path)
		slices.SortFunc(below, func(a, b *Object) int { return addressOf(a).Compare(addressOf(b)) })
		for _, held := range below {
			if p.Contains(addressOf(held)) && (ranges == nil || held.Type.Name != ranges.Name || p.Contains(endOf(held))) {
				continue
			}
			switch {
			case ranges != nil && held.Type.Name == ranges.Name:
				return m.refuse(fault.All, fmt.Sprintf("Cannot modify Prefix: IP Address Range '%s - %s' would no longer be fully contained within this Prefix. Modify or delete the IP Address Range first.",
					held.Values["start_address"], held.Values["end_address"]))
			case old == uuid.Nil && path == "ip_addresses":
				orphans = append(orphans, text(held.Values["host"]))
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
	if m.before != nil && o.Values["prefix"] == m.before.Values["prefix"] && o.Ref("namespace") == m.before.Ref("namespace") {
		return nil
	}
	p, ok := readPrefix(text(o.Values["prefix"]))
	if !ok {
		return nil
	}
	if len(m.j.members) > 1 && m.batchParent() {
		return nil // the stored ones are adopted by the prefix of the batch that is closest
	}
	from := []struct{ typ, field, filter string }{{o.Type.Name, "parent", "within"}}
	if o.Ref("parent") != uuid.Nil {
		from = append(from, struct{ typ, field, filter string }{r.arg("addresses"), "parent", "prefix"})
	}
	for _, f := range from {
		if err := m.adoptFrom(f.typ, f.field, f.filter, p.Masked()); err != nil {
			return err
		}
	}
	return nil
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

// adoptFrom makes m, or the closest prefix of its batch, the parent of the
// objects of a type that stand below its parent and within p.
func (m *member) adoptFrom(typeName, field, filter string, p netip.Prefix) error {
	j, o := m.j, m.object
	t := j.c.Type(typeName)
	if t == nil {
		return nil
	}
	within := j.c.Schema(t).Field(filter)
	if within == nil {
		return fmt.Errorf("type %s has no filter %s", typeName, filter)
	}
	way := func(name string) *filters.Field {
		f := t.Field(name)
		return &filters.Field{Name: name, Kind: filters.Reference, Path: filters.Path{Hops: []filters.Hop{{Field: f.ID}}}}
	}
	q := filters.Query{{Field: within, Texts: []string{p.String()}}}
	if parent := o.Ref("parent"); parent != uuid.Nil {
		q = append(q, filters.Condition{Field: way(field), IDs: []uuid.UUID{parent}})
	} else {
		q = append(q, filters.Condition{Field: way("namespace"), IDs: []uuid.UUID{o.Ref("namespace")}},
			filters.Condition{Field: way(field), Lookup: filters.IsNull, Truth: true})
	}
	found, err := j.tx.Find(j.ctx, t, q, 1<<30)
	if err != nil {
		return err
	}
	j.l.meet(-3, found...)
	for _, id := range found {
		held := j.l.get(id)
		if held == nil || id == o.ID {
			continue
		}
		parent := o.ID
		if network, ok := readPrefix(text(held.Values["prefix"]) + text(held.Values["address"])); ok {
			parent = m.closestAdopter(network)
		}
		m.hand(held, parent)
	}
	return nil
}

// closestAdopter is m, or a new prefix of the same request within m that holds p
// more closely.
func (m *member) closestAdopter(p netip.Prefix) uuid.UUID {
	if p.Addr().IsValid() && strings.Contains(p.String(), "/") && len(m.j.members) == 1 {
		return m.object.ID
	}
	own, _ := readPrefix(text(m.object.Values["prefix"]))
	best, id := own.Bits(), m.object.ID
	for _, other := range m.j.members {
		held, ok := readPrefix(text(other.object.Values["prefix"]))
		if ok && other != m && other.before == nil && other.object.Ref("namespace") == m.object.Ref("namespace") &&
			held.Bits() > best && held.Bits() < p.Bits() && held.Masked().Contains(p.Addr()) {
			best, id = held.Bits(), other.object.ID
		}
	}
	return id
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
		}
	}
	return d.l.err
}
