package objects

import (
	"context"
)

// Registry has the current catalogue: that of the binary, the types made at run
// time and the custom fields, bound to the numbers of a database.
type Registry struct {
}

// RegistryStore is where a Registry reads from.
type RegistryStore interface {
	Reader
	// BindTypes numbers types and fields that have no number yet and returns
	// all numbers. Fields are named "app.model/field".
	BindTypes(ctx context.Context, fields map[string][]string) (types map[string]int16, numbers map[string]int32, err error)
	// CatalogueVersion is the version of state 'catalogue'.
	CatalogueVersion(ctx context.Context) (int64, error)
	// RuntimeTypes returns the definitions of the types made at run time, by name.
	RuntimeTypes(ctx context.Context) (map[string][]byte, error)
}

// NewRegistry loads the catalogue and binds it to the database of store.
func NewRegistry(ctx context.Context, store RegistryStore) (*Registry, error) {
	return &Registry{}, nil
}
