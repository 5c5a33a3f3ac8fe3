package associations

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// The faults of a pair that exists, for the endpoint of associations and for the
// writes of objects.
const (
	duplicate = "The fields relationship, source_type, source_id, destination_type, destination_id must make a unique set."
	repeated  = "Relationship association with this Relationship, Source type, Source id, Destination type and Destination id already exists."
	itself    = "An object cannot form a RelationshipAssociation with itself"
	missing   = "Object not found"
	idTaken   = "Relationship association with this Id already exists."
)

// jury judges candidates by the rules of reference section 2.2, in their order
// and words. It is asked when links were refused, or before they change: that
// the rules hold is the work of the statement that inserts and of the indexes.
type jury struct {
	objects map[uuid.UUID]Named
	rows    map[uuid.UUID]Row
	pairs   map[Claim][]uuid.UUID
	sources map[end][]uuid.UUID
	targets map[end][]uuid.UUID
	ids     map[uuid.UUID]bool
	unfit   map[unfit]bool
}

// end is an object on one side of a definition.
type end struct {
	rid    int32
	object uuid.UUID
}

// unfit is an object that a filter leaves out.
type unfit struct {
	rid    int32
	side   relationships.Side
	object uuid.UUID
}

// judge returns what is wrong with each of wanted, each seeing those before it.
// Members without a definition could not be read and are passed by. The number
// of statements depends on the definitions with filters alone.
func judge(ctx context.Context, r Reader, wanted []candidate) ([]error, error) {
	j, err := summon(ctx, r, wanted)
	if err != nil {
		return nil, err
	}
	broken := make([]error, len(wanted))
	for i, c := range wanted {
		if c.definition == nil {
			continue
		}
		if problem := j.hear(c); problem != nil {
			broken[i] = problem
			continue
		}
		j.drop(c.id)
		j.add(Row{ID: c.id, RID: c.definition.RID, SourceID: c.source, DestinationID: c.destination})
	}
	return broken, nil
}

// summon reads all that the rules ask for.
func summon(ctx context.Context, r Reader, wanted []candidate) (*jury, error) {
	j := &jury{
		rows: map[uuid.UUID]Row{}, pairs: map[Claim][]uuid.UUID{}, sources: map[end][]uuid.UUID{},
		targets: map[end][]uuid.UUID{}, ids: map[uuid.UUID]bool{}, unfit: map[unfit]bool{},
	}
	var ends, given []uuid.UUID
	var claims []Claim
	for _, c := range wanted {
		if c.definition == nil {
			continue
		}
		ends = append(ends, c.source, c.destination)
		claims = append(claims, Claim{c.definition.RID, c.source, c.destination})
		if c.given {
			given = append(given, c.id)
		}
	}
	if len(claims) == 0 {
		return j, nil
	}
	var err error
	if j.objects, err = r.Named(ctx, ends); err != nil {
		return nil, err
	}
	rivals, err := r.Rivals(ctx, claims)
	if err != nil {
		return nil, err
	}
	for _, row := range rivals {
		j.add(row)
	}
	if len(given) > 0 {
		taken, err := r.Taken(ctx, given)
		if err != nil {
			return nil, err
		}
		for _, id := range taken {
			j.ids[id] = true
		}
	}
	return j, j.filter(ctx, r, wanted)
}

// filter asks which ends the filters leave out, one statement per filter.
func (j *jury) filter(ctx context.Context, r Reader, wanted []candidate) error {
	asked := map[unfit]*question{}
	var order []unfit
	for _, c := range wanted {
		if c.definition == nil {
			continue
		}
		for _, side := range []relationships.Side{relationships.Destination, relationships.Source} {
			if len(c.definition.End(side).Query) == 0 {
				continue
			}
			key := unfit{rid: c.definition.RID, side: side}
			if asked[key] == nil {
				asked[key] = &question{Relationship: c.definition, nested: c.nested}
				order = append(order, key)
			}
			object := c.source
			if side == relationships.Destination {
				object = c.destination
			}
			asked[key].ids = append(asked[key].ids, object)
		}
	}
	for _, key := range order {
		matching, err := r.Matching(ctx, asked[key].ids, asked[key].End(key.side).Query)
		if err != nil {
			return slowFilter(err, asked[key].Relationship, key.side, asked[key].nested)
		}
		fit := map[uuid.UUID]bool{}
		for _, id := range matching {
			fit[id] = true
		}
		for _, id := range asked[key].ids {
			if !fit[id] {
				j.unfit[unfit{key.rid, key.side, id}] = true
			}
		}
	}
	return nil
}

// question is which of ids match a filter of a definition.
type question struct {
	*relationships.Relationship
	ids    []uuid.UUID
	nested bool
}

func (j *jury) add(row Row) {
	if _, known := j.rows[row.ID]; known {
		return
	}
	j.rows[row.ID] = row
	j.ids[row.ID] = true
	pair := Claim{row.RID, row.SourceID, row.DestinationID}
	j.pairs[pair] = append(j.pairs[pair], row.ID)
	from, to := end{row.RID, row.SourceID}, end{row.RID, row.DestinationID}
	j.sources[from] = append(j.sources[from], row.ID)
	j.targets[to] = append(j.targets[to], row.ID)
}

func (j *jury) drop(id uuid.UUID) {
	row, known := j.rows[id]
	if !known {
		return
	}
	delete(j.rows, id)
	pair := Claim{row.RID, row.SourceID, row.DestinationID}
	from, to := end{row.RID, row.SourceID}, end{row.RID, row.DestinationID}
	j.pairs[pair] = without(j.pairs[pair], id)
	j.sources[from] = without(j.sources[from], id)
	j.targets[to] = without(j.targets[to], id)
}

func without(ids []uuid.UUID, id uuid.UUID) []uuid.UUID {
	return slices.DeleteFunc(slices.Clone(ids), func(other uuid.UUID) bool { return other == id })
}

// others reports whether there is a row among ids beside the one that c changes;
// under another id, c would stand beside that one, too.
func (c candidate) others(ids []uuid.UUID) bool {
	for _, id := range ids {
		if !c.stored || c.copied || id != c.id {
			return true
		}
	}
	return false
}

// hear returns what is wrong with c, or nil.
func (j *jury) hear(c candidate) error {
	pair := Claim{c.definition.RID, c.source, c.destination}
	exists := c.typed() && slices.ContainsFunc(j.pairs[pair], func(id uuid.UUID) bool { return !c.stored || id != c.id })
	if exists && !c.nested {
		return fault.Field(fault.NonField, duplicate) // 3
	}
	if problem := j.lost(c); problem != nil {
		return problem // 5
	}
	problem := j.first(c)
	if problem == nil {
		problem = &fault.Error{Kind: fault.Invalid}
	}
	// 16 is told beside the first, unless that is about what 16 is about.
	if (exists || c.copied && (len(problem.Fields) == 0 || j.same(c))) && !about(problem) {
		problem.Add([]string{fault.All}, repeated)
	}
	if c.given && j.ids[c.id] {
		problem.Add([]string{"id"}, idTaken)
	}
	if len(problem.Fields) == 0 {
		return nil
	}
	problem.Nested = c.nested
	return problem
}

// same reports whether c is as the row that it changes.
func (j *jury) same(c candidate) bool {
	return slices.Contains(j.pairs[Claim{c.definition.RID, c.source, c.destination}], c.id)
}

// about reports whether a problem is told under one of the fields of rule 16.
func about(problem *fault.Error) bool {
	for _, p := range problem.Fields {
		switch p.Path[0] {
		case "relationship", "source_type", "source_id", "destination_type", "destination_id":
			return true
		}
	}
	return false
}

// lost is rule 5: both ends are there, and of the types that the client named.
func (j *jury) lost(c candidate) *fault.Error {
	gone := func(id uuid.UUID, t *objects.Type) bool {
		named, found := j.objects[id]
		return !found || named.Type != t.ID
	}
	var problem *fault.Error
	switch {
	case !c.keeps[0] && gone(c.source, c.sourceType):
		problem = fault.Field("source_id", missing)
	case !c.keeps[1] && gone(c.destination, c.destinationType):
		problem = fault.Field("destination_id", missing)
	default:
		return nil
	}
	problem.Nested = c.nested
	return problem
}

// first is the first of rules 6 to 15 that c breaks, or nil.
func (j *jury) first(c candidate) *fault.Error {
	r := c.definition
	from, to := j.name(c.source), j.name(c.destination)
	source, destination := end{r.RID, c.source}, end{r.RID, c.destination}
	one := r.Type == relationships.OneToOne || r.Type == relationships.SymmetricOneToOne
	switch {
	case c.sourceType.ID != r.Source.TypeID: // 6
		return fault.Field("source_type", "source_type has a different value than defined in "+r.Label)
	case c.destinationType.ID != r.Destination.TypeID: // 7
		return fault.Field("destination_type", "destination_type has a different value than defined in "+r.Label)
	case c.source == c.destination: // 8
		return fault.Field("destination_id", itself)
	case r.Type.Symmetric() && len(j.pairs[Claim{r.RID, c.destination, c.source}]) > 0: // 9
		return fault.Field(fault.All, fmt.Sprintf("A %s association already exists between %s and %s", r.Label, from, to))
	case r.DestinationUnique && c.others(j.targets[destination]): // 10
		return tooMany("destination", r, "to "+to+" (destination)")
	case one && c.others(j.sources[source]): // 11
		return tooMany("source", r, "from "+from+" (source)")
	case r.Type == relationships.SymmetricOneToOne && len(j.targets[source]) > 0: // 12
		return tooMany("source", r, "involving "+from+" (peer)")
	case r.Type == relationships.SymmetricOneToOne && len(j.sources[destination]) > 0: // 13
		return tooMany("destination", r, "involving "+to+" (peer)")
	case j.unfit[unfit{r.RID, relationships.Destination, c.destination}]: // 14
		return fault.Field("destination", to+" violates "+r.Label+" destination_filter restriction")
	case j.unfit[unfit{r.RID, relationships.Source, c.source}]: // 15
		return fault.Field("source", from+" violates "+r.Label+" source_filter restriction")
	}
	return nil
}

func tooMany(field string, r *relationships.Relationship, whom string) *fault.Error {
	return fault.Field(field, "Unable to create more than one "+r.Label+" association "+whom)
}

// name is what an object is called.
func (j *jury) name(id uuid.UUID) string {
	if named, found := j.objects[id]; found {
		return named.Str
	}
	return id.String()
}
