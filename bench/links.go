package main

import (
	"fmt"
	"time"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// link is a definition with its associations.
type link struct {
	key, label          string
	kind                int // as the database numbers them
	source, destination *objects.Type
	// filters, or nil
	sourceFilter, destinationFilter any
	count                           int
	// pair returns which objects the n-th association links.
	pair func(n int) (source, destination int)
}

// id of the definition.
func (l link) id() uuid.UUID { return id("relationship", int(l.key[len(l.key)-1])) }

func (l link) sourceUnique() bool      { return l.kind <= 1 }
func (l link) destinationUnique() bool { return l.kind <= 2 }

// plannedLinks are the eight definitions: four many-to-many, five peers of each
// device in each; a symmetric one; and one of each kind that allows one peer. The
// first has a filter at both ends, which every object here passes.
func (inv *inventory) plannedLinks(c *objects.Catalogue) []link {
	tenth, all := inv.associations/10, inv.each
	some := []string{"Bench status 0", "Bench status 1", "Bench status 2"}
	many := func(purpose uint64) func(int) (int, int) {
		return func(n int) (int, int) {
			// The same device comes again after all others, one stride further on.
			device, turn := n%all, n/all
			stride := 1 + inv.pick(purpose, device, max(all/8, 1))
			return device, (inv.pick(purpose+1, device, all) + turn*stride) % all
		}
	}
	device, vlan, circuit := c.Type(linked[0]), c.Type(linked[1]), c.Type(linked[2])
	iface, rack := c.Type(linked[3]), c.Type(linked[4])
	links := []link{
		{key: "bench_1", label: "Bench VLANs", kind: 3, source: device, destination: vlan, pair: many(20), count: 2 * tenth,
			sourceFilter: map[string]any{"status": some}, destinationFilter: map[string]any{"status": some}},
		{key: "bench_2", label: "Bench circuits", kind: 3, source: device, destination: circuit, pair: many(22), count: 2 * tenth},
		{key: "bench_3", label: "Bench interfaces", kind: 3, source: device, destination: iface, pair: many(24), count: 2 * tenth},
		{key: "bench_4", label: "Bench racks", kind: 3, source: device, destination: rack, pair: many(26), count: 2 * tenth},
		{key: "bench_5", label: "Bench peers", kind: 4, source: device, destination: device, count: tenth,
			pair: func(n int) (int, int) { return n % all, (n%all + 1 + all/9 + n/all) % all }},
		{key: "bench_6", label: "Bench uplinks", kind: 2, source: device, destination: iface, count: tenth * 2 / 5,
			pair: func(n int) (int, int) { return inv.pick(28, n, all), n }},
		{key: "bench_7", label: "Bench cabinet", kind: 0, source: device, destination: rack, count: tenth * 2 / 5,
			pair: func(n int) (int, int) { return n, (n + all/3) % all }},
		{key: "bench_8", label: "Bench twin", kind: 1, source: device, destination: device, count: tenth / 5,
			pair: func(n int) (int, int) { return 2 * n, 2*n + 1 }},
	}
	rest := inv.associations
	for _, l := range links[1:] {
		rest -= l.count
	}
	links[0].count = rest
	return links
}

func (inv *inventory) eachRelationship(add func(...any) error) error {
	filter := func(f any) any {
		if f == nil {
			return nil
		}
		return string(mustJSON(f))
	}
	for i, l := range inv.links {
		err := add(l.id(), i+1, l.label, l.key, "", l.kind, l.source.ID, filter(l.sourceFilter),
			l.destination.ID, filter(l.destinationFilter), l.sourceUnique(), l.destinationUnique(), inv.epoch, inv.epoch)
		if err != nil {
			return err
		}
	}
	return nil
}

// association returns the n-th association in order of time: definitions and
// objects come in any order, as they do in life.
func (inv *inventory) association(n int) (number, k int) {
	k = int(uint64(n) * stride(inv.associations) % uint64(inv.associations))
	for i, l := range inv.links {
		if k < l.count {
			return i + 1, k
		}
		k -= l.count
	}
	panic(fmt.Sprintf("no association %d", n))
}

// stride is a step through n numbers that meets each once.
func stride(n int) uint64 {
	step := uint64(float64(n)*0.6180339887) | 1
	for gcd(step, uint64(n)) != 1 {
		step += 2
	}
	return step
}

func gcd(a, b uint64) uint64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

func (inv *inventory) eachAssociation(add func(...any) error) error {
	return inv.eachLink(func(n, number int, l link, source, destination uuid.UUID) error {
		key := inv.key7(n)
		made := inv.epoch.Add(time.Duration(n) * time.Millisecond)
		return add(key, number, l.kind, l.source.ID, l.destination.ID, l.sourceUnique(), l.destinationUnique(),
			source, destination, made)
	})
}

func (inv *inventory) eachEndpoint(add func(...any) error) error {
	return inv.eachLink(func(n, number int, l link, source, destination uuid.UUID) error {
		if l.kind != 1 {
			return nil
		}
		if err := add(number, source, inv.key7(n)); err != nil {
			return err
		}
		return add(number, destination, inv.key7(n))
	})
}

func (inv *inventory) eachLink(do func(n, number int, l link, source, destination uuid.UUID) error) error {
	for n := range inv.associations {
		number, k := inv.association(n)
		l := inv.links[number-1]
		source, destination := l.pair(k)
		if err := do(n, number, l, id(l.source.Name, source), id(l.destination.Name, destination)); err != nil {
			return err
		}
	}
	return nil
}
