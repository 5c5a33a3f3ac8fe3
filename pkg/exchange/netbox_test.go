package exchange_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/accounts"
	"relata/pkg/associations"
	"relata/pkg/exchange"
	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// world is a database with what an import needs.
type world struct {
	store    *store.Store
	registry *objects.Registry
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	registry, err := objects.NewRegistry(t.Context(), s)
	require.NoError(t, err)
	require.NoError(t, objects.NewService(registry, time.Now).EnsureDefaults(t.Context(), s))
	return &world{store: s, registry: registry}
}

func (w *world) target(bound *store.Store) exchange.Target {
	registry := w.registry.Within(bound)
	definitions := relationships.NewService(bound, registry, time.Now)
	return exchange.Target{
		Catalogue: registry.Catalogue, Read: bound, Relationships: definitions,
		Associations: associations.NewService(bound, objects.NewService(registry, time.Now), definitions, time.Now),
		Holder:       accounts.NewService(bound, "", time.Now).Holder,
	}
}

func (w *world) run(t *testing.T, file io.Reader) (exchange.Summary, error) {
	t.Helper()
	return exchange.ImportNetBox(t.Context(), file, func(ctx context.Context, do func(exchange.Target) error) error {
		return w.store.Atomically(ctx, func(bound *store.Store) error { return do(w.target(bound)) })
	}, nil)
}

func (w *world) imported(t *testing.T, file io.Reader) exchange.Summary {
	t.Helper()
	summary, err := w.run(t, file)
	require.NoError(t, err)
	return summary
}

// all are the stored objects of a type by name.
func (w *world) all(t *testing.T, typeName string) []*objects.Object {
	t.Helper()
	catalogue := w.registry.Catalogue(t.Context())
	to := catalogue.Type(typeName)
	require.NotNil(t, to, typeName)
	rows, err := w.store.StoredOfType(t.Context(), to.ID)
	require.NoError(t, err)
	found := make([]*objects.Object, len(rows))
	for i, r := range rows {
		found[i], err = catalogue.Object(r)
		require.NoError(t, err)
	}
	return found
}

func (w *world) one(t *testing.T, typeName, name string) *objects.Object {
	t.Helper()
	var found []*objects.Object
	for _, o := range w.all(t, typeName) {
		if o.Name == name {
			found = append(found, o)
		}
	}
	require.Len(t, found, 1, "%s %s", typeName, name)
	return found[0]
}

// str is what the target of a reference is called.
func (w *world) str(t *testing.T, o *objects.Object, field string) string {
	t.Helper()
	id := o.Ref(field)
	if id == uuid.Nil {
		return ""
	}
	rows, err := w.store.Stored(t.Context(), []uuid.UUID{id})
	require.NoError(t, err)
	require.Len(t, rows, 1)
	return rows[0].Str
}

// many are the names of what a field with many references holds.
func (w *world) many(t *testing.T, o *objects.Object, field string) []string {
	t.Helper()
	links, err := w.store.Targets(t.Context(), []uuid.UUID{o.ID}, []int32{o.Type.Field(field).ID})
	require.NoError(t, err)
	names := []string{}
	for _, l := range links {
		rows, err := w.store.Stored(t.Context(), []uuid.UUID{l.Target})
		require.NoError(t, err)
		names = append(names, rows[0].Str)
	}
	slices.Sort(names)
	return names
}

func (w *world) definition(t *testing.T, key string) *relationships.Relationship {
	t.Helper()
	set, err := relationships.NewService(w.store, w.registry, time.Now).Set(t.Context())
	require.NoError(t, err)
	return set.ByKey(key)
}

// links are the associations of a definition as "source > destination".
func (w *world) links(t *testing.T, key string) []string {
	t.Helper()
	definition := w.definition(t, key)
	require.NotNil(t, definition, key)
	pairs, err := w.store.Pairs(t.Context(), definition.RID)
	require.NoError(t, err)
	texts := []string{}
	for _, p := range pairs {
		rows, err := w.store.Stored(t.Context(), []uuid.UUID{p.Source, p.Destination})
		require.NoError(t, err)
		require.Len(t, rows, 2)
		if rows[0].ID != p.Source {
			rows[0], rows[1] = rows[1], rows[0]
		}
		texts = append(texts, rows[0].Str+" > "+rows[1].Str)
	}
	slices.Sort(texts)
	return texts
}

// state is everything that a run could change: how often each object was
// written, and how many links there are.
func (w *world) state(t *testing.T) map[string]int64 {
	t.Helper()
	state := map[string]int64{}
	for _, to := range w.registry.Catalogue(t.Context()).Types() {
		rows, err := w.store.StoredOfType(t.Context(), to.ID)
		require.NoError(t, err)
		for _, r := range rows {
			state[to.Name+" "+r.ID.String()] = r.Version
		}
	}
	set, err := relationships.NewService(w.store, w.registry, time.Now).Set(t.Context())
	require.NoError(t, err)
	for _, r := range set.All() {
		pairs, err := w.store.Pairs(t.Context(), r.RID)
		require.NoError(t, err)
		state["links of "+r.Key] = int64(len(pairs))
	}
	return state
}

func differences(before, after map[string]int64) []string {
	var found []string
	for key, n := range before {
		if m, ok := after[key]; !ok || m != n {
			found = append(found, fmt.Sprintf("%s: %d, then %d", key, n, m))
		}
	}
	for key := range after {
		if _, ok := before[key]; !ok {
			found = append(found, key+" is new")
		}
	}
	return found
}

func leftOut(s exchange.Summary, what string) (n int, reasons string) {
	for _, l := range s.LeftOut {
		if l.What == what {
			n += l.Count
			reasons += l.Reason + "\n"
		}
	}
	return n, reasons
}

// rowOf is a row as the file has it.
type rowOf struct {
	Model  string         `json:"model"`
	PK     any            `json:"pk,omitempty"`
	Fields map[string]any `json:"fields"`
}

const demoFile = "testdata/netbox-demo-v3.6.json.gz"

// demoRows are the rows of NetBox's demonstration data.
func demoRows(t *testing.T) []rowOf {
	t.Helper()
	file, err := os.Open(demoFile)
	require.NoError(t, err)
	defer file.Close()
	unpacked, err := gzip.NewReader(file)
	require.NoError(t, err)
	var rows []rowOf
	decoder := json.NewDecoder(unpacked)
	decoder.UseNumber()
	require.NoError(t, decoder.Decode(&rows))
	return rows
}

func fileOf(t *testing.T, rows []rowOf) io.Reader {
	t.Helper()
	text, err := json.Marshal(rows)
	require.NoError(t, err)
	return bytes.NewReader(text)
}

func byModel(rows []rowOf) map[string][]rowOf {
	models := map[string][]rowOf{}
	for _, r := range rows {
		models[r.Model] = append(models[r.Model], r)
	}
	return models
}

// becomes says which models of the demonstration data become which type; where
// other objects are of the type too, they are added in the test.
var becomes = map[string][]string{
	"circuits.circuit": {"circuits.circuit"}, "circuits.circuittermination": {"circuits.circuittermination"},
	"circuits.circuittype": {"circuits.circuittype"}, "circuits.provider": {"circuits.provider"},
	"circuits.providernetwork": {"circuits.providernetwork"}, "dcim.cable": {"dcim.cable"}, "dcim.consoleport": {"dcim.consoleport"},
	"dcim.consoleporttemplate": {"dcim.consoleporttemplate"}, "dcim.device": {"dcim.device"}, "dcim.devicebay": {"dcim.devicebay"},
	"dcim.devicebaytemplate": {"dcim.devicebaytemplate"}, "dcim.devicetype": {"dcim.devicetype"}, "dcim.frontport": {"dcim.frontport"},
	"dcim.frontporttemplate": {"dcim.frontporttemplate"}, "dcim.interface": {"dcim.interface"},
	"dcim.interfacetemplate": {"dcim.interfacetemplate"}, "dcim.location": {"dcim.region", "dcim.sitegroup", "dcim.site", "dcim.location"},
	"dcim.manufacturer": {"dcim.manufacturer"}, "dcim.module": {"dcim.module"}, "dcim.modulebay": {"dcim.modulebay"},
	"dcim.modulebaytemplate": {"dcim.modulebaytemplate"}, "dcim.moduletype": {"dcim.moduletype"}, "dcim.platform": {"dcim.platform"},
	"dcim.powerfeed": {"dcim.powerfeed"}, "dcim.poweroutlet": {"dcim.poweroutlet"}, "dcim.poweroutlettemplate": {"dcim.poweroutlettemplate"},
	"dcim.powerpanel": {"dcim.powerpanel"}, "dcim.powerport": {"dcim.powerport"}, "dcim.powerporttemplate": {"dcim.powerporttemplate"},
	"dcim.rack": {"dcim.rack"}, "dcim.rackreservation": {"dcim.rackreservation"}, "dcim.rearport": {"dcim.rearport"},
	"dcim.rearporttemplate": {"dcim.rearporttemplate"}, "dcim.virtualchassis": {"dcim.virtualchassis"},
	"extras.contact": {"tenancy.contact"}, "extras.contactassociation": {"tenancy.contactassignment"},
	"extras.customfield": {"extras.customfield"}, "extras.tag": {"extras.tag"}, "extras.team": {"tenancy.contactgroup"},
	"ipam.ipaddress": {"ipam.ipaddress"}, "ipam.ipaddressrange": {"ipam.iprange"}, "ipam.prefix": {"ipam.aggregate", "ipam.prefix"},
	"ipam.rir": {"ipam.rir"}, "ipam.routetarget": {"ipam.routetarget"}, "ipam.vlan": {"ipam.vlan"}, "ipam.vlangroup": {"ipam.vlangroup"},
	"ipam.vrf": {"ipam.vrf"}, "tenancy.tenant": {"tenancy.tenant"}, "tenancy.tenantgroup": {"tenancy.tenantgroup"},
	"virtualization.cluster": {"virtualization.cluster"}, "virtualization.clustergroup": {"virtualization.clustergroup"},
	"virtualization.clustertype": {"virtualization.clustertype"}, "virtualization.virtualmachine": {"virtualization.virtualmachine"},
	"virtualization.vminterface": {"virtualization.vminterface"},
}

func TestImportNetBoxDemo(t *testing.T) {
	rows := demoRows(t)
	models := byModel(rows)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		before := map[string]int{}
		for typeName := range becomes {
			before[typeName] = len(w.all(t, typeName))
		}
		roles, namespaces := len(w.all(t, "extras.role")), len(w.all(t, "ipam.namespace"))
		file, err := os.Open(demoFile)
		require.NoError(t, err)
		defer file.Close()
		start := time.Now()
		first := w.imported(t, file)
		t.Logf("imported %d objects and %d links in %s", exchange.Total(first.Objects).Made, exchange.Total(first.Links).Made, time.Since(start))
		if testing.Verbose() {
			require.NoError(t, first.Print(os.Stdout))
		}

		t.Run("every row of a kind is there", func(t *testing.T) {
			for typeName, from := range becomes {
				want := before[typeName]
				for _, model := range from {
					require.NotEmpty(t, models[model], model)
					want += len(models[model])
				}
				assert.Len(t, w.all(t, typeName), want, typeName)
			}
			names := map[string]bool{}
			for _, o := range w.all(t, "extras.role") {
				names[o.Name] = true
			}
			fresh := 0
			for _, model := range []string{"dcim.devicerole", "dcim.rackrole", "ipam.role", "tenancy.contactrole"} {
				for _, r := range models[model] {
					assert.True(t, names[fmt.Sprint(r.Fields["name"])], "%s %v", model, r.Fields["name"])
					fresh++
				}
			}
			assert.Len(t, w.all(t, "extras.role"), roles+fresh-2, "Administrative and Billing were there")
			assert.Len(t, w.all(t, "ipam.namespace"), namespaces+len(models["ipam.vrf"]))
			assert.Len(t, w.all(t, "dcim.locationtype"), 4)
			assert.Len(t, w.all(t, "users.user"), 2, "alice and bob, who reserved units of racks")
		})

		t.Run("ties are there", func(t *testing.T) {
			for typeName, want := range map[string]int{
				"ipam.vlanlocationassignment":   count(models["ipam.vlan"], "site"),
				"ipam.prefixlocationassignment": count(models["ipam.prefix"], "site"),
				"ipam.vrfprefixassignment":      count(models["ipam.prefix"], "vrf"),
				"dcim.cabletocabletermination":  len(models["dcim.cabletermination"]),
				"ipam.ipaddresstointerface":     0,
			} {
				assert.Len(t, w.all(t, typeName), want, typeName)
			}
			tags := 0
			for _, o := range w.all(t, "dcim.location") {
				tags += len(w.many(t, o, "tags"))
			}
			assert.Equal(t, len(models["extras.taggeditem"]), tags)
		})

		t.Run("links are there", func(t *testing.T) {
			want := demoLinks(models)
			assert.Equal(t, 26, want["cable_ends"])
			for key, n := range want {
				if definition := w.definition(t, key); assert.NotNil(t, definition, key) {
					pairs, err := w.store.Pairs(t.Context(), definition.RID)
					require.NoError(t, err)
					assert.Len(t, pairs, n, key)
				}
			}
			assert.Nil(t, w.definition(t, "wireless_links"), "no definition without links, but those that everybody has")
		})

		t.Run("nothing that has a place is left out", func(t *testing.T) {
			none := map[string]bool{"admin.logentry": true, "auth.group": true, "auth.permission": true, "auth.user": true,
				"contenttypes.contenttype": true, "dcim.cablepath": true, "ipam.asn": true, "sessions.session": true, "users.userconfig": true}
			for _, l := range first.LeftOut {
				assert.NotEmpty(t, l.Reason, l.What)
				if strings.Count(l.What, ".") == 1 {
					assert.True(t, none[l.What], "%s: %d: %s", l.What, l.Count, l.Reason)
					assert.Equal(t, len(models[l.What]), l.Count, l.What)
				}
			}
		})

		t.Run("values arrive", func(t *testing.T) {
			device := w.one(t, "dcim.device", "ncsu-coreswitch1")
			assert.Equal(t, "EX9214", w.str(t, device, "device_type"))
			assert.Equal(t, "R103", w.str(t, device, "rack"))
			assert.Equal(t, "Row 1", w.str(t, device, "location"))
			assert.Equal(t, "Core Switch", w.str(t, device, "role"))
			assert.Equal(t, json.Number("6"), device.Values["position"])
			assert.Equal(t, "front", device.Values["face"])
			tenant := w.one(t, "tenancy.tenant", "Pied Piper")
			assert.Equal(t, map[string]any{"cust_id": "PPI02"}, tenant.Custom)
			chassis := w.one(t, "dcim.virtualchassis", "r105-torsw")
			assert.NotEqual(t, uuid.Nil, chassis.Ref("master"))
			site := w.one(t, "dcim.location", "DM-Camden")
			assert.Equal(t, "Active", w.str(t, site, "status"))
			prefix := w.one(t, "ipam.prefix", "10.112.129.0/24")
			assert.Equal(t, "10.112.128.0/22", w.str(t, prefix, "parent"))
			assert.Equal(t, "Data (100)", w.str(t, prefix, "vlan"))
		})

		state := w.state(t)
		t.Run("a second run changes nothing", func(t *testing.T) {
			second := w.imported(t, fileOf(t, rows))
			for _, tally := range slices.Concat(second.Objects, second.Links) {
				assert.Zero(t, tally.Made+tally.Updated+tally.Removed, "%+v", tally)
			}
			assert.False(t, second.Changed())
			assert.Empty(t, differences(state, w.state(t)))
			assert.Equal(t, first.LeftOut, second.LeftOut)
		})

		t.Run("what changed in the file changes", func(t *testing.T) {
			changed := demoRows(t)
			for _, r := range changed {
				switch {
				case r.Model == "dcim.device" && r.Fields["name"] == "ncsu-coreswitch1":
					r.Fields["serial"] = "JN1234"
				case r.Model == "ipam.vlan" && fmt.Sprint(r.PK) == "1":
					r.Fields["site"] = json.Number("3")
				}
			}
			third := w.imported(t, fileOf(t, changed))
			assert.Equal(t, "JN1234", w.one(t, "dcim.device", "ncsu-coreswitch1").Values["serial"])
			all, links := exchange.Total(third.Objects), exchange.Total(third.Links)
			assert.Equal(t, 1, all.Updated)
			assert.Equal(t, 1, all.Made, "the VLAN at its new location")
			assert.Equal(t, 1, all.Removed, "the VLAN at its old location")
			assert.Equal(t, 2, links.Made, "the VLAN at devices of the new site")
			assert.Equal(t, 2, links.Removed)
		})
	})
}

func count(rows []rowOf, field string) int {
	n := 0
	for _, r := range rows {
		if r.Fields[field] != nil {
			n++
		}
	}
	return n
}

// demoLinks counts, from the file alone, the links of each definition.
func demoLinks(models map[string][]rowOf) map[string]int {
	want := map[string]int{"interface_tagged_vlans": 0, "device_vlans": 0, "device_primary_address": 0,
		"virtual_machine_primary_address": 0, "service_addresses": 0, "site_group_sites": count(models["dcim.site"], "group")}
	places := map[string]bool{}
	for _, r := range models["circuits.circuittermination"] {
		if r.Fields["site"] != nil {
			places[fmt.Sprint(r.Fields["circuit"], " ", r.Fields["site"])] = true
		}
	}
	want["circuit_locations"] = len(places)
	ends := map[string]int{}
	for _, r := range models["dcim.cabletermination"] {
		if fmt.Sprint(r.Fields["termination_type"]) == "[dcim interface]" {
			ends[fmt.Sprint(r.Fields["cable"])]++
		}
	}
	for _, n := range ends {
		if n == 2 {
			want["cable_ends"]++
		}
	}
	sites, withInterfaces := map[string]string{}, map[string]bool{}
	for _, r := range models["dcim.device"] {
		sites[fmt.Sprint(r.PK)] = fmt.Sprint(r.Fields["site"])
	}
	for _, r := range models["dcim.interface"] {
		withInterfaces[fmt.Sprint(r.Fields["device"])] = true
	}
	vlans := map[string]int{}
	for _, r := range models["ipam.vlan"] {
		vlans[fmt.Sprint(r.Fields["site"])]++
	}
	for device := range withInterfaces {
		want["device_site_vlans"] += vlans[sites[device]]
	}
	return want
}

func TestImportNetBoxDetails(t *testing.T) {
	small, err := os.ReadFile("testdata/netbox-small.json")
	require.NoError(t, err)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		summary := w.imported(t, bytes.NewReader(small))
		if testing.Verbose() {
			require.NoError(t, summary.Print(os.Stdout))
		}

		t.Run("locations stand in a tree of types", func(t *testing.T) {
			site := w.one(t, "dcim.location", "Reykjavik")
			assert.Equal(t, "Site", w.str(t, site, "location_type"))
			assert.Equal(t, "Iceland", w.str(t, site, "parent"))
			assert.Equal(t, "Acme", w.str(t, site, "tenant"))
			assert.Equal(t, "Atlantic/Reykjavik", site.Values["time_zone"])
			assert.Equal(t, "R1", site.Values["facility"])
			assert.Equal(t, map[string]any{"floor": json.Number("3")}, site.Custom)
			assert.Equal(t, "Region", w.str(t, w.one(t, "dcim.location", "Iceland"), "location_type"))
			assert.Equal(t, "Hall", w.str(t, w.one(t, "dcim.location", "Cage"), "parent"))
			nowhere := w.one(t, "dcim.location", "Nowhere")
			assert.Equal(t, "No region", w.str(t, nowhere, "parent"))
			assert.Equal(t, "Candidate", w.str(t, nowhere, "status"), "a status is made when there is none")
		})

		t.Run("rows that break a rule are left out with what needs them", func(t *testing.T) {
			for what, want := range map[string]struct {
				n      int
				reason string
			}{
				"dcim.region":                       {2, "circle"},
				"dcim.site":                         {1, "refers to a row of dcim.region that was left out"},
				"dcim.device":                       {2, "refers to dcim.devicetype 99, which is not in the file"},
				"dcim.interface":                    {1, "refers to a row of dcim.device that was left out"},
				"dcim.cable":                        {1, "refers to a row of dcim.interface that was left out"},
				"ipam.vlan":                         {1, "vid"},
				"virtualization.virtualmachine":     {1, "cluster"},
				"dcim.interface.type":               {1, `"9600gbase-x"`},
				"ipam.vlangroup.scope":              {1, "virtualization.cluster"},
				"extras.webhook":                    {1, "nothing of the kind"},
				"dcim.devicetype.airflow":           {1, "no field"},
				"dcim.devicetype.weight":            {1, "no field"},
				"circuits.circuit.termination_date": {1, "no field"},
				"ipam.asn":                          {1, "field of locations and providers"},
			} {
				n, reasons := leftOut(summary, what)
				assert.Equal(t, want.n, n, "%s: %s", what, reasons)
				assert.Contains(t, reasons, want.reason, what)
			}
		})

		t.Run("devices", func(t *testing.T) {
			r1 := w.one(t, "dcim.device", "r1")
			assert.Equal(t, json.Number("10"), r1.Values["position"])
			assert.Equal(t, map[string]any{"a": json.Number("1")}, r1.Values["local_config_context_data"])
			assert.Equal(t, "gold", r1.Custom["tier"])
			assert.Equal(t, []string{"Edge"}, w.many(t, r1, "tags"))
			assert.Equal(t, "10.1.0.1/24", w.str(t, r1, "primary_ip4"))
			assert.Equal(t, "2001:db8::1/64", w.str(t, r1, "primary_ip6"))
			assert.Equal(t, "Spare\nIn a box", w.one(t, "dcim.device", "r2").Values["comments"], "a description has no field of its own")
			assert.Equal(t, json.Number("2"), w.one(t, "dcim.devicetype", "R-1").Values["u_height"])
			assert.Len(t, w.all(t, "dcim.interface"), 5)
			assert.Len(t, w.all(t, "dcim.deviceclusterassignment"), 1)
			for _, o := range w.all(t, "dcim.interface") {
				switch w.str(t, o, "device") + " " + o.Name {
				case "r1 e0":
					assert.Equal(t, []string{"thirty (30)", "twenty (20)"}, w.many(t, o, "tagged_vlans"))
					assert.Equal(t, "ten (10)", w.str(t, o, "untagged_vlan"))
					assert.Equal(t, "red: (red)", w.str(t, o, "vrf"))
				case "r2 e0":
					assert.Equal(t, "po1", w.str(t, o, "lag"))
					assert.Equal(t, false, o.Values["enabled"])
				case "r2 e9":
					assert.Equal(t, "other", o.Values["type"])
				}
			}
			reservation := w.all(t, "dcim.rackreservation")
			require.Len(t, reservation, 1)
			assert.Equal(t, "carla", w.str(t, reservation[0], "user"))
			cable := w.one(t, "dcim.cable", "c-1")
			assert.Equal(t, json.Number("3"), cable.Values["length"])
		})

		t.Run("roles of one name are one", func(t *testing.T) {
			both := w.one(t, "extras.role", "Both")
			assert.ElementsMatch(t, []any{"dcim.device", "virtualization.virtualmachine", "ipam.prefix", "ipam.vlan", "ipam.ipaddressrange"}, both.Values["content_types"])
			assert.Equal(t, "445566", both.Values["color"])
			assert.Equal(t, "Met twice", both.Values["description"])
			billing := w.one(t, "extras.role", "Billing")
			assert.NotEmpty(t, billing.Values["description"], "what was there stays")
		})

		t.Run("addresses", func(t *testing.T) {
			wide := w.one(t, "ipam.prefix", "10.0.0.0/8")
			assert.Equal(t, "RFC 1918", w.str(t, wide, "rir"), "aggregate and prefix are one")
			assert.Equal(t, "All of it", wide.Values["description"])
			var global, red *objects.Object
			for _, o := range w.all(t, "ipam.prefix") {
				if o.Name == "10.1.0.0/24" {
					if w.str(t, o, "namespace") == "red" {
						red = o
					} else {
						global = o
					}
				}
			}
			require.NotNil(t, red)
			require.NotNil(t, global)
			assert.Equal(t, "pool", global.Values["type"])
			assert.Equal(t, "10.1.0.0/16", w.str(t, global, "parent"))
			assert.Equal(t, uuid.Nil, red.Ref("parent"))
			made := w.one(t, "ipam.prefix", "172.16.5.0/25")
			assert.Equal(t, "Global", w.str(t, made, "namespace"), "an address that stood in no prefix has one")
			address := w.one(t, "ipam.ipaddress", "172.16.5.9/25")
			assert.Equal(t, "10.1.0.1/24", w.str(t, address, "nat_inside"))
			assert.Equal(t, "dhcp", address.Values["type"])
			assert.Equal(t, "Loopback", w.str(t, w.one(t, "ipam.ipaddress", "10.1.0.1/24"), "role"))
			assert.Equal(t, "red", w.str(t, w.one(t, "ipam.prefix", "2001:db8::/64"), "namespace"))
			assert.Equal(t, "10-99", w.one(t, "ipam.vlangroup", "G").Values["range"])
			assert.Equal(t, "Reykjavik", w.str(t, w.one(t, "ipam.vlangroup", "G"), "location"))
			w.one(t, "ipam.vlangroup", "G (g-2)")
			assert.Equal(t, json.Number("64500"), w.one(t, "circuits.provider", "Carrier").Values["asn"])
		})

		t.Run("contacts", func(t *testing.T) {
			jo := w.one(t, "extras.contact", "Jo")
			assert.Equal(t, "Chief\nCalls back", jo.Values["comments"])
			assert.Equal(t, []string{jo.Str}, w.many(t, w.one(t, "extras.team", "Staff"), "contacts"))
			all := w.all(t, "extras.contactassociation")
			require.Len(t, all, 1)
			assert.Equal(t, w.one(t, "dcim.device", "r1").ID.String(), all[0].Values["associated_object_id"])
			assert.Equal(t, "dcim.device", all[0].Values["associated_object_type"])
			assert.Equal(t, "Tertiary", w.str(t, all[0], "status"))
		})

		t.Run("links", func(t *testing.T) {
			assert.Equal(t, []string{"e0 > thirty (30)", "e0 > twenty (20)"}, w.links(t, "interface_tagged_vlans"))
			assert.Equal(t, []string{"eth0 > thirty (30)"}, w.links(t, "vm_interface_tagged_vlans"))
			assert.Equal(t, []string{"r1 > ten (10)", "r1 > thirty (30)", "r1 > twenty (20)", "r2 > twenty (20)"}, w.links(t, "device_vlans"))
			assert.Equal(t, []string{"r1 > ten (10)", "r1 > twenty (20)", "r2 > ten (10)", "r2 > twenty (20)"}, w.links(t, "device_site_vlans"))
			assert.Equal(t, []string{"e0 > e0"}, w.links(t, "cable_ends"))
			assert.Equal(t, []string{"r1 > 2001:db8::1/64"}, w.links(t, "device_primary_address"))
			assert.Equal(t, []string{"vm1 > 10.1.0.77/24"}, w.links(t, "virtual_machine_primary_address"))
			assert.Equal(t, []string{"C-1 > Nowhere", "C-1 > Reykjavik"}, w.links(t, "circuit_locations"))
			assert.Equal(t, []string{"Plants > Reykjavik"}, w.links(t, "site_group_sites"))
			assert.Equal(t, []string{"r1 > vm1"}, w.links(t, "device_virtual_machines"))
			assert.Equal(t, []string{"e0 > Board"}, w.links(t, "interface_inventory_items"))
			assert.Equal(t, []string{"r2 > r1"}, w.links(t, "backup_of_dcim_device"), "a custom field that refers to objects")
			assert.Len(t, w.links(t, "service_addresses"), 2)
			assert.Equal(t, []string{"10.1.0.1/24", "172.16.5.9/25"}, w.many(t, w.one(t, "ipam.service", "ssh"), "ip_addresses"))
			assert.Equal(t, relationships.SymmetricOneToOne, w.definition(t, "cable_ends").Type)
			assert.Equal(t, relationships.OneToOne, w.definition(t, "device_primary_address").Type)
		})

		state := w.state(t)
		t.Run("a second run changes nothing", func(t *testing.T) {
			again := w.imported(t, bytes.NewReader(small))
			for _, tally := range slices.Concat(again.Objects, again.Links) {
				assert.Zero(t, tally.Made+tally.Updated+tally.Removed, "%+v", tally)
			}
			assert.Empty(t, differences(state, w.state(t)))
		})

		t.Run("what changed in the file changes", func(t *testing.T) {
			text := string(small)
			for _, change := range [][2]string{
				{`"tagged_vlans": [2, 3], "vrf": 1`, `"tagged_vlans": [3], "vrf": null`},
				{`"cable": 1, "cable_end": "B", "termination_type": 8, "termination_id": 2`, `"cable": 1, "cable_end": "B", "termination_type": 8, "termination_id": 5`},
				{`"custom_field_data": {"tier": "gold", "backup_of": 2}`, `"custom_field_data": {"tier": "silver", "backup_of": null}`},
				{`"group": 1, "tenant": 1, "facility": "R1"`, `"group": null, "tenant": null, "facility": ""`},
			} {
				require.Contains(t, text, change[0])
				text = strings.Replace(text, change[0], change[1], 1)
			}
			changed := w.imported(t, strings.NewReader(text))
			assert.True(t, changed.Changed())
			assert.Equal(t, []string{"e0 > thirty (30)"}, w.links(t, "interface_tagged_vlans"))
			assert.Equal(t, []string{"e0 > e9"}, w.links(t, "cable_ends"))
			ends := map[any]string{}
			for _, o := range w.all(t, "dcim.cabletocabletermination") {
				ends[o.Values["cable_end"]] = w.str(t, o, "interface")
			}
			assert.Equal(t, map[any]string{"A": "e0", "B": "e9"}, ends)
			assert.Empty(t, w.all(t, "ipam.vrfdeviceassignment"))
			assert.Empty(t, w.links(t, "backup_of_dcim_device"))
			assert.Empty(t, w.links(t, "site_group_sites"))
			site := w.one(t, "dcim.location", "Reykjavik")
			assert.Equal(t, uuid.Nil, site.Ref("tenant"))
			assert.Equal(t, "", site.Values["facility"])
			assert.Equal(t, "silver", w.one(t, "dcim.device", "r1").Custom["tier"])
		})
	})
}

func TestImportNetBoxTellsProgressAndSummary(t *testing.T) {
	small, err := os.ReadFile("testdata/netbox-small.json")
	require.NoError(t, err)
	s := storetest.New(t)
	w := newWorld(t, s)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	_, err = zip.Write(small)
	require.NoError(t, err)
	require.NoError(t, zip.Close())
	last, of := 0, 0
	summary, err := exchange.ImportNetBox(t.Context(), &packed, func(ctx context.Context, do func(exchange.Target) error) error {
		return w.store.Atomically(ctx, func(bound *store.Store) error { return do(w.target(bound)) })
	}, func(done, total int) {
		assert.GreaterOrEqual(t, done, last)
		assert.True(t, of == 0 || of == total, "the total does not change")
		last, of = done, total
	})
	require.NoError(t, err)
	assert.NotZero(t, of)
	assert.Equal(t, of, last)
	var text strings.Builder
	require.NoError(t, summary.Print(&text))
	for _, line := range []string{
		`dcim.interface +dcim.interface +5 +0 +0 +0`,
		`cable_ends +1 +0 +0 +0`,
		`dcim.region +2 +it refers to itself in a circle: Round \(3\), About \(4\)\n`,
	} {
		assert.Regexp(t, line, text.String())
	}
}

// A device of a type that has templates gets its parts from them as soon as it
// is made; the parts that the file tells of are these, not others beside them.
func TestImportNetBoxOfALaterDeviceTakesItsParts(t *testing.T) {
	small, err := os.ReadFile("testdata/netbox-small.json")
	require.NoError(t, err)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.imported(t, bytes.NewReader(small))
		later := strings.TrimRight(string(small), "]\n") + `,
			{"model": "dcim.device", "pk": 20, "fields": {"name": "r20", "device_type": 1, "role": 1, "site": 1, "location": null, "rack": null, "position": null, "face": "", "status": "active"}},
			{"model": "dcim.interface", "pk": 20, "fields": {"device": 20, "module": null, "name": "e0", "type": "1000base-t", "enabled": true, "mode": "", "mtu": 1400, "tagged_vlans": []}}]`
		summary := w.imported(t, strings.NewReader(later))
		n, reasons := leftOut(summary, "dcim.interface")
		assert.Equal(t, 1, n, reasons)
		r20 := w.one(t, "dcim.device", "r20")
		var parts []*objects.Object
		for _, o := range w.all(t, "dcim.interface") {
			if o.Ref("device") == r20.ID {
				parts = append(parts, o)
			}
		}
		require.Len(t, parts, 1)
		assert.Equal(t, json.Number("1400"), parts[0].Values["mtu"])
		assert.False(t, w.imported(t, strings.NewReader(later)).Changed())
	})
}

// What is there already under the same names is taken, not made again.
func TestImportNetBoxIntoAnInventory(t *testing.T) {
	small, err := os.ReadFile("testdata/netbox-small.json")
	require.NoError(t, err)
	s := storetest.New(t)
	w := newWorld(t, s)
	_, err = exchange.LoadDemo(t.Context(), func(ctx context.Context, do func(exchange.Target) error) error {
		return s.Atomically(ctx, func(bound *store.Store) error { return do(w.target(bound)) })
	})
	require.NoError(t, err)
	types := len(w.all(t, "dcim.locationtype"))
	summary := w.imported(t, bytes.NewReader(small))
	assert.NotZero(t, exchange.Total(summary.Objects).Made)
	region := w.one(t, "dcim.locationtype", "Region")
	assert.Contains(t, region.Values["content_types"], "virtualization.cluster")
	assert.Less(t, len(w.all(t, "dcim.locationtype")), types+4)
	n, reasons := leftOut(summary, "dcim.site")
	assert.Equal(t, 1, n, reasons)
	assert.False(t, w.imported(t, bytes.NewReader(small)).Changed())
}

func TestImportNetBoxLeavesLinksOfOthersAlone(t *testing.T) {
	small, err := os.ReadFile("testdata/netbox-small.json")
	require.NoError(t, err)
	s := storetest.New(t)
	w := newWorld(t, s)
	w.imported(t, bytes.NewReader(small))
	definition := w.definition(t, "interface_tagged_vlans")
	var lo0 *objects.Object
	for _, o := range w.all(t, "dcim.interface") {
		if o.Name == "lo0" {
			lo0 = o
		}
	}
	draft := fmt.Sprintf(`{"relationship": %q, "source_type": "dcim.interface", "source_id": %q, "destination_type": "ipam.vlan", "destination_id": %q}`,
		definition.ID, lo0.ID, w.one(t, "ipam.vlan", "ten").ID)
	body, err := objects.DecodeDraft(json.RawMessage(draft))
	require.NoError(t, err)
	_, err = w.target(s).Associations.Create(t.Context(), []objects.Draft{body}, false)
	require.NoError(t, err)
	assert.False(t, w.imported(t, bytes.NewReader(small)).Changed())
	assert.Contains(t, w.links(t, "interface_tagged_vlans"), "lo0 > ten (10)")
}

func TestImportNetBoxOfBrokenFilesLeavesNothing(t *testing.T) {
	small, err := os.ReadFile("testdata/netbox-small.json")
	require.NoError(t, err)
	packed, err := os.ReadFile(demoFile)
	require.NoError(t, err)
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		state := w.state(t)
		const whole, row = "This is not a whole NetBox dumpdata file: after ", "This is not a NetBox dumpdata file: row "
		for name, tt := range map[string]struct {
			file []byte
			want string
		}{
			"empty":                      {nil, whole + "0 rows: it ends too early."},
			"cut in the middle":          {small[:len(small)/2], "rows: it ends too early."},
			"cut before the end":         {bytes.TrimRight(small, "]\n"), "rows: it ends too early."},
			"more after the end":         {append(slices.Clone(small), "[]"...), "rows: something follows the list."},
			"cut within the compression": {packed[:len(packed)-100], "rows: it ends too early."},
			"a damaged compression":      {[]byte("\x1f\x8bnot compressed at all"), "rows: its compressed data is damaged."},
			"no more than its beginning": {packed[:5], whole + "0 rows: it ends too early."},
			"no list":                    {[]byte(`{"model": "dcim.site"}`), whole + "0 rows: it does not begin with a list of rows."},
			"no rows":                    {[]byte(`[]`), whole + "0 rows: it has no rows."},
			"no JSON":                    {[]byte("Site,Region\nA,B\n"), whole + "0 rows: what stands near byte 1 is no JSON."},
			"no JSON further on":         {[]byte(`[{"model": "dcim.site", "pk": 1, "fields": {}}, {model: 1}]`), whole + "1 rows: what stands near byte 48 is no JSON."},
			"a row that is none":         {[]byte(`[["dcim.site", 1]]`), row + "1: it must be an object with model, pk and fields, and is a list."},
			"a row without a model":      {[]byte(`[{"pk": 1, "fields": {}}]`), row + "1: model is missing."},
			"a model of another shape":   {[]byte(`[{"model": 7, "pk": 1, "fields": {}}]`), row + "1: model must be a text such as dcim.site, and is a number."},
			"a model without an app":     {[]byte(`[{"model": "site", "pk": 1, "fields": {}}]`), row + `1: model must be a text such as dcim.site, and is "site".`},
			"a pk of another shape":      {[]byte(`[{"model": "dcim.site", "pk": {"id": 1}, "fields": {}}]`), row + "1 (dcim.site): pk must be a number or a text, and is an object."},
			"a row without fields":       {[]byte(`[{"model": "dcim.site", "pk": 1}]`), row + "1 (dcim.site 1): fields are missing."},
			"fields of another shape":    {[]byte(`[{"model": "dcim.site", "pk": 1, "fields": {}}, {"model": "dcim.site", "pk": 2, "fields": "name"}]`), row + `2 (dcim.site 2): fields must be an object, and is "name".`},
			"the same row twice":         {[]byte(`[{"model": "dcim.site", "pk": 1, "fields": {}}, {"model": "dcim.site", "pk": "1", "fields": {}}]`), row + "2 (dcim.site 1): pk: row 1 has the same model and pk."},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := w.run(t, bytes.NewReader(tt.file))
				require.ErrorIs(t, err, fault.Invalid)
				assert.Contains(t, err.Error(), tt.want)
			})
		}
		assert.Empty(t, differences(state, w.state(t)))
	})
}

// A value of a shape that no field takes leaves its row out, with the model, the
// pk, the field and the rule.
func TestImportNetBoxOfValuesOfAnotherShape(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		summary := w.imported(t, strings.NewReader("\xef\xbb\xbf"+`[
			{"model": "dcim.manufacturer", "pk": 1, "fields": {"name": {"en": "Acme"}, "slug": "acme"}},
			{"model": "dcim.manufacturer", "pk": 2, "fields": {"name": ["Acme"], "slug": "acme-2"}},
			{"model": "dcim.devicetype", "pk": 3, "fields": {"manufacturer": {"id": 1}, "model": "M", "slug": "m"}},
			{"model": "dcim.devicetype", "pk": 4, "fields": {"manufacturer": 9, "model": "N", "slug": "n", "u_height": "high"}}
		]`))
		var told strings.Builder
		require.NoError(t, summary.Print(&told))
		for _, want := range []string{
			"name: Not a valid string.", "(1)", "(2)",
			`it refers to dcim.manufacturer {"id":1}, which is not in the file`, "M (3)",
			"it refers to dcim.manufacturer 9, which is not in the file", "N (4)",
		} {
			assert.Contains(t, told.String(), want)
		}
		assert.NotContains(t, told.String(), "map[")
	})
}
