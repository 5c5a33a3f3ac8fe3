package objects_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestRackGroupsTakeAllAlong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.towns()
		device := func(name, more string) {
			w.make(name, "dcim.device", `{"name":"`+name+`","role":"$edge","status":"$active",`+more+`}`)
		}
		w.make("g", "dcim.rackgroup", `{"name":"g","location":"$A"}`)
		w.make("h", "dcim.rackgroup", `{"name":"h","location":"$A1","parent":"$g"}`)
		w.make("p", "dcim.powerpanel", `{"name":"p","location":"$A1","rack_group":"$h"}`)
		w.make("r", "dcim.rack", `{"name":"r","location":"$A","rack_group":"$g","status":"$active"}`)
		w.make("q", "dcim.rack", `{"name":"q","location":"$A1","rack_group":"$h","status":"$active"}`)
		w.make("chassis", "dcim.devicetype", `{"manufacturer":"$cisco","model":"Chassis","subdevice_role":"parent"}`)
		w.make("blade", "dcim.devicetype", `{"manufacturer":"$cisco","model":"Blade","subdevice_role":"child","u_height":0}`)
		device("d", `"device_type":"$chassis","location":"$A1","rack":"$q"`)
		device("b", `"device_type":"$blade","location":"$A1"`)
		device("e", `"device_type":"$c9300","location":"$A","rack":"$q"`)
		w.make("bay", "dcim.devicebay", `{"name":"bay","device":"$d","installed_device":"$b"}`)
		where := func(want string) {
			t.Helper()
			require.Equal(t, want, w.at("location", "g", "h", "p", "r", "q", "d", "b", "e"))
		}
		move := func(name, to, want string) {
			t.Helper()
			w.move(name, map[string]string{"g": "dcim.rackgroup", "h": "dcim.rackgroup", "q": "dcim.rack"}[name], `{"location":"$`+to+`"}`, want)
		}

		w.move("q", "dcim.rack", `{"description":"a rack takes its devices home whenever it is written"}`, "")
		where("g=A h=A1 p=A1 r=A q=A1 d=A1 b=A1 e=A1")
		move("g", "B", "")
		where("g=B h=B p=B r=B q=B d=B b=B e=B")
		require.Equal(t, "b=q", w.at("rack", "b"), "the blade follows its chassis into the rack")
		move("h", "B1", "")
		where("g=B h=B1 p=B1 r=B q=B1 d=B1 b=B1 e=B1")
		move("g", "A", "")
		where("g=A h=A p=A r=A q=A d=A b=A e=A")
		move("h", "A1", "")
		move("g", "A1", "")
		where("g=A1 h=A1 p=A1 r=A1 q=A1 d=A1 b=A1 e=A1")
		move("g", "A", "")
		where("g=A h=A1 p=A1 r=A1 q=A1 d=A1 b=A1 e=A1")

		move("g", "G", `location: Racks may not associate to locations of type "Groups".`)
		w.move("r", "dcim.rack", `{"rack_group":null}`, "")
		move("g", "R", `location: Power panels may not associate to locations of type "Racks".`)
		w.move("p", "dcim.powerpanel", `{"rack_group":null}`, "")
		move("g", "R", `location: Devices may not associate to locations of type "Racks".`)
		w.make("namesake", "dcim.rackgroup", `{"name":"h","location":"$B"}`)
		move("g", "B", "non_field_errors: The fields location, name must make a unique set.")
		device("e2", `"device_type":"$c9300","location":"$B1"`)
		w.move("e2", "dcim.device", `{"name":"e"}`, "")
		w.move("q", "dcim.rack", `{"location":"$B1","rack_group":null}`, "__all__: A device named 'e' with no tenant already exists in this location: B1. Device names must be unique when tenant is None and DEVICE_UNIQUENESS='location_tenant_name'.")
		where("g=A h=A1 p=A1 r=A1 q=A1 d=A1 b=A1 e=A1")
	})
}

func TestGroupsFollowTheController(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.towns()
		w.make("cs", "extras.status", `{"name":"C","content_types":["dcim.controller"]}`)
		w.make("one", "dcim.controller", `{"name":"one","location":"$A","status":"$cs"}`)
		w.make("two", "dcim.controller", `{"name":"two","location":"$A","status":"$cs"}`)
		w.make("g", "dcim.controllermanageddevicegroup", `{"name":"g","controller":"$one"}`)
		w.make("h", "dcim.controllermanageddevicegroup", `{"name":"h","controller":"$one","parent":"$g"}`)
		w.make("i", "dcim.controllermanageddevicegroup", `{"name":"i","controller":"$one","parent":"$h"}`)
		before := w.load("i").LastUpdated
		w.move("g", "dcim.controllermanageddevicegroup", `{"controller":"$two"}`, "")
		require.Equal(t, "g=two h=two i=two", w.at("controller", "g", "h", "i"))
		require.True(t, w.load("i").LastUpdated.After(before), "who follows was written")
		w.move("h", "dcim.controllermanageddevicegroup", `{"controller":"$one"}`, "controller: Controller device group must have the same controller as the parent group.")
		w.move("h", "dcim.controllermanageddevicegroup", `{"controller":"$one","parent":null}`, "")
		require.Equal(t, "g=two h=one i=one", w.at("controller", "g", "h", "i"))
	})
}

func TestModulesTakeTheirPartsAlong(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.towns()
		w.nest()
		parts := []string{}
		for _, part := range []string{"consoleport", "consoleserverport", "powerport", "poweroutlet", "interface", "rearport", "frontport"} {
			for _, module := range []string{"outer", "inner"} {
				more := map[string]string{"interface": `,"type":"1000base-t","status":"$ms"`, "rearport": `,"type":"8p8c"`,
					"frontport": `,"type":"8p8c","rear_port":"$` + module + `-rearport","rear_port_position":1`}[part]
				name := module + "-" + part
				w.make(name, "dcim."+part, `{"name":"x","module":"$`+module+`"`+more+`}`)
				parts = append(parts, name)
			}
		}
		where := func(want string) {
			t.Helper()
			for _, part := range parts {
				require.Equal(t, part+"="+want, w.at("device", part))
			}
			require.Equal(t, "slot="+want+" hole="+want, w.at("parent_device", "slot", "hole"))
		}
		where("sw1")
		w.move("outer", "dcim.module", `{"parent_module_bay":"$bay2"}`, "")
		where("sw2")
		require.Equal(t, "sw2 (hole)", w.str("hole"), "what is called after the device, too")
		w.move("outer", "dcim.module", `{"parent_module_bay":null,"location":"$A"}`, "")
		where("-")
		w.move("outer", "dcim.module", `{"parent_module_bay":"$bay1","location":null}`, "")
		where("sw1")
		w.move("bay1", "dcim.modulebay", `{"parent_device":"$sw2"}`, "")
		where("sw1")
		w.move("outer-powerport", "dcim.powerport", `{"label":"l"}`, "__all__: Module's assigned device differs (device) from the root device: device")
		w.move("outer-powerport", "dcim.powerport", `{"device":"$sw1","module":"$outer"}`, "non_field_errors: module is installed in a different device")
		w.move("slot", "dcim.modulebay", `{"label":"l"}`, "__all__: module bay.parent_device differs from the parent_module's nested device: device")
	})
}

func TestNothingStandsInsideItself(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.towns()
		w.nest()
		w.moves([]refusal{
			{"outer", "dcim.module", `{"parent_module_bay":"$hole"}`, "parent_module_bay: A module cannot be installed in one of its own bays."},
			{"inner", "dcim.module", `{"parent_module_bay":"$hole"}`, "parent_module_bay: A module cannot be installed in one of its own bays."},
			{"slot", "dcim.modulebay", `{"parent_module":"$inner"}`, "parent_module: A module bay cannot be a part of the module that is installed in it."},
			{"bay1", "dcim.modulebay", `{"parent_module":"$inner"}`, "parent_module: A module bay cannot be a part of the module that is installed in it."},
			{"A", "dcim.location", `{"parent":"$A1"}`, "__all__: A node cannot be made a descendant of itself."},
			{"any", "dcim.locationtype", `{"parent":"$any"}`, "__all__: A node cannot be made a descendant of itself."},
		})
	})
}

func TestChassisWithLinksAcross(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		device := func(name string) {
			w.make(name, "dcim.device", `{"name":"`+name+`","role":"$edge","status":"$active","device_type":"$c9300","location":"$paris"}`)
		}
		device("one")
		device("two")
		w.make("vc", "dcim.virtualchassis", `{"name":"vc","master":"$one"}`)
		w.move("two", "dcim.device", `{"virtual_chassis":"$vc","vc_position":2}`, "")
		w.make("po", "dcim.interface", `{"name":"po","device":"$one","type":"lag","status":"$active"}`)
		w.make("near", "dcim.interface", `{"name":"near","device":"$one","type":"1000base-t","status":"$active","lag":"$po"}`)
		w.make("far", "dcim.interface", `{"name":"far","device":"$two","type":"1000base-t","status":"$active","lag":"$po"}`)
		require.Equal(t, "Unable to delete object. 1 dependent objects were found: far ("+w.ids["far"]+")", told(w.remove("vc")))
		require.Contains(t, told(w.remove("one")), "1 dependent objects were found: vc")
		w.move("far", "dcim.interface", `{"lag":null}`, "")
		require.NoError(t, w.remove("vc"))
		require.Equal(t, "one=- two=-", w.at("virtual_chassis", "one", "two"))
	})
}

// What a unique set of a changed object is told by: by hand once the request
// names the holder, else by the model.
func TestUniqueSetsOfAPatch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.towns()
		w.nest()
		w.make("port", "dcim.powerport", `{"name":"p","device":"$sw1"}`)
		w.make("away", "dcim.powerport", `{"name":"p","device":"$sw2"}`)
		w.make("other", "dcim.powerport", `{"name":"o","device":"$sw1"}`)
		w.make("mine", "dcim.powerport", `{"name":"p","module":"$outer"}`)
		w.make("next", "dcim.powerport", `{"name":"n","module":"$outer"}`)
		w.make("c9400", "dcim.devicetype", `{"manufacturer":"$cisco","model":"C9400"}`)
		w.make("t1", "dcim.powerporttemplate", `{"name":"t","device_type":"$c9300"}`)
		w.make("t2", "dcim.powerporttemplate", `{"name":"t","device_type":"$c9400"}`)
		w.make("t3", "dcim.powerporttemplate", `{"name":"t","module_type":"$card"}`)
		w.make("rg", "dcim.rackgroup", `{"name":"rg","location":"$A"}`)
		w.make("r1", "dcim.rack", `{"name":"r","facility_id":"f","location":"$A","status":"$active","rack_group":"$rg"}`)
		w.make("r2", "dcim.rack", `{"name":"r","facility_id":"f","location":"$A","status":"$active"}`)
		w.make("vg", "ipam.vlangroup", `{"name":"vg"}`)
		w.make("v1", "ipam.vlan", `{"vid":1,"name":"v","status":"$active","vlan_group":"$vg"}`)
		w.make("v2", "ipam.vlan", `{"vid":1,"name":"v","status":"$active"}`)
		w.moves([]refusal{
			{"away", "dcim.powerport", `{"device":"$sw1"}`, "non_field_errors: The fields device, name must make a unique set."},
			{"other", "dcim.powerport", `{"name":"p"}`, "__all__: A power port by this name already exists on sw1"},
			{"next", "dcim.powerport", `{"name":"p"}`, "__all__: Power port with this Module and Name already exists."},
			{"away", "dcim.powerport", `{"module":"$outer"}`, "non_field_errors: The fields module, name must make a unique set."},
			{"away", "dcim.powerport", `{"module":"$outer","name":"m"}`, "__all__: Module's assigned device differs (device) from the root device: device"},
			{"t2", "dcim.powerporttemplate", `{"device_type":"$c9300"}`, "non_field_errors: The fields device_type, name must make a unique set."},
			{"t2", "dcim.powerporttemplate", `{"module_type":"$card"}`, "non_field_errors: The fields module_type, name must make a unique set."},
			{"t2", "dcim.powerporttemplate", `{"module_type":"$card","name":"u"}`, "__all__: Only one of device_type or module_type must be set"},
			{"r2", "dcim.rack", `{"rack_group":"$rg"}`, "non_field_errors: The fields rack_group, name must make a unique set."},
			{"r2", "dcim.rack", `{"rack_group":"$rg","facility_id":"f"}`, "non_field_errors: The fields rack_group, name must make a unique set."},
			{"r2", "dcim.rack", `{"rack_group":"$rg","name":"s"}`, "__all__: Rack with this Rack group and Facility ID already exists."},
			{"v2", "ipam.vlan", `{"vlan_group":"$vg"}`, "non_field_errors: The fields vlan_group, vid must make a unique set."},
			{"v2", "ipam.vlan", `{"vlan_group":"$vg","vid":2}`, "non_field_errors: The fields vlan_group, name must make a unique set."},
		})
		w.move("slot", "dcim.modulebay", `{"label":"l"}`, "")
		require.Equal(t, "slot", w.load("slot").Values["position"], "a change fills an empty position")
		w.move("slot", "dcim.modulebay", `{"position":""}`, "")
		require.Equal(t, "", w.load("slot").Values["position"], "unless it is what was asked for")
	})
}
