package filters

import (
	"errors"
	"fmt"
	"regexp/syntax"
)

// Limits of a regular expression.
const (
	maxPattern    = 1024 // bytes
	maxRepeat     = 255  // {n}: what PostgreSQL knows
	maxPatternOps = 4000 // instructions when compiled
)

// ParsePattern parses a regular expression of a filter. Both databases get what
// it returns, each in its own syntax, so that they mean the same by it.
func ParsePattern(pattern string, fold bool) (*syntax.Regexp, error) {
	flags := syntax.Perl
	if fold {
		flags |= syntax.FoldCase
	}
	if len(pattern) > maxPattern {
		return nil, fmt.Errorf("it may have %d bytes at most", maxPattern)
	}
	re, err := syntax.Parse(pattern, flags)
	if err != nil {
		var broken *syntax.Error
		if errors.As(err, &broken) {
			return nil, fmt.Errorf("%s: %s", broken.Code, broken.Expr)
		}
		return nil, err
	}
	if err := checkRepeats(re); err != nil {
		return nil, err
	}
	program, err := syntax.Compile(re.Simplify())
	if err == nil && len(program.Inst) > maxPatternOps {
		err = errors.New("it is too complex")
	}
	return re, err
}

func checkRepeats(re *syntax.Regexp) error {
	if re.Op == syntax.OpRepeat && (re.Min > maxRepeat || re.Max > maxRepeat) {
		return fmt.Errorf("it repeats more than %d times", maxRepeat)
	}
	for _, sub := range re.Sub {
		if err := checkRepeats(sub); err != nil {
			return err
		}
	}
	return nil
}

// CheckPattern says what is wrong with a regular expression; "" when nothing is.
func CheckPattern(pattern string) string {
	if _, err := ParsePattern(pattern, false); err != nil {
		return err.Error()
	}
	return ""
}
