package store_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

// foldedApart are the code points that PostgreSQL's collation "C.utf8" and Go may
// lower differently. With the C library 2.36 there are none; letters that Unicode
// got since version 14 are known to some versions only.
func foldedApart(r rune) bool {
	return 0x10570 <= r && r <= 0x105BF || r == 0x2C2F || 0xA7C0 <= r && r <= 0xA7DC || r == 0x1C89 || 0x10D50 <= r && r <= 0x10D65
}

func TestLowerCaseIsTheSameEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		var apart []string
		for from := rune(1); from <= unicode.MaxRune; from += 0x1000 {
			var b strings.Builder
			for r := from; r < from+0x1000; r++ {
				if r < 0xD800 || r > 0xDFFF && r <= unicode.MaxRune {
					b.WriteRune(r)
				}
			}
			var lowered string
			require.NoError(t, s.Scalar(ctx, &lowered, "select "+s.Lower("cast(? as text)"), b.String()))
			got, all := []rune(lowered), []rune(b.String())
			require.Len(t, got, len(all))
			for i, r := range all {
				if got[i] != unicode.ToLower(r) && !foldedApart(r) {
					apart = append(apart, fmt.Sprintf("%U: %U, not %U", r, got[i], unicode.ToLower(r)))
				}
			}
		}
		assert.Empty(t, apart)
	})
}

var patternParts = []string{"a", "b", "B", "1", " ", "-", "ö", "Ö", "ß", "K", ".", "^", "$", `\.`, `\d`, `\D`, `\w`, `\W`, `\s`, `\b`, `\B`, `\A`, `\z`,
	"[a-c]", "[^a-c]", "[[:alpha:]]", "[^[:digit:]]", `[\d-]`, `\pL`, `\PL`, "(?i:a)", "(?s:.)", "(?m:^b)", "(?m:a$)", "a*", "b+?", "(?:ab)?", "(a|b)", "(a|)", "a{2}",
	"b{1,3}", "(?:a|1){2,}", `\x{1F600}`, `\n`, `\t`, `\\`, `\[`, `\(`, "", "(?:)", "()", "^*", "(?:^)*", "(?:$)+", "{", "}", "]", "#", `\Qa.b\E`, "%", "_", "'", `"`, "***:", "(?i)"}

func TestPatternsFindTheSameEverywhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ctx := context.Background()
		rapid.Check(t, func(t *rapid.T) {
			pattern := strings.Join(rapid.SliceOfN(rapid.SampledFrom(patternParts), 1, 4).Draw(t, "pattern"), "")
			text := rapid.StringOfN(rapid.RuneFrom([]rune("abB1 -öÖßKk.\nx_%'\\😀K")), 0, 6, -1).Draw(t, "text")
			fold := rapid.Bool().Draw(t, "fold")
			sql, translated, ok := s.Matches(pattern, fold)
			go1 := pattern
			if fold {
				go1 = "(?i)" + pattern
			}
			re, err := regexp.Compile(go1)
			if err != nil {
				return
			}
			require.True(t, ok)
			args := []any{text, translated}
			if !s.Postgres() {
				args = []any{translated, text, nil}
			}
			var found bool
			require.NoError(t, s.Scalar(ctx, &found, "select "+sql, args...), "%q as %q", pattern, translated)
			require.Equal(t, re.MatchString(text), found, "%q as %q in %q", pattern, translated, text)
		})
	})
}
