package store

import (
	"context"
	"database/sql"
	"encoding/binary"
	"fmt"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/objects"
)

// shownColumns are what shown scans; a lean answer has no data, which is the
// longest column and costs the database most to write out.
func shownColumns(lean bool) string {
	if lean {
		return `o.id, o.type_id, o.name, o.str, '', null, o.body, o.version, o.created, o.last_updated`
	}
	return `o.id, o.type_id, o.name, o.str, o.sort_key, o.data, o.body, o.version, o.created, o.last_updated`
}

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
	where, joins, order := r.listed(list.Type, list.Query), joinsOf(keys), orderBy(keys)
	part, columns := limited(list.Limit, list.Offset), shownColumns(list.Lean)
	if list.Offset < deepOffset {
		return sqlf("select % from object o% where % order by % %", columns, joins, where, order, part)
	}
	return sqlf("select % from object o join (select o.id from object o% where % order by % %) p on p.id = o.id% order by %",
		columns, joins, where, order, part, joins, order)
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
	return r.shownByID(ctx, ids, false)
}

// LeanByID is ObjectsByID without Data.
func (r reader) LeanByID(ctx context.Context, ids []uuid.UUID) ([]objects.Shown, error) {
	return r.shownByID(ctx, ids, true)
}

func (r reader) shownByID(ctx context.Context, ids []uuid.UUID, lean bool) ([]objects.Shown, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	ctx, err := unwatched(ctx)
	if err != nil {
		return nil, err
	}
	return r.shown(ctx, sqlf("select % from object o where %", shownColumns(lean), r.oneOf("o.id", ids)), nil)
}

// shown reads objects; more has scanning places of further columns and is called
// before each row.
func (r reader) shown(ctx context.Context, f fragment, more func() []any) ([]objects.Shown, error) {
	var found []objects.Shown
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		var s objects.Shown
		dest := []any{(*scannedID)(&s.ID), &s.Type, &s.Name, &s.Str, &s.SortKey, &s.Data, &s.Body, &s.Version, &s.Created, &s.LastUpdated}
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

// References returns all references of objects, and those to them in the fields
// back, with type and name of what stands at the other end: one row for each
// object, all of its references in one value. Names are told in the fields named
// alone.
func (r reader) References(ctx context.Context, ids []uuid.UUID, named, back []int32) ([]objects.ShownLinks, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	out := make([]objects.ShownLinks, 0, len(ids))
	var packed sql.RawBytes
	f := r.references(ids, named, back)
	ctx, err := unwatched(ctx)
	if err != nil {
		return nil, err
	}
	err = r.each(ctx, func(rows *sqlx.Rows) error {
		var held objects.ShownLinks
		if err := rows.Scan((*scannedID)(&held.Holder), &packed); err != nil {
			return err
		}
		held.Links = unpackReferences(r.dialect.packed(packed))
		out = append(out, held)
		return nil
	}, f.text, f.args...)
	if err != nil {
		return nil, fmt.Errorf("read references: %w", err)
	}
	return out, nil
}

func (r reader) references(ids []uuid.UUID, named, back []int32) fragment {
	rows := sqlf("select object_id as id, field_id as field, target_id as other from object_ref where %", r.oneOf("object_id", ids))
	if len(back) > 0 {
		rows = sqlf("% union all select target_id, -field_id, object_id from object_ref where % and %",
			rows, r.oneOf("target_id", ids), with("field_id"+r.dialect.inInts, back))
	}
	return sqlf("select r.id, % from (%) r join object t on t.id = r.other group by r.id", with(r.dialect.pack, named), rows)
}

// packedReference is the size of a packed reference before its name: numbers of
// field (4; negative: back) and type (2), the id (16), and the length of the name
// (4).
const packedReference = 26

func unpackReferences(b []byte) []objects.ShownLink {
	links := make([]objects.ShownLink, 0, 8)
	for len(b) >= packedReference {
		l := objects.ShownLink{
			Field: int32(binary.BigEndian.Uint32(b)), Type: int16(binary.BigEndian.Uint16(b[4:])), Target: uuid.UUID(b[6:22]),
		}
		if l.Field < 0 {
			l.Field, l.Back = -l.Field, true
		}
		end := packedReference + int(binary.BigEndian.Uint32(b[22:]))
		l.Name = string(b[packedReference:end])
		links, b = append(links, l), b[end:]
	}
	return links
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
