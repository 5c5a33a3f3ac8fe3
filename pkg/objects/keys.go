package objects

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// mostAbove is how many of the objects above it a natural key names at most.
const mostAbove = 16

// NoValue stands for null among the values of a composite key.
const NoValue = "\x00"

// SplitKey returns the values of a composite key: joined by semicolons, each quoted
// as in the query of a URL (reference section 3.6).
func SplitKey(text string) []string {
	parts := strings.Split(text, ";")
	for i, part := range parts {
		if plain, err := url.QueryUnescape(part); err == nil {
			parts[i] = plain
		}
	}
	return parts
}

// KeyPaths are the paths of the natural key that so many values stand for, those
// left out at the end included; false when the key has no room for them. Where
// it goes on with what stands above, it has room for more than there is.
func (t *Type) KeyPaths(values int) ([]string, bool) {
	keys := t.NaturalKey
	if values > len(keys) && (!t.KeyAbove || values > 1+mostAbove) {
		return nil, false
	}
	for keys = slices.Clip(keys); len(keys) < values; {
		keys = append(keys, t.Tree+"__"+keys[len(keys)-1])
	}
	return keys, true
}

// checkKeyAbove checks that the natural key of t can go on with the objects above.
func (t *Type) checkKeyAbove() error {
	if t.KeyAbove && (t.Tree == "" || len(t.NaturalKey) != 1 || t.NaturalKey[0] != t.Named) {
		return fmt.Errorf("key_above needs a tree, and its name alone as natural key")
	}
	return nil
}

// deepened returns a catalogue whose natural keys go on with what stands above,
// as far as the trees of the named types go. c stays as it is.
func (c *Catalogue) deepened(depths map[string]int) (*Catalogue, error) {
	out := &Catalogue{apps: c.apps}
	for _, t := range c.types {
		if keys := c.deepKey(t, depths); !slices.Equal(keys, t.NaturalKey) {
			copied := *t
			copied.NaturalKey, copied.above = keys, depths[t.Name]
			t = &copied
		}
		out.types = append(out.types, t)
	}
	return out, out.index()
}

// deepKey is the natural key of t where the trees are so deep.
func (c *Catalogue) deepKey(t *Type, depths map[string]int) []string {
	var keys []string
	for _, path := range t.NaturalKey {
		keys = append(keys, path)
		prefix, name, holder := "", path, t
		if i := strings.LastIndex(path, "__"); i >= 0 {
			prefix, name = path[:i+2], path[i+2:]
			_, f, at, err := c.Resolve(t, path[:i])
			if err != nil || f.Kind != Reference {
				continue
			}
			holder = at
		}
		if holder == nil || !holder.KeyAbove {
			continue
		}
		for up := range depths[holder.Name] {
			keys = append(keys, prefix+strings.Repeat(holder.Tree+"__", up+1)+name)
		}
	}
	return keys
}

// deepenFor has the natural keys of the catalogue go as far as the trees of
// today's objects.
func (c *Catalogue) deepenFor(ctx context.Context, store Reader) (*Catalogue, error) {
	depths := map[string]int{}
	for _, t := range c.types {
		if !t.KeyAbove {
			continue
		}
		depth, err := store.Deepest(ctx, t.Name)
		if err != nil {
			return nil, err
		}
		depths[t.Name] = min(depth, mostAbove)
	}
	return c.deepened(depths)
}

// replaced are objects of trees that were put somewhere, or went from where they
// were, by the names of their types.
type replaced struct {
	placed map[string][]uuid.UUID
	left   map[string]bool
}

func (x *replaced) place(o *Object) {
	if o.Type.KeyAbove && o.Ref(o.Type.Tree) != uuid.Nil {
		if x.placed == nil {
			x.placed = map[string][]uuid.UUID{}
		}
		x.placed[o.Type.Name] = append(x.placed[o.Type.Name], o.ID)
	}
}

func (x *replaced) leave(o *Object) {
	if o.Type.KeyAbove {
		if x.left == nil {
			x.left = map[string]bool{}
		}
		x.left[o.Type.Name] = true
	}
}

// changesKeys reports whether the natural keys of c are too short or too long by
// now.
func (x *replaced) changesKeys(ctx context.Context, r Reader, c *Catalogue) (bool, error) {
	for name := range x.left {
		depth, err := r.Deepest(ctx, name)
		if err != nil || min(depth, mostAbove) != c.Type(name).above {
			return true, err
		}
	}
	for name, ids := range x.placed {
		above, err := r.Ancestors(ctx, ids)
		if err != nil {
			return false, err
		}
		for _, a := range above {
			if min(a.Depth, mostAbove) > c.Type(name).above {
				return true, nil
			}
		}
	}
	return false, nil
}
