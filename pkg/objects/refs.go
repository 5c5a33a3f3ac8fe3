package objects

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/filters"
)

// RefForm says which ways of naming an object are understood.
type RefForm int

// A Field takes every form of reference section 3.6; a Member of a nested
// relationship the narrower ones of section 4.2.
const (
	FieldForm RefForm = iota
	MemberForm
)

// named is a reference as a request writes it: null, an id, or attributes.
type named struct {
	null   bool
	id     uuid.UUID
	params Pairs
	text   string // why it names nothing, whatever is stored

	written any // the value as the request has it
}

const unrecognized = "Related objects must be referenced by ID or by dictionary of attributes. Received an unrecognized value: "

// readRef reads one way of naming an object of type t (nil: of any type).
func readRef(t *Type, v any, form RefForm) named {
	switch v := v.(type) {
	case nil:
		return named{null: true}
	case Pairs:
		if form == MemberForm {
			return named{params: flatten(nil, "", v)}
		}
		for _, key := range []string{"url", "id"} {
			if inner, ok := v.Get(key); ok {
				return readDirect(inner)
			}
		}
		return named{params: flatten(nil, "", v)}
	case string:
		if v == "" && form == FieldForm {
			return named{null: true}
		}
		if direct := readDirect(v); direct.text == "" {
			return direct
		}
		if isWeb(v) && isURL(v, false) || form == MemberForm || t == nil {
			return readDirect(v)
		}
		return readComposite(t, v)
	case []any:
		for _, member := range v { // what is wrong is told of the member
			if n := readRef(t, member, MemberForm); n.text != "" {
				return n
			}
			if member == nil {
				return named{text: unrecognized + pyStr(nil)}
			}
		}
	}
	return named{text: unrecognized + pyStr(v)}
}

// readDirect reads an id, or a URL that ends on one.
func readDirect(v any) named {
	switch text := v.(type) {
	case nil:
		return named{null: true}
	case string:
		if id, ok := ParseID(text); ok {
			return named{id: id}
		}
		last := text
		if isWeb(text) {
			last = strings.TrimSuffix(text, "/")
			last = last[strings.LastIndexByte(last, '/')+1:]
			if id, ok := ParseID(last); ok {
				return named{id: id}
			}
		}
		return named{text: unrecognized + last}
	case Pairs:
		return named{params: flatten(nil, "id", text)}
	}
	return named{text: unrecognized + pyStr(v)}
}

func isWeb(text string) bool {
	return strings.HasPrefix(text, "http://") || strings.HasPrefix(text, "https://")
}

// flatten turns nested attributes into paths.
func flatten(out Pairs, prefix string, v Pairs) Pairs {
	for _, p := range v {
		key := p.Key
		if prefix != "" {
			key = prefix + "__" + key
		}
		if inner, ok := p.Value.(Pairs); ok {
			out = flatten(out, key, inner)
			continue
		}
		out = append(out, Pair{key, p.Value})
	}
	return out
}

// readComposite reads the values of the natural key; those left out are null.
func readComposite(t *Type, text string) named {
	parts := SplitKey(text)
	keys, fits := t.KeyPaths(len(parts))
	if !fits {
		return named{text: "Related object not found using provided composite-key: " + text}
	}
	var params Pairs
	for i, key := range keys {
		var value any
		if i < len(parts) && parts[i] != NoValue {
			value = parts[i]
		}
		params = append(params, Pair{key, value})
	}
	return named{params: params}
}

// missing is the text for a reference that nothing matches.
func (n named) missing() string {
	const text = "Related object not found using the provided attributes: "
	if n.id != uuid.Nil {
		return text + PyRepr(Pairs{{"pk", identifier("UUID('" + n.id.String() + "')")}})
	}
	return text + PyRepr(n.params)
}

// several is the text for a reference that more than one object matches.
func several(n named) string {
	return "Multiple objects match the provided attributes: " + PyRepr(n.params)
}

// findRef returns the object that n names among those of type t that the scope
// allows, or a text that says why there is none.
func (l *loader) findRef(t *Type, n named, scope filters.Query) (uuid.UUID, string, error) {
	switch {
	case n.text != "":
		return uuid.Nil, n.text, nil
	case t == nil:
		return uuid.Nil, n.missing(), nil
	}
	q, problem := l.c.lookup(t, n.params)
	if problem != "" {
		return uuid.Nil, problem, nil
	}
	found, err := l.r.Find(l.ctx, t, append(q, scope...), 2)
	switch {
	case err != nil:
		return uuid.Nil, "", err
	case len(found) == 0:
		return uuid.Nil, n.missing(), nil
	case len(found) > 1:
		return uuid.Nil, several(n), nil
	}
	l.meet(0, found[0])
	return found[0], "", nil
}

// djangoLookups are the suffixes that an attribute may have.
var djangoLookups = map[string]filters.Lookup{
	"exact": filters.Equal, "iexact": filters.IEqual, "icontains": filters.Contains, "contains": filters.Contains,
	"istartswith": filters.StartsWith, "startswith": filters.StartsWith, "iendswith": filters.EndsWith, "endswith": filters.EndsWith,
	"gt": filters.Greater, "gte": filters.GreaterEqual, "lt": filters.Less, "lte": filters.LessEqual, "isnull": filters.IsNull,
	"in": filters.Equal,
}

// lookup turns attributes into a query; the text says why that cannot be done, of
// several reasons the first by name.
func (c *Catalogue) lookup(t *Type, params Pairs) (filters.Query, string) {
	var q filters.Query
	params = slices.Clone(params)
	slices.SortStableFunc(params, func(a, b Pair) int { return strings.Compare(a.Key, b.Key) })
	for _, p := range params {
		path, lookup := p.Key, filters.Equal
		way, end, at, err := c.Resolve(t, path)
		if err != nil {
			i := strings.LastIndex(path, "__")
			if i < 0 {
				return nil, err.Error()
			}
			known, ok := djangoLookups[path[i+2:]]
			if !ok {
				return nil, err.Error()
			}
			var again error
			if way, end, at, again = c.Resolve(t, path[:i]); again != nil {
				return nil, err.Error()
			}
			lookup = known
		}
		condition, problem := attribute(p, way, end, at, lookup)
		if problem != "" {
			return nil, problem
		}
		q = append(q, condition)
	}
	return q, ""
}

// attribute is the condition that a field at the end of a way has a value.
func attribute(p Pair, way filters.Path, end *Field, at *Type, lookup filters.Lookup) (filters.Condition, string) {
	f := &filters.Field{Name: p.Key, Kind: filterKinds[end.Kind], Path: way}
	condition := filters.Condition{Field: f, Lookup: lookup}
	if end.Kind == Reference || end.Kind == References {
		f.Kind = filters.Reference
		if at != nil {
			f.Target, f.TargetType = at.Name, at.ID
		}
	}
	switch {
	case f.Kind == "":
		f.Kind = filters.Text
	case f.Kind == filters.Choice:
		f.Kind = filters.Text
	}
	if p.Value == nil || lookup == filters.IsNull {
		condition.Lookup, condition.Truth = filters.IsNull, p.Value == nil || p.Value == true
		return condition, ""
	}
	values := []any{p.Value}
	if list, ok := p.Value.([]any); ok && strings.HasSuffix(p.Key, "__in") {
		values = list
	}
	for _, v := range values {
		if problem := addValue(&condition, end, v); problem != "" {
			return condition, problem
		}
	}
	condition.Nothing = len(values) == 0
	return condition, ""
}

// addValue adds one value to a condition, in its canonical text.
func addValue(c *filters.Condition, end *Field, v any) string {
	written := pyStr(v)
	switch c.Field.Kind {
	case filters.UUID, filters.Reference:
		id, ok := ReadID(v)
		if !ok {
			return "“" + written + "” is not a valid UUID."
		}
		c.IDs = append(c.IDs, id)
		return ""
	case filters.Integer, filters.Decimal:
		if truth, ok := v.(bool); ok {
			written = map[bool]string{true: "1", false: "0"}[truth]
		}
		if !decimalPattern.MatchString(strings.TrimSpace(written)) {
			return fmt.Sprintf("Field '%s' expected a number but got %s.", end.Name, PyRepr(v))
		}
		number, problem := (&Field{Kind: Decimal}).decimal(strings.TrimSpace(written), nil)
		if problem != nil {
			return problem.messages[0]
		}
		if n := number.(json.Number); len(n) < 40 {
			c.Texts = append(c.Texts, strings.TrimPrefix(n.String(), "+"))
		} else {
			c.Nothing = true
		}
		return ""
	case filters.Boolean:
		value, problem := (&Field{Kind: Boolean}).boolean(v, nil)
		if problem != nil {
			return "“" + written + "” value must be either True or False."
		}
		c.Truth = value.(bool)
		return ""
	case filters.Date:
		value, problem := (&Field{Kind: Date}).date(v, nil)
		if problem != nil {
			return "“" + written + "” value has an invalid date format. It must be in YYYY-MM-DD format."
		}
		c.Texts = append(c.Texts, value.(string))
		return ""
	case filters.Time:
		value, problem := (&Field{Kind: Time}).time(v, nil)
		if problem != nil {
			return "“" + written + "” value has an invalid format. It must be in YYYY-MM-DD HH:MM[:ss[.uuuuuu]][TZ] format."
		}
		c.Texts = append(c.Texts, value.(string))
		return ""
	}
	if strings.ContainsRune(written, 0) {
		return "Null characters are not allowed."
	}
	c.Texts = append(c.Texts, end.asStored(written, c.Lookup))
	return ""
}

// asStored is a whole address in the form that it is stored in; all else is as it
// was written.
func (f *Field) asStored(written string, lookup filters.Lookup) string {
	if lookup != filters.Equal && lookup != filters.IEqual {
		return written
	}
	if canonical := f.canonical(); canonical != nil {
		if stored, problem := canonical(written); problem == "" {
			return stored
		}
	}
	if f.Kind == MAC {
		if stored, ok := filters.HardwareAddress(written); ok {
			return stored
		}
	}
	return written
}
