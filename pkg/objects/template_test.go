package objects

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTemplates(t *testing.T) {
	c := boundCatalogue(t)
	tests := []struct {
		name, typ string
		display   bool
		values    map[string]string
		want      string
	}{
		{"a name", "dcim.manufacturer", false, map[string]string{"name": "Cisco"}, "Cisco"},
		{"a name with its label", "dcim.interface", false, map[string]string{"name": "e0", "label": "up"}, "e0 (up)"},
		{"a name without label", "dcim.interface", false, map[string]string{"name": "e0"}, "e0"},
		{"a named device", "dcim.device", false, map[string]string{"name": "sw1"}, "sw1"},
		{"an unnamed device of a chassis", "dcim.device", false, map[string]string{"virtual_chassis": "VC1", "vc_position": "2", "id": "x"}, "VC1:2 (x)"},
		{"an unnamed device", "dcim.device", false, map[string]string{"device_type.manufacturer.name": "Cisco", "device_type.model": "C9300", "id": "x"}, "Cisco C9300 (x)"},
		{"a location at the top", "dcim.location", true, map[string]string{"name": "FR"}, "FR"},
		{"a location below others", "dcim.location", true, map[string]string{"name": "Paris", "parent~display": "EU → FR"}, "EU → FR → Paris"},
		{"a labelled cable", "dcim.cable", false, map[string]string{"label": "C1", "id": "x"}, "C1"},
		{"a cable without label", "dcim.cable", false, map[string]string{"id": "x"}, "#x"},
		{"ports in a row", "ipam.service", false, map[string]string{"name": "web", "protocol|label": "TCP", "ports": "[443,80,81,82]"}, "web (TCP/80-82, 443)"},
		{"a prefix with its namespace", "ipam.prefix", true, map[string]string{"prefix": "10.0.0.0/8", "namespace": "Global"}, "10.0.0.0/8: Global"},
		{"a range with a name", "ipam.ipaddressrange", false, map[string]string{"name": "EX", "start_address": "10.1.4.1", "end_address": "10.1.4.9"}, "EX: 10.1.4.1 - 10.1.4.9"},
		{"a range without", "ipam.ipaddressrange", false, map[string]string{"start_address": "10.1.4.1", "end_address": "10.1.4.9"}, "10.1.4.1 - 10.1.4.9"},
		{"a contact with all", "extras.contact", false, map[string]string{"name": "Ann", "phone": "1", "email": "a@b"}, "Ann (1) (a@b)"},
		{"a contact with some", "extras.contact", false, map[string]string{"name": "Ann", "email": "a@b"}, "Ann (a@b)"},
		{"a contact association", "extras.contactassociation", false, map[string]string{"contact": "Ann", "associated_object": "sw1"}, "Contact Ann for sw1"},
		{"a team's association", "extras.contactassociation", false, map[string]string{"team": "Ops", "associated_object": "sw1"}, "Team contact Ops for sw1"},
		{"a member of a static group", "extras.staticgroupassociation", false, map[string]string{"associated_object": "sw1", "dynamic_group": "G"}, "sw1 as a member of G"},
		{"an export template", "extras.exporttemplate", false, map[string]string{"content_type|label": "DCIM | device", "name": "e"}, "DCIM | device: e"},
		{"an owned one", "extras.exporttemplate", false, map[string]string{"content_type|label": "DCIM | device", "name": "e", "owner": "repo"}, "[repo] DCIM | device: e"},
		{"a celery queue", "extras.jobqueue", true, map[string]string{"queue_type": "celery", "name": "q"}, "celery: q (0 workers)"},
		{"another queue", "extras.jobqueue", true, map[string]string{"queue_type": "kubernetes", "name": "q"}, "kubernetes: q"},
		{"a workflow without definition", "extras.approvalworkflow", false, map[string]string{"object_under_review": "o", "current_state|label": "Pending"}, "Deleted workflow: o (Pending)"},
		{"a module with all", "dcim.module", false, map[string]string{"module_type.model": "M", "serial": "S", "asset_tag": "A"}, "M (Serial: S) (Asset Tag: A)"},
		{"a module at a location", "dcim.module", true, map[string]string{"module_type.model": "M", "serial": "S", "location.name": "Paris"}, "M (Serial: S) at location Paris"},
		{"a module in a device", "dcim.module", true, map[string]string{"module_type.model": "M", "serial": "S", "parent_module_bay.parent_device~display": "sw1"}, "M installed in sw1"},
		{"a module in a module", "dcim.module", true, map[string]string{"module_type.model": "M", "parent_module_bay.parent_module~display": "outer"}, "M installed in outer"},
		{"a bay of a device", "dcim.modulebay", false, map[string]string{"parent_device": "sw1", "name": "B1"}, "sw1 (B1)"},
		{"a software version", "dcim.softwareversion", false, map[string]string{"platform": "junos", "version": "1.0"}, "junos - 1.0"},
		{"its alias", "dcim.softwareversion", false, map[string]string{"alias": "J1", "platform": "junos", "version": "1.0"}, "J1"},
		{"a termination at a network", "circuits.circuittermination", false, map[string]string{"term_side": "A", "cloud_network": "cn"}, "Termination A: cn"},
		{"a member of a pool", "load_balancers.loadbalancerpoolmember", false, map[string]string{"ip_address.host": "2001:db8::1", "port": "80"}, "2001:db8::1:80"},
		{"a VPN termination", "vpn.vpntermination", false, map[string]string{"interface": "e0", "vpn": "V"}, "e0 <> V"},
		{"a data rate", "wireless.supporteddatarate", false, map[string]string{"standard": "802.11ac", "rate": "1000"}, "802.11ac: 1000 Kbps"},
		{"an assignment", "ipam.vrfdeviceassignment", false, map[string]string{"vrf": "Global: (v)", "device": "sw1", "rd": "1:1", "name": "v"}, "Global: (v) [sw1] (rd: 1:1, name: v)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			template := c.Type(tt.typ).StrTemplate()
			if tt.display {
				template = c.Type(tt.typ).DisplayTemplate()
			}
			asked := template.Paths()
			for path := range tt.values {
				assert.Contains(t, asked, path)
			}
			assert.Equal(t, tt.want, template.Execute(func(path string) string { return tt.values[path] }))
		})
	}
}

func TestTemplateNeeds(t *testing.T) {
	c := boundCatalogue(t)
	assert.Equal(t, []string{"device_type", "device_type.manufacturer", "virtual_chassis"}, c.Type("dcim.device").StrTemplate().Needs())
	assert.Equal(t, []string{"parent"}, c.Type("dcim.location").DisplayTemplate().Needs())
	assert.Empty(t, c.Type("dcim.location").StrTemplate().Needs())
}

func TestParseTemplateRefuses(t *testing.T) {
	for _, text := range []string{"{name", "[{name}", "{name}]", "[a[b]]", "{}", "{a b}", "{name|shout}", "{?name}"} {
		_, err := ParseTemplate(text)
		assert.Error(t, err, text)
	}
	kept, err := ParseTemplate(`\[{name}\] a|b`)
	require.NoError(t, err)
	assert.Equal(t, "[x] a|b", kept.Execute(func(string) string { return "x" }))
}

func TestRanges(t *testing.T) {
	for list, want := range map[string]string{"": "", "80": "80", "[3, 1, 2]": "1-3", "1,2,4,5,7": "1-2, 4-5, 7", "5,5": "5"} {
		assert.Equal(t, want, Ranges(list), list)
	}
}
