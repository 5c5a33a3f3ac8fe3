package objects

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// TestPlainSlug: the short way gives what the long one does.
func TestPlainSlug(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ -~\x7f\n]*é?`).Draw(t, "text")
		if slug, ok := plainSlug(text); ok {
			assert.Equal(t, anySlug(text), slug)
		}
	})
}
