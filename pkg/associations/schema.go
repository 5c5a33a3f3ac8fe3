package associations

import (
	"context"

	"relata/pkg/filters"
	"relata/pkg/relationships"
)

// Schema returns the filters of the list of associations (reference section 5.2).
func (s *Service) Schema(ctx context.Context) (*filters.Schema, error) {
	set, err := s.definitions.Set(ctx)
	if err != nil {
		return nil, err
	}
	own := func(name string) filters.Path {
		return filters.Path{Column: filters.Column{Name: name, Own: true}}
	}
	not := []filters.Lookup{filters.Not}
	keys := make([]string, len(set.All()))
	for i, r := range set.All() {
		keys[i] = r.Key
	}
	related := relationships.Related(set.Catalogue())
	return filters.NewSchema("extras.RelationshipAssociation",
		&filters.Field{Name: "q", Kind: filters.Search, Search: []filters.SearchPath{
			{Path: own("label"), Kind: filters.Text, Lookup: filters.Contains},
			{Path: own("key"), Kind: filters.Text, Lookup: filters.Contains},
			{Path: own("id"), Kind: filters.UUID, Lookup: filters.IEqual},
		}},
		&filters.Field{Name: "id", Kind: filters.UUID, Path: own("id"), Lookups: not},
		&filters.Field{Name: "relationship", Kind: filters.Choice, Path: own("relationship"), Lookups: not, Choices: keys, List: true, Nullable: true},
		&filters.Field{Name: "source_type", Kind: filters.ContentType, Path: own("source_type"), Lookups: not, Choices: related, List: true},
		&filters.Field{Name: "source_id", Kind: filters.UUID, Path: own("source_id"), Lookups: not},
		&filters.Field{Name: "destination_type", Kind: filters.ContentType, Path: own("destination_type"), Lookups: not, Choices: related, List: true},
		&filters.Field{Name: "destination_id", Kind: filters.UUID, Path: own("destination_id"), Lookups: not},
		&filters.Field{Name: "peer_id", Kind: filters.UUID, Path: own("peer_id")},
	), nil
}
