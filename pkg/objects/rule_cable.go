package objects

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

// The kinds of rule about cables. An end of a cable is a row with the cable, a side
// (A or B), a connector and one reference to what it ends at.
//
//	cable_end  a row: what may end a cable, and which ends fit together
//	  cable, end, connector   the fields of the row
//	  layout      the field of cables with their type
//	  barred      of objects of `type`, those whose `field` is one of `values` (or is
//	              set) end no cable; `text`
//	  pairs       types of ends, with the types that fit at the other side
//	  many        types that may end a cable of several connectors
//	  fronts, rears, across   what a path leads through (wires.go)
//	  paths       the type of the paths that are kept; live: the status that works
//	cable_ends  of a cable: the ends that a request names (termination_… and
//	            terminations) are well formed; rows are written accordingly
func init() {
	kindOf("cable_end", ruleKind{judge: judgeCableEnd}, "cable", "end", "connector", "layout", "barred", "pairs", "many", "fronts", "rears", "across", "paths", "live")
	kindOf("cable_ends", ruleKind{judge: judgeCableEnds, effect: writeCableEnds})
}

// problem is a broken rule about a row: its field, or "" for the whole.
type problem struct{ field, text string }

func (p problem) key() string {
	if p.field == "" {
		return fault.All
	}
	return p.field
}

func judgeCableEnd(m *member, r *rule) error {
	w := &wires{m.j.l, r, m.object.Type}
	cable := w.cable(m.object)
	if cable == nil {
		return m.j.l.err
	}
	if p := w.judge(m.object, cable, w.ends(cable)); p != nil {
		return m.refuse(p.key(), p.text)
	}
	return m.j.l.err
}

// judge says what is wrong with a row beside the other rows of its cable.
func (w *wires) judge(row, cable *Object, others []*Object) *problem {
	var set []string
	for _, f := range row.Type.Fields {
		if f.Kind == Reference && f.Unique && row.Ref(f.Name) != uuid.Nil {
			set = append(set, f.Name)
		}
	}
	switch len(set) {
	case 0:
		return &problem{text: "Exactly one termination foreign key must be set; none are."}
	case 1:
	default:
		return &problem{text: fmt.Sprintf("Exactly one termination foreign key must be set; %d are: %s.", len(set), strings.Join(set, ", "))}
	}
	end := w.l.get(w.l.terminated(row))
	if end == nil {
		return nil
	}
	if text := w.bars(end); text != "" {
		return &problem{text: text}
	}
	several := w.size(cable, "A") > 1 || w.size(cable, "B") > 1
	if several && !slices.Contains(w.r.list("many"), end.Type.Name) {
		return &problem{text: fmt.Sprintf("A %s cannot terminate a multi-connector cable type; only interfaces, front ports, rear ports, and circuit terminations support breakout.", end.Type.Singular)}
	}
	side, connector := w.side(row), w.connector(row)
	if most := w.size(cable, side); connector < 1 || connector > most {
		return &problem{w.r.arg("connector"), fmt.Sprintf("Connector %d is outside the valid range (1..%d) for the %s-side of this cable.", connector, most, side)}
	}
	facing := w.mapped(cable, side, connector)
	for _, other := range others {
		if other.ID == row.ID || w.side(other) == side || !slices.Contains(facing, w.connector(other)) {
			continue
		}
		if text := w.pair(end, w.l.get(w.l.terminated(other))); text != "" {
			return &problem{text: text}
		}
	}
	return nil
}

// bars says why an object ends no cable, or is empty.
func (w *wires) bars(end *Object) string {
	list, _ := w.r.args["barred"].([]any)
	for _, entry := range list {
		words, _ := entry.(map[string]any)
		if words["type"] != end.Type.Name {
			continue
		}
		field := fmt.Sprint(words["field"])
		values, listed := words["values"].([]any)
		value := w.l.value(end, field)
		if listed && !slices.Contains(values, value) || value == nil {
			continue
		}
		label := text(value)
		if f := end.Type.Field(field); f != nil && f.Kind == Choice {
			label = f.ChoiceLabel(label)
		}
		return strings.ReplaceAll(fmt.Sprint(words["text"]), "{label}", label)
	}
	return ""
}

// pair says why two objects do not end the same lane, or is empty.
func (w *wires) pair(a, b *Object) string {
	if b == nil {
		return ""
	}
	pairs, _ := w.r.args["pairs"].(map[string]any)
	fitting, _ := pairs[a.Type.Name].([]any)
	switch {
	case a.ID == b.ID:
		return fmt.Sprintf("Cannot connect %s to itself", a.Type.Singular)
	case !slices.Contains(fitting, any(b.Type.Name)):
		return fmt.Sprintf("Incompatible termination types: %s and %s", a.Type.Model(), b.Type.Model())
	}
	for _, ends := range [][2]*Object{{a, b}, {b, a}} {
		if w.isFront(ends[0]) && w.isRear(ends[1]) && ends[0].Ref(w.word("fronts", "rear")) == ends[1].ID {
			return "A front port cannot be connected to its corresponding rear port"
		}
	}
	if w.isRear(a) && w.isRear(b) {
		one, two := w.positions(a), w.positions(b)
		if one > 1 && two > 1 && one != two {
			return fmt.Sprintf("%s has %d position(s) but %s has %d. Both terminations must have the same number of positions (if greater than one).", a.Str, one, b.Str, two)
		}
	}
	return ""
}

// cableEnd is an end as a request names it. Without a type it shall be free.
type cableEnd struct {
	side      string
	connector int
	target    *Type
	value     any // the id, as it was written
}

var endKey = regexp.MustCompile(`^([ab])(\d+)$`)

// cableEnds reads the ends that the request names, in the order in which they are
// written. A malformed one is told.
func (m *member) cableEnds(w *wires) ([]cableEnd, bool) {
	var ends []cableEnd
	for _, side := range []string{"A", "B"} {
		var kind, id string
		for _, f := range m.object.Type.Fields {
			if f.Args["side"] != side || !m.draft.Has(f.Name) {
				continue
			}
			switch f.Derive {
			case "termination_type":
				kind = text(m.object.Values[f.Name])
			case "termination_id":
				id = text(m.object.Values[f.Name])
			}
		}
		if t := m.j.c.Type(kind); t != nil && id != "" {
			ends = append(ends, cableEnd{side, 1, t, id})
		}
	}
	raw, given := m.draft.Fields["terminations"]
	if !given {
		return ends, true
	}
	v, err := parseJSON(raw)
	pairs, object := v.(Pairs)
	if err != nil || !object {
		_ = m.refuse("terminations", "Expected an object keyed by side and connector (e.g. 'a1', 'b2').")
		return nil, false
	}
	for _, p := range pairs {
		end, message, at := m.cableEnd(w, p)
		if message != "" {
			m.problems.Fields = append(m.problems.Fields, fault.Problem{Path: append([]string{"terminations", p.Key}, at...), Messages: []string{message}, Bare: true})
			return nil, false
		}
		ends = append(ends, end)
	}
	return ends, true
}

// cableEnd reads one entry of terminations.
func (m *member) cableEnd(w *wires, p Pair) (end cableEnd, message string, at []string) {
	match := endKey.FindStringSubmatch(p.Key)
	if match == nil {
		return end, "Key must be a side ('a'/'b') followed by a connector number, e.g. 'a1'.", nil
	}
	end = cableEnd{side: strings.ToUpper(match[1]), connector: atoi(match[2])}
	if p.Value == nil {
		return end, "", nil
	}
	entry, object := p.Value.(Pairs)
	if !object {
		return end, "Expected null or an {object_type, id} object.", nil
	}
	kind, _ := entry.Get("object_type")
	end.value, _ = entry.Get("id")
	if filters.Falsy(plainJSON(kind)) || filters.Falsy(plainJSON(end.value)) {
		return end, "Required keys: 'object_type' and 'id'.", nil
	}
	name, isText := kind.(string)
	if !isText || strings.Count(name, ".") != 1 {
		return end, "Must be of the form 'app_label.modelname'.", []string{"object_type"}
	}
	if end.target = m.j.c.Type(name); end.target == nil || w.field(end.target) == nil {
		return end, name + " is not a valid cable termination type.", []string{"object_type"}
	}
	return end, "", nil
}

func judgeCableEnds(m *member, _ *rule) error {
	if w := m.j.l.wiring(); w != nil {
		m.cableEnds(w)
	}
	return m.j.l.err
}

// writeCableEnds makes, changes and removes the rows of a cable, each judged as it
// would be alone.
func writeCableEnds(m *member, _ *rule) error {
	w := m.j.l.wiring()
	if w == nil {
		return nil
	}
	ends, _ := m.cableEnds(w)
	for _, f := range m.object.Type.Fields {
		if strings.HasPrefix(f.Derive, "termination_") {
			delete(m.object.Values, f.Name)
		}
	}
	if len(ends) == 0 {
		return nil
	}
	m.j.l.name(m.object)
	var rows []*Object
	stored := map[uuid.UUID]*Object{}
	if m.before != nil {
		for _, row := range w.ends(m.before) {
			rows, stored[row.ID] = append(rows, row.clone()), row
		}
	}
	for _, end := range ends {
		i := slices.IndexFunc(rows, func(row *Object) bool { return w.side(row) == end.side && w.connector(row) == end.connector })
		if end.target == nil {
			if i >= 0 {
				rows = slices.Delete(rows, i, i+1)
			}
			continue
		}
		var row *Object
		if i >= 0 {
			row = rows[i]
		}
		row, p := w.place(m, end, row, rows, stored)
		if p != nil {
			m.problems.Add([]string{"terminations", strings.ToLower(end.side), itoa(end.connector), p.key()}, p.text)
			return m.j.l.err
		}
		if i < 0 {
			rows = append(rows, row)
		}
	}
	return m.keepRows(w, rows, stored)
}

// place lets a row lead to the end that a request names. row is the one that
// stands there, or nil.
func (w *wires) place(m *member, end cableEnd, row *Object, rows []*Object, stored map[uuid.UUID]*Object) (*Object, *problem) {
	f := w.field(end.target)
	n := readRef(end.target, end.value, FieldForm)
	id := n.id
	if id == uuid.Nil {
		var text string
		var err error
		if id, text, err = w.l.findRef(end.target, n, nil); err != nil || text != "" {
			return nil, &problem{f.Name, text}
		}
	}
	target := w.l.get(id)
	if target == nil || target.Type.ID != end.target.ID {
		return nil, &problem{f.Name, n.missing()}
	}
	if row == nil {
		row = &Object{ID: uuid.New(), Type: w.rows, Values: map[string]any{w.r.arg("end"): end.side, w.r.arg("connector"): number(end.connector)}, Refs: map[string][]uuid.UUID{}}
		row.setRef(w.r.arg("cable"), m.object.ID)
	}
	taken := w.end(target)
	if taken != nil && stored[taken.ID] != nil { // one of this cable: as the request has it by now
		taken = nil
	}
	for _, other := range rows {
		if other.ID != row.ID && w.l.terminated(other) == target.ID {
			taken = other
		}
	}
	if taken != nil {
		return nil, &problem{f.Name, takenText(w.rows, &rule{single: true, fields: []string{f.Name}})}
	}
	connector := w.rows.Field(w.r.arg("connector"))
	if _, t := connector.integer(json.Number(itoa(end.connector)), nil); t != nil {
		return nil, &problem{connector.Name, t.messages[0]}
	}
	for _, other := range w.rows.Fields {
		if other.Kind == Reference && other.Unique {
			row.Refs[other.Name] = nil
		}
	}
	row.setRef(f.Name, target.ID)
	return row, w.judge(row, m.object, rows)
}

// keepRows plans what turns the stored rows into rows.
func (m *member) keepRows(w *wires, rows []*Object, stored map[uuid.UUID]*Object) error {
	kept := map[uuid.UUID]bool{}
	for _, row := range rows {
		kept[row.ID] = true
		before := stored[row.ID]
		switch {
		case before == nil:
			m.make(w.rows, func(o *Object) {
				o.Values[w.r.arg("end")], o.Values[w.r.arg("connector")] = row.Values[w.r.arg("end")], row.Values[w.r.arg("connector")]
				o.Refs = row.Refs
			})
		case w.l.terminated(before) != w.l.terminated(row):
			// Away first: two rows may change places.
			m.gone = append(m.gone, before.ID)
			m.make(w.rows, func(o *Object) {
				o.Values[w.r.arg("end")], o.Values[w.r.arg("connector")] = row.Values[w.r.arg("end")], row.Values[w.r.arg("connector")]
				o.Refs = row.Refs
			})
		}
	}
	for id := range stored {
		if !kept[id] {
			m.gone = append(m.gone, id)
		}
	}
	return m.j.l.err
}
