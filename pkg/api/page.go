package api

import (
	"strconv"
	"strings"
)

// Sizes of a page.
const (
	defaultLimit = 50
	maxLimit     = 1000
)

// page is the part of a list that is asked for.
type page struct {
	limit, offset int
	// after is the cursor of keyset paging; keyset says that it was given,
	// empty for the first page.
	after  string
	keyset bool
}

// readPage reads limit, offset and after. Nonsense is the default, as the
// contract has it: limit=0 means the most there is.
func readPage(q query) page {
	p := page{limit: defaultLimit}
	if text, ok := q.last("limit"); ok {
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n >= 0 {
			p.limit = min(n, maxLimit)
		} else if isDigits(text) {
			p.limit = maxLimit
		}
		if p.limit == 0 {
			p.limit = maxLimit
		}
	}
	if text, ok := q.last("offset"); ok {
		if n, err := strconv.Atoi(strings.TrimSpace(text)); err == nil && n > 0 {
			p.offset = n
		} else if isDigits(text) {
			p.offset = 1<<31 - 1
		}
	}
	p.after, p.keyset = q.last("after")
	return p
}

// within is the part of a whole list that stands on page p.
func within[T any](list []T, p page) []T {
	from := min(p.offset, len(list))
	return list[from:min(from+p.limit, len(list))]
}

// isDigits is true of a number that is too large to be read.
func isDigits(text string) bool {
	return text != "" && strings.Trim(text, "0123456789") == "" && strings.Trim(text, "0") != ""
}

// readSort returns the names of sort, "-" in front for descending.
func readSort(q query) []string {
	text, _ := q.last("sort")
	var names []string
	for name := range strings.SplitSeq(text, ",") {
		if name = strings.TrimSpace(name); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// appendPage appends the envelope of one page of a list around its members.
func (r *request) appendPage(b []byte, p page, count int, results []byte) []byte {
	b = append(r.appendPageHead(b, p, count), results...)
	return append(b, pageTail...)
}

// pageTail ends every page.
const pageTail = `]}`

// appendPageHead appends what stands before the members of a page.
func (r *request) appendPageHead(b []byte, p page, count int) []byte {
	b = append(b, `{"count":`...)
	b = strconv.AppendInt(b, int64(count), 10)
	b = append(b, `,"next":`...)
	if p.offset+p.limit < count {
		b = r.appendLink(b, map[string]string{"limit": strconv.Itoa(p.limit), "offset": strconv.Itoa(p.offset + p.limit)})
	} else {
		b = append(b, "null"...)
	}
	b = append(b, `,"previous":`...)
	if p.offset > 0 {
		back := ""
		if p.offset > p.limit {
			back = strconv.Itoa(p.offset - p.limit)
		}
		b = r.appendLink(b, map[string]string{"limit": strconv.Itoa(p.limit), "offset": back})
	} else {
		b = append(b, "null"...)
	}
	return append(b, `,"results":[`...)
}

// appendKeyset appends the envelope of a page found by cursor: next carries the
// cursor of the following one, nothing is counted.
func (r *request) appendKeyset(b []byte, p page, next string, results []byte) []byte {
	b = append(r.appendKeysetHead(b, p, next), results...)
	return append(b, pageTail...)
}

func (r *request) appendKeysetHead(b []byte, p page, next string) []byte {
	b = append(b, `{"count":null,"next":`...)
	if next != "" {
		b = r.appendLink(b, map[string]string{"limit": strconv.Itoa(p.limit), "offset": "", "after": next})
	} else {
		b = append(b, "null"...)
	}
	return append(b, `,"previous":null,"results":[`...)
}

// appendLink appends the address of this list with other parameters.
func (r *request) appendLink(b []byte, set map[string]string) []byte {
	return appendString(b, r.base+r.address+"?"+r.query.with(set))
}
