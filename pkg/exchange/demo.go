package exchange

import (
	"context"
	_ "embed" // demo.yaml
	"encoding/json"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"go.yaml.in/yaml/v3"

	"relata/pkg/objects"
)

//go:embed demo.yaml
var demoYAML []byte

// demo is the content of demo.yaml, which says what its parts mean.
type demo struct {
	Empty   []string
	Objects []struct {
		Type string
		Rows []ordered[any]
	}
	Definitions []ordered[any]
	Links       ordered[[][]string] // key of a definition → pairs of names
}

// LoadDemo loads the demo inventory, in one transaction: four sites with their
// devices, VLANs, addresses and circuits, a definition of each type and some 300
// associations. Where there is an inventory already it does nothing and answers
// false.
func LoadDemo(ctx context.Context, atomically Atomically) (bool, error) {
	var content demo
	if err := yaml.Unmarshal(demoYAML, &content); err != nil {
		return false, fmt.Errorf("read the demo inventory: %w", err)
	}
	loaded := false
	err := atomically(ctx, func(to Target) error {
		loaded = false
		for _, name := range content.Empty {
			exists, err := to.Read.Exists(ctx, to.Catalogue(ctx).Type(name).ID)
			if err != nil || exists {
				return err
			}
		}
		loaded = true
		l := demoLoader{to: to, ids: map[string]uuid.UUID{}, types: map[string][2]string{}}
		return l.load(ctx, content)
	})
	if err != nil {
		return false, fmt.Errorf("load the demo inventory: %w", err)
	}
	return loaded, nil
}

// demoLoader knows the ids of what it has made by the names in the file.
type demoLoader struct {
	to    Target
	ids   map[string]uuid.UUID
	types map[string][2]string // of the ends, by the key of the definition
}

func (l *demoLoader) load(ctx context.Context, content demo) error {
	for _, section := range content.Objects {
		if err := l.objects(ctx, section.Type, section.Rows); err != nil {
			return fmt.Errorf("%s: %w", section.Type, err)
		}
	}
	for _, definition := range content.Definitions {
		draft, name, err := l.draft(definition)
		if err != nil {
			return err
		}
		made, err := l.to.Relationships.Create(ctx, []objects.Draft{draft}, false)
		if err != nil {
			return fmt.Errorf("definition %s: %w", name, err)
		}
		l.ids[name] = made[0].ID
		l.types[name] = [2]string{made[0].Source.Type, made[0].Destination.Type}
	}
	for _, key := range content.Links.keys {
		if err := l.link(ctx, key, content.Links.values[key]); err != nil {
			return fmt.Errorf("links of %s: %w", key, err)
		}
	}
	return nil
}

func (l *demoLoader) objects(ctx context.Context, typeName string, rows []ordered[any]) error {
	t := l.to.Catalogue(ctx).Type(typeName)
	if t == nil {
		return fmt.Errorf("there is no such type")
	}
	drafts, names := make([]objects.Draft, len(rows)), make([]string, len(rows))
	for i, row := range rows {
		var err error
		if drafts[i], names[i], err = l.draft(row); err != nil {
			return err
		}
	}
	ids, err := l.to.Associations.CreateObjects(ctx, t, drafts, true)
	if err != nil {
		return err
	}
	for i, id := range ids {
		l.ids[names[i]] = id
	}
	return nil
}

// link makes the associations of one definition from pairs of names.
func (l *demoLoader) link(ctx context.Context, key string, pairs [][]string) error {
	drafts := make([]objects.Draft, len(pairs))
	for i, pair := range pairs {
		if len(pair) != 2 {
			return fmt.Errorf("%v is no pair", pair)
		}
		var err error
		drafts[i], _, err = l.draft(ordered[any]{
			keys: []string{"relationship", "source_type", "source_id", "destination_type", "destination_id"},
			values: map[string]any{"relationship": "@" + key, "source_type": l.types[key][0], "source_id": pair[0],
				"destination_type": l.types[key][1], "destination_id": pair[1]},
		})
		if err != nil {
			return err
		}
	}
	_, err := l.to.Associations.Create(ctx, drafts, true)
	return err
}

// nameFields are those by which a row is known, in this order.
var nameFields = []string{"as", "name", "model", "cid", "prefix", "address", "key"}

// draft turns a row into what a request would have sent, and tells by which name
// the row is known.
func (l *demoLoader) draft(row ordered[any]) (objects.Draft, string, error) {
	d, name := objects.Draft{Fields: map[string]json.RawMessage{}}, ""
	for _, field := range nameFields {
		if value, ok := row.values[field]; ok && name == "" {
			name = fmt.Sprint(value)
		}
	}
	for _, field := range row.keys {
		if field == "as" {
			continue
		}
		value, err := l.value(row.values[field])
		if err != nil {
			return d, name, fmt.Errorf("%s of %s: %w", field, name, err)
		}
		if d.Fields[field], err = json.Marshal(value); err != nil {
			return d, name, fmt.Errorf("%s of %s: %w", field, name, err)
		}
		d.Keys = append(d.Keys, field)
	}
	return d, name, nil
}

// value puts ids where names stand.
func (l *demoLoader) value(value any) (any, error) {
	switch v := value.(type) {
	case string:
		name, found := strings.CutPrefix(v, "@")
		if !found {
			return v, nil
		}
		id, known := l.ids[name]
		if !known {
			return nil, fmt.Errorf("nothing above is known as %s", name)
		}
		return id, nil
	case []any:
		out := make([]any, len(v))
		for i := range v {
			var err error
			if out[i], err = l.value(v[i]); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return value, nil
}
