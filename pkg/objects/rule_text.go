package objects

import (
	"regexp"
	"strings"
)

var blanks = regexp.MustCompile(`\{\{|\}\}|\{[^{}]*\}`)

// fill fills the text of a rule. extra has what stands for names that the kind
// of rule gives itself, such as "value": an object's id, or a text.
func (m *member) fill(text string, extra map[string]any) string {
	return blanks.ReplaceAllStringFunc(text, func(blank string) string {
		switch blank {
		case "{{", "}}":
			return blank[:1]
		}
		return m.blank(blank[1:len(blank)-1], extra)
	})
}

// blank is what stands for one {…} of a text.
func (m *member) blank(name string, extra map[string]any) string {
	l := m.j.l
	switch {
	case name == "@singular":
		return m.object.Type.Singular
	case name == "id":
		return m.object.ID.String()
	case strings.HasPrefix(name, "count:"):
		if m.before == nil {
			return "0"
		}
		return itoa(len(l.refs(m.before, name[6:])))
	case strings.HasPrefix(name, "racked:"):
		n := 0
		for _, id := range l.refs(m.object, name[7:]) {
			if o := l.get(id); o != nil && o.Values["position"] != nil {
				n++
			}
		}
		return itoa(n)
	case strings.HasPrefix(name, "first:"):
		if id := idOf(m.first(name[6:])); id != [16]byte{} {
			return l.str(id)
		}
		return "None"
	}
	path, function, _ := strings.Cut(name, "~")
	start := m.object
	if bare, old := strings.CutPrefix(path, "old."); old {
		if start = m.before; start == nil {
			return ""
		}
		path = bare
	}
	word, rest, _ := strings.Cut(path, ".")
	if v, ok := extra[word]; ok {
		return m.extraText(v, rest, function)
	}
	if bare, id := strings.CutSuffix(path, ".id"); id {
		return text(l.value(start, bare))
	}
	if function == "label" || function == "display" {
		holder, last := start, path
		if i := strings.LastIndexByte(path, '.'); i >= 0 && function == "label" {
			if holder, last = l.get(idOf(l.value(start, path[:i]))), path[i+1:]; holder == nil {
				return ""
			}
		}
		return l.templateText(holder, last+map[string]string{"label": "|label", "display": "~display"}[function])
	}
	return l.nameAt(start, path)
}

// extraText is the text of a value that the kind of a rule names: an object, or
// what stands at a path from it.
func (m *member) extraText(v any, path, function string) string {
	l := m.j.l
	if function == "singular" || function == "label" {
		if t := l.c.Type(text(v)); t != nil {
			if function == "label" {
				return l.c.Label(t)
			}
			return t.Singular
		}
	}
	id := idOf(idText(v))
	if o := l.get(id); o != nil {
		if path == "" {
			return o.Str
		}
		return l.nameAt(o, path)
	}
	return text(v)
}

// nameAt is what a text says of the end of a path: what an object there is
// called, or the value.
func (l *loader) nameAt(o *Object, path string) string {
	v := l.value(o, path)
	if list, ok := v.([]any); ok {
		if len(list) == 0 {
			return ""
		}
		v = list[0]
	}
	if o.Type.Field(path) != nil && o.Type.Field(path).Kind != Reference {
		if v == nil {
			return "None"
		}
		return text(o.Values[path])
	}
	if id := idOf(v); id != [16]byte{} {
		if target := l.get(id); target != nil {
			return target.Str
		}
	}
	if v == nil {
		return "None"
	}
	return text(v)
}
