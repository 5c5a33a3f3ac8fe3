package objects_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// stage is what the texts below are provoked on: name, type, body.
const stage = `
all extras.status {"name":"All","content_types":["dcim.device","dcim.location","dcim.rack","dcim.interface","ipam.vlan","ipam.prefix","ipam.ipaddress","ipam.vrf","circuits.circuit","virtualization.virtualmachine","virtualization.vminterface","dcim.module","dcim.powerfeed","dcim.controller","dcim.softwareversion","dcim.softwareimagefile","dcim.virtualdevicecontext","dcim.cable","extras.contactassociation","load_balancers.loadbalancerpoolmember","vpn.vpntunnel","vpn.vpn"]}
role extras.role {"name":"R","content_types":["dcim.device","extras.contactassociation"]}
bare dcim.locationtype {"name":"Bare"}
region dcim.locationtype {"name":"Region","nestable":true}
site dcim.locationtype {"name":"Site","parent":"$region","content_types":["dcim.device","dcim.rack","dcim.rackgroup","ipam.vlan","ipam.vlangroup","dcim.module","dcim.powerpanel","dcim.controller","circuits.circuittermination","virtualization.cluster"]}
room dcim.locationtype {"name":"Room","parent":"$site","nestable":true,"content_types":["dcim.rack","dcim.device"]}
nowhere dcim.location {"name":"Nowhere","location_type":"$bare","status":"$all"}
france dcim.location {"name":"France","location_type":"$region","status":"$all"}
paris dcim.location {"name":"Paris","location_type":"$site","status":"$all","parent":"$france"}
lyon dcim.location {"name":"Lyon","location_type":"$site","status":"$all","parent":"$france"}
cisco dcim.manufacturer {"name":"Cisco"}
juniper dcim.manufacturer {"name":"Juniper"}
c9300 dcim.devicetype {"manufacturer":"$cisco","model":"C9300"}
zero dcim.devicetype {"manufacturer":"$cisco","model":"Zero","u_height":0}
parenttype dcim.devicetype {"manufacturer":"$cisco","model":"Chassis","subdevice_role":"parent"}
childtype dcim.devicetype {"manufacturer":"$cisco","model":"Blade","subdevice_role":"child","u_height":0}
rg dcim.rackgroup {"name":"RG1","location":"$paris"}
r1 dcim.rack {"name":"R1","location":"$paris","status":"$all"}
r2 dcim.rack {"name":"R2","location":"$lyon","status":"$all"}
vc dcim.virtualchassis {"name":"VC1"}
sw1 dcim.device {"name":"sw1","device_type":"$c9300","role":"$role","status":"$all","location":"$paris"}
sw2 dcim.device {"name":"sw2","device_type":"$c9300","role":"$role","status":"$all","location":"$paris"}
racked dcim.device {"name":"racked","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","rack":"$r1","position":10,"face":"front"}
blade dcim.device {"name":"blade","device_type":"$childtype","role":"$role","status":"$all","location":"$paris"}
chassis dcim.device {"name":"chassis","device_type":"$parenttype","role":"$role","status":"$all","location":"$paris"}
junos dcim.platform {"name":"junos","manufacturer":"$juniper"}
junos1 dcim.softwareversion {"platform":"$junos","version":"1","status":"$all"}
e0 dcim.interface {"name":"e0","type":"1000base-t","device":"$sw1","status":"$all"}
po1 dcim.interface {"name":"po1","type":"lag","device":"$sw1","status":"$all"}
v0 dcim.interface {"name":"v0","type":"virtual","device":"$sw2","status":"$all"}
e2 dcim.interface {"name":"e2","type":"1000base-t","device":"$sw2","status":"$all"}
vlan ipam.vlan {"name":"lyon","vid":20,"status":"$all","location":"$lyon"}
global ipam.vlan {"name":"global","vid":21,"status":"$all"}
vrf ipam.vrf {"name":"vrf"}
pp dcim.powerport {"name":"pp","device":"$sw1"}
rp dcim.rearport {"name":"rp","type":"lc","device":"$sw1","positions":2}
mf dcim.modulefamily {"name":"MF"}
mt dcim.moduletype {"manufacturer":"$cisco","model":"MT"}
bay dcim.modulebay {"name":"bay","parent_device":"$sw1","module_family":"$mf"}
bay2 dcim.modulebay {"name":"bay2","parent_device":"$sw1"}
mod dcim.module {"module_type":"$mt","parent_module_bay":"$bay2","status":"$all","serial":"S1"}
tpp dcim.powerporttemplate {"name":"t0","label":"LT","device_type":"$c9300"}
trp dcim.rearporttemplate {"name":"t0","label":"LT","type":"lc","device_type":"$c9300"}
panel dcim.powerpanel {"name":"P1","location":"$paris"}
feed dcim.powerfeed {"name":"F1","power_panel":"$panel","status":"$all"}
ctrl dcim.controller {"name":"C1","location":"$paris","status":"$all","controller_device":"$sw1"}
ctrl2 dcim.controller {"name":"C2","location":"$paris","status":"$all"}
cg dcim.controllermanageddevicegroup {"name":"CG","controller":"$ctrl"}
vdc dcim.virtualdevicecontext {"name":"VDC","device":"$sw1","status":"$all","identifier":1}
ns ipam.namespace {"name":"NS"}
p8 ipam.prefix {"prefix":"10.0.0.0/8","namespace":"$ns","status":"$all"}
p6 ipam.prefix {"prefix":"2001:db8::/32","namespace":"$ns","status":"$all"}
ip4 ipam.ipaddress {"address":"10.1.0.9/24","namespace":"$ns","status":"$all"}
ip6 ipam.ipaddress {"address":"2001:db8::1/64","namespace":"$ns","status":"$all"}
vg ipam.vlangroup {"name":"VG","range":"10-20,30"}
prov circuits.provider {"name":"Telia"}
ct circuits.circuittype {"name":"MPLS"}
circ circuits.circuit {"cid":"C1","provider":"$prov","circuit_type":"$ct","status":"$all"}
pn circuits.providernetwork {"name":"PN","provider":"$prov"}
clt virtualization.clustertype {"name":"CLT"}
cl virtualization.cluster {"name":"CL","cluster_type":"$clt","location":"$lyon"}
vm virtualization.virtualmachine {"name":"vm","cluster":"$cl","status":"$all"}
crt cloud.cloudresourcetype {"name":"VPC","provider":"$cisco","content_types":["cloud.cloudnetwork"],"config_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}
acc cloud.cloudaccount {"name":"acc","provider":"$cisco","account_number":"1"}
net cloud.cloudnetwork {"name":"net","cloud_resource_type":"$crt","cloud_account":"$acc","extra_config":{"a":1}}
sub cloud.cloudnetwork {"name":"sub","cloud_resource_type":"$crt","cloud_account":"$acc","extra_config":{"a":1},"parent":"$net"}
contact extras.contact {"name":"Ann"}
team extras.team {"name":"T"}
vpn vpn.vpn {"name":"V","service_type":"vpws"}
ep vpn.vpntunnelendpoint {"source_interface":"$e0"}
schema extras.configcontextschema {"name":"S","data_schema":{"type":"object","properties":{"a":{"type":"integer"}}}}
`

// texts are bodies and what is told of them: a type for a new object, a name
// for a change; the body; the answer ("" when it is good).
const texts = `
dcim.cable {"status":"$all","length":5} __all__: Must specify a unit when setting a cable length
dcim.consoleport {"name":"x"} __all__: Either device or module must be set
dcim.consoleport {"name":"x","device":"$sw2","module":"$mod"} non_field_errors: module is installed in a different device
dcim.powerport {"name":"x","device":"$sw1","maximum_draw":10,"allocated_draw":20} allocated_draw: Allocated draw cannot exceed the maximum draw (10W).
dcim.poweroutlet {"name":"x","device":"$sw2","power_port":"$pp"} __all__: Parent power port (pp) must belong to the same device
dcim.frontport {"name":"x","type":"lc","device":"$sw2","rear_port":"$rp","rear_port_position":1} rear_port: Rear port (rp) must belong to the same device
dcim.frontport {"name":"x","type":"lc","device":"$sw1","rear_port":"$rp","rear_port_position":3} rear_port_position: Invalid rear port position (3): Rear port rp has only 2 positions
dcim.interfacetemplate {"name":"x","type":"1000base-t"} __all__: Either device_type or module_type must be set
dcim.interfacetemplate {"name":"x","type":"1000base-t","device_type":"$c9300","module_type":"$mt"} non_field_errors: Only one of device_type or module_type must be set
dcim.interfacetemplate {"name":"x","type":"lag","device_type":"$c9300","speed":5} speed: Speed is not applicable to this interface type.
dcim.poweroutlettemplate {"name":"x","device_type":"$zero","power_port_template":"$tpp"} __all__: Parent power port (t0 (LT)) must belong to the same device type
dcim.frontporttemplate {"name":"x","type":"lc","device_type":"$zero","rear_port_template":"$trp","rear_port_position":1} __all__: Rear port (t0 (LT)) must belong to the same device type
dcim.frontporttemplate {"name":"x","type":"lc","device_type":"$c9300","rear_port_template":"$trp","rear_port_position":2} __all__: Invalid rear port position (2); rear port t0 has only 1 positions
dcim.devicebaytemplate {"name":"x","device_type":"$c9300"} __all__: Subdevice role of device type (C9300) must be set to "parent" or "parent-child" to allow device bays.
dcim.devicebay {"name":"x","device":"$sw1"} __all__: This type of device (C9300) does not support device bays.
dcim.devicebay {"name":"x","device":"$chassis","installed_device":"$chassis"} __all__: Cannot install a device into itself.
dcim.devicebay {"name":"x","device":"$chassis","installed_device":"$sw1"} installed_device: Cannot install device "sw1"; device-type "C9300" subdevice_role is not "child" or "parent-child".
dcim.modulebay {"name":"x"} __all__: Either parent_device or parent_module must be set
dcim.modulebay {"name":"x","parent_device":"$sw2","parent_module":"$mod"} non_field_errors: parent_module is installed in a different parent_device
dcim.module {"module_type":"$mt","status":"$all"} __all__: One of location or parent_module_bay must be set
dcim.module {"module_type":"$mt","status":"$all","location":"$paris","parent_module_bay":"$bay"} non_field_errors: Only one of parent_module_bay or location must be set
dcim.module {"module_type":"$mt","status":"$all","location":"$nowhere"} location: Modules may not associate to locations of type "Bare".
dcim.module {"module_type":"$mt","status":"$all","parent_module_bay":"$bay"} module_type: The selected module bay requires a module type in the family MF, but the selected module type is not assigned to a family.
dcim.module {"module_type":"$mt","status":"$all","parent_module_bay":"$bay2"} parent_module_bay: module with this parent module bay already exists.
dcim.module {"module_type":"$mt","status":"$all","location":"$paris","serial":"S1"} non_field_errors: The fields module_type, serial must make a unique set.
vc {"master":"$sw2"} master: The selected master (sw2) is not assigned to this virtual chassis.
vdc {"device":"$sw2"} non_field_errors: Changing the device of a VirtualDeviceContext is not allowed.
vdc {"primary_ip4":"$ip4"} primary_ip4: 10.1.0.9/24 is not part of an interface that belongs to this VDC's device.
dcim.controller {"name":"x","location":"$nowhere","status":"$all"} location: Controllers may not associate to locations of type "Bare".
dcim.controllermanageddevicegroup {"name":"x","controller":"$ctrl2","parent":"$cg"} controller: Controller device group must have the same controller as the parent group.
dcim.powerpanel {"name":"x","location":"$lyon","rack_group":"$rg"} rack_group: Rack group "RG1" belongs to a location ("Paris") that does not contain "Lyon".
dcim.powerfeed {"name":"x","power_panel":"$panel","status":"$all","rack":"$r2"} rack: Rack "R2" (Lyon) and power panel "P1" (Paris) are not in the same location hierarchy.
dcim.powerfeed {"name":"x","power_panel":"$panel","status":"$all","voltage":-5} voltage: Voltage cannot be negative for AC supply
dcim.powerfeed {"name":"x","power_panel":"$panel","status":"$all","voltage":0} voltage: This value may not be 0.
dcim.powerfeed {"name":"x","power_panel":"$panel","status":"$all","destination_panel":"$panel"} destination_panel: A power feed cannot connect a panel to itself
dcim.rackgroup {"name":"x","location":"$nowhere"} location: Rack groups may not associate to locations of type "Bare".
dcim.rackgroup {"name":"x","location":"$lyon","parent":"$rg"} location: Location "Lyon" is not descended from parent rack group "RG1" location "Paris".
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$nowhere"} location: Devices may not associate to locations of type "Bare".
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","rack":"$r2"} rack: Rack "R2" does not belong to location "Paris" and its descendants.
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","face":"front"} face: Cannot select a rack face without assigning a rack.
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","position":5} position: Cannot select a rack position without assigning a rack.
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","rack":"$r1","position":5} face: Must specify rack face when defining rack position.
dcim.device {"name":"x","device_type":"$zero","role":"$role","status":"$all","location":"$paris","rack":"$r1","position":5,"face":"front"} position: A U0 device type (Zero) cannot be assigned to a rack position.
dcim.device {"name":"x","device_type":"$childtype","role":"$role","status":"$all","location":"$paris","rack":"$r1","face":"front"} face: Child device types cannot be assigned to a rack face. This is an attribute of the parent device.
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","rack":"$r1","position":10,"face":"front"} non_field_errors: The position and face is already occupied on this rack. The fields rack, position, face must make a unique set.
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","rack":"$r1","position":10,"face":"rear"} position: U10 is already occupied or does not have sufficient space to accommodate this device type: C9300 (1U)
dcim.device {"name":"x","device_type":"$c9300","role":"$role","status":"$all","location":"$paris","rack":"$r1","position":43,"face":"rear"} position: U43 is already occupied or does not have sufficient space to accommodate this device type: C9300 (1U)
sw1 {"primary_ip4":"$ip6"} primary_ip4: 2001:db8::1/64 is not an IPv4 address.
sw1 {"primary_ip6":"$ip4"} primary_ip6: 10.1.0.9/24 is not an IPv6 address.
sw1 {"primary_ip4":"$ip4"} primary_ip4: The specified IP address (10.1.0.9/24) is not assigned to this device.
sw1 {"platform":"$junos"} platform: The assigned platform is limited to Juniper device types, but this device's type belongs to Cisco.
sw1 {"virtual_chassis":"$vc"} vc_position: A device assigned to a virtual chassis must have its position defined.
sw1 {"device_redundancy_group_priority":5} device_redundancy_group_priority: Must assign a redundancy group when defining a redundancy group priority.
sw1 {"local_config_context_data":[1]} local_config_context_data: JSON data must be in object form. Example: {"foo": 123}
sw1 {"local_config_context_schema":"$schema"} local_config_context_schema: Local config context data must exist for a schema to be applied.
sw1 {"local_config_context_schema":"$schema","local_config_context_data":{"a":"x"}} local_config_context_data: Validation using the JSON Schema S failed. 'x' is not of type 'integer'
dcim.interface {"name":"x","type":"1000base-t","status":"$all"} __all__: Either device or module must be set
dcim.interface {"name":"e0","type":"1000base-t","status":"$all","device":"$sw1"} non_field_errors: The fields device, name must make a unique set.
e2 {"name":"v0"} __all__: A interface by this name already exists on sw2
e0 {"tagged_vlans":["$vlan"],"mode":"tagged"} tagged_vlans: VLAN lyon (20) must have the same location as the interface's parent device, or is in one of the parents of the interface's parent device's location, or it must be global.
e0 {"tagged_vlans":["$global"]} tagged_vlans: Mode must be set to tagged when specifying tagged_vlans
e0 {"untagged_vlan":"$global"} untagged_vlan: Mode must be set when specifying untagged_vlan
e0 {"untagged_vlan":"$vlan","mode":"access"} untagged_vlan: The untagged VLAN (lyon (20)) must have a common location as the interface's parent device, or is in one of the parents of the interface's parent device's location, or it must be global.
e0 {"vrf":"$vrf"} vrf: VRF must be assigned to same Device.
e0 {"lag":"$e0"} lag: A LAG interface cannot be its own parent.
e2 {"lag":"$po1"} lag: The selected LAG interface (po1) belongs to a different device (sw1).
v0 {"port_type":"lc"} port_type: Virtual and wireless interfaces cannot have a port type.
e0 {"parent_interface":"$e0"} parent_interface: An interface cannot be its own parent.
e0 {"parent_interface":"$po1"} parent_interface: Only virtual interfaces may be assigned to a parent interface.
v0 {"parent_interface":"$e0"} parent_interface: The selected parent interface (e0) belongs to a different device (sw1).
e0 {"breakout_position":1} breakout_position: A breakout position can only be set on an interface that has a parent interface.
e0 {"bridge":"$e0"} bridge: An interface cannot be bridged to itself.
e2 {"bridge":"$e0"} bridge: The selected bridge interface (e0) belongs to a different device (sw1).
po1 {"speed":5} speed: Speed is not applicable to this interface type.
po1 {"duplex":"full"} duplex: Duplex is not applicable to this interface type.
paris {"location_type":"$room"} location_type: Changing the type of an existing Location (from Site to Room in this case) is not permitted.
nowhere {"parent":"$paris"} parent: A Location of type Bare must not have a parent Location.
france {"parent":"$paris"} __all__: A node cannot be made a descendant of itself.
dcim.location {"name":"x","location_type":"$region","status":"$all","parent":"$paris"} parent: A Location of type Region may only have a Location of the same type as its parent.
dcim.location {"name":"x","location_type":"$site","status":"$all"} parent: A Location of type Site must have a parent Location.
dcim.location {"name":"x","location_type":"$site","status":"$all","parent":"$paris"} parent: A Location of type Site can only have a Location of type Region as its parent.
dcim.location {"name":"x","location_type":"$room","status":"$all","parent":"$france"} parent: A Location of type Room can only have a Location of the same type or of type Site as its parent.
dcim.locationtype {"name":"Rack Groups"} name: This name is reserved for future use.
site {"parent":null} parent: This LocationType currently has Locations using it, therefore its parent cannot be changed at this time.
dcim.rack {"name":"x","location":"$lyon","status":"$all","rack_group":"$rg"} rack_group: The assigned rack group "RG1" belongs to a location ("Paris") that does not include location "Lyon".
dcim.rack {"name":"x","location":"$nowhere","status":"$all"} location: Racks may not associate to locations of type "Bare".
dcim.rack {"name":"x","location":"$paris","status":"$all","outer_width":5} __all__: Must specify a unit when setting an outer width/depth
r1 {"u_height":5} u_height: Rack must be at least 10U tall to house currently installed devices.
c9300 {"u_height":40} u_height: Device racked in rack R1 does not have sufficient space to accommodate a height of 40U
dcim.devicetype {"manufacturer":"$cisco","model":"x","subdevice_role":"child"} u_height: Child device types must be 0U.
ipam.vlan {"name":"x","vid":15,"status":"$all","vlan_group":"$vg"}
ipam.vlan {"name":"y","vid":25,"status":"$all","vlan_group":"$vg"} vid: VLAN ID is not contained in VLAN Group range (10-20,30)
vg {"range":"20-30"} range: VLAN group range may not be re-sized due to existing VLANs (IDs: 15).
ipam.vlangroup {"name":"x","location":"$nowhere"} location: VLAN groups may not associate to locations of type "Bare".
ipam.service {"name":"x","ports":[80],"protocol":"tcp"} __all__: A service must be associated with either a device or a virtual machine.
ipam.service {"name":"x","ports":[80],"protocol":"tcp","device":"$sw1","virtual_machine":"$vm"} __all__: A service cannot be associated with both a device and a virtual machine.
ipam.service {"name":"x","ports":[80],"device":"$sw1"} protocol: This field cannot be blank.
circuits.circuittermination {"circuit":"$circ","term_side":"A"} __all__: A circuit termination must attach to a location, a provider network or a cloud network.
circuits.circuittermination {"circuit":"$circ","term_side":"A","location":"$paris","provider_network":"$pn"} __all__: A circuit termination cannot attach to both a location and a provider network.
circuits.circuittermination {"circuit":"$circ","term_side":"A","location":"$nowhere"} location: Circuit terminations may not associate to locations of type "Bare"
circuits.circuit {"cid":"x","provider":"$prov","circuit_type":"$ct","status":"$all","commit_rate":-1} commit_rate: Ensure this value is greater than or equal to 0.
cloud.cloudnetwork {"name":"x","cloud_resource_type":"$crt","cloud_account":"$acc","extra_config":{"a":"x"}} extra_config: Validation according to CloudResourceType VPC config_schema failed. 'x' is not of type 'integer'
cloud.cloudnetwork {"name":"x","cloud_resource_type":"$crt","cloud_account":"$acc","extra_config":{},"parent":"$sub"} parent: A CloudNetwork may not be the child of a CloudNetwork that itself has a parent.
cloud.cloudservice {"name":"x","cloud_resource_type":"$crt","cloud_account":"$acc"} cloud_resource_type: Related object not found using the provided attributes: {'pk': UUID('$crt;')}
virtualization.cluster {"name":"x","cluster_type":"$clt","location":"$nowhere"} location: Clusters may not associate to locations of type "Bare".
virtualization.virtualmachine {"name":"vm","cluster":"$cl","status":"$all"} name: A virtual machine with this name already exists in the assigned cluster.
vm {"primary_ip4":"$ip4"} primary_ip4: The specified IP address (10.1.0.9/24) is not assigned to this virtual machine.
virtualization.vminterface {"name":"x","virtual_machine":"$vm","status":"$all","untagged_vlan":"$global"} untagged_vlan: Mode must be set when specifying untagged_vlan
extras.contact {"name":"Ann"} non_field_errors: The fields name, phone, email must make a unique set.
extras.contactassociation {"associated_object_type":"dcim.device","associated_object_id":"$sw1","role":"$role","status":"$all"} __all__: Either a contact or a team must be specified
extras.contactassociation {"associated_object_type":"dcim.device","associated_object_id":"$sw1","role":"$role","status":"$all","contact":"$contact","team":"$team"} __all__: A contact and a team cannot be both specified at once
extras.contactassociation {"associated_object_type":"dcim.rack","associated_object_id":"$sw1","role":"$role","status":"$all","contact":"$contact"} associated_object_id: Object not found
extras.jobqueue {"name":"a..b","queue_type":"celery"} name: Job queue name cannot contain '..', please use a different name.
extras.gitrepository {"name":"class","remote_url":"https://example.com/x.git"} slug: Please choose a different slug; 'class' is a reserved keyword
extras.gitrepository {"name":"x","remote_url":"https://example.com/x.git","branch":"a b"} branch: Invalid branch 'a b': must not contain whitespace
extras.secret {"name":"x","provider":"nope","parameters":{"a":1}} provider: No registered provider "nope" is available
extras.secret {"name":"x","provider":"text-file","parameters":{"path":"a"}} __all__: Path must be an absolute path, not a relative one
extras.secret {"name":"x","provider":"environment-variable","parameters":"a"} parameters: This must be an object: the name of each parameter and its value.
dcim.softwareimagefile {"software_version":"$junos1","status":"$all","image_file_name":"a","image_file_size":9223372036854775807}
dcim.softwareimagefile {"software_version":"$junos1","status":"$all","image_file_name":"b","image_file_size":9223372036854775808} image_file_size: Ensure this value is less than or equal to 9223372036854775807.
extras.configcontext {"name":"c","data":{}} data: This field cannot be blank.
extras.configcontext {"name":"c","data":5} data: JSON data must be in object form. Example: {"foo": 123}
extras.configcontext {"name":"c","data":{"a":"x"},"config_context_schema":"$schema"} data: Validation using the JSON Schema S failed. 'x' is not of type 'integer'
extras.configcontext {"name":"c","data":{"a":1},"config_context_schema":"$schema","roles":["$role"]}
extras.configcontextschema {"name":"r","data_schema":{"type":"object","properties":{"a":{"$ref":"#/nope"}}}} data_schema: json-pointer in "#/nope" not found
data_validation.minmaxvalidationrule {"name":"x","content_type":"dcim.rack","field":"u_height"} __all__: At least a minimum or maximum value must be specified.
data_validation.minmaxvalidationrule {"name":"x","content_type":"dcim.rack","field":"u_height","min":5,"max":1} min: Minimum value cannot be more than the maximum value.; max: Maximum value cannot be less than the minimum value.
data_validation.minmaxvalidationrule {"name":"x","content_type":"dcim.manufacturer","field":"zz","min":5} field: Not a valid field for content type dcim.manufacturer.
data_validation.regularexpressionvalidationrule {"name":"x","content_type":"dcim.manufacturer","field":"name","regular_expression":"("} __all__: ( is not a valid regular expression.
vpn.vpn {"name":"x","service_type":"vxlan"} vpn_id: Identifier is required for VXLAN-based VPN services.
vpn.vpn {"name":"x","service_type":"vxlan","vpn_id":"a"} vpn_id: Identifier must be a numeric VNI for VXLAN-based VPN services.
vpn.vpn {"name":"x","service_type":"vxlan","vpn_id":"16777215"} vpn_id: VNI must be between 1 and 16777214.
vpn.vpntermination {"vpn":"$vpn"} __all__: Exactly one of vlan, interface, or vm_interface must be set.
vpn.vpntunnelendpoint {} __all__: Source Interface or Source IP Address or Source FQDN Is required.
vpn.vpntunnelendpoint {"source_interface":"$e0"} source_interface: VPN Tunnel Endpoint with this Source Interface already exists.
vpn.vpntunnelendpoint {"source_fqdn":"a.b","source_ipaddress":"$ip4"} __all__: Source IP Address and Source FQDN are mutually exclusive fields. Select only one.
`

func TestTexts(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		objects.OnRuleTrouble(func(err error) { t.Error(err) })
		defer objects.OnRuleTrouble(nil)
		require.NoError(t, w.service.EnsureDefaults(t.Context(), s))
		types := map[string]string{}
		for _, line := range strings.Split(strings.TrimSpace(stage), "\n") {
			name, rest, _ := strings.Cut(line, " ")
			typeName, body, _ := strings.Cut(rest, " ")
			types[name] = typeName
			w.make(name, typeName, body)
		}
		for _, line := range strings.Split(strings.TrimSpace(texts), "\n") {
			subject, rest, _ := strings.Cut(line, " ")
			body, want := bodyOf(rest)
			t.Run(subject+" "+want, func(t *testing.T) {
				var err error
				if typeName, stored := types[subject]; stored {
					_, err = w.change(subject, typeName, body)
				} else {
					_, err = w.create(subject, body)
				}
				require.Equal(t, w.body(want), told(err), body)
			})
		}
	})
}

// bodyOf cuts a line after its JSON object.
func bodyOf(line string) (body, rest string) {
	depth, quoted := 0, false
	for i, r := range line {
		switch {
		case r == '"':
			quoted = !quoted
		case quoted:
		case r == '{':
			depth++
		case r == '}':
			if depth--; depth == 0 {
				return line[:i+1], strings.TrimSpace(line[i+1:])
			}
		}
	}
	return line, ""
}
