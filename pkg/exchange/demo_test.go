package exchange

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"
)

// The file is read as LoadDemo reads it, with ids made up on the way: every
// name stands above its use, and there is as much of each as is promised.
func TestDemoFile(t *testing.T) {
	var content demo
	require.NoError(t, yaml.Unmarshal(demoYAML, &content))
	l := demoLoader{ids: map[string]uuid.UUID{}, types: map[string][2]string{}}
	made := map[string]int{}
	for _, section := range content.Objects {
		names := map[string]bool{}
		for _, row := range section.Rows {
			d, name, err := l.draft(row)
			require.NoError(t, err)
			require.NotEmpty(t, name)
			assert.NotContains(t, d.Fields, "as")
			_, known := l.ids[name]
			assert.False(t, known || names[name], "%s stands twice", name)
			names[name] = true
			for field, value := range d.Fields {
				assert.False(t, strings.HasPrefix(string(value), `"@`), "%s of %s", field, name)
			}
		}
		for name := range names {
			l.ids[name] = uuid.New()
			made[section.Type]++
		}
	}
	assert.Equal(t, 60, made["dcim.device"])
	assert.Equal(t, 80, made["ipam.vlan"])
	assert.Equal(t, 30, made["circuits.circuit"])
	for _, name := range content.Empty {
		assert.Contains(t, made, name)
	}

	kinds, required := map[string]bool{}, 0
	for _, definition := range content.Definitions {
		d, name, err := l.draft(definition)
		require.NoError(t, err)
		kinds[string(d.Fields["type"])] = true
		if _, ok := d.Fields["required_on"]; ok {
			required++
		}
		l.ids[name] = uuid.New()
	}
	assert.Len(t, kinds, 5, "one definition of each type")
	assert.Len(t, content.Definitions, 5)
	assert.Equal(t, 1, required)

	links := 0
	for _, key := range content.Links.keys {
		require.Contains(t, l.ids, key)
		seen := map[string]bool{}
		for _, pair := range content.Links.values[key] {
			ends := fmt.Sprint(pair)
			assert.False(t, seen[ends], "%s of %s stands twice", ends, key)
			seen[ends] = true
			for _, end := range pair {
				_, err := l.value(end)
				require.NoError(t, err)
			}
			links++
		}
	}
	assert.InDelta(t, 300, links, 5)
}

func TestDemoNamesWhatIsNotAbove(t *testing.T) {
	l := demoLoader{}
	_, _, err := l.draft(ordered[any]{keys: []string{"name", "role"}, values: map[string]any{"name": "sw1", "role": "@Nobody"}})
	assert.EqualError(t, err, "role of sw1: nothing above is known as Nobody")
}
