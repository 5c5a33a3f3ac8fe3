package objects_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// networks makes prefixes, addresses and ranges that are called after
// themselves; those after "two:" are in another namespace.
func (w *world) networks(list ...string) {
	w.t.Helper()
	w.make("ok", "extras.status", `{"name":"OK","content_types":["ipam.prefix","ipam.ipaddress","ipam.ipaddressrange"]}`)
	w.make("one", "ipam.namespace", `{"name":"One"}`)
	w.make("two", "ipam.namespace", `{"name":"Two"}`)
	namespace := "one"
	for _, text := range list {
		if text == "two:" {
			namespace = "two"
			continue
		}
		name := text
		if namespace == "two" {
			name = "2:" + text
		}
		w.network(name, text, namespace)
	}
}

// network is a prefix, an address (IP …) or a range of ten (R …).
func (w *world) network(name, text, namespace string) {
	w.t.Helper()
	more := `,"status":"$ok","namespace":"$` + namespace + `"}`
	switch {
	case text[:2] == "IP":
		w.make(name, "ipam.ipaddress", `{"address":"`+text[3:]+`"`+more)
	case text[:2] == "R ":
		w.make(name, "ipam.ipaddressrange", `{"start_address":"`+text[2:]+`0","end_address":"`+text[2:]+`9"`+more)
	default:
		w.make(name, "ipam.prefix", `{"prefix":"`+text+`"`+more)
	}
}

func TestPrefixesFindTheirPlace(t *testing.T) {
	for _, tt := range []struct {
		name       string
		there      []string
		make       string // made then,
		move, body string // or moved
		told       string
		want       []string // NAME=PARENT
	}{
		{name: "a new prefix takes the ranges that fit",
			there: []string{"10.0.0.0/8", "R 10.1.1.", "R 10.1.255.24", "IP 10.1.1.77/24"}, make: "10.1.0.0/16",
			want: []string{"10.1.0.0/16=10.0.0.0/8", "R 10.1.1.=10.1.0.0/16", "R 10.1.255.24=10.1.0.0/16", "IP 10.1.1.77/24=10.1.0.0/16"}},
		{name: "and leaves those that do not",
			there: []string{"10.0.0.0/8", "R 10.1.1."}, make: "10.1.1.8/29",
			want: []string{"R 10.1.1.=10.0.0.0/8"}},
		{name: "below its own child",
			there: []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.0.0/20", "10.1.1.0/24", "R 10.1.2.1", "IP 10.1.200.1/24"}, move: "10.1.0.0/16", body: `{"prefix":"10.1.0.0/22"}`,
			want: []string{"10.1.0.0/20=10.0.0.0/8", "10.1.0.0/16=10.1.0.0/20", "10.1.1.0/24=10.1.0.0/16", "R 10.1.2.1=10.1.0.0/16", "IP 10.1.200.1/24=10.0.0.0/8"}},
		{name: "a root below its own child, whatever parent is given",
			there: []string{"10.0.0.0/8", "10.1.0.0/16", "IP 10.1.1.1/24"}, move: "10.0.0.0/8", body: `{"prefix":"10.1.1.0/24","parent":"$10.0.0.0/8"}`,
			want: []string{"10.1.0.0/16=-", "10.0.0.0/8=10.1.0.0/16", "IP 10.1.1.1/24=10.0.0.0/8"}},
		{name: "at the start of its own child",
			there: []string{"10.0.0.0/8", "10.1.0.0/16"}, move: "10.0.0.0/8", body: `{"prefix":"10.1.0.0/24"}`,
			want: []string{"10.1.0.0/16=-", "10.0.0.0/8=10.1.0.0/16"}},
		{name: "a root does not leave its addresses for a child",
			there: []string{"10.0.0.0/8", "10.1.0.0/16", "IP 10.2.1.1/24"}, move: "10.0.0.0/8", body: `{"prefix":"10.1.1.0/24"}`,
			told: "__all__: 1 existing IP addresses (including 10.2.1.1) would no longer have a valid parent Prefix after this change.",
			want: []string{"10.1.0.0/16=10.0.0.0/8", "10.0.0.0/8=-"}},
		{name: "wider, around what is closer to what it holds",
			there: []string{"10.0.0.0/8", "10.1.0.0/20", "10.1.0.0/22", "10.1.1.0/24", "R 10.1.2.1", "IP 10.1.3.1/24"}, move: "10.1.0.0/22", body: `{"prefix":"10.0.0.0/9"}`,
			want: []string{"10.1.0.0/22=10.0.0.0/8", "10.1.0.0/20=10.1.0.0/22", "10.1.1.0/24=10.1.0.0/20", "R 10.1.2.1=10.1.0.0/20", "IP 10.1.3.1/24=10.1.0.0/20"}},
		{name: "a loop without a move",
			there: []string{"10.0.0.0/8", "10.1.0.0/16"}, move: "10.0.0.0/8", body: `{"parent":"$10.1.0.0/16"}`,
			told: "__all__: A node cannot be made a descendant of itself.", want: []string{"10.0.0.0/8=-"}},
		{name: "to another namespace, among what is there",
			there: []string{"10.0.0.0/8", "10.1.1.0/24", "IP 10.1.1.1/24", "two:", "10.0.0.0/7", "10.1.0.0/16", "10.1.1.128/25", "IP 10.1.1.9/24", "IP 10.7.7.9/24", "R 10.1.1.5", "R 10.8.8.5", "R 11.1.1.5"},
			move:  "10.0.0.0/8", body: `{"namespace":"$two"}`,
			want: []string{"10.0.0.0/8=2:10.0.0.0/7", "10.1.1.0/24=2:10.1.0.0/16", "IP 10.1.1.1/24=10.1.1.0/24", "2:10.1.0.0/16=10.0.0.0/8", "2:10.1.1.128/25=10.1.1.0/24", "2:IP 10.1.1.9/24=10.1.1.0/24", "2:IP 10.7.7.9/24=10.0.0.0/8", "2:R 10.1.1.5=10.1.1.0/24", "2:R 10.8.8.5=10.0.0.0/8", "2:R 11.1.1.5=2:10.0.0.0/7"}},
		{name: "to another namespace, where one below is taken",
			there: []string{"10.0.0.0/8", "10.1.0.0/16", "two:", "10.1.0.0/16"}, move: "10.0.0.0/8", body: `{"namespace":"$two"}`,
			told: "__all__: Prefix with this Namespace, Network and Prefix length already exists.", want: []string{"2:10.1.0.0/16=-"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				w := newWorld(t, s)
				w.networks(tt.there...)
				if tt.make != "" {
					w.network(tt.make, tt.make, "one")
				} else {
					w.move(tt.move, "ipam.prefix", tt.body, tt.told)
				}
				for _, want := range tt.want {
					name, _, _ := strings.Cut(want, "=")
					require.Equal(t, want, w.at("parent", name))
				}
			})
		})
	}
}

// Prefixes that go together leave nothing without a parent that needs one.
func TestPrefixesGoTogether(t *testing.T) {
	const ip, span = "IP 10.1.1.1/24", "R 10.1.1.2"
	tests := []struct {
		name string
		gone []string
		told string // what stands against it
		want string // where the address and the range are then
	}{
		{"all that hold them", []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24"}, "2 dependent objects were found: ", "10.1.1.0/24"},
		{"the lower two", []string{"10.1.0.0/16", "10.1.1.0/24"}, "", "10.0.0.0/8"},
		{"the closest and the first", []string{"10.1.1.0/24", "10.0.0.0/8"}, "", "10.1.0.0/16"},
		{"the upper two", []string{"10.0.0.0/8", "10.1.0.0/16"}, "", "10.1.1.0/24"},
		{"with what they hold", []string{"10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", ip, span}, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				w := newWorld(t, s)
				w.networks("10.0.0.0/8", "10.1.0.0/16", "10.1.1.0/24", ip, span)
				err := w.remove(tt.gone...)
				if tt.told != "" {
					require.ErrorIs(t, err, fault.Protected)
					require.ErrorContains(t, err, tt.told)
				} else {
					require.NoError(t, err)
				}
				if tt.want != "" {
					require.Equal(t, ip+"="+tt.want+" "+span+"="+tt.want, w.at("parent", ip, span))
				}
			})
		})
	}
}

// Where an address belongs is said when it is made; later its parent moves it,
// and a namespace does not.
func TestAddressesKeepTheirNamespace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.networks("10.0.0.0/8", "IP 10.1.1.1/24", "R 10.1.9.1", "two:", "10.0.0.0/8")
		w.make("global", "ipam.namespace", `{"name":"Global"}`)
		ip, span := "IP 10.1.1.1/24", "R 10.1.9.1"
		where := func(want string) {
			t.Helper()
			require.Equal(t, ip+"="+want+" "+span+"="+want, w.at("parent", ip, span))
		}
		both := func(body, want string) {
			t.Helper()
			w.move(ip, "ipam.ipaddress", body, want)
			w.move(span, "ipam.ipaddressrange", body, want)
		}
		both(`{"namespace":"$two"}`, "")
		where("10.0.0.0/8")
		both(`{"namespace":null}`, "namespace: This field may not be null.")
		both(`{"parent":"$2:10.0.0.0/8"}`, "")
		where("2:10.0.0.0/8")
		both(`{"parent":"$10.0.0.0/8","namespace":"$two"}`, "")
		where("10.0.0.0/8")
		w.move(ip, "ipam.ipaddress", `{"parent":null}`, "namespace: No suitable parent Prefix for 10.1.1.1 exists in Namespace Global")
		for _, tt := range []struct{ typ, body, want string }{
			{"ipam.ipaddress", `{"address":"10.1.1.2/24"`, "10.1.1.2/24.  In namespace Two"},
			{"ipam.ipaddressrange", `{"start_address":"10.1.1.2","end_address":"10.1.1.3"`, "10.1.1.2 - 10.1.1.3. In namespace Two"},
		} {
			_, err := w.create(tt.typ, tt.body+`,"status":"$ok","namespace":"$two","parent":"$10.0.0.0/8"}`)
			require.Equal(t, "parent: 10.0.0.0/8 cannot be assigned as the parent of "+tt.want+", the expected parent would be 10.0.0.0/8.", told(err))
			_, err = w.create(tt.typ, tt.body+`,"status":"$ok","namespace":null,"parent":"$10.0.0.0/8"}`)
			require.Equal(t, "namespace: This field may not be null.", told(err))
		}
	})
}
