package api

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

// columnKinds are the kinds of the fields that a CSV body may have columns for;
// other names are taken for text, and ignored later if nothing knows them.
type columnKinds map[string]objects.Kind

var (
	relationshipColumns = columnKinds{
		"source_type": objects.ContentType, "destination_type": objects.ContentType,
		"source_filter": objects.JSON, "destination_filter": objects.JSON,
	}
	associationColumns = columnKinds{
		"source_type": objects.ContentType, "destination_type": objects.ContentType,
		"relationship": objects.Reference,
	}
)

// columnsOf are the columns of a type.
func columnsOf(t *objects.Type) columnKinds {
	kinds := columnKinds{}
	for _, f := range t.Fields {
		kinds[f.Name] = f.Kind
	}
	return kinds
}

// Words of CSV for what is null, and for a reference to nothing.
const (
	csvNull     = "NULL"
	csvNoObject = "NoObject"
)

// draftsFromCSV reads a text/csv body: a header and a row for each thing
// (reference section 3.5).
func draftsFromCSV(raw []byte, most int, kinds columnKinds) ([]objects.Draft, error) {
	if !utf8.Valid(raw) {
		return nil, fault.Invalidf("CSV parse error - the text is not in UTF-8.")
	}
	raw, closed := keepReturns(bytes.TrimPrefix(raw, []byte("\ufeff")))
	if !closed {
		return nil, fault.Invalidf("CSV parse error - the last quoted cell has no end.")
	}
	reader := csv.NewReader(bytes.NewReader(raw))
	reader.LazyQuotes = true // a quote within a cell without quotes is itself
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil, fault.Invalidf("CSV parse error - there is no header line.")
	}
	if err != nil {
		return nil, fault.Invalidf("CSV parse error - %v", err)
	}
	for i, name := range header {
		if header[i] = strings.TrimSpace(name); header[i] == "" {
			return nil, fault.Invalidf("CSV parse error - column %d of the header has no name.", i+1)
		}
	}
	var drafts []objects.Draft
	for {
		row, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return drafts, nil
		}
		if err != nil {
			return nil, fault.Invalidf("CSV parse error - %v", err)
		}
		if len(drafts) == most {
			return nil, tooManyMembers(len(drafts)+1, most)
		}
		draft, err := draftFromRow(header, row, kinds)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", len(drafts)+1, err)
		}
		drafts = append(drafts, draft)
	}
}

// keepReturns doubles the carriage returns before line breaks in quoted cells, for
// the reader drops one of each. It is false when the text ends in such a cell.
func keepReturns(raw []byte) ([]byte, bool) {
	out := make([]byte, 0, len(raw))
	quoted, begins := false, true
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		next := byte(0)
		if i+1 < len(raw) {
			next = raw[i+1]
		}
		switch {
		case c == '"' && quoted && next == '"':
			out = append(out, c)
			i++
		case c == '"' && (quoted || begins):
			quoted = !quoted
		case c == '\r' && quoted && next == '\n':
			out = append(out, c)
		}
		begins = !quoted && (c == ',' || c == '\n')
		out = append(out, c)
	}
	return out, !quoted
}

// draftFromRow makes a draft of one row. Columns field__attribute together are
// the attributes of one reference, columns cf_key custom fields.
func draftFromRow(header, row []string, kinds columnKinds) (objects.Draft, error) {
	fields := newOrdered()
	none := map[string][]string{} // of references: attributes that no object has
	for i, name := range header {
		value := row[i]
		if value == csvNoObject {
			if field, path, ok := strings.Cut(name, "__"); ok && kinds[field] == objects.Reference {
				none[field] = append(none[field], path)
			}
			continue // as if there were no such column
		}
		if key, ok := strings.CutPrefix(name, "cf_"); ok {
			fields.nested("custom_fields").set(key, cellOf(value, objects.Text))
			continue
		}
		field, path, isReference := strings.Cut(name, "__")
		if !isReference || kinds[field] != objects.Reference {
			fields.set(name, cellOf(value, kinds[name]))
			continue
		}
		fields.nested(field).set(path, cellOf(value, objects.Text))
	}
	for field, paths := range none {
		// Where other columns name an object, it has none there.
		if _, named := fields.values[field].(*ordered); named {
			for _, path := range paths {
				fields.nested(field).set(path, nil)
			}
		}
	}
	raw, err := fields.json()
	if err != nil {
		return objects.Draft{}, err
	}
	return objects.DecodeDraft(raw)
}

// cellOf is the value of a cell for a field of that kind.
func cellOf(value string, kind objects.Kind) any {
	if value == csvNull {
		return nil
	}
	switch kind {
	case objects.JSON, objects.Derived:
		if value == "" {
			return nil
		}
		if scanJSON([]byte(value)) == "" {
			return json.RawMessage(value)
		}
	case objects.References, objects.ContentTypes, objects.Choices, objects.Numbers, objects.Texts:
		if value == "" {
			return []string{}
		}
		return strings.Split(value, ",")
	case objects.Text, objects.Slug, objects.URL, objects.Email, objects.Color, "":
	default:
		if value == "" {
			return nil
		}
	}
	return value
}

// ordered is a JSON object in the making that keeps the order of its members.
type ordered struct {
	names  []string
	values map[string]any
}

func newOrdered() *ordered { return &ordered{values: map[string]any{}} }

func (o *ordered) set(name string, value any) {
	if _, ok := o.values[name]; !ok {
		o.names = append(o.names, name)
	}
	o.values[name] = value
}

func (o *ordered) nested(name string) *ordered {
	if inner, ok := o.values[name].(*ordered); ok {
		return inner
	}
	inner := newOrdered()
	o.set(name, inner)
	return inner
}

// json returns the object.
func (o *ordered) json() ([]byte, error) {
	b := []byte{'{'}
	for i, name := range o.names {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
		b = append(b, ':')
		if inner, ok := o.values[name].(*ordered); ok {
			raw, err := inner.json()
			if err != nil {
				return nil, err
			}
			b = append(b, raw...)
			continue
		}
		raw, err := json.Marshal(o.values[name])
		if err != nil {
			return nil, err
		}
		b = append(b, raw...)
	}
	return append(b, '}'), nil
}
