package api

import (
	"github.com/google/uuid"

	"relata/pkg/associations"
	"relata/pkg/fault"
	"relata/pkg/filters"
	"relata/pkg/objects"
)

const associationsPath = "extras/relationship-associations"

// associationResource is the links.
type associationResource struct{ *API }

func (a associationResource) list(r *request) error {
	v, err := readView(r.query)
	if err != nil {
		return err
	}
	q, err := a.filters(r)
	if err != nil {
		return err
	}
	if r.csv {
		return a.listCSV(r, q)
	}
	p := readPage(r.query)
	if p.keyset {
		return a.listAfter(r, q, p, v)
	}
	list, err := a.API.Associations.Associations(r.ctx(), associations.List{Query: q, Sort: readSort(r.query), Limit: p.limit, Offset: p.offset})
	if err != nil {
		return err
	}
	// A page that shows the end tells the count.
	count := p.offset + len(list)
	if len(list) == p.limit || len(list) == 0 && p.offset > 0 {
		if count, err = a.Store.AssociationCount(r.ctx(), q); err != nil {
			return err
		}
	}
	return r.answer(200, r.appendPage(nil, p, count, r.appendAssociations(nil, list, v)))
}

// listAfter answers the page behind a cursor, which is the id of an association.
func (a associationResource) listAfter(r *request, q filters.Query, p page, v view) error {
	if sort := readSort(r.query); len(sort) > 0 && sort[0] != "id" {
		return fault.Field("after", "Associations are read by cursor in the order of their ids; ask without sort, or by offset.")
	}
	after := uuid.Nil
	if p.after != "" {
		var ok bool
		if after, ok = objects.ParseID(p.after); !ok {
			return fault.Field("after", "This is no cursor of this list.")
		}
	}
	list, err := a.API.Associations.Associations(r.ctx(), associations.List{Query: q, Limit: p.limit + 1, After: &after})
	if err != nil {
		return err
	}
	next := ""
	if len(list) > p.limit {
		list = list[:p.limit]
		next = list[p.limit-1].ID.String()
	}
	return r.answer(200, r.appendKeyset(nil, p, next, r.appendAssociations(nil, list, v)))
}

func (a associationResource) filters(r *request) (filters.Query, error) {
	schema, err := a.Associations.Schema(r.ctx())
	if err != nil {
		return nil, err
	}
	return schema.Parse(r.ctx(), a.Store, r.query.filters())
}

func (a associationResource) create(r *request) error {
	drafts, bulk, err := r.drafts(maxAssociationMembers, associationColumns)
	if err != nil {
		return err
	}
	made, err := a.Associations.Create(r.ctx(), drafts, bulk)
	if err != nil {
		return err
	}
	if bulk {
		return r.created("", r.associationList(made))
	}
	return r.created(r.link(associationsPath, made[0].ID.String()), r.appendAssociation(nil, made[0], view{}))
}

func (a associationResource) changeMany(r *request, partial bool) error {
	changes, err := r.changes(maxAssociationMembers, partial, associationColumns)
	if err != nil {
		return err
	}
	changed, err := a.Associations.Update(r.ctx(), changes)
	if err != nil {
		return err
	}
	return r.answer(200, r.associationList(changed))
}

func (a associationResource) deleteMany(r *request) error {
	return r.deleteMembers(maxAssociationMembers, func(ids []uuid.UUID) error {
		return a.Associations.Delete(r.ctx(), ids, true)
	})
}

func (a associationResource) show(r *request, id string) error {
	v, err := readView(r.query)
	if err != nil {
		return err
	}
	found, err := a.at(r, id)
	if err != nil {
		return err
	}
	if r.csv {
		return r.associationsCSV([]associations.Association{found})
	}
	return r.answer(200, r.appendAssociation(nil, found, v))
}

func (a associationResource) change(r *request, id string, partial bool) error {
	found, err := a.at(r, id)
	if err != nil {
		return err
	}
	draft, err := r.draft(associationColumns)
	if err != nil {
		return err
	}
	changed, err := a.Associations.Update(r.ctx(), []objects.Change{{ID: found.ID, Draft: draft, Partial: partial}})
	if err != nil {
		return vanished(err, "extras.RelationshipAssociation")
	}
	if len(changed) == 0 {
		return errNoAssociation
	}
	return r.answer(200, r.appendAssociation(nil, changed[0], view{}))
}

func (a associationResource) delete(r *request, id string) error {
	found, err := a.at(r, id)
	if err != nil {
		return err
	}
	if err := a.Associations.Delete(r.ctx(), []uuid.UUID{found.ID}, false); err != nil {
		return vanished(err, "extras.RelationshipAssociation")
	}
	return r.gone()
}

var errNoAssociation = noMatch("extras.RelationshipAssociation")

// at returns the association at an address: by its id, or by its natural key
// (relationship key, source id, destination id), and only when the filters in
// the query match it.
func (a associationResource) at(r *request, id string) (associations.Association, error) {
	var none associations.Association
	schema, err := a.Associations.Schema(r.ctx())
	if err != nil {
		return none, err
	}
	q, err := schema.Parse(r.ctx(), a.Store, r.query.filters())
	if err != nil {
		return none, err
	}
	if parsed, ok := objects.ParseID(id); ok {
		q = append(q, filters.Condition{Field: schema.Field("id"), IDs: []uuid.UUID{parsed}})
	} else {
		parts := objects.SplitKey(id)
		if len(parts) != 3 {
			return none, errNoAssociation
		}
		source, ok1 := objects.ParseID(parts[1])
		destination, ok2 := objects.ParseID(parts[2])
		set, err := r.definitions()
		if err != nil {
			return none, err
		}
		if !ok1 || !ok2 || set.ByKey(parts[0]) == nil {
			return none, errNoAssociation
		}
		q = append(q,
			filters.Condition{Field: schema.Field("relationship"), Texts: []string{parts[0]}},
			filters.Condition{Field: schema.Field("source_id"), IDs: []uuid.UUID{source}},
			filters.Condition{Field: schema.Field("destination_id"), IDs: []uuid.UUID{destination}})
	}
	found, err := a.API.Associations.Associations(r.ctx(), associations.List{Query: q, Limit: 1})
	if err != nil {
		return none, err
	}
	if len(found) == 0 {
		return none, errNoAssociation
	}
	return found[0], nil
}

func (r *request) associationList(list []associations.Association) []byte {
	b := append(make([]byte, 0, 64+512*len(list)), '[')
	return append(r.appendAssociations(b, list, view{}), ']')
}

func (r *request) appendAssociations(b []byte, list []associations.Association, v view) []byte {
	return appendList(b, list, func(b []byte, a associations.Association) []byte { return r.appendAssociation(b, a, v) })
}

// appendAssociation appends a link (reference section 3.3).
func (r *request) appendAssociation(b []byte, a associations.Association, v view) []byte {
	id, rel := a.ID.String(), a.Relationship
	b = append(b, `{"id":"`...)
	b = append(b, id...)
	b = append(b, `","object_type":"extras.relationshipassociation","display":`...)
	b = appendString(b, a.Display())
	b = append(b, `,"url":`...)
	b = appendString(b, r.link(associationsPath, id))
	b = append(b, `,"natural_slug":`...)
	b = appendString(b, associationSlug(a))
	b = append(b, `,"source_type":`...)
	b = appendString(b, rel.Source.Type)
	b = append(b, `,"destination_type":`...)
	b = appendString(b, rel.Destination.Type)
	b = append(b, `,"source_id":`...)
	b = appendID(b, a.SourceID)
	b = append(b, `,"destination_id":`...)
	b = appendID(b, a.DestinationID)
	b = append(b, `,"relationship":`...)
	if v.depth > 0 {
		b = r.appendRelationship(b, rel)
	} else {
		b = append(b, `{"id":`...)
		b = appendID(b, rel.ID)
		b = append(b, `,"object_type":"extras.relationship","url":`...)
		b = appendString(b, r.link(relationshipsPath, rel.ID.String()))
		b = append(b, '}')
	}
	return append(b, '}')
}

func associationSlug(a associations.Association) string {
	slug := relationshipSlug(a.Relationship)
	return slug[:len(slug)-5] + "_" + a.SourceID.String() + "_" + a.DestinationID.String() + "_" + a.ID.String()[:4]
}
