package relationships_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

type fields = map[string]any

type world struct {
	t        *testing.T
	ctx      context.Context
	store    *store.Store
	registry *objects.Registry
	service  *relationships.Service
}

func newWorld(t *testing.T, s *store.Store) *world {
	t.Helper()
	registry, err := objects.NewRegistry(context.Background(), s)
	require.NoError(t, err)
	return &world{t: t, ctx: context.Background(), store: s, registry: registry, service: relationships.NewService(s, registry, time.Now)}
}

func draft(t *testing.T, body any) objects.Draft {
	t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(t, err)
	d, err := objects.DecodeDraft(raw)
	require.NoError(t, err)
	return d
}

// between is a body with the types filled in.
func between(body fields) fields {
	out := fields{"source_type": "tenancy.tenant", "destination_type": "ipam.vlan"}
	for name, value := range body {
		out[name] = value
	}
	return out
}

func (w *world) create(body fields) (*relationships.Relationship, error) {
	w.t.Helper()
	made, err := w.service.Create(w.ctx, []objects.Draft{draft(w.t, body)}, false)
	if err != nil {
		return nil, err
	}
	return made[0], nil
}

func (w *world) must(body fields) *relationships.Relationship {
	w.t.Helper()
	r, err := w.create(between(body))
	require.NoError(w.t, err)
	return r
}

func (w *world) patch(id uuid.UUID, body fields) (*relationships.Relationship, error) {
	w.t.Helper()
	changed, err := w.service.Update(w.ctx, []objects.Change{{ID: id, Draft: draft(w.t, body), Partial: true}})
	if err != nil {
		return nil, err
	}
	return changed[0], nil
}

// told is what a fault says, each field with its messages, in order.
func told(err error) []string {
	e := fault.As(err)
	if e == nil {
		if err != nil {
			return []string{"internal: " + err.Error()}
		}
		return nil
	}
	var out []string
	if e.Detail != "" {
		out = append(out, e.Detail)
	}
	for _, p := range e.Fields {
		for _, m := range p.Messages {
			out = append(out, strings.Join(p.Path, ".")+": "+m)
		}
	}
	return out
}

func TestRulesOfADefinition(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		taken := w.must(fields{"label": "Taken", "key": "taken_key"})
		long := strings.Repeat("é", 256)
		const unsafe = "key: This key is not Python/GraphQL safe. Please do not start the key with a digit and do not use hyphens or whitespace"
		const slug = `key: Enter a valid "slug" consisting of letters, numbers, underscores or hyphens.`
		sym := func(more fields) fields {
			more["label"], more["type"], more["destination_type"] = "x", "symmetric-one-to-one", "tenancy.tenant"
			return between(more)
		}
		tests := []struct {
			name string
			body fields
			want []string
		}{
			{"nothing", fields{}, []string{"source_type: This field is required.", "destination_type: This field is required.", "label: This field is required."}},
			{"a filter without end", between(fields{"label": "x", "source_filter": fields{"name": strings.Repeat("x", 256<<10)}}), []string{
				"source_filter: Ensure this value has no more than 256 kB of JSON."}},
			{"nulls", fields{"id": nil, "source_type": nil, "destination_type": "", "label": nil, "key": nil, "description": nil, "type": nil, "required_on": nil, "source_label": nil, "source_hidden": nil, "advanced_ui": nil, "source_filter": nil}, []string{
				"id: This field may not be null.", "source_type: This field may not be null.", "destination_type: This field may not be null.", "label: This field may not be null.",
				"key: This field may not be null.", "description: This field may not be null.", "type: This field may not be null.", "required_on: This field may not be null.",
				"source_label: This field may not be null.", "source_hidden: This field may not be null.", "advanced_ui: This field may not be null.",
			}},
			{"wrong everywhere", between(fields{"id": "x", "label": " ", "key": true, "description": []int{}, "type": 5, "required_on": "peer", "source_hidden": "maybe", "destination_label": long, "source_type": "dcim.Device", "destination_type": "a.b.c"}), []string{
				"id: Must be a valid UUID.", "source_type: Invalid content type: dcim.Device", "destination_type: Invalid value. Specify a content type as '<app_label>.<model_name>'.",
				"label: This field may not be blank.", slug, "description: Not a valid string.", `type: "5" is not a valid choice.`, `required_on: "peer" is not a valid choice.`,
				"source_hidden: Must be a valid boolean.", "destination_label: Ensure this field has no more than 255 characters.",
			}},
			{"a type that takes no part", between(fields{"label": "x", "source_type": "extras.relationship"}), []string{"source_type: Invalid content type: extras.relationship"}},
			{"a number for a type", between(fields{"label": "x", "source_type": 5}), []string{"source_type: Invalid value. Specify a content type as '<app_label>.<model_name>'."}},
			{"a choice that is an object", between(fields{"label": "x", "type": fields{"value": "one-to-one"}}), []string{`type: "{'value': 'one-to-one'}" is not a valid choice.`}},
			{"NUL", between(fields{"label": "a\x00b", "key": "\x00"}), []string{"label: Null characters are not allowed.", "key: Null characters are not allowed.", slug}},
			{"label and key taken", between(fields{"label": "Taken", "key": "taken_key"}), []string{"label: relationship with this label already exists.", "key: relationship with this key already exists."}},
			{"a key with a hyphen", between(fields{"label": "x", "key": "a-b"}), []string{unsafe}},
			{"a key of digits, and more behind it", between(fields{"label": "x", "key": 5, "id": taken.ID, "source_filter": fields{"nope": 1}}), []string{unsafe, "id: Relationship with this Id already exists."}},
			{"an id that is taken", between(fields{"label": "Taken 2", "id": taken.ID}), []string{"id: Relationship with this Id already exists."}},
			{"an id that is taken, with its label", between(fields{"label": "Taken", "id": taken.ID}), []string{"label: relationship with this label already exists."}},
			{"a filter that is a text", between(fields{"label": "x", "source_filter": "name"}), []string{"source_filter: Filter for tenancy.Tenant must be a dictionary"}},
			{"a filter that is true", between(fields{"label": "x", "destination_filter": true}), []string{"destination_filter: Filter for ipam.VLAN must be a dictionary"}},
			{"filters of both sides: the source is told", between(fields{"label": "x", "source_filter": fields{"nope": 1}, "destination_filter": fields{"nope": 1}}), []string{"source_filter: 'nope' is not a valid filter parameter for tenancy.Tenant object"}},
			{"several problems of a filter", between(fields{"label": "x", "destination_filter": json.RawMessage(`{"nope": 1, "vid": ["x"], "status": "a", "never": 2}`)}), []string{
				"destination_filter: 'vid': Enter a whole number.", "destination_filter: 'status': Enter a list of values.",
				"destination_filter: 'nope' is not a valid filter parameter for ipam.VLAN object", "destination_filter: 'never' is not a valid filter parameter for ipam.VLAN object",
			}},
			{"a filter by a relationship that is not there", between(fields{"label": "x", "source_filter": fields{"cr_taken_key__source": []string{uuid.NewString()}}}), []string{"source_filter: 'cr_taken_key__source' is not a valid filter parameter for tenancy.Tenant object"}},
			{"a filter comes before symmetry", between(fields{"label": "x", "type": "symmetric-one-to-one", "source_filter": fields{"nope": 1}}), []string{"source_filter: 'nope' is not a valid filter parameter for tenancy.Tenant object"}},
			{"symmetric, and everything differs", between(fields{"label": "x", "type": "symmetric-many-to-many", "source_label": "a", "destination_label": "b", "destination_hidden": true, "source_filter": fields{"name": []string{"a"}}, "destination_filter": fields{"name": []string{"b"}}, "required_on": "source"}), []string{
				"destination_type: Must match source_type for a symmetric relationship", "destination_label: Must match source_label for a symmetric relationship",
				"destination_hidden: Must match source_hidden for a symmetric relationship", "destination_filter: Must match source_filter for a symmetric relationship",
				"required_on: Symmetric relationships cannot be marked as required.",
			}},
			{"symmetric filters that are the same in other words", sym(fields{"source_filter": json.RawMessage(`{"name":["a"],"q":"1"}`), "destination_filter": json.RawMessage(`{ "q": "1", "name": ["a"] }`)}), nil},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				r, err := w.create(tt.body)
				assert.Equal(t, tt.want, told(err))
				if err == nil {
					require.NoError(t, w.service.Delete(w.ctx, []uuid.UUID{r.ID}, false))
				}
			})
		}
	})
}

func TestValuesOfADefinition(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		id := uuid.New()
		made := w.must(fields{
			"id": strings.ToUpper(id.String()), "label": "  Some VLANs\t", "description": 1.50, "type": "one-to-many", "required_on": "destination",
			"source_label": 5, "source_hidden": "YES", "source_filter": json.RawMessage(`{"name": [ "a", "b" ]}`),
			"destination_label": " right", "destination_hidden": 1.0, "destination_filter": json.RawMessage(`{}`), "advanced_ui": "t",
		})
		seen, err := s.Relationships(w.ctx, relationships.List{})
		require.NoError(t, err)
		require.Len(t, seen, 1)
		assert.Equal(t, made, seen[0])
		assert.NotZero(t, made.RID)
		assert.Equal(t, []any{id, "Some VLANs", "some_vlans", "1.5", "5", true, "right", true, true, `{"name":["a","b"]}`, `{}`},
			[]any{made.ID, made.Label, made.Key, made.Description, made.Source.Label, made.Source.Hidden, made.Destination.Label, made.Destination.Hidden, made.AdvancedUI, string(made.Source.Filter), string(made.Destination.Filter)})
		assert.Equal(t, []bool{false, true}, []bool{made.SourceUnique, made.DestinationUnique})

		put, err := w.service.Update(w.ctx, []objects.Change{{ID: id, Draft: draft(t, between(fields{"label": "Other"}))}})
		require.NoError(t, err)
		assert.Equal(t, []any{"Other", "some_vlans", "1.5", true, int64(2)}, []any{put[0].Label, put[0].Key, put[0].Description, put[0].AdvancedUI, put[0].Version}, "what PUT does not name stays")
		_, err = w.service.Update(w.ctx, []objects.Change{{ID: id, Draft: draft(t, fields{"label": "Other"})}})
		assert.Equal(t, []string{"source_type: This field is required.", "destination_type: This field is required."}, told(err))
		changed, err := w.patch(id, fields{"key": "", "source_filter": nil, "nonsense": 1, "id": id})
		require.NoError(t, err)
		assert.Equal(t, []any{"other", json.RawMessage(nil)}, []any{changed.Key, changed.Source.Filter})
		_, err = w.patch(id, fields{"id": uuid.New()})
		assert.Len(t, told(err), 1)
		_, err = w.patch(uuid.New(), fields{})
		assert.ErrorIs(t, err, fault.NotFound)
		assert.ErrorIs(t, w.service.Delete(w.ctx, []uuid.UUID{uuid.New()}, false), fault.NotFound)
		require.NoError(t, w.service.Delete(w.ctx, []uuid.UUID{id, id, uuid.New()}, true))
	})
}

func TestKeysOfDefinitions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		made, err := w.service.Create(w.ctx, []objects.Draft{
			draft(t, between(fields{"label": "Same"})), draft(t, between(fields{"label": "same"})), draft(t, between(fields{"label": "_1"})), draft(t, between(fields{"label": "SAME", "key": "SAME"})),
		}, true)
		require.NoError(t, err)
		var keys []string
		for _, r := range made {
			keys = append(keys, r.Key)
		}
		assert.Equal(t, []string{"same", "same_2", "a1", "SAME"}, keys)
		_, err = w.service.Create(w.ctx, []objects.Draft{draft(t, between(fields{"label": "n"})), draft(t, between(fields{"label": "n"})), draft(t, fields{})}, true)
		e := fault.As(err)
		require.NotNil(t, e)
		assert.NoError(t, e.Items[0])
		assert.Equal(t, []string{"label: relationship with this label already exists."}, told(e.Items[1]))
		assert.Len(t, told(e.Items[2]), 3)
		changed, err := w.service.Update(w.ctx, []objects.Change{
			{ID: made[1].ID, Partial: true, Bulk: true, Draft: draft(t, fields{"label": "Same"})},
			{ID: uuid.New(), Partial: true, Bulk: true, Draft: draft(t, fields{})},
			{ID: made[0].ID, Partial: true, Bulk: true, Draft: draft(t, fields{"label": "free"})},
		})
		require.NoError(t, err, "by label: the first makes room for the second")
		assert.Equal(t, []string{"free", "Same"}, []string{changed[0].Label, changed[1].Label})
	})
}

func TestSymmetricDefinitionsFillTheirOtherEnd(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		r := w.must(fields{"label": "sym", "type": "symmetric-many-to-many", "destination_type": "tenancy.tenant", "source_label": "peers", "destination_filter": json.RawMessage(`{"name":["c"]}`), "source_filter": json.RawMessage(`{}`)})
		assert.Equal(t, []string{"peers", "peers", `{"name":["c"]}`}, []string{r.Source.Label, r.Destination.Label, string(r.Source.Filter)})
		for i, row := range [][3]string{{`false`, `null`, ``}, {`null`, `{}`, `{}`}, {`0`, `[]`, `[]`}, {`0`, `false`, `0`}, {`{"q":"1"}`, `0`, `{"q":"1"}`}} {
			e := w.must(fields{"label": fmt.Sprint("empty ", i), "type": "symmetric-one-to-one", "destination_type": "tenancy.tenant", "source_filter": json.RawMessage(row[0]), "destination_filter": json.RawMessage(row[1])})
			assert.Equal(t, row[2], string(e.Source.Filter), "of two empty filters that differ the destination's stays: %v", row)
		}
		_, err := w.patch(r.ID, fields{"source_label": "other"})
		assert.Equal(t, []string{"destination_label: Must match source_label for a symmetric relationship"}, told(err))
		r, err = w.patch(r.ID, fields{"source_label": ""})
		require.NoError(t, err)
		assert.Equal(t, "peers", r.Source.Label, "blanking one end is undone")
		assert.Len(t, w.must(fields{"label": "plain", "destination_type": "tenancy.tenant", "source_label": "left"}).Destination.Label, 0)
	})
}

// Many servers make definitions of one label and of labels with one key: one
// label wins, and every key is a different one.
func TestDefinitionsInARace(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		var group sync.WaitGroup
		var mu sync.Mutex
		made, refused := 0, 0
		for i := range 16 {
			group.Add(1)
			go func() {
				defer group.Done()
				server := relationships.NewService(s, w.registry, time.Now)
				_, err := server.Create(w.ctx, []objects.Draft{draft(t, between(fields{"label": "one label"})), draft(t, between(fields{"label": "key" + strings.Repeat("!", i)}))}, true)
				_, err2 := server.Create(w.ctx, []objects.Draft{draft(t, between(fields{"label": "other" + strings.Repeat("!", i)}))}, false)
				assert.NoError(t, err2)
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					made++
				} else if assert.ErrorIs(t, err, fault.Invalid) {
					refused++
				}
			}()
		}
		group.Wait()
		assert.Equal(t, []int{1, 15}, []int{made, refused})
		all, err := s.Relationships(w.ctx, relationships.List{})
		require.NoError(t, err)
		keys := map[string]bool{}
		for _, r := range all {
			keys[r.Key] = true
		}
		assert.Len(t, all, 18)
		assert.Len(t, keys, 18)
	})
}

func TestListOfDefinitions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.must(fields{"label": "Beta", "type": "one-to-one", "description": "about cables"})
		w.must(fields{"label": "alpha", "source_type": "ipam.vlan", "key": "zz"})
		third := w.must(fields{"label": "Gamma 100%", "destination_type": "tenancy.tenant", "type": "symmetric-one-to-one"})
		list := func(sort string, params ...string) string {
			t.Helper()
			var given []filters.Param
			for i := 0; i < len(params); i += 2 {
				given = append(given, filters.Param{Name: params[i], Values: []string{params[i+1]}})
			}
			q, err := w.service.Schema(w.ctx).Parse(w.ctx, s, given)
			if err != nil {
				return err.Error()
			}
			var names []string
			if sort != "" {
				names = strings.Split(sort, ",")
			}
			found, err := s.Relationships(w.ctx, relationships.List{Query: q, Sort: names, Limit: 50})
			require.NoError(t, err)
			n, err := s.RelationshipCount(w.ctx, q)
			require.NoError(t, err)
			assert.Len(t, found, n)
			var labels []string
			for _, r := range found {
				labels = append(labels, r.Label)
			}
			return strings.Join(labels, "|")
		}
		tests := []struct {
			sort   string
			params []string
			want   string
		}{
			{"", nil, "Beta|Gamma 100%|alpha"},
			{"-label", nil, "alpha|Gamma 100%|Beta"},
			{"nonsense,type", nil, "alpha|Beta|Gamma 100%"},
			{"key", nil, "Beta|Gamma 100%|alpha"},
			{"source_filter,-created", nil, "Gamma 100%|alpha|Beta"},
			{"", []string{"type", "one-to-one"}, "Beta"},
			{"", []string{"type__n", "one-to-one"}, "Gamma 100%|alpha"},
			{"", []string{"type__isw", "SYMM"}, "Gamma 100%"},
			{"", []string{"source_type", "tenancy.tenant"}, "Beta|Gamma 100%"},
			{"", []string{"destination_type__n", "ipam.vlan"}, "Gamma 100%"},
			{"", []string{"source_type", "extras.relationship"}, "source_type: Select a valid choice. extras.relationship is not one of the available choices."},
			{"", []string{"q", "CABLE"}, "Beta"},
			{"", []string{"q", third.ID.String()}, "Gamma 100%"},
			{"", []string{"q", " " + third.ID.String() + " "}, "Gamma 100%"},
			{"", []string{"q", "about "}, "Beta"},
			{"", []string{"q", " about"}, ""},
			{"", []string{"q", " "}, "Beta|Gamma 100%"},
			{"", []string{"label__ic", "0%"}, "Gamma 100%"},
			{"", []string{"label__re", "^[A-Z]"}, "Beta|Gamma 100%"},
			{"", []string{"key", "zz"}, "alpha"},
			{"", []string{"key__nie", "ZZ"}, "Beta|Gamma 100%"},
			{"", []string{"id", third.ID.String()}, "Gamma 100%"},
			{"", []string{"id__n", third.ID.String()}, "Beta|alpha"},
			{"", []string{"id", " "}, ""},
			{"", []string{"id__n", " "}, "Beta|Gamma 100%|alpha"},
			{"", []string{"contacts", "null"}, "Beta|Gamma 100%|alpha"},
			{"", []string{"contacts__isnull", "true"}, "Beta|Gamma 100%|alpha"},
			{"", []string{"teams__isnull", "false"}, ""},
			{"", []string{"teams", "x"}, "teams: Select a valid choice. x is not one of the available choices."},
			{"", []string{"dynamic_groups__isnull", "true"}, "dynamic_groups__isnull: Unknown filter field"},
			{"", []string{"description", "x"}, "description: Unknown filter field"},
		}
		for _, tt := range tests {
			t.Run(fmt.Sprint(tt.sort, tt.params), func(t *testing.T) { assert.Equal(t, tt.want, list(tt.sort, tt.params...)) })
		}
	})
}
