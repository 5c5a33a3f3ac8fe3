package objects_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestRulesOfRacks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.places()
		w.make("rg", "dcim.rackgroup", `{"name":"RG1","location":"$paris"}`)
		w.make("r1", "dcim.rack", `{"name":"R1","facility_id":"F1","location":"$paris","status":"$active","rack_group":"$rg"}`)
		w.make("flat", "dcim.devicetype", `{"manufacturer":"$cisco","model":"Flat","u_height":2,"is_full_depth":false}`)
		w.make("zero", "dcim.devicetype", `{"manufacturer":"$cisco","model":"Zero","u_height":0}`)
		device := func(more string) string {
			return `{"name":"x","device_type":"$c9300","role":"$edge","status":"$active","location":"$paris",` + more + `}`
		}
		w.make("d10", "dcim.device", `{"name":"d10","device_type":"$c9300","role":"$edge","status":"$active","location":"$paris","rack":"$r1","position":10,"face":"front"}`)
		w.refused([]refusal{
			{"rack of another place", "dcim.rack", `{"name":"R3","location":"$lyon","status":"$active","rack_group":"$rg"}`, `rack_group: The assigned rack group "RG1" belongs to a location ("Paris") that does not include location "Lyon".`},
			{"place that takes none", "dcim.rack", `{"name":"R3","location":"$field","status":"$active"}`, `location: Racks may not associate to locations of type "Bare".`},
			{"face without rack", "dcim.device", device(`"face":"front"`), "face: Cannot select a rack face without assigning a rack."},
			{"position without rack", "dcim.device", device(`"position":3`), "position: Cannot select a rack position without assigning a rack."},
			{"flat type in a position", "dcim.device", `{"name":"x","device_type":"$zero","role":"$edge","status":"$active","location":"$paris","rack":"$r1","position":3,"face":"front"}`, "position: A U0 device type (Zero) cannot be assigned to a rack position."},
			{"taken from the other side", "dcim.device", device(`"rack":"$r1","position":10,"face":"rear"`), "position: U10 is already occupied or does not have sufficient space to accommodate this device type: C9300 (1U)"},
			{"taken, same face", "dcim.device", device(`"rack":"$r1","position":10,"face":"front"`), "non_field_errors: The position and face is already occupied on this rack. The fields rack, position, face must make a unique set."},
			{"above the rack", "dcim.device", device(`"rack":"$r1","position":43,"face":"front"`), "position: U43 is already occupied or does not have sufficient space to accommodate this device type: C9300 (1U)"},
		})
		_, err := w.change("r1", "dcim.rack", `{"u_height":9}`)
		require.Equal(t, "u_height: Rack must be at least 10U tall to house currently installed devices.", told(err))
		_, err = w.change("c9300", "dcim.devicetype", `{"u_height":40}`)
		require.Equal(t, "u_height: Device d10 in rack R1 (F1) does not have sufficient space to accommodate a height of 40U", told(err))
		w.make("front", "dcim.device", `{"name":"front","device_type":"$flat","role":"$edge","status":"$active","location":"$paris","rack":"$r1","position":1,"face":"front"}`)
		w.make("rear", "dcim.device", `{"name":"rear","device_type":"$flat","role":"$edge","status":"$active","location":"$paris","rack":"$r1","position":1,"face":"rear"}`)
		w.move("flat", "dcim.devicetype", `{"is_full_depth":true}`, "u_height: Device front in rack R1 (F1) does not have sufficient space to accommodate a height of 2U")
		_, err = w.change("r1", "dcim.rack", `{"location":"$lyon","rack_group":null}`)
		require.NoError(t, err)
		require.Equal(t, w.ids["lyon"], w.load("d10").Ref("location").String(), "devices follow their rack")
	})
}

func TestRulesOfVLANs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.places()
		w.make("vg", "ipam.vlangroup", `{"name":"VG","range":"30,10-14,15-20"}`)
		require.Equal(t, "10-20,30", w.load("vg").Values["range"])
		w.make("all", "ipam.vlangroup", `{"name":"All","range":"1-4094"}`)
		w.make("v15", "ipam.vlan", `{"vid":15,"name":"v15","status":"$active","vlan_group":"$vg"}`)
		w.make("vl", "ipam.vlan", `{"vid":20,"name":"lyon","status":"$active","location":"$lyon"}`)
		w.refused([]refusal{
			{"outside the range", "ipam.vlan", `{"vid":25,"name":"v","status":"$active","vlan_group":"$vg"}`, "vid: VLAN ID is not contained in VLAN Group range (10-20,30)"},
			{"place that takes none", "ipam.vlan", `{"vid":25,"name":"v","status":"$active","location":"$field"}`, "locations: VLANs may not associate to Locations of types ['Bare']."},
			{"range that is none", "ipam.vlangroup", `{"name":"x","range":"1-5000"}`, "range: Invalid value. Specify a range value between 1-4094"},
			{"range from 0", "ipam.vlangroup", `{"name":"x","range":"0-9"}`, "range: Invalid value. Specify a range value between 1-4094"},
			{"range to 4095", "ipam.vlangroup", `{"name":"x","range":"1,4095"}`, "range: Invalid value. Specify a range value between 1-4094"},
			{"tagged without mode", "dcim.interface", `{"name":"i","type":"1000base-t","status":"$active","device":"$sw1","tagged_vlans":["$v15"]}`, "tagged_vlans: Mode must be set to tagged when specifying tagged_vlans"},
			{"tagged elsewhere", "dcim.interface", `{"name":"i","type":"1000base-t","status":"$active","device":"$sw1","mode":"tagged","tagged_vlans":["$vl"]}`, "tagged_vlans: VLAN lyon (20) must have the same location as the interface's parent device, or is in one of the parents of the interface's parent device's location, or it must be global."},
			{"untagged elsewhere", "dcim.interface", `{"name":"i","type":"1000base-t","status":"$active","device":"$sw1","mode":"access","untagged_vlan":"$vl"}`, "untagged_vlan: The untagged VLAN (lyon (20)) must have a common location as the interface's parent device, or is in one of the parents of the interface's parent device's location, or it must be global."},
		})
		_, err := w.change("vg", "ipam.vlangroup", `{"range":"10-14"}`)
		require.Equal(t, "range: VLAN group range may not be re-sized due to existing VLANs (IDs: 15).", told(err))
	})
}

func TestRulesOfJSON(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("s", "extras.configcontextschema", `{"name":"S","data_schema":{"type":"object","properties":{"a":{"type":["integer","null"],"minimum":1,"maximum":5},"b":{"enum":["x","y"]},"c":{"type":"string","minLength":2,"pattern":"^a"},"d":{"type":"array","maxItems":1,"uniqueItems":true},"e":{"anyOf":[{"type":"string"},{"type":"integer"}]}},"additionalProperties":false}}`)
		const failed = "local_config_context_data: Validation using the JSON Schema S failed. "
		for value, want := range map[string]string{
			`{"a":"x"}`: "'x' is not of type 'integer', 'null'", `{"a":0}`: "0 is less than the minimum of 1", `{"a":9}`: "9 is greater than the maximum of 5",
			`{"b":"z"}`: "'z' is not one of ['x', 'y']", `{"c":"a"}`: "'a' is too short", `{"c":"bb"}`: "'bb' does not match '^a'",
			`{"d":[1,2]}`: "[1, 2] is too long", `{"e":[]}`: "[] is not valid under any of the given schemas", `{"z":1}`: "Additional properties are not allowed ('z' was unexpected)",
		} {
			_, err := w.change("sw1", "dcim.device", `{"local_config_context_schema":"$s","local_config_context_data":`+value+`}`)
			require.Equal(t, failed+want, told(err), value)
		}
		_, err := w.change("sw1", "dcim.device", `{"local_config_context_schema":"$s","local_config_context_data":{"a":3}}`)
		require.NoError(t, err)
		_, err = w.change("sw1", "dcim.device", `{"local_config_context_data":[1]}`)
		require.Equal(t, `local_config_context_data: JSON data must be in object form. Example: {"foo": 123}`, told(err))
		w.make("seven", "extras.configcontextschema", `{"name":"Seven","data_schema":{"type":"object","properties":{"a":{"$ref":"#/definitions/n","minimum":10}},"definitions":{"n":{"type":"integer"}}}}`)
		_, err = w.change("sw1", "dcim.device", `{"local_config_context_schema":"$seven","local_config_context_data":{"a":5}}`)
		require.NoError(t, err, "in draft 7 nothing counts beside $ref")
		const form = "data_schema: Nautobot only supports context data in the form of an object and thus the JSON schema must be of type object and specify a set of properties."
		w.refused([]refusal{
			{"no properties", "extras.configcontextschema", `{"name":"x","data_schema":{"type":"object"}}`, form},
			{"no schema", "extras.configcontextschema", `{"name":"x","data_schema":[1]}`, "data_schema: [1] is not of type 'object', 'boolean'"},
		})
	})
}

func TestCables(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("connected", "extras.status", `{"name":"Connected","content_types":["dcim.cable"]}`)
		w.make("planned", "extras.status", `{"name":"Planned","content_types":["dcim.cable"]}`)
		for _, name := range []string{"a", "b", "c", "d"} {
			w.make(name, "dcim.interface", `{"name":"`+name+`","type":"1000base-t","status":"$active","device":"$sw1"}`)
		}
		w.make("v", "dcim.interface", `{"name":"v","type":"virtual","status":"$active","device":"$sw1"}`)
		w.make("pp", "dcim.powerport", `{"name":"pp","device":"$sw1"}`)
		for _, name := range []string{"r1", "r2"} {
			w.make(name, "dcim.rearport", `{"name":"`+name+`","type":"8p8c","device":"$sw1","positions":2}`)
			w.make(name+"f", "dcim.frontport", `{"name":"`+name+`f","type":"8p8c","device":"$sw1","rear_port":"$`+name+`","rear_port_position":2}`)
		}
		cable := func(typeA, a, typeB, b string) string {
			return `{"status":"$connected","termination_a_type":"dcim.` + typeA + `","termination_a_id":"$` + a + `","terminations":{"b1":{"object_type":"dcim.` + typeB + `","id":"$` + b + `"}}}`
		}
		w.refused([]refusal{
			{"virtual", "dcim.cable", cable("interface", "v", "interface", "b"), "terminations.a.1.__all__: Cables cannot be terminated to Virtual interfaces"},
			{"types that do not fit", "dcim.cable", cable("interface", "a", "powerport", "pp"), "terminations.b.1.__all__: Incompatible termination types: powerport and interface"},
			{"own rear port", "dcim.cable", cable("frontport", "r1f", "rearport", "r1"), "terminations.b.1.__all__: A front port cannot be connected to its corresponding rear port"},
			{"to itself", "dcim.cable", cable("interface", "a", "interface", "a"), "terminations.b.1.interface: cable to cable termination with this interface already exists."},
			{"no such connector", "dcim.cable", `{"status":"$connected","terminations":{"b9":{"object_type":"dcim.interface","id":"$a"}}}`, "terminations.b.9.connector: Connector 9 is outside the valid range (1..1) for the B-side of this cable."},
			{"bad key", "dcim.cable", `{"status":"$connected","terminations":{"q":null}}`, "terminations.q: Key must be a side ('a'/'b') followed by a connector number, e.g. 'a1'."},
			{"no end of cables", "dcim.cable", `{"status":"$connected","terminations":{"a1":{"object_type":"dcim.device","id":"$sw1"}}}`, "terminations.a1.object_type: dcim.device is not a valid cable termination type."},
			{"length without unit", "dcim.cable", `{"status":"$connected","length":5}`, "__all__: Must specify a unit when setting a cable length"},
		})
		w.make("left", "dcim.cable", cable("interface", "a", "frontport", "r1f"))
		require.Equal(t, []any{nil, false}, w.endpoint("a"), "the path ends at the panel")
		w.make("right", "dcim.cable", cable("interface", "b", "frontport", "r2f"))
		w.make("trunk", "dcim.cable", cable("rearport", "r1", "rearport", "r2"))
		require.Equal(t, []any{"b", true}, w.endpoint("a"), "through both panels")
		require.Equal(t, []any{"a", true}, w.endpoint("b"))
		_, err := w.change("trunk", "dcim.cable", `{"status":"$planned"}`)
		require.NoError(t, err)
		require.Equal(t, []any{"b", false}, w.endpoint("a"))
		require.NoError(t, w.remove("r2f"))
		require.Equal(t, []any{nil, false}, w.endpoint("a"))
		require.Equal(t, []any{nil, false}, w.endpoint("b"))
		require.NoError(t, w.remove("left"))
		require.Equal(t, []any{}, w.endpoint("a"), "no cable, no path")
		_, err = w.create("dcim.cable", cable("interface", "b", "interface", "c"))
		require.Equal(t, "terminations.a.1.interface: cable to cable termination with this interface already exists.", told(err))
		w.make("plain", "dcim.cable", cable("interface", "a", "interface", "c"))
		_, err = w.change("plain", "dcim.cable", `{"terminations":{"a1":{"object_type":"dcim.interface","id":"$c"},"b1":null}}`)
		require.Equal(t, "terminations.a.1.interface: cable to cable termination with this interface already exists.", told(err))
		_, err = w.change("plain", "dcim.cable", `{"terminations":{"b1":{"object_type":"dcim.interface","id":"$d"}}}`)
		require.NoError(t, err)
		require.Equal(t, []any{"d", true}, w.endpoint("a"))
		require.Equal(t, []any{}, w.endpoint("c"))
		_, err = w.change("a", "dcim.interface", `{"type":"virtual"}`)
		require.Equal(t, "type: Virtual and wireless interfaces cannot be connected to another interface or circuit. Disconnect the interface or choose a suitable type.", told(err))
	})
}

// endpoint is where the path from an interface leads, and whether it works;
// empty when there is no path.
func (w *world) endpoint(name string) []any {
	w.t.Helper()
	ctx := w.t.Context()
	f := w.typ("dcim.cablepath").Field("origin")
	links, err := w.store.Holders(ctx, ids(w.load(name).ID), []int32{f.ID})
	require.NoError(w.t, err)
	if len(links) == 0 {
		return []any{}
	}
	rows, err := w.store.Stored(ctx, ids(links[0].Holder))
	require.NoError(w.t, err)
	path, err := w.registry.Catalogue(ctx).Object(rows[0])
	require.NoError(w.t, err)
	var end any
	if id := path.Ref("destination").String(); len(path.Refs["destination"]) > 0 {
		for other, known := range w.ids {
			if known == id {
				end = other
			}
		}
	}
	return []any{end, path.Values["is_active"]}
}

func TestLaneMappings(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.make("bo", "dcim.cabletype", `{"name":"bo","a_connectors":1,"b_connectors":4,"total_lanes":4}`)
		require.Len(t, w.load("bo").Values["mapping"], 4)
		kind := func(mapping string) string {
			return `{"name":"x","a_connectors":1,"b_connectors":2,"total_lanes":2,"mapping":` + mapping + `}`
		}
		const first = `{"a_connector":1,"a_position":1,"b_connector":1,"b_position":1}`
		w.refused([]refusal{
			{"wrong direction", "dcim.cabletype", `{"name":"x","a_connectors":4}`, "b_connectors: Wrong breakout direction, a_connectors must not exceed b_connectors"},
			{"not divisible", "dcim.cabletype", `{"name":"x","b_connectors":2,"total_lanes":3}`, "total_lanes: total_lanes must be evenly divisible by b_connectors (2)."},
			{"no list", "dcim.cabletype", kind(`{"a":1}`), "mapping: Mapping must be a JSON array."},
			{"too few", "dcim.cabletype", kind(`[` + first + `]`), "mapping: Expected 2 lane definitions, but got 1."},
			{"no object", "dcim.cabletype", kind(`[1,2]`), "mapping: Entry 0 must be a JSON object."},
			{"missing", "dcim.cabletype", kind(`[{},{}]`), "mapping: Entry 0 is missing required keys: a_connector, a_position, b_connector, b_position."},
			{"beyond", "dcim.cabletype", kind(`[` + first + `,{"a_connector":1,"a_position":3,"b_connector":2,"b_position":1}]`), "mapping: Entry 1: a_position 3 out of range [1, 2]."},
			{"twice", "dcim.cabletype", kind(`[` + first + `,{"a_connector":1,"a_position":2,"b_connector":1,"b_position":1}]`), "mapping: Entry 1: Duplicate B-side (connector, position) pair: (1, 1)."},
		})
	})
}

func TestWhatGoesWithAnObject(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("vc", "dcim.virtualchassis", `{"name":"VC","master":"$sw1"}`)
		require.Equal(t, "1", w.load("sw1").Values["vc_position"].(interface{ String() string }).String(), "the master is enrolled")
		require.NoError(t, w.remove("vc"))
		require.Nil(t, w.load("sw1").Values["vc_position"])
		require.Empty(t, w.load("sw1").Refs["virtual_chassis"])
	})
}
