package exchange

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// named is a status or a role, and the types it is valid for.
type named struct {
	id    uuid.UUID
	types []string
}

// byName is the object of a type (a status, a role) that a word of NetBox
// stands for, valid for objects of the type forType. It is made, or made valid,
// when it is not.
func (im *netBox) byName(ctx context.Context, typeName, word, forType string) (uuid.UUID, error) {
	t := im.target.Catalogue(ctx).Type(typeName)
	if im.named[typeName] == nil {
		if err := im.loadNamed(ctx, t); err != nil {
			return uuid.Nil, err
		}
	}
	name := im.nameOf(word)
	there := im.named[typeName][name]
	if there == nil {
		there = &named{id: newID(typeName, name), types: []string{forType}}
		draft, err := objectDraft(map[string]any{"id": there.id, "name": name, "content_types": there.types}, "id", "name", "content_types")
		if err != nil {
			return uuid.Nil, err
		}
		if _, err := im.target.Associations.CreateObjects(ctx, t, []objects.Draft{draft}, false); err != nil {
			return uuid.Nil, fmt.Errorf("make %s %s: %w", t.Singular, name, err)
		}
		im.named[typeName][name] = there
		im.sum.object("", typeName).Made++
		return there.id, nil
	}
	if slices.Contains(there.types, forType) {
		return there.id, nil
	}
	types := append(slices.Clone(there.types), forType)
	draft, err := objectDraft(map[string]any{"content_types": types}, "content_types")
	if err != nil {
		return uuid.Nil, err
	}
	change := objects.Change{ID: there.id, Draft: draft, Partial: true}
	if _, err := im.target.Associations.UpdateObjects(ctx, t, []objects.Change{change}); err != nil {
		return uuid.Nil, fmt.Errorf("make %s %s valid for %s: %w", t.Singular, name, forType, err)
	}
	there.types = types
	im.sum.object("", typeName).Updated++
	return there.id, nil
}

func (im *netBox) loadNamed(ctx context.Context, t *objects.Type) error {
	rows, err := im.target.Read.StoredOfType(ctx, t.ID)
	if err != nil {
		return err
	}
	im.named[t.Name] = map[string]*named{}
	for _, r := range rows {
		var data struct {
			ContentTypes []string `json:"content_types"`
		}
		if err := json.Unmarshal(r.Data, &data); err != nil {
			return fmt.Errorf("data of %s %s: %w", t.Singular, r.ID, err)
		}
		im.named[t.Name][r.Name] = &named{id: r.ID, types: data.ContentTypes}
	}
	return nil
}

// nameOf is the name of what NetBox calls by a word: decommissioning is
// Decommissioning, end-of-life End-of-Life.
func (im *netBox) nameOf(word string) string {
	if name, ok := im.m.Names[word]; ok {
		return name
	}
	words := strings.FieldsFunc(word, func(c rune) bool { return c == '-' || c == '_' || c == ' ' })
	for i, w := range words {
		letters := []rune(w)
		letters[0] = unicode.ToUpper(letters[0])
		words[i] = string(letters)
	}
	return strings.Join(words, " ")
}

// fixedID is the object that no row stands for, made when it is first needed.
func (im *netBox) fixedID(ctx context.Context, name string) (uuid.UUID, error) {
	if id, ok := im.fixed[name]; ok {
		return id, nil
	}
	f := im.m.Fixed[name]
	t := im.target.Catalogue(ctx).Type(f.Type)
	if t == nil {
		return uuid.Nil, fmt.Errorf("there is no type %s", f.Type)
	}
	d := &draft{kind: &kind{Type: f.Type, Find: f.Find}, id: newID(f.Type, "fixed", name), values: map[string]any{},
		row: &row{model: "", pk: name, made: map[string]uuid.UUID{}}}
	for field, v := range f.Fields {
		def := t.Field(field)
		if def != nil && def.Kind == objects.Reference {
			id, err := im.byName(ctx, def.To[0], keyText(v), f.Type)
			if err != nil {
				return uuid.Nil, err
			}
			v = id
		}
		if list, ok := v.([]any); ok {
			v = texts(list)
		}
		d.set(field, v)
	}
	for field, other := range f.Refs {
		id, err := im.fixedID(ctx, other)
		if err != nil {
			return uuid.Nil, err
		}
		d.set(field, id)
	}
	slices.Sort(d.names)
	if err := im.write(ctx, t, []*draft{d}); err != nil {
		return uuid.Nil, err
	}
	id, ok := d.row.made[f.Type]
	if !ok {
		return uuid.Nil, fmt.Errorf("%s %s: %s", t.Singular, name, d.row.refused)
	}
	im.fixed[name] = id
	return id, nil
}

func texts(list []any) []string {
	out := make([]string, len(list))
	for i, v := range list {
		out[i] = keyText(v)
	}
	return out
}

// objectDraft is a body with the named fields of values.
func objectDraft(values map[string]any, names ...string) (objects.Draft, error) {
	d := objects.Draft{Fields: map[string]json.RawMessage{}}
	for _, name := range names {
		raw, err := json.Marshal(values[name])
		if err != nil {
			return d, fmt.Errorf("%s: %w", name, err)
		}
		d.Fields[name] = raw
		d.Keys = append(d.Keys, name)
	}
	return d, nil
}
