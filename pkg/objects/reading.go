package objects

import (
	"context"

	"github.com/google/uuid"
)

// Reading computes what is told of stored objects beside their rows: display,
// natural slug, computed fields. What it needs to know of other objects it reads
// for all of its objects at once.
type Reading struct{ l *loader }

// NewReading returns a Reading of objects that were read already.
func NewReading(ctx context.Context, r Reader, c *Catalogue, stored []Stored) (*Reading, error) {
	l := newLoader(ctx, r, c)
	for _, s := range stored {
		o, err := c.Object(s)
		if err != nil {
			return nil, err
		}
		l.add(o)
	}
	return &Reading{l}, nil
}

// Err is the first error met; all that was told after it is empty.
func (x *Reading) Err() error { return x.l.err }

// Str is what error texts call an object.
func (x *Reading) Str(id uuid.UUID) string { return x.l.str(id) }

// Display is what the field display of an object shows.
func (x *Reading) Display(id uuid.UUID) string {
	if o := x.l.get(id); o != nil {
		return x.l.display(o)
	}
	return ""
}

// Slug is the natural slug of an object.
func (x *Reading) Slug(id uuid.UUID) string {
	if o := x.l.get(id); o != nil {
		return x.l.slug(o)
	}
	return ""
}

// Value is the value at a path from an object, such as "location__name": a
// text, a number, a boolean, the id of an object, a list of these, or nil.
func (x *Reading) Value(id uuid.UUID, path string) any {
	if o := x.l.get(id); o != nil {
		return x.l.value(o, path)
	}
	return nil
}

// NumericChoices reports whether the choices of f are numbers on the wire.
func (f *Field) NumericChoices() bool { return f.numeric() }
