package api

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

const contentTypesPath = "extras/content-types"

// contentTypeResource is the types themselves: those of the catalogue.
type contentTypeResource struct{}

// contentTypeTests are the filters of the list.
var contentTypeTests = map[string]func(t *objects.Type, values []string) bool{
	"id": func(t *objects.Type, values []string) bool { return slices.Contains(values, strconv.Itoa(int(t.ID))) },
	"app_label": func(t *objects.Type, values []string) bool {
		app, _, _ := strings.Cut(t.Name, ".")
		return slices.Contains(values, app)
	},
	"model": func(t *objects.Type, values []string) bool {
		_, model, _ := strings.Cut(t.Name, ".")
		return slices.Contains(values, model)
	},
	"feature": func(t *objects.Type, values []string) bool {
		return t.Related && values[len(values)-1] == "relationships"
	},
	"can_add": func(*objects.Type, []string) bool { return true },
	"q": func(t *objects.Type, values []string) bool {
		return strings.Contains(strings.ToLower(t.Name+" "+t.Singular), strings.ToLower(values[len(values)-1]))
	},
}

// matching returns the types that the filters of the query match, in order.
func (a contentTypeResource) matching(r *request) ([]*objects.Type, error) {
	problems := &fault.Error{Kind: fault.Invalid}
	for _, p := range r.query.filters() {
		if contentTypeTests[p.Name] == nil {
			problems.Add([]string{p.Name}, "Unknown filter field")
		}
	}
	if err := problems.OrNil(); err != nil {
		return nil, err
	}
	var list []*objects.Type
	cat := r.catalogue()
	for _, t := range cat.Types() {
		fits := true
		for _, p := range r.query.filters() {
			fits = fits && contentTypeTests[p.Name](t, p.Values)
		}
		if fits {
			list = append(list, t)
		}
	}
	slices.SortFunc(list, func(a, b *objects.Type) int {
		return cmp.Or(strings.Compare(cat.Label(a), cat.Label(b)), cmp.Compare(a.ID, b.ID))
	})
	return list, nil
}

func (a contentTypeResource) list(r *request) error {
	if _, err := readView(r.query); err != nil {
		return err
	}
	list, err := a.matching(r)
	if err != nil {
		return err
	}
	p := readPage(r.query)
	return r.answer(200, r.appendPage(nil, p, len(list), appendList(nil, within(list, p), r.appendContentType)))
}

func (a contentTypeResource) show(r *request, id string) error {
	if strings.Trim(id, "0123456789") != "" {
		return fault.NotFoundf("Not found.")
	}
	if _, err := readView(r.query); err != nil {
		return err
	}
	list, err := a.matching(r)
	if err != nil {
		return err
	}
	for _, t := range list {
		if strconv.Itoa(int(t.ID)) == id {
			return r.answer(200, r.appendContentType(nil, t))
		}
	}
	return noMatch("contenttypes.ContentType")
}

func (a contentTypeResource) options(r *request, item bool) error {
	name := "Content Types"
	if item {
		name = "Content Type"
	}
	return r.describe(name, "The content types of the catalogue, and those made at run time.", nil)
}

func (r *request) appendContentType(b []byte, t *objects.Type) []byte {
	app, model, _ := strings.Cut(t.Name, ".")
	id := strconv.Itoa(int(t.ID))
	b = append(b, `{"id":`+id+`,"object_type":"contenttypes.contenttype","display":`...)
	b = appendString(b, r.catalogue().Label(t))
	b = append(b, `,"url":`...)
	b = appendString(b, r.link(contentTypesPath, id))
	b = append(b, `,"natural_slug":`...)
	b = appendString(b, fmt.Sprintf("%s_%s_%s", app, model, id))
	b = append(b, `,"app_label":`...)
	b = appendString(b, app)
	b = append(b, `,"model":`...)
	b = appendString(b, model)
	return append(b, '}')
}
