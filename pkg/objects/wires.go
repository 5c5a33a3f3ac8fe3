package objects

import (
	"fmt"
	"slices"

	"github.com/google/uuid"
)

// wires knows how cables run: what their ends are, what leads on from an end, and
// where a path from an end leads. How the types are called comes from the rule of
// kind cable_end.
type wires struct {
	l    *loader
	r    *rule
	rows *Type // of the ends of cables
}

// wiring is how cables run among the objects of l; nil where there are none.
func (l *loader) wiring() *wires {
	rows := l.c.cableEnds
	if rows == nil {
		return nil
	}
	return &wires{l, rows.rule("cable_end"), rows}
}

// word is an entry of a nested argument, such as fronts: {type: …}.
func (w *wires) word(argument, key string) string {
	words, _ := w.r.args[argument].(map[string]any)
	if words[key] == nil {
		return ""
	}
	return fmt.Sprint(words[key])
}

func (w *wires) side(row *Object) string { return text(row.Values[w.r.arg("end")]) }

func (w *wires) connector(row *Object) int {
	n, _ := whole(row.Values[w.r.arg("connector")])
	return n
}

func (w *wires) cable(row *Object) *Object { return w.l.get(row.Ref(w.r.arg("cable"))) }

// field is the reference of rows that leads to objects of type t.
func (w *wires) field(t *Type) *Field {
	for _, f := range w.rows.Fields {
		if f.Kind == Reference && f.Unique && f.Held() && slices.Contains(f.To, t.Name) {
			return f
		}
	}
	return nil
}

// end is the row of a terminated object, or nil.
func (w *wires) end(o *Object) *Object {
	f := w.field(o.Type)
	if f == nil {
		return nil
	}
	return w.l.get(first(w.l.refs(o, f.Reverse)))
}

// ends are the rows of a cable.
func (w *wires) ends(cable *Object) []*Object {
	f := w.rows.Field(w.r.arg("cable"))
	return w.l.reached(cable, f.Reverse)
}

// layout is the type of a cable, or nil.
func (w *wires) layout(cable *Object) *Object { return w.l.get(cable.Ref(w.r.arg("layout"))) }

// sizes are the numbers of connectors of a cable.
func (w *wires) size(cable *Object, side string) int {
	kind := w.layout(cable)
	if kind == nil {
		return 1
	}
	n, _ := whole(kind.Values[map[string]string{"A": "a_connectors", "B": "b_connectors"}[side]])
	return n
}

// breaksOut reports whether a cable has more connectors on one side.
func (w *wires) breaksOut(cable *Object) bool { return w.size(cable, "A") != w.size(cable, "B") }

// mapped are the connectors of the other side that lanes lead to, in the order of
// the lanes.
func (w *wires) mapped(cable *Object, side string, connector int) []int {
	kind := w.layout(cable)
	if kind == nil {
		return []int{1}
	}
	own, far := "a_connector", "b_connector"
	if side == "B" {
		own, far = far, own
	}
	var out []int
	for _, entry := range listOf(kind.Values["mapping"]) {
		lane, _ := entry.(map[string]any)
		n, _ := whole(lane[own])
		to, _ := whole(lane[far])
		if n == connector && !slices.Contains(out, to) {
			out = append(out, to)
		}
	}
	return out
}

// far are the rows that a row's lanes lead to, by connector.
func (w *wires) far(row *Object) []*Object {
	cable := w.cable(row)
	if cable == nil {
		return nil
	}
	var mapped []int
	if w.breaksOut(cable) {
		mapped = w.mapped(cable, w.side(row), w.connector(row))
	}
	var out []*Object
	for _, other := range w.ends(cable) {
		if w.side(other) != w.side(row) && (mapped == nil || slices.Contains(mapped, w.connector(other))) {
			out = append(out, other)
		}
	}
	slices.SortFunc(out, func(a, b *Object) int { return w.connector(a) - w.connector(b) })
	return out
}

// fansOut reports whether the lanes of an end lead to several connectors.
func (w *wires) fansOut(o *Object) bool {
	row := w.end(o)
	if row == nil {
		return false
	}
	cable := w.cable(row)
	return cable != nil && w.breaksOut(cable) && len(w.mapped(cable, w.side(row), w.connector(row))) > 1
}

func (w *wires) isFront(o *Object) bool { return o.Type.Name == w.word("fronts", "type") }
func (w *wires) isRear(o *Object) bool  { return o.Type.Name == w.word("rears", "type") }

// rear is the rear port of a front port, with the position that it has there.
func (w *wires) rear(front *Object) (*Object, int) {
	position, _ := whole(front.Values[w.word("fronts", "position")])
	return w.l.get(front.Ref(w.word("fronts", "rear"))), position
}

func (w *wires) positions(rear *Object) int {
	n, _ := whole(rear.Values[w.word("rears", "positions")])
	return n
}

// front is the front port of a rear port at a position, or nil.
func (w *wires) front(rear *Object, position int) *Object {
	for _, front := range w.l.reached(rear, w.word("rears", "fronts")) {
		if _, at := w.rear(front); at == position {
			return front
		}
	}
	return nil
}

// across is the other end of what an end belongs to (a circuit), or nil.
func (w *wires) across(o *Object) *Object {
	if o.Type.Name != w.word("across", "type") {
		return nil
	}
	holder := w.l.get(o.Ref(w.word("across", "holder")))
	if holder == nil {
		return nil
	}
	for _, other := range w.l.reached(holder, w.word("across", "members")) {
		if other.ID != o.ID {
			return other
		}
	}
	return nil
}

// origins adds to found the ends from which a path may lead to o, and o itself:
// it walks away from the cable of o, through ports, as a path would come. stack has
// the positions to come out at.
func (w *wires) origins(o *Object, stack []int, found map[uuid.UUID]bool, seen map[string]bool) {
	if o == nil || w.l.err != nil || len(stack) > mostNested {
		return
	}
	key := o.ID.String() + fmt.Sprint(stack)
	if seen[key] {
		return
	}
	seen[key] = true
	switch {
	case w.isFront(o):
		rear, position := w.rear(o)
		if rear == nil {
			return
		}
		if w.positions(rear) > 1 {
			stack = append(slices.Clone(stack), position)
		}
		w.beyond(rear, stack, found, seen)
	case w.isRear(o):
		n := len(stack)
		for _, front := range w.l.reached(o, w.word("rears", "fronts")) {
			_, position := w.rear(front)
			switch {
			case w.positions(o) == 1:
				w.beyond(front, stack, found, seen)
			case n == 0:
				w.beyond(front, nil, found, seen)
			case stack[n-1] == position:
				w.beyond(front, stack[:n-1], found, seen)
			}
		}
	default:
		found[o.ID] = true
		w.beyond(w.across(o), stack, found, seen)
	}
}

// mostNested is how many trunks may run in one another.
const mostNested = 64

// beyond goes on from an end over its cable.
func (w *wires) beyond(o *Object, stack []int, found map[uuid.UUID]bool, seen map[string]bool) {
	if o == nil {
		return
	}
	row := w.end(o)
	if row == nil {
		return
	}
	for _, far := range w.far(row) {
		w.origins(w.l.get(w.l.terminated(far)), stack, found, seen)
	}
}

// trace is a path as it is stored.
type trace struct {
	destination   *Object
	nodes         []any
	active, split bool
}

func node(o *Object) any { return o.Type.Name + ":" + o.ID.String() }

// follow traces the path from an end. Of a cable that breaks out it takes the
// lanes to connector.
func (w *wires) follow(origin *Object, connector int) trace {
	t := trace{active: true}
	var stack []int
	seen := map[uuid.UUID]bool{}
	at := origin
	for hops := 0; at != nil && !seen[at.ID] && w.l.err == nil; hops++ {
		row := w.end(at)
		if row == nil {
			break
		}
		seen[at.ID] = true
		cable := w.cable(row)
		if cable == nil {
			break
		}
		if w.l.str(cable.Ref("status")) != w.r.arg("live") {
			t.active = false
		}
		if hops > 0 && w.fansOut(at) {
			t.split = true
			break
		}
		t.nodes = append(t.nodes, node(cable))
		far := w.far(row)
		if hops == 0 && w.breaksOut(cable) {
			far = slices.DeleteFunc(far, func(o *Object) bool { return w.connector(o) != connector })
			t.split = len(far) == 0
		}
		if len(far) == 0 {
			break
		}
		at = w.pass(w.l.get(w.l.terminated(far[0])), &stack, &t)
	}
	t.active = t.active && t.destination != nil
	return t
}

// pass goes from an end, reached over its cable, through what it belongs to, to
// the next end; nil: the path ends.
func (w *wires) pass(o *Object, stack *[]int, t *trace) *Object {
	switch {
	case o == nil:
		return nil
	case w.isFront(o):
		rear, position := w.rear(o)
		if rear == nil {
			return nil
		}
		if w.positions(rear) > 1 {
			*stack = append(*stack, position)
		}
		t.nodes = append(t.nodes, node(o), node(rear))
		return rear
	case w.isRear(o):
		t.nodes = append(t.nodes, node(o))
		position := 1
		if w.positions(o) > 1 {
			n := len(*stack)
			if n == 0 {
				t.split = true
				return nil
			}
			position, *stack = (*stack)[n-1], (*stack)[:n-1]
		}
		front := w.front(o, position)
		if front != nil {
			t.nodes = append(t.nodes, node(front))
		}
		return front
	}
	if other := w.across(o); other != nil {
		t.nodes = append(t.nodes, node(o), node(other))
		return other
	}
	t.destination = o
	return nil
}
