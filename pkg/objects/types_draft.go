package objects

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"relata/pkg/fault"
)

// decodeType reads the body of a request over what stands; unknown words are
// refused by name.
func decodeType(raw json.RawMessage, d TypeDefinition) (TypeDefinition, error) {
	draft, err := DecodeDraft(raw)
	if err != nil {
		return d, err
	}
	e, made := &fault.Error{Kind: fault.Invalid}, d.Model != ""
	words := map[string]*string{"app_label": &d.AppLabel, "model": &d.Model, "verbose_name": &d.VerboseName, "verbose_name_plural": &d.VerboseNamePlural}
	for _, key := range draft.Keys {
		target, known := words[key]
		switch {
		case slices.Contains(toldOfTypes, key):
		case key == "fields":
			d.Fields = nil
			decodeFields(draft.Fields[key], &d, e)
		case !known:
			e.Add([]string{key}, unknownWord("An object type", typeWords))
		default:
			value, problem := (&Field{Kind: Text, Max: 100}).decodeValue(draft.Fields[key], nil)
			if problem != nil {
				problem.addTo(e, key)
			} else if fixed := key == "app_label" || key == "model"; made && fixed && value != *target {
				e.Add([]string{key}, "This cannot be changed.")
			} else {
				*target = value.(string)
			}
		}
	}
	for _, key := range []string{"app_label", "model", "verbose_name"} {
		if !made && !draft.Has(key) {
			e.Add([]string{key}, required)
		}
	}
	if d.VerboseNamePlural == "" {
		d.VerboseNamePlural = usualPlural(d.VerboseName)
	}
	if err := e.OrNil(); err != nil {
		return d, err
	}
	return d.settled()
}

// What a type and a field of it are described by, and what answers tell of a type
// beside that, which a body may repeat.
var (
	typeWords   = []string{"app_label", "model", "verbose_name", "verbose_name_plural", "fields"}
	fieldWords  = []string{"name", "kind", "label", "required", "unique", "choices", "targets", "default"}
	toldOfTypes = []string{"id", "url", "object_type", "display", "content_type", "objects_url"}
)

// usualPlural is the plural of a type that does not give one.
func usualPlural(singular string) string { return singular + "s" }

func unknownWord(what string, words []string) string {
	return "Unknown field. " + what + " has " + strings.Join(words, ", ") + "."
}

// How many fields a type may have, and how many choices or targets a field.
const (
	mostFields  = 200
	mostChoices = 1_000
)

func decodeFields(raw json.RawMessage, d *TypeDefinition, e *fault.Error) {
	var list []json.RawMessage
	if err := json.Unmarshal(raw, &list); err != nil {
		e.Add([]string{"fields"}, "Expected a list of items.")
		return
	}
	if len(list) > mostFields {
		e.Add([]string{"fields"}, fmt.Sprintf("A type has %d fields at most.", mostFields))
		return
	}
	for i, member := range list {
		d.Fields = append(d.Fields, decodeField(member, []string{"fields", itoa(i)}, e))
	}
}

func decodeField(raw json.RawMessage, path []string, e *fault.Error) FieldDefinition {
	var d FieldDefinition
	draft, err := DecodeDraft(raw)
	if err != nil {
		e.Add(path, "Expected a dictionary.")
		return d
	}
	at := func(key string) []string { return append(slices.Clone(path), key) }
	for _, key := range draft.Keys {
		value := draft.Fields[key]
		var err error
		switch key {
		case "name":
			err = json.Unmarshal(value, &d.Name)
		case "kind":
			err = json.Unmarshal(value, &d.Kind)
		case "label":
			err = json.Unmarshal(value, &d.Label)
		case "required":
			err = json.Unmarshal(value, &d.Required)
		case "unique":
			err = json.Unmarshal(value, &d.Unique)
		case "choices":
			err = json.Unmarshal(value, &d.Choices)
		case "targets":
			err = json.Unmarshal(value, &d.Targets)
		case "default":
			if string(value) != "null" {
				d.Default = value
			}
		default:
			e.Add(at(key), unknownWord("A field", fieldWords))
		}
		if err != nil {
			e.Add(at(key), "This value is of the wrong type.")
		}
	}
	for _, key := range []string{"name", "kind"} {
		if !draft.Has(key) {
			e.Add(at(key), required)
		}
	}
	return d
}

var (
	typeWord = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	// taken are names that fields cannot have: every object has them, or lists
	// have parameters of that name.
	takenNames = []string{"id", "pk", "object_type", "display", "url", "natural_slug", "created", "last_updated", "notes_url", "custom_fields",
		"tags", "relationships", "computed_fields", "limit", "offset", "sort", "depth", "include", "exclude_m2m", "format", "api_version", "q",
		"contacts", "teams", "dynamic_groups", "associated_contacts", "export"}
	// takenApps have addresses of their own.
	takenApps = []string{"graph", "graphql", "docs", "status", "transactions", "plugins", "auth", "users", "swagger", "api", "static", "health", "ready", "metrics", "login", "logout"}
)

// problems is all that is wrong with d beside the other types.
func (d TypeDefinition) problems(base *Catalogue, made []*Type) *fault.Error {
	e := &fault.Error{Kind: fault.Invalid}
	switch {
	case !typeWord.MatchString(d.AppLabel) || strings.Contains(d.AppLabel, "__"):
		e.Add([]string{"app_label"}, "Enter lower-case letters, digits and underscores, starting with a letter.")
	case slices.Contains(takenApps, d.AppLabel) || base.apps[d.AppLabel] != "":
		e.Add([]string{"app_label"}, d.AppLabel+" is reserved.")
	}
	if !typeWord.MatchString(d.Model) || strings.Contains(d.Model, "__") {
		e.Add([]string{"model"}, "Enter lower-case letters, digits and underscores, starting with a letter.")
	}
	if pathOf(d.VerboseNamePlural) == "" || pathOf(d.VerboseName) == "" && d.VerboseNamePlural == usualPlural(d.VerboseName) {
		e.Add([]string{"verbose_name_plural"}, "It must have letters from a to z or digits: it is part of an address.")
	}
	own := made[0].Path
	for _, other := range made[1:] {
		if other.Path == own {
			e.Add([]string{"verbose_name_plural"}, "Objects of type "+other.Name+" stand at /api/"+own+"/ already.")
		}
	}
	known := func(name string) bool {
		t := base.byName[name]
		return t != nil && t.Path+t.Address != "" || slices.ContainsFunc(made, func(t *Type) bool { return t.Name == name })
	}
	seen := map[string]bool{}
	for i, f := range d.Fields {
		for _, p := range f.problems(known) {
			e.Add([]string{"fields", itoa(i), p[0]}, p[1])
		}
		if seen[f.Name] {
			e.Add([]string{"fields", itoa(i), "name"}, "There is another field of this name.")
		}
		seen[f.Name] = true
	}
	return e
}

// problems are what is wrong with a field: pairs of its word and a text.
func (d FieldDefinition) problems(known func(string) bool) [][2]string {
	var out [][2]string
	bad := func(word, text string) { out = append(out, [2]string{word, text}) }
	kind, ok := runtimeKinds[d.Kind]
	switch {
	case !typeWord.MatchString(d.Name) || strings.Contains(d.Name, "__") || strings.HasSuffix(d.Name, "_"):
		bad("name", "Enter lower-case letters, digits and underscores, starting with a letter.")
	case Reserved(d.Name) || slices.Contains(takenNames, d.Name) || strings.HasPrefix(d.Name, "cf_") || strings.HasPrefix(d.Name, "cr_") || strings.HasPrefix(d.Name, "has_"):
		bad("name", d.Name+" is reserved.")
	}
	if !ok {
		bad("kind", `"`+d.Kind+`" is not a valid choice.`)
		return out
	}
	if utf8.RuneCountInString(d.Label) > 100 {
		bad("label", "Ensure this field has no more than 100 characters.")
	} else if strings.ContainsRune(d.Label, 0) {
		bad("label", "Null characters are not allowed.")
	}
	if kind == Choice != (len(d.Choices) > 0) {
		bad("choices", map[bool]string{true: required, false: "Only a choice has them."}[kind == Choice])
	}
	if tooMany := fmt.Sprintf("A field has %d of them at most.", mostChoices); len(d.Choices) > mostChoices {
		bad("choices", tooMany)
		return out
	} else if len(d.Targets) > mostChoices {
		bad("targets", tooMany)
		return out
	}
	listed := map[string]bool{}
	for _, choice := range d.Choices {
		if choice == "" || listed[choice] || utf8.RuneCountInString(choice) > 255 || strings.ContainsRune(choice, 0) {
			bad("choices", "Each must be another text of 1 to 255 characters.")
			break
		}
		listed[choice] = true
	}
	reference := kind == Reference || kind == References
	if reference != (len(d.Targets) > 0) {
		bad("targets", map[bool]string{true: required, false: "Only a reference has them."}[reference])
	}
	for i, target := range d.Targets {
		if !known(target) {
			bad("targets", "Invalid content type: "+target)
		} else if slices.Contains(d.Targets[:i], target) {
			bad("targets", target+" stands here twice.")
		}
	}
	if d.Unique && (reference || kind == JSON) {
		bad("unique", "A field of this kind cannot be unique.")
	}
	if d.Default != nil {
		if reference || d.Unique {
			bad("default", "This field cannot have a default.")
		} else if _, problem := d.field().whole(d.Default); problem != nil {
			bad("default", strings.Join(problem.messages, " "))
		}
	}
	return out
}

// settled is d with its defaults as objects have them: a value that was given
// otherwise, or for another kind, is the one that a request with it would store.
func (d TypeDefinition) settled() (TypeDefinition, error) {
	d.Fields = append([]FieldDefinition{}, d.Fields...)
	for i, f := range d.Fields {
		if f.Default == nil {
			continue
		}
		value, problem := f.field().whole(f.Default)
		if problem != nil {
			continue // told by problems
		}
		again, err := marshal(value)
		if err != nil {
			return d, err
		}
		d.Fields[i].Default = again
	}
	return d, nil
}
