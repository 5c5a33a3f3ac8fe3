package api

import (
	"maps"
	"runtime"
	"slices"
	"strings"

	"relata/pkg/objects"
)

// ownAddresses are the lists beside those of the catalogue, by app. Some are
// not built yet and answer 404; clients find them here from the first day.
var ownAddresses = map[string][]string{
	"extras": {"relationships", "relationship-associations", "object-changes", "webhooks", "content-types", "object-types", "changes"},
	"users":  {"users", "groups", "tokens", "permissions"},
	"graph":  {"query", "search", "relate", "import", "path", "impact", "stats", "export"},
}

// ownRoots are addresses directly below /api/.
var ownRoots = []string{"docs", "graphql", "status", "swagger.json", "transactions"}

// appAddresses returns the lists of an app, sorted, or nil.
func appAddresses(cat *objects.Catalogue, app string) []string {
	found := map[string]bool{}
	for _, name := range ownAddresses[app] {
		found[name] = true
	}
	for _, t := range cat.Types() {
		if of, models, ok := strings.Cut(t.Path, "/"); ok && of == app {
			found[models] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// root answers /api/.
func (r *request) root(*request) error {
	cat := r.catalogue()
	apps := map[string]bool{}
	for app := range ownAddresses {
		apps[app] = true
	}
	for _, t := range cat.Types() {
		if app, _, ok := strings.Cut(t.Path, "/"); ok {
			apps[app] = true
		}
	}
	for _, name := range ownRoots {
		apps[name] = true
	}
	return r.addresses("/api/", slices.Sorted(maps.Keys(apps)))
}

// addresses answers names with where they stand below path.
func (r *request) addresses(path string, names []string) error {
	b := appendList([]byte{'{'}, names, func(b []byte, name string) []byte {
		end := "/"
		if strings.Contains(name, ".") { // a file
			end = ""
		}
		return appendString(append(appendString(b, name), ':'), r.base+path+name+end+r.suffix)
	})
	return r.answer(200, append(b, '}'))
}

// NautobotVersion is the version whose contract is answered; clients compare it.
const NautobotVersion = "3.2.7"

// status answers /api/status/.
func (r *request) status(*request) error {
	version := r.api.Version
	if version == "" {
		version = "unknown"
	}
	b := []byte(`{"django-version":"none","installed-apps":{"relata":`)
	b = appendString(b, version)
	b = append(b, `},"nautobot-version":"`+NautobotVersion+`","nautobot-apps":{},"plugins":{},"python-version":"none","relata-version":`...)
	b = appendString(b, version)
	b = append(b, `,"go-version":`...)
	b = appendString(b, strings.TrimPrefix(runtime.Version(), "go"))
	return r.answer(200, append(b, `,"celery-workers-running":0}`...))
}

// appTitle is what an app of the address is called.
func appTitle(cat *objects.Catalogue, app string) string {
	for _, t := range cat.Types() {
		if strings.HasPrefix(t.Path, app+"/") {
			title, _, _ := strings.Cut(cat.Label(t), " | ")
			return title
		}
	}
	return strings.ToUpper(app[:1]) + app[1:]
}
