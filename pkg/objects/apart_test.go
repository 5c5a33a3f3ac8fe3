package objects

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFieldsThatNoRuleOfAnotherObjectLooksAt(t *testing.T) {
	c, err := Load()
	require.NoError(t, err)
	tests := []struct {
		name, typ string
		apart     []string
		not       []string
	}{
		{"names and texts", "dcim.device", []string{"name", "serial", "comments", "status", "tags", "custom_fields", "nothing", "id"},
			[]string{"location", "rack", "position", "face", "virtual_chassis", "primary_ip4"}},
		{"a reference to its own type", "dcim.interface", []string{"description", "status"}, []string{"parent_interface", "lag", "bridge", "device"}},
		{"a tree", "tenancy.tenantgroup", []string{"name", "description"}, []string{"parent"}},
		{"a word that the kind knows by itself", "dcim.powerfeed", []string{"comments"}, []string{"breaker_position", "power_panel"}},
		{"networks", "ipam.prefix", []string{"description", "role", "status"}, []string{"prefix", "namespace", "type", "parent"}},
		{"what others see of a rule of the catalogue", "extras.customfield", nil, []string{"label"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, name := range tt.apart {
				assert.True(t, c.apart(c.Type(tt.typ), name), name)
			}
			for _, name := range tt.not {
				assert.False(t, c.apart(c.Type(tt.typ), name), name)
			}
		})
	}
}
