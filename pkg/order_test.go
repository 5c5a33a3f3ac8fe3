package pkg_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// order has every package behind all that it may import. Those that share a
// place, parted by a comma, may not import each other.
var order = strings.Fields("fault filters accounts changes objects relationships associations graph exchange store api,admin server")

// outside is what the domain, all before store, may not know.
var outside = []string{
	"github.com/labstack/echo", "github.com/jmoiron/sqlx", "database/sql", "net/http",
	"github.com/lib/pq", "modernc.org/sqlite", "github.com/pressly/goose", "github.com/spf13/cobra",
}

// mayUse are the exceptions from outside.
var mayUse = map[string][]string{
	"exchange": {"net/http"},
}

type sourceFile struct {
	path    string // slashes, below pkg
	pkg     string // the first folder
	test    bool
	imports []string
}

func sources(t *testing.T) []sourceFile {
	t.Helper()
	var files []sourceFile
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || !strings.ContainsRune(path, filepath.Separator) {
			return err
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		path = filepath.ToSlash(path)
		folder, _, _ := strings.Cut(path, "/")
		f := sourceFile{path: path, pkg: folder, test: strings.HasSuffix(path, "_test.go")}
		for _, spec := range parsed.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			f.imports = append(f.imports, name)
		}
		files = append(files, f)
		return nil
	})
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

func place(pkg string) int {
	return slices.IndexFunc(order, func(names string) bool {
		return slices.Contains(strings.Split(names, ","), pkg)
	})
}

// Tests of a package may reach to its right (package store_test builds services);
// the packages themselves may not.
func TestNoPackageImportsToItsRight(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.path == "store/storetest" || strings.HasPrefix(f.path, "store/storetest/") {
			continue
		}
		if f.pkg == "config" { // read by cmd alone
			for _, name := range f.imports {
				assert.False(t, strings.HasPrefix(name, "relata/"), "%s imports %s", f.path, name)
			}
			continue
		}
		from := place(f.pkg)
		if !assert.GreaterOrEqual(t, from, 0, "%s: package %s has no place in the order", f.path, f.pkg) {
			continue
		}
		for _, name := range f.imports {
			below, ok := strings.CutPrefix(name, "relata/")
			if !ok {
				continue
			}
			below, inPkg := strings.CutPrefix(below, "pkg/")
			to, _, _ := strings.Cut(below, "/")
			switch {
			case !inPkg: // migrations and web are data, for those who need them
				allowed := map[string][]string{"migrations": {"store"}, "web": {"admin", "server"}}[to]
				assert.Contains(t, allowed, f.pkg, "%s imports %s", f.path, name)
			case to == f.pkg: // itself, or a folder of it
			default:
				assert.Less(t, place(to), from, "%s imports %s, which does not stand left of it", f.path, name)
				assert.GreaterOrEqual(t, place(to), 0, "%s imports %s, which has no place in the order", f.path, name)
			}
		}
	}
}

func TestTheDomainKnowsNoDatabaseAndNoServer(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.pkg == "config" || place(f.pkg) < 0 || place(f.pkg) >= place("store") {
			continue
		}
		for _, name := range f.imports {
			for _, banned := range outside {
				if name != banned && !strings.HasPrefix(name, banned+"/") || slices.Contains(mayUse[f.pkg], banned) {
					continue
				}
				t.Errorf("%s imports %s", f.path, name)
			}
		}
	}
}

func TestConfigIsReadByCommandsAlone(t *testing.T) {
	for _, f := range sources(t) {
		if f.pkg != "config" {
			assert.NotContains(t, f.imports, "relata/pkg/config", f.path)
		}
	}
}

// typeNamed finds content types in string literals.
var typeNamed = regexp.MustCompile(`\b(circuits|cloud|data_validation|dcim|extras|ipam|load_balancers|tenancy|users|virtualization|vpn|wireless|auth)\.[a-z]+\b`)

// machinery are the content types that Go may name: they are no objects of the
// catalogue, or what this program itself runs on.
var machinery = map[string]string{
	"extras.relationship":            "definitions",
	"extras.relationshipassociation": "associations",
	"extras.customfield":             "fields made at run time",
	"extras.objecttype":              "types made at run time",
	"extras.tag":                     "what the field tags of every taggable type refers to",
	"extras.contact":                 "a filter of the list of definitions",
	"extras.team":                    "a filter of the list of definitions",
	"extras.dynamicgroup":            "a filter of the list of definitions",
	"users.user":                     "accounts",
}

// Types are data. What is typical of one stands in the catalogue; only the demo
// inventory and the importers, which are about real things, name them in Go.
func TestNoGoFileNamesATypeOfTheCatalogue(t *testing.T) {
	for _, f := range sources(t) {
		if f.test || f.pkg == "exchange" {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.FromSlash(f.path), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			literal, ok := n.(*ast.BasicLit)
			if !ok || literal.Kind != token.STRING {
				return true
			}
			for _, name := range typeNamed.FindAllString(literal.Value, -1) {
				if _, ok := machinery[name]; !ok {
					t.Errorf("%s names %s: %s", f.path, name, literal.Value)
				}
			}
			return true
		})
	}
}
