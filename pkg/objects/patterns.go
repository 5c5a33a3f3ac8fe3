package objects

import (
	"errors"
	"regexp"

	"relata/pkg/filters"
)

// userPattern compiles a regular expression that a user wrote.
func userPattern(pattern string) (*regexp.Regexp, error) {
	if problem := filters.CheckPattern(pattern); problem != "" {
		return nil, errors.New(problem)
	}
	return regexp.Compile(pattern)
}
