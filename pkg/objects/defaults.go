package objects

import (
	"context"
	_ "embed" // defaults.json
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"relata/pkg/fault"
)

//go:embed defaults.json
var defaultsJSON []byte

// EnsureDefaults makes the objects that a new database has: of each type in
// defaults.json, when there is no object of it yet.
func (s *Service) EnsureDefaults(ctx context.Context, store Store) error {
	var defaults map[string][]json.RawMessage
	if err := json.Unmarshal(defaultsJSON, &defaults); err != nil {
		return fmt.Errorf("defaults: %w", err)
	}
	for _, name := range slices.Sorted(maps.Keys(defaults)) {
		t := s.registry.Catalogue(ctx).Type(name)
		if t == nil {
			return fmt.Errorf("defaults: no type %s", name)
		}
		err := store.ChangeObjects(ctx, func(tx Tx) error { return s.makeDefaults(ctx, tx, t, defaults[name]) })
		if fault.As(err) != nil { // another server may have been faster
			if there, again := store.Exists(ctx, t.ID); again == nil && there {
				continue
			}
		}
		if err != nil {
			return fmt.Errorf("defaults of %s: %w", name, err)
		}
	}
	return nil
}

func (s *Service) makeDefaults(ctx context.Context, tx Tx, t *Type, bodies []json.RawMessage) error {
	if there, err := tx.Exists(ctx, t.ID); err != nil || there {
		return err
	}
	drafts := make([]Draft, len(bodies))
	for i, body := range bodies {
		draft, err := DecodeDraft(body)
		if err != nil {
			return err
		}
		drafts[i] = draft
	}
	planned, err := s.Plan(ctx, tx, t, drafts, nil, true)
	if err != nil {
		return err
	}
	_, err = s.Save(ctx, tx, planned)
	return err
}
