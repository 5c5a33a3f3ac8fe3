package objects

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"
)

// name fills in what o is called and sorted by.
func (l *loader) name(o *Object) {
	o.Name = ""
	if o.Type.Named != "" {
		o.Name = text(o.Values[o.Type.Named])
	}
	o.Str = o.Type.StrTemplate().Execute(func(path string) string { return l.templateText(o, path) })
	o.SortKey = o.Name
	if o.Type.NaturalSort {
		o.SortKey = naturalKey(o.Name)
	}
	if o.Type.SortStyle == "interface" {
		o.SortKey = interfaceKey(o.Name)
	}
	if o.Type.Named != "" && o.Values[o.Type.Named] == nil {
		o.SortKey = nameless
	}
}

// nameless is the key of objects whose name is null: they stand behind all others.
const nameless = "\U0010FFFF"

// display is what the field display of o shows.
func (l *loader) display(o *Object) string {
	if o.Type.DisplayTemplate() == o.Type.StrTemplate() {
		return o.Str
	}
	return o.Type.DisplayTemplate().Execute(func(path string) string { return l.templateText(o, path) })
}

// templateText is the text at a path of a template.
func (l *loader) templateText(o *Object, path string) string {
	path, function := cutFunction(path)
	if path == "id" {
		return o.ID.String()
	}
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		holders := l.refs(o, path[:i])
		if len(holders) == 0 {
			return ""
		}
		holder := l.get(holders[0])
		if holder == nil {
			return ""
		}
		return l.templateText(holder, path[i+1:]+function)
	}
	f := o.Type.Field(path)
	if f == nil || f.Kind == Reference || f.Kind == References {
		ids := l.refs(o, path)
		if len(ids) == 0 {
			return ""
		}
		if function == "~display" {
			if target := l.get(ids[0]); target != nil {
				return l.display(target)
			}
			return ""
		}
		return l.str(ids[0])
	}
	value := text(o.Values[path])
	if list, ok := o.Values[path].([]any); ok {
		value = PyRepr(list)
	}
	if function == "|label" {
		if f.Kind == ContentType {
			if t := l.c.Type(value); t != nil {
				return l.c.Label(t)
			}
			return value
		}
		return f.ChoiceLabel(value)
	}
	return value
}

func cutFunction(path string) (string, string) {
	for _, function := range []string{"~display", "|label"} {
		if bare, ok := strings.CutSuffix(path, function); ok {
			return bare, function
		}
	}
	return path, ""
}

// slug is the natural slug of o: the values of its natural key, each reduced to
// letters, digits and hyphens, and four digits of the id. What is null at the end
// of the key is left out.
func (l *loader) slug(o *Object) string {
	var parts []string
	set := 0
	for _, path := range o.Type.NaturalKey {
		if path == "pk" || path == "id" {
			parts = append(parts, o.ID.String())
			set = len(parts)
			continue
		}
		value := l.value(o, path)
		if list, ok := value.([]any); ok {
			value = listed(list, strings.Contains(path, "__"))
		}
		parts = append(parts, Slugify(text(value)))
		if value != nil {
			set = len(parts)
		}
	}
	return strings.Join(append(parts[:set], o.ID.String()[:4]), "_")
}

// listed is a list as one value of a key: all of the object's own, the first of
// what a path leads to.
func listed(list []any, first bool) any {
	switch {
	case !first:
		parts := make([]string, len(list))
		for i, v := range list {
			parts[i] = text(v)
		}
		return strings.Join(parts, ",")
	case len(list) > 0:
		return list[0]
	}
	return nil
}

var notSlug = regexp.MustCompile(`[^a-z0-9]+`)

// Slugify reduces text to lower-case letters, digits and hyphens (reference
// section 3.2).
func Slugify(text string) string {
	if slug, ok := plainSlug(text); ok {
		return slug
	}
	return anySlug(text)
}

func anySlug(text string) string {
	var b strings.Builder
	for _, r := range norm.NFKD.String(text) {
		if r < unicode.MaxASCII {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	return strings.Trim(notSlug.ReplaceAllString(b.String(), "-"), "-")
}

// plainSlug is Slugify for ASCII, which most texts are: false for others.
func plainSlug(text string) (string, bool) {
	b := make([]byte, 0, len(text))
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= unicode.MaxASCII:
			return "", false
		case 'A' <= c && c <= 'Z':
			b = append(b, c+'a'-'A')
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
			b = append(b, c)
		case len(b) > 0 && b[len(b)-1] != '-':
			b = append(b, '-')
		}
	}
	return strings.TrimSuffix(string(b), "-"), true
}

var digits = regexp.MustCompile(`[0-9]+`)

// naturalKey pads the numbers in a name, so that "eth2" stands before "eth10".
func naturalKey(name string) string {
	return digits.ReplaceAllStringFunc(name, func(n string) string {
		if len(n) >= 8 {
			return n
		}
		return strings.Repeat("0", 8-len(n)) + n
	})
}

// interfaceKey orders names of ports as the contract does: by up to four numbers
// that end in a slash, those without after those with; then by the words in
// front; then by the number of the port, its channel and its subinterface.
func interfaceKey(name string) string {
	rest := strings.TrimLeftFunc(name, func(r rune) bool { return r != ':' && r != '.' && (r < '0' || r > '9') })
	words := name[:len(name)-len(rest)]
	number := func(prefix string) string {
		after, found := strings.CutPrefix(rest, prefix)
		size := len(after) - len(strings.TrimLeft(after, "0123456789"))
		if !found || size == 0 {
			return ""
		}
		rest = after[size:]
		return after[:size]
	}
	var key strings.Builder
	for range 4 {
		before := rest
		slot := number("")
		if !strings.HasPrefix(rest, "/") {
			slot, rest = "", before
		} else {
			rest = rest[1:]
		}
		key.WriteString(padded(slot, 4, "9999"))
	}
	key.WriteString(words)
	key.WriteString(padded(number(""), 6, "......"))
	key.WriteString(padded(number(":"), 6, "......"))
	sub := number(".")
	if rest != "" {
		sub = ""
	}
	key.WriteString(padded(sub, 6, "......"))
	return key.String()
}

// padded is a number with zeros in front, or what stands for none.
func padded(number string, size int, none string) string {
	if number == "" {
		return none
	}
	return strings.Repeat("0", max(0, size-len(number))) + number
}

// idOf reads an id of an expression.
func idOf(v any) uuid.UUID {
	text, ok := v.(string)
	if !ok {
		return uuid.Nil
	}
	id, err := uuid.Parse(text)
	if err != nil {
		return uuid.Nil
	}
	return id
}

// idText is an id as expressions have it; nil for none.
func idText(v any) any {
	if id, ok := v.(uuid.UUID); ok {
		if id == uuid.Nil {
			return nil
		}
		return id.String()
	}
	return v
}
