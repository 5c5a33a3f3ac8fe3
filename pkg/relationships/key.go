package relationships

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// longest is how many characters a label, a key or a description may have.
const longest = 255

// legalKey is what a key must look like to be a name in Python and GraphQL.
var legalKey = regexp.MustCompile(`^[_A-Za-z][_0-9A-Za-z]*$`)

// Key derives a key from a label. It is always a legal one, also where
// Nautobot's is not: a key that would be empty is "a", one that would start with
// a digit gets an "a" in front.
func Key(label string) string {
	if label == "" || !nameStart(label[0]) {
		label = "a" + label
	}
	key := slug(label)
	if key == "" || !nameStart(key[0]) {
		key = "a" + key
	}
	return cut(key, longest)
}

// freeKey derives a key that is not taken.
func freeKey(label string, taken func(string) bool) string {
	base := Key(label)
	key := base
	for n := 2; taken(key); n++ {
		suffix := fmt.Sprintf("_%d", n)
		key = cut(base, longest-len(suffix)) + suffix
	}
	return key
}

func nameStart(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}

// slug keeps the ASCII letters, digits and underscores of a decomposed text in
// lower case, with runs of blanks and dashes as one underscore.
func slug(text string) string {
	var b strings.Builder
	gap := false
	for _, r := range norm.NFKD.String(text) {
		r = unicode.ToLower(r)
		switch {
		case r > unicode.MaxASCII:
		case r == '-' || blank(r):
			gap = true
		case r == '_' || 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			if gap {
				b.WriteByte('-')
				gap = false
			}
			b.WriteRune(r)
		}
	}
	return strings.ReplaceAll(strings.Trim(b.String(), "-_"), "-", "_")
}

// blank reports what Python calls white space.
func blank(r rune) bool { return unicode.IsSpace(r) || 0x1c <= r && r <= 0x1f }

func cut(text string, length int) string { return text[:min(len(text), length)] }
