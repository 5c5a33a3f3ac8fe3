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
	tallies := func(title, name string, rows []Tally, with func(Tally) string) {
		if len(rows) == 0 {
			return
		}
		fmt.Fprintf(table, "%s\t%s\tMADE\tUPDATED\tUNCHANGED\tREMOVED\n", title, name)
		for _, t := range append(slices.Clone(rows), Total(rows)) {
			fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%d\t%d\n", t.Name, with(t), t.Made, t.Updated, t.Unchanged, t.Removed)
		}
		fmt.Fprintln(table)
	}
	tallies("OBJECTS", "OF", s.Objects, func(t Tally) string { return t.From })
	tallies("LINKS", "", s.Links, func(Tally) string { return "" })
	if err := table.Flush(); err != nil {
		return err
	}
	if len(s.LeftOut) > 0 {
		fmt.Fprintf(table, "LEFT OUT\tCOUNT\tWHY\n")
		for _, l := range s.LeftOut {
			fmt.Fprintf(table, "%s\t%d\t%s\n", l.What, l.Count, strings.ReplaceAll(l.Reason, "\n", " "))
		}
	}
	return table.Flush()
}

// tallies gathers a Summary.
type tallies struct {
	objects, links []*Tally
	left           map[[2]string]int
}

func newTallies() *tallies { return &tallies{left: map[[2]string]int{}} }

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

func (s *tallies) leave(what, reason string, n int) { s.left[[2]string{what, reason}] += n }

func (s *tallies) summary() Summary {
	var out Summary
	for _, t := range s.objects {
		out.Objects = append(out.Objects, *t)
	}
	for _, t := range s.links {
		out.Links = append(out.Links, *t)
	}
	for key, n := range s.left {
		out.LeftOut = append(out.LeftOut, LeftOut{What: key[0], Reason: key[1], Count: n})
	}
	slices.SortFunc(out.LeftOut, func(a, b LeftOut) int {
		return cmp.Or(strings.Compare(a.What, b.What), cmp.Compare(b.Count, a.Count), strings.Compare(a.Reason, b.Reason))
	})
	return out
}
