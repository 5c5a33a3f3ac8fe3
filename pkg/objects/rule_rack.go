package objects

import (
	"fmt"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// The kinds of rule about room.
//
//	rack_units      `height` units from `position` up, at `face` or at both when
//	                `full_depth`, must be free and within `size`; `others` are the
//	                holders of `rack` that take room
//	rack_height     `field` must reach the top of the highest of `others`
//	taller          each of `of` must have room for `height` where it stands
//	reserved_units  the units of `field` lie within `size` and in none of `others`
//	breakers        the positions from `position` on, two apart, `poles` of them, lie
//	                within `size` of `panel` and are free of `others`
//	vlan_range      numbers and runs of numbers, as text; all `of` must stay within
//	in_range        `value` lies in the numbers of `range`
func init() {
	kindOf("rack_units", ruleKind{judge: judgeRackUnits}, "rack", "position", "face", "height", "full_depth", "size", "others")
	kindOf("rack_height", ruleKind{judge: judgeRackHeight}, "field", "others")
	kindOf("taller", ruleKind{judge: judgeTaller}, "of", "height", "full_depth", "rack")
	kindOf("reserved_units", ruleKind{judge: judgeReservedUnits}, "field", "rack", "size", "others")
	kindOf("breakers", ruleKind{judge: judgeBreakers}, "panel", "others", "position", "poles", "size")
	kindOf("vlan_range", ruleKind{judge: judgeVLANRange}, "field", "of", "value")
	kindOf("in_range", ruleKind{judge: judgeInRange}, "value", "range")
}

// slot is the room that something takes in a rack.
type slot struct {
	id           uuid.UUID
	from, height int
	face         string
	deep         bool // it takes both faces
}

// words are the fields that say where something stands, as a rule names them.
type slotWords struct{ position, face, height, deep string }

func (r *rule) slotWords() slotWords {
	return slotWords{r.or("position", "position"), r.or("face", "face"), r.or("height", "device_type.u_height"), r.or("full_depth", "device_type.is_full_depth")}
}

// slotOf is the room of o; false where it has no position.
func (l *loader) slotOf(o *Object, w slotWords) (slot, bool) {
	from, ok := whole(l.value(o, w.position))
	height, _ := whole(l.value(o, w.height))
	return slot{o.ID, from, height, text(l.value(o, w.face)), l.value(o, w.deep) == true}, ok && from > 0
}

// free reports whether s fits into a rack of that size beside the others.
func (s slot) free(size int, others []slot) bool {
	if s.from < 1 || s.from+s.height-1 > size || s.height == 0 && s.from > size {
		return false
	}
	for _, o := range others {
		if o.id == s.id || !s.deep && !o.deep && o.face != s.face {
			continue
		}
		if s.from < o.from+o.height && o.from < s.from+max(s.height, 1) {
			return false
		}
	}
	return true
}

// slotsIn are what stands in a rack.
func (l *loader) slotsIn(rack *Object, path string, w slotWords) []slot {
	var out []slot
	for _, o := range l.reached(rack, path) {
		if s, ok := l.slotOf(o, w); ok {
			out = append(out, s)
		}
	}
	return out
}

func judgeRackUnits(m *member, r *rule) error {
	l, w := m.j.l, r.slotWords()
	rack := m.objectAt(r.arg("rack"))
	own, ok := l.slotOf(m.object, w)
	if rack == nil || !ok {
		return l.err
	}
	if err := m.j.lock(rack.ID); err != nil {
		return err
	}
	size, _ := whole(m.argument(r, "size"))
	if own.free(size, l.slotsIn(rack, r.arg("others"), w)) {
		return l.err
	}
	return m.refuse(r.key, m.fill(r.text, nil))
}

func judgeRackHeight(m *member, r *rule) error {
	if m.before == nil {
		return nil
	}
	var top slot
	for _, s := range m.j.l.slotsIn(m.before, r.arg("others"), r.slotWords()) {
		if s.from > top.from {
			top = s
		}
	}
	needed := top.from + top.height - 1
	if height, ok := whole(m.argument(r, "field")); ok && top.from > 0 && height < needed {
		return m.refuse(r.key, m.fill(r.text, map[string]any{"needed": itoa(needed)}))
	}
	return m.j.l.err
}

func judgeTaller(m *member, r *rule) error {
	if m.before == nil {
		return nil
	}
	l := m.j.l
	height, _ := whole(m.argument(r, "height"))
	deep := l.value(m.object, r.or("full_depth", "is_full_depth")) == true
	w := (&rule{}).slotWords()
	held := byCreation(l.reached(m.before, r.arg("of")))
	for _, o := range held {
		l.meet(-4, o.Ref(r.or("rack", "rack")))
	}
	for _, o := range held {
		rack := l.get(o.Ref(r.or("rack", "rack")))
		s, ok := l.slotOf(o, w)
		if rack == nil || !ok {
			continue
		}
		s.height, s.deep = height, deep
		size, _ := whole(l.value(rack, "u_height"))
		if !s.free(size, l.slotsIn(rack, r.arg("of"), w)) {
			return m.refuse(r.key, m.fill(r.text, map[string]any{"value": o.ID}))
		}
	}
	return l.err
}

// numbersOf are the whole numbers of a list.
func numbersOf(v any) []int {
	var out []int
	for _, member := range listOf(v) {
		if n, ok := whole(member); ok {
			out = append(out, n)
		}
	}
	return out
}

func joined(list []int, separator string) string {
	texts := make([]string, len(list))
	for i, n := range list {
		texts[i] = itoa(n)
	}
	return strings.Join(texts, separator)
}

func judgeReservedUnits(m *member, r *rule) error {
	l := m.j.l
	rack := m.objectAt(r.arg("rack"))
	if rack == nil {
		return l.err
	}
	if err := m.j.lock(rack.ID); err != nil {
		return err
	}
	size, _ := whole(m.argument(r, "size"))
	units := numbersOf(m.object.Values[r.arg("field")])
	var beyond, taken []int
	reserved := map[int]bool{}
	for _, other := range l.reached(rack, r.arg("others")) {
		if other.ID == m.object.ID {
			continue
		}
		for _, u := range numbersOf(other.Values[r.arg("field")]) {
			reserved[u] = true
		}
	}
	for _, u := range units {
		if u < 1 || u > size {
			beyond = append(beyond, u)
		}
		if reserved[u] {
			taken = append(taken, u)
		}
	}
	switch {
	case len(beyond) > 0:
		return m.refuse(r.key, fmt.Sprintf("Invalid unit(s) for %dU rack: %s", size, joined(beyond, ", ")))
	case len(taken) > 0:
		return m.refuse(r.key, "The following units have already been reserved: "+joined(taken, ", "))
	}
	return l.err
}

// breakersOf are the positions that a feed takes: every second one.
func breakersOf(l *loader, o *Object, position, poles string) []int {
	first, ok := whole(l.value(o, position))
	n, has := whole(l.value(o, poles))
	if !ok || !has {
		return nil
	}
	out := make([]int, n)
	for i := range out {
		out[i] = first + 2*i
	}
	return out
}

func judgeBreakers(m *member, r *rule) error {
	l := m.j.l
	position, poles := r.or("position", "breaker_position"), r.or("poles", "breaker_pole_count")
	own := breakersOf(l, m.object, position, poles)
	panel := m.objectAt(r.arg("panel"))
	if len(own) == 0 || panel == nil {
		return l.err
	}
	if err := m.j.lock(panel.ID); err != nil {
		return err
	}
	size, limited := whole(l.value(panel, r.or("size", "breaker_position_count")))
	if limited && slices.Max(own) > size {
		return m.refuse(r.key, fmt.Sprintf("Breaker configuration starting at position %d with %d poles would occupy positions [%s], but panel only has %d breaker positions",
			own[0], len(own), joined(own, ", "), size))
	}
	for _, other := range byCreation(l.reached(panel, r.arg("others"))) {
		theirs := breakersOf(l, other, position, poles)
		if other.ID != m.object.ID && slices.ContainsFunc(theirs, func(p int) bool { return slices.Contains(own, p) }) {
			return m.refuse(r.key, fmt.Sprintf("Breaker position %d conflicts with feed \"%s\" (occupies %s)", own[0], other.Name, joined(theirs, ", ")))
		}
	}
	return l.err
}

// run is a run of numbers, both ends included.
type run struct{ from, to int }

// readRuns reads "1-5,9": sorted, runs that touch are one. False: it is no such
// text.
func readRuns(s string) ([]run, bool) {
	var runs []run
	for _, part := range strings.Split(s, ",") {
		from, to, isRun := strings.Cut(part, "-")
		first, err := strconv.Atoi(strings.TrimSpace(from))
		last, lastErr := first, error(nil)
		if isRun {
			last, lastErr = strconv.Atoi(strings.TrimSpace(to))
		}
		if err != nil || lastErr != nil {
			return nil, false
		}
		if first <= last {
			runs = append(runs, run{first, last})
		}
	}
	sort.Slice(runs, func(i, j int) bool { return runs[i].from < runs[j].from })
	var out []run
	for _, next := range runs {
		if n := len(out); n > 0 && next.from <= out[n-1].to+1 {
			out[n-1].to = max(out[n-1].to, next.to)
			continue
		}
		out = append(out, next)
	}
	return out, true
}

func runsText(runs []run) string {
	texts := make([]string, len(runs))
	for i, one := range runs {
		texts[i] = itoa(one.from)
		if one.to > one.from {
			texts[i] += "-" + itoa(one.to)
		}
	}
	return strings.Join(texts, ",")
}

func within(runs []run, n int) bool {
	return slices.ContainsFunc(runs, func(one run) bool { return one.from <= n && n <= one.to })
}

func judgeVLANRange(m *member, r *rule) error {
	field := r.arg("field")
	runs, ok := readRuns(text(m.object.Values[field]))
	if ok && len(runs) == 0 {
		return m.refuse(r.key, "This field cannot be blank.")
	}
	if !ok || runs[0].from < 1 || runs[len(runs)-1].to > 4094 {
		return m.refuse(r.key, "Invalid value. Specify a range value between 1-4094")
	}
	m.object.Values[field] = runsText(runs)
	if m.before == nil {
		return nil
	}
	var outside []int
	for _, o := range m.j.l.reached(m.before, r.arg("of")) {
		if n, ok := whole(m.j.l.value(o, r.or("value", "vid"))); ok && !within(runs, n) {
			outside = append(outside, n)
		}
	}
	if len(outside) > 0 {
		sort.Ints(outside)
		return m.refuse(r.key, fmt.Sprintf("VLAN group range may not be re-sized due to existing VLANs (IDs: %s).", joined(outside, ",")))
	}
	return m.j.l.err
}

func judgeInRange(m *member, r *rule) error {
	runs, ok := readRuns(text(m.argument(r, "range")))
	n, given := whole(m.argument(r, "value"))
	if ok && given && !within(runs, n) {
		return m.refuse(r.key, m.fill(r.text, nil))
	}
	return m.j.l.err
}
