package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jmoiron/sqlx"

	"relata/pkg/filters"
	"relata/pkg/relationships"
)

// relationshipOrder are the expressions behind the names that sort definitions.
var relationshipOrder = map[string]string{
	"id": "r.id", "source_type": "r.source_type", "destination_type": "r.destination_type",
	"label": "r.label", "key": "r.key", "description": "r.description",
	"type":        kindNames("r.kind"),
	"required_on": "r.required_on", "source_label": "r.source_label", "source_hidden": "r.source_hidden",
	"source_filter":     "coalesce(cast(r.source_filter as text), '')",
	"destination_label": "r.destination_label", "destination_hidden": "r.destination_hidden",
	"destination_filter": "coalesce(cast(r.destination_filter as text), '')",
	"advanced_ui":        "r.advanced_ui", "created": "r.created", "last_updated": "r.last_updated",
}

// sortedBy is an order by clause: the names of sort that expressions has, or else
// standard, and then the id.
func sortedBy(sort []string, expressions map[string]string, standard, id string) string {
	var terms []string
	for _, name := range sort {
		name, down := strings.CutPrefix(name, "-")
		expression, known := expressions[name]
		switch {
		case !known:
		case down:
			terms = append(terms, expression+" desc")
		default:
			terms = append(terms, expression)
		}
	}
	if len(terms) == 0 {
		terms = append(terms, standard)
	}
	if !slices.Contains(terms, id) && !slices.Contains(terms, id+" desc") {
		terms = append(terms, id)
	}
	return " order by " + strings.Join(terms, ", ")
}

const definitionColumns = `r.id, r.rid, r.label, r.key, r.description, r.kind, r.required_on,
	r.source_type, s.name, r.source_label, r.source_hidden, r.source_filter,
	r.destination_type, d.name, r.destination_label, r.destination_hidden, r.destination_filter,
	r.advanced_ui, r.source_unique, r.destination_unique, r.version, r.created, r.last_updated`

func (r reader) definitions(ctx context.Context, rest fragment) ([]*relationships.Relationship, error) {
	out := []*relationships.Relationship{}
	err := r.each(ctx, func(rows *sqlx.Rows) error {
		found, err := scanDefinition(rows)
		out = append(out, found)
		return err
	}, `select `+definitionColumns+` from relationship r
		join type s on s.id = r.source_type join type d on d.id = r.destination_type`+rest.text, rest.args...)
	if err != nil {
		return nil, fmt.Errorf("read relationships: %w", err)
	}
	return out, nil
}

func scanDefinition(rows *sqlx.Rows) (*relationships.Relationship, error) {
	var d relationships.Relationship
	var kind int
	var source, destination sql.NullString
	err := rows.Scan(&d.ID, &d.RID, &d.Label, &d.Key, &d.Description, &kind, &d.RequiredOn,
		&d.Source.TypeID, &d.Source.Type, &d.Source.Label, &d.Source.Hidden, &source,
		&d.Destination.TypeID, &d.Destination.Type, &d.Destination.Label, &d.Destination.Hidden, &destination,
		&d.AdvancedUI, &d.SourceUnique, &d.DestinationUnique, &d.Version, &d.Created, &d.LastUpdated)
	if err != nil {
		return nil, err
	}
	d.Type = relationships.Types[kind]
	if source.Valid {
		d.Source.Filter = json.RawMessage(source.String)
	}
	if destination.Valid {
		d.Destination.Filter = json.RawMessage(destination.String)
	}
	d.Created, d.LastUpdated = d.Created.UTC(), d.LastUpdated.UTC()
	return &d, nil
}

// Definitions returns all definitions, and the version of state 'relationships'
// read before them.
func (r reader) Definitions(ctx context.Context) ([]*relationships.Relationship, int64, error) {
	version, err := r.DefinitionsVersion(ctx)
	if err != nil {
		return nil, 0, err
	}
	all, err := r.definitions(ctx, raw(" order by r.label, r.id"))
	return all, version, err
}

// DefinitionsVersion is the version of state 'relationships'. Those who wait for it
// share one question, which is younger than any of theirs.
func (s *Store) DefinitionsVersion(ctx context.Context) (int64, error) {
	if s.versions == nil {
		return s.reader.DefinitionsVersion(ctx)
	}
	return s.versions.Do(ctx, struct{}{}, struct{}{})
}

// DefinitionsVersion is the version of state 'relationships'.
func (r reader) DefinitionsVersion(ctx context.Context) (int64, error) {
	var version int64
	err := r.queryRow(ctx, `select version from state where name = 'relationships'`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("read version of relationships: %w", err)
	}
	return version, nil
}

// Relationships returns the definitions that a list asks for.
func (r reader) Relationships(ctx context.Context, list relationships.List) ([]*relationships.Relationship, error) {
	var found []*relationships.Relationship
	err := r.bounded(ctx, list.Query, func(ctx context.Context) (err error) {
		found, err = r.definitions(ctx, sqlf(" where %% %", r.whereOf(relationshipTable, list.Query, "r"),
			sortedBy(list.Sort, relationshipOrder, "r.label", "r.id"), limited(list.Limit, list.Offset)))
		return err
	})
	return found, err
}

// RelationshipCount returns how many definitions match q.
func (r reader) RelationshipCount(ctx context.Context, q filters.Query) (int, error) {
	w := r.whereOf(relationshipTable, q, "r")
	var n int
	err := r.bounded(ctx, q, func(ctx context.Context) error {
		return r.queryRow(ctx, `select count(*) from relationship r where `+w.text, w.args...).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count relationships: %w", err)
	}
	return n, nil
}

// ChangeDefinitions runs do in a transaction; what it wrote stays when it
// returns nil.
func (s *Store) ChangeDefinitions(ctx context.Context, do func(relationships.Tx) error) error {
	return s.inTx(ctx, func(t *Tx) error { return do(t) })
}

// TouchDefinitions returns the next version of state 'relationships'; the row
// stays locked, so that one transaction at a time changes definitions.
func (t *Tx) TouchDefinitions(ctx context.Context) (int64, error) {
	var version int64
	err := t.queryRow(ctx, `update state set version = version + 1 where name = 'relationships' returning version`).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("touch relationships: %w", err)
	}
	return version, nil
}

// HoldDefinitions locks definitions in the order of their ids. New associations
// refer to them, and wait.
func (t *Tx) HoldDefinitions(ctx context.Context, ids []uuid.UUID) error {
	if t.dialect.forUpdate == "" {
		return nil
	}
	_, err := t.exec(ctx, `select id from relationship where id`+t.dialect.in+` order by id`+t.dialect.forUpdate, ids)
	if err != nil {
		return fmt.Errorf("hold relationships: %w", err)
	}
	return nil
}

// InsertDefinitions adds definitions and sets their RID.
func (t *Tx) InsertDefinitions(ctx context.Context, made []*relationships.Relationship) error {
	values := make([][]any, len(made))
	ids := make([]uuid.UUID, len(made))
	byID := make(map[uuid.UUID]*relationships.Relationship, len(made))
	for i, r := range made {
		values[i] = append(definitionValues(r), r.SourceUnique, r.DestinationUnique, r.Version, r.Created, r.LastUpdated, r.ID)
		ids[i], byID[r.ID] = r.ID, r
	}
	_, err := t.insert(ctx, `relationship (label, key, description, kind, required_on,
		source_type, source_label, source_hidden, source_filter,
		destination_type, destination_label, destination_hidden, destination_filter, advanced_ui,
		source_unique, destination_unique, version, created, last_updated, id)`, "", values)
	if err != nil {
		return fmt.Errorf("insert relationships: %w", err)
	}
	err = t.each(ctx, func(rows *sqlx.Rows) error {
		var id uuid.UUID
		var rid int32
		err := rows.Scan(&id, &rid)
		if made := byID[id]; made != nil {
			made.RID = rid
		}
		return err
	}, `select id, rid from relationship where id`+t.dialect.in, ids)
	if err != nil {
		return fmt.Errorf("read numbers of relationships: %w", err)
	}
	return nil
}

func definitionValues(r *relationships.Relationship) []any {
	return []any{
		r.Label, r.Key, r.Description, slices.Index(relationships.Types, r.Type), r.RequiredOn,
		r.Source.TypeID, r.Source.Label, r.Source.Hidden, r.Source.Filter,
		r.Destination.TypeID, r.Destination.Label, r.Destination.Hidden, r.Destination.Filter, r.AdvancedUI,
	}
}

// UpdateDefinition writes a definition. False: it has associations, which hold
// its type and the types of its ends; nothing of the transaction may be kept
// then.
func (t *Tx) UpdateDefinition(ctx context.Context, r *relationships.Relationship) (bool, error) {
	_, err := t.exec(ctx, `
		update relationship set label = ?, key = ?, description = ?, kind = ?, required_on = ?,
			source_type = ?, source_label = ?, source_hidden = ?, source_filter = ?,
			destination_type = ?, destination_label = ?, destination_hidden = ?, destination_filter = ?, advanced_ui = ?,
			source_unique = ?, destination_unique = ?, version = ?, last_updated = ?
		where rid = ?`,
		append(definitionValues(r), r.SourceUnique, r.DestinationUnique, r.Version, r.LastUpdated, r.RID)...)
	if t.dialect.isForeignKey(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("update relationship: %w", err)
	}
	return true, nil
}

// Linked reports whether a definition has associations.
func (r reader) Linked(ctx context.Context, rid int32) (bool, error) {
	var some bool
	if err := r.queryRow(ctx, `select exists (select 1 from assoc where rid = ?)`, rid).Scan(&some); err != nil {
		return false, fmt.Errorf("look for associations: %w", err)
	}
	return some, nil
}

// DeleteDefinitions removes definitions with their associations. What was
// counted of them sums up to nothing then.
func (t *Tx) DeleteDefinitions(ctx context.Context, rids []int32, ended time.Time) error {
	if len(rids) == 0 {
		return nil
	}
	if _, err := t.unlink(ctx, "rid"+t.dialect.inInts, ended, rids); err != nil {
		return err
	}
	if _, err := t.exec(ctx, "delete from relationship where rid"+t.dialect.inInts, rids); err != nil {
		return fmt.Errorf("delete relationships: %w", err)
	}
	return nil
}
