package objects_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestOneOfTwenty(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		for typeName, body := range map[string]string{
			"dcim.manufacturer": `{"name":"Racing"}`,
			"dcim.devicetype":   `{"manufacturer":"$cisco","model":"Racing"}`,
			"dcim.device":       `{"name":"racing","device_type":"$c9300","role":"$edge","status":"$active","location":"$paris"}`,
		} {
			var group sync.WaitGroup
			errs := make([]error, 20)
			for i := range errs {
				group.Add(1)
				go func() {
					defer group.Done()
					_, errs[i] = w.create(typeName, body)
				}()
			}
			group.Wait()
			made := 0
			for _, err := range errs {
				if err == nil {
					made++
					continue
				}
				require.NotContains(t, told(err), "internal")
				require.Regexp(t, "already exists|must make a unique set", told(err))
			}
			require.Equal(t, 1, made, typeName)
		}
	})
}

func TestRenameReachesDependents(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("unnamed", "dcim.device", `{"device_type":"$c9300","role":"$edge","status":"$active","location":"$paris"}`)
		require.Equal(t, "Cisco C9300 ("+w.ids["unnamed"]+")", w.str("unnamed"))
		_, err := w.change("cisco", "dcim.manufacturer", `{"name":"Cisco Systems"}`)
		require.NoError(t, err)
		require.Equal(t, "Cisco Systems C9300 ("+w.ids["unnamed"]+")", w.str("unnamed"))
		require.Equal(t, "sw1", w.str("sw1"))

		w.make("p", "dcim.platform", `{"name":"ios"}`)
		w.make("sactive", "extras.status", `{"name":"S","content_types":["dcim.softwareversion","dcim.softwareimagefile"]}`)
		w.make("v", "dcim.softwareversion", `{"platform":"$p","version":"1.0","status":"$sactive"}`)
		w.make("f", "dcim.softwareimagefile", `{"software_version":"$v","image_file_name":"a.bin","status":"$sactive"}`)
		require.Equal(t, "ios - 1.0 - a.bin", w.str("f"))
		_, err = w.change("p", "dcim.platform", `{"name":"iosxe"}`)
		require.NoError(t, err)
		require.Equal(t, "iosxe - 1.0 - a.bin", w.str("f"), "two levels away")
	})
}

func TestNamelessStandBehindAllOthers(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		device := `{"device_type":"$c9300","role":"$edge","status":"$active","location":"$paris","name":`
		w.make("nameless", "dcim.device", device+`null}`)
		w.make("named", "dcim.device", device+`"ž"}`)
		typ := w.typ("dcim.device")
		order := func() (names []string) {
			rows, err := s.Objects(w.t.Context(), w.registry.Catalogue(w.t.Context()), objects.List{Type: typ, Limit: 9})
			require.NoError(t, err)
			for _, row := range rows {
				names = append(names, row.Str)
			}
			return names
		}
		nameless := "Cisco C9300 (" + w.ids["nameless"] + ")"
		require.Equal(t, []string{"sw1", "ž", nameless}, order())
		_, err := w.change("sw1", "dcim.device", `{"name":null}`)
		require.NoError(t, err)
		require.Equal(t, "ž", order()[0])
		_, err = w.change("nameless", "dcim.device", `{"name":"a"}`)
		require.NoError(t, err)
		require.Equal(t, "a", order()[0])
	})
}

func TestTrees(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.make("a", "tenancy.tenantgroup", `{"name":"a"}`)
		w.make("b", "tenancy.tenantgroup", `{"name":"b","parent":"$a"}`)
		w.make("c", "tenancy.tenantgroup", `{"name":"c","parent":"$b"}`)
		w.make("d", "tenancy.tenantgroup", `{"name":"d"}`)
		for _, parent := range []string{"a", "b", "c"} {
			_, err := w.change("a", "tenancy.tenantgroup", `{"parent":"$`+parent+`"}`)
			require.Equal(t, "__all__: A node cannot be made a descendant of itself.", told(err))
		}
		_, err := w.change("b", "tenancy.tenantgroup", `{"parent":"$d"}`)
		require.NoError(t, err)
		id, _ := objects.ParseID(w.ids["c"])
		above, err := s.Ancestors(t.Context(), ids(id))
		require.NoError(t, err)
		require.Len(t, above, 3)
		require.Equal(t, w.ids["d"], above[2].Ancestor.String())

		w.make("t", "tenancy.tenant", `{"name":"t","tenant_group":"$c"}`)
		require.NoError(t, w.remove("d"), "children go along")
		rows, err := s.Stored(t.Context(), ids(id))
		require.NoError(t, err)
		require.Empty(t, rows)
		o := w.load("t")
		require.Empty(t, o.Refs["tenant_group"], "set to null")
	})
}

func TestCrossingMovesMakeNoCircle(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		for round := range 10 {
			a, b := fmt.Sprintf("a%d", round), fmt.Sprintf("b%d", round)
			w.make(a, "tenancy.tenantgroup", `{"name":"`+a+`"}`)
			w.make(b, "tenancy.tenantgroup", `{"name":"`+b+`"}`)
			var group sync.WaitGroup
			errs := make([]error, 2)
			for i, move := range [][2]string{{a, b}, {b, a}} {
				group.Add(1)
				go func() {
					defer group.Done()
					_, errs[i] = w.change(move[0], "tenancy.tenantgroup", `{"parent":"$`+move[1]+`"}`)
				}()
			}
			group.Wait()
			require.False(t, errs[0] == nil && errs[1] == nil)
			for _, err := range errs {
				require.NotContains(t, told(err), "internal")
			}
		}
	})
}

func TestBulk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		var bodies []string
		for i := range 1000 {
			bodies = append(bodies, fmt.Sprintf(`{"name":"bulk%d","device_type":"$c9300","role":"$edge","status":{"name":"E Active"},"location":"$paris","serial":"s%d"}`, i, i))
		}
		statements := 0
		s.Observe(func(string) { statements++ })
		start := time.Now()
		made, err := w.create("dcim.device", bodies...)
		s.Observe(nil)
		require.NoError(t, err)
		require.Len(t, made, 1000)
		t.Logf("1,000 devices in %s with %d statements", time.Since(start), statements)
		require.Less(t, statements, 250)

		_, err = w.create("dcim.manufacturer", `{"name":"x"}`, `{"name":"y"}`, `{"name":"x"}`, `{"name":""}`)
		require.Equal(t, "[3] name: This field may not be blank.", told(err))
		_, err = w.create("dcim.manufacturer", `{"name":"x"}`, `{"name":"y"}`, `{"name":"x"}`)
		require.Equal(t, "[2] name: manufacturer with this name already exists.", told(err), "members that break a rule together")
		_, err = w.create("dcim.manufacturer", `{"name":"x"}`)
		require.NoError(t, err, "nothing was kept")
	})
}

func TestIDs(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		const id = "00000000-0000-4000-8000-00000000beef"
		o := w.make("m", "dcim.manufacturer", `{"name":"m","id":"`+id+`"}`)
		require.Equal(t, id, o.ID.String())
		_, err := w.create("dcim.manufacturer", `{"name":"n","id":"`+id+`"}`)
		require.Equal(t, "id: Manufacturer with this Id already exists.", told(err))
		_, err = w.create("dcim.platform", `{"name":"n","id":"`+id+`"}`)
		require.Equal(t, "id: Platform with this Id already exists.", told(err))
		_, err = w.change("m", "dcim.manufacturer", `{"id":"00000000-0000-4000-8000-00000000dead"}`)
		require.Contains(t, told(err), "id: ")
		before := o.LastUpdated
		again, err := w.change("m", "dcim.manufacturer", `{"id":"`+strings.ToUpper(id)+`"}`)
		require.NoError(t, err)
		require.True(t, again.LastUpdated.After(before))
	})
}

func TestReferences(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("lyon", "dcim.location", `{"name":"Lyon","location_type":"$site","status":"$active"}`)
		w.make("room", "dcim.location", `{"name":"Room","location_type":"$site","status":"$active","parent":"$lyon"}`)
		w.make("voice", "extras.role", `{"name":"Voice","content_types":["ipam.vlan"]}`)
		w.make("r", "dcim.rack", `{"name":"r","location":"$paris","status":"$active"}`)
		require.NoError(t, w.service.Kept(context.Background(), w.typ("dcim.location")), "natural keys have a level more")
		const nobody = `Related object not found using the provided attributes: `
		tests := []struct{ field, value, want string }{
			{"tenant", `"00000000-0000-4000-8000-00000000dead"`, nobody + "{'pk': UUID('00000000-0000-4000-8000-00000000dead')}"},
			{"tenant", `{"name":"t9"}`, nobody + "{'name': 't9'}"},
			{"tenant", `"t9"`, nobody + "{'name': 't9'}"},
			{"tenant", `"/api/x/"`, nobody + "{'name': '/api/x/'}"},
			{"tenant", `{"name":"a'b"}`, nobody + `{'name': "a'b"}`},
			{"tenant", `{"name":null}`, nobody + "{'name': None}"},
			{"tenant", `{"name":true}`, nobody + "{'name': True}"},
			{"tenant", `5`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: 5"},
			{"tenant", `true`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: True"},
			{"tenant", `{"id":"x"}`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: x"},
			{"tenant", `"http://127.0.0.1:80/api/x/?x=1"`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: ?x=1"},
			{"tenant", `[7, "x"]`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: 7"},
			{"tenant", `["x"]`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: x"},
			{"tenant", `[null]`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: None"},
			{"tenant", `[]`, "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: []"},
			{"tenant", `"a;b"`, "Related object not found using provided composite-key: a;b"},
			{"location", `null`, "This field may not be null."},
			{"location", `""`, "This field may not be null."},
			{"location", `{"location_type":"$site;"}`, "Multiple objects match the provided attributes: {'location_type': '$site;'}"},
			{"location", `{}`, "Multiple objects match the provided attributes: {}"},
			{"location", `{"location_type":"site"}`, "“site” is not a valid UUID."},
			{"location", `"Room"`, nobody + "{'name': 'Room', 'parent__name': None}"},
			{"location", `{"asn":"x"}`, "Field 'asn' expected a number but got 'x'."},
			{"role", `"$voice;"`, nobody + "{'pk': UUID('$voice;')}"},
			{"role", `{"name":"Voice"}`, nobody + "{'name': 'Voice'}"},
			{"tags", `"x"`, `Expected a list of items but got type "str".`},
			{"tags", `["nope"]`, nobody + "{'name': 'nope'}"},
			{"tags", `null`, "This field may not be null."},
		}
		for _, tt := range tests {
			t.Run(tt.field+" "+tt.value, func(t *testing.T) {
				_, err := w.change("r", "dcim.rack", `{"`+tt.field+`":`+tt.value+`}`)
				require.Equal(t, tt.field+": "+w.body(tt.want), told(err))
			})
		}
		_, err := w.change("r", "dcim.rack", `{"tenant":{"nome":"x"}}`)
		require.Contains(t, told(err), "Cannot resolve keyword 'nome' into field. Choices are: ")
		for _, good := range []string{`"$paris"`, `"http://127.0.0.1:8080/api/dcim/locations/$paris;/"`, `{"id":"$paris","object_type":"x"}`, `{"url":"http://x.example.com/api/dcim/locations/$paris;/"}`,
			`{"name":"Paris"}`, `{"name":"Room","parent":{"name":"Lyon"}}`, `{"name":"Room","parent__name":"Lyon"}`, `"Room;Lyon"`, `"Paris"`, `{"name__icontains":"ROOM"}`} {
			_, err := w.change("r", "dcim.rack", `{"location":`+good+`}`)
			require.NoError(t, err, good)
		}
		ctx := context.Background()
		resolve := func(raw string) string {
			_, problem, err := w.service.Resolve(ctx, s, w.typ("dcim.location"), json.RawMessage(w.body(raw)), objects.MemberForm)
			require.NoError(t, err)
			return problem
		}
		require.Empty(t, resolve(`"$paris"`))
		require.Empty(t, resolve(`{"id":"$paris"}`))
		require.Empty(t, resolve(`{"name":"Paris"}`))
		require.Contains(t, resolve(`"Paris"`), "Received an unrecognized value: Paris")
		require.Contains(t, resolve(`{"id":"$paris","object_type":"x","url":"y"}`), "Cannot resolve keyword 'object_type'")
		require.Contains(t, resolve(`{"url":"y","object_type":"x","id":"$paris"}`), "Cannot resolve keyword 'object_type'", "in whatever order")
	})
}

func TestFieldTexts(t *testing.T) {
	s := storetest.New(t)
	w := newWorld(t, s)
	tests := []struct{ typ, field, value, want string }{
		{"dcim.manufacturer", "name", `true`, "Not a valid string."},
		{"dcim.manufacturer", "name", `"  "`, "This field may not be blank."},
		{"dcim.manufacturer", "name", `null`, "This field may not be null."},
		{"dcim.manufacturer", "name", `"a\u0000b"`, "Null characters are not allowed."},
		{"dcim.manufacturer", "name", `"a\ud800b"`, "Surrogate characters are not allowed: U+D800."},
		{"dcim.manufacturer", "name", `"` + strings.Repeat("x", 256) + `"`, "Ensure this field has no more than 255 characters."},
		{"dcim.rack", "width", `"abc"`, "abc is not a valid choice."},
		{"dcim.rack", "width", `true`, "True is not a valid choice."},
		{"dcim.rack", "width", `[19]`, `Value must be passed directly (e.g. "foo": 123); do not use a list.`},
		{"dcim.rack", "width", `{"label":"x"}`, `Value must be passed directly (e.g. "foo": 123) or as a dict with key "value" (e.g. "foo": {"value": 123}).`},
		{"dcim.rack", "width", `{"value":20}`, "20 is not a valid choice."},
		{"dcim.rack", "width", `""`, "This field may not be blank."},
		{"dcim.rack", "width", `" 19 "`, ""},
		{"dcim.rack", "width", `19.0`, ""},
		{"dcim.rack", "u_height", `"19.0"`, ""},
		{"dcim.rack", "u_height", `19.5`, "A valid integer is required."},
		{"dcim.rack", "u_height", `true`, "A valid integer is required."},
		{"dcim.rack", "u_height", `1000000000000000000000000000000`, "Ensure this value is less than or equal to 500."},
		{"dcim.rack", "u_height", `-1`, "Ensure this value is greater than or equal to 1."},
		{"dcim.rack", "u_height", `"` + strings.Repeat("9", 1001) + `"`, "String value too large."},
		{"dcim.rack", "desc_units", `"yEs"`, ""},
		{"dcim.rack", "desc_units", `2`, "Must be a valid boolean."},
		{"dcim.location", "latitude", `"NaN"`, "A valid number is required."},
		{"dcim.location", "latitude", `1000`, "Ensure that there are no more than 2 digits before the decimal point."},
		{"dcim.location", "latitude", `12.34567891`, "Ensure that there are no more than 8 digits in total."},
		{"dcim.location", "latitude", `"1e1"`, ""},
		{"dcim.location", "time_zone", `"x"`, "A valid timezone is required."},
		{"dcim.location", "time_zone", `""`, "This field may not be blank."},
		{"dcim.location", "time_zone", `"Europe/Berlin"`, ""},
		{"dcim.location", "asn", `"x"`, "A valid biginteger is required."},
		{"dcim.location", "asn", `4294967296`, "Ensure this value is less than or equal to 4294967295."},
		{"dcim.location", "contact_email", `"zz"`, "Enter a valid email address."},
		{"circuits.circuit", "install_date", `"2020-13-01"`, "Date has wrong format. Use one of these formats instead: YYYY-MM-DD."},
		{"circuits.circuit", "install_date", `"20200101"`, ""},
		{"ipam.prefix", "date_allocated", `"x"`, "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."},
		{"ipam.prefix", "date_allocated", `"2020-01-01 00:00:00.123456789+05:30"`, ""},
		{"extras.tag", "content_types", `"x"`, `Expected a list of items but got type "str".`},
		{"extras.tag", "content_types", `["a.b.c"]`, "Invalid value. Specify a content type as '<app_label>.<model_name>'."},
		{"extras.tag", "content_types", `["dcim.Device"]`, "Invalid content type: dcim.Device"},
		{"extras.status", "content_types", `["dcim.manufacturer"]`, "Invalid content type: dcim.manufacturer"},
		{"extras.role", "content_types", `["dcim.interface"]`, ""},
		{"dcim.locationtype", "content_types", `["dcim.interface"]`, "Invalid content type: dcim.interface"},
		{"extras.tag", "color", `"FF0000"`, "Enter a valid hexadecimal RGB color code."},
		{"extras.tag", "color", `"aa1409x"`, "Enter a valid hexadecimal RGB color code. Ensure this field has no more than 6 characters."},
		{"circuits.provider", "portal_url", `"http://a"`, "Enter a valid URL."},
		{"circuits.provider", "portal_url", `"http://[::1]/"`, ""},
		{"extras.externalintegration", "remote_url", `"https://a-b:80/x"`, ""},
		{"extras.externalintegration", "remote_url", `"https://a_b"`, "Enter a valid URL."},
		{"extras.externalintegration", "remote_url", `"https://a_b.com"`, "Enter a valid URL."},
		{"extras.externalintegration", "remote_url", `"https://a.b"`, "Enter a valid URL."},
		{"extras.externalintegration", "remote_url", `"https://256.1.1.1"`, "Enter a valid URL."},
		{"extras.externalintegration", "remote_url", `"https://a.com:1"`, "Enter a valid URL."},
		{"extras.gitrepository", "branch", `""`, "This field may not be blank."},
		{"extras.approvalworkflowdefinition", "model_content_type", `"extras.scheduledjob"`, ""},
		{"circuits.circuittermination", "term_side", `"Q"`, `"Q" is not a valid choice.`},
		{"circuits.circuittermination", "term_side", `{"value":"A"}`, `"{'value': 'A'}" is not a valid choice.`},
		{"ipam.ipaddress", "address", `"10.0.0.1/33"`, "Invalid IP address: 10.0.0.1/33"},
		{"ipam.ipaddress", "address", `true`, "Invalid IP address: True"},
		{"ipam.ipaddress", "address", `""`, "This field may not be blank."},
		{"dcim.device", "id", `"x"`, "Must be a valid UUID."},
		{"dcim.controller", "capabilities", `{}`, `Expected a list of items but got type "dict".`},
		{"extras.gitrepository", "provided_contents", `["x"]`, `"x" is not a valid choice.`},
		{"dcim.manufacturer", "custom_fields", `null`, "This field may not be null."},
	}
	for _, tt := range tests {
		t.Run(tt.typ+" "+tt.field+" "+tt.value[:min(len(tt.value), 30)], func(t *testing.T) {
			_, err := w.create(tt.typ, `{"`+tt.field+`":`+tt.value+`}`)
			found := ""
			for _, part := range strings.Split(told(err), "; ") {
				if name, text, _ := strings.Cut(part, ": "); name == tt.field {
					found = text
				}
			}
			if !strings.Contains(tt.want, ";") {
				require.Equal(t, tt.want, found)
			}
		})
	}
	_, err := w.create("ipam.service", `{"ports":["a",0,70000,null]}`)
	require.Contains(t, told(err), "ports.0: A valid integer is required.; ports.1: Ensure this value is greater than or equal to 1.; ports.2: Ensure this value is less than or equal to 65535.; ports.3: This field may not be null.")
}

func TestSlugsOfContentTypes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		rule := w.make("r", "data_validation.minmaxvalidationrule", `{"name":"r","content_type":"dcim.rack","field":"u_height","min":1}`)
		rows, err := s.Stored(t.Context(), ids(rule.ID))
		require.NoError(t, err)
		reading, err := objects.NewReading(t.Context(), s, w.registry.Catalogue(t.Context()), rows)
		require.NoError(t, err)
		require.Equal(t, "dcim_rack_u-height_"+rule.ID.String()[:4], reading.Slug(rule.ID))
	})
}

// Lists of choices and numbers that nobody gives are null, though null cannot be
// given.
func TestListsThatNobodyGives(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.make("p", "vpn.vpnphase1policy", `{"name":"p"}`)
		require.Nil(t, w.load("p").Values["dh_group"])
		w.move("p", "vpn.vpnphase1policy", `{"dh_group":[]}`, "")
		require.Equal(t, []any{}, w.load("p").Values["dh_group"])
		w.move("p", "vpn.vpnphase1policy", `{"dh_group":null}`, "dh_group: This field may not be null.")
	})
}

// What is terminated already is told, and nothing else.
func TestTerminatedTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("wire", "vpn.vpn", `{"name":"wire","service_type":"vpws"}`)
		for _, vid := range []string{"1", "2", "3"} {
			w.make("v"+vid, "ipam.vlan", `{"vid":`+vid+`,"name":"v`+vid+`","status":"$active"}`)
		}
		w.make("t1", "vpn.vpntermination", `{"vpn":"$wire","vlan":"$v1"}`)
		w.make("t2", "vpn.vpntermination", `{"vpn":"$wire","vlan":"$v2"}`)
		w.refused([]refusal{
			{"taken", "vpn.vpntermination", `{"vpn":"$wire","vlan":"$v1"}`, "vlan: This object is already assigned to another VPN termination."},
			{"free", "vpn.vpntermination", `{"vpn":"$wire","vlan":"$v3"}`, "__all__: VPWS VPNs cannot have more than 2 terminations."},
		})
	})
}

func TestGroupsOfGroups(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		group := func(name, more string) {
			w.make(name, "extras.dynamicgroup", `{"name":"`+name+`",`+more+`}`)
		}
		group("top", `"content_type":"dcim.rack","group_type":"dynamic-set"`)
		group("other", `"content_type":"dcim.rack","group_type":"dynamic-set"`)
		group("mid", `"content_type":"dcim.rack","group_type":"dynamic-set"`)
		group("leaf", `"content_type":"dcim.rack"`)
		group("fixed", `"content_type":"dcim.rack","group_type":"static"`)
		group("devices", `"content_type":"dcim.device"`)
		member := func(child, parent string) string {
			return `{"group":"$` + child + `","parent_group":"$` + parent + `","operator":"union","weight":1}`
		}
		const typ = "extras.dynamicgroupmembership"
		w.make("m0", typ, member("mid", "other"))
		w.make("m1", typ, member("mid", "top"))
		w.make("m2", typ, member("leaf", "mid"))
		w.refused([]refusal{
			{"in itself", typ, member("top", "top"), "group: Cannot add group as a child of itself"},
			{"above, by the second of two parents", typ, member("top", "mid"), "group: Cannot add ancestor as a child"},
			{"two above", typ, member("top", "leaf"), "group: Cannot add ancestor as a child"},
			{"of another type", typ, member("devices", "top"), "group: ContentType for group and parent_group must match"},
			{"static", typ, member("fixed", "top"), "group: Groups of `group_type` `\"static\"` may not be child groups at this time."},
		})
		require.Contains(t, told(w.remove("leaf")), "Unable to delete object. 1 dependent objects were found: mid")
		require.NoError(t, w.remove("top"))
	})
}

func TestContactsTwice(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("cs", "extras.status", `{"name":"C","content_types":["extras.contactassociation"]}`)
		w.make("owner", "extras.role", `{"name":"Owner","content_types":["extras.contactassociation"]}`)
		const typ = "extras.contactassociation"
		body := func(who string) string {
			return `{"associated_object_type":"dcim.device","associated_object_id":"$sw1","status":"$cs","role":"$owner",` + who + `}`
		}
		for _, name := range []string{"ann", "bob"} {
			w.make(name, "extras.contact", `{"name":"`+name+`"}`)
		}
		w.make("ops", "extras.team", `{"name":"ops"}`)
		w.make("a", typ, body(`"contact":"$ann"`))
		w.make("b", typ, body(`"contact":"$bob"`))
		w.make("o", typ, body(`"team":"$ops"`))
		w.refused([]refusal{{"both are taken", typ, body(`"contact":"$ann","team":"$ops"`), "non_field_errors: The fields associated_object_type, associated_object_id, contact, role must make a unique set."}})
		w.move("b", typ, `{"contact":"$ann"}`, "__all__: Contact association with this Contact, Associated object type, Associated object id and Role already exists.")
		w.move("b", typ, `{"team":"$ops"}`, "__all__: A contact and a team cannot be both specified at once Contact association with this Team, Associated object type, Associated object id and Role already exists.")
	})
}

func TestWhatOtherTypesAsk(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		text := w.make("text", "extras.metadatatype", `{"name":"text","data_type":"text","content_types":["dcim.rack"]}`)
		w.make("select", "extras.metadatatype", `{"name":"select","data_type":"multi-select","content_types":["dcim.rack"]}`)
		w.make("choice", "extras.metadatachoice", `{"metadata_type":"$select","value":"v"}`)
		w.make("jobs", "extras.approvalworkflowdefinition", `{"name":"jobs","model_content_type":"extras.scheduledjob"}`)
		w.refused([]refusal{
			{"choices of a text", "extras.metadatachoice", `{"metadata_type":"$text","value":"v"}`, "metadata_type: Related object not found using the provided attributes: {'pk': UUID('" + text.ID.String() + "')}"},
			{"a path that is a number", "extras.secret", `{"name":"s","provider":"text-file","parameters":{"path":5}}`, "__all__: Path must be an absolute path, not a relative one"},
			{"a path that is a list", "extras.secret", `{"name":"s","provider":"text-file","parameters":{"path":["/x"]}}`, "__all__: Path must be an absolute path, not a relative one"},
			{"constraints that are no object", "extras.approvalworkflowdefinition", `{"name":"odd","model_content_type":"extras.scheduledjob","weight":2,"model_constraints":"x"}`, "model_constraints: Invalid query filter: it must be an object."},
			{"approval of racks", "extras.approvalworkflowdefinition", `{"name":"racks","model_content_type":"dcim.rack"}`, "model_content_type: Invalid content type: dcim.rack"},
		})
	})
}

// The VLANs of a virtual machine stand where its cluster does: above is not
// enough, as it is for devices.
func TestVLANsOfVirtualMachines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("vs", "extras.status", `{"name":"V","content_types":["virtualization.vminterface","ipam.vlan"]}`)
		w.make("hall", "dcim.locationtype", `{"name":"Hall","nestable":true,"content_types":["virtualization.cluster","ipam.vlan","dcim.device"]}`)
		w.make("up", "dcim.location", `{"name":"Up","location_type":"$hall","status":"$active"}`)
		w.make("down", "dcim.location", `{"name":"Down","location_type":"$hall","status":"$active","parent":"$up"}`)
		for i, place := range []string{`,"location":"$up"`, `,"location":"$down"`, ``} {
			number := string(rune('1' + i))
			w.make("v"+number, "ipam.vlan", `{"vid":`+number+`,"name":"v`+number+`","status":"$vs"`+place+`}`)
		}
		w.make("ct", "virtualization.clustertype", `{"name":"ct"}`)
		w.make("cl", "virtualization.cluster", `{"name":"cl","cluster_type":"$ct","location":"$down"}`)
		w.make("vm", "virtualization.virtualmachine", `{"name":"vm","cluster":"$cl","status":"$active"}`)
		w.make("ok", "virtualization.vminterface", `{"name":"ok","virtual_machine":"$vm","status":"$vs","mode":"tagged","tagged_vlans":["$v2","$v3"]}`)
		w.make("sw", "dcim.device", `{"name":"sw","role":"$edge","status":"$active","device_type":"$c9300","location":"$down"}`)
		w.make("if", "dcim.interface", `{"name":"if","device":"$sw","status":"$active","type":"1000base-t","mode":"tagged","tagged_vlans":["$v1","$v2"]}`)
		w.refused([]refusal{{"above", "virtualization.vminterface", `{"name":"i","virtual_machine":"$vm","status":"$vs","mode":"tagged","tagged_vlans":["$v1"]}`,
			"tagged_vlans: VLAN v1 (1) must belong to the same location as the interface's parent virtual machine, or it must be global."}})
	})
}
