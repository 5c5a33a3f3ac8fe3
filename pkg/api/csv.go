package api

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"relata/pkg/associations"
	"relata/pkg/filters"
	"relata/pkg/relationships"
)

// csvChunk is how many things are read at a time for a CSV answer, which has no
// end of its own.
const csvChunk = 500

// csvWriter writes rows as they come. Without rows it writes nothing, no header either.
type csvWriter struct {
	r       *request
	model   string
	columns []string
	begun   bool
}

// newCSV begins a CSV answer about the models of that name.
func (r *request) newCSV(model string, columns []string) *csvWriter {
	return &csvWriter{r: r, model: model, columns: columns}
}

func (w *csvWriter) begin() error {
	if w.begun {
		return nil
	}
	w.begun = true
	header := w.r.Response().Header()
	header.Set(echo.HeaderContentType, "text/csv; charset=UTF-8")
	header.Set(echo.HeaderContentDisposition, `attachment; filename="nautobot_`+w.model+`_data.csv"`)
	w.r.Response().WriteHeader(http.StatusOK)
	return nil
}

// row writes one row, and the header before the first.
func (w *csvWriter) row(values []string) error {
	if w.r.Request().Method == http.MethodHead {
		return w.begin()
	}
	var b []byte
	if !w.begun {
		b = appendCSV(b, w.columns)
	}
	if err := w.begin(); err != nil {
		return err
	}
	_, _ = w.r.Response().Write(appendCSV(b, values)) // a client that is gone cannot be told
	return nil
}

// appendCSV appends a line, quoting what must be.
func appendCSV(b []byte, values []string) []byte {
	for i, value := range values {
		if i > 0 {
			b = append(b, ',')
		}
		if !strings.ContainsAny(value, ",\"\r\n") && !(value == "" && len(values) == 1) {
			b = append(b, value...)
			continue
		}
		b = append(b, '"')
		b = append(b, strings.ReplaceAll(value, `"`, `""`)...)
		b = append(b, '"')
	}
	return append(b, '\r', '\n')
}

func csvBool(v bool) string {
	if v {
		return "True"
	}
	return "False"
}

// csvJSON is a JSON value as a cell, in the layout of Python's json module.
func csvJSON(raw json.RawMessage) string {
	if len(raw) == 0 || bytes.Equal(raw, []byte("null")) {
		return csvNull
	}
	var b []byte
	inside := false
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		switch {
		case inside && c == '\\':
			b = append(b, c, raw[i+1])
			i++
			continue
		case c == '"':
			inside = !inside
		case inside:
		case c == ' ' || c == '\n' || c == '\t' || c == '\r':
			continue
		case c == ',' || c == ':':
			b = append(b, c, ' ')
			continue
		}
		b = append(b, c)
	}
	return string(b)
}

var relationshipHeader = []string{"display", "id", "object_type", "natural_slug", "source_type", "destination_type", "label", "key",
	"description", "type", "required_on", "source_label", "source_hidden", "source_filter", "destination_label",
	"destination_hidden", "destination_filter", "advanced_ui", "created", "last_updated"}

func (r *request) relationshipsCSV(list []*relationships.Relationship) error {
	w := r.newCSV("relationship", relationshipHeader)
	for _, rel := range list {
		err := w.row([]string{rel.Label, rel.ID.String(), "extras.relationship", relationshipSlug(rel), rel.Source.Type, rel.Destination.Type,
			rel.Label, rel.Key, rel.Description, string(rel.Type), rel.RequiredOn, rel.Source.Label, csvBool(rel.Source.Hidden),
			csvJSON(rel.Source.Filter), rel.Destination.Label, csvBool(rel.Destination.Hidden), csvJSON(rel.Destination.Filter),
			csvBool(rel.AdvancedUI), timeText(rel.Created), timeText(rel.LastUpdated)})
		if err != nil {
			return err
		}
	}
	return w.begin()
}

var associationHeader = []string{"display", "id", "object_type", "natural_slug", "source_type", "destination_type", "source_id",
	"destination_id", "relationship__key"}

func (w *csvWriter) association(a associations.Association) error {
	return w.row([]string{a.Display(), a.ID.String(), "extras.relationshipassociation", associationSlug(a),
		a.Relationship.Source.Type, a.Relationship.Destination.Type, a.SourceID.String(), a.DestinationID.String(), a.Relationship.Key})
}

func (r *request) associationsCSV(list []associations.Association) error {
	w := r.newCSV("relationshipassociation", associationHeader)
	for _, a := range list {
		if err := w.association(a); err != nil {
			return err
		}
	}
	return w.begin()
}

// listCSV writes all associations that match, chunk by chunk in the order of
// ids, or sorted in one piece where an order is asked for.
func (a associationResource) listCSV(r *request, q filters.Query) error {
	if sort := readSort(r.query); len(sort) > 0 {
		list, err := a.API.Associations.Associations(r.ctx(), associations.List{Query: q, Sort: sort})
		if err != nil {
			return err
		}
		return r.associationsCSV(list)
	}
	w := r.newCSV("relationshipassociation", associationHeader)
	list := associations.List{Query: q, Limit: csvChunk, After: &uuid.Nil}
	for {
		found, err := a.API.Associations.Associations(r.ctx(), list)
		if err != nil {
			return err
		}
		for i := range found {
			if err := w.association(found[i]); err != nil {
				return err
			}
		}
		if len(found) < csvChunk {
			return w.begin()
		}
		list.After = &found[len(found)-1].ID
	}
}
