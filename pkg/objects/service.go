package objects

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"relata/pkg/accounts"
	"relata/pkg/fault"
	"relata/pkg/filters"
)

// Service judges and writes objects of every type.
type Service struct {
	registry *Registry
	now      func() time.Time
}

// NewService returns a Service over the types of registry.
func NewService(registry *Registry, now func() time.Time) *Service {
	return &Service{registry: registry, now: now}
}

// Planned is a create or change that broke no rule and is not written yet.
type Planned struct {
	// Object is what will be stored; its id is settled.
	Object *Object
	// Before is what stands there now; nil for a new object.
	Before *Object
	// Draft is what the request said.
	Draft Draft

	position int
	bulk     bool
	keys     []Key
	keysStay bool       // they are those that the object has already
	sooner   []*Planned // other objects that must change before
	also     []*Planned // other objects that change, appear or go along
	// changes make this an alteration that follows from other plans; what it
	// comes to is settled when it is written (see writing.settle).
	changes []func(*Object)
	judged  bool // the rules of its type hold for it
	gone    []uuid.UUID
	touched map[string]bool // reference fields that change
}

// judge is one call of Plan or PlanChange.
type judge struct {
	s       *Service
	ctx     context.Context
	tx      Reader
	c       *Catalogue
	t       *Type
	l       *loader
	members []*member
	uniques map[string][]*rule
	defs    map[string]uuid.UUID // of namedObject
	taken   map[Key]uuid.UUID    // holders of the keys that were asked for
	asked   map[Key]bool
}

// member is one object that is being judged.
type member struct {
	j         *judge
	position  int
	draft     Draft
	partial   bool
	before    *Object
	object    *Object
	fields    map[string]*trouble // stage 1, by field
	problems  *fault.Error
	functions map[string]any
	sooner    []*Planned
	also      []*Planned
	below     []*Object // what moves along with it in its tree
	gone      []uuid.UUID
	lists     map[string][]uuid.UUID // references that are kept as other objects
}

func (s *Service) newJudge(ctx context.Context, tx Reader, t *Type) *judge {
	c := s.registry.Catalogue(ctx)
	if now := c.Type(t.Name); now != nil {
		t = now
	}
	return &judge{s: s, ctx: ctx, tx: tx, c: c, t: t, l: newLoader(ctx, tx, c), uniques: map[string][]*rule{},
		defs: map[string]uuid.UUID{}, taken: map[Key]uuid.UUID{}, asked: map[Key]bool{}}
}

// caller is the id of the account that asks, as expressions have it.
func (j *judge) caller() any {
	account, _ := accounts.From(j.ctx)
	return idText(account.ID)
}

// namedObject is the object of a type with that name, or uuid.Nil.
func (j *judge) namedObject(typeName, name string) (uuid.UUID, error) {
	key := typeName + "/" + name
	if id, known := j.defs[key]; known {
		return id, nil
	}
	t := j.c.Type(typeName)
	if t == nil {
		return uuid.Nil, fmt.Errorf("no type %s", typeName)
	}
	q := filters.Query{{Field: &filters.Field{Name: "name", Kind: filters.Text, Path: filters.Path{Column: filters.Column{Name: "name", Own: true}}}, Texts: []string{name}}}
	found, err := j.tx.Find(j.ctx, t, q, 1)
	if err != nil {
		return uuid.Nil, err
	}
	j.defs[key] = uuid.Nil
	if len(found) > 0 {
		j.defs[key] = found[0]
		j.l.meet(0, found[0])
	}
	return j.defs[key], nil
}

// Plan judges new objects of type t: all stages for every member, nothing is
// written, and members do not see each other. also[i] (or nil) holds problems
// of member i that others found; they join those of its fields. With one draft
// and bulk false the error is that draft's, otherwise it has Items.
func (s *Service) Plan(ctx context.Context, tx Tx, t *Type, drafts []Draft, also []*fault.Error, bulk bool) ([]*Planned, error) {
	j := s.newJudge(ctx, tx, t)
	if err := j.creatable(); err != nil {
		return nil, err
	}
	now := s.stamp()
	for i, draft := range drafts {
		o := &Object{Type: j.t, Values: map[string]any{}, Refs: map[string][]uuid.UUID{}, Version: 1, Created: now, LastUpdated: now}
		m := j.member(i, draft, nil, o)
		if i < len(also) && also[i] != nil {
			m.problems.Fields = append(m.problems.Fields, also[i].Fields...)
		}
	}
	if err := j.run(); err != nil {
		return nil, err
	}
	if err := j.faults(bulk); err != nil {
		return nil, err
	}
	return j.planned(bulk)
}

// stamp is the time of a write.
func (s *Service) stamp() time.Time { return s.now().UTC().Truncate(time.Microsecond) }

func (j *judge) member(i int, draft Draft, before, o *Object) *member {
	m := &member{j: j, position: i, draft: draft, before: before, object: o, fields: map[string]*trouble{},
		problems: &fault.Error{Kind: fault.Invalid}, lists: map[string][]uuid.UUID{}}
	j.members = append(j.members, m)
	return m
}

// PlanChange judges a change of a stored object, whose row it locks.
// fault.NotFound: it is not there, or of another type.
func (s *Service) PlanChange(ctx context.Context, tx Tx, t *Type, c Change, also *fault.Error) (*Planned, error) {
	planned, err := s.PlanChanges(ctx, tx, t, []Change{c}, []*fault.Error{also})
	if err != nil {
		return nil, err
	}
	return planned[0], nil
}

// PlanChanges is PlanChange for several objects, each named once: one statement
// for all where PlanChange needs one for each. The error of several has Items.
// Members do not see each other (see Apart).
func (s *Service) PlanChanges(ctx context.Context, tx Tx, t *Type, changes []Change, also []*fault.Error) ([]*Planned, error) {
	j := s.newJudge(ctx, tx, t)
	ids := make([]uuid.UUID, len(changes))
	for i, c := range changes {
		ids[i] = c.ID
	}
	rows, err := tx.HoldObjects(ctx, ids)
	if err != nil {
		return nil, err
	}
	there := make(map[uuid.UUID]Stored, len(rows))
	for _, row := range rows {
		there[row.ID] = row
	}
	for i, c := range changes {
		row, found := there[c.ID]
		if !found || row.Type != j.t.ID {
			return nil, fault.NotFoundf("No %s matches the given query.", className(t))
		}
		before, err := j.c.Object(row)
		if err != nil {
			return nil, err
		}
		for _, refs := range before.Refs {
			j.l.meet(near, refs...)
		}
		j.l.add(before)
		after := before.clone()
		after.Version++
		after.LastUpdated = s.later(before.LastUpdated)
		m := j.member(i, c.Draft, before, after)
		m.partial = c.Partial
		if i < len(also) && also[i] != nil {
			m.problems.Fields = append(m.problems.Fields, also[i].Fields...)
		}
	}
	if err := j.run(); err != nil {
		return nil, err
	}
	if err := j.faults(len(changes) > 1); err != nil {
		return nil, err
	}
	return j.planned(false)
}

// className is the class without its application, "VLAN".
func className(t *Type) string {
	for i := len(t.Class) - 1; i >= 0; i-- {
		if t.Class[i] == '.' {
			return t.Class[i+1:]
		}
	}
	return t.Class
}

// later is now, or just after before: last_updated always moves.
func (s *Service) later(before time.Time) time.Time {
	if now := s.stamp(); now.After(before) {
		return now
	}
	return before.Add(time.Microsecond)
}

// run judges all members.
func (j *judge) run() error {
	if err := j.decode(); err != nil {
		return err
	}
	if err := j.askAll(); err != nil {
		return err
	}
	for _, m := range j.members {
		if !m.good() {
			continue
		}
		if err := m.serializerRules(); err != nil {
			return err
		}
	}
	for _, m := range j.members {
		if !m.good() {
			continue
		}
		if err := m.modelRules(); err != nil {
			return err
		}
	}
	return j.l.err
}

// good reports whether nothing is wrong with m so far.
func (m *member) good() bool { return len(m.problems.Fields) == 0 && m.problems.Detail == "" }

// faults is the error of all that is wrong, or nil.
func (j *judge) faults(bulk bool) error {
	items, any := make([]error, len(j.members)), false
	for i, m := range j.members {
		if !m.good() {
			items[i], any = m.problems, true
		}
	}
	switch {
	case !any:
		return nil
	case !bulk && len(items) == 1:
		return items[0]
	}
	return &fault.Error{Kind: fault.Invalid, Items: items}
}

// planned names the objects and gathers what will be written.
func (j *judge) planned(bulk bool) ([]*Planned, error) {
	out := make([]*Planned, len(j.members))
	for i, m := range j.members {
		j.l.name(m.object)
		keys, err := m.uniqueKeys()
		if err != nil {
			return nil, err
		}
		out[i] = &Planned{Object: m.object, Before: m.before, Draft: m.draft, position: m.position, bulk: bulk,
			sooner: m.sooner, also: m.also, gone: m.gone, touched: m.touched()}
		for _, k := range keys {
			out[i].keys = append(out[i].keys, k.Key)
		}
		if m.before == nil {
			continue
		}
		old, err := m.keysBefore()
		if err != nil {
			return nil, err
		}
		out[i].keysStay = slices.Equal(old, out[i].keys)
	}
	return out, j.l.err
}

// touched are the reference fields of m whose rows are to be written.
func (m *member) touched() map[string]bool {
	out := map[string]bool{}
	for _, f := range m.object.Type.Fields {
		if !f.Held() {
			continue
		}
		ids, known := m.object.Refs[f.Name]
		if !known {
			continue
		}
		if m.before == nil {
			out[f.Name] = len(ids) > 0
			continue
		}
		old, had := m.before.Refs[f.Name]
		out[f.Name] = !had && f.Kind == References || !slices.Equal(ids, old)
	}
	return out
}

// Resolve returns the object of type t that raw names. When there is none, the
// text says why, in the contract's words.
func (s *Service) Resolve(ctx context.Context, r Reader, t *Type, raw json.RawMessage, form RefForm) (uuid.UUID, string, error) {
	ids, texts, err := s.ResolveMany(ctx, r, t, []json.RawMessage{raw}, form)
	if err != nil {
		return uuid.Nil, "", err
	}
	return ids[0], texts[0], nil
}

// ResolveMany is Resolve for several references; texts[i] is empty where ids[i]
// was found. Ids are looked up together.
func (s *Service) ResolveMany(ctx context.Context, r Reader, t *Type, raws []json.RawMessage, form RefForm) (ids []uuid.UUID, texts []string, err error) {
	l := newLoader(ctx, r, s.registry.Catalogue(ctx))
	wanted := make([]named, len(raws))
	for i, raw := range raws {
		v, err := parseJSON(raw)
		if err != nil {
			return nil, nil, fmt.Errorf("reference: %w", err)
		}
		if wanted[i] = readRef(t, v, form); wanted[i].id != uuid.Nil {
			l.meet(0, wanted[i].id)
		}
	}
	ids, texts = make([]uuid.UUID, len(raws)), make([]string, len(raws))
	for i, n := range wanted {
		switch {
		case n.null:
			texts[i] = notNull
		case n.id != uuid.Nil:
			if o := l.get(n.id); o != nil && o.Type.ID == t.ID {
				ids[i] = n.id
			} else {
				texts[i] = n.missing()
			}
		default:
			if ids[i], texts[i], err = l.findRef(t, n, nil); err != nil {
				return nil, nil, err
			}
		}
	}
	return ids, texts, l.err
}
