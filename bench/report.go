package main

import (
	"fmt"
	"io"
)

// report is a table of figures.
type report struct{ lines []string }

// row adds a figure. must is the least that ratio may be.
func (r *report) row(what, figure, limit string, ratio, must float64) {
	verdict := "yes"
	switch {
	case must == 0:
		verdict = ""
	case ratio < must:
		verdict = "**no**"
	}
	bar := ""
	if must != 0 {
		bar = fmt.Sprintf("%.2f", must)
	}
	r.lines = append(r.lines, fmt.Sprintf("| %s | %s | %s | %.2f | %s | %s |", what, figure, limit, ratio, bar, verdict))
}

// most adds a figure that must not be more than must.
func (r *report) most(what, figure, limit string, ratio, must float64, unit string) {
	verdict := "yes"
	if ratio > must {
		verdict = "**no**"
	}
	r.lines = append(r.lines, fmt.Sprintf("| %s | %s | %s | %.2f%s | ≤ %g%s | %s |", what, figure, limit, ratio, unit, must, unit, verdict))
}

func (r *report) write(out io.Writer) {
	fmt.Fprintln(out, "| figure | relata (p50, p99) | limit (p50, p99) | ratio | must | pass |")
	fmt.Fprintln(out, "| --- | --- | --- | --- | --- | --- |")
	for _, line := range r.lines {
		fmt.Fprintln(out, line)
	}
}

// String is a result as the table has it.
func (r result) String() string {
	return fmt.Sprintf("%.0f/s (%.2f ms, %.2f ms)", r.rate, r.p50.Seconds()*1000, r.p99.Seconds()*1000)
}
