// Command cgo compares relata's SQLite driver, in Go, with the C library
// through cgo: the same statements, through database/sql, without HTTP. It is a
// module of its own so that relata's needs no C compiler.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	database := flag.String("database", "", "a file filled by: go run ./bench load --database sqlite:FILE")
	rounds := flag.Int("rounds", 3, "how often each is measured, in turn; the median counts")
	over := flag.Duration("over", 4*time.Second, "how long each run is")
	callers := flag.Int("callers", 16, "of reads; writes have one")
	only := flag.String("only", "", "a part of the name of what is measured; empty: all")
	web := flag.Bool("http", false, "show the server's own figures on SQLite, too")
	flag.Parse()
	if err := run(context.Background(), *database, *rounds, *over, *callers, *only, *web); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, database string, rounds int, over time.Duration, callers int, only string, web bool) error {
	folder, err := os.MkdirTemp("", "relata-bench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(folder)
	service := filepath.Join(folder, "service.db")
	if err := copyFile(service, database); err != nil {
		return err
	}
	texts, err := capture(ctx, service)
	if err != nil {
		return err
	}
	var engines []*engine
	for _, d := range drivers {
		path := filepath.Join(folder, d.name+".db")
		if err := copyFile(path, database); err != nil {
			return err
		}
		e, err := open(ctx, d, path)
		if err != nil {
			return fmt.Errorf("%s: %w", d.name, err)
		}
		defer e.close()
		engines = append(engines, e)
	}
	fmt.Println("| statements | modernc (p50, p99) | mattn (p50, p99) | ratio | must | pass | ratio by processor time |")
	fmt.Println("| --- | --- | --- | --- | --- | --- | --- |")
	for _, op := range operations(texts) {
		if !strings.Contains(op.name, only) {
			continue
		}
		if err := compare(ctx, op, engines, rounds, over, callers); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
	}
	if web {
		return serve(ctx, service, over, callers)
	}
	return nil
}

// must is the least ratio.
const must = 0.70

func compare(ctx context.Context, op operation, engines []*engine, rounds int, over time.Duration, callers int) error {
	if op.write {
		callers = 1
	}
	runs := make([][]result, len(engines))
	for _, e := range engines { // prepares the statements
		if _, err := measure(ctx, over/8, callers, func(n int) error { return op.do(ctx, e, n) }); err != nil {
			return err
		}
	}
	for round := range rounds {
		for i, e := range engines {
			r, err := measure(ctx, over, callers, func(n int) error { return op.do(ctx, e, n) })
			if err != nil {
				return err
			}
			r.rate *= float64(op.rows)
			fmt.Fprintf(os.Stderr, "%s %d/%d %s: %s\n", op.name, round+1, rounds, e.driver.name, r)
			runs[i] = append(runs[i], r)
		}
	}
	ours, limit := median(runs[0]), median(runs[1])
	verdict := "yes"
	if ours.rate/limit.rate < must {
		verdict = "**no**"
	}
	fmt.Printf("| %s | %s | %s | %.2f | %.2f | %s | %.2f |\n", op.name, ours, limit, ours.rate/limit.rate, must, verdict,
		float64(limit.cpu)/float64(ours.cpu))
	return nil
}

func median(runs []result) result {
	slices.SortFunc(runs, func(a, b result) int { return int(1000 * (a.rate - b.rate)) })
	return runs[len(runs)/2]
}

func copyFile(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	if _, err := io.Copy(out, in); err != nil {
		return err
	}
	return out.Close()
}
