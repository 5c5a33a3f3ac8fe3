package api

import (
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

const relationshipsPath = "extras/relationships"

// relationshipResource is the definitions.
type relationshipResource struct{ *API }

func (a relationshipResource) list(r *request) error {
	if _, err := readView(r.query); err != nil {
		return err
	}
	q, err := a.Relationships.Schema(r.ctx()).Parse(r.ctx(), a.Store, r.query.filters())
	if err != nil {
		return err
	}
	if r.csv {
		all, err := a.Store.Relationships(r.ctx(), relationships.List{Query: q, Sort: readSort(r.query)})
		if err != nil {
			return err
		}
		return r.relationshipsCSV(all)
	}
	p := readPage(r.query)
	if p.keyset {
		return fault.Field("after", noCursor)
	}
	list, err := a.Store.Relationships(r.ctx(), relationships.List{Query: q, Sort: readSort(r.query), Limit: p.limit, Offset: p.offset})
	if err != nil {
		return err
	}
	count, err := a.Store.RelationshipCount(r.ctx(), q)
	if err != nil {
		return err
	}
	return r.answer(200, r.appendPage(nil, p, count, appendList(nil, list, r.appendRelationship)))
}

func (a relationshipResource) create(r *request) error {
	drafts, bulk, err := r.drafts(maxObjectMembers, relationshipColumns)
	if err != nil {
		return err
	}
	made, err := a.Relationships.Create(r.ctx(), drafts, bulk)
	if err != nil {
		return err
	}
	if bulk {
		return r.created("", r.relationshipList(made))
	}
	return r.created(r.link(relationshipsPath, made[0].ID.String()), r.appendRelationship(nil, made[0]))
}

func (a relationshipResource) changeMany(r *request, partial bool) error {
	changes, err := r.changes(maxObjectMembers, partial, relationshipColumns)
	if err != nil {
		return err
	}
	changed, err := a.Relationships.Update(r.ctx(), changes)
	if err != nil {
		return err
	}
	return r.answer(200, r.relationshipList(changed))
}

func (a relationshipResource) deleteMany(r *request) error {
	return r.deleteMembers(maxObjectMembers, func(ids []uuid.UUID) error {
		return a.Relationships.Delete(r.ctx(), ids, true)
	})
}

func (a relationshipResource) show(r *request, id string) error {
	if _, err := readView(r.query); err != nil {
		return err
	}
	rel, err := a.at(r, id)
	if err != nil {
		return err
	}
	if r.csv {
		return r.relationshipsCSV([]*relationships.Relationship{rel})
	}
	return r.answer(200, r.appendRelationship(nil, rel))
}

func (a relationshipResource) change(r *request, id string, partial bool) error {
	rel, err := a.at(r, id)
	if err != nil {
		return err
	}
	draft, err := r.draft(relationshipColumns)
	if err != nil {
		return err
	}
	changed, err := a.Relationships.Update(r.ctx(), []objects.Change{{ID: rel.ID, Draft: draft, Partial: partial}})
	if err != nil {
		return vanished(err, "extras.Relationship")
	}
	return r.answer(200, r.appendRelationship(nil, changed[0]))
}

func (a relationshipResource) delete(r *request, id string) error {
	rel, err := a.at(r, id)
	if err != nil {
		return err
	}
	if err := a.Relationships.Delete(r.ctx(), []uuid.UUID{rel.ID}, false); err != nil {
		return vanished(err, "extras.Relationship")
	}
	return r.gone()
}

// at returns the definition at an address: by id or key, and only when the
// filters in the query match it.
func (a relationshipResource) at(r *request, id string) (*relationships.Relationship, error) {
	schema := a.Relationships.Schema(r.ctx())
	q, err := schema.Parse(r.ctx(), a.Store, r.query.filters())
	if err != nil {
		return nil, err
	}
	name := filters.Condition{Field: schema.Field("key"), Texts: []string{id}}
	if parsed, ok := objects.ParseID(id); ok {
		name = filters.Condition{Field: schema.Field("id"), IDs: []uuid.UUID{parsed}}
	}
	if strings.ContainsRune(id, 0) {
		return nil, errNoRelationship
	}
	found, err := a.Store.Relationships(r.ctx(), relationships.List{Query: append(q, name), Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, errNoRelationship
	}
	return found[0], nil
}

var errNoRelationship = noMatch("extras.Relationship")

func (r *request) relationshipList(list []*relationships.Relationship) []byte {
	return append(appendList([]byte{'['}, list, r.appendRelationship), ']')
}

// appendRelationship appends a definition (reference section 3.2).
func (r *request) appendRelationship(b []byte, rel *relationships.Relationship) []byte {
	id := rel.ID.String()
	link := r.link(relationshipsPath, id)
	b = append(b, `{"id":"`...)
	b = append(b, id...)
	b = append(b, `","object_type":"extras.relationship","display":`...)
	b = appendString(b, rel.Label)
	b = append(b, `,"url":`...)
	b = appendString(b, link)
	b = append(b, `,"natural_slug":`...)
	b = appendString(b, relationshipSlug(rel))
	text := func(name, value string) {
		b = append(b, `,"`...)
		b = append(b, name...)
		b = append(b, `":`...)
		b = appendString(b, value)
	}
	end := func(side string, e relationships.End) {
		text(side+"_label", e.Label)
		b = append(b, `,"`+side+`_hidden":`...)
		b = appendBool(b, e.Hidden)
		b = append(b, `,"`+side+`_filter":`...)
		b = appendRaw(b, e.Filter)
	}
	text("source_type", rel.Source.Type)
	text("destination_type", rel.Destination.Type)
	text("label", rel.Label)
	text("key", rel.Key)
	text("description", rel.Description)
	text("type", string(rel.Type))
	text("required_on", rel.RequiredOn)
	end("source", rel.Source)
	end("destination", rel.Destination)
	b = append(b, `,"advanced_ui":`...)
	b = appendBool(b, rel.AdvancedUI)
	b = append(b, `,"created":`...)
	b = appendTime(b, rel.Created)
	b = append(b, `,"last_updated":`...)
	b = appendTime(b, rel.LastUpdated)
	b = append(b, `,"notes_url":`...)
	b = appendString(b, r.base+"/api/"+relationshipsPath+"/"+id+"/notes/"+r.suffix)
	return append(b, '}')
}

// relationshipSlug is the natural slug of a definition. A key is ASCII, and
// every run of other characters than letters and digits becomes a hyphen.
func relationshipSlug(rel *relationships.Relationship) string {
	parts := strings.FieldsFunc(strings.ToLower(rel.Key), func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < '0' || c > '9')
	})
	return strings.Join(parts, "-") + "_" + rel.ID.String()[:4]
}
