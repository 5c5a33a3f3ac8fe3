package filters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
)

// Limits of one request.
const (
	MaxFilters    = 100       // different parameters
	MaxValueBytes = 16 * 1024 // of all values of one parameter together
)

// Messages of the contract.
const (
	msgUnknown  = "Unknown filter field"
	msgUUID     = "Enter a valid UUID."
	msgInteger  = "Enter a whole number."
	msgNumber   = "Enter a number."
	msgLargest  = "Ensure this value is less than or equal to 1e+50."
	msgDate     = "Enter a valid date."
	msgTime     = "Enter a valid date/time."
	msgList     = "Enter a list of values."
	msgNull     = "Null characters are not allowed."
	msgChoice   = "Select a valid choice. %s is not one of the available choices."
	msgThat     = "Select a valid choice. That choice is not one of the available choices."
	msgNotUUID  = "“%s” is not a valid UUID."
	msgMAC      = "Invalid MAC address format: %s"
	msgAddress  = "Invalid IP address format: %s"
	msgBoolean  = "Must be a valid boolean."
	msgPattern  = "Enter a valid regular expression: %s."
	msgTooLong  = "Too long: the values of one filter have at most 16 kB together."
	msgLongOne  = "Too long: a value of a filter has at most 16 kB."
	msgTooMany  = "A request has at most 100 different filters."
	msgNoSuch   = "'%s' is not a valid filter parameter for %s object"
	msgNotValid = "'%s': %s"
)

// problem is what is wrong with one parameter.
type problem struct {
	name, text string
	order      [3]int
}

// Parse reads the parameters of a query string. Everything that is wrong with
// them is one fault.Invalid: bad values in form order, then unknown names.
func (s *Schema) Parse(ctx context.Context, names Names, params []Param) (Query, error) {
	params = merge(params)
	if len(params) > MaxFilters {
		return nil, fault.Invalidf(msgTooMany)
	}
	var query Query
	var bad, unknown []problem
	for _, p := range params {
		f, lookup := s.find(p.Name)
		if f == nil {
			unknown = append(unknown, problem{name: p.Name, text: msgUnknown})
			continue
		}
		c, some, text, err := f.parse(ctx, names, lookup, p.Values)
		if err != nil {
			return nil, err
		}
		if text == "" && c.Null && f.valueKind() == ContentType && !f.Nullable {
			// A definition may store it, and matches nothing; a list that asks
			// for it is mistaken (a 500 in Nautobot).
			text = fmt.Sprintf(msgChoice, "null")
		}
		if text != "" {
			bad = append(bad, problem{p.Name, text, s.place(f, lookup)})
		} else if some {
			query = append(query, c)
		}
	}
	if len(bad)+len(unknown) == 0 {
		return query, nil
	}
	return nil, invalid(bad, unknown)
}

func invalid(bad, unknown []problem) error {
	sortProblems(bad)
	e := &fault.Error{Kind: fault.Invalid}
	for _, p := range append(bad, unknown...) {
		e.Add([]string{p.name}, p.text)
	}
	return e
}

func sortProblems(problems []problem) {
	slices.SortStableFunc(problems, func(a, b problem) int { return slices.Compare(a.order[:], b.order[:]) })
}

// merge joins the values of parameters of the same name.
func merge(params []Param) []Param {
	at := make(map[string]int, len(params))
	var out []Param
	for _, p := range params {
		i, seen := at[p.Name]
		if !seen {
			i = len(out)
			at[p.Name] = i
			out = append(out, Param{Name: p.Name})
		}
		for _, v := range p.Values {
			out[i].Values = append(out[i].Values, strings.ToValidUTF8(v, "\uFFFD"))
		}
	}
	return out
}

// find returns the field and the lookup that a parameter names; nil when there
// is none.
func (s *Schema) find(name string) (*Field, Lookup) {
	if f := s.fields[name]; f != nil {
		return f, Equal
	}
	at := strings.LastIndex(name, "__")
	if at < 0 {
		return nil, ""
	}
	f, lookup := s.fields[name[:at]], Lookup(name[at+2:])
	if f == nil || lookup == Equal || !slices.Contains(f.Lookups, lookup) {
		return nil, ""
	}
	return f, lookup
}

// place orders the problems of a form: plain filters, then those with lookups,
// and custom fields and relationships last of all.
func (s *Schema) place(f *Field, lookup Lookup) [3]int {
	group := 0
	if strings.HasPrefix(f.Name, "cf_") || f.Kind == Linked {
		group = 2
	}
	if lookup != Equal {
		group++
	}
	return [3]int{group, slices.Index(s.order, f), slices.Index(f.Lookups, lookup)}
}

// parse reads the values of a query parameter. It returns the condition, whether
// it restricts anything, and the message when the values are refused.
func (f *Field) parse(ctx context.Context, names Names, lookup Lookup, values []string) (Condition, bool, string, error) {
	size := 0
	for _, v := range values {
		size += len(v)
	}
	if size > MaxValueBytes {
		return Condition{}, false, msgTooLong, nil
	}
	if f.single(lookup) && len(values) > 1 {
		values = values[len(values)-1:]
	}
	return f.read(ctx, names, lookup, values)
}

// read makes a condition of values: those of a query, or those of JSON as text.
func (f *Field) read(ctx context.Context, names Names, lookup Lookup, values []string) (Condition, bool, string, error) {
	c := Condition{Field: f, Lookup: lookup}
	if slices.ContainsFunc(values, func(v string) bool { return len(v) > MaxValueBytes }) {
		return c, false, msgLongOne, nil // longer patterns are more than a database compares with
	}
	text := c.fill(values)
	if text == "" && names != nil && (len(c.IDs) > 0 || len(c.Texts) > 0) && f.reference() && lookup != IsNull {
		var err error
		if text, err = c.missing(ctx, names, values); err != nil {
			return c, false, "", err
		}
	}
	some := len(c.Texts)+len(c.IDs) > 0 || c.Null || c.Nothing || c.decided
	return c, some && text == "", text, nil
}

// valueKind is the kind that the values of f are read as.
func (f *Field) valueKind() Kind {
	if (f.Kind == Method || f.Kind == Single) && f.Values != "" {
		return f.Values
	}
	return f.Kind
}

// reference reports that the values name objects, which must exist.
func (f *Field) reference() bool {
	switch f.valueKind() {
	case Reference, NameOrID, Tree, Tag, Linked:
		return true
	}
	return false
}

// single reports that of several values in a query the last one counts.
func (f *Field) single(lookup Lookup) bool {
	switch f.valueKind() {
	case Boolean, Membership, Search:
		return true
	case ContentType:
		return f.SingleValue
	}
	return lookup == Equal && f.SingleValue || f.Kind == Single
}

// missing asks which values name nothing; the first of them, in the order of
// the request, is told.
func (c *Condition) missing(ctx context.Context, names Names, values []string) (string, error) {
	found, ids, texts, err := lookUp(ctx, names, c)
	if err != nil {
		return "", fmt.Errorf("look up the values of %s: %w", c.Field.Name, err)
	}
	if len(ids)+len(texts) == 0 {
		c.settle(found)
		return "", nil
	}
	if c.Field.SingleValue {
		return msgThat, nil
	}
	for _, v := range values {
		id, isID := parseUUID(v)
		text, _ := c.canonical(v)
		if isID && slices.Contains(ids, id) || !isID && slices.Contains(texts, text) {
			return fmt.Sprintf(msgChoice, v), nil
		}
	}
	return fmt.Sprintf(msgChoice, cmp.Or(first(texts), fmt.Sprint(ids))), nil
}

func lookUp(ctx context.Context, names Names, c *Condition) (found, ids []uuid.UUID, texts []string, err error) {
	if finder, ok := names.(Finder); ok && len(c.Texts) > 0 {
		return finder.Lookup(ctx, c.Field, c.IDs, c.Texts)
	}
	ids, texts, err = names.Unknown(ctx, c.Field, c.IDs, c.Texts)
	return nil, ids, texts, err
}

// settle puts ids in the place of texts. Each of several tags must be there, so
// that theirs must be as many.
func (c *Condition) settle(found []uuid.UUID) {
	few := len(found) > 0 && len(found) <= MaxFilters
	if few && (c.Field.Kind != Tag || len(found) == len(c.Texts)) {
		c.IDs, c.Texts = distinct(append(c.IDs, found...)), nil
	}
}

func first(texts []string) string {
	if len(texts) == 0 {
		return ""
	}
	return texts[0]
}
