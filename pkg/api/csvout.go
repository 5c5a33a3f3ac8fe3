package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/objects"
)

// column is one column of the CSV of a type.
type column struct {
	name  string
	field *objects.Field
	// key is the path from a referenced object to a value of its natural key.
	key    string
	custom bool
}

// csvColumns are the columns of a type (reference section 3.5): a name first,
// display and id, then the fields in order, a reference by the natural key of
// its target, custom fields last.
func csvColumns(cat *objects.Catalogue, t *objects.Type) []column {
	var columns []column
	named := t.Field("name")
	if named != nil && !named.Hidden && !named.WriteOnly {
		columns = append(columns, column{name: "name", field: named})
	}
	columns = append(columns, column{name: "display", field: t.Field("display")}, column{name: "id", field: t.Field("id")})
	for _, f := range t.Fields {
		switch {
		case f.Hidden, f.WriteOnly, f.Name == "name", f.Name == "display", f.Name == "id", f.Name == "custom_fields",
			f.Derive == "url", f.Derive == "notes_url", f.Derive == "config_context":
			continue
		case f.Kind == objects.Reference && len(f.To) == 1 && cat.Type(f.To[0]) != nil:
			for _, key := range cat.Type(f.To[0]).NaturalKey {
				columns = append(columns, column{name: f.Name + "__" + key, field: f, key: key})
			}
		default:
			columns = append(columns, column{name: f.Name, field: f})
		}
	}
	for _, f := range t.CustomFields {
		columns = append(columns, column{name: "cf_" + f.Name, field: f, custom: true})
	}
	return columns
}

// listCSV writes all objects that match, chunk by chunk.
func (a objectResource) listCSV(r *request, list objects.List) error {
	columns := csvColumns(r.catalogue(), a.t)
	w := a.csvWriter(r, columns)
	list.Limit = csvChunk
	for {
		rows, err := a.Store.Objects(r.ctx(), r.catalogue(), list)
		if err != nil {
			return err
		}
		if err := a.writeCSV(r, w, columns, rows); err != nil {
			return err
		}
		if len(rows) < csvChunk {
			return w.begin()
		}
		list.Offset += csvChunk
	}
}

func (a objectResource) oneCSV(r *request, row objects.Shown) error {
	columns := csvColumns(r.catalogue(), a.t)
	w := a.csvWriter(r, columns)
	return a.writeCSV(r, w, columns, []objects.Shown{row})
}

func (a objectResource) csvWriter(r *request, columns []column) *csvWriter {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.name
	}
	return r.newCSV(a.t.Model(), names)
}

// writeCSV writes some objects.
func (a objectResource) writeCSV(r *request, w *csvWriter, columns []column, rows []objects.Shown) error {
	if len(rows) == 0 {
		return nil
	}
	l, err := a.newLevel(r.ctx(), r.catalogue(), rows, view{counts: true}, false, 0)
	if err != nil {
		return err
	}
	stored := make([]objects.Stored, len(rows))
	for i := range rows {
		stored[i] = rows[i].Stored
	}
	reading, err := objects.NewReading(r.ctx(), a.Store, r.catalogue(), stored)
	if err != nil {
		return err
	}
	for i := range rows {
		one := l.byID[rows[i].ID]
		var data map[string]json.RawMessage
		if err := json.Unmarshal(one.Data, &data); err != nil {
			return fmt.Errorf("data of object %s: %w", one.ID, err)
		}
		var custom map[string]json.RawMessage
		if raw := data["custom_fields"]; raw != nil {
			if err := json.Unmarshal(raw, &custom); err != nil {
				return fmt.Errorf("custom fields of object %s: %w", one.ID, err)
			}
		}
		values := make([]string, len(columns))
		for j, c := range columns {
			if c.custom {
				values[j] = csvCell(customValue(c.field, custom[c.field.Name]))
				continue
			}
			values[j] = l.csvValue(one, c, data, reading)
		}
		if err := w.row(values); err != nil {
			return err
		}
	}
	return reading.Err()
}

// customValue is the stored value of a custom field as answers show it.
func customValue(f *objects.Field, stored json.RawMessage) json.RawMessage {
	if f.Kind == objects.Time {
		return bytes.Replace(stored, []byte(`.000000Z"`), []byte(`Z"`), 1)
	}
	return stored
}

// csvValue is the cell of an object in a column.
func (l *level) csvValue(one *thing, c column, data map[string]json.RawMessage, reading *objects.Reading) string {
	f := c.field
	switch {
	case f.Name == "id":
		return one.ID.String()
	case f.Derive == "display":
		return one.labels.display
	case f.Derive == "natural_slug":
		return one.labels.slug
	case f.Derive == "object_type":
		return one.t.Name
	case f.Name == "created":
		return timeText(one.Created)
	case f.Name == "last_updated":
		return timeText(one.LastUpdated)
	case f.Kind == objects.Count:
		return strconv.Itoa(one.counts[f.Name])
	case c.key != "":
		return l.csvKey(one, c, reading)
	case f.Kind == objects.Reference || f.Kind == objects.References:
		return l.csvTargets(l.refsOf(one, f), reading)
	case isComputed(f):
		return l.csvComputed(one.read[f.Name])
	}
	if f.Kind == objects.Choice && string(data[f.Name]) == `""` {
		return csvNull
	}
	return csvCell(data[f.Name])
}

// csvComputed is the cell of a value that was computed; ends of cables stand there
// as a body names them.
func (l *level) csvComputed(value any) string {
	ends, ok := value.([]objects.End)
	if !ok {
		return csvAny(value)
	}
	named := newOrdered()
	for _, end := range ends {
		t := l.types[end.ID]
		if t == nil {
			named.set(end.Key, nil)
			continue
		}
		named.nested(end.Key).set("object_type", t.Name)
		named.nested(end.Key).set("id", end.ID)
	}
	raw, err := named.json()
	if err != nil {
		return csvNull
	}
	return csvJSON(raw)
}

// csvKey is a value of the natural key of what a reference leads to.
func (l *level) csvKey(one *thing, c column, reading *objects.Reading) string {
	links := l.refsOf(one, c.field)
	if len(links) == 0 {
		return csvNoObject
	}
	if c.key == "pk" || c.key == "id" {
		return links[0].Target.String()
	}
	value := reading.Value(links[0].Target, c.key)
	if value == nil && strings.Contains(c.key, "__") {
		return csvNoObject
	}
	return csvAny(value)
}

// csvTargets are the natural keys of several objects, joined by commas.
func (l *level) csvTargets(links []objects.ShownLink, reading *objects.Reading) string {
	names := make([]string, len(links))
	for i, link := range links {
		names[i] = reading.Str(link.Target)
	}
	slices.Sort(names)
	return strings.Join(names, ",")
}

// csvCell is a stored JSON value as a cell.
func csvCell(raw json.RawMessage) string {
	if len(raw) == 0 {
		return csvNull
	}
	switch raw[0] {
	case 'n':
		return csvNull
	case 't':
		return "True"
	case 'f':
		return "False"
	case '"':
		var text string
		if json.Unmarshal(raw, &text) != nil {
			return csvNull
		}
		return text
	case '[':
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			return csvNull
		}
		cells := make([]string, len(list))
		for i := range list {
			cells[i] = csvCell(list[i])
		}
		return strings.Join(cells, ",")
	case '{':
		return csvJSON(raw)
	}
	return string(raw)
}

// csvAny is a computed value as a cell.
func csvAny(value any) string {
	switch v := value.(type) {
	case nil:
		return csvNull
	case string:
		return v
	case bool:
		return csvBool(v)
	case uuid.UUID:
		return v.String()
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return csvNull
	}
	return csvCell(raw)
}
