package store_test

import (
	"context"
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// network is a small inventory of addresses: what stands in the database is what
// filters read of it.
type network struct {
	cat        *objects.Catalogue
	rows, refs [][]any
}

func (n *network) add(t *testing.T, typ, name string, data map[string]any) uuid.UUID {
	t.Helper()
	id := uuid.New()
	data["name"] = name
	text, err := json.Marshal(data)
	require.NoError(t, err)
	n.rows = append(n.rows, []any{id, n.cat.Type(typ).ID, name, name, name, string(text), "", time.Unix(0, 0), time.Unix(0, 0)})
	return id
}

func (n *network) refer(typ, field string, from, to uuid.UUID) {
	n.refs = append(n.refs, []any{from, n.cat.Type(typ).Field(field).ID, to, 0})
}

func (n *network) prefix(t *testing.T, text string) uuid.UUID {
	t.Helper()
	p := netip.MustParsePrefix(text)
	return n.add(t, "ipam.prefix", text, map[string]any{"prefix": text, "prefix_length": p.Bits(), "network": p.Addr().String(),
		"network_key": objects.AddressKey(p.Addr()), "broadcast_key": objects.AddressKey(objects.LastAddress(p))})
}

func (n *network) address(t *testing.T, text string) uuid.UUID {
	t.Helper()
	p := netip.MustParsePrefix(text)
	return n.add(t, "ipam.ipaddress", text, map[string]any{"address": text, "mask_length": p.Bits(), "host": p.Addr().String(), "host_key": objects.AddressKey(p.Addr())})
}

// The answers are Nautobot's to the same addresses.
func TestFiltersOfAddresses(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		registry, err := objects.NewRegistry(ctx, s)
		require.NoError(t, err)
		n := &network{cat: registry.Catalogue(ctx)}
		names := map[uuid.UUID]string{}
		for _, p := range []string{"10.0.0.0/8", "10.222.0.0/16", "10.1.0.0/23", "10.1.0.128/25", "2001:db8::/32"} {
			names[n.prefix(t, p)] = p
		}
		var ips []uuid.UUID
		for _, a := range []string{"10.222.0.1/24", "10.222.0.2/24", "10.1.0.5/16", "2001:db8::1/64"} {
			ips = append(ips, n.address(t, a))
			names[ips[len(ips)-1]] = a
		}
		for _, d := range []string{"two", "none", "one"} {
			id := n.add(t, "dcim.device", d, map[string]any{})
			names[id] = d
			for i, itf := range map[string][]int{"two": {0, -1}, "one": {1}}[d] {
				port := n.add(t, "dcim.interface", d, map[string]any{"mgmt_only": i > 0})
				n.refer("dcim.interface", "device", port, id)
				if itf >= 0 {
					link := n.add(t, "ipam.ipaddresstointerface", "", map[string]any{})
					n.refer("ipam.ipaddresstointerface", "interface", link, port)
					n.refer("ipam.ipaddresstointerface", "ip_address", link, ips[itf])
				}
			}
		}
		require.NoError(t, s.Insert(ctx, "object (id, type_id, name, str, sort_key, data, body, created, last_updated)", n.rows))
		require.NoError(t, s.Insert(ctx, "object_ref (object_id, field_id, target_id, position)", n.refs))

		tests := []struct {
			typ, name, value string
			want             []string
		}{
			{"ipam.prefix", "prefix", "10.222.0.0/16", []string{"10.222.0.0/16"}},
			{"ipam.prefix", "prefix", "10.222.1.5/16", []string{"10.222.0.0/16"}},
			{"ipam.prefix", "prefix", "bogus", nil},
			{"ipam.prefix", "prefix", "10.222.0.0", nil},
			{"ipam.prefix", "prefix_exact", "10.222.0.0/16", []string{"10.222.0.0/16"}},
			{"ipam.prefix", "prefix_exact", "10.222.1.5/16", nil},
			{"ipam.prefix", "within", "10.0.0.0/8", []string{"10.1.0.0/23", "10.1.0.128/25", "10.222.0.0/16"}},
			{"ipam.prefix", "within", "10.222.0.0/16", nil},
			{"ipam.prefix", "within_include", "10.222.0.0/16", []string{"10.222.0.0/16"}},
			{"ipam.prefix", "within", "2001::/16", []string{"2001:db8::/32"}},
			{"ipam.prefix", "contains", "10.222.3.4", []string{"10.0.0.0/8", "10.222.0.0/16"}},
			{"ipam.prefix", "contains", "10.222.0.0/16", []string{"10.0.0.0/8", "10.222.0.0/16"}},
			{"ipam.prefix", "contains", "10.222.0.0/8", []string{"10.0.0.0/8"}},
			{"ipam.prefix", "q", "10.222", []string{"10.0.0.0/8", "10.222.0.0/16"}},
			{"ipam.prefix", "q", "10.2", []string{"10.0.0.0/8"}},
			{"ipam.prefix", "q", "10", []string{"10.0.0.0/8", "10.1.0.0/23", "10.1.0.128/25", "10.222.0.0/16"}},
			{"ipam.prefix", "q", "222", nil},
			{"ipam.prefix", "q", " 10.222 ", []string{"10.0.0.0/8", "10.222.0.0/16"}},
			{"ipam.prefix", "q", " ", []string{"10.0.0.0/8", "10.1.0.0/23", "10.1.0.128/25", "10.222.0.0/16", "2001:db8::/32"}},
			{"ipam.ipaddress", "q", " 10.222.0.1 ", []string{"10.222.0.1/24"}},
			{"ipam.prefix", "q", "2001:db8", []string{"2001:db8::/32"}},
			{"ipam.ipaddress", "q", "10.222", []string{"10.222.0.1/24", "10.222.0.2/24"}},
			{"ipam.ipaddress", "q", "10.222.0.1/30", []string{"10.222.0.1/24"}},
			{"ipam.ipaddress", "q", "10.222.0.0/30", nil},
			{"ipam.ipaddress", "q", "2.0.1", nil},
			{"ipam.ipaddress", "address", "10.222.0.1", []string{"10.222.0.1/24"}},
			{"ipam.ipaddress", "address", "10.222.0.1/24", []string{"10.222.0.1/24"}},
			{"ipam.ipaddress", "address", "10.222.0.1/32", nil},
			{"ipam.ipaddress", "prefix", "10.222.0.5/24", []string{"10.222.0.1/24", "10.222.0.2/24"}},
			{"ipam.ipaddress", "prefix", "10.222.0.1", []string{"10.222.0.1/24"}},
			{"ipam.ipaddress", "prefix_exact", "10.222.0.5/24", nil},
			{"ipam.ipaddress", "prefix_exact", "10.222.0.1", nil},
			{"dcim.device", "ip_addresses", "10.222.0.1", nil},
			{"dcim.device", "ip_addresses", "10.222.0.1/24", []string{"two"}},
			{"dcim.device", "ip_addresses", ips[1].String(), []string{"one"}},
			{"dcim.device", "has_ip_addresses", "true", []string{"one", "two"}},
			{"dcim.device", "has_ip_addresses", "false", []string{"none"}},
			{"dcim.device", "has_interfaces", "false", []string{"none"}},
			{"dcim.device", "interfaces__isnull", "true", []string{"none"}},
		}
		for _, tt := range tests {
			typ := n.cat.Type(tt.typ)
			q, err := n.cat.Schema(typ).Parse(ctx, s, []filters.Param{{Name: tt.name, Values: []string{tt.value}}})
			require.NoError(t, err)
			ids, err := s.Find(ctx, typ, q, 20)
			require.NoError(t, err)
			var got []string
			for _, id := range ids {
				got = append(got, names[id])
			}
			slices.Sort(got)
			assert.Equal(t, tt.want, got, "%s %s=%s", tt.typ, tt.name, tt.value)
		}
	})
}
