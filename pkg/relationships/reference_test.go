package relationships

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
)

func TestReferencesToDefinitions(t *testing.T) {
	vlans := &Relationship{
		ID: uuid.MustParse("11111111-1111-4111-8111-111111111111"), RID: 1, Label: "Device VLANs", Key: "device_vlans", Description: "What it carries",
		Type: ManyToMany, RequiredOn: "source", AdvancedUI: true,
		Source: End{Type: "dcim.device", Label: "carries"}, Destination: End{Type: "ipam.vlan", Label: "on", Hidden: true},
		Created:     time.Date(2020, 1, 2, 3, 4, 5, 6000, time.UTC),
		LastUpdated: time.Date(2021, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	partner := &Relationship{
		ID: uuid.MustParse("22222222-2222-4222-8222-222222222222"), RID: 2, Label: "Partner", Key: "partner", Type: SymmetricOneToOne,
		Source: End{Type: "dcim.device", Hidden: true}, Destination: End{Type: "dcim.device", Hidden: true},
		Created:     time.Date(2022, 1, 2, 3, 4, 5, 0, time.UTC),
		LastUpdated: time.Date(2023, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	s := &Set{
		all:   []*Relationship{vlans, partner},
		byID:  map[uuid.UUID]*Relationship{vlans.ID: vlans, partner.ID: partner},
		byKey: map[string]*Relationship{vlans.Key: vlans, partner.Key: partner},
	}
	const (
		none         = "Related object not found using the provided attributes: "
		several      = "Multiple objects match the provided attributes: "
		unrecognized = "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: "
	)
	tests := []struct{ raw, want string }{ // want: the key of the definition, or why there is none
		{`"11111111-1111-4111-8111-111111111111"`, "device_vlans"},
		{`"33333333-3333-4333-8333-333333333333"`, none + "{'pk': UUID('33333333-3333-4333-8333-333333333333')}"},
		{`"http://x/api/extras/relationships/22222222-2222-4222-8222-222222222222/"`, "partner"},
		{`"http://x/api/extras/relationships/partner/"`, unrecognized + "partner"},
		{`"partner"`, "partner"}, {`"device%5Fvlans"`, "device_vlans"},
		{`""`, "This field may not be null."}, {`"no%zz"`, none + "{'key': 'no%zz'}"},
		{`"a;b"`, "Related object not found using provided composite-key: a;b"},
		{`5`, unrecognized + "5"}, {`[]`, unrecognized + "[]"},

		{`{"url": "https://x/y/22222222-2222-4222-8222-222222222222/", "id": "nonsense"}`, "partner"},
		{`{"id": "22222222-2222-4222-8222-222222222222", "label": "no matter"}`, "partner"},
		{`{"id": 5}`, unrecognized + "5"}, {`{"id": "x"}`, unrecognized + "x"},
		{`{}`, several + "{}"},

		{`{"label": "Partner"}`, "partner"}, {`{"label": "partner"}`, none + "{'label': 'partner'}"}, {`{"label__iexact": "partner"}`, "partner"},
		{`{"key__in": ["x", "partner"]}`, "partner"}, {`{"key__in": "partner"}`, none + "{'key__in': 'partner'}"},
		{`{"label": {"startswith": "Dev"}}`, "device_vlans"}, {`{"label__startswith": "dev"}`, none + "{'label__startswith': 'dev'}"},
		{`{"label__istartswith": "dev"}`, "device_vlans"}, {`{"label__endswith": "Ns"}`, "device_vlans"}, {`{"label__iendswith": "NS"}`, "device_vlans"},
		{`{"label__contains": "VLAN"}`, "device_vlans"}, {`{"label__icontains": "vlan"}`, "device_vlans"},
		{`{"label__regex": "^P"}`, "partner"}, {`{"label__regex": "^p"}`, none + "{'label__regex': '^p'}"}, {`{"label__iregex": "^p"}`, "partner"},
		{`{"label__regex": "("}`, "Enter a valid regular expression: missing closing ): (."},
		{`{"label__lt": "E"}`, "device_vlans"}, {`{"label__gte": "Partner"}`, "partner"}, {`{"label__gt": "Partner"}`, none + "{'label__gt': 'Partner'}"},
		{`{"label__lte": "Device VLANs"}`, "device_vlans"},
		{`{"description": ""}`, "partner"}, {`{"description": null}`, none + "{'description': None}"},
		{`{"description__isnull": true}`, none + "{'description__isnull': True}"}, {`{"description__isnull": false, "key": "partner"}`, "partner"},
		{`{"label__x": "y"}`, "Unsupported lookup 'x' for CharField or join on the field not permitted."},
		{`{"key__": "y"}`, "Unsupported lookup '' for AutoSlugField or join on the field not permitted."},
		{`{"label__contains": null}`, "Cannot use None as a query value"},
		{`{"": 1}`, "Cannot parse keyword query ''"}, {`{"nope": 1}`, "Cannot resolve keyword 'nope' into field. Choices are: " + keywords},
		{`{"source_filter": 1}`, none + "{'source_filter': 1}"},
		{`{"type": "many-to-many", "required_on": "source", "source_label": "carries", "destination_label": "on"}`, "device_vlans"},

		{`{"advanced_ui": true}`, "device_vlans"}, {`{"advanced_ui": "f"}`, "partner"}, {`{"source_hidden": 1}`, "partner"},
		{`{"destination_hidden": true}`, several + "{'destination_hidden': True}"},
		{`{"advanced_ui": "maybe"}`, "“maybe” value must be either True or False."},
		{`{"advanced_ui__in": [true, "maybe"]}`, "“maybe” value must be either True or False."},
		{`{"advanced_ui__contains": true}`, "Unsupported lookup 'contains' for BooleanField or join on the field not permitted."},
		{`{"pk": "{22222222222242228222222222222222}"}`, "partner"}, {`{"pk": "x"}`, "“x” is not a valid UUID."},
		{`{"pk__in": ["22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333"]}`, "partner"},
		{`{"pk__in": []}`, none + "{'pk__in': []}"}, {`{"pk__isnull": false, "key": "partner"}`, "partner"}, {`{"pk": null}`, none + "{'pk': None}"},
		{`{"created": "2020-01-02T03:04:05.000006Z"}`, "device_vlans"}, {`{"created": "2020-01-02 04:04:05.000006+01:00"}`, "device_vlans"},
		{`{"created__lt": "2021-01-01"}`, "device_vlans"}, {`{"last_updated__gt": "2022-01-01T00:00"}`, "partner"},
		{`{"created": "yesterday"}`, "“yesterday” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format."},

		{`{"source_type": "dcim.device"}`, several + "{'source_type': 'dcim.device'}"}, {`{"destination_type": "ipam.vlan"}`, "device_vlans"},
		{`{"destination_type": {"app_label": "dcim", "model": "device"}}`, "partner"}, {`{"destination_type__app_label": "ipam"}`, "device_vlans"},
		{`{"destination_type__id": "ipam.vlan"}`, none + "{'destination_type__id': 'ipam.vlan'}"},
	}
	for _, tt := range tests {
		t.Run(tt.raw, func(t *testing.T) {
			found, why := s.Resolve(json.RawMessage(tt.raw))
			if found != nil {
				assert.Empty(t, why)
				why = found.Key
			}
			assert.Equal(t, tt.want, why)
		})
	}
}
