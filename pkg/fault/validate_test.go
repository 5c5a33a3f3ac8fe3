package fault

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestValidate(t *testing.T) {
	type person struct {
		Name     string `json:"username" validate:"required,max=5,username"`
		Password string `json:"password,omitempty" validate:"required"`
		Age      int    `json:"age" validate:"gte=0"`
	}
	assert.NoError(t, Validate(person{Name: "añ_1", Password: "x"}))

	tests := []struct {
		name   string
		person person
		field  string
		text   string
	}{
		{"a blank name", person{Password: "x"}, "username", "This field may not be blank."},
		{"six letters, counted as runes", person{Name: strings.Repeat("ñ", 6), Password: "x"}, "username", "Ensure this field has no more than 5 characters."},
		{"a space in a name", person{Name: "a b", Password: "x"}, "username", "Enter a valid username. This value may contain only letters, numbers, and @/./+/-/_ characters."},
		{"no password", person{Name: "a"}, "password", "This field may not be blank."},
		{"another rule", person{Name: "a", Password: "x", Age: -1}, "age", `This breaks the rule "gte 0".`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Validate(tt.person)
			assert.ErrorIs(t, err, Invalid)
			assert.Equal(t, []Problem{{Path: []string{tt.field}, Messages: []string{tt.text}}}, As(err).Fields)
		})
	}
	assert.Len(t, As(Validate(person{})).Fields, 2, "all problems at once")
}
