package exchange

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strings"
)

// conversions are what "as" names in the mapping. Each gets the row and the
// value of its source; false: there is nothing.
var conversions map[string]func(im *netBox, r *row, v any) (any, bool)

func init() {
	conversions = map[string]func(im *netBox, r *row, v any) (any, bool){
		"ceil":                func(_ *netBox, _ *row, v any) (any, bool) { return whole(v, true) },
		"floor":               func(_ *netBox, _ *row, v any) (any, bool) { return whole(v, false) },
		"text":                func(_ *netBox, _ *row, v any) (any, bool) { return keyText(v), !empty(v) },
		"first":               func(_ *netBox, _ *row, v any) (any, bool) { return v, !empty(v) },
		"host":                func(_ *netBox, _ *row, v any) (any, bool) { return host(keyText(v)), !empty(v) },
		"midnight":            func(_ *netBox, _ *row, v any) (any, bool) { return keyText(v) + "T00:00:00Z", !empty(v) },
		"vlan_range":          func(_ *netBox, r *row, _ any) (any, bool) { return vlanRange(r) },
		"prefix_type":         func(_ *netBox, r *row, _ any) (any, bool) { return prefixType(r), true },
		"group_name":          func(_ *netBox, r *row, v any) (any, bool) { return groupName(r, v), true },
		"described":           func(_ *netBox, r *row, v any) (any, bool) { return joined(r, v, "description") },
		"contact_comments":    func(_ *netBox, r *row, v any) (any, bool) { return joined(r, v, "title", "description", "link") },
		"device_role":         func(_ *netBox, r *row, _ any) (any, bool) { return deviceRole(r), true },
		"taggable":            func(im *netBox, _ *row, _ any) (any, bool) { return im.taggable(), true },
		"content_types":       func(im *netBox, _ *row, v any) (any, bool) { return im.contentTypes(v), true },
		"required_everywhere": func(im *netBox, r *row, _ any) (any, bool) { return im.requiredEverywhere(r), true },
		"content_type":        nil, // these two take the reference itself: see generic
		"id":                  nil,
	}
}

// whole is a number without its fraction; NetBox has half units of racks.
func whole(v any, up bool) (any, bool) {
	number, ok := new(big.Rat).SetString(keyText(v))
	if empty(v) || !ok {
		return nil, false
	}
	n := new(big.Int).Div(number.Num(), number.Denom()) // Euclidean: rounds down
	if up && !number.IsInt() {
		n.Add(n, big.NewInt(1))
	}
	return n.Int64(), n.IsInt64()
}

// host is an address without its mask.
func host(text string) string {
	address, _, _ := strings.Cut(text, "/")
	return address
}

// vlanRange is which ids a VLAN group has: min_vid and max_vid, or since NetBox
// 4.1 a list of half-open ranges.
func vlanRange(r *row) (any, bool) {
	if low, high := keyText(r.fields["min_vid"]), keyText(r.fields["max_vid"]); low != "" && high != "" {
		return low + "-" + high, true
	}
	var parts []string
	text := strings.NewReplacer(`"`, "", " ", "", "\\", "").Replace(fmt.Sprint(r.fields["vid_ranges"]))
	for _, part := range strings.FieldsFunc(text, func(c rune) bool { return c == '[' || c == ']' || c == ')' }) {
		var low, high int
		if n, _ := fmt.Sscanf(part, "%d,%d", &low, &high); n == 2 {
			parts = append(parts, fmt.Sprintf("%d-%d", low, high-1))
		}
	}
	return strings.Join(parts, ","), len(parts) > 0
}

func prefixType(r *row) string {
	switch {
	case r.fields["status"] == "container":
		return "container"
	case r.fields["is_pool"] == true:
		return "pool"
	}
	return "network"
}

// groupName names a redundancy group, which NetBox need not name.
func groupName(r *row, v any) string {
	if !empty(v) {
		return keyText(v)
	}
	return keyText(r.fields["protocol"]) + " " + keyText(r.fields["group_id"])
}

// joined is comments after those fields of r that there is no field for here.
func joined(r *row, comments any, fields ...string) (any, bool) {
	var lines []string
	for _, name := range fields {
		if text := keyText(r.fields[name]); text != "" {
			lines = append(lines, text)
		}
	}
	if text := keyText(comments); text != "" {
		lines = append(lines, text)
	}
	return strings.Join(lines, "\n"), len(lines) > 0
}

func deviceRole(r *row) []string {
	if r.fields["vm_role"] == false {
		return []string{"dcim.device"}
	}
	return []string{"dcim.device", "virtualization.virtualmachine"}
}

// taggable are the types that tags may be tied to: those of all rows.
func (im *netBox) taggable() []string {
	var names []string
	for _, k := range im.m.Kinds {
		if im.taggableTypes[k.Type] && !slices.Contains(names, k.Type) {
			names = append(names, k.Type)
		}
	}
	slices.Sort(names)
	return names
}

// contentTypes are the types that rows of the given NetBox models become.
func (im *netBox) contentTypes(v any) []string {
	names := []string{}
	models, _ := v.([]any)
	for _, model := range models {
		for _, k := range im.m.Kinds {
			if k.Model == im.d.contentType(model) && !slices.Contains(names, k.Type) && im.customTypes[k.Type] {
				names = append(names, k.Type)
			}
		}
	}
	slices.Sort(names)
	return names
}

// requiredEverywhere reports whether a custom field is required and has a value
// wherever it could; NetBox asks for one only in its forms, here a row without
// would be refused.
func (im *netBox) requiredEverywhere(r *row) bool {
	if r.fields["required"] != true {
		return false
	}
	models, _ := im.first(r, "content_types|object_types").([]any)
	for _, model := range models {
		for _, holder := range im.d.rows[im.d.contentType(model)] {
			data, _ := holder.fields["custom_field_data"].(map[string]any)
			if empty(data[keyText(r.fields["name"])]) {
				im.lostValue(r, "required", "rows without a value would be refused")
				return false
			}
		}
	}
	return true
}

// nesting is how many of the prefixes of rows stand around that of each row,
// within the same VRF.
func nesting(rows []*row, field string) map[*row]int {
	type place struct {
		vrf    string
		prefix netip.Prefix
	}
	there := map[place]bool{}
	parse := func(r *row) (place, bool) {
		p, err := netip.ParsePrefix(keyText(r.fields[field]))
		return place{keyText(r.fields["vrf"]), p.Masked()}, err == nil
	}
	for _, r := range rows {
		if at, ok := parse(r); ok {
			there[at] = true
		}
	}
	depth := map[*row]int{}
	for _, r := range rows {
		at, ok := parse(r)
		if !ok {
			continue
		}
		for bits := at.prefix.Bits() - 1; bits >= 0; bits-- {
			if wider, _ := at.prefix.Addr().Prefix(bits); there[place{at.vrf, wider}] {
				depth[r]++
			}
		}
	}
	return depth
}

// normalAddress is an address, prefix or both in one way of writing.
func normalAddress(text string) string {
	if p, err := netip.ParsePrefix(text); err == nil {
		return p.String()
	}
	if a, err := netip.ParseAddr(text); err == nil {
		return a.String()
	}
	return text
}
