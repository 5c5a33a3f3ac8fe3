package relationships

import (
	"bytes"
	"context"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
)

// judge holds definitions to the rules of reference section 1.4, in their order
// and words: F are those of single fields, all reported together; of M only the
// first group that is broken.
type judge struct {
	names  filters.Names
	linked func(context.Context, int32) (bool, error)
	set    *Set
	labels map[string]uuid.UUID
	keys   map[string]uuid.UUID
	ids    map[uuid.UUID]bool
}

func newJudge(tx Tx, set *Set) *judge {
	j := &judge{
		names: tx, linked: tx.Linked, set: set,
		labels: map[string]uuid.UUID{}, keys: map[string]uuid.UUID{}, ids: map[uuid.UUID]bool{},
	}
	for _, r := range set.All() {
		j.add(r)
	}
	return j
}

func (j *judge) add(r *Relationship) {
	j.labels[r.Label], j.keys[r.Key], j.ids[r.ID] = r.ID, r.ID, true
}

func (j *judge) drop(r *Relationship) {
	delete(j.labels, r.Label)
	delete(j.keys, r.Key)
}

// create fills in r, which has its defaults, and judges it.
func (j *judge) create(ctx context.Context, r *Relationship, draft objects.Draft) (*fault.Error, error) {
	if draft.Err != nil {
		return draft.Err, nil
	}
	body := NewBody(draft, false)
	if id, given := body.ID("id", false); given {
		r.ID = id
	}
	j.fields(body, r, uuid.Nil)
	if problem := body.Problems(); problem != nil {
		return problem, nil
	}
	problem, err := j.model(ctx, r)
	if err == nil && j.ids[r.ID] {
		if problem == nil {
			problem = &fault.Error{Kind: fault.Invalid}
		}
		problem.Add([]string{"id"}, "Relationship with this Id already exists.") // F13
	}
	return problem, err
}

// change fills in r, a copy of stored, and judges it.
func (j *judge) change(ctx context.Context, r, stored *Relationship, c objects.Change) (*fault.Error, error) {
	if c.Draft.Err != nil {
		return c.Draft.Err, nil
	}
	body := NewBody(c.Draft, c.Partial)
	if id, given := body.ID("id", false); given && id != stored.ID {
		body.Add("id", "The id of an object cannot be changed.")
	}
	j.fields(body, r, stored.ID)
	if problem := body.Problems(); problem != nil {
		return problem, nil
	}
	problem, err := j.model(ctx, r)
	if problem != nil || err != nil {
		return problem, err
	}
	return j.shape(ctx, r, stored)
}

// fields reads what the body names into r: rules F1 to F12. Labels and keys may
// be those that own has already.
func (j *judge) fields(b *Body, r *Relationship, own uuid.UUID) {
	j.end(b, "source_type", &r.Source)
	j.end(b, "destination_type", &r.Destination)
	if b.text("label", &r.Label, true) {
		if taken(j.labels, r.Label, own) {
			b.Add("label", "relationship with this label already exists.")
		}
	}
	j.key(b, r, own)
	b.text("description", &r.Description, false)
	names := make([]string, len(Types))
	for i, t := range Types {
		names[i] = string(t)
	}
	if t, given := b.choice("type", names...); given {
		r.Type = Type(t)
	}
	r.limit()
	if on, given := b.choice("required_on", "", string(Source), string(Destination)); given {
		r.RequiredOn = on
	}
	for _, side := range []Side{Source, Destination} {
		b.text(string(side)+"_label", &r.End(side).Label, false)
		b.boolean(string(side)+"_hidden", &r.End(side).Hidden)
		b.json(string(side)+"_filter", &r.End(side).Filter)
	}
	b.boolean("advanced_ui", &r.AdvancedUI)
}

func (j *judge) end(b *Body, field string, end *End) {
	if t, given := b.Type(field, j.set.catalogue); given {
		end.Type, end.TypeID = t.Name, t.ID
	}
}

// key reads the key; a blank one is derived from the label.
func (j *judge) key(b *Body, r *Relationship, own uuid.UUID) {
	if b.slug("key", &r.Key) && taken(j.keys, r.Key, own) {
		b.Add("key", "relationship with this key already exists.")
	}
	if r.Key == "" && r.Label != "" {
		r.Key = freeKey(r.Label, func(key string) bool { return taken(j.keys, key, own) })
	}
}

// taken reports whether another definition than own holds a name.
func taken(names map[string]uuid.UUID, name string, own uuid.UUID) bool {
	holder, found := names[name]
	return found && holder != own
}

// json reads any value as it is.
func (b *Body) json(field string, value *json.RawMessage) {
	raw, named := b.draft.Fields[field]
	if !named {
		return
	}
	*value = nil
	if problem := objects.TooMuchJSON(raw); problem != "" {
		b.Add(field, problem)
		return
	}
	if !isNull(raw) {
		var compact bytes.Buffer
		if json.Compact(&compact, raw) == nil {
			*value = compact.Bytes()
		}
	}
}

// model judges r as a whole: rules M1 to M11. Labels and filters of one end of a
// symmetric definition are copied where the other has none.
func (j *judge) model(ctx context.Context, r *Relationship) (*fault.Error, error) {
	if !legalKey.MatchString(r.Key) {
		return fault.Field("key", "This key is not Python/GraphQL safe. Please do not start the key with a digit and do not use hyphens or whitespace"), nil
	}
	for _, side := range []Side{Source, Destination} {
		messages, err := j.filter(ctx, r.End(side))
		if err != nil {
			return nil, err
		}
		if len(messages) > 0 {
			return fault.Field(string(side)+"_filter", messages...), nil
		}
	}
	if !r.Type.Symmetric() {
		return nil, nil
	}
	fill(r)
	return symmetric(r), nil
}

// filter says what is wrong with the filter of an end: rules M3 to M6.
func (j *judge) filter(ctx context.Context, end *End) ([]string, error) {
	if filters.None(end.Filter) {
		return nil, nil
	}
	t := j.set.catalogue.Type(end.Type)
	if t == nil {
		return []string{"Unable to locate model class"}, nil
	}
	if end.Filter[0] != '{' {
		return []string{"Filter for " + t.Class + " must be a dictionary"}, nil
	}
	_, messages, err := j.set.Schema(t).ParseJSON(ctx, j.names, end.Filter)
	return messages, err
}

// fill copies the label and the filter of one end to the other, where only one
// end has them. Of two empty filters that differ, such as null and {}, that of
// the destination stays.
func fill(r *Relationship) {
	switch from, to := &r.Source, &r.Destination; {
	case from.Label == "":
		from.Label = to.Label
	case to.Label == "":
		to.Label = from.Label
	}
	switch from, to := &r.Source, &r.Destination; {
	case same(decode(from.Filter), decode(to.Filter)):
	case filters.None(from.Filter):
		from.Filter = to.Filter
	case filters.None(to.Filter):
		to.Filter = from.Filter
	}
}

// symmetric says how the ends differ: rules M7 to M11.
func symmetric(r *Relationship) *fault.Error {
	e := &fault.Error{Kind: fault.Invalid}
	differ := func(what string) {
		e.Add([]string{"destination_" + what}, "Must match source_"+what+" for a symmetric relationship")
	}
	if r.Source.TypeID != r.Destination.TypeID {
		differ("type")
	}
	if r.Source.Label != r.Destination.Label {
		differ("label")
	}
	if r.Source.Hidden != r.Destination.Hidden {
		differ("hidden")
	}
	if !filters.None(r.Source.Filter) && !same(decode(r.Source.Filter), decode(r.Destination.Filter)) {
		differ("filter")
	}
	if r.RequiredOn != "" {
		e.Add([]string{"required_on"}, "Symmetric relationships cannot be marked as required.")
	}
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// shape says what may not change under associations: rules M12 to M14.
func (j *judge) shape(ctx context.Context, r, stored *Relationship) (*fault.Error, error) {
	held := shapeHeld(r, stored)
	if held == nil {
		return nil, nil
	}
	linked, err := j.linked(ctx, stored.RID)
	if err != nil || !linked {
		return nil, err
	}
	return held, nil
}

// shapeHeld is the fault of changing the shape of a definition that has
// associations; nil when the shape stays.
func shapeHeld(r, stored *Relationship) *fault.Error {
	text := func(what, short string) *fault.Error {
		return fault.Field(fault.All, "Not supported to change the type of the "+what+
			" when some associations are present in the database, delete all associations first before modifying the "+short+".")
	}
	switch {
	case r.Type != stored.Type:
		return text("relationship", "type")
	case r.Source.TypeID != stored.Source.TypeID:
		return text("source object", "source type")
	case r.Destination.TypeID != stored.Destination.TypeID:
		return text("destination object", "destination type")
	}
	return nil
}

// same compares JSON values as Python does: members in any order, numbers by
// value, true as 1.
func same(a, b any) bool {
	if x, ok := number(a); ok {
		y, ok := number(b)
		return ok && x.Cmp(y) == 0
	}
	switch a := a.(type) {
	case []any:
		list, ok := b.([]any)
		return ok && slices.EqualFunc(a, list, same)
	case objects.Pairs:
		pairs, ok := b.(objects.Pairs)
		if !ok || len(a) != len(pairs) {
			return false
		}
		for _, p := range a {
			if other, found := pairs.Get(p.Key); !found || !same(p.Value, other) {
				return false
			}
		}
		return true
	}
	switch b.(type) {
	case []any, objects.Pairs:
		return false
	}
	return a == b
}

func number(v any) (*big.Rat, bool) {
	switch v := v.(type) {
	case bool:
		if v {
			return big.NewRat(1, 1), true
		}
		return new(big.Rat), true
	case json.Number:
		f, err := v.Float64() // a Rat of 1e999999999 would fill the memory
		if err != nil {
			return nil, false
		}
		if r, ok := new(big.Rat).SetString(v.String()); ok && f < 1e300 && f > -1e300 && (f == 0 || f > 1e-300 || f < -1e-300) {
			return r, true
		}
	}
	return nil, false
}
