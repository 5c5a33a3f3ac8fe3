package server_test

import (
	"fmt"
	"maps"
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"

	"relata/pkg/store/storetest"
)

// filter takes the manufacturers that fill makes.
var filter = map[string]any{"name__isw": []string{"m"}}

// define makes a definition from manufacturers to platforms, the types with the
// fewest fields, and returns its id. It is "made", many-to-many, but for what body says.
func define(t testing.TB, r *running, body map[string]any) string {
	t.Helper()
	whole := map[string]any{"label": "made", "type": "many-to-many", "source_type": "dcim.manufacturer", "destination_type": "dcim.platform"}
	maps.Copy(whole, body)
	return r.id(t, "/api/extras/relationships/", whole)
}

// link is the body that links two objects by such a definition.
func link(rel, source, destination string) string {
	return fmt.Sprintf(`{"relationship": %q, "source_type": "dcim.manufacturer", "source_id": %q, "destination_type": "dcim.platform", "destination_id": %q}`,
		rel, source, destination)
}

// fill makes manufacturers and platforms from i to j, linked by rel.
func fill(t testing.TB, r *running, rel string, i, j int) {
	t.Helper()
	var makers, platforms, links []map[string]any
	for n := i; n < j; n++ {
		makers = append(makers, map[string]any{"name": fmt.Sprintf("m%03d", n)})
		platforms = append(platforms, map[string]any{"name": fmt.Sprintf("p%03d", n)})
	}
	sources, destinations := r.bulk(t, "/api/dcim/manufacturers/", makers), r.bulk(t, "/api/dcim/platforms/", platforms)
	for n := range sources {
		links = append(links, map[string]any{"relationship": rel, "source_type": "dcim.manufacturer", "source_id": sources[n],
			"destination_type": "dcim.platform", "destination_id": destinations[n]})
	}
	r.bulk(t, "/api/extras/relationship-associations/", links)
}

func TestAssociationsAreFoundByTheirNaturalKey(t *testing.T) {
	r := start(t, storetest.New(t))
	rel := define(t, r, nil)
	source := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
	destination := r.id(t, "/api/dcim/platforms/", map[string]any{"name": "p"})
	r.ask(t, http.MethodPost, "/api/extras/relationship-associations/", link(rel, source, destination))
	tests := []struct {
		name, key string
		status    int
	}{
		{"key of the definition and both ends", "made;" + source + ";" + destination, http.StatusOK},
		{"the ends the other way round", "made;" + destination + ";" + source, http.StatusNotFound},
		{"another definition", "other;" + source + ";" + destination, http.StatusNotFound},
		{"an end that is nothing", "made;" + source + ";" + uuid.NewString(), http.StatusNotFound},
		{"an end that is no id", "made;m;" + destination, http.StatusNotFound},
		{"no second end", "made;" + source, http.StatusNotFound},
		{"an end too many", "made;" + source + ";" + destination + ";" + source, http.StatusNotFound},
		{"no key at all", "made", http.StatusNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			res, body := r.ask(t, http.MethodGet, "/api/extras/relationship-associations/"+tt.key+"/", "")
			assert.Equal(t, tt.status, res.StatusCode, shown(body))
		})
	}
}
