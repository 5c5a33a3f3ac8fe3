package objects

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/google/uuid"
)

// RefsKey is where data keeps the targets of single references, as texts by the
// names of the fields.
const RefsKey = "@refs"

// customKey is where data keeps the custom fields.
const customKey = "custom_fields"

// Object returns what a row says. Of its references it has the single ones;
// those that may be many are read with Reader.Targets.
func (c *Catalogue) Object(s Stored) (*Object, error) {
	t := c.ByID(s.Type)
	if t == nil {
		return nil, fmt.Errorf("object %s is of the unknown type %d", s.ID, s.Type)
	}
	o := &Object{ID: s.ID, Type: t, Name: s.Name, Str: s.Str, SortKey: s.SortKey, Version: s.Version,
		Created: s.Created, LastUpdated: s.LastUpdated, Refs: map[string][]uuid.UUID{}}
	var err error
	if o.Values, err = parseMembers(s.Data); err != nil {
		return nil, fmt.Errorf("data of object %s: %w", s.ID, err)
	}
	if refs, ok := o.Values[RefsKey].(map[string]any); ok {
		for name, text := range refs {
			if id, ok := ReadID(text); ok {
				o.Refs[name] = []uuid.UUID{id}
			}
		}
	}
	o.Custom, _ = o.Values[customKey].(map[string]any)
	delete(o.Values, RefsKey)
	delete(o.Values, customKey)
	return o, nil
}

// clone returns a copy that may be changed.
func (o *Object) clone() *Object {
	copied := *o
	copied.Values, copied.Refs, copied.Custom = maps.Clone(o.Values), maps.Clone(o.Refs), maps.Clone(o.Custom)
	return &copied
}

// Ref is the target of a single reference, or uuid.Nil.
func (o *Object) Ref(field string) uuid.UUID {
	if ids := o.Refs[field]; len(ids) > 0 {
		return ids[0]
	}
	return uuid.Nil
}

func (o *Object) setRef(field string, id uuid.UUID) {
	if id == uuid.Nil {
		o.Refs[field] = nil
		return
	}
	o.Refs[field] = []uuid.UUID{id}
}

// Row returns what is stored of o.
func (o *Object) Row() (Row, error) {
	data := make(map[string]any, len(o.Values)+2)
	maps.Copy(data, o.Values)
	refs := map[string]string{}
	for _, f := range o.Type.Fields {
		if f.Kind == Reference && f.Held() && len(o.Refs[f.Name]) > 0 {
			refs[f.Name] = o.Refs[f.Name][0].String()
		}
	}
	data[RefsKey] = refs
	if len(o.Custom) > 0 {
		data[customKey] = o.Custom
	}
	text, err := marshal(data)
	if err != nil {
		return Row{}, fmt.Errorf("data of %s: %w", o.ID, err)
	}
	body, err := o.body()
	if err != nil {
		return Row{}, fmt.Errorf("body of %s: %w", o.ID, err)
	}
	return Row{Object: o, Data: text, Body: body}, nil
}

func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(v)
	return bytes.TrimRight(b.Bytes(), "\n"), err
}

// InBody reports whether the wire text of f is rendered when its object is
// written, rather than when it is read.
func (f *Field) InBody() bool {
	switch f.Kind {
	case Derived, Count, Reference, References:
		return false
	}
	switch f.Name {
	case "id", "created", "last_updated", customKey:
		return false
	}
	return !f.Hidden && !f.WriteOnly && (f.Derive == "" || f.Stored || strings.HasPrefix(f.Derive, "generic_"))
}

// body is the wire text of the plain fields: members of a JSON object without
// its braces.
func (o *Object) body() ([]byte, error) {
	var b []byte
	for _, f := range o.Type.Fields {
		if !f.InBody() {
			continue
		}
		if b != nil {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = append(b, f.Name...)
		b = append(b, '"', ':')
		text, err := marshal(f.Wire(o.Values[f.Name]))
		if err != nil {
			return nil, err
		}
		b = append(b, text...)
	}
	return b, nil
}

// labelled is a choice as objects are answered.
type labelled struct {
	Value any    `json:"value"`
	Label string `json:"label"`
}

// Wire turns a stored value into what is answered.
func (f *Field) Wire(v any) any {
	switch f.Kind {
	case Choice:
		switch none := f.Args["none"]; {
		case v != nil && v != "":
		case none != "":
			return labelled{"", none}
		default:
			return nil
		}
		return labelled{v, f.ChoiceLabel(fmt.Sprint(v))}
	case Choices:
		list, ok := v.([]any)
		if !ok || f.Args["plain"] != "" || f.Args["set"] != "" {
			return v
		}
		out := make([]any, len(list))
		for i, member := range list {
			out[i] = labelled{member, f.ChoiceLabel(fmt.Sprint(member))}
		}
		return out
	case Time:
		if text, ok := v.(string); ok {
			return strings.Replace(text, ".000000Z", "Z", 1)
		}
	case Decimal:
		if n, ok := v.(json.Number); ok {
			return n.String()
		}
	}
	return v
}

// TimeText is how times are answered: with microseconds unless they are zero.
func TimeText(t time.Time) string {
	return strings.Replace(t.UTC().Format(storedTime), ".000000Z", "Z", 1)
}

// uniqueIDs returns ids sorted and without repetition.
func uniqueIDs(ids []uuid.UUID) []uuid.UUID {
	out := slices.Clone(ids)
	sort.Slice(out, func(i, j int) bool { return bytes.Compare(out[i][:], out[j][:]) < 0 })
	return slices.Compact(out)
}
