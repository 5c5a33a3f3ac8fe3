package main

import (
	"crypto/md5"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// plan says how much is made.
type plan struct {
	objects, associations int
	seed                  uint64
}

// inventory is what the loader writes. Everything follows from the plan, so
// that it can be gone through once per table and nothing is kept in memory.
type inventory struct {
	plan
	each  int // objects of each of the five types
	kinds []*kind
	links []link
	epoch time.Time
}

// kind makes the objects of one type.
type kind struct {
	shape *shape
	count int
	// make returns the values of the n-th object that are not the default, and
	// its references.
	make func(n int) (values map[string]any, refs map[string]uuid.UUID)
}

// newInventory plans what a catalogue that is bound to its database allows.
func newInventory(c *objects.Catalogue, p plan) (*inventory, error) {
	inv := &inventory{plan: p, each: p.objects / 5, epoch: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	if inv.each < 20 || p.associations < 50 || p.associations > 5*p.objects {
		return nil, fmt.Errorf("%d objects and %d associations: at least 100 and 50, and at most five associations per object", p.objects, p.associations)
	}
	for _, k := range inv.plannedKinds() {
		t := c.Type(k.name)
		if t == nil {
			return nil, fmt.Errorf("the catalogue has no type %s", k.name)
		}
		s, err := newShape(t)
		if err != nil {
			return nil, err
		}
		inv.kinds = append(inv.kinds, &kind{shape: s, count: k.count, make: k.make})
	}
	inv.links = inv.plannedLinks(c)
	return inv, nil
}

// id is the id of the n-th object of a type: a hash of both, so that pgbench can
// compute it too (md5('dcim.device:17')::uuid).
func id(kind string, n int) uuid.UUID {
	return md5.Sum(fmt.Appendf(nil, "%s:%d", kind, n))
}

// random is a number that belongs to a seed, a purpose and n, and to nothing
// else (SplitMix64).
func (inv *inventory) random(purpose uint64, n int) uint64 {
	z := inv.seed*0x9e3779b97f4a7c15 + purpose*0xd1342543de82ef95 + uint64(n)*0x2545f4914f6cdd1d
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// pick is random below most.
func (inv *inventory) pick(purpose uint64, n, most int) int {
	return int(inv.random(purpose, n) % uint64(most))
}

// key7 is the n-th id in order of time (UUIDv7).
func (inv *inventory) key7(n int) uuid.UUID {
	var u uuid.UUID
	binary.BigEndian.PutUint64(u[:8], uint64(inv.epoch.UnixMilli()+int64(n))<<16|0x7000|inv.random(90, n)&0xfff)
	binary.BigEndian.PutUint64(u[8:], 1<<63|inv.random(91, n)>>2)
	return u
}

func (inv *inventory) rows() int {
	n := inv.associations + len(inv.links)
	for _, k := range inv.kinds {
		n += 2*k.count + k.count*k.shape.refs
	}
	return n
}

// eachRow goes through all objects.
func (inv *inventory) eachRow(do func(k *kind, n int, id uuid.UUID, values map[string]any, refs map[string]uuid.UUID) error) error {
	for _, k := range inv.kinds {
		for n := range k.count {
			values, refs := k.make(n)
			if err := do(k, n, id(k.shape.t.Name, n), values, refs); err != nil {
				return err
			}
		}
	}
	return nil
}

func (inv *inventory) eachObject(add func(...any) error) error {
	return inv.eachRow(func(k *kind, n int, id uuid.UUID, values map[string]any, refs map[string]uuid.UUID) error {
		row, err := k.shape.row(values, refs)
		if err != nil {
			return err
		}
		made := inv.epoch.Add(time.Duration(n) * time.Millisecond)
		return add(id, k.shape.t.ID, row.name, row.str, row.name, string(row.data), string(row.body), 1, made, made)
	})
}

func (inv *inventory) eachRef(add func(...any) error) error {
	return inv.eachRow(func(k *kind, _ int, id uuid.UUID, _ map[string]any, refs map[string]uuid.UUID) error {
		for _, f := range k.shape.t.Fields {
			if target, ok := refs[f.Name]; ok {
				if err := add(id, f.ID, target, 0); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

// eachPlace puts locations and their types into their trees: the first twenty
// locations are regions, all others lie in one of them.
func (inv *inventory) eachPlace(add func(...any) error) error {
	return inv.eachRow(func(k *kind, _ int, id uuid.UUID, _ map[string]any, refs map[string]uuid.UUID) error {
		if k.shape.t.Tree == "" {
			return nil
		}
		if err := add(k.shape.t.ID, id, id, 0); err != nil {
			return err
		}
		if parent, ok := refs[k.shape.t.Tree]; ok {
			return add(k.shape.t.ID, parent, id, 1)
		}
		return nil
	})
}

// counts are what the rows of count_delta say, by kind and number.
func (inv *inventory) counts() map[int]map[int]int {
	types, relationships := map[int]int{}, map[int]int{}
	for _, k := range inv.kinds {
		types[int(k.shape.t.ID)] = k.count
	}
	for i, l := range inv.links {
		relationships[i+1] = l.count
	}
	return map[int]map[int]int{0: types, 1: relationships, 2: {0: inv.associations}}
}

// mustJSON is for values made here.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
