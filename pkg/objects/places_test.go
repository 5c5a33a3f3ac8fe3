package objects_test

import (
	"strings"
)

// basics makes what most tests need.
func (w *world) basics() {
	w.t.Helper()
	w.make("active", "extras.status", `{"name":"E Active","content_types":["dcim.device","dcim.location","dcim.rack","dcim.interface","ipam.vlan","ipam.prefix","ipam.ipaddress","circuits.circuit","virtualization.virtualmachine"]}`)
	w.make("site", "dcim.locationtype", `{"name":"E Site","nestable":true,"content_types":["dcim.device","dcim.rack","ipam.vlan","dcim.rackgroup"]}`)
	w.make("paris", "dcim.location", `{"name":"Paris","location_type":"$site","status":"$active"}`)
	w.make("cisco", "dcim.manufacturer", `{"name":"Cisco"}`)
	w.make("c9300", "dcim.devicetype", `{"manufacturer":"$cisco","model":"C9300"}`)
	w.make("edge", "extras.role", `{"name":"E Edge","content_types":["dcim.device","ipam.vlan"]}`)
	w.make("sw1", "dcim.device", `{"name":"sw1","device_type":"$c9300","role":"$edge","status":"$active","location":"$paris"}`)
}

// places makes a second town and a type of location that takes nothing.
func (w *world) places() {
	w.t.Helper()
	w.make("bare", "dcim.locationtype", `{"name":"Bare"}`)
	w.make("lyon", "dcim.location", `{"name":"Lyon","location_type":"$site","status":"$active"}`)
	w.make("field", "dcim.location", `{"name":"Field","location_type":"$bare","status":"$active"}`)
}

// towns are two places below one, each with a place inside, and one for racks
// and one for groups of them alone.
func (w *world) towns() {
	w.t.Helper()
	w.make("any", "dcim.locationtype", `{"name":"Any","nestable":true,"content_types":["dcim.device","dcim.rack","dcim.rackgroup","dcim.powerpanel","dcim.module","dcim.controller"]}`)
	w.make("racks", "dcim.locationtype", `{"name":"Racks","content_types":["dcim.rack","dcim.rackgroup"]}`)
	w.make("groups", "dcim.locationtype", `{"name":"Groups","content_types":["dcim.rackgroup"]}`)
	for _, place := range []string{"A", "A1:A", "B", "B1:B"} {
		name, parent, below := strings.Cut(place, ":")
		body := `{"name":"` + name + `","location_type":"$any","status":"$active"}`
		if below {
			body = strings.Replace(body, "{", `{"parent":"$`+parent+`",`, 1)
		}
		w.make(name, "dcim.location", body)
	}
	w.make("R", "dcim.location", `{"name":"R","location_type":"$racks","status":"$active"}`)
	w.make("G", "dcim.location", `{"name":"G","location_type":"$groups","status":"$active"}`)
}

// nest puts a module with a bay of its own, and one in that, into a device.
func (w *world) nest() {
	w.t.Helper()
	w.make("ms", "extras.status", `{"name":"M","content_types":["dcim.module","dcim.interface"]}`)
	w.make("card", "dcim.moduletype", `{"manufacturer":"$cisco","model":"Card"}`)
	w.make("sw2", "dcim.device", `{"name":"sw2","device_type":"$c9300","role":"$edge","status":"$active","location":"$A"}`)
	w.make("bay1", "dcim.modulebay", `{"parent_device":"$sw1","name":"1","position":"1"}`)
	w.make("bay2", "dcim.modulebay", `{"parent_device":"$sw2","name":"2","position":"2"}`)
	w.make("outer", "dcim.module", `{"module_type":"$card","parent_module_bay":"$bay1","status":"$ms"}`)
	w.make("slot", "dcim.modulebay", `{"parent_module":"$outer","name":"slot"}`)
	w.make("inner", "dcim.module", `{"module_type":"$card","parent_module_bay":"$slot","status":"$ms"}`)
	w.make("hole", "dcim.modulebay", `{"parent_module":"$inner","name":"hole"}`)
}

// addressed puts an address on two interfaces of sw1 and on one of a machine,
// and makes it the primary one of both.
func (w *world) addressed() {
	w.t.Helper()
	w.make("vs", "extras.status", `{"name":"V","content_types":["dcim.virtualdevicecontext","virtualization.vminterface","ipam.vrf"]}`)
	w.make("ns", "ipam.namespace", `{"name":"NS"}`)
	w.make("net", "ipam.prefix", `{"prefix":"10.0.0.0/8","namespace":"$ns","status":"$active"}`)
	w.make("ip", "ipam.ipaddress", `{"address":"10.0.0.1/24","namespace":"$ns","status":"$active"}`)
	w.make("outside", "ipam.ipaddress", `{"address":"10.0.0.2/24","namespace":"$ns","status":"$active","nat_inside":"$ip"}`)
	w.make("e0", "dcim.interface", `{"name":"e0","device":"$sw1","type":"1000base-t","status":"$active"}`)
	w.make("e1", "dcim.interface", `{"name":"e1","device":"$sw1","type":"1000base-t","status":"$active"}`)
	w.make("ct", "virtualization.clustertype", `{"name":"CT"}`)
	w.make("cluster", "virtualization.cluster", `{"name":"C","cluster_type":"$ct"}`)
	w.make("vm", "virtualization.virtualmachine", `{"name":"vm","cluster":"$cluster","status":"$active"}`)
	w.make("v0", "virtualization.vminterface", `{"name":"v0","virtual_machine":"$vm","status":"$vs"}`)
	w.make("on0", "ipam.ipaddresstointerface", `{"ip_address":"$ip","interface":"$e0"}`)
	w.make("on1", "ipam.ipaddresstointerface", `{"ip_address":"$ip","interface":"$e1"}`)
	w.make("onv", "ipam.ipaddresstointerface", `{"ip_address":"$ip","vm_interface":"$v0"}`)
	w.move("sw1", "dcim.device", `{"primary_ip4":"$ip"}`, "")
	w.move("vm", "virtualization.virtualmachine", `{"primary_ip4":"$ip"}`, "")
}
