package objects_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestCustomFields(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		refresh := func() { require.NoError(t, w.registry.Refresh(t.Context())) }
		w.make("cisco", "dcim.manufacturer", `{"name":"Cisco"}`)
		for _, kind := range []string{"text", "markdown", "integer", "boolean", "date", "datetime", "select", "multi-select", "json"} {
			key := strings.ReplaceAll(kind, "-", "")
			w.make(key, "extras.customfield", `{"label":"My `+key+`","key":"`+key+`","type":"`+kind+`","content_types":["dcim.manufacturer"]}`)
		}
		for _, field := range []string{"select", "multiselect"} {
			for _, value := range []string{"a", "b", "1"} {
				w.make(field+value, "extras.customfieldchoice", `{"custom_field":"$`+field+`","value":"`+value+`"}`)
			}
		}
		refresh()
		tests := []struct{ key, value, want string }{
			{"text", `5`, "Value must be a string"},
			{"integer", `"x"`, "Value must be an integer."},
			{"integer", `"5"`, ""},
			{"boolean", `"x"`, "Value must be true or false."},
			{"boolean", `"true"`, ""},
			{"date", `"2020-01-01T00:00:00Z"`, "Date values must be in the format YYYY-MM-DD."},
			{"datetime", `"x"`, "DateTime values must be in ISO 8601 format."},
			{"datetime", `"2020-01-01T02:00:00.75+02:00"`, ""},
			{"select", `"z"`, "Invalid choice (z). Available choices are: 1, a, b"},
			{"select", `["a"]`, "Invalid choice (['a']). Available choices are: 1, a, b"},
			{"multiselect", `["z"]`, "Invalid choice(s) (['z']). Available choices are: 1, a, b"},
			{"multiselect", `"a"`, ""},
			{"json", `{"a":[1]}`, ""},
		}
		for _, tt := range tests {
			_, err := w.change("cisco", "dcim.manufacturer", `{"custom_fields":{"`+tt.key+`":`+tt.value+`}}`)
			if tt.want == "" {
				require.NoError(t, err)
				continue
			}
			require.Equal(t, "__all__: Invalid value for custom field '"+tt.key+"': "+tt.want, told(err))
		}
		o, err := w.change("cisco", "dcim.manufacturer", `{"custom_fields":{"text":"v","select":"a","nothing":1}}`)
		require.NoError(t, err)
		require.Equal(t, map[string]any{"text": "v", "markdown": nil, "integer": json.Number("5"), "boolean": true, "date": nil, "datetime": "2020-01-01T00:00:00.000000Z",
			"select": "a", "multiselect": []any{"a"}, "json": map[string]any{"a": []any{json.Number("1")}}}, o.Custom)

		require.Equal(t, "Unable to delete object. 1 dependent objects were found: a ("+w.ids["selecta"]+")", told(w.remove("selecta")))
		require.NoError(t, w.remove("selectb"))
		_, err = w.create("extras.customfieldchoice", `{"custom_field":"$text","value":"b"}`)
		require.Equal(t, w.body("custom_field: Related object not found using the provided attributes: {'pk': UUID('$text;')}"), told(err))

		w.make("made", "extras.customfield", `{"label":"Foo bar!","type":"text","content_types":["dcim.manufacturer"],"required":true,"validation_regex":"^a"}`)
		require.Equal(t, "foo_bar", w.load("made").Values["key"])
		w.make("again", "extras.customfield", `{"label":"Foo bar?","type":"text","content_types":[]}`)
		require.Equal(t, "foo_bar_2", w.load("again").Values["key"])
		refresh()
		for body, want := range map[string]string{
			`{"name":"n"}`:                                      "Invalid value for custom field 'foo_bar': Required field cannot be empty.",
			`{"name":"n","custom_fields":{}}`:                   "Missing required custom field 'foo_bar'.",
			`{"name":"n","custom_fields":{"foo_bar":""}}`:       "Invalid value for custom field 'foo_bar': Required field cannot be empty.",
			`{"name":"n","custom_fields":{"foo_bar":"b"}}`:      "Invalid value for custom field 'foo_bar': Value must match regex '^a'",
			`{"name":"Cisco","custom_fields":{"foo_bar":"ab"}}`: "manufacturer with this name already exists.",
		} {
			_, err := w.create("dcim.manufacturer", body)
			require.Contains(t, told(err), want)
		}
		for body, want := range map[string]string{
			`"key":"1bad","type":"text"`:                      "key: This key is not Python/GraphQL safe. Please do not start the key with a digit and do not use hyphens or whitespace",
			`"key":"text","type":"text"`:                      "key: custom field with this key already exists.",
			`"type":"integer","default":"x"`:                  `default: Invalid default value "x": Value must be an integer.`,
			`"type":"text","validation_regex":"("`:            "validation_regex: '(' is not a valid regular expression.",
			`"type":"boolean","validation_minimum":1`:         "validation_minimum: A minimum value may not be set for fields of this type",
			`"type":"boolean","validation_regex":"a"`:         "validation_regex: Regular expression validation is not supported for fields of this type",
			`"type":"text","content_types":["extras.nosuch"]`: "content_types: Invalid content type: extras.nosuch",
		} {
			if !strings.Contains(body, "content_types") {
				body += `,"content_types":["dcim.manufacturer"]`
			}
			_, err := w.create("extras.customfield", `{"label":"L",`+body+`}`)
			require.Equal(t, want, told(err))
		}
		_, err = w.change("text", "extras.customfield", `{"type":"integer"}`)
		require.Equal(t, "type: Type cannot be changed once created", told(err))
		_, err = w.change("text", "extras.customfield", `{"key":"zzz"}`)
		require.Equal(t, "key: Key cannot be changed once created", told(err))
	})
}

func TestRulesThatUsersMake(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		for typeName, body := range map[string]string{
			"data_validation.regularexpressionvalidationrule": `{"name":"r","content_type":"dcim.manufacturer","field":"description","regular_expression":"^a"}`,
			"data_validation.minmaxvalidationrule":            `{"name":"m","content_type":"dcim.rack","field":"u_height","min":10,"max":50}`,
			"data_validation.requiredvalidationrule":          `{"name":"q","content_type":"dcim.platform","field":"description"}`,
			"data_validation.minmaxvalidationrule ":           `{"name":"l","content_type":"ipam.prefix","field":"prefix_length","max":24}`,
			"data_validation.uniquevalidationrule":            `{"name":"u","content_type":"dcim.platform","field":"napalm_driver","max_instances":1}`,
		} {
			w.make("x"+typeName, strings.TrimSpace(typeName), body)
		}
		require.NoError(t, w.registry.Refresh(t.Context()))
		w.make("p", "dcim.platform", `{"name":"p","description":"x","napalm_driver":"ios"}`)
		w.make("ns", "ipam.namespace", `{"name":"ns"}`)
		for _, tt := range []struct{ typ, body, want string }{
			{"dcim.manufacturer", `{"name":"n","description":"b"}`, "description: Value does not conform to regex: ^a"},
			{"dcim.rack", `{"name":"n","location":"$paris","status":"$active","u_height":5}`, "u_height: Value is less than minimum value: 10.0"},
			{"dcim.rack", `{"name":"n","location":"$paris","status":"$active","u_height":60}`, "u_height: Value is more than maximum value: 50.0"},
			{"ipam.prefix", `{"prefix":"10.0.0.0/25","namespace":"$ns","status":"$active"}`, "prefix_length: Value is more than maximum value: 24.0"},
			{"dcim.platform", `{"name":"n"}`, "description: This field cannot be blank."},
			{"dcim.platform", `{"name":"n","description":"x","napalm_driver":"ios"}`, "napalm_driver: There can only be 1 instance with this value."},
		} {
			_, err := w.create(tt.typ, tt.body)
			require.Equal(t, tt.want, told(err))
		}
	})
}

func TestUniqueness(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		w.make("g", "dcim.rackgroup", `{"name":"g","location":"$paris"}`)
		w.make("r1", "dcim.rack", `{"name":"r1","location":"$paris","status":"$active","rack_group":"$g","asset_tag":"A","facility_id":"F"}`)
		w.make("r2", "dcim.rack", `{"name":"r2","location":"$paris","status":"$active","rack_group":"$g","asset_tag":""}`)
		w.make("vg", "ipam.vlangroup", `{"name":"vg"}`)
		w.make("v", "ipam.vlan", `{"vid":20,"name":"v","status":"$active","vlan_group":"$vg"}`)
		w.make("v2", "ipam.vlan", `{"vid":21,"name":"v2","status":"$active","vlan_group":"$vg"}`)
		w.make("c", "circuits.provider", `{"name":"c"}`)
		w.make("pn", "circuits.providernetwork", `{"name":"pn","provider":"$c"}`)
		for _, tt := range []struct{ typ, body, want string }{
			{"dcim.rack", `{"name":"r1","location":"$paris","status":"$active","rack_group":"$g"}`, "non_field_errors: The fields rack_group, name must make a unique set."},
			{"dcim.rack", `{"name":"r3","location":"$paris","status":"$active","asset_tag":"A"}`, "asset_tag: rack with this Asset tag already exists."},
			{"dcim.rack", `{"name":"r3","location":"$paris","status":"$active","asset_tag":""}`, "asset_tag: Rack with this Asset tag already exists."},
			{"dcim.rack", `{"name":"r1","location":"$paris","status":"$active"}`, ""},
			{"dcim.devicetype", `{"manufacturer":"$cisco","model":"C9300"}`, "non_field_errors: The fields manufacturer, model must make a unique set."},
			{"ipam.vlan", `{"vid":20,"name":"x","status":"$active","vlan_group":"$vg"}`, "non_field_errors: The fields vlan_group, vid must make a unique set."},
			{"ipam.vlan", `{"vid":20,"name":"x","status":"$active"}`, ""},
			{"circuits.providernetwork", `{"name":"pn","provider":"$c"}`, "non_field_errors: The fields provider, name must make a unique set. The fields provider, name must make a unique set."},
			{"dcim.location", `{"name":"Paris","location_type":"$site","status":"$active"}`, "name: A root-level location with this name already exists."},
		} {
			_, err := w.create(tt.typ, tt.body)
			require.Equal(t, tt.want, told(err), tt.body)
		}
		w.moves([]refusal{
			{"r2", "dcim.rack", `{"name":"r1"}`, "__all__: Rack with this Rack group and Name already exists."},
			{"r2", "dcim.rack", `{"name":"r1","rack_group":"$g"}`, "non_field_errors: The fields rack_group, name must make a unique set."},
			{"v2", "ipam.vlan", `{"vid":20}`, "__all__: VLAN with this Vlan group and ID already exists."},
			{"r1", "dcim.rack", `{"name":"r1","rack_group":"$g"}`, ""},
		})
		_, err := w.change("active", "extras.status", `{"content_types":["dcim.location"]}`)
		require.NoError(t, err)
		_, err = w.change("r1", "dcim.rack", `{"comments":"x"}`)
		require.Equal(t, w.body("status: status instance with id UUID('$active;') is not a valid choice."), told(err))
	})
}

func TestChangesTogether(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.make("a", "dcim.manufacturer", `{"name":"a"}`)
		w.make("b", "dcim.manufacturer", `{"name":"b"}`)
		change := func(first, second string) error {
			ctx := context.Background()
			return s.ChangeObjects(ctx, func(tx objects.Tx) error {
				var changes []objects.Change
				for name, body := range map[string]string{"a": first, "b": second} {
					id, _ := objects.ParseID(w.ids[name])
					draft, err := objects.DecodeDraft(json.RawMessage(body))
					require.NoError(t, err)
					changes = append(changes, objects.Change{ID: id, Draft: draft, Partial: true})
				}
				planned, err := w.service.PlanChanges(ctx, tx, w.typ("dcim.manufacturer"), changes, nil)
				if err != nil {
					return err
				}
				_, err = w.service.Save(ctx, tx, planned)
				return err
			})
		}
		require.NoError(t, change(`{"description":"1"}`, `{"name":"c"}`))
		require.Equal(t, "c", w.str("b"))
		require.Contains(t, told(change(`{"name":"same"}`, `{"name":"same"}`)), "manufacturer with this name already exists.")
		require.Equal(t, "a", w.str("a"))
	})
}
