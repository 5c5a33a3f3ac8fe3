package objects

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Template says how objects of a type are called. It is text with
//
//	{path}           the value at path; a reference stands for what its object is called
//	{path~display}   what the object at path displays
//	{path|label}     the label of a choice, or of a content type ("DCIM | device")
//	{path|ranges}    numbers with their runs drawn together, "80-82, 443"
//	{?path=value}    nothing, but empty unless the value is that one
//	[ … ]            a part that is left out when a value in it is empty
//	a | b            the first alternative of which no value is empty, else the last
//	\                the next character as it is
//
// Paths are joined with dots: "device_type.manufacturer.name".
type Template struct {
	text         string
	alternatives [][]piece
	needs        []string
}

// piece is a literal, a value or an optional part.
type piece struct {
	literal string
	path    string // asked of get, with "~display" or "|label"
	ranges  bool
	equals  *string
	part    []piece
}

// ParseTemplate parses text.
func ParseTemplate(text string) (*Template, error) {
	p := templateParser{rest: text}
	t := &Template{text: text}
	for {
		pieces, err := p.pieces(false)
		if err != nil {
			return nil, fmt.Errorf("template %q: %w", text, err)
		}
		t.alternatives = append(t.alternatives, pieces)
		if p.rest == "" {
			break
		}
		p.rest = strings.TrimPrefix(p.rest, " | ")
	}
	for _, path := range t.Paths() {
		bare, display := strings.CutSuffix(path, "~display")
		if !display {
			i := strings.LastIndexByte(path, '.')
			if i < 0 {
				continue
			}
			bare = path[:i]
		}
		t.need(bare)
	}
	return t, nil
}

// String returns the text it was parsed from.
func (t *Template) String() string { return t.text }

// Paths returns what Execute may ask for, in order, each once: "name",
// "parent~display", "protocol|label", "device_type.manufacturer.name".
func (t *Template) Paths() []string {
	var paths []string
	for _, a := range t.alternatives {
		paths = collectPaths(paths, a)
	}
	return paths
}

func collectPaths(paths []string, pieces []piece) []string {
	for _, p := range pieces {
		if p.path != "" && !slices.Contains(paths, p.path) {
			paths = append(paths, p.path)
		}
		paths = collectPaths(paths, p.part)
	}
	return paths
}

// Needs returns the paths of the references whose objects are needed, each
// after those it goes through: "device_type", "device_type.manufacturer". Of a
// type in a catalogue that includes references called by their own name.
func (t *Template) Needs() []string { return t.needs }

// need adds the path of a reference and those on the way to it.
func (t *Template) need(path string) {
	for i := 0; i <= len(path); i++ {
		if i < len(path) && path[i] != '.' {
			continue
		}
		if !slices.Contains(t.needs, path[:i]) {
			t.needs = append(t.needs, path[:i])
		}
	}
}

// Execute fills the template. get returns the text of a path of Paths, empty
// when there is none; a path that ends on a reference means what its object is
// called.
func (t *Template) Execute(get func(path string) string) string {
	for i, a := range t.alternatives {
		text, full := fill(a, get)
		if full || i == len(t.alternatives)-1 {
			return text
		}
	}
	return ""
}

// fill returns the text of pieces and whether no value in them is empty.
func fill(pieces []piece, get func(string) string) (string, bool) {
	var b strings.Builder
	full := true
	for _, p := range pieces {
		switch {
		case p.part != nil:
			if text, ok := fill(p.part, get); ok {
				b.WriteString(text)
			}
		case p.equals != nil:
			full = full && get(p.path) == *p.equals
		case p.path != "":
			value := get(p.path)
			full = full && value != ""
			if p.ranges {
				value = Ranges(value)
			}
			b.WriteString(value)
		default:
			b.WriteString(p.literal)
		}
	}
	return b.String(), full
}

// Ranges draws runs of numbers together: "80,81,82,443" becomes "80-82, 443".
// It takes numbers apart at anything that is no digit, so a JSON list will do.
func Ranges(list string) string {
	var numbers []int
	for _, word := range strings.FieldsFunc(list, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.Atoi(word); err == nil {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	var runs []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		run := strconv.Itoa(numbers[i])
		if j > i {
			run += "-" + strconv.Itoa(numbers[j])
		}
		runs, i = append(runs, run), j+1
	}
	return strings.Join(runs, ", ")
}

// templateParser reads a template from the left.
type templateParser struct{ rest string }

// pieces reads until the end of an alternative, or of a part.
func (p *templateParser) pieces(inside bool) ([]piece, error) {
	pieces := []piece{}
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			pieces = append(pieces, piece{literal: literal.String()})
			literal.Reset()
		}
	}
	for p.rest != "" {
		switch c := p.rest[0]; {
		case c == '\\' && len(p.rest) > 1:
			literal.WriteByte(p.rest[1])
			p.rest = p.rest[2:]
		case c == '{':
			flush()
			value, err := p.value()
			if err != nil {
				return nil, err
			}
			pieces = append(pieces, value)
		case c == '[' && !inside:
			flush()
			p.rest = p.rest[1:]
			part, err := p.pieces(true)
			if err != nil {
				return nil, err
			}
			pieces = append(pieces, piece{part: part})
		case c == '[':
			return nil, fmt.Errorf("a part inside a part")
		case c == ']' && inside:
			flush()
			p.rest = p.rest[1:]
			return pieces, nil
		case c == ']':
			return nil, fmt.Errorf("] without [")
		case !inside && strings.HasPrefix(p.rest, " | "):
			flush()
			return pieces, nil
		default:
			literal.WriteByte(c)
			p.rest = p.rest[1:]
		}
	}
	if inside {
		return nil, fmt.Errorf("[ without ]")
	}
	flush()
	return pieces, nil
}

// value reads {…}.
func (p *templateParser) value() (piece, error) {
	end := strings.IndexByte(p.rest, '}')
	if end < 0 {
		return piece{}, fmt.Errorf("{ without }")
	}
	inner := p.rest[1:end]
	p.rest = p.rest[end+1:]
	if test, ok := strings.CutPrefix(inner, "?"); ok {
		path, value, found := strings.Cut(test, "=")
		if !found || path == "" {
			return piece{}, fmt.Errorf("{%s}: no path=value", inner)
		}
		return piece{path: path, equals: &value}, nil
	}
	path, function, _ := strings.Cut(inner, "|")
	if path == "" || strings.Contains(path, " ") {
		return piece{}, fmt.Errorf("{%s}: no path", inner)
	}
	switch function {
	case "":
		return piece{path: path}, nil
	case "label":
		return piece{path: inner}, nil
	case "ranges":
		return piece{path: path, ranges: true}, nil
	}
	return piece{}, fmt.Errorf("{%s}: no such function", inner)
}
