package exchange

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// space is what ids of imported objects are derived in: the same row has the
// same id in every database.
var space = uuid.NewSHA1(uuid.NameSpaceURL, []byte("netbox"))

func newID(parts ...string) uuid.UUID {
	return uuid.NewSHA1(space, []byte(strings.Join(parts, "\x00")))
}

// draft is what the file says of one object. Values are as JSON writes them,
// with uuid.UUID and []uuid.UUID for references; nil: the file has nothing.
type draft struct {
	kind *kind
	row  *row
	id   uuid.UUID
	// names are the fields that are given, in the order of the mapping.
	names  []string
	values map[string]any
	// adopted: the object was there before; only what the file has counts.
	// filling: another row has it already; only what is missing counts.
	adopted, filling bool
	now              *objects.Object // as it is stored; nil: to be made
	// kept are the objects at the end of paths of kept_in.
	kept    map[string]uuid.UUID
	outcome outcome
	earlier *draft // what was written first of the same object
}

func (d *draft) set(name string, v any) {
	if _, ok := d.values[name]; !ok {
		d.names = append(d.names, name)
	}
	d.values[name] = v
}

// needsError says that a row cannot be without another that was left out.
type needsError struct{ reason string }

func (e needsError) Error() string { return e.reason }

// draft reads the values of r. The error is a needsError when the row cannot
// be made.
func (im *netBox) draft(ctx context.Context, t *objects.Type, k *kind, r *row) (*draft, error) {
	id := newID(k.Type, r.model, r.pk)
	d := &draft{kind: k, row: r, id: id, values: map[string]any{}}
	placed := map[string]bool{} // generic references that some field took
	for _, name := range k.Fields.keys {
		from, field := k.Fields.values[name], t.Field(name)
		if from.Later {
			continue
		}
		v, given, err := im.value(ctx, k, field, from, r, placed)
		if err != nil {
			return nil, err
		}
		if given {
			d.set(name, v)
		}
	}
	im.countUnplaced(k, r, placed)
	if t.Taggable && (k.Tags == nil || *k.Tags) {
		ids := []uuid.UUID{}
		for _, tag := range r.tags {
			if id, ok := tag.made["extras.tag"]; ok {
				ids = append(ids, id)
			}
		}
		d.set("tags", ids)
	} else if len(r.tags) > 0 && !t.Taggable {
		im.lostValue(r, "tags", t.Plural+" have no tags here")
	}
	im.customValues(t, d)
	return d, nil
}

// value is what one of our fields gets, and whether the row says anything of it.
func (im *netBox) value(ctx context.Context, k *kind, field *objects.Field, from source, r *row, placed map[string]bool) (any, bool, error) {
	if from.Is != nil {
		v, err := im.constant(ctx, k, field, from.Is)
		return v, true, err
	}
	if from.As == "content_type" || from.As == "id" {
		return im.generic(field, from, r)
	}
	if convert := conversions[from.As]; convert != nil {
		if v, ok := convert(im, r, im.first(r, from.From)); ok {
			return v, true, nil
		}
		return im.otherwise(ctx, k, field, from, r)
	}
	if field.Kind == objects.Reference || field.Kind == objects.References {
		v, given, err := im.references(ctx, k, field, from, r, placed)
		if err != nil || given && !empty(v) {
			return v, given, err
		}
		return im.otherwise(ctx, k, field, from, r)
	}
	v := im.first(r, from.From)
	if table := im.m.Values[from.Values]; table != nil && !empty(v) {
		if to, ok := table[keyText(v)]; ok {
			v = to
		} else if to, ok := table["*"]; ok {
			v = to
		}
	}
	if empty(v) {
		return im.otherwise(ctx, k, field, from, r)
	}
	if (field.Kind == objects.Choice || field.Kind == objects.Word) && !known(field, v) {
		im.lostValue(r, from.From, fmt.Sprintf("%q is not among the choices here", keyText(v)))
		return im.otherwise(ctx, k, field, source{Else: from.Else}, r)
	}
	return v, true, nil
}

// otherwise is what a field gets when the row has nothing for it.
func (im *netBox) otherwise(ctx context.Context, k *kind, field *objects.Field, from source, r *row) (any, bool, error) {
	if name := from.fixed(); name != "" {
		id, err := im.fixedID(ctx, name)
		return id, true, err
	}
	if from.Else != nil {
		v, err := im.constant(ctx, k, field, from.Else)
		return v, true, err
	}
	for _, part := range strings.Split(from.From, "|") {
		name, _, _ := strings.Cut(part, ".")
		if _, there := r.fields[name]; there {
			return nil, true, nil
		}
	}
	return nil, false, nil
}

// constant is a text of the mapping: of a reference, the name of its target.
func (im *netBox) constant(ctx context.Context, k *kind, field *objects.Field, v any) (any, error) {
	if field.Kind != objects.Reference {
		return v, nil
	}
	return im.byName(ctx, field.To[0], keyText(v), k.Type)
}

// known reports whether v is a choice of the field.
func known(field *objects.Field, v any) bool {
	return slices.ContainsFunc(field.Choices, func(c [2]string) bool { return c[0] == keyText(v) })
}

// first is the first value of "a|b.c" that is not empty. A part with a
// reference in front is taken from the row referred to, of many of them from
// the first.
func (im *netBox) first(r *row, expression string) any {
	for _, part := range strings.Split(expression, "|") {
		name, rest, deep := strings.Cut(part, ".")
		if !deep {
			if v := r.fields[name]; !empty(v) {
				return v
			}
			continue
		}
		found, _ := im.d.targets(im.m.refs[r.model], r, name)
		for _, target := range found {
			if v := target.fields[rest]; !empty(v) {
				return v
			}
		}
	}
	return nil
}

// references are the objects that the rows referred to have become: one id, or
// all of them where the field holds many.
func (im *netBox) references(ctx context.Context, k *kind, field *objects.Field, from source, r *row, placed map[string]bool) (any, bool, error) {
	refs := im.m.refs[r.model]
	many := field.Kind == objects.References
	ids := []uuid.UUID{}
	given := many
	for _, name := range strings.Split(from.From, "|") {
		to, refers := refs[name]
		model, back, reverse := strings.Cut(name, "/")
		if !refers && !reverse && name != "self" {
			v := r.fields[name]
			if table := im.m.Values[from.Values]; table != nil {
				if other, ok := table[keyText(v)]; ok {
					v = other
				}
			}
			if empty(v) {
				continue
			}
			id, err := im.byName(ctx, field.To[0], keyText(v), k.Type)
			return id, true, err
		}
		found, missing := im.d.targets(refs, r, name)
		if reverse {
			found = im.d.holders(im.m, model, back, r)
		}
		for _, target := range found {
			id, is, ok := im.madeOf(ctx, target, field)
			switch {
			case is != nil:
				return nil, false, is
			case ok:
				placed[name] = true
				ids = append(ids, id)
			case to.Type != "" && !im.becomes(target.model, field):
				// another field, or none, takes rows of that model
			default:
				placed[name] = true
				if err := im.lost(r, field, name, needsOut(target.model)); err != nil {
					return nil, false, err
				}
			}
		}
		for _, key := range missing {
			if to.Model == "auth.user" {
				if id, err := im.holder(ctx, key.pk); err != nil || id != uuid.Nil {
					return id, true, err
				}
			}
			if err := im.lost(r, field, name, needsAbsent(key)); err != nil {
				return nil, false, err
			}
		}
		if !many && len(ids) > 0 {
			return ids[0], true, nil
		}
	}
	if many {
		return ids, given, nil
	}
	return nil, false, nil
}

// madeOf is the object of r that a field can refer to.
func (im *netBox) madeOf(ctx context.Context, r *row, field *objects.Field) (uuid.UUID, error, bool) {
	if r.model == "auth.user" || r.model == "users.user" {
		id, err := im.holder(ctx, keyText(r.fields["username"]))
		return id, err, id != uuid.Nil
	}
	if len(field.To) == 0 {
		for _, id := range r.made {
			return id, nil, true
		}
	}
	for _, to := range field.To {
		if id, ok := r.made[to]; ok {
			return id, nil, true
		}
	}
	return uuid.Nil, nil, false
}

// becomes reports whether rows of model become objects that the field takes.
func (im *netBox) becomes(model string, field *objects.Field) bool {
	return slices.ContainsFunc(im.m.Kinds, func(k *kind) bool {
		return k.Model == model && slices.Contains(field.To, k.Type)
	})
}

// holder is the account of a user of NetBox.
func (im *netBox) holder(ctx context.Context, name string) (uuid.UUID, error) {
	if im.target.Holder == nil || name == "" {
		return uuid.Nil, nil
	}
	return im.target.Holder(ctx, name)
}

func needsOut(model string) needsError {
	return needsError{"it refers to a row of " + model + " that was left out"}
}

func needsAbsent(key absent) needsError {
	return needsError{"it refers to " + key.model + " " + key.pk + ", which is not in the file"}
}

// lost deals with a reference whose target there is not: what belongs to the
// target or needs it is not made, others do without.
func (im *netBox) lost(r *row, field *objects.Field, name string, why needsError) error {
	if field.Required || field.OnDelete == objects.Cascade {
		return why
	}
	im.lostValue(r, name, why.reason)
	return nil
}

// generic is the content type, or the id, of the object that a generic
// reference leads to.
func (im *netBox) generic(field *objects.Field, from source, r *row) (any, bool, error) {
	found, missing := im.d.targets(im.m.refs[r.model], r, from.From)
	if len(found) > 0 {
		for _, k := range slices.Backward(im.m.Kinds) {
			if id, ok := found[0].made[k.Type]; ok && k.Model == found[0].model {
				if from.As == "id" {
					return id, true, nil
				}
				return k.Type, true, nil
			}
		}
		return nil, false, needsOut(found[0].model)
	}
	if len(missing) > 0 {
		return nil, false, needsAbsent(missing[0])
	}
	if field.Required {
		return nil, false, needsError{"it does not say which object it belongs to"}
	}
	return nil, true, nil
}

// countUnplaced notes generic references that no field takes.
func (im *netBox) countUnplaced(k *kind, r *row, placed map[string]bool) {
	for name, to := range k.Refs {
		if to.Type == "" || placed[name] {
			continue
		}
		uses := slices.ContainsFunc(k.Fields.keys, func(field string) bool {
			from := k.Fields.values[field]
			return from.As == "" && slices.Contains(strings.Split(from.From, "|"), name)
		})
		if found, _ := im.d.targets(im.m.refs[r.model], r, name); uses && len(found) > 0 {
			im.lostValue(r, name, "it cannot refer to a "+found[0].model+" here")
		}
	}
}
