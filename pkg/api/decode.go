package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
)

// Limits of a body.
const (
	maxBody                = 10 << 20
	lingering              = 800 * time.Millisecond
	maxObjectMembers       = 1_000
	maxAssociationMembers  = 10_000
	unsupportedMediaFormat = "Unsupported media type \"%s\" in request."
)

// body reads the body of a request and its media type; JSON has passed
// scanJSON. No body at all is an empty object, whatever its type.
func (r *request) body() (raw []byte, isCSV bool, err error) {
	req := r.Request()
	if req.ContentLength > maxBody {
		return nil, false, r.tooLarge()
	}
	wait := http.NewResponseController(r.Response())
	_ = wait.SetReadDeadline(time.Now().Add(r.api.RequestTimeout)) // not all connections have one
	raw, err = io.ReadAll(io.LimitReader(req.Body, maxBody+1))
	if err != nil { // the bound stays: net/http asks for the rest before it answers
		return nil, false, fault.Invalidf("The body of the request could not be read.")
	}
	_ = wait.SetReadDeadline(time.Time{})
	if len(raw) > maxBody {
		return nil, false, r.tooLarge()
	}
	if len(raw) == 0 {
		return []byte("{}"), false, nil
	}
	header := req.Header.Get("Content-Type")
	name, _ := mediaParams(header)
	switch name {
	case "text/csv":
		return raw, true, nil
	case "application/json":
		if problem := scanJSON(raw); problem != "" {
			return nil, false, fault.Invalidf("JSON parse error - %s", problem)
		}
		return raw, false, nil
	}
	return nil, false, &fault.Error{Kind: fault.Unsupported, Detail: fmt.Sprintf(unsupportedMediaFormat, header)}
}

// tooLarge refuses the body. Clients that read no answer before they have sent
// everything would only see the connection break, so that what is on its way is
// taken, as much as comes while a refusal may last.
func (r *request) tooLarge() error {
	if req := r.Request(); req.Header.Get("Expect") == "" {
		wait := http.NewResponseController(r.Response())
		if wait.SetReadDeadline(time.Now().Add(lingering)) == nil {
			_, _ = io.CopyN(io.Discard, req.Body, 10*maxBody)
		}
	}
	return fault.TooLargef("The body of a request takes at most %d bytes (limit body_bytes = %d).", maxBody, maxBody)
}

// typeName is what Python calls the type of a JSON value.
func typeName(raw json.RawMessage) string {
	switch raw = bytes.TrimSpace(raw); raw[0] {
	case '{':
		return "dict"
	case '[':
		return "list"
	case '"':
		return "str"
	case 't', 'f':
		return "bool"
	case 'n':
		return "NoneType"
	}
	if bytes.ContainsAny(raw, ".eE") {
		return "float"
	}
	return "int"
}

// draft reads the body of a write on one thing. A text/csv body has one row.
func (r *request) draft(columns columnKinds) (objects.Draft, error) {
	raw, isCSV, err := r.body()
	if err != nil {
		return objects.Draft{}, err
	}
	if !isCSV {
		return objects.DecodeDraft(raw)
	}
	rows, err := draftsFromCSV(raw, maxAssociationMembers, columns)
	if err != nil {
		return objects.Draft{}, err
	}
	if len(rows) != 1 {
		return objects.Draft{}, fault.Invalidf("CSV parse error - one row is expected, this has %d.", len(rows))
	}
	return rows[0], nil
}

// drafts reads the body of a POST on a list: one thing, or several where bulk is
// true. A text/csv body is always several.
func (r *request) drafts(most int, columns columnKinds) (drafts []objects.Draft, bulk bool, err error) {
	raw, isCSV, err := r.body()
	if err != nil {
		return nil, false, err
	}
	if isCSV {
		drafts, err = draftsFromCSV(raw, most, columns)
		return drafts, true, err
	}
	if typeName(raw) != "list" {
		one, err := objects.DecodeDraft(raw)
		return []objects.Draft{one}, false, err
	}
	drafts, err = decodeMembers(raw, most)
	return drafts, true, err
}

// decodeMembers reads the members of a list.
func decodeMembers(raw json.RawMessage, most int) ([]objects.Draft, error) {
	list, err := decodeList(raw, most)
	if err != nil {
		return nil, err
	}
	drafts := make([]objects.Draft, len(list))
	for i, member := range list {
		if drafts[i], err = decodeMember(member); err != nil {
			return nil, err
		}
	}
	return drafts, nil
}

// decodeMember reads a member of a list; what is no object is told by Err.
func decodeMember(raw json.RawMessage) (objects.Draft, error) {
	if typeName(raw) == "NoneType" {
		return objects.Draft{Err: &fault.Error{Kind: fault.Invalid,
			Fields: []fault.Problem{{Messages: []string{"This field may not be null."}}}}}, nil
	}
	draft, err := objects.DecodeDraft(raw)
	if wrong := fault.As(err); wrong != nil {
		return objects.Draft{Err: wrong}, nil
	}
	return draft, err
}

func decodeList(raw json.RawMessage, most int) ([]json.RawMessage, error) {
	if n := countMembers(raw); n > most { // counted first, since millions of them take seconds to decode
		return nil, tooManyMembers(n, most)
	}
	return objects.SplitList(raw)
}

func tooManyMembers(n, most int) error {
	return fault.TooLargef("A bulk request takes at most %d members here (limit bulk_members = %d); this one has %d.", most, most, n)
}

// changes reads the body of a PUT, PATCH or DELETE on a list. Each member needs
// an id; of an id that comes twice the last member counts (reference section
// 3.7).
func (r *request) changes(most int, partial bool, columns columnKinds) ([]objects.Change, error) {
	members, err := r.members(most, columns)
	if err != nil {
		return nil, err
	}
	problems := &fault.Error{Kind: fault.Invalid, Items: make([]error, len(members))}
	var changes []objects.Change
	at := map[uuid.UUID]int{}
	for i, member := range members {
		change, wrong := readChange(member)
		if wrong != nil {
			problems.Items[i] = wrong
			continue
		}
		change.Partial, change.Bulk = partial, true
		if j, again := at[change.ID]; again {
			changes[j] = change
			continue
		}
		at[change.ID] = len(changes)
		changes = append(changes, change)
	}
	return changes, problems.OrNil()
}

// members reads a body that must be several, as a JSON list or as CSV.
func (r *request) members(most int, columns columnKinds) ([]objects.Draft, error) {
	raw, isCSV, err := r.body()
	if err != nil {
		return nil, err
	}
	if isCSV {
		return draftsFromCSV(raw, most, columns)
	}
	switch name := typeName(raw); name {
	case "list":
		return decodeMembers(raw, most)
	case "NoneType":
		return nil, fault.Field(fault.NonField, "No data provided")
	default:
		return nil, fault.Field(fault.NonField, fmt.Sprintf("Expected a list of items but got type \"%s\".", name))
	}
}

// readChange reads one member. Another spelling of its id than the canonical one
// finds the object and loses the data, which the service is told by Err.
func readChange(draft objects.Draft) (objects.Change, *fault.Error) {
	if draft.Err != nil {
		return objects.Change{}, draft.Err
	}
	given, ok := draft.Fields["id"]
	if !ok {
		return objects.Change{}, fault.Field("id", "This field is required.")
	}
	if typeName(given) == "NoneType" {
		return objects.Change{}, fault.Field("id", "This field may not be null.")
	}
	value, _ := objects.DecodeJSON(given)
	id, ok := objects.ReadID(value)
	if !ok {
		return objects.Change{}, fault.Field("id", "Must be a valid UUID.")
	}
	if value != id.String() {
		draft.Err = fault.Field(fault.NonField, "No data provided")
	}
	return objects.Change{ID: id, Draft: draft}, nil
}

// deleteMembers deletes what the members of a body name, all or nothing.
func (r *request) deleteMembers(most int, del func(ids []uuid.UUID) error) error {
	changes, err := r.changes(most, true, nil)
	if err != nil {
		return err
	}
	if err := del(changeIDs(changes)); err != nil {
		return err
	}
	return r.gone()
}

func changeIDs(changes []objects.Change) []uuid.UUID {
	ids := make([]uuid.UUID, len(changes))
	for i := range changes {
		ids[i] = changes[i].ID
	}
	return ids
}

// json reads the body of one of our own addresses, which take no CSV.
func (r *request) json() (json.RawMessage, error) {
	raw, isCSV, err := r.body()
	if err == nil && isCSV {
		err = &fault.Error{Kind: fault.Unsupported, Detail: fmt.Sprintf(unsupportedMediaFormat, r.Request().Header.Get("Content-Type"))}
	}
	if err != nil {
		return nil, err
	}
	if _, err := objects.DecodeDraft(raw); err != nil {
		return nil, err
	}
	return raw, nil
}

func methodNotAllowed(method string) error {
	return &fault.Error{Kind: fault.NotAllowed, Detail: fmt.Sprintf("Method \"%s\" not allowed.", method)}
}
