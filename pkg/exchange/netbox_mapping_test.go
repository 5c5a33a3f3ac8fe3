package exchange

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
)

func TestMappingNamesTypesAndFieldsThatExist(t *testing.T) {
	m, err := loadMapping()
	require.NoError(t, err)
	catalogue, err := objects.Load()
	require.NoError(t, err)
	for _, k := range m.Kinds {
		to := catalogue.Type(k.Type)
		if !assert.NotNil(t, to, k.Type) {
			continue
		}
		for _, name := range append(k.Fields.keys, k.Find...) {
			assert.NotNil(t, to.Field(name), "%s.%s", k.Type, name)
		}
		for _, name := range k.Find {
			assert.Contains(t, k.Fields.values, name, "%s finds by %s, which it does not fill", k.Model, name)
		}
		for name, from := range k.Fields.values {
			if from.Values != "" {
				assert.Contains(t, m.Values, from.Values, "%s.%s", k.Model, name)
			}
			if from.As != "" {
				_, ok := conversions[from.As]
				assert.True(t, ok, "%s.%s: %s", k.Model, name, from.As)
			}
			if fixed := from.fixed(); fixed != "" {
				assert.Contains(t, m.Fixed, fixed, "%s.%s", k.Model, name)
			}
		}
	}
	for name, f := range m.Fixed {
		to := catalogue.Type(f.Type)
		if assert.NotNil(t, to, name) {
			for field := range f.Fields {
				assert.NotNil(t, to.Field(field), "%s.%s", name, field)
			}
		}
	}
	for _, tie := range m.Ties {
		to := catalogue.Type(tie.Type)
		if assert.NotNil(t, to, tie.Type) {
			for _, field := range tie.Fields {
				assert.NotNil(t, to.Field(field), "%s.%s", tie.Type, field)
			}
		}
	}
	for _, l := range m.Links {
		for _, end := range []linkEnd{l.Source, l.Destination} {
			to := catalogue.Type(end.Type)
			if assert.NotNil(t, to, l.Key) {
				assert.True(t, to.Related, end.Type)
				for filter := range end.Filter {
					assert.NotNil(t, catalogue.Schema(to).Field(filter), "%s: %s", l.Key, filter)
				}
			}
		}
	}
}
