package objects

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

// Types keeps the object types made at run time.
type Types struct {
	store    TypesStore
	registry *Registry
}

// TypesStore is what Types needs of a database.
type TypesStore interface {
	RegistryStore
	// ChangeTypes runs f in a transaction.
	ChangeTypes(ctx context.Context, f func(TypesTx) error) error
}

// TypesTx is one transaction that changes types.
type TypesTx interface {
	Tx
	// LockTypes keeps others from changing types until the transaction ends.
	LockTypes(ctx context.Context) error
	// RuntimeTypes returns the definitions of the types made at run time, by name.
	RuntimeTypes(ctx context.Context) (map[string][]byte, error)
	// SaveType stores the definition of a type, a new one or one of that name.
	SaveType(ctx context.Context, name string, definition []byte) error
	// DropType removes a type with the numbers of its fields. False: something
	// still refers to it.
	DropType(ctx context.Context, name string) (bool, error)
}

// NewTypes returns a Types on store.
func NewTypes(store TypesStore, registry *Registry) *Types {
	return &Types{store: store, registry: registry}
}

// List returns all types made at run time, ordered by name.
func (s *Types) List(ctx context.Context) ([]TypeDefinition, error) {
	stored, err := s.store.RuntimeTypes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]TypeDefinition, 0, len(stored))
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		d, err := s.read(ctx, name, stored[name])
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func (s *Types) read(ctx context.Context, name string, definition []byte) (TypeDefinition, error) {
	var d TypeDefinition
	if err := json.Unmarshal(definition, &d); err != nil {
		return d, fmt.Errorf("definition of type %s: %w", name, err)
	}
	return s.numbered(ctx, d), nil
}

// Find returns the type of that number or name ("custom.service"). A type that
// is not there, or one of the catalogue, is fault.NotFound.
func (s *Types) Find(ctx context.Context, key string) (TypeDefinition, error) {
	all, err := s.List(ctx)
	if err != nil {
		return TypeDefinition{}, err
	}
	for _, d := range all {
		if d.Name() == key || itoa(int(d.ID)) == key {
			return d, nil
		}
	}
	return TypeDefinition{}, errNoType
}

var errNoType = fault.NotFoundf("No ObjectType matches the given query.")

// Create makes a type; its objects can be made at once. What is wrong with the
// body is Invalid, each problem under the path of its input.
func (s *Types) Create(ctx context.Context, raw json.RawMessage) (TypeDefinition, error) {
	d, err := decodeType(raw, TypeDefinition{})
	if err != nil {
		return d, err
	}
	err = s.change(ctx, func(tx TypesTx, stored map[string][]byte) error {
		if stored[d.Name()] != nil || s.registry.Catalogue(ctx).Type(d.Name()) != nil {
			return fault.Field("model", "A type "+d.Name()+" already exists.")
		}
		_, err := s.keep(ctx, tx, d, stored)
		return err
	})
	return s.numbered(ctx, d), err
}

// change runs f in a transaction in which nobody else changes types, with the
// stored definitions by name. What it comes to shows at once.
func (s *Types) change(ctx context.Context, f func(tx TypesTx, stored map[string][]byte) error) error {
	err := s.store.ChangeTypes(ctx, func(tx TypesTx) error {
		if err := tx.LockTypes(ctx); err != nil {
			return err
		}
		stored, err := tx.RuntimeTypes(ctx)
		if err != nil {
			return err
		}
		if err := f(tx, stored); err != nil {
			return err
		}
		return tx.TouchCatalogue(ctx)
	})
	if err != nil {
		return err
	}
	return s.registry.Refresh(ctx)
}

// numbered returns d with the number of its type.
func (s *Types) numbered(ctx context.Context, d TypeDefinition) TypeDefinition {
	if t := s.registry.Catalogue(ctx).Type(d.Name()); t != nil {
		d.ID = t.ID
	}
	return d
}

// keep stores d once it fits the other types, and returns the type that it is
// among them.
func (s *Types) keep(ctx context.Context, tx TypesTx, d TypeDefinition, stored map[string][]byte) (*Type, error) {
	made := []*Type{d.typ()}
	for name, definition := range stored {
		if name == d.Name() {
			continue
		}
		var other TypeDefinition
		if err := json.Unmarshal(definition, &other); err != nil {
			return nil, fmt.Errorf("definition of type %s: %w", name, err)
		}
		made = append(made, other.typ())
	}
	e := d.problems(s.registry.base, made)
	if err := e.OrNil(); err != nil {
		return nil, err
	}
	if _, err := s.registry.base.With(made, nil); err != nil {
		return nil, fault.Field(fault.All, err.Error())
	}
	d.ID = 0
	definition, err := marshal(d)
	if err != nil {
		return nil, err
	}
	return made[0], tx.SaveType(ctx, d.Name(), definition)
}

// Update changes a type: names, and fields (the whole list). What stored objects
// would break is Invalid, and says which they are.
func (s *Types) Update(ctx context.Context, key string, raw json.RawMessage) (TypeDefinition, error) {
	found, err := s.Find(ctx, key)
	if err != nil {
		return found, err
	}
	var d TypeDefinition
	err = s.change(ctx, func(tx TypesTx, stored map[string][]byte) error {
		definition, there := stored[found.Name()]
		if !there {
			return errNoType
		}
		before, err := s.read(ctx, found.Name(), definition)
		if err != nil {
			return err
		}
		if d, err = decodeType(raw, before); err != nil {
			return err
		}
		fresh, err := s.keep(ctx, tx, d, stored)
		if err != nil {
			return err
		}
		return s.convert(ctx, tx, before, d, fresh)
	})
	return d, err
}

// Delete removes a type that has no objects and that nothing refers to;
// otherwise the fault is Protected.
func (s *Types) Delete(ctx context.Context, key string) error {
	d, err := s.Find(ctx, key)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx TypesTx, stored map[string][]byte) error {
		if there, err := tx.Exists(ctx, d.ID); err != nil || there {
			if err == nil {
				err = fault.Protectedf("Unable to delete object type %s: it has objects.", d.Name())
			}
			return err
		}
		for name, definition := range stored {
			var other TypeDefinition
			if err := json.Unmarshal(definition, &other); err != nil || name == d.Name() {
				continue
			}
			for _, f := range other.Fields {
				if slices.Contains(f.Targets, d.Name()) {
					return fault.Protectedf("Unable to delete object type %s: field %s of %s refers to it.", d.Name(), f.Name, name)
				}
			}
		}
		if err := s.unnamed(ctx, tx, d); err != nil {
			return err
		}
		ok, err := tx.DropType(ctx, d.Name())
		if err == nil && !ok {
			err = fault.Protectedf("Unable to delete object type %s: relationships refer to it.", d.Name())
		}
		return err
	})
}

// unnamed refuses to let go of a type that stands in a list of content types.
func (s *Types) unnamed(ctx context.Context, tx TypesTx, d TypeDefinition) error {
	c := s.registry.Catalogue(ctx)
	for _, t := range c.Types() {
		for _, f := range t.Fields {
			if f.Kind != ContentType && f.Kind != ContentTypes {
				continue
			}
			q := filters.Query{{
				Field: &filters.Field{Name: f.Name, Kind: filters.ContentType, Path: filters.Path{Column: t.column(f)}},
				Texts: []string{d.Name()},
			}}
			found, err := tx.Find(ctx, t, q, 1)
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return fault.Protectedf("Unable to delete object type %s: field %s of %s %s names it.", d.Name(), f.Name, t.Singular, found[0])
			}
		}
	}
	return nil
}

// convert writes the objects of a changed type anew, as those of the fresh one.
// Those that the change would break stand against it.
func (s *Types) convert(ctx context.Context, tx TypesTx, before, after TypeDefinition, fresh *Type) error {
	c := s.registry.Catalogue(ctx)
	old := c.Type(before.Name())
	if old == nil {
		return nil
	}
	stored, err := tx.StoredOfType(ctx, old.ID)
	if err != nil || len(stored) == 0 {
		return err
	}
	fresh.ID = old.ID
	broken := map[string][]string{}
	var rows []Row
	l := newLoader(ctx, tx, c)
	claims := newClaims(l)
	held, err := l.withReferences(stored)
	if err != nil {
		return err
	}
	for _, o := range held {
		if err := after.adapt(before, o, l, broken); err != nil {
			return err
		}
		o.Type = fresh
		o.Version++
		l.name(o)
		if made, err := o.Row(); err == nil {
			rows = append(rows, made)
		}
		if err := claims.add(o); err != nil {
			return err
		}
	}
	twice, err := claims.take(ctx, tx)
	if err != nil {
		return err
	}
	if len(broken)+len(twice) > 0 {
		e := &fault.Error{Kind: fault.Invalid}
		for i, f := range after.Fields {
			if list := broken[f.Name]; len(list) > 0 {
				delete(broken, f.Name)
				e.Add([]string{"fields", itoa(i), f.Name}, "Objects would break that have no value or one that does not fit: "+fewOf(list))
			}
			if list := twice[f.Name]; len(list) > 0 {
				e.Add([]string{"fields", itoa(i), f.Name}, "This cannot be unique: other objects have the values of "+fewOf(list))
			}
		}
		for _, f := range before.Fields {
			if list := broken[f.Name]; len(list) > 0 {
				e.Add([]string{"fields", f.Name}, "Left out, but objects have values of it: "+fewOf(list))
			}
		}
		return e
	}
	_, err = tx.UpdateObjects(ctx, rows)
	return err
}

// withReferences are stored objects with all their references.
func (l *loader) withReferences(stored []Stored) ([]*Object, error) {
	var list []*Object
	var ids []uuid.UUID
	at := map[uuid.UUID]*Object{}
	for _, row := range stored {
		o, err := l.c.Object(row)
		if err != nil {
			return nil, err
		}
		list, ids, at[o.ID] = append(list, o), append(ids, o.ID), o
	}
	links, err := l.r.Targets(l.ctx, ids, nil)
	if err != nil {
		return nil, err
	}
	for _, link := range links {
		o := at[link.Holder]
		if _, f := l.c.FieldByID(link.Field); f != nil && f.Kind == References {
			o.Refs[f.Name] = append(o.Refs[f.Name], link.Target)
		}
		l.meet(near, link.Target)
	}
	return list, nil
}

// claims are the unique values of all objects of a type that changes.
type claims struct {
	judge   *judge
	holders []uuid.UUID
	keys    []Key
	of      map[Key]string // the field, by the key
	names   map[uuid.UUID]string
}

func newClaims(l *loader) *claims {
	return &claims{judge: &judge{l: l, uniques: map[string][]*rule{}}, of: map[Key]string{}, names: map[uuid.UUID]string{}}
}

func (c *claims) add(o *Object) error {
	keys, err := (&member{j: c.judge, object: o}).uniqueKeys()
	if err != nil {
		return err
	}
	c.holders = append(c.holders, o.ID)
	c.names[o.ID] = calledWithID(o)
	for _, k := range keys {
		c.keys = append(c.keys, k.Key)
		c.of[k.Key] = k.rule.key
	}
	return nil
}

// take replaces what the objects held and returns, by field, those whose value
// another one has.
func (c *claims) take(ctx context.Context, tx Tx) (map[string][]string, error) {
	taken, err := tx.ReplaceKeys(ctx, c.holders, c.keys)
	twice := map[string][]string{}
	for _, k := range taken {
		twice[c.of[k]] = append(twice[c.of[k]], c.names[k.Object])
	}
	return twice, err
}

func calledWithID(o *Object) string { return fmt.Sprintf("%s (%s)", o.Str, o.ID) }

// fewOf names the first of list and says how many there are.
func fewOf(list []string) string {
	const told = 10
	text := strings.Join(list[:min(len(list), told)], ", ")
	if len(list) > told {
		text += fmt.Sprintf(" and %d more", len(list)-told)
	}
	return text
}

// adapt changes the values of o to what d wants; a field that cannot is
// noted in broken with what the object is called.
func (d TypeDefinition) adapt(before TypeDefinition, o *Object, l *loader, broken map[string][]string) error {
	was := map[string]FieldDefinition{}
	for _, f := range before.Fields {
		was[f.Name] = f
	}
	breaks := func(name string) {
		broken[name] = append(broken[name], calledWithID(o))
	}
	for _, def := range d.Fields {
		f, old := def.field(), was[def.Name]
		delete(was, def.Name)
		reference := f.Kind == Reference || f.Kind == References
		value, targets := o.Values[f.Name], o.Refs[f.Name]
		empty := len(targets) == 0 && (value == nil || value == "" && f.Kind != JSON)
		switch {
		case old.Name == "" && !reference:
			if value = f.initial(); f.Required && value == nil {
				breaks(f.Name)
			}
			o.Values[f.Name] = value
		case empty && f.Required:
			breaks(f.Name)
		case reference != (len(targets) > 0) && !empty, reference && !l.holds(f, targets):
			breaks(f.Name)
		case !reference && !empty:
			raw, err := marshal(value)
			if err != nil {
				return err
			}
			again, problem := f.whole(raw)
			if problem != nil {
				breaks(f.Name)
			}
			o.Values[f.Name] = again
		case !reference:
			o.Values[f.Name] = f.nothing()
		}
	}
	for name := range was {
		if value := o.Values[name]; value != nil && value != "" || len(o.Refs[name]) > 0 {
			breaks(name)
		}
		delete(o.Values, name)
	}
	return nil
}

// holds reports whether f may lead to all of targets.
func (l *loader) holds(f *Field, targets []uuid.UUID) bool {
	return (f.Kind == References || len(targets) < 2) && !slices.ContainsFunc(targets, func(id uuid.UUID) bool {
		target := l.get(id)
		return target == nil || !f.Leads(target.Type)
	})
}
