package associations

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// nested is what the write of an object says of its relationships: for each side
// that it names, which peers there shall be.
type nested struct {
	named bool // the body has the key "relationships"
	sides []wish
}

// wish is the whole set of peers that an object shall have on one side.
type wish struct {
	relationships.Applied
	peers []uuid.UUID
}

// decoder reads "relationships" of the bodies for objects of one type
// (reference sections 4.2 and 4.3).
type decoder struct {
	t       *objects.Type
	applied []relationships.Applied
	// resolve looks objects of a type up; texts say why one is not found.
	resolve func(ctx context.Context, t *objects.Type, list []json.RawMessage) (ids []uuid.UUID, texts []string, err error)
}

// nested reads one body; the fault is about the field "relationships".
func (d *decoder) nested(ctx context.Context, draft objects.Draft) (nested, *fault.Error, error) {
	raw, named := draft.Fields["relationships"]
	if !named || draft.Err != nil {
		return nested{}, nil, nil
	}
	sides, text, err := d.read(ctx, raw)
	if err != nil {
		return nested{}, nil, err
	}
	if text != "" {
		return nested{named: true}, fault.Field("relationships", text), nil
	}
	return nested{named: true, sides: sides}, nil, nil
}

// read returns the first thing that is wrong as a text. Keys are checked before
// all else; then definitions go by label.
func (d *decoder) read(ctx context.Context, raw json.RawMessage) ([]wish, string, error) {
	if string(raw) == "null" {
		return nil, relationships.NotNull, nil
	}
	keys, text := members(raw)
	if text != "" {
		return nil, text, nil
	}
	applied, text := d.known(keys)
	if text != "" {
		return nil, text, nil
	}
	var wishes []wish
	for _, of := range applied {
		sides, text := members(keys.Fields[of[0].Key])
		if text != "" {
			return nil, text, nil
		}
		for _, side := range []relationships.Side{relationships.Source, relationships.Destination, relationships.Peer} {
			if !sides.Has(string(side)) {
				continue
			}
			w, text, err := d.side(ctx, of, side, sides.Fields[string(side)])
			if text != "" || err != nil {
				return nil, text, err
			}
			wishes = append(wishes, w)
		}
	}
	return wishes, "", nil
}

// members returns the members of an object; the text says what it is instead.
func members(raw json.RawMessage) (objects.Draft, string) {
	draft, err := objects.DecodeDraft(raw)
	if problem := fault.As(err); problem != nil && len(problem.Fields) > 0 {
		return draft, problem.Fields[0].Messages[0]
	}
	if err != nil {
		return draft, err.Error()
	}
	return draft, ""
}

// known returns the definitions that the keys name, by label, each with the
// sides on which objects of the type stand.
func (d *decoder) known(keys objects.Draft) ([][]relationships.Applied, string) {
	byKey := map[string][]relationships.Applied{}
	for _, a := range d.applied {
		byKey[a.Key] = append(byKey[a.Key], a)
	}
	var out [][]relationships.Applied
	for _, key := range keys.Keys {
		if byKey[key] == nil {
			return nil, fmt.Sprintf(`"%s" is not a relationship on %s`, key, d.t.Class)
		}
		out = append(out, byKey[key])
	}
	slices.SortFunc(out, func(a, b []relationships.Applied) int {
		return cmp.Compare(a[0].Relationship.Label, b[0].Relationship.Label)
	})
	return out, ""
}

// side reads the peers that are wanted on one side.
func (d *decoder) side(ctx context.Context, of []relationships.Applied, side relationships.Side, raw json.RawMessage) (wish, string, error) {
	at := slices.IndexFunc(of, func(a relationships.Applied) bool { return a.Other == side })
	if at < 0 {
		return wish{}, fmt.Sprintf(`"%s" is not a valid side for "%s" on %s`, side, of[0].Relationship.Label, d.t.Class), nil
	}
	w := wish{Applied: of[at]}
	inner, text := members(raw)
	if text != "" || !inner.Has("objects") {
		return w, fmt.Sprintf(`"objects" must be specified under ["%s"]["%s"] when present`, w.Key, side), nil
	}
	list, err := objects.SplitList(inner.Fields["objects"])
	if err != nil {
		return w, `"objects" must be a list, not a single value`, nil
	}
	if len(list) > 1 && !w.Type.Many(side) {
		return w, fmt.Sprintf(`For "%s", "%s" objects must include at most a single object`, w.Relationship.Label, side), nil
	}
	text, err = d.peers(ctx, &w, list)
	return w, text, err
}

// peers looks the members up.
func (d *decoder) peers(ctx context.Context, w *wish, list []json.RawMessage) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	if w.PeerType == nil {
		return "Unable to locate model class", nil
	}
	ids, texts, err := d.resolve(ctx, w.PeerType, list)
	if err != nil {
		return "", err
	}
	for _, text := range texts {
		if text != "" {
			return text, nil
		}
	}
	w.peers = ids
	return "", nil
}

// givenIDs resolves to the ids that members of a list give, without looking
// whether there is such an object. It leaves out what is named otherwise.
func givenIDs(_ context.Context, _ *objects.Type, list []json.RawMessage) ([]uuid.UUID, []string, error) {
	var ids []uuid.UUID
	for _, raw := range list {
		member, err := objects.DecodeJSON(raw)
		if pairs, ok := member.(objects.Pairs); ok {
			member, _ = pairs.Get("id")
		}
		if id, ok := objects.ReadID(member); ok && err == nil {
			ids = append(ids, id)
		}
	}
	return ids, nil, nil
}
