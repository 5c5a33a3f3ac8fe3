package main

import (
	"context"
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
	ctx    context.Context // of the load, for what asks the engine
	engine *objects.Service
	each   int // objects of each of the five types
	kinds  []kind
	links  []link
	epoch  time.Time
}

// kind makes the objects of one type.
type kind struct {
	t     *objects.Type
	count int
	// make returns the values of the n-th object that are not those of any new
	// one, and its references.
	make func(n int) (values, refs)
}

type (
	values = map[string]any
	refs   = map[string][]uuid.UUID
)

// newInventory plans what a catalogue that is bound to its database allows.
func newInventory(ctx context.Context, registry *objects.Registry, p plan) (*inventory, error) {
	inv := &inventory{plan: p, ctx: ctx, each: p.objects / 5, epoch: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}
	if inv.each < 20 || p.associations < 50 || p.associations > 5*p.objects {
		return nil, fmt.Errorf("%d objects and %d associations: at least 100 and 50, and at most five associations per object", p.objects, p.associations)
	}
	catalogue := registry.Catalogue(ctx)
	frozen := time.Now()
	inv.engine = objects.NewService(registry, func() time.Time { return frozen })
	for _, k := range inv.plannedKinds() {
		t := catalogue.Type(k.name)
		if t == nil {
			return nil, fmt.Errorf("the catalogue has no type %s", k.name)
		}
		inv.kinds = append(inv.kinds, kind{t: t, count: k.count, make: k.make})
	}
	inv.links = inv.plannedLinks(catalogue)
	return inv, nil
}

// offline is a reader that knows of nothing: while tables are loaded they are
// locked, and nothing here depends on stored objects.
type offline struct{ objects.Reader }

func (offline) Stored(context.Context, []uuid.UUID) ([]objects.Stored, error) { return nil, nil }

func (offline) Targets(context.Context, []uuid.UUID, []int32) ([]objects.Link, error) {
	return nil, nil
}

// slice is how many objects are made at once.
const slice = 500

// eachSlice goes through all objects.
func (inv *inventory) eachSlice(do func(made []*objects.Object) error) error {
	for _, k := range inv.kinds {
		for begin := 0; begin < k.count; begin += slice {
			made := make([]*objects.Object, 0, slice)
			for n := begin; n < min(begin+slice, k.count); n++ {
				v, r := k.make(n)
				at := inv.epoch.Add(time.Duration(n) * time.Millisecond)
				made = append(made, &objects.Object{
					ID: id(k.t.Name, n), Type: k.t, Values: v, Refs: r, Version: 1, Created: at, LastUpdated: at,
				})
			}
			if err := do(made); err != nil {
				return err
			}
		}
	}
	return nil
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

// rows is about how many rows there are.
func (inv *inventory) rows() int {
	return inv.associations*52/50 + inv.each*(5+19+2)
}

func (inv *inventory) eachObject(add func(...any) error) error {
	return inv.eachSlice(func(made []*objects.Object) error {
		rows, _, err := inv.engine.Rows(inv.ctx, offline{}, made[0].Type, made)
		if err != nil {
			return err
		}
		for _, row := range rows {
			o := row.Object
			err := add(o.ID, o.Type.ID, o.Name, o.Str, o.SortKey, string(row.Data), string(row.Body), 1, o.Created, o.LastUpdated)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func (inv *inventory) eachKey(add func(...any) error) error {
	return inv.eachSlice(func(made []*objects.Object) error {
		_, keys, err := inv.engine.Rows(inv.ctx, offline{}, made[0].Type, made)
		if err != nil {
			return err
		}
		for _, k := range keys {
			if err := add(k.Type, k.Rule, k.Hash[:], k.Object); err != nil {
				return err
			}
		}
		return nil
	})
}

// eachOne goes through all objects for what needs no engine.
func (inv *inventory) eachOne(do func(o *objects.Object) error) error {
	return inv.eachSlice(func(made []*objects.Object) error {
		for _, o := range made {
			if err := do(o); err != nil {
				return err
			}
		}
		return nil
	})
}

func (inv *inventory) eachRef(add func(...any) error) error {
	return inv.eachOne(func(o *objects.Object) error {
		for _, f := range o.Type.Fields {
			for position, target := range o.Refs[f.Name] {
				if err := add(o.ID, f.ID, target, position); err != nil {
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
	return inv.eachOne(func(o *objects.Object) error {
		if o.Type.Tree == "" {
			return nil
		}
		if err := add(o.Type.ID, o.ID, o.ID, 0); err != nil {
			return err
		}
		if parent := o.Ref(o.Type.Tree); parent != uuid.Nil {
			return add(o.Type.ID, parent, o.ID, 1)
		}
		return nil
	})
}

// counts are what the rows of count_delta say, by kind and number.
func (inv *inventory) counts() map[int]map[int]int {
	types, relationships := map[int]int{}, map[int]int{}
	for _, k := range inv.kinds {
		types[int(k.t.ID)] = k.count
	}
	for i, l := range inv.links {
		relationships[i+1] = l.count
	}
	return map[int]map[int]int{0: types, 1: relationships}
}

// mustJSON is for values made here.
func mustJSON(v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return text
}
