package objects

import (
	"encoding/json"
	"net/netip"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// End is a place that a cable has: which one, and what stands there (uuid.Nil:
// nothing).
type End struct {
	Key string
	ID  uuid.UUID
}

// Computed is the value of a field that is computed when it is read: the id of
// an object, ids, Ends, or what JSON has; nil for none.
func (x *Reading) Computed(id uuid.UUID, f *Field) any {
	o := x.l.get(id)
	compute := readings[f.Derive]
	if o == nil || compute == nil {
		return nil
	}
	return compute(x.l, o, f)
}

// readings are the rules by which such fields follow from others;
// docs/catalogue.md says what each means.
var readings = map[string]func(*loader, *Object, *Field) any{
	"cable":              func(l *loader, o *Object, _ *Field) any { return oneOf(l.refs(o, "cable_termination__cable")) },
	"cable_peer":         func(l *loader, o *Object, _ *Field) any { return orNil(l.cablePeer(o)) },
	"cable_peer_type":    func(l *loader, o *Object, _ *Field) any { return l.typeOf(l.cablePeer(o)) },
	"connected_endpoint": func(l *loader, o *Object, _ *Field) any { return orNil(l.connected(o)) },
	"connected_endpoint_type": func(l *loader, o *Object, _ *Field) any {
		return l.typeOf(l.connected(o))
	},
	"connected_endpoint_reachable": reachable,
	"termination":                  func(l *loader, o *Object, f *Field) any { return orNil(l.termination(o, f.Args["side"])) },
	"termination_type":             func(l *loader, o *Object, f *Field) any { return l.typeOf(l.termination(o, f.Args["side"])) },
	"termination_id":               func(l *loader, o *Object, f *Field) any { return idOrNil(l.termination(o, f.Args["side"])) },
	"terminations":                 func(l *loader, o *Object, _ *Field) any { return l.places(o) },
	"total_lanes":                  func(l *loader, o *Object, _ *Field) any { return l.lanes(o) },
	"connected_lanes":              connectedLanes,
	"network_drivers":              func(*loader, *Object, *Field) any { return map[string]any{} },
	"references":                   func(l *loader, o *Object, f *Field) any { return l.refs(o, f.Args["path"]) },
	"texts":                        texts,
	"field":                        func(_ *loader, o *Object, f *Field) any { return o.Values[f.Args["of"]] },
	"set_type": func(l *loader, o *Object, f *Field) any {
		return l.typeOf(l.firstSet(o, f.Args["fields"]))
	},
	"first_of": func(l *loader, o *Object, f *Field) any {
		return orNil(l.firstSet(o, f.Args["fields"]))
	},
	"range_size": func(_ *loader, o *Object, f *Field) any {
		from, err1 := netip.ParseAddr(hostOf(text(o.Values[f.Args["from"]])))
		to, err2 := netip.ParseAddr(hostOf(text(o.Values[f.Args["to"]])))
		if err1 != nil || err2 != nil {
			return nil
		}
		return rangeSize(from, to)
	},
}

func hostOf(address string) string {
	host, _, _ := strings.Cut(address, "/")
	return host
}

func first(ids []uuid.UUID) uuid.UUID {
	if len(ids) == 0 {
		return uuid.Nil
	}
	return ids[0]
}

func oneOf(ids []uuid.UUID) any { return orNil(first(ids)) }

func orNil(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id
}

func idOrNil(id uuid.UUID) any {
	if id == uuid.Nil {
		return nil
	}
	return id.String()
}

// typeOf is the content type of an object, nil for none.
func (l *loader) typeOf(id uuid.UUID) any {
	if o := l.get(id); o != nil {
		return o.Type.Name
	}
	return nil
}

// firstSet is the target of the first of some references that is set.
func (l *loader) firstSet(o *Object, fields string) uuid.UUID {
	for field := range strings.SplitSeq(fields, ",") {
		if id := first(l.refs(o, strings.TrimSpace(field))); id != uuid.Nil {
			return id
		}
	}
	return uuid.Nil
}

func texts(l *loader, o *Object, f *Field) any {
	list, ok := l.value(o, f.Args["path"]).([]any)
	if !ok {
		return []any{}
	}
	return list
}

// terminated is what a row of a cable's terminations leads to.
func (l *loader) terminated(row *Object) uuid.UUID {
	for _, f := range row.Type.Fields {
		if f.Kind == Reference && f.Held() && f.Unique {
			if id := row.Ref(f.Name); id != uuid.Nil {
				return id
			}
		}
	}
	return uuid.Nil
}

// rows are the terminations of a cable.
func (l *loader) rows(cable *Object) []*Object {
	var rows []*Object
	for _, id := range l.refs(cable, "terminations") {
		if row := l.get(id); row != nil {
			rows = append(rows, row)
		}
	}
	return rows
}

// cablePeer is what the lanes of a termination lead to first.
func (l *loader) cablePeer(o *Object) uuid.UUID {
	w := l.wiring()
	if w == nil {
		return uuid.Nil
	}
	row := w.end(o)
	if row == nil {
		return uuid.Nil
	}
	if far := w.far(row); len(far) > 0 {
		return l.terminated(far[0])
	}
	return uuid.Nil
}

// cablePath is the first path from a termination, by the connector that it leads
// to; nil for none.
func (l *loader) cablePath(o *Object) *Object {
	var found *Object
	for _, path := range l.reached(o, "cable_paths") {
		a, _ := whole(path.Values["peer_connector"])
		if found == nil {
			found = path
		} else if b, _ := whole(found.Values["peer_connector"]); a < b {
			found = path
		}
	}
	return found
}

func (l *loader) connected(o *Object) uuid.UUID {
	if path := l.cablePath(o); path != nil {
		return path.Ref("destination")
	}
	return uuid.Nil
}

func reachable(l *loader, o *Object, _ *Field) any {
	if path := l.cablePath(o); path != nil {
		return path.Values["is_active"]
	}
	return nil
}

// termination is what stands at connector 1 of a side.
func (l *loader) termination(cable *Object, side string) uuid.UUID {
	for _, row := range l.rows(cable) {
		if text(row.Values["cable_end"]) == side && text(row.Values["connector"]) == "1" {
			return l.terminated(row)
		}
	}
	return uuid.Nil
}

// places are all places of a cable, those of side A first.
func (l *loader) places(cable *Object) any {
	at := map[string]uuid.UUID{}
	for _, row := range l.rows(cable) {
		at[strings.ToLower(text(row.Values["cable_end"]))+text(row.Values["connector"])] = l.terminated(row)
	}
	var ends []End
	for _, side := range []string{"a", "b"} {
		connectors := 1
		if kind := l.get(cable.Ref("cable_type")); kind != nil {
			connectors = max(1, atoi(text(kind.Values[side+"_connectors"])))
		}
		for i := 1; i <= connectors; i++ {
			key := side + strconv.Itoa(i)
			ends = append(ends, End{key, at[key]})
		}
	}
	return ends
}

func (l *loader) lanes(cable *Object) any {
	if kind := l.get(cable.Ref("cable_type")); kind != nil {
		return kind.Values["total_lanes"]
	}
	return 1
}

// connectedLanes counts the lanes of a cable both of whose ends are taken.
func connectedLanes(l *loader, cable *Object, _ *Field) any {
	taken := map[string]bool{}
	for _, row := range l.rows(cable) {
		taken[text(row.Values["cable_end"])+text(row.Values["connector"])] = true
	}
	mapping := []any{map[string]any{"a_connector": json.Number("1"), "b_connector": json.Number("1")}}
	if kind := l.get(cable.Ref("cable_type")); kind != nil {
		mapping, _ = kind.Values["mapping"].([]any)
	}
	n := 0
	for _, lane := range mapping {
		if entry, ok := lane.(map[string]any); ok && taken["A"+text(entry["a_connector"])] && taken["B"+text(entry["b_connector"])] {
			n++
		}
	}
	return n
}

// rangeSize is how many addresses stand from one to another, both included.
func rangeSize(from, to netip.Addr) any {
	a, b := from.As16(), to.As16()
	var n uint64
	for i := range a {
		if i < 8 && a[i] != b[i] {
			return nil
		}
		n = n<<8 + uint64(b[i]) - uint64(a[i])
	}
	return json.Number(strconv.FormatUint(n+1, 10))
}
