package relationships

import (
	"context"
	"slices"

	"relata/pkg/filters"
	"relata/pkg/objects"
)

var (
	not   = []filters.Lookup{filters.Not}
	texts = []filters.Lookup{filters.Not, filters.Contains, filters.NotContains, filters.IEqual, filters.NotIEqual,
		filters.StartsWith, filters.NotStarts, filters.EndsWith, filters.NotEnds,
		filters.Regex, filters.NotRegex, filters.IRegex, filters.NotIRegex}
)

// Schema returns the filters of the list of definitions (reference section 5.1).
// Contacts, teams and dynamic groups can be named; no definition has any.
func (s *Service) Schema(ctx context.Context) *filters.Schema {
	catalogue := s.catalogue.Catalogue(ctx)
	names := make([]string, len(Types))
	for i, t := range Types {
		names[i] = string(t)
	}
	related := Related(catalogue)
	own := func(name string) filters.Path {
		return filters.Path{Column: filters.Column{Name: name, Own: true}}
	}
	return filters.NewSchema("extras.Relationship",
		&filters.Field{Name: "q", Kind: filters.Search, Search: []filters.SearchPath{
			{Path: own("label"), Kind: filters.Text, Lookup: filters.Contains},
			{Path: own("description"), Kind: filters.Text, Lookup: filters.Contains},
			{Path: own("id"), Kind: filters.UUID, Lookup: filters.IEqual},
		}},
		never(catalogue, "contacts", "extras.contact", filters.Not, filters.IsNull),
		never(catalogue, "teams", "extras.team", filters.Not, filters.IsNull),
		never(catalogue, "dynamic_groups", "extras.dynamicgroup", filters.Not),
		&filters.Field{Name: "id", Kind: filters.UUID, Path: own("id"), Lookups: not},
		&filters.Field{Name: "label", Kind: filters.Text, Path: own("label"), Lookups: texts},
		&filters.Field{Name: "key", Kind: filters.Text, Path: own("key"), Lookups: texts},
		&filters.Field{Name: "type", Kind: filters.Choice, Path: own("type"), Lookups: texts, Choices: names, List: true, Nullable: true},
		&filters.Field{Name: "source_type", Kind: filters.ContentType, Path: own("source_type"), Lookups: not, Choices: related, List: true},
		&filters.Field{Name: "destination_type", Kind: filters.ContentType, Path: own("destination_type"), Lookups: not, Choices: related, List: true},
	)
}

// Related are the names of the types that take part in relationships, in order.
func Related(catalogue *objects.Catalogue) []string {
	var names []string
	for _, t := range catalogue.Types() {
		if t.Related {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}

// never is a filter by something that no definition has.
func never(catalogue *objects.Catalogue, name, target string, lookups ...filters.Lookup) *filters.Field {
	nowhere := filters.Path{Hops: []filters.Hop{{Field: -1, Back: true}}}
	f := &filters.Field{Name: name, Kind: filters.NameOrID, Path: nowhere, Target: target, Lookups: lookups, Nullable: true, List: true, ToKind: filters.Text}
	if t := catalogue.Type(target); t != nil {
		f.TargetType = t.ID
		if way, _, _, err := catalogue.Resolve(t, "name"); err == nil {
			f.ToField = way
		}
	}
	return f
}
