package relationships

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestKey(t *testing.T) {
	tests := []struct{ label, want string }{
		{"Device VLANs", "device_vlans"}, {"123 main st", "a123_main_st"}, {"Zürich Straße", "zurich_strae"}, {"éclair", "aeclair"},
		{"日本 abc", "a_abc"}, {"a.b/c:d", "abcd"}, {"_x_ y", "x__y"}, {"  two -- dashes", "a_two_dashes"}, {"__e__ edge_", "e___edge"},
		{"tab\tinside", "tab_inside"}, {"A\x1cb", "a_b"}, {"ﬁx", "afix"}, {"Ⅳ", "aiv"}, {"-x", "a_x"}, {"²", "a2"},
		// Nautobot's are not legal here.
		{"_1x", "a1x"}, {"_", "a"}, {"_日", "a"}, {" _9", "a__9"}, {"日本", "a"}, {"", "a"},
		{strings.Repeat("é", 255), "a" + strings.Repeat("e", 254)},
	}
	for _, tt := range tests {
		t.Run(tt.label, func(t *testing.T) { assert.Equal(t, tt.want, Key(tt.label)) })
	}
}

func TestFreeKey(t *testing.T) {
	taken := map[string]bool{"x": true, "x_2": true, strings.Repeat("k", 255): true}
	free := func(label string) string { return freeKey(label, func(key string) bool { return taken[key] }) }
	assert.Equal(t, "x_3", free("X"))
	assert.Equal(t, "y", free("y"))
	assert.Equal(t, strings.Repeat("k", 253)+"_2", free(strings.Repeat("k", 300)))
}

func FuzzKey(f *testing.F) {
	for _, label := range []string{"", "_", "_1x", "日本", "a-b c", "ǅ", "İ", "\xff", "\x00", "９", strings.Repeat("_9", 200), "é\u0301 \u2003x"} {
		f.Add(label)
	}
	f.Fuzz(func(t *testing.T, label string) {
		key := Key(label)
		if !legalKey.MatchString(key) || len(key) > longest {
			t.Errorf("Key(%q) = %q", label, key)
		}
		if utf8.ValidString(label) && Key(key) != key && !strings.HasPrefix(key, "_") && !strings.HasSuffix(key, "_") && !strings.Contains(key, "__") {
			t.Errorf("the key of %q is %q", key, Key(key))
		}
		seen := map[string]bool{key: true}
		if other := freeKey(label, func(key string) bool { return seen[key] }); !legalKey.MatchString(other) || len(other) > longest {
			t.Errorf("free key of %q: %q", label, other)
		}
	})
}
