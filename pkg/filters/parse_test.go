package filters_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

var (
	known   = uuid.MustParse("f5fd96c5-7d20-4729-b33b-624a59e736ea")
	unknown = uuid.MustParse("6e9c0b8f-1111-4222-8333-444444444444")
)

// directory knows one id and the names "Active", "ams" and "10".
type directory struct{}

func (directory) Unknown(_ context.Context, _ *filters.Field, ids []uuid.UUID, texts []string) ([]uuid.UUID, []string, error) {
	return slices.DeleteFunc(slices.Clone(ids), func(id uuid.UUID) bool { return id == known }),
		slices.DeleteFunc(slices.Clone(texts), func(s string) bool { return s == "Active" || s == "ams" || s == "10" }), nil
}

func lookups(text string) []filters.Lookup {
	var out []filters.Lookup
	for _, l := range strings.Fields(text) {
		out = append(out, filters.Lookup(l))
	}
	return out
}

// device is a schema in the manner of devices.
func device() *filters.Schema {
	texts, numbers := lookups("n ic nic iew niew isw nisw ie nie re nre ire nire"), lookups("n lte lt gte gt")
	isnull := func(l []filters.Lookup) []filters.Lookup { return append(slices.Clone(l), filters.IsNull) }
	return filters.NewSchema("dcim.Device",
		&filters.Field{Name: "face", Kind: filters.Choice, Choices: []string{"front", "rear"}, Lookups: texts, List: true, Nullable: true},
		&filters.Field{Name: "name", Kind: filters.Text, Lookups: isnull(texts)},
		&filters.Field{Name: "duplex", Kind: filters.Choice, Choices: []string{"full"}, Lookups: texts, List: true},
		&filters.Field{Name: "relationship", Kind: filters.Choice, Choices: []string{"uplink"}, Lookups: lookups("n"), List: true, Nullable: true},
		&filters.Field{Name: "available_for_cable", Kind: filters.Method, Values: filters.NameOrID, List: true,
			ToField: filters.Path{Column: filters.Column{Name: "id", Own: true}}},
		&filters.Field{Name: "max_depth", Kind: filters.Method, Values: filters.Integer, SingleValue: true},
		&filters.Field{Name: "position", Kind: filters.Integer, Lookups: isnull(numbers)},
		&filters.Field{Name: "latitude", Kind: filters.Decimal, Lookups: isnull(numbers)},
		&filters.Field{Name: "install_date", Kind: filters.Date, Lookups: isnull(numbers)},
		&filters.Field{Name: "created", Kind: filters.Time, Lookups: isnull(numbers)},
		&filters.Field{Name: "id", Kind: filters.UUID, Lookups: lookups("n")},
		&filters.Field{Name: "mac_address", Kind: filters.MAC, Lookups: texts},
		&filters.Field{Name: "enabled", Kind: filters.Boolean},
		&filters.Field{Name: "has_interfaces", Kind: filters.Membership},
		&filters.Field{Name: "q", Kind: filters.Search},
		&filters.Field{Name: "status", Kind: filters.NameOrID, Nullable: true, Lookups: lookups("n"), List: true},
		&filters.Field{Name: "location", Kind: filters.Tree, Nullable: true, Lookups: lookups("n"), List: true},
		&filters.Field{Name: "tags", Kind: filters.Tag, Nullable: true, Lookups: lookups("n isnull"), List: true},
		&filters.Field{Name: "untagged_vlan", Kind: filters.NameOrID, ToKind: filters.Integer, List: true},
		&filters.Field{Name: "ancestors", Kind: filters.NameOrID, ToKind: filters.Address, List: true},
		&filters.Field{Name: "device_bays", Kind: filters.Reference, Nullable: true, Lookups: lookups("n isnull"), List: true},
		&filters.Field{Name: "content_type", Kind: filters.ContentType, Choices: []string{"dcim.device", "ipam.vlan"}, List: true},
		&filters.Field{Name: "present_in_vrf", Kind: filters.Method, Values: filters.NameOrID, SingleValue: true},
		&filters.Field{Name: "ip_version", Kind: filters.Single, Values: filters.Decimal, SingleValue: true},
		&filters.Field{Name: "kind", Kind: filters.Method, Values: filters.Choice, Choices: []string{"physical"}, SingleValue: true, Nullable: true},
		&filters.Field{Name: "cf_site", Kind: filters.Text, SingleValue: true, Lookups: texts},
		&filters.Field{Name: "cf_age", Kind: filters.Integer, SingleValue: true, Lookups: numbers},
		&filters.Field{Name: "cr_uplink__source", Kind: filters.Linked, List: true, Side: "source"},
	)
}

func parse(t *testing.T, query string) (filters.Query, error) {
	t.Helper()
	var params []filters.Param
	for pair := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		params = append(params, filters.Param{Name: name, Values: []string{value}})
	}
	return device().Parse(context.Background(), directory{}, params)
}

// The texts are those that Nautobot answers.
func TestWhatIsWrongWithAParameter(t *testing.T) {
	notOne := func(v string) string {
		return "Select a valid choice. " + v + " is not one of the available choices."
	}
	tests := []struct{ query, want string }{
		{"id=xx", "id: Enter a valid UUID."},
		{"id=&id=xx&id=yy", "id: Enter a valid UUID."},
		{"id=null", "id: Enter a valid UUID."},
		{"position=x", "position: Enter a whole number."},
		{"position=1.5", "position: Enter a whole number."},
		{"position=1e3", "position: Enter a whole number."},
		{"position=null", "position: Enter a whole number."},
		{"position__gte=x&position__gte=y", "position__gte: Enter a whole number."},
		{"latitude=x", "latitude: Enter a number."},
		{"latitude=NaN", "latitude: Enter a number."},
		{"latitude=inf", "latitude: Enter a number."},
		{"latitude=1e400", "latitude: Ensure this value is less than or equal to 1e+50."},
		{"latitude=2e50", "latitude: Ensure this value is less than or equal to 1e+50."},
		{"install_date=x", "install_date: Enter a valid date."},
		{"install_date=2020-02-30", "install_date: Enter a valid date."},
		{"install_date=20061025", "install_date: Enter a valid date."},
		{"install_date=2006-10-25T00:00", "install_date: Enter a valid date."},
		{"created=x", "created: Enter a valid date/time."},
		{"created__gte=2020-13-01", "created__gte: Enter a valid date/time."},
		{"created__gte=2020-01-01T25:00", "created__gte: Enter a valid date/time."},
		{"created__gte=10:00", "created__gte: Enter a valid date/time."},
		{"created__gte=null", "created__gte: Enter a valid date/time."},
		{"face=bogus", "face: " + notOne("bogus")},
		{"face=", "face: " + notOne("")},
		{"status=", "status: " + notOne("")},
		{"duplex=null", "duplex: " + notOne("null")},
		{"untagged_vlan=null", "untagged_vlan: " + notOne("null")},
		{"relationship__n=zz", "relationship__n: " + notOne("zz")},
		{"available_for_cable=x", "available_for_cable: “x” is not a valid UUID."},
		{"max_depth=x", "max_depth: Enter a number."},
		{"status=nope&status=nope2", "status: " + notOne("nope")},
		{"status=Active&status=" + unknown.String(), "status: " + notOne(unknown.String())},
		{"status=active", "status: " + notOne("active")},
		{"location=nope", "location: " + notOne("nope")},
		{"status=&status=nope", "status: " + notOne("")},
		{"tags=null&tags=zz", "tags: " + notOne("zz")},
		{"tags__n=", "tags__n: " + notOne("")},
		{"untagged_vlan=abc", "untagged_vlan: " + notOne("abc")},
		{"untagged_vlan=12", "untagged_vlan: " + notOne("12")},
		{"ancestors=x", "ancestors: Invalid IP address format: x"},
		{"device_bays=nope", "device_bays: “nope” is not a valid UUID."},
		{"device_bays=", "device_bays: “” is not a valid UUID."},
		{"device_bays=a\x00b", "device_bays: Null characters are not allowed."},
		{"device_bays=null&device_bays=x", "device_bays: “x” is not a valid UUID."},
		{"device_bays=" + unknown.String(), "device_bays: " + notOne(unknown.String())},
		{"cr_uplink__source=null", "cr_uplink__source: “null” is not a valid UUID."},
		{"cr_uplink__source=", "cr_uplink__source: “” is not a valid UUID."},
		{"content_type=dcim.bogus", "content_type: " + notOne("dcim.bogus")},
		{"content_type=3", "content_type: " + notOne("3")},
		{"content_type=", "content_type: " + notOne("")},
		{"content_type=null", "content_type: " + notOne("null")},
		{"present_in_vrf=x", "present_in_vrf: Select a valid choice. That choice is not one of the available choices."},
		{"ip_version=x", "ip_version: Enter a number."},
		{"kind=bogus", "kind: " + notOne("bogus")},
		{"mac_address=zz", "mac_address: Invalid MAC address format: zz"},
		{"q=a\x00b", "q: Null characters are not allowed."},
		{"name=a\x00b", "name: Null characters are not allowed."},
		{"status=a\x00b", "status: Null characters are not allowed."},
		{"name__re=(", "name__re: Enter a valid regular expression: missing closing ): (."},
		{"name__re=a(?=b)", "name__re: Enter a valid regular expression: invalid or unsupported Perl syntax: (?=."},
		{`name__re=(a)\1`, `name__re: Enter a valid regular expression: invalid escape sequence: \1.`},
		{"name__nire=a{300}", "name__nire: Enter a valid regular expression: it repeats more than 255 times."},
		{"nope=1", "nope: Unknown filter field"},
		{"=5", ": Unknown filter field"},
		{"name__bogus=x", "name__bogus: Unknown filter field"},
		{"name__=x", "name__: Unknown filter field"},
		{"face__isnull=true", "face__isnull: Unknown filter field"},
		{"id__in=x", "id__in: Unknown filter field"},
		{"also=2&position=x&nope=1&status=q&face=z&position__lt=y&cf_age=x",
			"face: " + notOne("z") + "; position: Enter a whole number.; status: " + notOne("q") +
				"; position__lt: Enter a whole number.; cf_age: Enter a whole number.; also: Unknown filter field; nope: Unknown filter field"},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			_, err := parse(t, tt.query)
			require.ErrorIs(t, err, fault.Invalid)
			assert.Equal(t, tt.want, err.Error())
		})
	}
}

func TestWhatAParameterMeans(t *testing.T) {
	tests := []struct{ query, want string }{
		{"id=", ""},
		{"name=", ""},
		{"position=", ""},
		{"q=", ""},
		{"q= e5 ", "q [ e5 ]"},
		{"q= ", "q [ ]"},
		{"q=a&q=b", "q [b]"},
		{"name=a&name=b&name=a", "name [a b]"},
		{"name= e5 de ", "name [e5 de]"},
		{"name= ", "name []"},
		{"name=null", "name [] null"},
		{"name__n=null&name__n=x", "name__n [x] null"},
		{"name__ic=null", "name__ic [null]"},
		{"name__isnull=true", "name__isnull [] true"},
		{"name__isnull=3", "name__isnull [] false"},
		{"name__isnull=0", ""},
		{"face=null", "face [] null"},
		{"face__n=bogus&face__n=", "face__n [bogus]"},
		{"face__ic=fr", "face__ic [fr]"},
		{"position= 5 ", "position [5]"},
		{"position=1_0&position=+5&position=5.00&position=-5&position=٣", "position [10 5 -5 3]"},
		{"position=99999999999999999999", "position [99999999999999999999]"},
		{"latitude=1e3&latitude= 1.50 &latitude=-.5&latitude=-1e99", "latitude [1e3 1.5 -0.5 -1e60]"},
		{"latitude=1e-99999&latitude=-0.0&latitude=0." + strings.Repeat("3", 200), "latitude [0 0." + strings.Repeat("3", 100) + "]"},
		{"install_date=2020-1-1&install_date=10/25/06&install_date=oct 25, 2006&install_date=25 October 2006", "install_date [2020-01-01 2006-10-25]"},
		{"created=2020-01-01", "created [2020-01-01T00:00:00.000000Z]"},
		{"created=2020-01-01T10:00:00.123456789+02:00", "created [2020-01-01T08:00:00.123456Z]"},
		{"created=2020-01-01T10:00:00-03:30", "created [2020-01-01T13:30:00.000000Z]"},
		{"created=2020-01-01 10:00&created=01/02/2020 10:00&created=20200101&created=2020-01-01T10", "created [2020-01-01T10:00:00.000000Z 2020-01-02T10:00:00.000000Z 2020-01-01T00:00:00.000000Z]"},
		{"id= ", "id [] null"},
		{"id__n= &id__n=" + known.String(), "id__n [] " + known.String() + " null"},
		{"id= " + strings.ToUpper(known.String()) + " ", "id [] " + known.String()},
		{"id=" + strings.ReplaceAll(known.String(), "-", ""), "id [] " + known.String()},
		{"mac_address=0011.2233.aabb&mac_address=0:11:22:33:aa:bb", "mac_address [00:11:22:33:AA:BB]"},
		{"mac_address__ic=zz", "mac_address__ic [zz]"},
		{"enabled=1", ""},
		{"enabled=TRUE", ""},
		{"enabled=True&enabled=3", "enabled [] false"},
		{"has_interfaces=1", "has_interfaces [] true"},
		{"has_interfaces=2", ""},
		{"status=Active&status=" + known.String() + "&status=null", "status [Active] " + known.String() + " null"},
		{"untagged_vlan=010", "untagged_vlan [10]"},
		{"content_type=dcim.device&content_type=ipam.vlan", "content_type [dcim.device ipam.vlan]"},
		{"kind=", ""},
		{"present_in_vrf=", ""},
		{"kind=null", "kind [] null"},
		{"max_depth=1.0", "max_depth [1]"},
		{"relationship__n=null", "relationship__n [] null"},
		{"cf_site=a&cf_site=b", "cf_site [b]"},
		{"cf_site__ic=a&cf_site__ic=b", "cf_site__ic [a b]"},
		{"name=\xff", "name [\uFFFD]"},
	}
	for _, tt := range tests {
		t.Run(tt.query, func(t *testing.T) {
			q, err := parse(t, tt.query)
			require.NoError(t, err)
			assert.Equal(t, tt.want, describe(q))
		})
	}
}

// describe writes conditions as the rows above do.
func describe(q filters.Query) string {
	var out []string
	for _, c := range q {
		if c.Nothing {
			out = append(out, "nothing")
			continue
		}
		name := c.Field.Name
		if c.Lookup != filters.Equal {
			name += "__" + string(c.Lookup)
		}
		text := fmt.Sprintf("%s %v", name, c.Texts)
		for _, id := range c.IDs {
			text += " " + id.String()
		}
		if c.Null {
			text += " null"
		}
		if c.Lookup == filters.IsNull || c.Field.Kind == filters.Boolean || c.Field.Kind == filters.Membership {
			text += fmt.Sprintf(" %t", c.Truth)
		}
		out = append(out, text)
	}
	return strings.Join(out, "; ")
}

func TestLimitsOfARequest(t *testing.T) {
	var params []filters.Param
	for i := range 101 {
		params = append(params, filters.Param{Name: fmt.Sprint(i), Values: []string{"x"}})
	}
	_, err := device().Parse(context.Background(), directory{}, params)
	assert.ErrorContains(t, err, "100")
	_, err = parse(t, "name="+strings.Repeat("x", filters.MaxValueBytes))
	require.NoError(t, err)
	_, err = parse(t, "name=x&name="+strings.Repeat("x", filters.MaxValueBytes))
	assert.ErrorIs(t, err, fault.Invalid)
	_, err = parse(t, "name__re="+strings.Repeat("(a|b)*", 300))
	assert.ErrorIs(t, err, fault.Invalid)
}

// The texts are those that Nautobot answers for a filter in a definition.
func TestFilterSetJSON(t *testing.T) {
	notOne := func(name, v string) string {
		return "'" + name + "': Select a valid choice. " + v + " is not one of the available choices."
	}
	list := func(name string) string { return "'" + name + "': Enter a list of values." }
	tests := []struct{ json, want, problems string }{
		{`{}`, "", ""},
		{`{"name": "x", "status": ["Active"], "q": "a"}`, "name [x]; status [Active]; q [a]", ""},
		{`{"name": ["x", null, "", 1]}`, "name [x 1]", ""},
		{`{"name": ["y"], "q": "a", "name": ["x"]}`, "name [x]; q [a]", ""},
		{`{"name": null, "status": [], "face": "", "id": []}`, "", ""},
		{`{"name": 5}`, "", list("name")},
		{`{"name": true}`, "", list("name")},
		{`{"position": 5}`, "position [5]", ""},
		{`{"position": [5, "6"]}`, "position [5 6]", ""},
		{`{"position": "x"}`, "", "'position': Enter a whole number."},
		{`{"position": ["x", "y"]}`, "", "'position': Enter a whole number."},
		{`{"position": true}`, "", "'position': Enter a whole number."},
		{`{"position": [1.5]}`, "", "'position': Enter a whole number."},
		{`{"position": 0}`, "position [0]", ""},
		{`{"latitude": "1e400"}`, "", "'latitude': Ensure this value is less than or equal to 1e+50."},
		{`{"latitude": 1.5}`, "latitude [1.5]", ""},
		{`{"status": "Active"}`, "", list("status")},
		{`{"status": {"a": 1}}`, "", notOne("status", "a")},
		{`{"status": [{"a": 1}]}`, "", list("status")},
		{`{"status": [["x"]]}`, "", list("status")},
		{`{"status": ["nope", "nope2"]}`, "", notOne("status", "nope")},
		{`{"status": [null]}`, "", notOne("status", "None")},
		{`{"status": [5]}`, "", notOne("status", "5")},
		{`{"status": [true]}`, "", notOne("status", "True")},
		{`{"status": ["null"]}`, "status [] null", ""},
		{`{"face": ["front"]}`, "face [front]", ""},
		{`{"face": "front"}`, "", list("face")},
		{`{"face": {"a": 1}}`, "", list("face")},
		{`{"face": ["bogus", "b2"]}`, "", notOne("face", "bogus")},
		{`{"face": [null]}`, "", notOne("face", "None")},
		{`{"face": [""]}`, "", notOne("face", "")},
		{`{"face": false}`, "", ""},
		{`{"face": ["a\u0000"]}`, "", notOne("face", "a\x00")},
		{`{"face__ic": "x"}`, "face__ic [x]", ""},
		{`{"id": "xx"}`, "", "'id': Enter a valid UUID."},
		{`{"id": 5}`, "", "'id': Enter a valid UUID."},
		{`{"id": true}`, "", "'id': Enter a valid UUID."},
		{`{"id": [null]}`, "", ""},
		{`{"has_interfaces": true}`, "has_interfaces [] true", ""},
		{`{"has_interfaces": [true]}`, "", ""},
		{`{"has_interfaces": "bogus"}`, "", ""},
		{`{"enabled": false}`, "enabled [] false", ""},
		{`{"enabled": [true]}`, "", "'enabled': Must be a valid boolean."},
		{`{"enabled": 1}`, "", ""},
		{`{"created": "x"}`, "", "'created': Enter a valid date/time."},
		{`{"created": ["2020-01-01", "x"]}`, "", "'created': Enter a valid date/time."},
		{`{"created__gte": "2020-01-01"}`, "created__gte [2020-01-01T00:00:00.000000Z]", ""},
		{`{"device_bays": "x"}`, "", list("device_bays")},
		{`{"device_bays": ["x", "y"]}`, "", "'device_bays': “x” is not a valid UUID."},
		{`{"device_bays": [5]}`, "", notOne("device_bays", "5")},
		{`{"q": ["x"]}`, "q [['x']]", ""},
		{`{"q": "a\u0000b"}`, "", "'q': Null characters are not allowed."},
		{`{"content_type": "dcim.device"}`, "", list("content_type")},
		{`{"content_type": [5]}`, "", notOne("content_type", "5")},
		{`{"content_type": ["dcim.device"]}`, "content_type [dcim.device]", ""},
		{`{"ip_version": [4]}`, "", "'ip_version': Enter a number."},
		{`{"ip_version": true}`, "", "'ip_version': Enter a number."},
		{`{"ip_version": "4"}`, "ip_version [4]", ""},
		{`{"kind": "bogus"}`, "", notOne("kind", "bogus")},
		{`{"kind": ["physical"]}`, "", notOne("kind", "['physical']")},
		{`{"kind": "physical"}`, "kind [physical]", ""},
		{`{"cf_site": "x"}`, "cf_site [x]", ""},
		{`{"cf_site": ["x"]}`, "cf_site [['x']]", ""},
		{`{"cf_site__ic": ["x", "y"]}`, "cf_site__ic [x y]", ""},
		{`{"cf_age": [5]}`, "", "'cf_age': Enter a whole number."},
		{`{"cf_age": 5}`, "cf_age [5]", ""},
		{`{"name__re": "("}`, "", "'name__re': Enter a valid regular expression: missing closing ): (."},
		{`{"name": ["` + strings.Repeat("x", filters.MaxValueBytes+1) + `"]}`, "", "'name': Too long: a value of a filter has at most 16 kB."},
		{`{"limit": 5}`, "", "'limit' is not a valid filter parameter for dcim.Device object"},
		{`{"": 1}`, "", "'' is not a valid filter parameter for dcim.Device object"},
		{`{"nope": 1, "status": ["q"], "position": "x", "face": ["z"], "also": 1}`, "", strings.Join([]string{notOne("face", "z"),
			"'position': Enter a whole number.", notOne("status", "q"), "'nope' is not a valid filter parameter for dcim.Device object",
			"'also' is not a valid filter parameter for dcim.Device object"}, "; ")},
		{`{"name": {"a": 1}}`, "name [a]", ""},
		{`{"position": false}`, "", ""},
		{`{"position": [[], {}, null, "", false]}`, "", ""},
		{`{"position": [0]}`, "position [0]", ""},
		{`{"created": false}`, "", ""},
		{`{"created": 0}`, "", ""},
		{`{"created": [0, [], {}]}`, "", ""},
		{`{"id": [[], {}, 0]}`, "", ""},
		{`{"content_type": [[]]}`, "", notOne("content_type", "[]")},
		{`{"content_type": [["x"]]}`, "", notOne("content_type", "['x']")},
		{`{"content_type": {"a": 1}}`, "", list("content_type")},
		{`{"device_bays": [1.5]}`, "", "'device_bays': “1.5” is not a valid UUID."},
		{`{"name": "a", "name": "b"}`, "name [b]", ""},
		{`{"device_bays": [1.0]}`, "", "'device_bays': “1.0” is not a valid UUID."},
		{`{"device_bays": ["a\u0000"]}`, "", "'device_bays': Null characters are not allowed."},
		{`{"position": {"": 1}}`, "", ""},
		{`{"position": {"7": 1, "": 2}}`, "position [7]", ""},
		{`{"position": {"a": 1}}`, "", "'position': Enter a whole number."},
		{`{"created": {"2020-01-01": 1}}`, "created [2020-01-01T00:00:00.000000Z]", ""},
		{`{"id": {"": 1}}`, "", ""},
		{`{"face__ic": {"a": 1, "": 2}}`, "face__ic [a]", ""},
		{`{"mac_address__ic": {"": 1}}`, "", ""},
		{`{"mac_address__ic": {"a": 1}}`, "mac_address__ic [a]", ""},
		{`{"mac_address": false}`, "", list("mac_address")},
		{`{"mac_address": [false]}`, "", ""},
		{`{"mac_address": ""}`, "", ""},
		{`{"enabled": {}}`, "", "'enabled': Must be a valid boolean."},
		{`{"enabled": {"a": 1}}`, "", "'enabled': Must be a valid boolean."},
		{`{"name__isnull": {}}`, "", "'name__isnull': Must be a valid boolean."},
		{`{"has_interfaces": {"a": 1}}`, "", ""},
		{`{"ip_version": []}`, "", ""},
		{`{"ip_version": {}}`, "", ""},
		{`{"kind": []}`, "", ""},
		{`{"kind": {}}`, "", ""},
		{`{"cf_site": []}`, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.json, func(t *testing.T) {
			q, problems, err := device().ParseJSON(context.Background(), directory{}, json.RawMessage(tt.json))
			require.NoError(t, err)
			assert.Equal(t, tt.problems, strings.Join(problems, "; "))
			assert.Equal(t, tt.want, describe(q))
		})
	}
}

func TestStoredFiltersNeverFail(t *testing.T) {
	tests := []struct{ json, want string }{
		{``, ""}, {`null`, ""}, {`{}`, ""}, {`[]`, ""}, {`""`, ""}, {`0`, ""}, {`false`, ""},
		{`[1]`, "nothing"},
		{`{"status": ["gone"]}`, "status [gone]"},
		{`{"face": ["gone"]}`, "nothing"},
		{`{"gone": 1, "name": "x"}`, "nothing; name [x]"},
		{`{"position": "x"}`, "nothing"},
	}
	for _, tt := range tests {
		t.Run(tt.json, func(t *testing.T) {
			assert.Equal(t, tt.want, describe(device().Stored(json.RawMessage(tt.json))))
		})
	}
	assert.True(t, device().Stored(json.RawMessage(`{"status__n": ["gone"]}`))[0].Stored)
}

// FuzzParse feeds the parsers anything: they answer, or refuse with a message.
func FuzzParse(f *testing.F) {
	for _, seed := range [][2]string{
		{"name", "x"}, {"name__re", "(a|b"}, {"position__gte", "1_0"}, {"created", "2020-01-01T10:00:00+02:00"}, {"latitude", "1e400"},
		{"id", "urn:uuid:f5fd96c5-7d20-4729-b33b-624a59e736ea"}, {"status", "null"}, {"mac_address", "0011.2233.aabb"}, {"install_date", "Oct 25, 2006"},
		{"cf_age", "٣"}, {"name__", "\xff\x00"}, {"device_bays", "“"}, {"q", " "}, {"", ""}, {"name__isnull", "3"}, {"ancestors", "fe80::1%eth0"},
	} {
		f.Add(seed[0], seed[1])
	}
	schema := device()
	f.Fuzz(func(t *testing.T, name, value string) {
		ctx := context.Background()
		q, err := schema.Parse(ctx, directory{}, []filters.Param{{Name: name, Values: []string{value, "x"}}})
		if err != nil {
			require.ErrorIs(t, err, fault.Invalid)
			require.NotEmpty(t, err.Error())
		}
		for _, c := range q {
			for _, text := range c.Texts {
				assert.NotContains(t, text, "\x00")
			}
		}
		for _, v := range []any{value, []string{value}, map[string]string{value: name}} {
			raw, err := json.Marshal(map[string]any{name: v})
			require.NoError(t, err)
			_, _, err = schema.ParseJSON(ctx, directory{}, raw)
			require.NoError(t, err)
			schema.Stored(raw)
		}
		schema.Stored(json.RawMessage(value))
	})
}

func TestNone(t *testing.T) {
	for _, raw := range []string{"", "null", "false", "0", "-0.0", "0e5", `""`, "[]", "{}", "{"} {
		assert.True(t, filters.None(json.RawMessage(raw)), raw)
	}
	for _, raw := range []string{"true", "1", "1e400", `" "`, "[0]", `{"name": []}`} {
		assert.False(t, filters.None(json.RawMessage(raw)), raw)
	}
}
