package exchange

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// given are the fields with a value, which a new object gets.
func (d *draft) given() []string {
	return slices.DeleteFunc(slices.Clone(d.names), func(name string) bool { return empty(d.values[name]) || noIDs(d.values[name]) })
}

func noIDs(v any) bool {
	ids, ok := v.([]uuid.UUID)
	return ok && len(ids) == 0
}

// body is what is sent of the named fields.
func (d *draft) body(t *objects.Type, names []string, fresh bool) (objects.Draft, error) {
	values := map[string]any{"id": d.id}
	for _, name := range names {
		v := d.values[name]
		if f := t.Field(name); v == nil && !f.Null {
			v = ""
		}
		values[name] = v
	}
	if fresh {
		names = append([]string{"id"}, names...)
	}
	return objectDraft(values, names...)
}

// differing are the fields whose stored values are not what the file says.
func (d *draft) differing(t *objects.Type, im *netBox) []string {
	var names []string
	for _, name := range d.names {
		f, want := t.Field(name), d.values[name]
		from := d.kind.Fields.values[name]
		nothing := empty(want) || noIDs(want)
		switch {
		case from.Once, nothing && (d.adopted || d.kind.Merge):
			continue
		case name == "custom_fields":
			if d.customDiffers() {
				names = append(names, name)
			}
			continue
		case f.Kind == objects.ContentTypes, f.Kind == objects.References && d.adopted:
			if d.unite(f) {
				names = append(names, name)
			}
			continue
		case d.filling && !vacant(f, d.now):
			continue
		case nothing && !clearable(f):
			continue
		}
		if !d.equal(f, want, d.now) {
			names = append(names, name)
			names = append(names, d.typeBeside(from)...)
		}
	}
	return names
}

// typeBeside is the field that says of which type the object is whose id from
// gives: the two are written together.
func (d *draft) typeBeside(from source) []string {
	if from.As == "id" {
		for _, name := range d.names {
			if other := d.kind.Fields.values[name]; other.As == "content_type" && other.From == from.From {
				return []string{name}
			}
		}
	}
	return nil
}

// clearable reports whether a field can be without a value.
func clearable(f *objects.Field) bool {
	return f.Null || f.Blank || f.Kind == objects.References
}

// vacant reports whether o has nothing in f.
func vacant(f *objects.Field, o *objects.Object) bool {
	if f.Kind == objects.Reference || f.Kind == objects.References {
		return len(o.Refs[f.Name]) == 0
	}
	return empty(o.Values[f.Name])
}

// unite adds what is stored in f to what the file says; true: that is more than
// there was.
func (d *draft) unite(f *objects.Field) bool {
	if f.Kind == objects.References {
		want, _ := d.values[f.Name].([]uuid.UUID)
		all, grown := union(d.now.Refs[f.Name], want)
		d.values[f.Name] = all
		return grown
	}
	var there []string
	if list, ok := d.now.Values[f.Name].([]any); ok {
		there = texts(list)
	}
	var want []string
	switch v := d.values[f.Name].(type) {
	case []string:
		want = v
	case []any:
		want = texts(v)
	}
	all, grown := union(there, want)
	d.values[f.Name] = all
	return grown
}

func union[T comparable](there, more []T) (all []T, grown bool) {
	all = slices.Clone(there)
	for _, v := range more {
		if !slices.Contains(all, v) {
			all, grown = append(all, v), true
		}
	}
	return all, grown
}

// customDiffers reports whether a custom field is not as the file says.
func (d *draft) customDiffers() bool {
	want, _ := d.values["custom_fields"].(map[string]any)
	for key, v := range want {
		if empty(v) && (empty(d.now.Custom[key]) || d.adopted) {
			continue
		}
		if !sameJSON(v, d.now.Custom[key]) {
			return true
		}
	}
	return false
}

// equal reports whether o has want in f.
func (d *draft) equal(f *objects.Field, want any, o *objects.Object) bool {
	switch want := want.(type) {
	case uuid.UUID:
		if id, ok := d.kept[f.Name]; ok {
			return id == want
		}
		if there := o.Values[f.Name]; f.Kind == objects.UUID && !empty(there) {
			return plain(there) == want.String()
		}
		name := f.Name
		if kept := d.kind.Fields.values[f.Name].KeptIn; kept != "" {
			name = kept
		}
		return o.Ref(name) == want
	case []uuid.UUID:
		there := o.Refs[f.Name]
		_, more := union(there, want)
		return !more && len(there) == len(want)
	case nil:
		if id, ok := d.kept[f.Name]; ok {
			return id == uuid.Nil
		}
		if f.Kind == objects.Reference {
			return o.Ref(f.Name) == uuid.Nil
		}
		there := o.Values[f.Name]
		return empty(there) || f.Default != nil && sameJSON(there, f.Default)
	}
	there := o.Values[f.Name]
	if f.Kind == objects.JSON {
		return sameJSON(want, there)
	}
	return sameValue(f, want, there)
}

// sameValue compares as the field's kind is stored: texts without space around
// them, numbers by value, addresses in any writing.
func sameValue(f *objects.Field, want, there any) bool {
	a, b := strings.TrimSpace(plain(want)), strings.TrimSpace(plain(there))
	if a == b {
		return true
	}
	switch f.Kind {
	case objects.Integer, objects.Decimal, objects.Float:
		x, ok1 := new(big.Rat).SetString(a)
		y, ok2 := new(big.Rat).SetString(b)
		return ok1 && ok2 && x.Cmp(y) == 0
	case objects.MAC:
		return hexDigits(a) == hexDigits(b)
	case objects.Time:
		x, err1 := time.Parse(time.RFC3339, a)
		y, err2 := time.Parse(time.RFC3339, b)
		return err1 == nil && err2 == nil && x.Equal(y)
	case objects.IP, objects.Prefix:
		return normalAddress(a) == normalAddress(b)
	case objects.Text, objects.Color, objects.Email:
		return b == strings.ToLower(a) && f.Name != "name"
	case objects.Numbers, objects.Texts, objects.Choices:
		return sameJSON(want, there)
	}
	return false
}

func plain(v any) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(v)
}

func hexDigits(text string) string {
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune("0123456789abcdef", c) {
			return c
		}
		return -1
	}, strings.ToLower(text))
}

// sameJSON compares two values as JSON has them.
func sameJSON(a, b any) bool { return reflect.DeepEqual(normalJSON(a), normalJSON(b)) }

func normalJSON(v any) any {
	raw, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var out any
	if err := json.Unmarshal(raw, &out); err != nil {
		return v
	}
	return out
}
