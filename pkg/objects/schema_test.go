package objects

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/filters"
)

// spell writes a path with names: > along a reference, < against it.
func spell(c *Catalogue, p filters.Path) string {
	var b strings.Builder
	for i, hop := range p.Hops {
		for _, check := range p.Where {
			if check.After == i {
				b.WriteString("[" + check.Column.Name + "=" + check.Value + "]")
			}
		}
		arrow := ">"
		if hop.Back {
			arrow = "<"
		}
		b.WriteString(arrow + FieldKey(c.FieldByID(hop.Field)))
	}
	if p.Column.Name != "" {
		b.WriteString("." + p.Column.Name)
	}
	return b.String()
}

func TestResolve(t *testing.T) {
	c := boundCatalogue(t)
	tests := []struct{ name, typ, path, way, field, at string }{
		{"a plain field", "dcim.device", "serial", ".serial", "serial", "dcim.device"},
		{"the id", "dcim.device", "pk", ".id", "id", "dcim.device"},
		{"a time", "dcim.device", "created", ".created", "created", "dcim.device"},
		{"a reference", "dcim.device", "location", ">dcim.device.location", "location", "dcim.location"},
		{"a reference by its column", "dcim.device", "tenant_id", ">dcim.device.tenant", "tenant", "tenancy.tenant"},
		{"the id of a target", "dcim.device", "location__id", ">dcim.device.location.id", "id", "dcim.location"},
		{"through references", "dcim.device", "device_type__manufacturer__name", ">dcim.device.device_type>dcim.devicetype.manufacturer.name", "name", "dcim.manufacturer"},
		{"tags", "dcim.device", "tags__name", ">dcim.device.tags.name", "name", "extras.tag"},
		{"a reverse name", "dcim.device", "interfaces__mac_address", "<dcim.interface.device.mac_address", "mac_address", "dcim.interface"},
		{"through the rows of a many-to-many", "dcim.device", "clusters", "<dcim.deviceclusterassignment.device>dcim.deviceclusterassignment.cluster", "clusters", "virtualization.cluster"},
		{"the same from the other end", "virtualization.cluster", "devices__name", "<dcim.deviceclusterassignment.cluster>dcim.deviceclusterassignment.device.name", "name", "dcim.device"},
		{"a stored many-to-many from the other end", "ipam.vlan", "interfaces_as_tagged", "<dcim.interface.tagged_vlans", "tagged_vlans", "dcim.interface"},
		{"the other end of a one-to-one", "dcim.device", "parent_bay__name", "<dcim.devicebay.installed_device.name", "name", "dcim.devicebay"},
		{"a cable", "dcim.interface", "cable_termination__cable", "<dcim.cabletocabletermination.interface>dcim.cabletocabletermination.cable", "cable", "dcim.cable"},
		{"against a generic reference", "dcim.device", "associated_contacts__contact__name", "<extras.contactassociation.associated_object>extras.contactassociation.contact.name", "name", "extras.contact"},
		{"half of a content type", "extras.exporttemplate", "content_type__model", ".content_type", "model", "extras.exporttemplate"},
		{"content types", "dcim.location", "location_type__content_types", ">dcim.location.location_type.content_types", "content_types", "dcim.locationtype"},
		{"with a condition", "dcim.cable", "terminations[cable_end=A]__interface__name", "<dcim.cabletocabletermination.cable[cable_end=A]>dcim.cabletocabletermination.interface.name", "name", "dcim.interface"},
		{"with a condition at the start", "dcim.interface", "[mgmt_only=false]device", "[mgmt_only=false]>dcim.interface.device", "device", "dcim.device"},
		{"stored parts of a prefix", "ipam.ipaddress", "parent__prefix_length", ">ipam.ipaddress.parent.prefix_length", "prefix_length", "ipam.prefix"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			way, field, at, err := c.Resolve(c.Type(tt.typ), tt.path)
			require.NoError(t, err)
			assert.Equal(t, tt.way, spell(c, way))
			assert.Equal(t, tt.field, field.Name)
			assert.Equal(t, tt.at, at.Name)
		})
	}
	_, _, at, err := c.Resolve(c.Type("extras.contactassociation"), "associated_object")
	require.NoError(t, err)
	assert.Nil(t, at)
}

func TestResolveRefuses(t *testing.T) {
	c := boundCatalogue(t)
	for path, want := range map[string]string{
		"x":                 "Cannot resolve keyword 'x' into field. Choices are: ",
		"location__x":       "Cannot resolve keyword 'x' into field. Choices are: ",
		"":                  "Cannot resolve keyword '' into field.",
		"name__x":           "Unsupported lookup 'x' for CharField or join on the field not permitted.",
		"serial[x":          "no condition",
		"serial[x]":         "no condition",
		"face__model":       "Unsupported lookup 'model'",
		"custom_fields__no": "Unsupported lookup 'no'",
	} {
		_, _, _, err := c.Resolve(c.Type("dcim.device"), path)
		assert.ErrorContains(t, err, want, path)
	}
	_, _, _, err := c.Resolve(c.Type("dcim.manufacturer"), "x")
	assert.EqualError(t, err, "Cannot resolve keyword 'x' into field. Choices are: _custom_field_data, associated_contacts, associated_data_compliance, "+
		"associated_object_metadata, cable_types, cloud_accounts, cloud_resource_types, created, description, destination_for_associations, device_types, "+
		"id, inventory_items, last_updated, module_types, name, platforms, source_for_associations, static_group_association_set")
	_, _, _, err = c.Resolve(c.Type("ipam.prefix"), "x")
	assert.NotContains(t, err.Error(), "_key", "how addresses are sorted is nobody's business")
}

func TestResolveListsKeywords(t *testing.T) {
	c := boundCatalogue(t)
	tests := []struct {
		name, typ   string
		lists, none []string
	}{
		{"an address is kept in parts", "ipam.ipaddress", []string{"host", "mask_length", "parent_id"}, []string{"address", "namespace"}},
		{"two addresses", "ipam.ipaddressrange", []string{"start_host", "end_host"}, []string{"start_address", "end_address", "namespace"}},
		{"a location that is written alone", "ipam.prefix", []string{"network", "locations"}, []string{"prefix", "location"}},
		{"terminations of a cable", "dcim.cable", []string{"terminations"}, []string{"termination_a_type", "termination_b_id"}},
		{"a content type has an id", "extras.dynamicgroup", []string{"content_type", "content_type_id"}, nil},
		{"no custom fields", "extras.exporttemplate", []string{"content_type_id", "owner_content_type_id"}, []string{"_custom_field_data"}},
		{"what relata has not", "dcim.rack", []string{"images"}, nil},
		{"what is tagged, by its name", "extras.tag", []string{"device", "vlan", "extras_taggeditem_items"}, []string{"manufacturer", "_extras_configcontext_tags_+"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, _, err := c.Resolve(c.Type(tt.typ), "x")
			_, list, _ := strings.Cut(err.Error(), "Choices are: ")
			names := strings.Split(list, ", ")
			assert.Subset(t, names, tt.lists)
			for _, name := range tt.none {
				assert.NotContains(t, names, name)
			}
		})
	}
}

func TestSchemaKinds(t *testing.T) {
	c := boundCatalogue(t)
	tests := []struct {
		typ, filter string
		kind        filters.Kind
		way         string
	}{
		{"dcim.device", "id", filters.UUID, ".id"},
		{"dcim.device", "name", filters.Text, ".name"},
		{"dcim.device", "face", filters.Choice, ".face"},
		{"dcim.device", "position", filters.Integer, ".position"},
		{"dcim.device", "mac_address", filters.MAC, "<dcim.interface.device.mac_address"},
		{"dcim.device", "created", filters.Time, ".created"},
		{"dcim.device", "device_type", filters.NameOrID, ">dcim.device.device_type"},
		{"dcim.device", "tenant_id", filters.Reference, ">dcim.device.tenant"},
		{"dcim.device", "location", filters.Tree, ">dcim.device.location"},
		{"dcim.device", "tags", filters.Tag, ">dcim.device.tags"},
		{"dcim.device", "is_full_depth", filters.Boolean, ">dcim.device.device_type.is_full_depth"},
		{"dcim.device", "has_interfaces", filters.Membership, "<dcim.interface.device"},
		{"dcim.device", "q", filters.Search, ""},
		{"dcim.device", "has_primary_ip", filters.Method, ""},
		{"dcim.location", "subtree", filters.Tree, ""},
		{"dcim.location", "latitude", filters.Decimal, ".latitude"},
		{"dcim.location", "content_type", filters.ContentType, ">dcim.location.location_type.content_types"},
		{"ipam.prefix", "ip_version", filters.Single, ".ip_version"},
		{"circuits.circuit", "install_date", filters.Date, ".install_date"},
	}
	for _, tt := range tests {
		t.Run(tt.typ+"."+tt.filter, func(t *testing.T) {
			f := c.Schema(c.Type(tt.typ)).Field(tt.filter)
			require.NotNil(t, f)
			assert.Equal(t, tt.kind, f.Kind)
			assert.Equal(t, tt.way, spell(c, f.Path))
		})
	}
}

func TestSchemaDetails(t *testing.T) {
	c := boundCatalogue(t)
	device := c.Schema(c.Type("dcim.device"))
	assert.Equal(t, "dcim.Device", device.Class)
	assert.Equal(t, filters.IEqual, device.Field("serial").Base)
	assert.Equal(t, []string{"front", "rear"}, device.Field("face").Choices)
	assert.True(t, device.Field("face").List)
	assert.False(t, device.Field("name").List)

	kind := device.Field("device_type")
	assert.Equal(t, "dcim.devicetype", kind.Target)
	assert.Equal(t, c.Type("dcim.devicetype").ID, kind.TargetType)
	assert.Equal(t, "model", kind.ToField.Column.Name)
	assert.Equal(t, filters.Integer, c.Schema(c.Type("dcim.interface")).Field("untagged_vlan").ToKind)

	q := device.Field("q").Search
	require.NotEmpty(t, q)
	assert.Equal(t, filters.SearchPath{Path: filters.Path{Column: filters.Column{Name: "id", Own: true}}, Kind: filters.UUID, Lookup: filters.IEqual}, q[0])
	assert.Equal(t, "host_search", c.Schema(c.Type("ipam.ipaddress")).Field("q").Method)

	assert.True(t, c.Schema(c.Type("extras.tag")).Field("content_types").Every)
	assert.False(t, c.Schema(c.Type("extras.role")).Field("content_types").Every)

	cable := c.Schema(c.Type("dcim.cable")).Field("termination_a_id")
	assert.Equal(t, "any", cable.Method)
	assert.Equal(t, filters.UUID, cable.Values)
	assert.Len(t, cable.Paths["any"], 9)
	covers := c.Schema(c.Type("ipam.vlan")).Field("available_on_device")
	assert.Equal(t, ">dcim.device.location", spell(c, covers.Paths["of"][0]))

	kinds := c.Schema(c.Type("dcim.interface")).Field("kind")
	assert.Equal(t, []string{"physical", "virtual", "wireless"}, kinds.Choices)
	assert.True(t, kinds.SingleValue)

	device2 := c.Schema(c.Type("dcim.interface")).Field("device")
	assert.Equal(t, "dcim.device", device2.Target)
	assert.Equal(t, "name", device2.ToField.Column.Name)
}

// Problems are told in the order of a form, which Nautobot's answers show.
func TestOrderOfLookups(t *testing.T) {
	c := boundCatalogue(t)
	raw := `{"vid__gt": ["x"], "vid__gte": ["x"], "vid__lt": ["x"], "vid__lte": ["x"], "vid__n": ["x"], "vid": ["x"]}`
	_, problems, err := c.Schema(c.Type("ipam.vlan")).ParseJSON(t.Context(), nil, []byte(raw))
	require.NoError(t, err)
	var names []string
	for _, p := range problems {
		name, _, _ := strings.Cut(p, ":")
		names = append(names, strings.Trim(name, "'"))
	}
	assert.Equal(t, []string{"vid", "vid__n", "vid__lte", "vid__lt", "vid__gte", "vid__gt"}, names)

	var texts []string
	for _, l := range c.Schema(c.Type("ipam.vlan")).Field("name").Lookups {
		texts = append(texts, string(l))
	}
	assert.Equal(t, "n ic nic iew niew isw nisw ie nie re nre ire nire", strings.Join(texts, " "))
}

func TestSchemaIsSharedAndSafe(t *testing.T) {
	c := boundCatalogue(t)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for _, one := range c.Types() {
				assert.NotNil(t, c.Schema(one))
			}
		})
	}
	group.Wait()
	assert.Same(t, c.Schema(c.Type("dcim.rack")), c.Schema(c.Type("dcim.rack")))
}

func TestOrderings(t *testing.T) {
	c := boundCatalogue(t)
	spelled := func(typ string, names ...string) []string {
		var out []string
		for _, o := range c.Orderings(c.Type(typ), names) {
			text := spell(c, o.Path)
			if o.Descending {
				text = "-" + text
			}
			out = append(out, text)
		}
		return out
	}
	assert.Equal(t, []string{".sort_key"}, spelled("dcim.device", "_name"))
	assert.Equal(t, []string{"-.serial"}, spelled("dcim.device", "-serial", "nothing", "tags"))
	assert.Equal(t, []string{">dcim.device.location.sort_key"}, spelled("dcim.device", "location"))
	assert.Equal(t, []string{"->circuits.circuit.provider.sort_key"}, spelled("circuits.circuit", "-provider"))
	assert.Equal(t, []string{">circuits.circuittermination.circuit>circuits.circuit.provider.sort_key", ">circuits.circuittermination.circuit.sort_key", ".term_side"},
		spelled("circuits.circuittermination", "circuit", "term_side", "term_side"))
	assert.Equal(t, []string{">dcim.interface.device.sort_key", ">dcim.interface.device.id", ".sort_key"}, spelled("dcim.interface", "device_id", "_name"),
		"two devices of one name do not mix")
	assert.Equal(t, []string{"-.id"}, spelled("dcim.device", "-id", "name"), "no two are equal")
	for _, one := range c.Types() {
		assert.NotPanics(t, func() { c.Orderings(one, one.Order) })
	}
}
