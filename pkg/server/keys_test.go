package server_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// nested makes objects of a tree, each below the one before, called "<name> 1",
// "<name> 2", …; it returns their ids.
func nested(t testing.TB, r *running, locationType, name string, levels int) []string {
	t.Helper()
	var ids []string
	for i := 1; i <= levels; i++ {
		body := map[string]any{"name": fmt.Sprintf("%s %d", name, i), "location_type": locationType, "status": map[string]any{"name": "Active"}}
		if i > 1 {
			body["parent"] = ids[i-2]
		}
		ids = append(ids, r.id(t, "/api/dcim/locations/", body))
	}
	return ids
}

// keyColumns are the columns of a CSV that start with the prefix.
func keyColumns(t testing.TB, r *running, path, prefix string) []string {
	t.Helper()
	_, text := r.ask(t, http.MethodGet, path+"?format=csv", "")
	header, _, _ := strings.Cut(fmt.Sprint(text), "\r\n")
	var found []string
	for _, column := range strings.Split(header, ",") {
		if strings.HasPrefix(column, prefix) {
			found = append(found, column)
		}
	}
	return found
}

// TestNaturalKeysOfTrees: the natural key of an object of a tree goes on with the
// names above it, as far as the deepest tree goes, in all that is made of keys.
func TestNaturalKeysOfTrees(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		active := map[string]any{"name": "Active"}
		site := r.id(t, "/api/dcim/location-types/", map[string]any{"name": "site", "nestable": true, "content_types": []string{"dcim.device", "dcim.rack", "dcim.rackgroup"}})
		slug := func(path string) string {
			t.Helper()
			slug := fmt.Sprint(r.must(t, http.StatusOK, http.MethodGet, path, nil)["natural_slug"])
			return slug[:len(slug)-len("_1a2b")]
		}
		maker := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
		model := r.id(t, "/api/dcim/device-types/", map[string]any{"manufacturer": maker, "model": "x"})
		role := r.id(t, "/api/extras/roles/", map[string]any{"name": "r", "content_types": []string{"dcim.device"}})
		flat := nested(t, r, site, "flat", 1)
		device := func(name, location string) string {
			t.Helper()
			return "/api/dcim/devices/" + r.id(t, "/api/dcim/devices/", map[string]any{"name": name, "location": location, "status": active, "role": role, "device_type": model}) + "/"
		}
		low := device("low", flat[0])
		assert.Equal(t, "flat-1", slug("/api/dcim/locations/"+flat[0]+"/"))
		assert.Equal(t, "low__flat-1", slug(low))
		assert.Equal(t, []string{"location__name"}, keyColumns(t, r, "/api/dcim/devices/", "location__"))

		deep := nested(t, r, site, "deep", 3)
		high := device("high", deep[2])
		assert.Equal(t, "deep-3_deep-2_deep-1", slug("/api/dcim/locations/"+deep[2]+"/"))
		assert.Equal(t, "deep-2_deep-1", slug("/api/dcim/locations/"+deep[1]+"/"), "nulls at the end are left out")
		assert.Equal(t, "high__deep-3_deep-2_deep-1", slug(high))
		assert.Equal(t, "low__flat-1", slug(low))
		rack := r.must(t, http.StatusCreated, http.MethodPost, "/api/dcim/racks/", map[string]any{"name": "k", "location": deep[2], "status": active,
			"rack_group": r.id(t, "/api/dcim/rack-groups/", map[string]any{"name": "g", "location": deep[1]})})
		assert.Contains(t, rack["natural_slug"], "k_g_deep-2_deep-1_", "two references away, in the answer to a write")
		port := r.must(t, http.StatusCreated, http.MethodPost, "/api/dcim/interfaces/", map[string]any{"name": "e0", "device": strings.Split(low, "/")[4], "type": "virtual", "status": active})
		assert.Contains(t, port["natural_slug"], "low__flat-1____e0_", "nulls in the middle stay")
		reservation := r.must(t, http.StatusCreated, http.MethodPost, "/api/dcim/rack-reservations/", map[string]any{"rack": rack["id"], "units": []int{1, 2}, "description": "d", "user": "admin"})
		assert.Contains(t, reservation["natural_slug"], "1-2_k_g_deep-2_deep-1_", "a list is one value")
		user, _ := reservation["user"].(map[string]any)
		assert.Equal(t, r.base+"/api/users/users/"+fmt.Sprint(user["id"])+"/", user["url"], "types without endpoints have addresses")
		assert.Equal(t, []string{"location__name", "location__parent__name", "location__parent__parent__name"}, keyColumns(t, r, "/api/dcim/devices/", "location__"))
		assert.Equal(t, []string{"parent__name", "parent__parent__name", "parent__parent__parent__name"}, keyColumns(t, r, "/api/dcim/locations/", "parent__"))
		_, rows := r.ask(t, http.MethodGet, "/api/dcim/devices/?format=csv", "")
		assert.Contains(t, rows, ",deep 3,deep 2,deep 1,")
		assert.Contains(t, rows, ",flat 1,NoObject,NoObject,")

		addresses := []struct {
			path string
			want int
		}{
			{"locations/flat%201", 200}, {"locations/flat+1", 200}, {"locations/deep+1", 200}, {"locations/deep+2", 404}, {"locations/deep+2;deep+1", 200},
			{"locations/deep+3;deep+2", 404}, {"locations/deep+3;deep+2;deep+1", 200}, {"locations/deep+3;deep+2;deep+1;%00;%00;%00", 200},
			{"locations/deep+3;deep+2;deep+1;x", 404}, {"locations/deep+3;deep+2;deep+1" + strings.Repeat(";%00", 2000), 404},
			{"devices/low;%00;flat+1", 200}, {"devices/high;%00;deep+3", 404}, {"devices/high;%00;deep+3;deep+2;deep+1", 200},
			{"devices/high;%00;deep+3;deep+2;deep+1;%00", 404}, {"racks/k;g;deep+2;deep+1", 200}, {"racks/k;g;deep+2", 404},
		}
		for _, tt := range addresses {
			res, body := r.ask(t, http.MethodGet, "/api/dcim/"+tt.path+"/", "")
			assert.Equal(t, tt.want, res.StatusCode, "%s: %s", tt.path, shown(body))
		}
		const nobody = "Related object not found using the provided attributes: "
		references := []struct{ value, want string }{
			{"deep 3;deep 2;deep 1", ""}, {"deep+3;deep+2;deep%201", ""}, {"deep 3;deep 2;deep 1;%00;%00", ""},
			{"deep 3;deep 2", nobody + "{'name': 'deep 3', 'parent__name': 'deep 2', 'parent__parent__name': None}"},
			{"deep 3", nobody + "{'name': 'deep 3', 'parent__name': None, 'parent__parent__name': None}"},
		}
		for _, tt := range references {
			res, body := r.ask(t, http.MethodPatch, low, fmt.Sprintf(`{"location":%q}`, tt.value))
			if tt.want == "" {
				assert.Equal(t, http.StatusOK, res.StatusCode, "%s: %s", tt.value, shown(body))
				continue
			}
			assert.Equal(t, map[string]any{"location": []any{tt.want}}, body, tt.value)
		}
		_, body := r.ask(t, http.MethodPatch, "/api/dcim/location-types/"+site+"/", `{"parent":"site;x"}`)
		assert.Equal(t, map[string]any{"parent": []any{"Related object not found using provided composite-key: site;x"}}, body, "other trees do not go on")

		const header = "name,location__name,location__parent__name,location__parent__parent__name,status__name,role__name,device_type__model\n"
		res, body := r.ask(t, http.MethodPost, "/api/dcim/devices/", header+"a,deep 3,deep 2,deep 1,Active,r,x\nb,flat 1,NoObject,NoObject,Active,r,x\n", "Content-Type", "text/csv")
		assert.Equal(t, http.StatusCreated, res.StatusCode, shown(body))
		_, body = r.ask(t, http.MethodPost, "/api/dcim/devices/", header+"c,deep 2,NoObject,NoObject,Active,r,x\n", "Content-Type", "text/csv")
		assert.Equal(t, []any{map[string]any{"location": []any{nobody + "{'name': 'deep 2', 'parent__name': None, 'parent__parent__name': None}"}}}, body)

		tail := nested(t, r, site, "tail", 5)
		assert.Len(t, keyColumns(t, r, "/api/dcim/devices/", "location__"), 5)
		r.must(t, http.StatusOK, http.MethodPatch, "/api/dcim/locations/"+tail[3]+"/", map[string]any{"parent": tail[0]})
		assert.Len(t, keyColumns(t, r, "/api/dcim/devices/", "location__"), 3, "moved up with what is below")
		r.must(t, http.StatusNoContent, http.MethodDelete, "/api/dcim/locations/"+tail[0]+"/", nil)
		assert.Len(t, keyColumns(t, r, "/api/dcim/devices/", "location__"), 3, "others are as deep")
	})
}

// TestStatementsOfNaturalKeys: the names above the locations of a page of devices
// are read in one statement, and in none where there is but one level.
func TestStatementsOfNaturalKeys(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r := start(t, s)
		active := map[string]any{"name": "Active"}
		site := r.id(t, "/api/dcim/location-types/", map[string]any{"name": "site", "nestable": true, "content_types": []string{"dcim.device"}})
		maker := r.id(t, "/api/dcim/manufacturers/", map[string]any{"name": "m"})
		model := r.id(t, "/api/dcim/device-types/", map[string]any{"manufacturer": maker, "model": "x"})
		role := r.id(t, "/api/extras/roles/", map[string]any{"name": "r", "content_types": []string{"dcim.device"}})
		devices := func(name string, places []string) {
			t.Helper()
			var bodies []map[string]any
			for i := range 60 {
				bodies = append(bodies, map[string]any{"name": fmt.Sprint(name, i), "location": places[i%len(places)], "status": active, "role": role, "device_type": model})
			}
			r.bulk(t, "/api/dcim/devices/", bodies)
		}
		counted := func(limit string) int64 {
			t.Helper()
			path := "/api/dcim/devices/?sort=name&include=relationships&limit=" + limit
			r.must(t, http.StatusOK, http.MethodGet, path, nil)
			var statements atomic.Int64
			s.Observe(func(text string) {
				if !strings.Contains(text, "from state") && !strings.Contains(text, "from token") {
					statements.Add(1)
				}
			})
			defer s.Observe(nil)
			res, body := r.ask(t, http.MethodGet, path, "")
			require.Equal(t, http.StatusOK, res.StatusCode, shown(body))
			return statements.Load()
		}
		devices("flat", nested(t, r, site, "flat", 1))
		level := counted("2")
		assert.Equal(t, level, counted("60"), "an object more costs no statement")
		devices("deep", nested(t, r, site, "deep", 4))
		assert.Equal(t, level+1, counted("2"))
		assert.Equal(t, level+1, counted("120"))
	})
}
