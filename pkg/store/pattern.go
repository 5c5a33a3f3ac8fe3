package store

import (
	"fmt"
	"regexp/syntax"
	"slices"
	"strings"
	"unicode"

	"relata/pkg/filters"
)

// postgresPattern writes a regular expression in PostgreSQL's syntax. It is made
// from the tree that Go parsed, with case folding and classes spelled out, so
// that both databases find the same.
func postgresPattern(pattern string, fold bool) (string, bool) {
	re, err := filters.ParsePattern(pattern, fold)
	if err != nil {
		return "", false
	}
	var b strings.Builder
	writePattern(&b, re)
	return b.String(), true
}

// sqlitePattern is for Go's own engine.
func sqlitePattern(pattern string, fold bool) (string, bool) {
	if fold {
		return "(?i)" + pattern, true
	}
	return pattern, true
}

var patternAtoms = map[syntax.Op]string{
	syntax.OpNoMatch: "(?!)", syntax.OpEmptyMatch: "(?:)",
	syntax.OpAnyCharNotNL: `[^\n]`, syntax.OpAnyChar: `(?:.|\n)`,
	syntax.OpBeginLine: `(?:\A|(?<=\n))`, syntax.OpEndLine: `(?:\Z|(?=\n))`,
	syntax.OpBeginText: `\A`, syntax.OpEndText: `\Z`,
	syntax.OpWordBoundary: `\y`, syntax.OpNoWordBoundary: `\Y`,
}

func writePattern(b *strings.Builder, re *syntax.Regexp) {
	if atom, ok := patternAtoms[re.Op]; ok {
		b.WriteString(atom)
		return
	}
	switch re.Op {
	case syntax.OpLiteral:
		for _, r := range re.Rune {
			writeRune(b, r, re.Flags&syntax.FoldCase != 0)
		}
	case syntax.OpCharClass:
		writeClass(b, re.Rune)
	case syntax.OpCapture:
		writeGroup(b, re.Sub[0])
	case syntax.OpStar, syntax.OpPlus, syntax.OpQuest, syntax.OpRepeat:
		writeGroup(b, re.Sub[0])
		b.WriteString(quantifier(re))
	case syntax.OpConcat:
		for _, sub := range re.Sub {
			writeGroup(b, sub)
		}
	case syntax.OpAlternate:
		for i, sub := range re.Sub {
			if i > 0 {
				b.WriteByte('|')
			}
			writeGroup(b, sub)
		}
	}
}

func writeGroup(b *strings.Builder, re *syntax.Regexp) {
	b.WriteString("(?:")
	writePattern(b, re)
	b.WriteByte(')')
}

func quantifier(re *syntax.Regexp) string {
	switch {
	case re.Op == syntax.OpStar:
		return "*"
	case re.Op == syntax.OpPlus:
		return "+"
	case re.Op == syntax.OpQuest:
		return "?"
	case re.Max < 0:
		return fmt.Sprintf("{%d,}", re.Min)
	}
	return fmt.Sprintf("{%d,%d}", re.Min, re.Max)
}

// writeRune writes a literal; folded, as the class of all its cases.
func writeRune(b *strings.Builder, r rune, fold bool) {
	cases := []rune{r}
	if fold {
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			cases = append(cases, other)
		}
	}
	if len(cases) == 1 {
		b.WriteString(escaped(r))
		return
	}
	slices.Sort(cases)
	b.WriteByte('[')
	for _, r := range cases {
		b.WriteString(escaped(r))
	}
	b.WriteByte(']')
}

// writeClass writes ranges, or what they leave out when that is shorter to say.
func writeClass(b *strings.Builder, ranges []rune) {
	if len(ranges) > 0 && ranges[0] == 0 && ranges[len(ranges)-1] == unicode.MaxRune {
		if len(ranges) == 2 {
			b.WriteString(`(?:.|\n)`)
			return
		}
		b.WriteString("[^")
		for i := 1; i+1 < len(ranges); i += 2 {
			writeRange(b, ranges[i]+1, ranges[i+1]-1)
		}
	} else {
		if len(ranges) == 0 {
			b.WriteString("(?!)")
			return
		}
		b.WriteByte('[')
		for i := 0; i < len(ranges); i += 2 {
			writeRange(b, ranges[i], ranges[i+1])
		}
	}
	b.WriteByte(']')
}

func writeRange(b *strings.Builder, low, high rune) {
	low = max(low, 1) // text never holds U+0000
	if high < low {
		high = low
	}
	b.WriteString(escaped(low))
	if high > low {
		b.WriteByte('-')
		b.WriteString(escaped(high))
	}
}

// escaped writes a rune so that it stands for itself everywhere.
func escaped(r rune) string {
	if r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)) {
		return string(r)
	}
	if r > 0xFFFF {
		return fmt.Sprintf(`\U%08X`, r)
	}
	return fmt.Sprintf(`\u%04X`, r)
}
