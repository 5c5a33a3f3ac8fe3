package api

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Limits of the JSON in a body: how deep it may be nested, how many values it may
// have in all, and how many digits a number may be written with (as many as
// Python reads). What keeps to them is read to its end in less than a second.
const (
	maxDepth  = 64
	maxValues = 500_000
	maxDigits = 4_300
)

// scanner checks a JSON text before encoding/json sees it: its depth is bound,
// its strings are UTF-8 without halves of surrogate pairs, NaN and Infinity are
// no numbers.
type scanner struct {
	text   []byte
	pos    int
	values int
}

// scanJSON returns what is wrong with text, "" when it is one JSON value.
func scanJSON(text []byte) string {
	s := &scanner{text: text}
	s.space()
	if problem := s.value(1); problem != "" {
		return problem
	}
	s.space()
	if s.pos < len(text) {
		return s.at("Extra data")
	}
	return ""
}

// at says where in the text a problem is.
func (s *scanner) at(problem string) string {
	line, column := 1, 1
	for _, c := range s.text[:min(s.pos, len(s.text))] {
		if c == '\n' {
			line, column = line+1, 1
		} else {
			column++
		}
	}
	return fmt.Sprintf("%s: line %d column %d (char %d)", problem, line, column, s.pos)
}

func (s *scanner) peek() byte {
	if s.pos < len(s.text) {
		return s.text[s.pos]
	}
	return 0
}

func (s *scanner) space() {
	for s.pos < len(s.text) {
		switch s.text[s.pos] {
		case ' ', '\t', '\n', '\r':
			s.pos++
		default:
			return
		}
	}
}

func (s *scanner) value(depth int) string {
	if s.values++; s.values > maxValues {
		return s.at(fmt.Sprintf("More than %d values (limit json_values = %d)", maxValues, maxValues))
	}
	switch c := s.peek(); {
	case c == '{' || c == '[':
		if depth > maxDepth {
			return s.at(fmt.Sprintf("Nested deeper than %d levels (limit json_depth = %d)", maxDepth, maxDepth))
		}
		if c == '{' {
			return s.object(depth)
		}
		return s.array(depth)
	case c == '"':
		return s.str()
	case c == 't':
		return s.word("true")
	case c == 'f':
		return s.word("false")
	case c == 'n':
		return s.word("null")
	case c == '-' || c >= '0' && c <= '9':
		return s.number()
	}
	return s.outOfRange()
}

// outOfRange is the problem of the numbers that JSON has not, and of anything
// else that is no value.
func (s *scanner) outOfRange() string {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if bytes.HasPrefix(s.text[s.pos:], []byte(word)) {
			return "Out of range float values are not JSON compliant: '" + word + "'"
		}
	}
	return s.at("Expecting value")
}

func (s *scanner) word(word string) string {
	if len(s.text)-s.pos < len(word) || string(s.text[s.pos:s.pos+len(word)]) != word {
		return s.at("Expecting value")
	}
	s.pos += len(word)
	return ""
}

func (s *scanner) object(depth int) string {
	s.pos++
	s.space()
	if s.peek() == '}' {
		s.pos++
		return ""
	}
	for {
		s.space()
		if s.peek() != '"' {
			return s.at("Expecting property name enclosed in double quotes")
		}
		if problem := s.str(); problem != "" {
			return problem
		}
		s.space()
		if s.peek() != ':' {
			return s.at("Expecting ':' delimiter")
		}
		s.pos++
		s.space()
		if problem := s.value(depth + 1); problem != "" {
			return problem
		}
		if done, problem := s.follows('}'); done || problem != "" {
			return problem
		}
	}
}

func (s *scanner) array(depth int) string {
	s.pos++
	s.space()
	if s.peek() == ']' {
		s.pos++
		return ""
	}
	for {
		s.space()
		if problem := s.value(depth + 1); problem != "" {
			return problem
		}
		if done, problem := s.follows(']'); done || problem != "" {
			return problem
		}
	}
}

// follows passes what comes behind a member: a comma, or the end of its list or
// object, which is then done.
func (s *scanner) follows(end byte) (done bool, problem string) {
	s.space()
	switch s.peek() {
	case end:
		s.pos++
		return true, ""
	case ',':
		s.pos++
		return false, ""
	}
	return false, s.at("Expecting ',' delimiter")
}

func (s *scanner) number() string {
	start := s.pos
	if s.peek() == '-' {
		s.pos++
	}
	switch {
	case s.peek() == '0':
		s.pos++
	case !s.digits():
		s.pos = start
		return s.outOfRange()
	}
	if s.peek() == '.' {
		s.pos++
		if !s.digits() {
			return s.at("Expecting value")
		}
	}
	if c := s.peek(); c == 'e' || c == 'E' {
		s.pos++
		if c := s.peek(); c == '+' || c == '-' {
			s.pos++
		}
		if !s.digits() {
			return s.at("Expecting value")
		}
	}
	if s.pos-start > maxDigits {
		s.pos = start
		return s.at(fmt.Sprintf("A number of more than %d digits (limit json_digits = %d)", maxDigits, maxDigits))
	}
	return ""
}

func (s *scanner) digits() bool {
	start := s.pos
	for c := s.peek(); c >= '0' && c <= '9'; c = s.peek() {
		s.pos++
	}
	return s.pos > start
}

func (s *scanner) str() string {
	start := s.pos
	s.pos++
	for s.pos < len(s.text) {
		switch c := s.text[s.pos]; {
		case c == '"':
			s.pos++
			return ""
		case c == '\\':
			if problem := s.escape(); problem != "" {
				return problem
			}
		case c < ' ':
			return s.at("Invalid control character at")
		case c < utf8.RuneSelf:
			s.pos++
		default:
			r, size := utf8.DecodeRune(s.text[s.pos:])
			if r == utf8.RuneError && size == 1 {
				return s.at("Invalid UTF-8")
			}
			s.pos += size
		}
	}
	s.pos = start
	return s.at("Unterminated string starting at")
}

func (s *scanner) escape() string {
	s.pos++
	c := s.peek()
	switch c {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.pos++
		return ""
	case 'u':
	default:
		return s.at("Invalid \\escape")
	}
	first, ok := s.hex4()
	switch {
	case !ok:
		return s.at("Invalid \\uXXXX escape")
	case first < 0xd800 || first > 0xdfff:
		return ""
	case first >= 0xdc00 || s.peek() != '\\' || s.pos+1 >= len(s.text) || s.text[s.pos+1] != 'u':
		return s.at("Half of a surrogate pair")
	}
	s.pos++
	second, ok := s.hex4()
	if !ok || second < 0xdc00 || second > 0xdfff {
		return s.at("Half of a surrogate pair")
	}
	return ""
}

// hex4 reads uXXXX.
func (s *scanner) hex4() (n int, ok bool) {
	if len(s.text)-s.pos < 5 {
		return 0, false
	}
	for _, c := range s.text[s.pos+1 : s.pos+5] {
		switch {
		case c >= '0' && c <= '9':
			n = n<<4 | int(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | int(c-'a'+10)
		case c >= 'A' && c <= 'F':
			n = n<<4 | int(c-'A'+10)
		default:
			return 0, false
		}
	}
	s.pos += 5
	return n, true
}

// countMembers counts the members of a list that has passed scanJSON.
func countMembers(list []byte) int {
	depth, commas, empty := 0, 0, true
	for i := 0; i < len(list); i++ {
		c := list[i]
		if depth > 0 && c != ']' && c > ' ' {
			empty = false
		}
		switch c {
		case '"':
			for i++; list[i] != '"'; i++ {
				if list[i] == '\\' {
					i++
				}
			}
		case '[', '{':
			depth++
		case ']', '}':
			depth--
		case ',':
			if depth == 1 {
				commas++
			}
		}
	}
	if empty {
		return 0
	}
	return commas + 1
}
