package store

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/objects"
)

const shownColumns = `o.id, o.type_id, o.name, o.str, o.sort_key, o.data, o.body, o.version, o.created, o.last_updated`

// deepOffset is from where on a page skips over the index alone and joins its
// rows afterwards.
const deepOffset = 200

// Objects returns one page of a list. Names of catalogue cat lead to the columns
// of its order.
func (r reader) Objects(ctx context.Context, cat *objects.Catalogue, list objects.List) ([]objects.Shown, error) {
	f := r.page(list, r.order(cat, list))
	var found []objects.Shown
	err := r.bounded(ctx, list.Query, func(ctx context.Context) (err error) {
		found, err = r.shown(ctx, f, nil)
		return err
	})
	return found, err
}

// page is the statement of a page found by offset.
func (r reader) page(list objects.List, keys []sortKey) fragment {
	where, order := r.listed(list), orderBy(keys)
	part := limited(list.Limit, list.Offset)
	if list.Offset < deepOffset {
		return sqlf("select % from object o where % order by % %", shownColumns, where, order, part)
	}
	return sqlf("select % from object o join (select o.id from object o where % order by % %) p on p.id = o.id order by %",
		shownColumns, where, order, part, order)
}

// listed is the condition on a list's objects.
func (r reader) listed(list objects.List) fragment {
	return sqlf("% and %", with("o.type_id = ?", list.Type.ID), r.whereOf(objectTable, list.Query, "o"))
}

func limited(limit, offset int) fragment {
	switch {
	case limit == 0 && offset == 0:
		return fragment{}
	case limit == 0:
		limit = 1 << 30
	}
	return with("limit ? offset ?", limit, offset)
}

// ObjectsByID returns those of ids that exist, in no order.
func (r reader) ObjectsByID(ctx context.Context, ids []uuid.UUID) ([]objects.Shown, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return r.shown(ctx, with("select "+shownColumns+" from object o where o.id"+r.dialect.in, ids), nil)
}

// ShownByID is ObjectsByID.
func (r reader) ShownByID(ctx context.Context, ids []uuid.UUID) ([]objects.Shown, error) {
	return r.ObjectsByID(ctx, ids)
}

// shown reads objects; more has scanning places of further columns and is called
// before each row.
func (r reader) shown(ctx context.Context, f fragment, more func() []any) ([]objects.Shown, error) {
	var found []objects.Shown
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var s objects.Shown
		dest := []any{&s.ID, &s.Type, &s.Name, &s.Str, &s.SortKey, &s.Data, &s.Body, &s.Version, &s.Created, &s.LastUpdated}
		if more != nil {
			dest = append(dest, more()...)
		}
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		s.Created, s.LastUpdated = s.Created.UTC(), s.LastUpdated.UTC()
		found = append(found, s)
		return nil
	}, f.text, f.args...)
	if err != nil {
		return nil, fmt.Errorf("read objects: %w", err)
	}
	return found, nil
}

// ShownLinks returns all references of the objects with type and name of what
// they refer to, by holder and field; several of a field by name.
func (r reader) ShownLinks(ctx context.Context, ids []uuid.UUID) ([]objects.ShownLink, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var found []objects.ShownLink
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var l objects.ShownLink
		err := rows.Scan((*scannedID)(&l.Holder), &l.Field, (*scannedID)(&l.Target), &l.Type, &l.Name)
		found = append(found, l)
		return err
	}, `select r.object_id, r.field_id, r.target_id, t.type_id, t.name from object_ref r join object t on t.id = r.target_id
		where r.object_id`+r.dialect.in+` order by r.object_id, r.field_id, t.sort_key, t.id`, ids)
	if err != nil {
		return nil, fmt.Errorf("read references: %w", err)
	}
	return found, nil
}

// scannedID reads an id as the drivers give it, 16 bytes or 36 digits, without
// making a string of it first.
type scannedID uuid.UUID

// Scan fulfils sql.Scanner.
func (id *scannedID) Scan(value any) error {
	b, ok := value.([]byte)
	if ok && len(b) == 36 {
		var err error
		*(*uuid.UUID)(id), err = uuid.ParseBytes(b)
		return err
	}
	return (*uuid.UUID)(id).Scan(value)
}
