package objects

func init() {
	for kind, args := range map[string][]string{
		"address": {"field", "version", "holders", "owner", "via"}, "field_of": {"field", "type", "kinds", "unsupported", "already", "optional", "repeatable"},
		"vlans_at": {"field", "at"}, "json_schema": {"field", "schema"},
		"withdrawn_tag": {"field"}, "withdrawn": {"field", "through"}, "vlan_range": {"field", "of"}, "taller": {"of", "height"},
		"still_used": {"on_delete", "of"}, "schema_itself": {"field"}, "same_type": {"field", "type"}, "reserved_units": {"field", "rack", "size", "others"},
		"regular_expression": {"field"}, "rack_units": {"rack", "position", "face", "height", "full_depth", "size", "others"},
		"rack_height": {"field", "others"}, "overlapping": {"same", "lists"}, "only_types": {"field", "types"}, "occupied": {"field", "by"},
		"no_create": {}, "nested_in_use": {"of", "parent", "same"}, "legacy_location": {"of"}, "lane_mapping": {"field"}, "json_object": {"field"},
		"in_range": {"value", "range"}, "image_files": {"field", "of"}, "forbidden": {},
		"filter_of": {"field", "type"}, "chain": {"field", "from", "up"}, "cable": {}, "breakers": {"panel", "others"}, "permits": {"field", "through"},
	} {
		kindArgs[kind] = args
	}
}
