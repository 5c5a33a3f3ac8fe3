package objects

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/filters"
)

// boundCatalogue is the catalogue with numbers as a database would give them.
func boundCatalogue(t *testing.T) *Catalogue {
	t.Helper()
	c, err := Load()
	require.NoError(t, err)
	return numbered(t, c)
}

func numbered(t *testing.T, c *Catalogue) *Catalogue {
	t.Helper()
	types, fields := map[string]int16{}, map[string]int32{}
	for i, one := range c.Types() {
		types[one.Name] = int16(i + 1)
		for _, f := range one.Fields {
			fields[FieldKey(one, f)] = int32(len(fields) + 1)
		}
	}
	require.NoError(t, c.Bind(types, fields))
	return c
}

// expected is what testdata has of a type: names taken from the schema of a
// running Nautobot 3.2.7.
type expected struct {
	Path, Class, Fields string
	Words               []string
	Filters             map[string]string // by lookups
}

func TestCatalogueHasTheNamesOfTheContract(t *testing.T) {
	c := boundCatalogue(t)
	data, err := os.ReadFile("testdata/schema-names.json")
	require.NoError(t, err)
	var want map[string]expected
	require.NoError(t, json.Unmarshal(data, &want))
	related := 0
	for _, one := range c.Types() {
		if one.Related {
			related++
		}
	}
	assert.Len(t, want, related)
	for name, w := range want {
		t.Run(name, func(t *testing.T) {
			one := c.Type(name)
			require.NotNil(t, one)
			assert.True(t, one.Related)
			assert.Equal(t, w.Path, one.Path)
			assert.Equal(t, w.Class, one.Class)
			assert.Equal(t, w.Words, []string{one.Singular, one.Plural})
			assert.Equal(t, w.Fields, strings.Join(shownNames(one), " "))
			assert.Equal(t, lookupsByFilter(w), schemaLookups(c.Schema(one)))
		})
	}
}

func shownNames(t *Type) []string {
	var names []string
	for _, f := range t.Fields {
		if !f.Hidden && f.Derive != "config_context" { // opt-in
			names = append(names, f.Name)
		}
	}
	return names
}

func lookupsByFilter(w expected) map[string]string {
	named := map[string]string{
		"text":   "ic ie iew ire isw n nic nie niew nire nisw nre re",
		"number": "gt gte lt lte n",
	}
	out := map[string]string{}
	for lookups, names := range w.Filters {
		words := strings.Fields(lookups)
		if len(words) > 0 && named[words[0]] != "" {
			words = append(strings.Fields(named[words[0]]), words[1:]...)
		}
		slices.Sort(words)
		for _, name := range strings.Fields(names) {
			out[name] = strings.Join(words, " ")
		}
	}
	return out
}

func schemaLookups(s *filters.Schema) map[string]string {
	out := map[string]string{}
	for _, f := range s.Fields() {
		var words []string
		for _, l := range f.Lookups {
			words = append(words, string(l))
		}
		slices.Sort(words)
		out[f.Name] = strings.Join(words, " ")
	}
	return out
}

func TestEveryTypeCanBeUsed(t *testing.T) {
	c := boundCatalogue(t)
	for _, one := range c.Types() {
		assert.NotEmpty(t, one.Singular, one.Name)
		assert.NotEmpty(t, one.Str, one.Name)
		assert.Same(t, one, c.ByID(one.ID))
		if one.Path != "" {
			app, models, _ := strings.Cut(one.Path, "/")
			assert.Same(t, one, c.ByPath(app, models))
		}
		for _, f := range one.Fields {
			assert.NotEmpty(t, f.Kind, FieldKey(one, f))
			holder, field := c.FieldByID(f.ID)
			assert.Same(t, one, holder)
			assert.Same(t, f, field)
		}
	}
	assert.Nil(t, c.Type("dcim.nothing"))
	assert.Equal(t, "DCIM | device", c.Label(c.Type("dcim.device")))
	assert.Equal(t, "IP Addresses", c.Type("ipam.ipaddress").PluralTitle())
	assert.Equal(t, "Asset tag", c.Type("dcim.device").Field("asset_tag").Title())
	assert.Equal(t, "Front", c.Type("dcim.device").Field("face").ChoiceLabel("front"))
}

func TestLoadsAreApart(t *testing.T) {
	one, two := boundCatalogue(t), boundCatalogue(t)
	assert.NotSame(t, one.Type("dcim.rack"), two.Type("dcim.rack"))
	assert.NotSame(t, one.Type("dcim.rack").Field("name"), two.Type("dcim.rack").Field("name"))
}

func TestBindRefuses(t *testing.T) {
	c, err := Load()
	require.NoError(t, err)
	assert.ErrorContains(t, c.Bind(nil, nil), "has no number")
	types := map[string]int16{}
	for _, one := range c.Types() {
		types[one.Name] = 7
	}
	assert.Error(t, c.Bind(types, nil))
}

func TestParseCatalogueRefuses(t *testing.T) {
	const start = "apps: {a: A}\nchoices: {}\n---\n"
	const good = "name: a.x\nclass: a.X\nsingular: x\nplural: xs\nstr: '{name}'\nnamed: name\nfields:\n  - {name: name, kind: text}\n"
	tests := []struct{ name, text, want string }{
		{"an unknown key", good + "colour: red\n", "colour"},
		{"a target that is missing", good + "  - {name: r, kind: reference, to: [a.y], on_delete: protect}\n", "a.y"},
		{"a reference without on_delete", good + "  - {name: r, kind: reference, to: [a.x]}\n", "on_delete"},
		{"a path that leads nowhere", good + "order: [nothing]\n", "Cannot resolve keyword 'nothing'"},
		{"a template that does not parse", strings.Replace(good, "{name}", "{name", 1), "without }"},
		{"a template of a missing field", strings.Replace(good, "{name}", "{nome}", 1), "nome"},
		{"a filter that leads nowhere", good + "filters:\n  - {name: nope, kind: text}\n", "filter nope"},
		{"a filter of no kind", good + "filters:\n  - {name: name, kind: strange}\n", "strange"},
		{"two fields of one name", good + "  - {name: name, kind: text}\n", "two fields"},
		{"two references of one reverse name", good + "  - {name: r, kind: reference, to: [a.x], on_delete: protect, reverse: xs}\n  - {name: s, kind: reference, to: [a.x], on_delete: protect, reverse: xs}\n", "both xs"},
		{"two types of one name", good + "---\n" + good, "two types"},
		{"choices that are missing", good + "  - {name: c, kind: choice, choice_set: none}\n", "no choices none"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseCatalogue([]byte(start + tt.text))
			assert.ErrorContains(t, err, tt.want)
		})
	}
	_, err := parseCatalogue([]byte(start + good))
	assert.NoError(t, err)
}

func TestWith(t *testing.T) {
	c := boundCatalogue(t)
	service := func() *Type {
		return &Type{Name: "custom.service", Class: "custom.Service", Singular: "service", Plural: "services",
			Path: "custom/services", Related: true, Linkable: true, Named: "name", Str: "{name}", NaturalKey: []string{"name"},
			Search: []string{"name"}, Fields: []*Field{
				{Name: "name", Kind: Text, Required: true, Max: 100},
				{Name: "tier", Kind: Choice, Choices: [][2]string{{"gold", "Gold"}}},
				{Name: "seats", Kind: Integer, Null: true},
				{Name: "rack", Kind: Reference, To: []string{"dcim.rack"}, OnDelete: Protect, Null: true, Reverse: "custom_services"},
				{Name: "created"}, {Name: "last_updated"}, {Name: "custom_fields"}, {Name: "tags"},
			}}
	}
	custom := map[string][]*Field{"dcim.rack": {
		{Name: "depth", Kind: Integer}, {Name: "owner", Kind: Text, Args: map[string]string{"filter_logic": "loose"}},
		{Name: "secret", Kind: Text, Args: map[string]string{"filter_logic": "disabled"}},
		{Name: "zones", Kind: Choices, Choices: [][2]string{{"a", "a"}}}}}
	more, err := c.With([]*Type{service()}, custom)
	require.NoError(t, err)
	numbered(t, more)

	assert.Nil(t, c.Type("custom.service"))
	assert.Empty(t, c.Type("dcim.rack").CustomFields)
	assert.Same(t, c.Type("dcim.device"), more.Type("dcim.device"))

	made := more.ByPath("custom", "services")
	require.NotNil(t, made)
	assert.True(t, made.Runtime)
	s := more.Schema(made)
	assert.Equal(t, filters.NameOrID, s.Field("rack").Kind)
	assert.Equal(t, filters.Choice, s.Field("tier").Kind)
	assert.Contains(t, s.Field("seats").Lookups, filters.IsNull)
	assert.Len(t, s.Field("q").Search, 1)
	_, f, at, err := more.Resolve(more.Type("dcim.rack"), "custom_services__name")
	require.NoError(t, err)
	assert.Equal(t, "name", f.Name)
	assert.Same(t, made, at)

	rack := more.Schema(more.Type("dcim.rack"))
	assert.Nil(t, c.Schema(c.Type("dcim.rack")).Field("cf_depth"))
	assert.Equal(t, "custom_fields.depth", rack.Field("cf_depth").Path.Column.Name)
	assert.Equal(t, filters.Contains, rack.Field("cf_owner").Base)
	assert.Nil(t, rack.Field("cf_secret"))
	assert.True(t, rack.Field("cf_zones").Path.Column.List)

	for name, spoil := range map[string]func(*Type){
		"a reserved name":         func(s *Type) { s.Fields[1].Name = "at" },
		"a name of every object":  func(s *Type) { s.Fields[1].Name = "display" },
		"not a name":              func(s *Type) { s.Fields[1].Name = "Tier!" },
		"a type of the catalogue": func(s *Type) { s.Name = "dcim.device" },
		"a missing target":        func(s *Type) { s.Fields[3].To = []string{"dcim.nothing"} },
		"a path that is taken":    func(s *Type) { s.Path = "dcim/racks" },
		"a reverse that is taken": func(s *Type) { s.Fields[3].Reverse = "devices" },
	} {
		spoiled := service()
		spoil(spoiled)
		_, err := c.With([]*Type{spoiled}, nil)
		assert.Error(t, err, name)
	}
	_, err = c.With(nil, map[string][]*Field{"dcim.nothing": nil})
	assert.Error(t, err)

	again, err := more.With([]*Type{service()}, nil)
	require.NoError(t, err)
	assert.Empty(t, numbered(t, again).Type("dcim.rack").CustomFields)
}
