package objects

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
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

	position int        // in a bulk request
	also     []*Planned // other objects that change along
}

// Plan judges new objects of type t: all stages for every member, nothing is
// written, and members do not see each other. also[i] (or nil) holds problems
// of member i that others found; they join those of its fields. With one draft
// and bulk false the error is that draft's, otherwise it has Items.
func (s *Service) Plan(ctx context.Context, tx Tx, t *Type, drafts []Draft, also []*fault.Error, bulk bool) ([]*Planned, error) {
	return nil, nil
}

// PlanChange judges a change of a stored object, whose row it locks.
// fault.NotFound: it is not there, or of another type.
func (s *Service) PlanChange(ctx context.Context, tx Tx, t *Type, c Change, also *fault.Error) (*Planned, error) {
	return nil, nil
}

// Save writes what was planned and returns the objects as they are now. A
// unique rule that another request was faster to fill is Invalid, in the words
// that Plan would have used.
func (s *Service) Save(ctx context.Context, tx Tx, planned []*Planned) ([]*Object, error) {
	return nil, nil
}

// Delete removes objects with all that goes along (cascades) and returns their
// ids. What needs one of them is Protected. unlink is called with all ids that
// will go, after they are locked and before they are removed.
func (s *Service) Delete(ctx context.Context, tx Tx, ids []uuid.UUID, unlink func(context.Context, []uuid.UUID) error) ([]uuid.UUID, error) {
	return nil, nil
}

// RefForm says which ways of naming an object are understood.
type RefForm int

// A Field takes every form of reference section 3.6; a Member of a nested
// relationship the narrower ones of section 4.2.
const (
	FieldForm RefForm = iota
	MemberForm
)

// Resolve returns the object of type t that raw names. When there is none, the
// text says why, in the contract's words.
func (s *Service) Resolve(ctx context.Context, r Reader, t *Type, raw json.RawMessage, form RefForm) (uuid.UUID, string, error) {
	return uuid.Nil, "", nil
}

// ResolveMany is Resolve for several references; texts[i] is empty where ids[i]
// was found. Ids are looked up together.
func (s *Service) ResolveMany(ctx context.Context, r Reader, t *Type, raws []json.RawMessage, form RefForm) (ids []uuid.UUID, texts []string, err error) {
	return nil, nil, nil
}
