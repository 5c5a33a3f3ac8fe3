package store

import (
	"database/sql/driver"
	"errors"
	"regexp"
	"regexp/syntax"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/google/uuid"
	"modernc.org/sqlite"
)

// What SQLite lacks, in Go.
func init() {
	sqlite.MustRegisterDeterministicScalarFunction("relata_lower", 1, textFunction(func(text string) driver.Value { return lowered(text) }))
	sqlite.MustRegisterDeterministicScalarFunction("relata_micros", 1, textFunction(micros))
	sqlite.MustRegisterDeterministicScalarFunction("relata_text", 1, writtenFunction)
	sqlite.MustRegisterDeterministicScalarFunction("relata_matches", 3, matchesFunction)
}

// textFunction is a function of one text, null of null.
func textFunction(of func(string) driver.Value) func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
	return func(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
		text, ok := asText(args[0])
		if !ok {
			return nil, nil
		}
		return of(text), nil
	}
}

func asText(v driver.Value) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

// lowered turns text into lower case rune by rune, as PostgreSQL's "C.utf8" does.
func lowered(text string) string {
	for i := 0; i < len(text); i++ {
		if c := text[i]; c >= 0x80 || 'A' <= c && c <= 'Z' {
			return strings.Map(unicode.ToLower, text)
		}
	}
	return text
}

// micros is the time that a text of RFC 3339, or a date, means, in microseconds
// since 1970; null where it means none.
func micros(text string) driver.Value {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UnixMicro()
		}
	}
	return nil
}

// writtenFunction writes any value as text: ids as such, numbers so that they
// read back as the same.
func writtenFunction(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	switch v := args[0].(type) {
	case []byte:
		if id, err := uuid.FromBytes(v); err == nil {
			return id.String(), nil
		}
		return string(v), nil
	case int64:
		return strconv.FormatInt(v, 10), nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	case time.Time:
		return strconv.FormatInt(v.UnixMicro(), 10), nil
	}
	return args[0], nil
}

// errSlowPattern ends a query whose regular expression would take too long on one
// text, or begins with one when the query's time is over.
var errSlowPattern = errors.New("relata: slow pattern")

// maxPatternWork bounds the product of a pattern's instructions and a text's
// length: half a second.
const maxPatternWork = 50_000_000

// matchesFunction takes a pattern, a text, and when the query has to end.
func matchesFunction(_ *sqlite.FunctionContext, args []driver.Value) (driver.Value, error) {
	pattern, ok1 := asText(args[0])
	text, ok2 := asText(args[1])
	if !ok1 || !ok2 {
		return nil, nil
	}
	re, err := compiled(pattern)
	if err != nil {
		return nil, err
	}
	end, bounded := args[2].(int64)
	if re.size*len(text) > maxPatternWork || bounded && time.Now().UnixMicro() > end {
		return nil, errSlowPattern
	}
	if re.MatchString(text) {
		return int64(1), nil
	}
	return int64(0), nil
}

// compiledPatterns keeps the last regular expressions, up to a number.
var compiledPatterns = struct {
	sync.RWMutex
	byText map[string]*sizedPattern
}{byText: map[string]*sizedPattern{}}

// sizedPattern is a regular expression and how many instructions it has.
type sizedPattern struct {
	*regexp.Regexp
	size int
}

func compiled(pattern string) (*sizedPattern, error) {
	compiledPatterns.RLock()
	re := compiledPatterns.byText[pattern]
	compiledPatterns.RUnlock()
	if re != nil {
		return re, nil
	}
	re, err := sized(pattern)
	if err != nil {
		return nil, err
	}
	compiledPatterns.Lock()
	defer compiledPatterns.Unlock()
	if len(compiledPatterns.byText) >= 100 {
		clear(compiledPatterns.byText)
	}
	compiledPatterns.byText[pattern] = re
	return re, nil
}

func sized(pattern string) (*sizedPattern, error) {
	re, err := regexp.Compile(pattern)
	if err != nil {
		return nil, err
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(tree.Simplify())
	if err != nil {
		return nil, err
	}
	return &sizedPattern{re, len(program.Inst)}, nil
}
