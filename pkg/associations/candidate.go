package associations

import (
	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// candidate is an association as someone wants it, before it is judged.
type candidate struct {
	definition                  *relationships.Relationship
	id                          uuid.UUID
	source, destination         uuid.UUID
	sourceType, destinationType *objects.Type

	given  bool    // the id was chosen by the client
	stored bool    // it is a change of the association that has the id
	copied bool    // and the client gave it another id
	nested bool    // it is part of the write of an object
	keeps  [2]bool // the change names nothing of the source, of the destination
}

// link is what is stored of c.
func (c candidate) link() Link {
	return Link{ID: c.id, Source: c.source, Destination: c.destination}
}

// plausible reports whether the statement that inserts can judge c: it does not
// know which types the client named, nor that it wants another id.
func (c candidate) plausible() bool {
	return c.typed() && c.source != c.destination && !c.copied
}

// typed reports whether the client named the types of the definition.
func (c candidate) typed() bool {
	return c.sourceType.ID == c.definition.Source.TypeID && c.destinationType.ID == c.definition.Destination.TypeID
}

// candidates reads the drafts of new associations: rules 1 and 2 of reference
// section 2.2. problems is nil when there are none, else it has those of each.
func candidates(set *relationships.Set, drafts []objects.Draft) (wanted []candidate, problems []error) {
	wanted = make([]candidate, len(drafts))
	for i, draft := range drafts {
		c, problem := newCandidate(set, draft)
		if problem == nil {
			wanted[i] = c
			continue
		}
		if problems == nil {
			problems = make([]error, len(drafts))
		}
		problems[i] = problem
	}
	return wanted, problems
}

func newCandidate(set *relationships.Set, draft objects.Draft) (candidate, *fault.Error) {
	if draft.Err != nil {
		return candidate{}, draft.Err
	}
	body := relationships.NewBody(draft, false)
	c := candidate{}
	if c.id, c.given = body.ID("id", false); !c.given {
		c.id = newID()
	}
	c.read(body, set)
	return c, body.Problems()
}

// change reads the change of a stored association. Where a PATCH names neither
// type nor id of an end, that end is not looked up again.
// errTaken: its definition is newer than set.
func change(set *relationships.Set, row Row, asked objects.Change) (candidate, error) {
	if asked.Draft.Err != nil {
		return candidate{}, asked.Draft.Err
	}
	r := set.ByRID(row.RID)
	if r == nil {
		return candidate{}, errTaken
	}
	body := relationships.NewBody(asked.Draft, asked.Partial)
	c := candidate{
		definition: r, id: row.ID, stored: true,
		source: row.SourceID, sourceType: set.Catalogue().Type(r.Source.Type),
		destination: row.DestinationID, destinationType: set.Catalogue().Type(r.Destination.Type),
	}
	if id, given := body.ID("id", false); given && id != row.ID {
		c.copied = true
	}
	c.read(body, set)
	c.keeps = [2]bool{
		!asked.Draft.Has("source_type") && !asked.Draft.Has("source_id"),
		!asked.Draft.Has("destination_type") && !asked.Draft.Has("destination_id"),
	}
	if problem := body.Problems(); problem != nil {
		return c, problem
	}
	return c, nil
}

// read fills in what the body names.
func (c *candidate) read(body *relationships.Body, set *relationships.Set) {
	if t, ok := body.Type("source_type", set.Catalogue()); ok {
		c.sourceType = t
	}
	if t, ok := body.Type("destination_type", set.Catalogue()); ok {
		c.destinationType = t
	}
	if id, ok := body.ID("source_id", true); ok {
		c.source = id
	}
	if id, ok := body.ID("destination_id", true); ok {
		c.destination = id
	}
	raw, ok := body.Raw("relationship", true)
	if !ok {
		return
	}
	r, text := set.Resolve(raw)
	if r == nil {
		body.Add("relationship", text)
		return
	}
	c.definition = r
}

// newID is a UUIDv7: new associations stand together in the indexes.
func newID() uuid.UUID {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.New()
	}
	return id
}
