package objects

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"relata/pkg/filters"
)

// lane_mapping judges which lane of a cable leads where: `field` has one entry per
// lane with a connector and a position on either side. An empty one is filled in.
// The numbers of connectors are in `a`, `b`, that of lanes in `lanes`.
func init() {
	kindOf("lane_mapping", ruleKind{judge: judgeLaneMapping}, "field", "a", "b", "lanes")
}

var laneKeys = []string{"a_connector", "a_position", "b_connector", "b_position"}

func judgeLaneMapping(m *member, r *rule) error {
	field := r.arg("field")
	a, _ := whole(m.object.Values[r.or("a", "a_connectors")])
	b, _ := whole(m.object.Values[r.or("b", "b_connectors")])
	lanes, _ := whole(m.object.Values[r.or("lanes", "total_lanes")])
	if a < 1 || b < 1 || lanes < 1 {
		return nil // their limits are told
	}
	mapping := m.object.Values[field]
	if filters.Falsy(mapping) && lanes%a == 0 && lanes%b == 0 {
		m.object.Values[field] = usualLanes(a, b, lanes)
		return nil
	}
	list, ok := mapping.([]any)
	switch {
	case !ok:
		return m.refuse(field, "Mapping must be a JSON array.")
	case len(list) != lanes:
		return m.refuse(field, fmt.Sprintf("Expected %d lane definitions, but got %d.", lanes, len(list)))
	}
	for i, entry := range list {
		if problem := malformedLane(i, entry); problem != "" {
			return m.refuse(field, problem)
		}
	}
	labelled, problem := readLanes(list, map[string]int{"a_connector": a, "a_position": lanes / a, "b_connector": b, "b_position": lanes / b})
	if problem != "" {
		return m.refuse(field, problem)
	}
	m.object.Values[field] = labelled
	return nil
}

// usualLanes lays the lanes out in order on both sides.
func usualLanes(a, b, lanes int) []any {
	perA, perB := lanes/a, lanes/b
	out := make([]any, lanes)
	for i := range out {
		out[i] = map[string]any{"label": itoa(i + 1), "a_connector": number(i/perA + 1), "a_position": number(i%perA + 1),
			"b_connector": number(i/perB + 1), "b_position": number(i%perB + 1)}
	}
	return out
}

// malformedLane says what is wrong with the form of an entry.
func malformedLane(i int, entry any) string {
	lane, ok := entry.(map[string]any)
	if !ok {
		return fmt.Sprintf("Entry %d must be a JSON object.", i)
	}
	var missing, unknown []string
	for _, key := range laneKeys {
		if _, has := lane[key]; !has {
			missing = append(missing, key)
		}
	}
	for key := range lane {
		if key != "label" && !slices.Contains(laneKeys, key) {
			unknown = append(unknown, key)
		}
	}
	slices.Sort(unknown)
	switch {
	case len(missing) > 0:
		return fmt.Sprintf("Entry %d is missing required keys: %s.", i, strings.Join(missing, ", "))
	case len(unknown) > 0:
		return fmt.Sprintf("Entry %d has unknown keys: %s", i, strings.Join(unknown, ", "))
	}
	for _, key := range laneKeys {
		n, number := lane[key].(json.Number)
		if value, err := n.Int64(); !number || err != nil || value < 1 {
			return fmt.Sprintf("Entry %d key '%s' must be a positive integer.", i, key)
		}
	}
	return ""
}

// readLanes returns the entries with their labels, or what is wrong with one.
func readLanes(list []any, most map[string]int) ([]any, string) {
	taken := map[string]bool{}
	out := make([]any, len(list))
	for i, entry := range list {
		lane := map[string]any{}
		for key, value := range entry.(map[string]any) {
			lane[key] = value
		}
		out[i] = lane
		for _, key := range laneKeys {
			if n, _ := whole(lane[key]); n > most[key] {
				return nil, fmt.Sprintf("Entry %d: %s %d out of range [1, %d].", i, key, n, most[key])
			}
		}
		for _, side := range []string{"a", "b"} {
			pair := fmt.Sprintf("(%s, %s)", text(lane[side+"_connector"]), text(lane[side+"_position"]))
			if taken[side+pair] {
				return nil, fmt.Sprintf("Entry %d: Duplicate %s-side (connector, position) pair: %s.", i, strings.ToUpper(side), pair)
			}
			taken[side+pair] = true
		}
		if _, has := lane["label"]; !has {
			lane["label"] = itoa(i)
		}
		label, isText := lane["label"].(string)
		switch {
		case !isText:
			return nil, fmt.Sprintf("Entry %d: Label %s must be a string", i, text(lane["label"]))
		case taken["label "+label]:
			return nil, fmt.Sprintf("Entry %d: Duplicate label: %s", i, label)
		}
		taken["label "+label] = true
	}
	return out, ""
}
