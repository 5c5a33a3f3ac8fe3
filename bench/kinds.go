package main

import (
	"fmt"

	"github.com/google/uuid"
)

// planned is a kind before its type is looked up.
type planned struct {
	name  string
	count int
	make  func(n int) (values, refs)
}

// How many there are of what the five types refer to.
const (
	statuses      = 8
	roles         = 100
	regions       = 20
	locations     = 300 // regions included
	tenants       = 60
	manufacturers = 10
	deviceTypes   = 40
	providers     = 25
	circuitTypes  = 6
)

// linked are the types that take part.
var linked = []string{"dcim.device", "ipam.vlan", "circuits.circuit", "dcim.interface", "dcim.rack"}

// plannedKinds are all kinds, an object's targets before it.
func (inv *inventory) plannedKinds() []planned {
	types := make([]any, len(linked))
	for i, name := range linked {
		types[i] = name
	}
	named := func(prefix string, more values) func(int) (values, refs) {
		return func(n int) (values, refs) {
			v := values{"name": fmt.Sprintf("Bench %s %d", prefix, n)}
			for key, value := range more {
				v[key] = value
			}
			return v, refs{}
		}
	}
	return []planned{
		{"extras.status", statuses, named("status", values{"content_types": append([]any{"dcim.location"}, types...)})},
		{"extras.role", roles, named("role", values{"content_types": types, "weight": 1000})},
		{"dcim.locationtype", 2, inv.locationType},
		{"dcim.location", locations, inv.location},
		{"tenancy.tenant", tenants, named("tenant", nil)},
		{"dcim.manufacturer", manufacturers, named("manufacturer", nil)},
		{"dcim.devicetype", deviceTypes, inv.deviceType},
		{"circuits.provider", providers, named("provider", values{"account": "1234"})},
		{"circuits.circuittype", circuitTypes, named("circuit type", nil)},
		{"dcim.device", inv.each, inv.device},
		{"ipam.vlan", inv.each, inv.vlan},
		{"circuits.circuit", inv.each, inv.circuit},
		{"dcim.interface", inv.each, inv.iface},
		{"dcim.rack", inv.each, inv.rack},
	}
}

func (inv *inventory) locationType(n int) (values, refs) {
	if n == 0 {
		return values{"name": "Bench region"}, refs{}
	}
	return values{"name": "Bench site", "content_types": []any{"dcim.device", "dcim.rack", "ipam.vlan"}},
		refs{"parent": one("dcim.locationtype", 0)}
}

func (inv *inventory) location(n int) (values, refs) {
	v := values{"name": fmt.Sprintf("Bench location %d", n), "facility": fmt.Sprintf("DC%d", n%9)}
	r := refs{"location_type": one("dcim.locationtype", 1), "status": inv.status(n, statuses)}
	if n < regions {
		r["location_type"] = one("dcim.locationtype", 0)
	} else {
		r["parent"] = one("dcim.location", n%regions)
	}
	return v, r
}

func (inv *inventory) deviceType(n int) (values, refs) {
	return values{"model": fmt.Sprintf("Bench model %d", n), "part_number": fmt.Sprintf("BM-%d", n), "u_height": 1 + n%4},
		refs{"manufacturer": one("dcim.manufacturer", n%manufacturers)}
}

// one is a reference to the n-th object of a type.
func one(kind string, n int) []uuid.UUID { return []uuid.UUID{id(kind, n)} }

// status is one of the first most statuses.
func (inv *inventory) status(n, most int) []uuid.UUID {
	return one("extras.status", inv.pick(1, n, most))
}

// site is a location that may hold things.
func (inv *inventory) site(n int) []uuid.UUID {
	return one("dcim.location", regions+inv.pick(2, n, locations-regions))
}

func (inv *inventory) tenant(n int) []uuid.UUID {
	return one("tenancy.tenant", inv.pick(3, n, tenants))
}
func (inv *inventory) role(n int) []uuid.UUID { return one("extras.role", inv.pick(4, n, roles)) }

func (inv *inventory) device(n int) (values, refs) {
	return values{
			"name": fmt.Sprintf("bench-sw%08d", n), "serial": fmt.Sprintf("SN%012x", inv.random(5, n)>>16),
			"asset_tag": fmt.Sprintf("bench-%d", n), "vc_priority": nil,
			"comments": fmt.Sprintf("Installed by team %d, maintenance window %d.", n%17, n%6),
		}, refs{
			"device_type": one("dcim.devicetype", inv.pick(6, n, deviceTypes)), "status": inv.status(n, 3),
			"role": inv.role(n), "tenant": inv.tenant(n), "location": inv.site(n),
		}
}

func (inv *inventory) vlan(n int) (values, refs) {
	return values{"vid": 1 + n%4094, "name": fmt.Sprintf("bench-vlan%08d", n), "description": fmt.Sprintf("Customer segment %d on floor %d", inv.pick(7, n, 9999), n%30)},
		refs{"status": inv.status(n, 3), "role": inv.role(n), "tenant": inv.tenant(n)}
}

func (inv *inventory) circuit(n int) (values, refs) {
	return values{
			"cid": fmt.Sprintf("BENCH-%08d", n), "install_date": fmt.Sprintf("20%02d-%02d-%02d", 10+n%16, 1+n%12, 1+n%28),
			"commit_rate": 1000 * (1 + n%100), "description": fmt.Sprintf("Link %d", n),
		}, refs{
			"status": inv.status(n, 3), "tenant": inv.tenant(n),
			"provider": one("circuits.provider", n%providers), "circuit_type": one("circuits.circuittype", n%circuitTypes),
		}
}

func (inv *inventory) iface(n int) (values, refs) {
	return values{
			"name": fmt.Sprintf("Ethernet%08d", n), "type": "1000base-t", "mac_address": fmt.Sprintf("02:00:%02X:%02X:%02X:%02X", n>>24&255, n>>16&255, n>>8&255, n&255),
			"mtu": 9000, "description": fmt.Sprintf("to patch panel %d", inv.pick(8, n, 999)), "mode": "access",
		}, refs{
			"device": one("dcim.device", n), "status": inv.status(n, 3),
		}
}

func (inv *inventory) rack(n int) (values, refs) {
	return values{
			"name": fmt.Sprintf("bench-rack%08d", n), "type": "4-post-cabinet", "serial": fmt.Sprintf("RK%010x", inv.random(9, n)>>24),
			"u_height": 42 + n%6, "comments": fmt.Sprintf("Row %d, cage %d", n%40, n%11),
		}, refs{
			"status": inv.status(n, 3), "role": inv.role(n), "location": inv.site(n), "tenant": inv.tenant(n),
		}
}
