package api

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

// Limits of a query string.
const (
	maxFilters    = 100      // different parameters
	maxValueBytes = 16 << 10 // of query string for one of them
)

// query is the query string: its parameters by first appearance, each with all
// its values.
type query []filters.Param

// reserved are the parameters of features to come. A request that carries one
// is refused: a ?dry_run=true must never write.
var reserved = []string{"dry_run", "on_existing", "at", "violations", "after"}

// noCursor refuses after where it does not lead on.
const noCursor = "Only reading a list of objects or of associations goes on by cursor (after). Other lists go by limit and offset."

// notFilters are the parameters that lists do not take for filters.
var notFilters = []string{"api_version", "depth", "exclude_m2m", "format", "include", "limit", "offset", "sort", "after"}

// parseQuery reads a query string as Django does: what is badly encoded stays
// as it stands, bytes that are no UTF-8 become U+FFFD.
func parseQuery(raw string) query {
	var q query
	at := map[string]int{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescape(name), unescape(value)
		i, ok := at[name]
		if !ok {
			i = len(q)
			at[name] = i
			q = append(q, filters.Param{Name: name})
		}
		q[i].Values = append(q[i].Values, value)
	}
	return q
}

func unescape(s string) string {
	s = strings.ReplaceAll(s, "+", " ")
	if strings.Contains(s, "%") {
		var b strings.Builder
		for i := 0; i < len(s); i++ {
			if s[i] == '%' && i+2 < len(s) {
				if n, err := strconv.ParseUint(s[i+1:i+3], 16, 8); err == nil {
					b.WriteByte(byte(n))
					i += 2
					continue
				}
			}
			b.WriteByte(s[i])
		}
		s = b.String()
	}
	return strings.ToValidUTF8(s, string(utf8.RuneError))
}

// check refuses what no address takes: too much, NUL, parameters of the future.
func (q query) check(raw string, mayContinue bool) error {
	if len(q) > maxFilters {
		return fault.Invalidf("A request takes at most %d different query parameters (limit query_parameters = %d); this one has %d.",
			maxFilters, maxFilters, len(q))
	}
	problems := &fault.Error{Kind: fault.Invalid}
	for _, p := range q {
		size := 0
		for _, v := range p.Values {
			size += len(p.Name) + len(v) + 2
		}
		if len(raw) > maxValueBytes && size > maxValueBytes {
			return &statusError{http.StatusRequestURITooLong, fault.TooLargef(
				"The values of one query parameter take at most %d bytes (limit query_parameter_bytes = %d); those of %.100s are longer.",
				maxValueBytes, maxValueBytes, strings.ToValidUTF8(p.Name, "�"))}
		}
		if strings.ContainsRune(p.Name, 0) || slices.ContainsFunc(p.Values, func(v string) bool { return strings.ContainsRune(v, 0) }) {
			problems.Add([]string{strings.ReplaceAll(p.Name, "\x00", "")}, "Null characters are not allowed.")
		}
		if _, ok := manyWords[strings.ToLower(p.Values[len(p.Values)-1])]; p.Name == "exclude_m2m" && !ok {
			problems.Add([]string{p.Name}, "Must be true or false.")
		}
		switch {
		case p.Name == "after" && !mayContinue:
			problems.Add([]string{p.Name}, noCursor)
		case p.Name != "after" && slices.Contains(reserved, p.Name):
			problems.Add([]string{p.Name}, p.Name+" is reserved for what is to come and cannot be used yet: leave it out.")
		}
		if p.Name == "after" && readPage(q).offset > 0 {
			problems.Add([]string{"offset"}, "A list that is read by cursor (after) has no offset.")
		}
	}
	return problems.OrNil()
}

// last returns the last value of a parameter, as Django reads single ones.
func (q query) last(name string) (string, bool) {
	for _, p := range q {
		if p.Name == name {
			return p.Values[len(p.Values)-1], true
		}
	}
	return "", false
}

func (q query) all(name string) []string {
	for _, p := range q {
		if p.Name == name {
			return p.Values
		}
	}
	return nil
}

// filters returns the parameters that must be known to the list.
func (q query) filters() []filters.Param {
	var out []filters.Param
	for _, p := range q {
		if !slices.Contains(notFilters, p.Name) {
			out = append(out, p)
		}
	}
	return out
}

// unfiltered refuses parameters on an address that has no filters.
func (r *request) unfiltered() error {
	problems := &fault.Error{Kind: fault.Invalid}
	for _, p := range r.query.filters() {
		problems.Add([]string{p.Name}, "Unknown filter field")
	}
	return problems.OrNil()
}

// with returns the encoded query string with parameters set ("": dropped), all
// sorted by name.
func (q query) with(set map[string]string) string {
	var pairs []string
	add := func(name, value string) {
		pairs = append(pairs, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	names := make([]string, 0, len(q)+len(set))
	for _, p := range q {
		names = append(names, p.Name)
	}
	for name := range set {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if value, ok := set[name]; ok {
			if value != "" {
				add(name, value)
			}
			continue
		}
		for _, value := range q.all(name) {
			add(name, value)
		}
	}
	return strings.Join(pairs, "&")
}

// many says which many-to-many fields an answer shows.
type many int

const (
	manyDefault many = iota // tags and content types
	manyNone
	manyAll
)

// view is how things are shown.
type view struct {
	depth         int
	many          many
	relationships bool
	computed      bool
	configContext bool
	counts        bool
	shared        bool // several requests wait for what is read
}

// readView is what a GET asks for.
func readView(q query) (view, error) {
	v := view{counts: true, many: readMany(q)}
	if text, ok := q.last("depth"); ok {
		n, err := strconv.Atoi(strings.TrimSpace(text))
		if err == nil || errors.Is(err, strconv.ErrRange) {
			v.depth = n // the nearest there is, when it is out of range
		}
		if v.depth < 0 || v.depth > 10 {
			return v, fault.Invalidf("The depth parameter must be an integer between 0 and 10")
		}
	}
	// The contract looks for a name inside a single include, and for exactly
	// the name among several.
	include := q.all("include")
	asked := func(name string) bool {
		if len(include) == 1 {
			return strings.Contains(include[0], name)
		}
		return slices.Contains(include, name)
	}
	v.relationships = asked("relationships")
	v.computed = asked("computed_fields")
	v.configContext = asked("config_context")
	return v, nil
}

// writeView is how a write answers: flat, with everything opt-in.
func writeView(q query, created bool) view {
	return view{many: readMany(q), relationships: true, computed: true, configContext: true, counts: !created}
}

// manyWords are the values of exclude_m2m; check refuses others.
var manyWords = map[string]many{
	"true": manyNone, "1": manyNone, "yes": manyNone, "on": manyNone, "y": manyNone, "t": manyNone,
	"false": manyAll, "0": manyAll, "no": manyAll, "off": manyAll, "n": manyAll, "f": manyAll,
}

func readMany(q query) many {
	if text, ok := q.last("exclude_m2m"); ok {
		return manyWords[strings.ToLower(text)]
	}
	return manyDefault
}
