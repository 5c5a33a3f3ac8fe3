package api

import (
	"bytes"
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

// objectResource is the objects of one type.
type objectResource struct {
	*API
	t *objects.Type
}

// filters parses the filters of the query against those of the list.
func (a objectResource) filters(r *request) (filters.Query, error) {
	params := r.query.filters()
	if len(params) == 0 {
		return nil, nil
	}
	set, err := r.definitions()
	if err != nil {
		return nil, err
	}
	return set.Schema(a.t).Parse(r.ctx(), a.Store, params)
}

func (a objectResource) list(r *request) error {
	v, err := readView(r.query)
	if err != nil {
		return err
	}
	q, err := a.filters(r)
	if err != nil {
		return err
	}
	list := objects.List{Type: a.t, Query: q, Sort: readSort(r.query)}
	if r.csv {
		return a.listCSV(r, list)
	}
	p := readPage(r.query)
	list.Lean = lean(r.catalogue(), a.t)
	if p.keyset {
		return a.listAfter(r, list, p, v)
	}
	list.Limit, list.Offset = p.limit, p.offset
	rows, err := a.Store.Objects(r.ctx(), r.catalogue(), list)
	if err != nil {
		return err
	}
	// A page that shows the end tells the count.
	count := p.offset + len(rows)
	if len(rows) == p.limit || len(rows) == 0 && p.offset > 0 {
		if count, err = a.Store.ObjectCount(r.ctx(), a.t, q); err != nil {
			return err
		}
	}
	return a.answerPage(r, rows, v, func(b []byte) []byte { return r.appendPageHead(b, p, count) })
}

// listAfter answers the page behind a cursor.
func (a objectResource) listAfter(r *request, list objects.List, p page, v view) error {
	list.Limit, list.Keyset, list.After = p.limit, true, p.after
	rows, next, err := a.Store.ObjectsAfter(r.ctx(), r.catalogue(), list)
	if err != nil {
		return err
	}
	return a.answerPage(r, rows, v, func(b []byte) []byte { return r.appendKeysetHead(b, p, next) })
}

// shortPage is how long pages are that may be answered from one level with others.
const shortPage = 100

// answerPage answers with a page of the list. Short pages, like single objects, may
// be answered from one level.
func (a objectResource) answerPage(r *request, rows []objects.Shown, v view, head func([]byte) []byte) error {
	read := a.pages.Do
	if v.depth > 0 || len(rows) > shortPage || len(rows) == 0 {
		read = a.pages.Alone
	}
	l, err := read(r.ctx(), question{r.catalogue(), a.t, v}, rows)
	if err != nil {
		return err
	}
	return r.answerWith(200, func(b []byte) ([]byte, error) {
		b, err := r.appendLevel(head(b), l, rows, func([]byte) {})
		return append(b, pageTail...), err
	})
}

// listable reads what answers to q with those pages are made of.
func (a *API) listable(ctx context.Context, q question, pages [][]objects.Shown) (*level, error) {
	q.view.shared = len(pages) > 1
	return a.newLevel(ctx, q.cat, slices.Concat(pages...), q.view, false, q.view.depth)
}

func (a objectResource) create(r *request) error {
	drafts, bulk, err := r.drafts(maxObjectMembers, columnsOf(a.t))
	if err != nil {
		return err
	}
	ids, err := a.Associations.CreateObjects(r.ctx(), a.t, drafts, bulk)
	if err != nil {
		return err
	}
	made, err := a.written(r, ids, true)
	if err != nil {
		return err
	}
	if bulk {
		return r.created("", bracketed(made))
	}
	if len(made) == 0 {
		return noMatch(a.t.Class)
	}
	return r.created(r.link(a.t.Path, ids[0].String()), made[0])
}

// written represents objects as the answer to the write that made or changed
// them, in the order of ids.
func (a objectResource) written(r *request, ids []uuid.UUID, created bool) ([][]byte, error) {
	rows, err := a.Store.ObjectsByID(r.ctx(), ids)
	if err != nil {
		return nil, err
	}
	at := make(map[uuid.UUID]objects.Shown, len(rows))
	for _, row := range rows {
		at[row.ID] = row
	}
	ordered := rows[:0:0]
	for _, id := range ids {
		if row, ok := at[id]; ok {
			ordered = append(ordered, row)
		}
	}
	r.cat, r.set = nil, nil // the write may have changed the types
	return r.represent(ordered, writeView(r.query, created))
}

func bracketed(members [][]byte) []byte {
	b := append([]byte{'['}, bytes.Join(members, []byte{','})...)
	return append(b, ']')
}

func (a objectResource) changeMany(r *request, partial bool) error {
	changes, err := r.changes(maxObjectMembers, partial, columnsOf(a.t))
	if err != nil {
		return err
	}
	if err := a.order(r, changes); err != nil {
		return err
	}
	ids, err := a.Associations.UpdateObjects(r.ctx(), a.t, changes)
	if err != nil {
		return err
	}
	// The contract answers in the order of the list, not in that of the body.
	rows, err := a.Store.Objects(r.ctx(), r.catalogue(), objects.List{Type: a.t, Query: a.these(ids), Limit: len(ids)})
	if err != nil {
		return err
	}
	made, err := r.represent(rows, writeView(r.query, false))
	if err != nil {
		return err
	}
	return r.answer(200, bracketed(made))
}

// order sorts changes as the list has their objects. The contract makes them in
// this order, and the first that fails is the one it tells about.
func (a objectResource) order(r *request, changes []objects.Change) error {
	if len(changes) < 2 {
		return nil
	}
	rows, err := a.Store.Objects(r.ctx(), r.catalogue(), objects.List{Type: a.t, Query: a.these(changeIDs(changes)), Limit: len(changes)})
	if err != nil {
		return err
	}
	at := make(map[uuid.UUID]int, len(rows))
	for i, row := range rows {
		at[row.ID] = i
	}
	slices.SortStableFunc(changes, func(x, y objects.Change) int { return cmp.Compare(at[x.ID], at[y.ID]) })
	return nil
}

// these is the condition that an object is one of ids.
func (a objectResource) these(ids []uuid.UUID) filters.Query {
	return filters.Query{{Field: idField, IDs: ids, Nothing: len(ids) == 0}}
}

// idField is the filter id, which every list has.
var idField = &filters.Field{Name: "id", Kind: filters.UUID, Path: filters.Path{Column: filters.Column{Name: "id", Own: true}}}

func (a objectResource) deleteMany(r *request) error {
	return r.deleteMembers(maxObjectMembers, func(ids []uuid.UUID) error {
		return a.Associations.DeleteObjects(r.ctx(), a.t, ids, true)
	})
}

func (a objectResource) show(r *request, id string) error {
	v, err := readView(r.query)
	if err != nil {
		return err
	}
	q, err := a.filters(r)
	if err != nil {
		return err
	}
	if parsed, ok := objects.ParseID(id); ok && len(q) == 0 && !r.csv {
		return a.showByID(r, parsed, v)
	}
	row, err := a.find(r, id, q)
	if err != nil {
		return err
	}
	if r.csv {
		return a.oneCSV(r, row)
	}
	return r.answerWith(200, func(b []byte) ([]byte, error) {
		return r.appendThings(b, []objects.Shown{row}, v)
	})
}

// question is what requests for single objects have in common that may be
// answered from one level.
type question struct {
	cat  *objects.Catalogue
	t    *objects.Type
	view view
}

// answerable reads what answers to q about the objects of those ids are made of;
// what is not there, or not of the type, is left out.
func (a *API) answerable(ctx context.Context, q question, ids []uuid.UUID) (*level, error) {
	rows, err := objectResource{a, q.t}.byIDs(ctx, ids, lean(q.cat, q.t))
	if err != nil {
		return nil, err
	}
	q.view.shared = len(ids) > 1
	return a.newLevel(ctx, q.cat, rows, q.view, false, q.view.depth)
}

// showByID answers with the object of that id. Many who want the same of other
// objects may be answered from one level; deep ones are read one by one, so that
// nobody waits for them.
func (a objectResource) showByID(r *request, id uuid.UUID, v view) error {
	read := a.levels.Do
	if v.depth > 0 {
		read = a.levels.Alone
	}
	l, err := read(r.ctx(), question{r.catalogue(), a.t, v}, id)
	if err != nil {
		return err
	}
	one := l.byID[id]
	if one == nil {
		return noMatch(a.t.Class)
	}
	return r.answerWith(200, func(b []byte) ([]byte, error) {
		return r.appendLevel(b, l, []objects.Shown{one.Shown}, func([]byte) {})
	})
}

func (a objectResource) change(r *request, id string, partial bool) error {
	row, err := a.at(r, id)
	if err != nil {
		return err
	}
	draft, err := r.draft(columnsOf(a.t))
	if err != nil {
		return err
	}
	ids, err := a.Associations.UpdateObjects(r.ctx(), a.t, []objects.Change{{ID: row.ID, Draft: draft, Partial: partial}})
	if err != nil {
		return vanished(err, a.t.Class)
	}
	made, err := a.written(r, ids, false)
	if err != nil {
		return err
	}
	if len(made) == 0 {
		return noMatch(a.t.Class)
	}
	return r.answer(200, made[0])
}

func (a objectResource) delete(r *request, id string) error {
	row, err := a.at(r, id)
	if err != nil {
		return err
	}
	if err := a.Associations.DeleteObjects(r.ctx(), a.t, []uuid.UUID{row.ID}, false); err != nil {
		return vanished(err, a.t.Class)
	}
	return r.gone()
}

// at returns the object at an address: by its id or by its natural key, and only
// when the filters in the query match it.
func (a objectResource) at(r *request, id string) (objects.Shown, error) {
	q, err := a.filters(r)
	if err != nil {
		return objects.Shown{}, err
	}
	return a.find(r, id, q)
}

// find is at for filters that were read.
func (a objectResource) find(r *request, id string, q filters.Query) (objects.Shown, error) {
	var none objects.Shown
	lean := !r.csv && lean(r.catalogue(), a.t)
	if parsed, ok := objects.ParseID(id); ok {
		if len(q) == 0 {
			return a.byID(r, parsed, lean)
		}
		q = append(q, a.these([]uuid.UUID{parsed})...)
	} else {
		key, ok := a.byKey(r.catalogue(), objects.SplitKey(id))
		if !ok {
			return none, noMatch(a.t.Class)
		}
		q = append(q, key...)
	}
	found, err := a.Store.Objects(r.ctx(), r.catalogue(), objects.List{Type: a.t, Query: q, Limit: 2, Lean: lean})
	if err != nil {
		return none, err
	}
	if len(found) != 1 {
		return none, noMatch(a.t.Class)
	}
	return found[0], nil
}

// byID returns an object of the type.
func (a objectResource) byID(r *request, id uuid.UUID, lean bool) (objects.Shown, error) {
	found, err := a.byIDs(r.ctx(), []uuid.UUID{id}, lean)
	if err != nil {
		return objects.Shown{}, err
	}
	if len(found) != 1 {
		return objects.Shown{}, noMatch(a.t.Class)
	}
	return found[0], nil
}

// byIDs returns those of ids that are objects of the type.
func (a objectResource) byIDs(ctx context.Context, ids []uuid.UUID, lean bool) ([]objects.Shown, error) {
	read := a.Store.ObjectsByID
	if lean {
		read = a.Store.LeanByID
	}
	found, err := read(ctx, ids)
	return slices.DeleteFunc(found, func(s objects.Shown) bool { return s.Type != a.t.ID }), err
}

// byKey are the conditions that an object has the values of a natural key; those
// that were left out at its end are null. False: it cannot be one of this type.
func (a objectResource) byKey(cat *objects.Catalogue, parts []string) (filters.Query, bool) {
	paths, fits := a.t.KeyPaths(len(parts))
	if !fits {
		return nil, false
	}
	var q filters.Query
	for i, path := range paths {
		value := objects.NoValue
		if i < len(parts) {
			value = parts[i]
		}
		condition, ok := a.keyCondition(cat, path, value)
		if !ok {
			return nil, false
		}
		q = append(q, condition)
	}
	return q, true
}

func (a objectResource) keyCondition(cat *objects.Catalogue, path, value string) (filters.Condition, bool) {
	way, field, _, err := cat.Resolve(a.t, path)
	if err != nil {
		return filters.Condition{}, false
	}
	kind := filters.Text
	switch {
	case path == "pk" || path == "id" || strings.HasSuffix(path, "__pk") || strings.HasSuffix(path, "__id"):
		id, ok := objects.ParseID(value)
		if value == objects.NoValue {
			break
		}
		return filters.Condition{Field: &filters.Field{Name: path, Kind: filters.UUID, Path: way}, IDs: []uuid.UUID{id}}, ok
	case field != nil && field.Kind == objects.Integer:
		kind = filters.Integer
		if _, err := strconv.ParseInt(value, 10, 64); err != nil && value != objects.NoValue {
			return filters.Condition{}, false
		}
	}
	of := &filters.Field{Name: path, Kind: kind, Path: way, Nullable: true}
	if value == objects.NoValue {
		return filters.Condition{Field: of, Lookup: filters.IsNull, Truth: true}, true
	}
	return filters.Condition{Field: of, Texts: []string{value}}, !strings.ContainsRune(value, 0)
}
