package storetest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	_ "github.com/lib/pq" // the driver "postgres"

	"relata/pkg/store"
)

// errNone says why there is no PostgreSQL to test with.
var errNone = errors.New("PostgreSQL is not tested: its programs are neither in PATH nor in /usr/lib/postgresql, and TEST_POSTGRES_DSN is not set")

// server is a PostgreSQL to make databases in.
type server struct {
	dsn      string // of a database that exists
	template string // a database with the tables; "" where none may stay behind
	// input is that of the watcher: open as long as the process lives.
	input *os.File
}

// Postgres returns the address of an empty database with its tables, which is
// gone after the test.
func Postgres(t testing.TB) string {
	t.Helper()
	return database(t, true)
}

// PostgresWithoutTables is Postgres for tests of the migrations.
func PostgresWithoutTables(t testing.TB) string {
	t.Helper()
	return database(t, false)
}

func database(t testing.TB, tables bool) string {
	t.Helper()
	s, err := postgres()
	if errors.Is(err, errNone) && os.Getenv("TEST_POSTGRES_REQUIRED") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	name, err := s.take(tables)
	if err != nil {
		t.Fatalf("make a database: %v", err)
	}
	t.Cleanup(func() {
		if err := s.giveBack(name, tables); err != nil {
			t.Errorf("give back a database: %v", err)
		}
	})
	return s.database(name)
}

// spare are databases that were used and emptied: much faster than new ones.
var spare struct {
	sync.Mutex
	names []string
}

func (s server) take(tables bool) (string, error) {
	spare.Lock()
	defer spare.Unlock()
	if last := len(spare.names) - 1; tables && last >= 0 {
		name := spare.names[last]
		spare.names = spare.names[:last]
		return name, nil
	}
	name := "relata_" + strings.ToLower(rand.Text())
	if tables && s.template != "" {
		return name, s.run("create database " + name + " template " + s.template)
	}
	return name, s.run("create database " + name + " template template0 encoding 'UTF8'") // Open makes the tables
}

// empty truncates all tables but state, which the migrations fill, and starts
// their numbers anew.
const empty = `do $$ begin
	execute (select 'truncate ' || string_agg(quote_ident(tablename), ', ') || ' restart identity cascade'
		from pg_tables where schemaname = 'public' and tablename not in ('goose_db_version', 'state'));
	update state set version = 1;
end $$`

func (s server) giveBack(name string, tables bool) error {
	if tables && s.template != "" {
		if err := (server{dsn: s.database(name)}).run(empty); err == nil {
			spare.Lock()
			defer spare.Unlock()
			spare.names = append(spare.names, name)
			return nil
		}
	}
	return s.run("drop database if exists " + name + " with (force)")
}

// postgres is the server of this test process.
var postgres = sync.OnceValues(func() (server, error) {
	if dsn := os.Getenv("TEST_POSTGRES_DSN"); dsn != "" {
		return server{dsn: dsn}, nil
	}
	bin := programs()
	if bin == "" {
		return server{}, errNone
	}
	s, err := start(bin)
	if err != nil {
		return server{}, fmt.Errorf("start PostgreSQL of %s: %w", bin, err)
	}
	err = s.makeTemplate("relata_template")
	return s, err
})

func (s server) run(statement string) error {
	db, err := sql.Open("postgres", s.dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(statement)
	return err
}

// database returns the address of another database of the server.
func (s server) database(name string) string {
	u, err := url.Parse(s.dsn)
	if err != nil {
		panic(err)
	}
	u.Path = "/" + name
	return u.String()
}

func (s *server) makeTemplate(name string) error {
	if err := s.run("create database " + name); err != nil {
		return err
	}
	made, err := store.Open(context.Background(), s.database(name), store.Options{})
	if err != nil {
		return err
	}
	s.template = name
	return made.Close()
}

// programs returns the folder of PostgreSQL's programs, the newest version's.
func programs() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if _, err := exec.LookPath("postgres"); err == nil {
			return filepath.Dir(path)
		}
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return ""
	}
	sort.Slice(found, func(i, j int) bool {
		return len(found[i]) < len(found[j]) || len(found[i]) == len(found[j]) && found[i] < found[j]
	})
	return filepath.Dir(found[len(found)-1])
}

// start makes a cluster in a temporary folder and starts its server, which ends,
// and takes the folder with it, when this process does.
func start(bin string) (server, error) {
	dir, err := os.MkdirTemp("", "relata-pg")
	if err != nil {
		return server{}, err
	}
	if err := own(dir); err != nil {
		return server{}, err
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	initdb.Dir = dir
	asOther(initdb)
	if out, err := initdb.CombinedOutput(); err != nil {
		_ = os.RemoveAll(dir)
		return server{}, fmt.Errorf("initdb: %w: %s", err, out)
	}
	input, err := watch(bin, dir, data)
	if err != nil {
		_ = os.RemoveAll(dir)
		return server{}, err
	}
	s := server{dsn: "postgres:///postgres?sslmode=disable&user=postgres&host=" + url.QueryEscape(dir), input: input}
	return s, s.wait(filepath.Join(dir, "log"))
}

// watcher runs the server until its input ends: that is when the test process
// is gone, however it went.
const watcher = `"$0" -D "$1" -k "$2" -c listen_addresses= -c fsync=off -c synchronous_commit=off -c full_page_writes=off \
	-c shared_buffers=64MB -c max_connections=300 -c autovacuum=off >"$2/log" 2>&1 &
server=$!
cat >/dev/null
kill -QUIT $server
wait $server
cd /
rm -rf "$2"`

// watch starts the watcher and returns its input.
func watch(bin, dir, data string) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command("sh", "-c", watcher, filepath.Join(bin, "postgres"), data, dir)
	cmd.Dir, cmd.Stdin = dir, read
	asOther(cmd)
	err = cmd.Start()
	_ = read.Close()
	return write, err
}

func (s server) wait(log string) error {
	var err error
	for range 300 {
		if err = s.run("select 1"); err == nil {
			return nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	said, _ := os.ReadFile(log)
	return fmt.Errorf("no answer: %w: %s", err, said)
}
