package objects

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestInterfaceKey(t *testing.T) {
	ordered := []string{"xe-0/0/1", "xe-0/0/1.100", "xe-0/0/1:2", "xe-0/0/10", "GigabitEthernet0/1", "ge-1/0/0", "Te1/1/1/1",
		"Ethernet1/2/3", "Ethernet1/2", "Ethernet1/10", "2/1", "1", "Po2", "Po10", "Vlan1", "a b 3", "abc/1", "eth0", "eth2", "eth2.5", "eth10",
		"lo0", "mgmt", "swp1s0"}
	shuffled := slices.Sorted(slices.Values(ordered))
	slices.SortFunc(shuffled, func(a, b string) int { return strings.Compare(interfaceKey(a), interfaceKey(b)) })
	require.Equal(t, ordered, shuffled)
}

func TestSlugify(t *testing.T) {
	for text, want := range map[string]string{"Device to VLAN": "device-to-vlan", "a_b": "a-b", "Ünïcode ß": "unicode", " x/y ": "x-y", "": ""} {
		require.Equal(t, want, Slugify(text))
	}
}

func TestPyRepr(t *testing.T) {
	for raw, want := range map[string]string{
		`{"b":1,"a":[true,null,1.50,1e20,"x'y","\"'"]}`: `{'b': 1, 'a': [True, None, 1.5, 1e+20, "x'y", '"\'']}`,
		`"é\n\u0007"`: `'é\n\x07'`, `-0`: `0`, `1e-5`: `1e-05`, `12345678901234567890`: `12345678901234567890`,
	} {
		v, err := DecodeJSON([]byte(raw))
		require.NoError(t, err)
		require.Equal(t, want, PyRepr(v))
	}
}
