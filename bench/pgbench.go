package main

import (
	"bufio"
	"context"
	"fmt"
	"maps"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// pgbench runs scripts made from captured statements, as many connections as the
// server is called with.
type pgbench struct {
	program  string
	database *url.URL
	settings map[string]string // of the server's connections
	folder   string
}

// scripts are the files of one measurement with their variables.
type scripts struct {
	texts     []string
	variables map[string]string // value to name
}

// newScripts makes one script of each captured request. Parameters become
// variables, so that pgbench sends them as the server does: prepared, as text.
// replace may give an expression for one instead: what differs in each request.
func newScripts(captured [][]statement, replace func(value string) (string, bool)) *scripts {
	s := &scripts{variables: map[string]string{}}
	for _, statements := range captured {
		var text strings.Builder
		for _, st := range statements {
			text.WriteString(strings.TrimRight(s.text(st, replace), "; \n\t"))
			text.WriteString(";\n")
		}
		s.texts = append(s.texts, text.String())
	}
	return s
}

var parameter = regexp.MustCompile(`\$[0-9]+`)

func (s *scripts) text(st statement, replace func(string) (string, bool)) string {
	return parameter.ReplaceAllStringFunc(st.text, func(mark string) string {
		n, _ := strconv.Atoi(mark[1:])
		value := st.args[n-1]
		if value == nil {
			return "null"
		}
		if replace != nil {
			if expression, ok := replace(*value); ok {
				return expression
			}
		}
		name := s.variables[*value]
		if name == "" {
			name = fmt.Sprintf("v%d", len(s.variables))
			s.variables[*value] = name
		}
		return ":" + name
	})
}

// run measures for a time, leaving out what is done while it warms up: each
// connection prepares each statement once.
func (p *pgbench) run(ctx context.Context, s *scripts, connections int, warm, over time.Duration) (result, error) {
	folder, err := os.MkdirTemp(p.folder, "pgbench")
	if err != nil {
		return result{}, err
	}
	defer os.RemoveAll(folder)
	args := []string{
		"-n", "-M", "prepared", "-c", strconv.Itoa(connections), "-j", "2",
		"-T", strconv.Itoa(int((warm + over).Seconds())), "--log", "--log-prefix", filepath.Join(folder, "log"),
	}
	for i, text := range s.texts {
		file := filepath.Join(folder, fmt.Sprintf("%d.sql", i))
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return result{}, err
		}
		args = append(args, "-f", file)
	}
	for _, value := range slices.Sorted(maps.Keys(s.variables)) {
		args = append(args, "-D", s.variables[value]+"="+value)
	}
	begin := time.Now()
	if err := p.start(ctx, args); err != nil {
		return result{}, err
	}
	logs, err := filepath.Glob(filepath.Join(folder, "log*"))
	if err != nil {
		return result{}, err
	}
	return readLogs(logs, begin.Add(warm), begin.Add(warm+over))
}

func (p *pgbench) start(ctx context.Context, args []string) error {
	cmd := exec.CommandContext(ctx, p.program, args...)
	var options []string
	for name, value := range p.settings {
		options = append(options, fmt.Sprintf("-c %s=%s", name, value))
	}
	password, _ := p.database.User.Password()
	cmd.Env = append(os.Environ(),
		"PGOPTIONS="+strings.Join(options, " "), "PGHOST="+p.database.Hostname(), "PGPORT="+p.database.Port(),
		"PGUSER="+p.database.User.Username(), "PGPASSWORD="+password, "PGDATABASE="+strings.TrimPrefix(p.database.Path, "/"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("pgbench: %w: %.2000s", err, out)
	}
	if strings.Contains(string(out), "aborted") {
		return fmt.Errorf("pgbench: %.2000s", out)
	}
	return nil
}

// readLogs reads "client transaction microseconds script seconds microseconds"
// lines.
func readLogs(files []string, begin, end time.Time) (result, error) {
	var took []time.Duration
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return result{}, err
		}
		lines := bufio.NewScanner(f)
		for lines.Scan() {
			var client, number, us, script, s, frac int64
			if _, err := fmt.Sscan(lines.Text(), &client, &number, &us, &script, &s, &frac); err != nil {
				_ = f.Close()
				return result{}, fmt.Errorf("line %q of pgbench's log: %w", lines.Text(), err)
			}
			done := time.Unix(s, frac*1000)
			if done.After(begin) && done.Before(end) {
				took = append(took, time.Duration(us)*time.Microsecond)
			}
		}
		_ = f.Close()
		if err := lines.Err(); err != nil {
			return result{}, err
		}
	}
	return newResult(took, end.Sub(begin)), nil
}
