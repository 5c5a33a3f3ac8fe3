package objects

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"relata/pkg/filters"
)

// Resolve follows a path of names joined with "__", such as
// "location__location_type__name", from objects of type t. It returns the way,
// the field it ends on and the type that this leads to: of a reference its
// target (nil when that may be any type), else the type that has the field. The
// names of references, those by which others refer to the type, "<reference>_id",
// "id" and "pk" all lead on. The error has the contract's words (reference
// section 3.6).
func (c *Catalogue) Resolve(t *Type, path string) (filters.Path, *Field, *Type, error) {
	w := walker{c: c, at: t}
	for _, segment := range strings.Split(path, "__") {
		if err := w.step(segment); err != nil {
			return filters.Path{}, nil, nil, err
		}
	}
	w.way.Column = w.column
	if w.at != nil && len(w.way.Hops) > 0 {
		w.way.End = w.at.ID
	}
	return w.way, w.field, w.at, nil
}

// walker follows a path. It stands on a type, or on a value once field is plain.
type walker struct {
	c      *Catalogue
	at     *Type // nil: any
	field  *Field
	value  bool // nothing leads on from here
	way    filters.Path
	column filters.Column
}

// step takes one segment: a name, with a condition before or after it on the
// object it starts from or arrives at, "terminations[cable_end=A]".
func (w *walker) step(segment string) error {
	name, rest, found := strings.Cut(segment, "[")
	if !found {
		return w.follow(segment)
	}
	condition, after, closed := strings.Cut(rest, "]")
	column, value, equals := strings.Cut(condition, "=")
	if !closed || !equals || name != "" && after != "" {
		return fmt.Errorf("%s: no condition", segment)
	}
	if name != "" {
		if err := w.follow(name); err != nil {
			return err
		}
	}
	inner := walker{c: w.c, at: w.at}
	if err := inner.follow(column); err != nil {
		return err
	}
	w.way.Where = append(w.way.Where, filters.Check{After: len(w.way.Hops), Column: inner.column, Value: value})
	if after != "" {
		return w.follow(after)
	}
	return nil
}

func (w *walker) unknown(name string) error {
	if w.value || w.at == nil {
		return fmt.Errorf("Unsupported lookup '%s' for %s or join on the field not permitted.", name, w.field.describe())
	}
	return fmt.Errorf("Cannot resolve keyword '%s' into field. Choices are: %s", name, strings.Join(w.c.names(w.at), ", "))
}

// follow takes one name.
func (w *walker) follow(name string) error {
	if w.value {
		if w.field.Kind == JSON && w.field.Name == "custom_fields" {
			return w.custom(name)
		}
		if w.field.Kind == ContentType || w.field.Kind == ContentTypes {
			return w.part(name)
		}
		return w.unknown(name)
	}
	if name == "pk" || name == "id" {
		w.column, w.value = filters.Column{Name: "id", Own: true}, true
		w.field = &Field{Name: "id", Kind: UUID}
		return nil
	}
	if w.at == nil {
		return w.unknown(name)
	}
	if f := w.at.fields[name]; f != nil && f.Kind != Count && (f.Kind != Derived || f.Stored) {
		return w.own(f)
	}
	if back, ok := w.c.reaches(w.at, name); ok {
		return w.back(back)
	}
	if f := w.at.fields[strings.TrimSuffix(name, "_id")]; f != nil && strings.HasSuffix(name, "_id") && f.Kind == Reference {
		return w.own(f)
	}
	switch name {
	case "_custom_field_data":
		return w.own(w.at.fields["custom_fields"])
	case "created", "last_updated":
		w.column, w.value = filters.Column{Name: name, Own: true}, true
		w.field = &Field{Name: name, Kind: Time, Null: true}
		return nil
	}
	return w.unknown(name)
}

// custom takes the key of a custom field.
func (w *walker) custom(key string) error {
	f := w.at.CustomField(key)
	if f == nil {
		return w.unknown(key)
	}
	w.field, w.column = f, filters.Column{Name: "custom_fields." + key, List: f.Kind == Choices}
	return nil
}

// part takes half of a content type. It stands in the same column; the field
// says by Derive which half it is.
func (w *walker) part(name string) error {
	if name != "app_label" && name != "model" {
		return w.unknown(name)
	}
	w.field = &Field{Name: name, Kind: Text, Derive: name, Args: map[string]string{"of": w.field.Name}}
	return nil
}

// own takes a field of the type it stands on.
func (w *walker) own(f *Field) error {
	w.field = f
	switch {
	case f.Kind != Reference && f.Kind != References:
		w.column, w.value = w.at.column(f), true
		return nil
	case f.Path != "":
		return w.via(f)
	}
	hop := filters.Hop{Field: f.ID}
	w.at = w.c.only(f)
	if w.at != nil && len(f.To) != 1 {
		hop.Type = w.at.ID
	}
	w.way.Hops = append(w.way.Hops, hop)
	return nil
}

// only is the one type that a reference leads to, or nil.
func (c *Catalogue) only(f *Field) *Type {
	if len(f.To) != 1 {
		return nil
	}
	return c.byName[f.To[0]]
}

// via takes the path that a reference is read through. Its first name may be
// that of the field itself: the name by which the other end refers back.
func (w *walker) via(f *Field) error {
	first, rest, more := strings.Cut(f.Path, "__")
	back, ok := w.c.reaches(w.at, first)
	if !ok {
		return w.unknown(first)
	}
	if err := w.back(back); err != nil {
		return err
	}
	for more {
		first, rest, more = strings.Cut(rest, "__")
		if err := w.follow(first); err != nil {
			return err
		}
	}
	w.field = f
	return nil
}

// back takes a reference against its direction.
func (w *walker) back(o owned) error {
	if o.field.Path == "" {
		w.way.Hops = append(w.way.Hops, filters.Hop{Field: o.field.ID, Back: true})
		w.at, w.field = o.holder, o.field
		return nil
	}
	forth := walker{c: w.c, at: o.holder}
	if err := forth.own(o.field); err != nil {
		return err
	}
	hops := slices.Clone(forth.way.Hops)
	slices.Reverse(hops)
	for _, hop := range hops {
		hop.Back = !hop.Back
		w.way.Hops = append(w.way.Hops, hop)
	}
	w.at, w.field = o.holder, o.field
	return nil
}

// reaches returns the reference that t is reached by under that name.
func (c *Catalogue) reaches(t *Type, name string) (owned, bool) {
	if o, ok := c.back[t.Name][name]; ok {
		return o, true
	}
	o, ok := c.back[""][name]
	return o, ok
}

// column is where the value of a plain field stands.
func (t *Type) column(f *Field) filters.Column {
	switch f.Name {
	case "id", "created", "last_updated":
		return filters.Column{Name: f.Name, Own: true}
	}
	list := f.Kind == ContentTypes || f.Kind == Choices || f.Kind == Numbers || f.Kind == Texts
	return filters.Column{Name: f.Name, List: list, Named: f.Name == t.Named && f.Kind == Text}
}

// columnWords is what messages of the contract call a column of each kind.
var columnWords = map[Kind]string{
	UUID: "UUIDField", Integer: "IntegerField", Decimal: "DecimalField", Float: "FloatField", Boolean: "BooleanField",
	Date: "DateField", Time: "DateTimeField", JSON: "JSONField", Reference: "ForeignKey", References: "ManyToManyField",
}

func (f *Field) describe() string {
	if f == nil {
		return "Field"
	}
	return cmp.Or(columnWords[f.Kind], "CharField")
}
