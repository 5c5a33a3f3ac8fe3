package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"relata/pkg/objects"
	"relata/pkg/store"
	"relata/pkg/store/storetest"
)

const key = "00112233445566778899aabbccddeeff00112233"

// relata runs the program to its end and returns what it printed.
func relata(t *testing.T, input string, args ...string) (string, error) {
	t.Helper()
	command := rootCommand()
	var out bytes.Buffer
	command.SetIn(strings.NewReader(input))
	command.SetOut(&out)
	command.SetErr(io.Discard)
	command.SetArgs(args)
	err := command.ExecuteContext(context.Background())
	return out.String(), err
}

// output is a buffer that may be read while it is written.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

var address = regexp.MustCompile(`http://127\.0\.0\.1:\d+`)

// start runs serve until the test ends, or stop is called.
func start(t *testing.T, args ...string) (url string, told *output, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	told = &output{}
	command := rootCommand()
	command.SetOut(told)
	command.SetErr(io.Discard)
	command.SetArgs(append([]string{"serve", "--listen", "127.0.0.1:0"}, args...))
	ended := make(chan error, 1)
	go func() { ended <- command.ExecuteContext(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		assert.NoError(t, <-ended, "told to end, it ends well")
	})
	for range 600 {
		if url = address.FindString(told.String()); url != "" {
			t.Cleanup(stop)
			return url, told, stop
		}
		select {
		case err := <-ended:
			cancel()
			require.FailNow(t, "the server ended", "%v %s", err, told)
		case <-time.After(50 * time.Millisecond):
		}
	}
	cancel()
	require.FailNow(t, "the server did not start", told.String())
	return
}

// get asks with a token and returns the status and the decoded answer.
func get(t *testing.T, url, token string) (int, map[string]any) {
	t.Helper()
	request, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	require.NoError(t, err)
	if token != "" {
		request.Header.Set("Authorization", "Token "+token)
	}
	response, err := http.DefaultClient.Do(request)
	require.NoError(t, err)
	defer response.Body.Close()
	var body map[string]any
	require.NoError(t, json.NewDecoder(response.Body).Decode(&body))
	return response.StatusCode, body
}

func TestServeTheDemo(t *testing.T) {
	storetest.EachDSN(t, serveTheDemo)
}

func serveTheDemo(t *testing.T, database string) {
	t.Setenv("RELATA_ADMIN_TOKEN", key)
	url, told, stop := start(t, "--database", database, "--demo")
	assert.Contains(t, told.String(), "token      "+key)
	status, _ := get(t, url+"/api/dcim/devices/ams-rt-01;Operations;Amsterdam;North/", key)
	assert.Equal(t, http.StatusOK, status, "the first request already knows how deep the tree of the locations is")
	for path, want := range map[string]float64{
		"dcim/devices": 60, "ipam/vlans": 80, "circuits/circuits": 30,
		"extras/relationships": 5, "extras/relationship-associations": 301,
	} {
		status, body := get(t, fmt.Sprintf("%s/api/%s/?limit=1", url, path), key)
		assert.Equal(t, http.StatusOK, status, path)
		assert.Equal(t, want, body["count"], path)
	}
	stop()

	t.Setenv("RELATA_ADMIN_TOKEN", "ffffffffffffffffffffffffffffffffffffffff")
	url, told, _ = start(t, "--database", database, "--demo")
	assert.NotContains(t, told.String(), "token", "told once")
	_, body := get(t, url+"/api/extras/relationship-associations/?limit=1", key)
	assert.EqualValues(t, 301, body["count"], "loaded once")
	status, _ = get(t, url+"/api/status/", "ffffffffffffffffffffffffffffffffffffffff")
	assert.Equal(t, http.StatusForbidden, status, "the token is preset on an empty database only")
}

func TestServeMakesUpATokenThatWorks(t *testing.T) {
	t.Setenv("RELATA_ADMIN_TOKEN", "")
	url, told, _ := start(t, "--database", "sqlite:"+filepath.Join(t.TempDir(), "relata.db"))
	token := regexp.MustCompile(`token +([0-9a-f]{40})\n`).FindStringSubmatch(told.String())
	require.Len(t, token, 2)
	status, body := get(t, url+"/api/dcim/devices/", token[1])
	assert.Equal(t, http.StatusOK, status)
	assert.EqualValues(t, 0, body["count"], "without --demo there is no inventory")
	status, _ = get(t, url+"/health/", "")
	assert.Equal(t, http.StatusOK, status)
}

func TestAccountIsToldThoughTheStartFails(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "relata.db")
	db, err := store.Open(context.Background(), database, store.Options{})
	require.NoError(t, err)
	a, err := prepare(context.Background(), db)
	require.NoError(t, err)
	draft, err := objects.DecodeDraft([]byte(`{"label": "Device VLANs", "source_type": "dcim.device", "destination_type": "ipam.vlan"}`))
	require.NoError(t, err)
	_, err = a.relationships.Create(context.Background(), []objects.Draft{draft}, false)
	require.NoError(t, err)
	a.close()
	out, err := relata(t, "", "serve", "--demo", "--database", database, "--listen", "127.0.0.1:0")
	assert.ErrorContains(t, err, "--demo: ", "it has a definition of that label")
	assert.Regexp(t, `token +[0-9a-f]{40}\n`, out)
}

func TestUserCreate(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "relata.db")
	out, err := relata(t, "correct horse\n", "user", "create", "ada", "--superuser", "--database", database)
	require.NoError(t, err)
	token := regexp.MustCompile(`token +([0-9a-f]{40})\n`).FindStringSubmatch(out)
	require.Len(t, token, 2)
	url, told, _ := start(t, "--database", database)
	assert.NotContains(t, told.String(), "superuser", "there is an account already")
	status, _ := get(t, url+"/api/status/", token[1])
	assert.Equal(t, http.StatusOK, status)

	_, err = relata(t, "correct horse\n", "user", "create", "ada", "--database", database)
	assert.EqualError(t, err, "username: A user with that username already exists.")
	_, err = relata(t, "", "user", "create", "grace", "--database", database)
	assert.EqualError(t, err, "password: This field may not be blank.")
}

func TestMigrateFirst(t *testing.T) {
	folder := t.TempDir()
	database := "sqlite:" + filepath.Join(folder, "relata.db")
	t.Setenv("RELATA_DATABASE", database)
	_, err := relata(t, "", "serve", "--no-migrate", "--listen", "127.0.0.1:0")
	assert.EqualError(t, err, `--database (RELATA_DATABASE) is "`+database+`": there is no such database: relata migrate makes it`)
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	assert.Empty(t, left, "nothing was made")
	out, err := relata(t, "", "migrate")
	require.NoError(t, err)
	assert.Equal(t, "the tables are up to date\n", out)
	start(t, "--no-migrate")
}

func TestAWrongSettingStopsTheStart(t *testing.T) {
	t.Setenv("RELATA_ADMIN_TOKEN", "short")
	_, err := relata(t, "", "serve", "--database", "sqlite:"+filepath.Join(t.TempDir(), "relata.db"))
	assert.EqualError(t, err, "RELATA_ADMIN_TOKEN must be 40 hexadecimal digits in lower case (0-9, a-f); it has 0 of them in 5 characters")
}

func TestAMisspeltVariableStopsTheStart(t *testing.T) {
	t.Setenv("RELATA_DATABSE", "sqlite:"+filepath.Join(t.TempDir(), "relata.db"))
	_, err := relata(t, "", "migrate", "--database", "sqlite:"+filepath.Join(t.TempDir(), "relata.db"))
	assert.EqualError(t, err, "RELATA_DATABSE is set, which is no setting of relata: is RELATA_DATABASE meant?")
}

func TestADatabaseThatCannotBeIsNamed(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Join(folder, "none", "relata.db")} {
		_, err := relata(t, "", "migrate", "--database", "sqlite:"+path)
		assert.ErrorContains(t, err, `--database (RELATA_DATABASE) is "sqlite:`+path+`"`)
	}
}

func TestACommandThatIsNot(t *testing.T) {
	for _, name := range []string{"import", "user"} {
		_, err := relata(t, "", name, "nonsense")
		assert.EqualError(t, err, `unknown command "nonsense" for "relata `+name+`"`)
	}
}

func TestTwoStartAtOnce(t *testing.T) {
	storetest.EachDSN(t, func(t *testing.T, database string) {
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		told, ended := [2]output{}, make(chan error, 2)
		for i := range told {
			command := rootCommand()
			command.SetOut(&told[i])
			command.SetErr(io.Discard)
			command.SetArgs([]string{"serve", "--demo", "--database", database, "--listen", "127.0.0.1:0"})
			go func() { ended <- command.ExecuteContext(ctx) }()
		}
		assert.Eventually(t, func() bool {
			return len(ended) > 0 || address.MatchString(told[0].String()) && address.MatchString(told[1].String())
		}, 30*time.Second, 20*time.Millisecond)
		stop()
		assert.NoError(t, <-ended)
		assert.NoError(t, <-ended)
	})
}

func TestATakenPortStopsTheStart(t *testing.T) {
	database := "sqlite:" + filepath.Join(t.TempDir(), "relata.db")
	url, _, _ := start(t, "--database", database)
	_, err := relata(t, "", "serve", "--database", database, "--listen", strings.TrimPrefix(url, "http://"))
	assert.ErrorContains(t, err, "--listen (RELATA_LISTEN)")
}

func TestImportOfAMissingFile(t *testing.T) {
	_, err := relata(t, "", "import", "netbox", filepath.Join(t.TempDir(), "none.json"))
	assert.ErrorContains(t, err, "none.json")
}

func TestVersion(t *testing.T) {
	out, err := relata(t, "", "version")
	require.NoError(t, err)
	assert.Contains(t, out, "relata "+version)
}
