package exchange

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

// Summary is what became of a file.
type Summary struct {
	Objects []Tally // by what they were made of and content type, in the order of making
	Links   []Tally // by key of the relationship
	LeftOut []LeftOut
}

// Tally counts what became of the rows of one kind.
type Tally struct {
	From                              string // where they come from: "dcim.site"; empty where no row stands for them
	Name                              string // what they are here: "dcim.location", or the key of a relationship
	Made, Updated, Unchanged, Removed int
}

// LeftOut is how many rows or values of one kind were left out for one reason.
type LeftOut struct {
	What   string // "dcim.cablepath", or "dcim.device.airflow" for a value
	Reason string
	Count  int
	// Rows are the first few of them, as "name (pk)"; empty where it is all of
	// a kind.
	Rows []string
}

// Total adds up tallies.
func Total(tallies []Tally) Tally {
	sum := Tally{Name: "all"}
	for _, t := range tallies {
		sum.Made += t.Made
		sum.Updated += t.Updated
		sum.Unchanged += t.Unchanged
		sum.Removed += t.Removed
	}
	return sum
}

// Changed reports whether the import changed anything.
func (s Summary) Changed() bool {
	objects, links := Total(s.Objects), Total(s.Links)
	return objects.Made+objects.Updated+objects.Removed+links.Made+links.Updated+links.Removed > 0
}

// Print writes the summary as tables.
func (s Summary) Print(w io.Writer) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	numbers := func(t Tally) string {
		return fmt.Sprintf("%d\t%d\t%d\t%d", t.Made, t.Updated, t.Unchanged, t.Removed)
	}
	const heads = "MADE\tUPDATED\tUNCHANGED\tREMOVED"
	if len(s.Objects) > 0 {
		fmt.Fprintf(table, "OBJECTS\tOF\t%s\n", heads)
		for _, t := range append(slices.Clone(s.Objects), Total(s.Objects)) {
			fmt.Fprintf(table, "%s\t%s\t%s\n", t.Name, t.From, numbers(t))
		}
		fmt.Fprintln(table)
	}
	if len(s.Links) > 0 {
		fmt.Fprintf(table, "LINKS\t%s\n", heads)
		for _, t := range append(slices.Clone(s.Links), Total(s.Links)) {
			fmt.Fprintf(table, "%s\t%s\n", t.Name, numbers(t))
		}
		fmt.Fprintln(table)
	}
	if len(s.LeftOut) > 0 {
		fmt.Fprintf(table, "LEFT OUT\tCOUNT\tWHY\n")
		for _, l := range s.LeftOut {
			fmt.Fprintf(table, "%s\t%d\t%s\n", l.What, l.Count, l.why())
		}
	}
	return table.Flush()
}

// why is the reason with the rows it is about, in one line.
func (l LeftOut) why() string {
	text := strings.ReplaceAll(l.Reason, "\n", " ")
	if len(l.Rows) == 0 {
		return text
	}
	more := ""
	if l.Count > len(l.Rows) {
		more = ", …"
	}
	return text + ": " + strings.Join(l.Rows, ", ") + more
}

// tallies gathers a Summary.
type tallies struct {
	objects, links []*Tally
	left           map[[2]string]*LeftOut
}

func newTallies() *tallies { return &tallies{left: map[[2]string]*LeftOut{}} }

func find(list *[]*Tally, from, name string) *Tally {
	for _, t := range *list {
		if t.From == from && t.Name == name {
			return t
		}
	}
	t := &Tally{From: from, Name: name}
	*list = append(*list, t)
	return t
}

func (s *tallies) object(from, name string) *Tally { return find(&s.objects, from, name) }

func (s *tallies) link(key string) *Tally { return find(&s.links, "", key) }

// examples is how many rows a summary names.
const examples = 3

// leave notes n rows or values that were left out; row names one of them, or is
// empty.
func (s *tallies) leave(what, reason string, n int, row string) {
	key := [2]string{what, reason}
	if s.left[key] == nil {
		s.left[key] = &LeftOut{What: what, Reason: reason}
	}
	l := s.left[key]
	l.Count += n
	if row != "" && len(l.Rows) < examples {
		l.Rows = append(l.Rows, row)
	}
}

func (s *tallies) summary() Summary {
	var out Summary
	for _, t := range s.objects {
		out.Objects = append(out.Objects, *t)
	}
	for _, t := range s.links {
		out.Links = append(out.Links, *t)
	}
	for _, l := range s.left {
		out.LeftOut = append(out.LeftOut, *l)
	}
	slices.SortFunc(out.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(strings.Compare(a.What, b.What), cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
	return out
}
