package fault

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/go-playground/validator/v10"
)

// usernames are the names of accounts that the contract takes.
var usernames = regexp.MustCompile(`^[\p{L}\p{N}_.@+-]+$`)

var validate = newValidator()

// newValidator returns a validator that calls a field what the wire calls it
// (tag json) and knows the word `username` beside its own.
func newValidator() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		return name
	})
	if err := v.RegisterValidation("username", func(l validator.FieldLevel) bool {
		return usernames.MatchString(l.Field().String())
	}); err != nil {
		panic(err) // the word is written two lines above
	}
	return v
}

// Validate holds a struct to its `validate` tags. What fails is one Invalid
// with a problem for each field, under its json name, in the contract's words
// where it has them.
func Validate(v any) error {
	err := validate.Struct(v)
	var failed validator.ValidationErrors
	if !errors.As(err, &failed) {
		return err
	}
	problems := &Error{Kind: Invalid}
	for _, f := range failed {
		problems.Add([]string{f.Field()}, tagText(f))
	}
	return problems
}

// tagText says which rule a field broke.
func tagText(f validator.FieldError) string {
	switch f.Tag() {
	case "required":
		return "This field may not be blank."
	case "max":
		return fmt.Sprintf("Ensure this field has no more than %s characters.", f.Param())
	case "username":
		return "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."
	}
	return fmt.Sprintf("This breaks the rule %q.", strings.TrimSpace(f.Tag()+" "+f.Param()))
}
