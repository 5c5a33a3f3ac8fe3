package api

import (
	"encoding/json"
	"strconv"

	"relata/pkg/objects"
)

const objectTypesPath = "extras/object-types"

// objectTypeResource is the types made at run time. The address is ours: unknown
// names in a body are told, not dropped.
type objectTypeResource struct{ *API }

func (a objectTypeResource) list(r *request) error {
	if err := r.unfiltered(); err != nil {
		return err
	}
	all, err := a.Types.List(r.ctx())
	if err != nil {
		return err
	}
	p := readPage(r.query)
	var results []byte
	for i, d := range within(all, p) {
		if i > 0 {
			results = append(results, ',')
		}
		if results, err = r.appendObjectType(results, d); err != nil {
			return err
		}
	}
	return r.answer(200, r.appendPage(nil, p, len(all), results))
}

func (a objectTypeResource) create(r *request) error {
	raw, err := r.json()
	if err != nil {
		return err
	}
	made, err := a.Types.Create(r.ctx(), raw)
	if err != nil {
		return err
	}
	r.cat = nil
	body, err := r.appendObjectType(nil, made)
	if err != nil {
		return err
	}
	return r.created(r.link(objectTypesPath, strconv.Itoa(int(made.ID))), body)
}

func (a objectTypeResource) show(r *request, id string) error {
	if err := r.unfiltered(); err != nil {
		return err
	}
	found, err := a.Types.Find(r.ctx(), id)
	if err != nil {
		return err
	}
	return r.answerObjectType(found)
}

func (a objectTypeResource) change(r *request, id string, _ bool) error {
	if _, err := a.Types.Find(r.ctx(), id); err != nil {
		return err
	}
	raw, err := r.json()
	if err != nil {
		return err
	}
	changed, err := a.Types.Update(r.ctx(), id, raw)
	if err != nil {
		return err
	}
	r.cat = nil
	return r.answerObjectType(changed)
}

func (a objectTypeResource) delete(r *request, id string) error {
	if err := a.Types.Delete(r.ctx(), id); err != nil {
		return err
	}
	return r.gone()
}

func (a objectTypeResource) options(r *request, item bool) error {
	fields := []fieldInfo{
		{name: "id", kind: "integer", label: "Id", readOnly: true},
		{name: "object_type", kind: "string", label: "Object type", readOnly: true},
		{name: "display", kind: "string", label: "Display", readOnly: true},
		{name: "url", kind: "field", label: "Url", readOnly: true},
		{name: "content_type", kind: "string", label: "Content type", readOnly: true},
		{name: "objects_url", kind: "field", label: "Objects url", readOnly: true},
		{name: "app_label", kind: "string", label: "App label", required: true},
		{name: "model", kind: "string", label: "Model", required: true},
		{name: "verbose_name", kind: "string", label: "Verbose name", required: true},
		{name: "verbose_name_plural", kind: "string", label: "Verbose name plural", required: true},
		{name: "fields", kind: "list", label: "Fields", required: true, child: &fieldInfo{kind: "nested object", required: true}},
	}
	name := "Object Types"
	if item {
		name = "Object Type"
	}
	return r.describe(name, "Types of object made at run time.", actions(item, fields))
}

func (r *request) answerObjectType(d objects.TypeDefinition) error {
	body, err := r.appendObjectType(nil, d)
	if err != nil {
		return err
	}
	return r.answer(200, body)
}

// appendObjectType appends a type with the address of its objects.
func (r *request) appendObjectType(b []byte, d objects.TypeDefinition) ([]byte, error) {
	id := strconv.Itoa(int(d.ID))
	display, path := d.Name(), ""
	if t := r.catalogue().Type(d.Name()); t != nil {
		display, path = r.catalogue().Label(t), t.Path
	}
	b = append(b, `{"id":`+id+`,"object_type":"extras.objecttype","display":`...)
	b = appendString(b, display)
	b = append(b, `,"url":`...)
	b = appendString(b, r.link(objectTypesPath, id))
	b = append(b, `,"content_type":`...)
	b = appendString(b, d.Name())
	b = append(b, `,"objects_url":`...)
	b = appendString(b, r.base+"/api/"+path+"/"+r.suffix)
	b = append(b, `,"app_label":`...)
	b = appendString(b, d.AppLabel)
	b = append(b, `,"model":`...)
	b = appendString(b, d.Model)
	b = append(b, `,"verbose_name":`...)
	b = appendString(b, d.VerboseName)
	b = append(b, `,"verbose_name_plural":`...)
	b = appendString(b, d.VerboseNamePlural)
	b = append(b, `,"fields":`...)
	fields := d.Fields
	if fields == nil {
		fields = []objects.FieldDefinition{}
	}
	raw, err := json.Marshal(fields)
	if err != nil {
		return nil, err
	}
	return append(append(b, raw...), '}'), nil
}
