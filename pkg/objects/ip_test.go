package objects_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestNetworks(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("ns", "ipam.namespace", `{"name":"Lab"}`)
		prefix := func(name, cidr string) {
			t.Helper()
			w.make(name, "ipam.prefix", `{"prefix":"`+cidr+`","namespace":"$ns","status":"$active"}`)
		}
		prefix("p8", "10.0.0.0/8")
		prefix("p16", "10.1.0.0/16")
		w.make("a", "ipam.ipaddress", `{"address":"10.1.0.5/24","namespace":"$ns","status":"$active"}`)
		require.Equal(t, "10.1.0.0/16", w.parent("a"))
		prefix("p24", "10.1.0.0/24")
		require.Equal(t, "10.1.0.0/24", w.parent("a"), "a new prefix takes over")
		require.Equal(t, "10.1.0.0/16", w.parent("p24"))
		require.NoError(t, w.remove("p16"))
		require.Equal(t, "10.0.0.0/8", w.parent("p24"), "children go to the grandparent")
		require.NoError(t, w.remove("p24"))
		require.Equal(t, "10.0.0.0/8", w.parent("a"))
		require.Contains(t, told(w.remove("p8")), "Unable to delete object. 1 dependent objects were found: 10.1.0.5/24")

		_, err := w.create("ipam.prefix", `{"prefix":"20.0.0.0/8","namespace":"$ns","status":"$active"}`, `{"prefix":"20.1.0.0/16","namespace":"$ns","status":"$active"}`, `{"prefix":"20.1.1.0/24","namespace":"$ns","status":"$active"}`)
		require.NoError(t, err)
		w.make("a20", "ipam.ipaddress", `{"address":"20.1.1.5/24","namespace":"$ns","status":"$active"}`)
		require.Equal(t, "20.1.1.0/24", w.parent("a20"))
		prefix("p24", "10.1.0.0/24")

		w.refused([]refusal{
			{"the same prefix again", "ipam.prefix", `{"prefix":"10.0.0.0/8","namespace":"$ns","status":"$active"}`, "__all__: Prefix with this Namespace, Network and Prefix length already exists."},
			{"the same address again", "ipam.ipaddress", `{"address":"10.1.0.5/24","namespace":"$ns","status":"$active"}`, "__all__: IP address 10.1.0.5/24 already exists in 10.1.0.0/24. IP address with this Parent and Host already exists."},
			{"not the closest parent", "ipam.ipaddress", `{"address":"10.1.0.6/24","parent":"$p8","status":"$active"}`, "parent: 10.0.0.0/8 cannot be assigned as the parent of 10.1.0.6/24.  In namespace Lab, the expected parent would be 10.1.0.0/24."},
			{"neither parent nor namespace", "ipam.ipaddress", `{"address":"10.1.0.6/24","status":"$active"}`, "__all__: One of parent or namespace must be provided"},
			{"no prefix", "ipam.ipaddress", `{"address":"192.168.0.1/24","namespace":"$ns","status":"$active"}`, "namespace: No suitable parent Prefix for 192.168.0.1 exists in Namespace Lab"},
			{"slaac for version 4", "ipam.ipaddress", `{"address":"10.1.0.6/24","namespace":"$ns","status":"$active","type":"slaac"}`, "type: Only IPv6 addresses can be assigned SLAAC type"},
			{"dns name", "ipam.ipaddress", `{"address":"10.1.0.6/24","namespace":"$ns","status":"$active","dns_name":"a b"}`, "dns_name: Only alphanumeric characters, hyphens, periods, and underscores are allowed in DNS names"},
		})
		_, err = w.change("a", "ipam.ipaddress", `{"address":"10.1.0.6/24"}`)
		require.Equal(t, "__all__: Host address cannot be changed once created", told(err))
		_, err = w.change("a", "ipam.ipaddress", `{"address":"10.1.0.5/16"}`)
		require.NoError(t, err)

		_, err = w.change("p24", "ipam.prefix", `{"prefix":"10.1.0.0/30"}`)
		require.NoError(t, err)
		require.Equal(t, "10.0.0.0/8", w.parent("a"), "what no longer fits goes to the grandparent")
	})
}

func TestRanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.make("active", "extras.status", `{"name":"E Active","content_types":["ipam.prefix","ipam.ipaddress","ipam.ipaddressrange"]}`)
		w.make("ns", "ipam.namespace", `{"name":"Lab"}`)
		w.make("p8", "ipam.prefix", `{"prefix":"10.0.0.0/8","namespace":"$ns","status":"$active"}`)
		w.make("p24", "ipam.prefix", `{"prefix":"10.1.0.0/24","namespace":"$ns","status":"$active"}`)
		w.make("a", "ipam.ipaddress", `{"address":"10.1.0.5/24","namespace":"$ns","status":"$active"}`)
		w.make("r", "ipam.ipaddressrange", `{"start_address":"10.1.0.100","end_address":"10.1.0.120","namespace":"$ns","status":"$active"}`)
		w.make("ex", "ipam.ipaddressrange", `{"start_address":"10.1.0.200","end_address":"10.1.0.209","namespace":"$ns","status":"$active","is_exclusive":true,"name":"EX"}`)
		tests := []struct{ body, want string }{
			{`"start_address":"10.1.0.110","end_address":"10.1.0.130","namespace":"$ns"`, "__all__: IP Address Range intersects with existing range '10.1.0.100 - 10.1.0.120'"},
			{`"start_address":"10.1.0.100","end_address":"10.1.0.101","namespace":"$ns"`, "__all__: IP Address Range intersects with existing range '10.1.0.100 - 10.1.0.120' IP address range with this Parent and Start host already exists."},
			{`"start_address":"10.1.0.130","end_address":"10.1.0.125","namespace":"$ns"`, "start_address: start_address must be less than or equal to end_address"},
			{`"start_address":"10.1.0.130","end_address":"2001:db8::1","namespace":"$ns"`, "__all__: start_address (IPv4) and end_address (IPv6) must be of the same IP version"},
			{`"start_address":"10.1.0.130/24","end_address":"10.1.0.131","namespace":"$ns"`, "start_address: Invalid IP address: 10.1.0.130/24"},
			{`"start_address":"10.0.0.1","end_address":"10.1.0.50","namespace":"$ns"`, "__all__: IP Address Range must be fully contained within a single parent Prefix. No single Prefix in namespace contains both start_address and end_address. Consider creating a wider parent Prefix that covers the entire range."},
			{`"start_address":"10.0.0.1","end_address":"10.2.0.50","namespace":"$ns"`, "__all__: IP Address Range overlaps with child Prefix '10.1.0.0/24' of the assigned parent Prefix"},
			{`"start_address":"10.1.0.1","end_address":"10.1.0.9","parent":"$p8"`, "parent: 10.0.0.0/8 cannot be assigned as the parent of 10.1.0.1 - 10.1.0.9. In namespace Lab, the expected parent would be 10.1.0.0/24."},
			{`"start_address":"10.1.0.1","end_address":"10.1.0.9","namespace":"$ns","is_exclusive":true`, "is_exclusive: Cannot make this IP Address Range exclusive: existing IP address(es) fall within the range: 10.1.0.5"},
			{`"start_address":"10.1.0.1","end_address":"10.1.0.9"`, "__all__: One of parent or namespace must be provided"},
			{`"start_address":"1.1.0.1","end_address":"1.1.0.9","namespace":"$ns"`, "namespace: No suitable parent Prefix for 1.1.0.1 exists in Namespace Lab"},
		}
		for _, tt := range tests {
			t.Run(tt.want, func(t *testing.T) {
				_, err := w.create("ipam.ipaddressrange", `{"status":"$active",`+tt.body+`}`)
				require.Equal(t, tt.want, told(err))
			})
		}
		_, err := w.create("ipam.ipaddress", `{"address":"10.1.0.205/24","namespace":"$ns","status":"$active"}`)
		require.Equal(t, `__all__: IP address 10.1.0.205 falls within exclusive IP Address Range "EX: 10.1.0.200 - 10.1.0.209". Creating an IP Address within an exclusive range is not permitted.`, told(err))
		w.make("b", "ipam.ipaddress", `{"address":"10.1.0.110/24","namespace":"$ns","status":"$active"}`)
		_, err = w.change("r", "ipam.ipaddressrange", `{"is_exclusive":true}`)
		require.Equal(t, "is_exclusive: Cannot make this IP Address Range exclusive: existing IP address(es) fall within the range: 10.1.0.110", told(err))
		_, err = w.change("p24", "ipam.prefix", `{"prefix":"10.1.0.0/26"}`)
		require.Contains(t, told(err), "would no longer be fully contained within this Prefix. Modify or delete the IP Address Range first.")
		_, err = w.change("p24", "ipam.prefix", `{"prefix":"10.1.0.0/23"}`)
		require.NoError(t, err)
	})
}
