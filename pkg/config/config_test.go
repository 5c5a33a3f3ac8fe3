package config

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// read parses args and env as a command does.
func read(t *testing.T, env map[string]string, args ...string) (*Config, error) {
	t.Helper()
	c := New()
	flags := pflag.NewFlagSet("serve", pflag.ContinueOnError)
	c.CommonFlags(flags)
	c.ServeFlags(flags)
	flags.Bool("superuser", false, "a flag of one command")
	require.NoError(t, flags.Parse(args))
	err := c.Environment(flags, func(name string) (string, bool) {
		value, ok := env[name]
		return value, ok
	})
	if err == nil {
		err = c.Check()
	}
	return c, err
}

func TestNothingSetWorks(t *testing.T) {
	c, err := read(t, nil)
	require.NoError(t, err)
	assert.Equal(t, New(), c)
	assert.Equal(t, "sqlite:relata.db", c.Database)
	assert.Equal(t, "127.0.0.1:8080", c.Listen)
}

func TestFlagsMirrorTheEnvironment(t *testing.T) {
	env := map[string]string{
		"RELATA_DATABASE":        "postgres://u:p@db/relata",
		"RELATA_LISTEN":          ":9000",
		"RELATA_DEMO":            "true",
		"RELATA_NO_MIGRATE":      "1",
		"RELATA_REQUEST_TIMEOUT": "5s",
		"RELATA_TRUSTED_PROXIES": "10.0.0.1,192.0.2.0/24",
		"RELATA_EXTERNAL_URL":    "https://relata.example/inventory",
		"RELATA_LOG_FORMAT":      "json",
		"RELATA_LOG_LEVEL":       "warn",
		"RELATA_ADMIN_TOKEN":     "00112233445566778899aabbccddeeff00112233",
		"RELATA_SUPERUSER":       "nonsense of another command",
	}
	c, err := read(t, env, "--listen", "127.0.0.1:7000")
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:7000", c.Listen, "a flag wins")
	assert.Equal(t, "postgres://u:p@db/relata", c.Database)
	assert.True(t, c.Demo)
	assert.True(t, c.NoMigrate)
	assert.Equal(t, 5*time.Second, c.RequestTimeout)
	assert.Equal(t, "https://relata.example/inventory", c.ExternalURL)
	assert.Equal(t, "WARN", c.Level().String())
	assert.Equal(t, "00112233445566778899aabbccddeeff00112233", c.AdminToken)
	networks, err := c.Proxies()
	require.NoError(t, err)
	require.Len(t, networks, 2)
	assert.Equal(t, "10.0.0.1/32", networks[0].String())
}

func TestWhatCannotWorkIsASentenceThatNamesIt(t *testing.T) {
	for name, tt := range map[string]struct {
		env  map[string]string
		want string
	}{
		"a database of another kind": {map[string]string{"RELATA_DATABASE": "mysql://root:secret@db"}, `--database (RELATA_DATABASE) is "mysql://…": it is sqlite:PATH or postgres://…`},
		"no path":                    {map[string]string{"RELATA_DATABASE": "sqlite:"}, `--database (RELATA_DATABASE) is "sqlite:": sqlite: is followed by the path of a file`},
		"a port alone":               {map[string]string{"RELATA_LISTEN": "8080"}, `--listen (RELATA_LISTEN) is "8080": it is HOST:PORT, such as 127.0.0.1:8080 or :8080`},
		"a log format":               {map[string]string{"RELATA_LOG_FORMAT": "xml"}, `--log-format (RELATA_LOG_FORMAT) is "xml": it is text or json`},
		"a log level":                {map[string]string{"RELATA_LOG_LEVEL": "loud"}, `--log-level (RELATA_LOG_LEVEL) is "loud": it is debug, info, warn or error`},
		"a word for a switch":        {map[string]string{"RELATA_DEMO": "maybe"}, `RELATA_DEMO is "maybe", which --demo does not take: it is true or false.`},
		"a number for a time":        {map[string]string{"RELATA_REQUEST_TIMEOUT": "30"}, `RELATA_REQUEST_TIMEOUT is "30", which --request-timeout does not take: it is a time such as 30s or 2m.`},
		"no time at all":             {map[string]string{"RELATA_REQUEST_TIMEOUT": "0s"}, `--request-timeout (RELATA_REQUEST_TIMEOUT) is "0s": it lies between 1s and 1h`},
		"a proxy by name":            {map[string]string{"RELATA_TRUSTED_PROXIES": "10.0.0.1,proxy"}, `--trusted-proxies (RELATA_TRUSTED_PROXIES) is "proxy": it is a list of addresses or networks, such as 10.0.0.1,192.0.2.0/24`},
		"an address without scheme":  {map[string]string{"RELATA_EXTERNAL_URL": "relata.example"}, `--external-url (RELATA_EXTERNAL_URL) is "relata.example": it is http://NAME or https://NAME, with a path if need be`},
		"an address without a name":  {map[string]string{"RELATA_EXTERNAL_URL": "https:///relata"}, `--external-url (RELATA_EXTERNAL_URL) is "https:///relata": it is http://NAME or https://NAME, with a path if need be`},
		"an address with a user":     {map[string]string{"RELATA_EXTERNAL_URL": "https://ada@relata.example"}, `--external-url (RELATA_EXTERNAL_URL) is "https://ada@relata.example": it is http://NAME or https://NAME, with a path if need be`},
		"an address with a query":    {map[string]string{"RELATA_EXTERNAL_URL": "https://relata.example?a=b"}, `--external-url (RELATA_EXTERNAL_URL) is "https://relata.example?a=b": it is http://NAME or https://NAME, with a path if need be`},
		"an address with a fragment": {map[string]string{"RELATA_EXTERNAL_URL": "https://relata.example#a"}, `--external-url (RELATA_EXTERNAL_URL) is "https://relata.example#a": it is http://NAME or https://NAME, with a path if need be`},
		"an address to copy files":   {map[string]string{"RELATA_EXTERNAL_URL": "ftp://relata.example"}, `--external-url (RELATA_EXTERNAL_URL) is "ftp://relata.example": it is http://NAME or https://NAME, with a path if need be`},
		"more than an hour":          {map[string]string{"RELATA_REQUEST_TIMEOUT": "61m"}, `--request-timeout (RELATA_REQUEST_TIMEOUT) is "1h1m0s": it lies between 1s and 1h`},
		"a short token":              {map[string]string{"RELATA_ADMIN_TOKEN": "abc"}, `RELATA_ADMIN_TOKEN must be 40 hexadecimal digits in lower case (0-9, a-f); it has 3 of them in 3 characters`},
		"a token of other letters":   {map[string]string{"RELATA_ADMIN_TOKEN": "zz112233445566778899aabbccddeeff00112233"}, `RELATA_ADMIN_TOKEN must be 40 hexadecimal digits in lower case (0-9, a-f); it has 38 of them in 40 characters`},
		"a short key":                {map[string]string{"RELATA_TOKEN_KEY": "secret"}, `RELATA_TOKEN_KEY must have at least 32 characters; it has 6`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, tt.env)
			assert.EqualError(t, err, tt.want)
		})
	}
}

func TestAPasswordIsNotRepeated(t *testing.T) {
	_, err := read(t, nil, "--database", "postgres://u:hunter2@ho st:%zz/x")
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")

	c, err := read(t, nil, "--database", "postgres://u:hunter2@db:5432/x?sslpassword=hunter3")
	require.NoError(t, err)
	err = c.DatabaseError(errors.New("connection refused"))
	assert.EqualError(t, err, `--database (RELATA_DATABASE) is "postgres://db:5432/x": connection refused`)
}

func TestAVariableThatIsNoSettingIsNamed(t *testing.T) {
	const all = "RELATA_ADMIN_TOKEN, RELATA_DATABASE, RELATA_DEMO, RELATA_EXTERNAL_URL, RELATA_LISTEN, RELATA_LOG_FORMAT, " +
		"RELATA_LOG_LEVEL, RELATA_NO_MIGRATE, RELATA_REQUEST_TIMEOUT, RELATA_TOKEN_KEY, RELATA_TRUSTED_PROXIES"
	for name, tt := range map[string]struct {
		entries []string
		want    string
	}{
		"every setting":            {strings.Split(strings.ReplaceAll(all, ", ", "=x,")+"=x", ","), ""},
		"those of others":          {[]string{"PATH=/bin", "RELATA=1", "RELATABLE=1", "=C:=C:"}, ""},
		"a letter left out":        {[]string{"RELATA_DATABSE=sqlite:x"}, "RELATA_DATABSE is set, which is no setting of relata: is RELATA_DATABASE meant?"},
		"no underscore":            {[]string{"RELATA_LOGLEVEL=debug"}, "RELATA_LOGLEVEL is set, which is no setting of relata: is RELATA_LOG_LEVEL meant?"},
		"one word too many":        {[]string{"RELATA_TRUSTED_PROXY=::1"}, "RELATA_TRUSTED_PROXY is set, which is no setting of relata: is RELATA_TRUSTED_PROXIES meant?"},
		"small letters":            {[]string{"relata_listen=:80"}, "relata_listen is set, which is no setting of relata: is RELATA_LISTEN meant?"},
		"an empty one":             {[]string{"RELATA_DEM="}, "RELATA_DEM is set, which is no setting of relata: is RELATA_DEMO meant?"},
		"the first of several":     {[]string{"RELATA_TOKENKEY=x", "RELATA_DEMOS=x"}, "RELATA_DEMOS is set, which is no setting of relata: is RELATA_DEMO meant?"},
		"nothing like it":          {[]string{"RELATA_SUPERUSER=ada"}, "RELATA_SUPERUSER is set, which is no setting of relata; there are " + all},
		"a port":                   {[]string{"RELATA_PORT=8080"}, "RELATA_PORT is set, which is no setting of relata; there are " + all},
		"those of a platform":      {[]string{"RELATA_SERVICE_HOST=10.0.0.1", "RELATA_SERVICE_PORT=80", "RELATA_SERVICE_PORT_HTTP=80", "RELATA_PORT=tcp://10.0.0.1:80", "RELATA_PORT_80_TCP=tcp://10.0.0.1:80", "RELATA_PORT_80_TCP_ADDR=10.0.0.1"}, ""},
		"those of another service": {[]string{"RELATA_DB_SERVICE_HOST=10.0.0.2", "RELATA_DB_PORT=tcp://10.0.0.2:5432", "RELATA_DB_PORT_5432_TCP_PROTO=tcp"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := Known(tt.entries)
			if tt.want == "" {
				assert.NoError(t, err)
				return
			}
			assert.EqualError(t, err, tt.want)
		})
	}
}
