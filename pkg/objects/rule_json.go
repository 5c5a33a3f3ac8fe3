package objects

import (
	"errors"
	"fmt"
	"math/big"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"relata/pkg/filters"
)

// The kinds of rule about JSON.
//
//	json_object    what stands in `field` is an object
//	json_schema    it fits the JSON schema at the path `schema`; told with text and why
//	schema_itself  it is a JSON schema (draft 7) of an object with properties
func init() {
	kindOf("json_object", ruleKind{judge: judgeJSONObject}, "field")
	kindOf("json_schema", ruleKind{judge: judgeJSONSchema}, "field", "schema")
	kindOf("schema_itself", ruleKind{judge: judgeSchemaItself}, "field")
}

func judgeJSONObject(m *member, r *rule) error {
	v := m.object.Values[r.arg("field")]
	if _, object := v.(map[string]any); object || filters.Falsy(v) {
		return nil
	}
	return m.refuse(r.orKey("field"), m.fill(r.text, nil))
}

// orKey is the key of the rule, or where it has none of its own the field that
// an argument names.
func (r *rule) orKey(argument string) string {
	if r.key != "__all__" {
		return r.key
	}
	return r.arg(argument)
}

func judgeJSONSchema(m *member, r *rule) error {
	holder, field := m.object, r.arg("schema")
	if path, last, deep := cutLast(field); deep {
		if holder, field = m.objectAt(path), last; holder == nil {
			return m.j.l.err
		}
	}
	if filters.Falsy(holder.Values[field]) {
		return m.j.l.err
	}
	problem := schemaProblem(holder.Values[field], m.object.Values[r.arg("field")])
	if problem == "" {
		return nil
	}
	return m.refuse(r.orKey("field"), m.fill(r.text, nil), problem)
}

// cutLast cuts a dotted path before its last name.
func cutLast(path string) (string, string, bool) {
	i := strings.LastIndexByte(path, '.')
	if i < 0 {
		return "", path, false
	}
	return path[:i], path[i+1:], true
}

func judgeSchemaItself(m *member, r *rule) error {
	v := m.object.Values[r.arg("field")]
	if filters.Falsy(v) {
		return m.refuse(r.orKey("field"), "This field cannot be blank.", m.fill(r.text, nil))
	}
	if _, err := compileSchema(v); err != nil {
		return m.refuse(r.orKey("field"), err.Error())
	}
	schema, _ := v.(map[string]any)
	if _, listed := schema["properties"]; schema["type"] != "object" || !listed {
		return m.refuse(r.orKey("field"), m.fill(r.text, nil))
	}
	return nil
}

// schemaName is an address without a place: that of a file would have the folder
// of the server in front.
const schemaName = "schema:///"

// compileSchema reads a JSON schema of draft 7. The error says why it is none.
func compileSchema(v any) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.DefaultDraft(jsonschema.Draft7)
	compiler.AssertFormat()
	compiler.UseLoader(nowhere{})
	if err := compiler.AddResource(schemaName, v); err != nil {
		return nil, err
	}
	schema, err := compiler.Compile(schemaName)
	var invalid *jsonschema.SchemaValidationError
	if errors.As(err, &invalid) {
		var broken *jsonschema.ValidationError
		if errors.As(invalid.Err, &broken) {
			return nil, errors.New(bestText(broken, v, nil))
		}
	}
	if err != nil {
		err = errors.New(strings.ReplaceAll(err.Error(), schemaName, ""))
	}
	return schema, err
}

// nowhere loads no other schemas: a schema of a user reaches neither files nor
// the network.
type nowhere struct{}

// Load implements jsonschema.URLLoader.
func (nowhere) Load(url string) (any, error) { return nil, fmt.Errorf("unresolvable: %s", url) }

// schemaProblem says why a value does not fit a schema; "" when it does, or when
// the schema is none.
func schemaProblem(schema, value any) string {
	compiled, err := compileSchema(schema)
	if err != nil {
		return err.Error()
	}
	err = compiled.Validate(value)
	var broken *jsonschema.ValidationError
	if !errors.As(err, &broken) {
		return ""
	}
	return bestText(broken, value, schema)
}

// bestText words the error that says most: the one highest up in the value.
func bestText(broken *jsonschema.ValidationError, value, schema any) string {
	leaves := leavesOf(broken, nil)
	if len(leaves) == 0 {
		return "The value does not fit the schema."
	}
	slices.SortStableFunc(leaves, func(a, b *jsonschema.ValidationError) int {
		if n := len(a.InstanceLocation) - len(b.InstanceLocation); n != 0 {
			return n
		}
		if n := slices.Compare(b.InstanceLocation, a.InstanceLocation); n != 0 {
			return n
		}
		x, y := keywordOf(a), keywordOf(b)
		if weak := weakness(x) - weakness(y); weak != 0 {
			return weak
		}
		if n := len(x) - len(y); n != 0 {
			return n
		}
		return strings.Compare(x, y)
	})
	best := leaves[0]
	if k, ok := best.ErrorKind.(*kind.Type); ok {
		best.ErrorKind = &kind.Type{Got: k.Got, Want: asWritten(k.Want, schema, best.SchemaURL)}
	}
	return pythonText(best, valueAt(value, best.InstanceLocation))
}

// asWritten are the types of a schema in the order in which it has them.
func asWritten(types []string, schema any, url string) []string {
	_, pointer, _ := strings.Cut(url, "#/")
	var way []string
	if pointer != "" {
		for step := range strings.SplitSeq(pointer, "/") {
			way = append(way, strings.NewReplacer("~1", "/", "~0", "~").Replace(step))
		}
	}
	at, _ := valueAt(schema, way).(map[string]any)
	written, listed := at["type"].([]any)
	if !listed || len(written) != len(types) {
		if schema == nil && len(types) == 2 && types[1] == "object" { // the schema of schemas itself
			return []string{types[1], types[0]}
		}
		return types
	}
	out := make([]string, len(written))
	for i, t := range written {
		out[i] = text(t)
	}
	return out
}

// leavesOf are the errors of single keywords; those of alternatives are one.
func leavesOf(e *jsonschema.ValidationError, out []*jsonschema.ValidationError) []*jsonschema.ValidationError {
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf, *kind.Not, *kind.Contains, *kind.PropertyNames:
		return append(out, e)
	}
	if len(e.Causes) == 0 {
		return append(out, e)
	}
	for _, cause := range e.Causes {
		out = leavesOf(cause, out)
	}
	return out
}

func keywordOf(e *jsonschema.ValidationError) string {
	if path := e.ErrorKind.KeywordPath(); len(path) > 0 {
		return path[0]
	}
	return ""
}

func weakness(keyword string) int {
	if keyword == "anyOf" || keyword == "oneOf" {
		return 1
	}
	return 0
}

// valueAt walks into a JSON value.
func valueAt(v any, way []string) any {
	for _, step := range way {
		switch inner := v.(type) {
		case map[string]any:
			v = inner[step]
		case []any:
			i := atoi(step)
			if i >= len(inner) {
				return nil
			}
			v = inner[i]
		}
	}
	return v
}

// pythonText words an error as Python's jsonschema does, which clients know.
func pythonText(e *jsonschema.ValidationError, v any) string {
	got := PyRepr(v)
	size := func(least int, small string) string {
		if least == 1 && small == "is too short" {
			return got + " should be non-empty"
		}
		if least == 0 && small == "is too long" {
			return got + " is expected to be empty"
		}
		return got + " " + small
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Type:
		words := make([]string, len(k.Want))
		for i, want := range k.Want {
			words[i] = PyRepr(want)
		}
		return got + " is not of type " + strings.Join(words, ", ")
	case *kind.Required:
		return PyRepr(k.Missing[0]) + " is a required property"
	case *kind.Enum:
		return got + " is not one of " + PyRepr(k.Want)
	case *kind.Const:
		return PyRepr(k.Want) + " was expected"
	case *kind.Minimum:
		return got + " is less than the minimum of " + ratText(k.Want)
	case *kind.Maximum:
		return got + " is greater than the maximum of " + ratText(k.Want)
	case *kind.ExclusiveMinimum:
		return got + " is less than or equal to the minimum of " + ratText(k.Want)
	case *kind.ExclusiveMaximum:
		return got + " is greater than or equal to the maximum of " + ratText(k.Want)
	case *kind.MultipleOf:
		return got + " is not a multiple of " + ratText(k.Want)
	case *kind.MinLength:
		return size(k.Want, "is too short")
	case *kind.MaxLength:
		return size(k.Want, "is too long")
	case *kind.MinItems:
		return size(k.Want, "is too short")
	case *kind.MaxItems:
		return size(k.Want, "is too long")
	case *kind.MinProperties:
		if k.Want == 1 {
			return got + " should be non-empty"
		}
		return got + " does not have enough properties"
	case *kind.MaxProperties:
		if k.Want == 0 {
			return got + " is expected to be empty"
		}
		return got + " has too many properties"
	case *kind.Pattern:
		return got + " does not match " + PyRepr(k.Want)
	case *kind.Format:
		return got + " is not a " + PyRepr(k.Want)
	case *kind.UniqueItems:
		return got + " has non-unique elements"
	case *kind.AnyOf:
		return got + " is not valid under any of the given schemas"
	case *kind.OneOf:
		if len(k.Subschemas) == 0 {
			return got + " is not valid under any of the given schemas"
		}
		return got + " is valid under more than one of the given schemas"
	case *kind.Not:
		return got + " should not be valid under what the schema excludes"
	case *kind.Contains:
		return got + " does not contain items matching the given schema"
	case *kind.FalseSchema:
		return "False schema does not allow " + got
	case *kind.AdditionalProperties:
		names := slices.Sorted(slices.Values(k.Properties))
		verb := "was"
		if len(names) > 1 {
			verb = "were"
		}
		for i, name := range names {
			names[i] = PyRepr(name)
		}
		return fmt.Sprintf("Additional properties are not allowed (%s %s unexpected)", strings.Join(names, ", "), verb)
	case *kind.Dependency:
		return PyRepr(k.Missing[0]) + " is a dependency of " + PyRepr(k.Prop)
	case *kind.DependentRequired:
		return PyRepr(k.Missing[0]) + " is a dependency of " + PyRepr(k.Prop)
	}
	return got + " does not fit the schema (" + keywordOf(e) + ")"
}

// ratText is a number of a schema, as it was written.
func ratText(n *big.Rat) string {
	if n.IsInt() {
		return n.Num().String()
	}
	f, _ := n.Float64()
	return pyFloat(f)
}
