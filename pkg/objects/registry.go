package objects

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"relata/pkg/fault"
)

// Registry has the current catalogue: that of the binary, the types made at run
// time and the custom fields, bound to the numbers of a database.
type Registry struct {
	store RegistryStore
	base  *Catalogue
	now   func() time.Time

	mu      sync.Mutex
	current *Catalogue
	version int64
	read    time.Time
}

// RegistryStore is where a Registry reads from.
type RegistryStore interface {
	Reader
	// BindTypes numbers types and fields that have no number yet and returns
	// all numbers. Fields are named "app.model/field".
	BindTypes(ctx context.Context, fields map[string][]string) (types map[string]int16, numbers map[string]int32, err error)
	// CatalogueVersion is the version of state 'catalogue'.
	CatalogueVersion(ctx context.Context) (int64, error)
	// RuntimeTypes returns the definitions of the types made at run time, by name.
	RuntimeTypes(ctx context.Context) (map[string][]byte, error)
	// Bound reports whether the store belongs to an open transaction.
	Bound() bool
}

// fresh is how long a catalogue is trusted without asking for its version.
const fresh = time.Second

// NewRegistry loads the catalogue and binds it to the database of store.
func NewRegistry(ctx context.Context, store RegistryStore) (*Registry, error) {
	base, err := Load()
	if err != nil {
		return nil, err
	}
	r := &Registry{store: store, base: base, now: time.Now}
	version, err := store.CatalogueVersion(ctx)
	if err != nil {
		return nil, err
	}
	if r.current, err = r.build(ctx, store); err != nil {
		return nil, err
	}
	r.version, r.read = version, r.now()
	return r, nil
}

// Within returns a Registry that reads through a store bound to a transaction;
// what that transaction changed shows in it alone. It reads the catalogue anew by
// itself: r would have to ask beside the transaction that is open.
func (r *Registry) Within(store RegistryStore) *Registry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return &Registry{store: store, base: r.base, now: r.now, current: r.current, version: -1}
}

// Catalogue returns the catalogue as it is now; another server's change shows
// within a second, one's own at once. Should the database not answer, it is the
// one of before.
func (r *Registry) Catalogue(ctx context.Context) *Catalogue {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.store.Bound() && r.now().Sub(r.read) < fresh {
		return r.current
	}
	_ = r.refresh(ctx)
	return r.current
}

// Refresh reads the catalogue anew when it has changed; a writer calls it once
// its change is kept.
func (r *Registry) Refresh(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.refresh(ctx)
}

func (r *Registry) refresh(ctx context.Context) error {
	version, err := r.store.CatalogueVersion(ctx)
	if err != nil {
		return err
	}
	if version != r.version {
		made, err := r.build(ctx, r.store)
		if err != nil {
			return err
		}
		r.current, r.version = made, version
	}
	r.read = r.now()
	return nil
}

// build makes the catalogue that the database asks for.
func (r *Registry) build(ctx context.Context, store RegistryStore) (*Catalogue, error) {
	definitions, err := store.RuntimeTypes(ctx)
	if err != nil {
		return nil, err
	}
	var made []*Type
	for name, definition := range definitions {
		var d TypeDefinition
		if err := json.Unmarshal(definition, &d); err != nil {
			return nil, fmt.Errorf("definition of type %s: %w", name, err)
		}
		made = append(made, d.typ())
	}
	deep, err := r.base.deepenFor(ctx, store)
	if err != nil {
		return nil, err
	}
	c, err := deep.With(made, nil)
	if err != nil {
		return nil, err
	}
	if err := bind(ctx, store, c); err != nil {
		return nil, err
	}
	custom, err := customFields(ctx, store, c)
	if err != nil {
		return nil, err
	}
	if len(custom) > 0 {
		if c, err = c.With(made, custom); err != nil {
			return nil, err
		}
		if err := bind(ctx, store, c); err != nil {
			return nil, err
		}
	}
	c.checks, err = valueRules(ctx, store, c)
	return c, err
}

// bind numbers the types and fields of c.
func bind(ctx context.Context, store RegistryStore, c *Catalogue) error {
	wanted := map[string][]string{}
	for _, t := range c.Types() {
		wanted[t.Name] = nil
		for _, f := range t.Fields {
			if f.Held() {
				wanted[t.Name] = append(wanted[t.Name], f.Name)
			}
		}
	}
	types, numbers, err := store.BindTypes(ctx, wanted)
	if err != nil {
		return err
	}
	fields := make(map[string]int32, len(numbers))
	for name, id := range numbers {
		fields[strings.Replace(name, "/", ".", 1)] = id
	}
	return c.Bind(types, fields)
}

// Hold keeps the definition of t, where it is a type made at run time, from
// changing until the transaction ends. False: it is no longer what it was when t
// was read, see Again.
func (s *Service) Hold(ctx context.Context, tx Tx, t *Type) (bool, error) {
	if !t.Runtime || s.registry.store.Bound() {
		return true, nil
	}
	version, err := tx.HoldCatalogue(ctx)
	return err == nil && s.registry.has(version, t), err
}

// Again returns t as it is now. It asks the database, beside any transaction.
func (s *Service) Again(ctx context.Context, t *Type) (*Type, error) {
	if err := s.registry.Refresh(ctx); err != nil {
		return nil, err
	}
	now := s.registry.Catalogue(ctx).Type(t.Name)
	if now == nil {
		return nil, fault.NotFoundf("There is no object type %s any more.", t.Name)
	}
	return now, nil
}

// has reports whether t is of the catalogue of that version.
func (r *Registry) has(version int64, t *Type) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.version == version && r.current.Type(t.Name) == t
}

// Kept has a change of objects of type t show at once where it changes the
// catalogue, as custom fields do, and trees that natural keys go up. Whoever writes objects calls it once the
// transaction is kept.
func (s *Service) Kept(ctx context.Context, t *Type) error {
	kept := t.KeyAbove
	for _, r := range t.rules {
		kept = kept || ruleKinds[r.kind].kept
	}
	if kept {
		return s.registry.Refresh(ctx)
	}
	return nil
}
