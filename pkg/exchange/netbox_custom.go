package exchange

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// customValues adds to d what its row has in custom fields that were made.
func (im *netBox) customValues(t *objects.Type, d *draft) {
	data, _ := d.row.fields["custom_field_data"].(map[string]any)
	values := map[string]any{}
	for key, v := range data {
		field := t.CustomField(key)
		if field == nil {
			if !empty(v) && !im.refersToObjects(key) {
				im.lostValue(d.row, "custom_field_data."+key, "there is no custom field of this key")
			}
			continue
		}
		if empty(v) {
			v = nil
		}
		if field.Kind == objects.Text && v != nil {
			v = keyText(v)
		}
		values[key] = v
	}
	if len(values) > 0 {
		d.set("custom_fields", values)
	}
}

// objectFields are the custom fields whose values are rows: links here.
func (im *netBox) objectFields() []*row {
	return slices.DeleteFunc(slices.Clone(im.d.rows["extras.customfield"]), func(r *row) bool {
		return r.fields["type"] != "object" && r.fields["type"] != "multiobject"
	})
}

func (im *netBox) refersToObjects(key string) bool {
	return slices.ContainsFunc(im.objectFields(), func(r *row) bool { return r.fields["name"] == key })
}

// customLinks turns custom fields that refer to objects into definitions, one
// for each type that has the field.
func (im *netBox) customLinks() []*link {
	var links []*link
	for _, f := range im.objectFields() {
		key := keyText(f.fields["name"])
		target := im.d.contentType(f.fields["object_type"])
		if related := f.fields["related_object_type"]; !empty(related) {
			target = im.d.contentType(related)
		}
		models, _ := f.fields["content_types"].([]any)
		if len(models) == 0 {
			models, _ = f.fields["object_types"].([]any)
		}
		for _, m := range models {
			if l := im.customLink(f, key, im.d.contentType(m), target); l != nil {
				links = append(links, l)
			}
		}
	}
	return links
}

func (im *netBox) customLink(f *row, key, model, target string) *link {
	from, to := im.mainType(model), im.mainType(target)
	if from == "" || to == "" {
		im.leftOut("extras.customfield", "there is no counterpart for "+model+" or "+target, 1)
		return nil
	}
	label := keyText(f.fields["label"])
	if label == "" {
		label = key
	}
	field := "custom:" + key
	several := f.fields["type"] == "multiobject"
	im.m.note(model, map[string]ref{field: {Model: target, Many: several}})
	im.m.use(model, field)
	for _, r := range im.d.rows[model] {
		if data, ok := r.fields["custom_field_data"].(map[string]any); ok {
			r.fields[field] = data[key]
		}
	}
	l := &link{Key: key + "_" + strings.ReplaceAll(from, ".", "_"), Label: label + " (" + from + ")", Description: keyText(f.fields["description"])}
	if several {
		l.Type = string("many-to-many")
		l.Source, l.Destination = linkEnd{Type: from, Label: label}, linkEnd{Type: to}
		l.Pairs = []pairs{{Of: model, Source: []string{"self"}, Destination: []string{field}}}
		return l
	}
	l.Type = "one-to-many"
	l.Source, l.Destination = linkEnd{Type: to}, linkEnd{Type: from, Label: label}
	l.Pairs = []pairs{{Of: model, Source: []string{field}, Destination: []string{"self"}}}
	return l
}

// mainType is the type that rows of a model become, the last where there are
// several.
func (im *netBox) mainType(model string) string {
	for _, k := range slices.Backward(im.m.Kinds) {
		if k.Model == model {
			return k.Type
		}
	}
	return ""
}

// makeChoices makes the choices of custom fields.
func (im *netBox) makeChoices(ctx context.Context) error {
	t := im.target.Catalogue(ctx).Type("extras.customfieldchoice")
	field := t.Field("custom_field").To[0]
	k := &kind{Model: "extras.customfieldchoiceset", Type: t.Name, Find: []string{"value", "custom_field"}}
	var drafts []*draft
	for _, r := range im.d.rows["extras.customfield"] {
		owner, ok := r.made[field]
		if !ok {
			continue
		}
		for i, value := range im.choices(r) {
			d := &draft{kind: k, id: newID(t.Name, r.pk, value), values: map[string]any{},
				row: &row{model: k.Model, pk: value, made: map[string]uuid.UUID{}}}
			d.set("custom_field", owner)
			d.set("value", value)
			d.set("weight", (i+1)*10)
			drafts = append(drafts, d)
		}
	}
	if len(drafts) == 0 {
		return nil
	}
	return im.write(ctx, t, drafts)
}

// choices are the values of a custom field: its own before NetBox 3.6, those of
// a set since.
func (im *netBox) choices(r *row) []string {
	list, _ := r.fields["choices"].([]any)
	sets, _ := im.d.targets(im.m.refs[r.model], r, "choice_set")
	for _, set := range sets {
		switch extra := set.fields["extra_choices"].(type) {
		case []any:
			list = extra
		case string:
			_ = json.Unmarshal([]byte(extra), &list) // what is no list has no choices
		}
		if base := keyText(set.fields["base_choices"]); base != "" {
			im.leftOut("extras.customfieldchoiceset", "the set "+base+" is NetBox's own", 1)
		}
	}
	var values []string
	for _, item := range list {
		if both, ok := item.([]any); ok && len(both) > 0 {
			item = both[0]
		}
		if value := keyText(item); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}
