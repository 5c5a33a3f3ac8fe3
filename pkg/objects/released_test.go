package objects_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestPrimaryAddressGoesWithItsLastAssignment(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.addressed()
		require.NoError(t, w.remove("on0"))
		require.Equal(t, "sw1=ip vm=ip", w.at("primary_ip4", "sw1", "vm"), "another interface has it")
		require.NoError(t, w.remove("e1"))
		require.Equal(t, "sw1=- vm=ip", w.at("primary_ip4", "sw1", "vm"), "the assignment went along with its interface")
		require.NoError(t, w.remove("onv"))
		require.Equal(t, "sw1=- vm=-", w.at("primary_ip4", "sw1", "vm"))
	})
}

func TestDeviceGoesWithItsPrimaryAddress(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.addressed()
		require.NoError(t, w.remove("sw1"))
		require.NoError(t, w.remove("ip"))
		require.Equal(t, "vm=-", w.at("primary_ip4", "vm"))
	})
}

func TestContextsTakeNoAddressByTranslation(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.addressed()
		w.move("sw1", "dcim.device", `{"primary_ip4":"$outside"}`, "")
		_, err := w.create("dcim.virtualdevicecontext", `{"name":"c","device":"$sw1","status":"$vs","primary_ip4":"$outside"}`)
		require.Equal(t, "primary_ip4: 10.0.0.2/24 is not part of an interface that belongs to this VDC's device.", told(err))
	})
}

func TestAssignmentsOfVRFs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.addressed()
		w.make("vrf", "ipam.vrf", `{"name":"v","rd":"1:1","namespace":"$ns"}`)
		w.make("bare", "ipam.vrf", `{"name":"b","namespace":"$ns"}`)
		w.make("vdc", "dcim.virtualdevicecontext", `{"name":"c","device":"$sw1","status":"$vs"}`)
		w.make("within", "dcim.interfacevdcassignment", `{"interface":"$e0","virtual_device_context":"$vdc"}`)
		for name, want := range map[string]string{
			`"vrf":"$vrf","device":"$sw1"`:                    "NS: (v) [sw1] (rd: 1:1, name: v)",
			`"vrf":"$vrf","virtual_device_context":"$vdc"`:    "NS: (v) [c] (rd: 1:1, name: v)",
			`"vrf":"$vrf","virtual_machine":"$vm","rd":"2:2"`: "NS: (v) [vm] (rd: 2:2, name: v)",
			`"vrf":"$bare","device":"$sw1","name":"n"`:        "NS: (b) [sw1] (rd: None, name: n)",
		} {
			w.make(name, "ipam.vrfdeviceassignment", `{`+name+`}`)
			require.Equal(t, want, w.str(name))
		}
		w.move("e0", "dcim.interface", `{"vrf":"$vrf"}`, "")
		for _, name := range []string{`"vrf":"$vrf","device":"$sw1"`, `"vrf":"$vrf","virtual_device_context":"$vdc"`} {
			require.Equal(t, "Unable to delete object. 1 dependent objects were found: e0 ("+w.ids["e0"]+")", told(w.remove(name)))
		}
		require.NoError(t, w.remove(`"vrf":"$vrf","virtual_machine":"$vm","rd":"2:2"`))
	})
}

func TestDevicesInBays(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("both", "dcim.devicetype", `{"manufacturer":"$cisco","model":"Both","u_height":0,"subdevice_role":"parent-child"}`)
		for _, name := range []string{"outer", "inner"} {
			w.make(name, "dcim.device", `{"name":"`+name+`","device_type":"$both","role":"$edge","status":"$active","location":"$paris"}`)
			w.make(name+"-bay", "dcim.devicebay", `{"name":"bay","device":"$`+name+`"}`)
		}
		loop := "__all__: Installing this device would create a loop; it is already an ancestor of this bay's device."
		w.moves([]refusal{
			{"outer", "dcim.device", `{"parent_bay":"$outer-bay"}`, "__all__: Cannot install a device into itself."},
			{"sw1", "dcim.device", `{"parent_bay":"$outer-bay"}`, `installed_device: Cannot install device "sw1"; device-type "C9300" subdevice_role is not "child" or "parent-child".`},
			{"inner", "dcim.device", `{"parent_bay":"$outer-bay"}`, ""},
			{"outer", "dcim.device", `{"parent_bay":"$inner-bay"}`, loop},
			{"inner-bay", "dcim.devicebay", `{"installed_device":"$outer"}`, loop},
		})
		require.Equal(t, "outer-bay=inner inner-bay=-", w.at("installed_device", "outer-bay", "inner-bay"))
	})
}

func TestNamesOfPartsFollowTheirModule(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.towns()
		w.nest()
		w.make("card2", "dcim.moduletype", `{"manufacturer":"$cisco","model":"Card2"}`)
		w.make("tb", "dcim.modulebaytemplate", `{"module_type":"$card2","name":"{module}/x","position":"5"}`)
		w.make("ti", "dcim.interfacetemplate", `{"module_type":"$card2","name":"ge-{module}","type":"1000base-t"}`)
		w.make("loose", "dcim.module", `{"module_type":"$card2","location":"$A","status":"$ms"}`)
		w.move("slot", "dcim.modulebay", `{"position":"3"}`, "")
		w.make("near", "dcim.interface", `{"name":"n{module}","module":"$outer","type":"1000base-t","status":"$ms"}`)
		w.make("far", "dcim.interface", `{"name":"f{module.parent}/{module}","module":"$inner","type":"1000base-t","status":"$ms"}`)
		w.make("taken", "dcim.interface", `{"name":"t2","module":"$outer","type":"1000base-t","status":"$ms"}`)
		w.make("third", "dcim.modulebay", `{"parent_device":"$sw2","name":"3","position":"9"}`)

		require.Equal(t, "n{module}", w.load("near").Values["name"], "only a move fills it")
		w.move("outer", "dcim.module", `{"parent_module_bay":"$bay2"}`, "")
		require.Equal(t, "n2", w.str("near"))
		require.Equal(t, "f2/3", w.str("far"))
		w.move("outer", "dcim.module", `{"parent_module_bay":"$bay1"}`, "")
		require.Equal(t, "n2", w.str("near"), "what is filled stays")

		w.move("near", "dcim.interface", `{"name":"t{module}"}`, "")
		w.move("outer", "dcim.module", `{"parent_module_bay":"$bay2"}`, "__all__: Interface with this Module and Name already exists.")

		w.move("loose", "dcim.module", `{"parent_module_bay":"$third","location":null}`, "")
		require.Contains(t, w.all("dcim.interface"), "ge-9")
		require.Contains(t, w.all("dcim.modulebay"), "{module}/x", "bays keep their names")
	})
}

func TestModulesWithoutSerialOrTag(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.towns()
		w.nest()
		for _, name := range []string{"a", "b"} {
			w.make(name, "dcim.module", `{"module_type":"$card","location":"$A","status":"$ms","serial":"","asset_tag":""}`)
			require.Nil(t, w.load(name).Values["asset_tag"])
			require.Nil(t, w.load(name).Values["serial"])
		}
		w.make("card2", "dcim.moduletype", `{"manufacturer":"$cisco","model":"Card2"}`)
		w.make("c", "dcim.module", `{"module_type":"$card2","location":"$A","status":"$ms","serial":"s"}`)
		w.move("a", "dcim.module", `{"serial":"s"}`, "")
		w.move("c", "dcim.module", `{"module_type":"$card"}`, "__all__: Module with this Module type and Serial number already exists.")
		w.move("c", "dcim.module", `{"module_type":"$card","serial":"s"}`, "non_field_errors: The fields module_type, serial must make a unique set.")
		w.move("outer", "dcim.module", `{"location":"$A"}`, "__all__: Only one of location or parent_module_bay must be set")
		w.move("outer", "dcim.module", `{"location":"$A","parent_module_bay":"$bay1"}`, "non_field_errors: Only one of parent_module_bay or location must be set")
	})
}
