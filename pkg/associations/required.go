package associations

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// duties are the definitions that oblige objects of a type to have a peer
// (reference section 4.4).
type duties struct {
	t       *objects.Type
	applied []relationships.Applied
}

func dutiesOf(set *relationships.Set, t *objects.Type) duties {
	d := duties{t: t}
	for _, a := range set.For(t.ID) {
		if a.Required {
			d.applied = append(d.applied, a)
		}
	}
	return d
}

// new judges an object that is to be made: it must name a peer of each, and
// filters do not excuse it.
func (d duties) new(ctx context.Context, r Reader, n nested) (*fault.Error, error) {
	return d.missing(ctx, r, func(a relationships.Applied) bool { return !n.supplies(a) })
}

// changed judges a change of a stored object. A filter that the object does not
// match, as it is stored, excuses it. A request that names relationships at all
// must supply a peer; otherwise one that is there will do.
func (d duties) changed(ctx context.Context, tx Tx, id uuid.UUID, n nested, bulk bool) (*fault.Error, error) {
	if len(d.applied) == 0 {
		return nil, nil
	}
	free, err := d.excused(ctx, tx, id)
	if err != nil {
		return nil, err
	}
	linked, err := d.linked(ctx, tx, id, n, bulk)
	if err != nil {
		return nil, err
	}
	return d.missing(ctx, tx, func(a relationships.Applied) bool {
		at := place{id, a.RID, a.Other}
		return !free[at] && !linked[at] && !n.supplies(a)
	})
}

// supplies reports whether the request names a peer for a.
func (n nested) supplies(a relationships.Applied) bool {
	for _, w := range n.sides {
		if w.RID == a.RID && w.Other == a.Other && len(w.peers) > 0 {
			return true
		}
	}
	return false
}

// place is a side of a definition as an object looks at it.
type place struct {
	object uuid.UUID
	rid    int32
	side   relationships.Side
}

// excused returns those whose filter the stored object does not match.
func (d duties) excused(ctx context.Context, tx Tx, id uuid.UUID) (map[place]bool, error) {
	judged := slices.DeleteFunc(slices.Clone(d.applied), func(a relationships.Applied) bool { return len(a.Query) == 0 })
	marks, err := matches(ctx, tx, []uuid.UUID{id}, judged)
	if err != nil {
		return nil, err
	}
	free := map[place]bool{}
	for i, applies := range marks[id] {
		if !applies {
			free[place{id, judged[i].RID, judged[i].Other}] = true
		}
	}
	return free, nil
}

// linked returns those of which the object has a peer, where that counts.
func (d duties) linked(ctx context.Context, tx Tx, id uuid.UUID, n nested, bulk bool) (map[place]bool, error) {
	if n.named && !bulk {
		return nil, nil
	}
	rids := make([]int32, len(d.applied))
	for i, a := range d.applied {
		rids[i] = a.RID
	}
	rows, err := tx.LinksOf(ctx, id, rids)
	if err != nil {
		return nil, err
	}
	linked := map[place]bool{}
	for _, row := range rows {
		if row.SourceID == id {
			linked[place{id, row.RID, relationships.Destination}] = true
		}
		if row.DestinationID == id {
			linked[place{id, row.RID, relationships.Source}] = true
		}
	}
	return linked, nil
}

// missing words the fault of those that lack a peer; nil when none does.
func (d duties) missing(ctx context.Context, r Reader, lacks func(relationships.Applied) bool) (*fault.Error, error) {
	e := &fault.Error{Kind: fault.Invalid}
	exists := map[int16]bool{}
	for _, a := range d.applied {
		if !lacks(a) {
			continue
		}
		if _, asked := exists[a.PeerType.ID]; !asked {
			some, err := r.Exists(ctx, a.PeerType.ID)
			if err != nil {
				return nil, err
			}
			exists[a.PeerType.ID] = some
		}
		path := []string{"relationships", a.Key}
		if !exists[a.PeerType.ID] {
			e.Add(path, d.noneYet(a))
		}
		e.Add(path, fmt.Sprintf(`You need to specify ["relationships"]["%s"]["%s"]["objects"].`, a.Key, a.Other))
	}
	if len(e.Fields) == 0 {
		return nil, nil
	}
	return e, nil
}

func (d duties) noneYet(a relationships.Applied) string {
	amount := "a"
	if a.Type.Many(a.Other) {
		amount = "at least one"
	}
	peers := a.PeerType
	return fmt.Sprintf("%s require %s %s, but no %s exist yet. Create a %s by posting to /api/%s/",
		html(d.t.PluralTitle()), amount, html(peers.Singular), html(peers.Plural), html(peers.Singular), peers.Path)
}

// html escapes words as Nautobot does in this one text.
func html(words string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;").Replace(words)
}
