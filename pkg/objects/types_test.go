package objects_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

func TestValuesOfRuntimeKinds(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		_, err := objects.NewTypes(s, w.registry).Create(t.Context(), json.RawMessage(`{"app_label":"custom","model":"service","verbose_name":"service",
			"fields":[{"name":"price","kind":"decimal"},{"name":"host","kind":"ip"}]}`))
		require.NoError(t, err)
		tests := []struct {
			name, body, field string
			want              any // of the field, or the refusal
		}{
			{"an address as it was written", `{"host":"10.0.0.9"}`, "host", "10.0.0.9"},
			{"an address with its length", `{"host":"10.0.0.9/24"}`, "host", "10.0.0.9/24"},
			{"as many digits as compare exactly", `{"price":"1234567890123.45"}`, "price", json.Number("1234567890123.45")},
			{"more digits", `{"price":"1.000000000000001"}`, "", "price: Ensure that there are no more than 15 digits in total."},
			{"a huge exponent", `{"price":"1e400"}`, "", "price: Ensure that there are no more than 15 digits in total."},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				made, err := w.create("custom.service", tt.body)
				if tt.field == "" {
					require.Equal(t, tt.want, told(err))
					return
				}
				require.NoError(t, err)
				require.Equal(t, tt.want, made[0].Values[tt.field])
			})
		}
	})
}

func TestTypes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		types := objects.NewTypes(s, w.registry)
		ctx := t.Context()
		body := `{"app_label":"custom","model":"service","verbose_name":"service","verbose_name_plural":"services","fields":[
			{"name":"name","kind":"text","required":true,"unique":true},
			{"name":"tier","kind":"choice","choices":["gold","silver"],"required":true},
			{"name":"devices","kind":"references","targets":["dcim.device"]},
			{"name":"owner","kind":"reference","targets":["dcim.manufacturer"]},
			{"name":"since","kind":"date"},{"name":"price","kind":"decimal"},{"name":"net","kind":"prefix"},{"name":"mac","kind":"mac"}]}`
		made, err := types.Create(ctx, json.RawMessage(body))
		require.NoError(t, err)
		require.Equal(t, "custom.service", made.Name())
		require.NotZero(t, made.ID)
		require.NotNil(t, w.registry.Catalogue(ctx).ByPath("custom", "services"), "at once")
		_, err = types.Create(ctx, json.RawMessage(body))
		require.Equal(t, "model: A type custom.service already exists.", told(err))

		one := w.make("one", "custom.service", `{"name":"one","tier":"gold","devices":["$sw1"],"owner":"$cisco","since":"2026-01-02","price":"12.50","net":"10.0.0.1/8","mac":"aabb.ccdd.eeff"}`)
		require.Equal(t, "one", one.Str)
		require.Equal(t, json.Number("12.50"), one.Values["price"])
		require.Equal(t, "10.0.0.0/8", one.Values["net"])
		require.Equal(t, "AA:BB:CC:DD:EE:FF", one.Values["mac"])
		_, err = w.create("custom.service", `{"name":"one","tier":"bronze"}`)
		require.Equal(t, "name: service with this name already exists.; tier: bronze is not a valid choice.", told(err))
		require.Contains(t, told(w.remove("cisco")), "one (")

		_, err = types.Update(ctx, "custom.service", json.RawMessage(`{"fields":[{"name":"name","kind":"text","required":true},{"name":"tier","kind":"choice","choices":["silver"],"required":true}]}`))
		require.Contains(t, told(err), "fields.1.tier: Objects would break that have no value or one that does not fit: one (")
		_, err = types.Update(ctx, "custom.service", json.RawMessage(`{"fields":[]}`))
		require.Contains(t, told(err), "fields.tier: Left out, but objects have values of it: one (")
		changed, err := types.Update(ctx, "custom.service", json.RawMessage(`{"verbose_name":"Service","fields":[
			{"name":"name","kind":"text","required":true,"unique":true},{"name":"tier","kind":"choice","choices":["gold","silver","tin"],"required":true},
			{"name":"devices","kind":"references","targets":["dcim.device"]},{"name":"owner","kind":"reference","targets":["dcim.manufacturer"]},
			{"name":"since","kind":"date"},{"name":"price","kind":"decimal"},{"name":"net","kind":"prefix"},{"name":"mac","kind":"mac"},
			{"name":"size","kind":"integer","default":5}]}`))
		require.NoError(t, err)
		require.Len(t, changed.Fields, 9)
		again, err := w.change("one", "custom.service", `{"tier":"tin"}`)
		require.NoError(t, err)
		require.Equal(t, json.Number("5"), again.Values["size"])

		require.Equal(t, "Unable to delete object type custom.service: it has objects.", told(types.Delete(ctx, "custom.service")))
		require.NoError(t, w.remove("one"))
		require.NoError(t, types.Delete(ctx, "custom.service"))
		require.Nil(t, w.registry.Catalogue(ctx).Type("custom.service"))

		bad := []struct{ body, want string }{
			{`{}`, "app_label: This field is required.; model: This field is required.; verbose_name: This field is required."},
			{`{"app_label":"dcim","model":"x","verbose_name":"x"}`, "app_label: dcim is reserved."},
			{`{"app_label":"custom","model":"x","verbose_name":"日本"}`, "verbose_name_plural: It must have letters from a to z or digits: it is part of an address."},
			{`{"app_label":"custom","model":"x","verbose_name":"x","verbose_name_plural":"日本"}`, "verbose_name_plural: It must have letters from a to z or digits: it is part of an address."},
			{`{"app_label":"custom","model":"x","verbose_name":"x","colour":1}`, "colour: Unknown field. An object type has app_label, model, verbose_name, verbose_name_plural, fields."},
			{`{"app_label":"custom","model":"x","verbose_name":"x","fields":[{"name":"a","kind":"reference","types":["x.y"]}]}`,
				"fields.0.types: Unknown field. A field has name, kind, label, required, unique, choices, targets, default."},
			{`{"app_label":"custom","model":"x","verbose_name":"x","fields":[{"name":"dry_run","kind":"text"},{"name":"a","kind":"zz"},{"name":"b","kind":"choice"},{"name":"c","kind":"reference","targets":["x.y"]},{"name":"c","kind":"integer","default":"x"}]}`,
				`fields.0.name: dry_run is reserved.; fields.1.kind: "zz" is not a valid choice.; fields.2.choices: This field is required.; fields.3.targets: Invalid content type: x.y; fields.4.default: A valid integer is required.; fields.4.name: There is another field of this name.`},
			{`{"app_label":"custom","model":"x","verbose_name":"x","fields":[{"name":"a","kind":"choice","choices":["` + strings.Repeat(`a","`, 1000) + `b"]},{"name":"b","kind":"reference","targets":["` + strings.Repeat(`x.y","`, 1000) + `x.y"]}]}`,
				"fields.0.choices: A field has 1000 of them at most.; fields.1.targets: A field has 1000 of them at most."},
			{`{"app_label":"custom","model":"x","verbose_name":"x","fields":[{"name":"a","kind":"reference","targets":["custom.x","custom.x","dcim.cablepath"],"label":"a\u0000"}]}`,
				"fields.0.label: Null characters are not allowed.; fields.0.targets: custom.x stands here twice. Invalid content type: dcim.cablepath"},
			{`[]`, "non_field_errors: Invalid data. Expected a dictionary, but got list."},
		}
		for _, tt := range bad {
			_, err := types.Create(ctx, json.RawMessage(tt.body))
			require.Equal(t, tt.want, told(err))
		}
	})
}

func TestFieldBecomesUnique(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		types := objects.NewTypes(s, w.registry)
		const fields = `"fields":[{"name":"name","kind":"text"},{"name":"size","kind":"integer","unique":`
		_, err := types.Create(t.Context(), json.RawMessage(`{"app_label":"custom","model":"box","verbose_name":"box",`+fields+`false}]}`))
		require.NoError(t, err)
		for name, size := range map[string]string{"one": "7", "two": "7", "three": "null", "four": "null"} {
			w.make(name, "custom.box", `{"name":"`+name+`","size":`+size+`}`)
		}
		_, err = types.Update(t.Context(), "custom.box", json.RawMessage(`{`+fields+`true}]}`))
		require.Contains(t, told(err), "fields.1.size: This cannot be unique: other objects have the values of ")
		w.make("five", "custom.box", `{"name":"five","size":7}`)
		require.NoError(t, w.remove("five"))
		require.NoError(t, w.remove("two"))

		_, err = types.Update(t.Context(), "custom.box", json.RawMessage(`{`+fields+`true}]}`))
		require.NoError(t, err)
		_, err = w.create("custom.box", `{"name":"six","size":7}`)
		require.Equal(t, "size: box with this size already exists.", told(err))
		w.make("six", "custom.box", `{"name":"six","size":8}`)
		_, err = types.Update(t.Context(), "custom.box", json.RawMessage(`{`+fields+`false}]}`))
		require.NoError(t, err)
		w.make("seven", "custom.box", `{"name":"seven","size":8}`)
	})
}

func TestTypesMayReferToTheSameType(t *testing.T) {
	s := storetest.New(t)
	w := newWorld(t, s)
	w.basics()
	types := objects.NewTypes(s, w.registry)
	const fields = `"fields":[{"name":"name","kind":"text"},{"name":"one","kind":"reference","targets":["dcim.device","custom.FIRST"]},{"name":"two","kind":"references","targets":["dcim.device"]}]}`
	for _, body := range []string{
		`{"app_label":"custom","model":"first","verbose_name":"first","fields":[{"name":"name","kind":"text"}]}`,
		`{"app_label":"custom","model":"second","verbose_name":"second",` + strings.ReplaceAll(fields, "FIRST", "first"),
		`{"app_label":"custom","model":"third","verbose_name":"third",` + strings.ReplaceAll(fields, "FIRST", "first"),
	} {
		_, err := types.Create(t.Context(), json.RawMessage(body))
		require.NoError(t, err)
	}
	_, err := types.Update(t.Context(), "custom.first", json.RawMessage(`{"verbose_name":"first",`+strings.ReplaceAll(fields, "FIRST", "first")))
	require.NoError(t, err, "to itself")
	w.make("a", "custom.first", `{"name":"a","one":"$sw1","two":["$sw1"]}`)
	w.make("b", "custom.second", `{"name":"b","one":"$a","two":["$sw1"]}`)
	w.make("c", "custom.third", `{"name":"c","one":"$a","two":["$sw1"]}`)
	require.Contains(t, told(w.remove("a")), "2 dependent objects were found")
}

// meanwhile is a store in which somebody else changes types just before.
type meanwhile struct {
	objects.TypesStore
	change func()
}

func (m meanwhile) ChangeTypes(ctx context.Context, f func(objects.TypesTx) error) error {
	m.change()
	return m.TypesStore.ChangeTypes(ctx, f)
}

func TestTypeChangedByTwo(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		registry := newWorld(t, s).registry
		types := objects.NewTypes(s, registry)
		_, err := types.Create(t.Context(), json.RawMessage(`{"app_label":"custom","model":"service","verbose_name":"service","fields":[{"name":"name","kind":"text","unique":true}]}`))
		require.NoError(t, err)
		late := objects.NewTypes(meanwhile{s, func() {
			_, err := types.Update(t.Context(), "custom.service", json.RawMessage(`{"fields":[{"name":"name","kind":"text"},{"name":"size","kind":"integer"}]}`))
			require.NoError(t, err)
		}}, registry)
		made, err := late.Update(t.Context(), "custom.service", json.RawMessage(`{"verbose_name":"Service"}`))
		require.NoError(t, err)
		require.Equal(t, "Service", made.VerboseName)
		require.Len(t, made.Fields, 2, "what the other one said stays")
		require.False(t, made.Fields[0].Unique)
		_, err = objects.NewTypes(meanwhile{s, func() { require.NoError(t, types.Delete(t.Context(), "custom.service")) }}, registry).
			Update(t.Context(), "custom.service", json.RawMessage(`{"verbose_name":"service"}`))
		require.ErrorIs(t, err, fault.NotFound)
	})
}

// found are the names of the objects of a type that pass a filter, in a list and
// as a definition has it; or the refusal.
func (w *world) found(typeName, param, value string) string {
	w.t.Helper()
	ctx, c := w.t.Context(), w.registry.Catalogue(w.t.Context())
	typ := w.typ(typeName)
	find := func(q filters.Query) string {
		rows, err := w.store.Objects(ctx, c, objects.List{Type: typ, Query: q, Limit: 9})
		require.NoError(w.t, err)
		var names []string
		for _, row := range rows {
			names = append(names, row.Name)
		}
		return strings.Join(names, " ")
	}
	q, err := c.Schema(typ).Parse(ctx, w.store, []filters.Param{{Name: param, Values: []string{value}}})
	if err != nil {
		return told(err)
	}
	found := find(q)
	given := any([]string{value})
	if strings.HasSuffix(param, "__isnull") {
		given = value
	}
	stored, err := json.Marshal(map[string]any{param: given})
	require.NoError(w.t, err)
	require.Equal(w.t, found, find(c.Schema(typ).Stored(stored)), "in the filter of a definition")
	return found
}

func TestAddressesAreFoundHoweverTheyAreWritten(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		ctx := t.Context()
		types := objects.NewTypes(s, w.registry)
		for _, body := range []string{
			`{"app_label":"custom","model":"zone","verbose_name":"zone","fields":[{"name":"name","kind":"text"},{"name":"net","kind":"prefix"},{"name":"host","kind":"ip"},{"name":"mac","kind":"mac"}]}`,
			`{"app_label":"custom","model":"use","verbose_name":"use","fields":[{"name":"name","kind":"text"},{"name":"zone","kind":"reference","targets":["custom.zone"]}]}`,
		} {
			_, err := types.Create(ctx, json.RawMessage(body))
			require.NoError(t, err)
		}
		w.make("lan", "custom.zone", `{"name":"lan","net":"10.0.0.7/24","host":"2001:DB8::1","mac":"aabb.ccdd.eeff"}`)
		w.make("wan", "custom.zone", `{"name":"wan","net":"2001:DB8::/32","host":"10.0.0.9/24","mac":null}`)
		tests := []struct{ name, param, value, want string }{
			{"with host bits", "net", "10.0.0.7/24", "lan"},
			{"with a netmask", "net", "10.0.0.0/255.255.255.0", "lan"},
			{"denied", "net__n", "10.0.0.200/24", "wan"},
			{"whatever the case", "net__ie", "2001:db8:0::1/32", "wan"},
			{"none", "net", "null", ""},
			{"a part of it", "net__isw", "10.0.0.7", ""},
			{"no prefix", "net", "10.0.0.7/99", "net: Invalid IP address: 10.0.0.7/99"},
			{"an address in another spelling", "host", "2001:0db8:0:0::1", "lan"},
			{"an address with a netmask", "host", "10.0.0.9/255.255.255.0", "wan"},
			{"a hardware address in another spelling", "mac", "aa-bb-cc-dd-ee-ff", "lan"},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				require.Equal(t, tt.want, w.found("custom.zone", tt.param, tt.value))
			})
		}
		for _, attributes := range []string{`{"net":"10.0.0.7/24"}`, `{"host":"2001:db8:0::1"}`, `{"mac":"AABBCCDDEEFF"}`, `{"net__in":["10.0.0.9/24"]}`} {
			made, err := w.create("custom.use", `{"name":"x","zone":`+attributes+`}`)
			require.NoError(t, err, attributes)
			require.Equal(t, w.ids["lan"], made[0].Ref("zone").String())
		}
	})
}

func TestReferencesToSeveralTypes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		ctx := t.Context()
		types := objects.NewTypes(s, w.registry)
		for _, body := range []string{
			`{"app_label":"custom","model":"team","verbose_name":"team","fields":[{"name":"name","kind":"text"},{"name":"size","kind":"integer"}]}`,
			`{"app_label":"custom","model":"use","verbose_name":"use","fields":[{"name":"name","kind":"text"},
				{"name":"owner","kind":"reference","targets":["custom.team","dcim.manufacturer","dcim.device"]},
				{"name":"others","kind":"references","targets":["custom.team","dcim.manufacturer"]},
				{"name":"others_type","kind":"text"}]}`,
		} {
			_, err := types.Create(ctx, json.RawMessage(body))
			require.NoError(t, err)
		}
		w.make("red", "custom.team", `{"name":"red","size":3}`)
		w.make("blue", "custom.team", `{"name":"blue","size":3}`)
		w.make("both", "custom.team", `{"name":"Cisco","size":4}`)
		const missing = "owner: Related object not found using the provided attributes: "
		writes := []struct{ name, body, want string }{
			{"attributes of one type", `{"name":"a","owner":{"name":"red"}}`, "red"},
			{"attributes that one type alone has", `{"name":"b","owner":{"size":4}}`, "both"},
			{"by natural key", `{"name":"c","owner":"red"}`, "red"},
			{"the same name in two types", `{"owner":{"name":"Cisco"}}`, "owner: Multiple objects match the provided attributes: {'name': 'Cisco'}"},
			{"the type said", `{"name":"d","owner":{"object_type":"dcim.manufacturer","name":"Cisco"}}`, "cisco"},
			{"a type that is no target", `{"owner":{"object_type":"dcim.rack","name":"Cisco"}}`, "owner: Invalid content type: dcim.rack"},
			{"two of one type", `{"owner":{"size":3}}`, "owner: Multiple objects match the provided attributes: {'size': 3}"},
			{"none", `{"owner":{"name":"green"}}`, missing + "{'name': 'green'}"},
			{"what no type has", `{"owner":{"colour":"green"}}`, "owner: Cannot resolve keyword 'colour' into field. Choices are: "},
			{"an id of another type", `{"owner":"$paris"}`, missing + "{'pk': UUID('" + w.ids["paris"] + "')}"},
			{"an id", `{"name":"e","owner":"$sw1"}`, "sw1"},
			{"null", `{"name":"f","owner":null,"others":[{"name":"red"},{"object_type":"dcim.manufacturer","name":"Cisco"}]}`, ""},
		}
		for _, tt := range writes {
			t.Run(tt.name, func(t *testing.T) {
				made, err := w.create("custom.use", tt.body)
				if err != nil {
					require.Contains(t, told(err), tt.want)
					return
				}
				owner := ""
				if tt.want != "" {
					owner = w.ids[tt.want]
				}
				require.Equal(t, owner, strings.Replace(made[0].Ref("owner").String(), uuid.Nil.String(), "", 1))
			})
		}
		filtered := []struct{ name, param, value, want string }{
			{"by id", "owner", w.ids["red"], "a c"},
			{"by id, as generic references are", "owner_id", w.ids["sw1"], "e"},
			{"denied", "owner__n", w.ids["red"], "b d e f"},
			{"none", "owner__isnull", "true", "f"},
			{"by type", "owner_type", "custom.team", "a b c"},
			{"by another type", "owner_type", "dcim.manufacturer", "d"},
			{"by a type that is no target", "owner_type", "dcim.rack", "owner_type: Select a valid choice. dcim.rack is not one of the available choices."},
			{"no id", "owner", "red", "owner: Enter a valid UUID."},
			{"of many", "others", w.ids["cisco"], "f"},
			{"a field of that name", "others_type__isw", "x", ""},
		}
		for _, tt := range filtered {
			t.Run("filter "+tt.name, func(t *testing.T) {
				require.Equal(t, tt.want, w.found("custom.use", tt.param, tt.value))
			})
		}
	})
}

func TestDefaultsAreAsObjectsHaveThem(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		types := objects.NewTypes(s, w.registry)
		const head, tail = `{"app_label":"custom","model":"box","verbose_name":"box","fields":[{"name":"name","kind":"text"},{"name":"a",`, `}]}`
		tests := []struct{ name, field, want string }{
			{"a number for a text", `"kind":"text","default":5`, `"5"`},
			{"a text for a number", `"kind":"integer","default":"5"`, `5`},
			{"an address", `"kind":"prefix","default":"10.0.0.7/24"`, `"10.0.0.0/24"`},
			{"a hardware address", `"kind":"mac","default":"aabb.ccdd.eeff"`, `"AA:BB:CC:DD:EE:FF"`},
			{"a text for a boolean", `"kind":"boolean","default":"yes"`, `true`},
			{"a choice as it is answered", `"kind":"choice","choices":["x"],"default":{"value":"x","label":"x"}`, `"x"`},
			{"what is no hardware address", `"kind":"mac","default":"zz"`, "fields.1.default: Invalid MAC address format: zz"},
			{"what is no number", `"kind":"integer","default":"zz"`, "fields.1.default: A valid integer is required."},
		}
		for _, tt := range tests {
			t.Run(tt.name, func(t *testing.T) {
				made, err := types.Create(t.Context(), json.RawMessage(head+tt.field+tail))
				if err != nil {
					require.Equal(t, tt.want, told(err))
					return
				}
				require.Equal(t, tt.want, string(made.Fields[1].Default))
				box, err := w.create("custom.box", `{"name":"b"}`)
				require.NoError(t, err)
				value, err := json.Marshal(box[0].Values["a"])
				require.NoError(t, err)
				require.Equal(t, tt.want, string(value))
				w.ids["b"] = box[0].ID.String()
				require.NoError(t, w.remove("b"))
				require.NoError(t, types.Delete(t.Context(), "custom.box"))
			})
		}
		_, err := types.Create(t.Context(), json.RawMessage(head+`"kind":"integer","default":5`+tail))
		require.NoError(t, err)
		w.make("one", "custom.box", `{"name":"one"}`)
		w.make("two", "custom.box", `{"name":"two","a":null}`)
		w.make("three", "custom.box", `{"name":"three","a":null}`)
		changed, err := types.Update(t.Context(), "custom.box", json.RawMessage(head+`"kind":"text","default":5`+tail))
		require.NoError(t, err)
		require.Equal(t, `"5"`, string(changed.Fields[1].Default))
		require.Equal(t, "5", w.load("one").Values["a"])
		require.Equal(t, "", w.load("two").Values["a"], "a text is never null")
		w.make("four", "custom.box", `{"name":"four"}`)
		require.Equal(t, "5", w.load("four").Values["a"])
		require.NoError(t, w.remove("four"))
		_, err = types.Update(t.Context(), "custom.box", json.RawMessage(head+`"kind":"text","unique":true`+tail))
		require.NoError(t, err, "what is empty is not twice the same")
		require.Nil(t, w.load("two").Values["a"])
		_, err = w.change("one", "custom.box", `{"a":"zz"}`)
		require.NoError(t, err)
		_, err = types.Update(t.Context(), "custom.box", json.RawMessage(head+`"kind":"mac"`+tail))
		require.Contains(t, told(err), "fields.1.a: Objects would break that have no value or one that does not fit: one (")
	})
}

func TestRuntimeTypesInListsOfContentTypes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		types := objects.NewTypes(s, w.registry)
		_, err := types.Create(t.Context(), json.RawMessage(`{"app_label":"custom","model":"service","verbose_name":"service","fields":[
			{"name":"name","kind":"text"},{"name":"code","kind":"text","unique":true},{"name":"host","kind":"ip","unique":true},{"name":"status","kind":"reference","targets":["extras.status"]}]}`))
		require.NoError(t, err)
		w.make("live", "extras.status", `{"name":"Live","content_types":["custom.service"]}`)
		w.make("hot", "extras.tag", `{"name":"hot","content_types":["custom.service"]}`)
		_, err = w.create("extras.role", `{"name":"Core","content_types":["custom.service"]}`)
		require.Equal(t, "content_types: Invalid content type: custom.service", told(err), "it has no roles")
		_, err = w.create("dcim.locationtype", `{"name":"Hut","content_types":["custom.service"]}`)
		require.Equal(t, "content_types: Invalid content type: custom.service", told(err))
		w.make("mail", "custom.service", `{"name":"mail","code":"","host":"","status":{"name":"Live"},"tags":[{"name":"hot"}]}`)
		w.make("web", "custom.service", `{"name":"web","code":" ","host":""}`)
		require.Nil(t, w.load("web").Values["code"], "no code is not twice the same")
		_, err = w.create("custom.service", `{"status":{"name":"Active"}}`)
		require.Contains(t, told(err), "status: Related object not found")

		require.NoError(t, w.remove("mail"))
		require.NoError(t, w.remove("web"))
		require.ErrorIs(t, types.Delete(t.Context(), "custom.service"), fault.Protected)
		require.Equal(t, "Unable to delete object type custom.service: field content_types of status "+w.ids["live"]+" names it.", told(types.Delete(t.Context(), "custom.service")))
		require.NoError(t, w.remove("live"))
		require.NoError(t, w.remove("hot"))
		require.NoError(t, types.Delete(t.Context(), "custom.service"))
	})
}

func TestReferencesOfATypeThatChanges(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		w := newWorld(t, s)
		w.basics()
		types := objects.NewTypes(s, w.registry)
		_, err := types.Create(t.Context(), json.RawMessage(`{"app_label":"custom","model":"zone","verbose_name":"zone","fields":[{"name":"name","kind":"text"}]}`))
		require.NoError(t, err)
		const start = `{"app_label":"custom","model":"use","verbose_name":"use","fields":[{"name":"name","kind":"text"}`
		const zone, many = `,{"name":"zone","kind":"reference","targets":["custom.zone"]}`, `,{"name":"many","kind":"references","targets":["dcim.device","custom.zone"]}`
		_, err = types.Create(t.Context(), json.RawMessage(start+zone+many+`]}`))
		require.NoError(t, err)
		w.make("lan", "custom.zone", `{"name":"lan"}`)
		w.make("one", "custom.use", `{"name":"one","zone":"lan","many":["$sw1"]}`)
		const unfit = ": Objects would break that have no value or one that does not fit: one ("
		changes := []struct{ name, fields, want string }{
			{"another field", zone + many + `,{"name":"size","kind":"integer"}`, ""},
			{"more targets", `,{"name":"zone","kind":"reference","targets":["dcim.device","custom.zone"]}` + many, ""},
			{"targets that fit", zone + `,{"name":"many","kind":"references","targets":["dcim.device"]}`, ""},
			{"targets that do not", zone + `,{"name":"many","kind":"references","targets":["custom.zone"]}`, "fields.2.many" + unfit},
			{"many where there was one", `,{"name":"zone","kind":"references","targets":["custom.zone"]}` + many, ""},
			{"one where there are not many", zone + `,{"name":"many","kind":"reference","targets":["dcim.device"]}`, ""},
			{"a text", `,{"name":"zone","kind":"text"}` + many, "fields.1.zone" + unfit},
			{"a reference where there was a text", zone + many + `,{"name":"name","kind":"reference","targets":["dcim.device"]}`, "fields.3.name: There is another field of this name."},
			{"none", zone, "fields.many: Left out, but objects have values of it: one ("},
		}
		for _, tt := range changes {
			t.Run(tt.name, func(t *testing.T) {
				_, err := types.Update(t.Context(), "custom.use", json.RawMessage(start+tt.fields+`]}`))
				if tt.want != "" {
					require.Contains(t, told(err), tt.want)
					return
				}
				require.NoError(t, err)
				_, err = w.change("one", "custom.use", `{"name":"one"}`)
				require.NoError(t, err)
				require.Equal(t, "one", w.found("custom.use", "many__isnull", "false"))
				require.Equal(t, "one", w.found("custom.use", "zone__isnull", "false"))
			})
		}
		_, err = types.Update(t.Context(), "custom.use", json.RawMessage(start+zone+many+`]}`))
		require.NoError(t, err)
		require.Equal(t, w.ids["lan"], w.load("one").Ref("zone").String())
	})
}
