// Package config is what can be set about relata. With nothing set it works: an
// SQLite file in the working folder and one port on loopback. Every setting is a
// flag and, by the same name in upper case after RELATA_, a variable of the
// environment; a flag wins. It is checked once, here, and read by cmd alone.
package config

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// Config is every setting of every command.
type Config struct {
	// Database is sqlite:PATH or postgres://….
	Database string
	// LogFormat is "text" or "json", LogLevel the least that is logged.
	LogFormat string
	LogLevel  string
	// Listen is the HOST:PORT that serve answers on; port 0 takes a free one.
	Listen string
	// Demo loads the demo inventory into an empty database.
	Demo bool
	// NoMigrate leaves the schema to `relata migrate`.
	NoMigrate bool
	// RequestTimeout bounds legal work; what takes longer is rolled back.
	RequestTimeout time.Duration
	// TrustedProxies are those whose X-Forwarded-* headers count; as text,
	// checked and parsed by Proxies.
	TrustedProxies []string
	// ExternalURL, when set, begins every link in an answer.
	ExternalURL string

	// AdminToken is the key of the first superuser's token. It is no flag,
	// since everyone on the machine can read the flags of a program.
	AdminToken string
	// TokenKey keys the hashes under which tokens are stored. No flag either.
	TokenKey string
}

// prefix begins the name of every variable.
const prefix = "RELATA_"

// The variables that have no flag.
const (
	AdminTokenVar = "RELATA_ADMIN_TOKEN"
	TokenKeyVar   = "RELATA_TOKEN_KEY"
)

// New returns a Config with every setting at its default.
func New() *Config {
	return &Config{
		Database:       "sqlite:relata.db",
		LogFormat:      "text",
		LogLevel:       "info",
		Listen:         "127.0.0.1:8080",
		RequestTimeout: 30 * time.Second,
	}
}

// CommonFlags declares the flags that every command takes.
func (c *Config) CommonFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Database, "database", c.Database, "where everything is kept: sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME")
	flags.StringVar(&c.LogFormat, "log-format", c.LogFormat, "how log lines are written: text or json")
	flags.StringVar(&c.LogLevel, "log-level", c.LogLevel, "the least that is logged: debug, info, warn or error")
}

// ServeFlags declares the flags of serve.
func (c *Config) ServeFlags(flags *pflag.FlagSet) {
	flags.StringVar(&c.Listen, "listen", c.Listen, "HOST:PORT to answer on")
	flags.BoolVar(&c.Demo, "demo", c.Demo, "load the demo inventory when the database is empty")
	flags.BoolVar(&c.NoMigrate, "no-migrate", c.NoMigrate, "do not change the schema at start; run relata migrate before")
	flags.DurationVar(&c.RequestTimeout, "request-timeout", c.RequestTimeout, "roll a request back that takes longer")
	flags.StringSliceVar(&c.TrustedProxies, "trusted-proxies", c.TrustedProxies, "addresses or networks of proxies whose X-Forwarded-* headers count")
	flags.StringVar(&c.ExternalURL, "external-url", c.ExternalURL, "how clients reach this server, when the Host header does not tell: https://NAME[/PATH]")
}

// Environment sets from lookup (os.LookupEnv) every flag that was not given, and
// the settings that have none.
func (c *Config) Environment(flags *pflag.FlagSet, lookup func(string) (string, bool)) error {
	var err error
	flags.VisitAll(func(f *pflag.Flag) {
		name := Variable(f.Name)
		value, ok := lookup(name)
		if !ok || f.Changed || err != nil || !owns(f.Name) {
			return
		}
		if bad := flags.Set(f.Name, value); bad != nil {
			err = fmt.Errorf("%s is %q, which --%s does not take: %s", name, value, f.Name, expected(f))
		}
	})
	c.AdminToken, _ = lookup(AdminTokenVar)
	c.TokenKey, _ = lookup(TokenKeyVar)
	return err
}

// Variable is the name in the environment of a flag: RELATA_LISTEN of listen.
func Variable(flag string) string {
	return prefix + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// owns reports whether the flag is a setting, and no flag of one command only
// (such as the --superuser of user create).
func owns(flag string) bool {
	return slices.Contains(settings(), Variable(flag))
}

// linked are the variables that a container platform sets beside a service of
// that name or of one that begins so: RELATA_SERVICE_HOST, RELATA_PORT_8080_TCP.
var linked = regexp.MustCompile(`^RELATA_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$`)

// Known reports the first variable of environment (os.Environ) that is named as
// a setting is and is none: one that is misspelt would be ignored in silence.
func Known(environment []string) error {
	names := settings()
	for _, entry := range slices.Sorted(slices.Values(environment)) {
		name, value, _ := strings.Cut(entry, "=")
		upper := strings.ToUpper(name)
		address := strings.HasSuffix(name, "_PORT") && strings.Contains(value, "://")
		if !strings.HasPrefix(upper, prefix) || slices.Contains(names, name) || linked.MatchString(name) || address {
			continue
		}
		if near := nearest(upper, names); near != "" {
			return fmt.Errorf("%s is set, which is no setting of relata: is %s meant?", name, near)
		}
		return fmt.Errorf("%s is set, which is no setting of relata; there are %s", name, strings.Join(names, ", "))
	}
	return nil
}

// settings are the names of all variables, sorted.
func settings() []string {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	c := New()
	c.CommonFlags(flags)
	c.ServeFlags(flags)
	names := []string{AdminTokenVar, TokenKeyVar}
	flags.VisitAll(func(f *pflag.Flag) { names = append(names, Variable(f.Name)) })
	slices.Sort(names)
	return names
}

// nearest returns the one of names that is most like name, or "" when none is
// near: more than a third of the letters differ.
func nearest(name string, names []string) string {
	found, least := "", len(name)
	for _, other := range names {
		if n := distance(strings.TrimPrefix(name, prefix), strings.TrimPrefix(other, prefix)); n < least {
			found, least = other, n
		}
	}
	if 3*least > len(found)-len(prefix) {
		return ""
	}
	return found
}

// distance is how many letters must be put in, taken out or replaced to make b
// of a.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		corner := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := corner
			if a[i] != b[j] {
				replaced++
			}
			corner = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

func expected(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "bool":
		return "it is true or false."
	case "duration":
		return "it is a time such as 30s or 2m."
	}
	return "it is " + f.Usage + "."
}

// Check reports the first setting that cannot work, as a sentence that names it.
func (c *Config) Check() error {
	for _, check := range []func() error{
		c.checkDatabase, c.checkListen, c.checkLog, c.checkTimes, c.checkLinks, c.checkSecrets,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) checkDatabase() error {
	if path, ok := strings.CutPrefix(c.Database, "sqlite:"); ok {
		if path == "" {
			return wrong("database", c.Database, "sqlite: is followed by the path of a file")
		}
		return nil
	}
	if strings.HasPrefix(c.Database, "postgres://") || strings.HasPrefix(c.Database, "postgresql://") {
		if _, err := url.Parse(c.Database); err != nil {
			// The address may hold a password: it is not repeated.
			return fmt.Errorf("--database (%s) begins with postgres:// but is no address that can be read", Variable("database"))
		}
		return nil
	}
	if scheme, _, ok := strings.Cut(c.Database, "://"); ok {
		return wrong("database", scheme+"://…", "it is sqlite:PATH or postgres://…")
	}
	return wrong("database", c.Database, "it is sqlite:PATH or postgres://…")
}

// DatabaseError is err, which opening the database gave, with the setting that
// names the database; a password in it is not repeated.
func (c *Config) DatabaseError(err error) error {
	name := c.Database
	if u, bad := url.Parse(name); bad == nil && !strings.HasPrefix(name, "sqlite:") {
		// sslpassword and the like may stand in the query.
		name = fmt.Sprintf("%s://%s%s", u.Scheme, u.Host, u.Path)
	}
	hint := ""
	if strings.Contains(err.Error(), "SSL is not enabled on the server") {
		hint = "; add ?sslmode=disable to the address, or enable it there"
	}
	return fmt.Errorf("--database (%s) is %q: %w%s", Variable("database"), name, err, hint)
}

func (c *Config) checkListen() error {
	if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "" {
		return wrong("listen", c.Listen, "it is HOST:PORT, such as 127.0.0.1:8080 or :8080")
	}
	return nil
}

func (c *Config) checkLog() error {
	if c.LogFormat != "text" && c.LogFormat != "json" {
		return wrong("log-format", c.LogFormat, "it is text or json")
	}
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		return wrong("log-level", c.LogLevel, "it is debug, info, warn or error")
	}
	return nil
}

func (c *Config) checkTimes() error {
	if c.RequestTimeout < time.Second || c.RequestTimeout > time.Hour {
		return wrong("request-timeout", c.RequestTimeout.String(), "it lies between 1s and 1h")
	}
	return nil
}

func (c *Config) checkLinks() error {
	if _, err := c.Proxies(); err != nil {
		return err
	}
	if c.ExternalURL == "" {
		return nil
	}
	u, err := url.Parse(c.ExternalURL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return wrong("external-url", c.ExternalURL, "it is http://NAME or https://NAME, with a path if need be")
	}
	return nil
}

func (c *Config) checkSecrets() error {
	if c.AdminToken != "" && !hex40(c.AdminToken) {
		return fmt.Errorf("%s must be 40 hexadecimal digits in lower case (0-9, a-f); it has %d of them in %d characters",
			AdminTokenVar, hexDigits(c.AdminToken), len(c.AdminToken))
	}
	if c.TokenKey != "" && len(c.TokenKey) < 32 {
		return fmt.Errorf("%s must have at least 32 characters; it has %d", TokenKeyVar, len(c.TokenKey))
	}
	return nil
}

// Proxies are the parsed TrustedProxies; a single address is a network of one.
func (c *Config) Proxies() ([]netip.Prefix, error) {
	var networks []netip.Prefix
	for _, text := range c.TrustedProxies {
		text = strings.TrimSpace(text)
		if network, err := netip.ParsePrefix(text); err == nil {
			networks = append(networks, network.Masked())
			continue
		}
		address, err := netip.ParseAddr(text)
		if err != nil {
			return nil, wrong("trusted-proxies", text, "it is a list of addresses or networks, such as 10.0.0.1,192.0.2.0/24")
		}
		networks = append(networks, netip.PrefixFrom(address, address.BitLen()))
	}
	return networks, nil
}

// Level is the parsed LogLevel.
func (c *Config) Level() slog.Level {
	var level slog.Level
	_ = level.UnmarshalText([]byte(c.LogLevel)) // Check has refused what does not parse
	return level
}

func hex40(text string) bool { return len(text) == 40 && hexDigits(text) == 40 }

func hexDigits(text string) int {
	n := 0
	for _, r := range text {
		if strings.ContainsRune("0123456789abcdef", r) {
			n++
		}
	}
	return n
}

func wrong(flag, value, expected string) error {
	return fmt.Errorf("--%s (%s) is %q: %s", flag, Variable(flag), value, expected)
}
