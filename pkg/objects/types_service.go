package objects

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"relata/pkg/fault"
)

// Types keeps the object types made at run time.
type Types struct {
	store    TypesStore
	registry *Registry
}

// TypesStore is what Types needs of a database.
type TypesStore interface {
	RegistryStore
	// ChangeTypes runs f in a transaction.
	ChangeTypes(ctx context.Context, f func(TypesTx) error) error
}

// TypesTx is one transaction that changes types.
type TypesTx interface {
	Tx
	// LockTypes keeps others from changing types until the transaction ends.
	LockTypes(ctx context.Context) error
	// RuntimeTypes returns the definitions of the types made at run time, by name.
	RuntimeTypes(ctx context.Context) (map[string][]byte, error)
	// SaveType stores the definition of a type, a new one or one of that name.
	SaveType(ctx context.Context, name string, definition []byte) error
	// DropType removes a type with the numbers of its fields. False: something
	// still refers to it.
	DropType(ctx context.Context, name string) (bool, error)
}

// NewTypes returns a Types on store.
func NewTypes(store TypesStore, registry *Registry) *Types {
	return &Types{store: store, registry: registry}
}

// List returns all types made at run time, ordered by name.
func (s *Types) List(ctx context.Context) ([]TypeDefinition, error) {
	stored, err := s.store.RuntimeTypes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]TypeDefinition, 0, len(stored))
	for _, name := range slices.Sorted(maps.Keys(stored)) {
		d, err := s.read(ctx, name, stored[name])
		if err != nil {
			return nil, err
		}
		out = append(out, d)
	}
	return out, nil
}

func (s *Types) read(ctx context.Context, name string, definition []byte) (TypeDefinition, error) {
	var d TypeDefinition
	if err := json.Unmarshal(definition, &d); err != nil {
		return d, fmt.Errorf("definition of type %s: %w", name, err)
	}
	return s.numbered(ctx, d), nil
}

// Find returns the type of that number or name ("custom.service"). A type that
// is not there, or one of the catalogue, is fault.NotFound.
func (s *Types) Find(ctx context.Context, key string) (TypeDefinition, error) {
	all, err := s.List(ctx)
	if err != nil {
		return TypeDefinition{}, err
	}
	for _, d := range all {
		if d.Name() == key || itoa(int(d.ID)) == key {
			return d, nil
		}
	}
	return TypeDefinition{}, errNoType
}

var errNoType = fault.NotFoundf("No ObjectType matches the given query.")

// Create makes a type; its objects can be made at once. What is wrong with the
// body is Invalid, each problem under the path of its input.
func (s *Types) Create(ctx context.Context, raw json.RawMessage) (TypeDefinition, error) {
	d, err := decodeType(raw, TypeDefinition{})
	if err != nil {
		return d, err
	}
	err = s.change(ctx, func(tx TypesTx, stored map[string][]byte) error {
		if stored[d.Name()] != nil || s.registry.Catalogue(ctx).Type(d.Name()) != nil {
			return fault.Field("model", "A type "+d.Name()+" already exists.")
		}
		return s.keep(ctx, tx, d, stored)
	})
	return s.numbered(ctx, d), err
}

// change runs f in a transaction in which nobody else changes types, with the
// stored definitions by name. What it comes to shows at once.
func (s *Types) change(ctx context.Context, f func(tx TypesTx, stored map[string][]byte) error) error {
	err := s.store.ChangeTypes(ctx, func(tx TypesTx) error {
		if err := tx.LockTypes(ctx); err != nil {
			return err
		}
		stored, err := tx.RuntimeTypes(ctx)
		if err != nil {
			return err
		}
		if err := f(tx, stored); err != nil {
			return err
		}
		return tx.TouchCatalogue(ctx)
	})
	if err != nil {
		return err
	}
	return s.registry.Refresh(ctx)
}

// numbered returns d with the number of its type.
func (s *Types) numbered(ctx context.Context, d TypeDefinition) TypeDefinition {
	if t := s.registry.Catalogue(ctx).Type(d.Name()); t != nil {
		d.ID = t.ID
	}
	return d
}

// keep stores d once it fits the other types.
func (s *Types) keep(ctx context.Context, tx TypesTx, d TypeDefinition, stored map[string][]byte) error {
	made := []*Type{d.typ()}
	for name, definition := range stored {
		if name == d.Name() {
			continue
		}
		var other TypeDefinition
		if err := json.Unmarshal(definition, &other); err != nil {
			return fmt.Errorf("definition of type %s: %w", name, err)
		}
		made = append(made, other.typ())
	}
	e := d.problems(s.registry.base, made)
	if err := e.OrNil(); err != nil {
		return err
	}
	if _, err := s.registry.base.With(made, nil); err != nil {
		return fault.Field(fault.All, err.Error())
	}
	d.ID = 0
	definition, err := marshal(d)
	if err != nil {
		return err
	}
	return tx.SaveType(ctx, d.Name(), definition)
}

// Update changes a type: names, and fields (the whole list). What stored objects
// would break is Invalid, and says which they are.
func (s *Types) Update(ctx context.Context, key string, raw json.RawMessage) (TypeDefinition, error) {
	found, err := s.Find(ctx, key)
	if err != nil {
		return found, err
	}
	var d TypeDefinition
	err = s.change(ctx, func(tx TypesTx, stored map[string][]byte) error {
		definition, there := stored[found.Name()]
		if !there {
			return errNoType
		}
		before, err := s.read(ctx, found.Name(), definition)
		if err != nil {
			return err
		}
		if d, err = decodeType(raw, before); err != nil {
			return err
		}
		if err := s.keep(ctx, tx, d, stored); err != nil {
			return err
		}
		return s.convert(ctx, tx, before, d)
	})
	return d, err
}

// Delete removes a type that has no objects and that nothing refers to;
// otherwise the fault is Protected.
func (s *Types) Delete(ctx context.Context, key string) error {
	d, err := s.Find(ctx, key)
	if err != nil {
		return err
	}
	return s.change(ctx, func(tx TypesTx, stored map[string][]byte) error {
		if there, err := tx.Exists(ctx, d.ID); err != nil || there {
			if err == nil {
				err = fault.Protectedf("Unable to delete object type %s: it has objects.", d.Name())
			}
			return err
		}
		for name, definition := range stored {
			var other TypeDefinition
			if err := json.Unmarshal(definition, &other); err != nil || name == d.Name() {
				continue
			}
			for _, f := range other.Fields {
				if slices.Contains(f.Targets, d.Name()) {
					return fault.Protectedf("Unable to delete object type %s: field %s of %s refers to it.", d.Name(), f.Name, name)
				}
			}
		}
		ok, err := tx.DropType(ctx, d.Name())
		if err == nil && !ok {
			err = fault.Protectedf("Unable to delete object type %s: relationships refer to it.", d.Name())
		}
		return err
	})
}

// convert writes the objects of a changed type anew. Those that the change would
// break stand against it.
func (s *Types) convert(ctx context.Context, tx TypesTx, before, after TypeDefinition) error {
	c := s.registry.Catalogue(ctx)
	old := c.Type(before.Name())
	if old == nil {
		return nil
	}
	stored, err := tx.StoredOfType(ctx, old.ID)
	if err != nil || len(stored) == 0 {
		return err
	}
	fresh := after.typ()
	fresh.ID = old.ID
	if _, err := s.registry.base.With([]*Type{fresh}, nil); err != nil {
		return fault.Field(fault.All, err.Error())
	}
	broken := map[string][]string{}
	var rows []Row
	l := newLoader(ctx, tx, c)
	for _, row := range stored {
		o, err := c.Object(row)
		if err != nil {
			return err
		}
		if err := after.adapt(before, o, broken); err != nil {
			return err
		}
		o.Type = fresh
		o.Version++
		l.name(o)
		if made, err := o.Row(); err == nil {
			rows = append(rows, made)
		}
	}
	if len(broken) > 0 {
		e := &fault.Error{Kind: fault.Invalid}
		for i, f := range slices.Concat(after.Fields, before.Fields) {
			if list := broken[f.Name]; len(list) > 0 {
				delete(broken, f.Name)
				e.Add([]string{"fields", itoa(i % max(len(after.Fields), 1)), f.Name}, fmt.Sprintf("%d objects would break: %s", len(list), strings.Join(list[:min(len(list), 10)], ", ")))
			}
		}
		return e
	}
	_, err = tx.UpdateObjects(ctx, rows)
	return err
}

// adapt changes the values of o to what after wants; a field that cannot is
// noted in broken with what the object is called.
func (d TypeDefinition) adapt(before TypeDefinition, o *Object, broken map[string][]string) error {
	was := map[string]FieldDefinition{}
	for _, f := range before.Fields {
		was[f.Name] = f
	}
	breaks := func(name string) {
		broken[name] = append(broken[name], fmt.Sprintf("%s (%s)", o.Str, o.ID))
	}
	for _, def := range d.Fields {
		f, old := def.field(), was[def.Name]
		delete(was, def.Name)
		reference := f.Kind == Reference || f.Kind == References
		value := o.Values[f.Name]
		empty := value == nil || value == ""
		if reference {
			empty = len(o.Refs[f.Name]) == 0
		}
		switch {
		case old.Name == "" && !reference:
			if value = f.initial(); f.Required && value == nil {
				breaks(f.Name)
			}
			o.Values[f.Name] = value
		case empty && f.Required:
			breaks(f.Name)
		case reference && !slices.Equal(old.Targets, def.Targets), old.Kind != def.Kind && reference:
			if !empty {
				breaks(f.Name)
			}
		case !reference && !empty:
			raw, err := marshal(value)
			if err != nil {
				return err
			}
			again, problem := f.decodeValue(raw, nil)
			if problem != nil {
				breaks(f.Name)
			}
			o.Values[f.Name] = again
		}
	}
	for name := range was {
		if value := o.Values[name]; value != nil && value != "" || len(o.Refs[name]) > 0 {
			breaks(name)
		}
		delete(o.Values, name)
	}
	return nil
}

// Name is the content type, "custom.service".
func (d TypeDefinition) Name() string { return d.AppLabel + "." + d.Model }

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
		case key == "id" || key == "url" || key == "object_type" || key == "display":
		case key == "fields":
			d.Fields = nil
			decodeFields(draft.Fields[key], &d, e)
		case !known:
			e.Add([]string{key}, "Unknown field.")
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
		d.VerboseNamePlural = d.VerboseName + "s"
	}
	if d.Fields == nil {
		d.Fields = []FieldDefinition{}
	}
	return d, e.OrNil()
}

// mostFields is how many fields a type may have.
const mostFields = 200

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
			e.Add(at(key), "Unknown field.")
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
	if pathOf(d.VerboseNamePlural) == "" {
		e.Add([]string{"verbose_name_plural"}, "It must have letters or digits: it is part of an address.")
	}
	own := made[0].Path
	for _, other := range made[1:] {
		if other.Path == own {
			e.Add([]string{"verbose_name_plural"}, "Objects of type "+other.Name+" stand at /api/"+own+"/ already.")
		}
	}
	known := func(name string) bool {
		return base.byName[name] != nil || slices.ContainsFunc(made, func(t *Type) bool { return t.Name == name })
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
	if utf8.RuneCountInString(d.Label) > 100 || strings.ContainsRune(d.Label, 0) {
		bad("label", "Ensure this field has no more than 100 characters.")
	}
	if kind == Choice != (len(d.Choices) > 0) {
		bad("choices", map[bool]string{true: required, false: "Only a choice has them."}[kind == Choice])
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
	for _, target := range d.Targets {
		if !known(target) {
			bad("targets", "Invalid content type: "+target)
		}
	}
	if d.Unique && (reference || kind == JSON) {
		bad("unique", "A field of this kind cannot be unique.")
	}
	if d.Default != nil {
		if reference || d.Unique {
			bad("default", "This field cannot have a default.")
		} else if _, problem := d.field().decodeValue(d.Default, nil); problem != nil {
			bad("default", strings.Join(problem.messages, " "))
		}
	}
	return out
}

// named is the field that objects of the type are called by: "name", else its
// first text field.
func (d TypeDefinition) named() string {
	first := ""
	for _, f := range d.Fields {
		if f.Kind != "text" {
			continue
		}
		if f.Name == "name" {
			return f.Name
		}
		if first == "" {
			first = f.Name
		}
	}
	return first
}

// pathOf is a plural as an address has it, "load balancers": "load-balancers".
func pathOf(plural string) string { return Slugify(plural) }

// classOf is a singular as error texts write a class: "load balancer": "LoadBalancer".
func classOf(singular string) string {
	return strings.ReplaceAll(titles(strings.ReplaceAll(Slugify(singular), "-", " ")), " ", "")
}

// runtimeKinds are the kinds that fields of types made at run time may have.
var runtimeKinds = map[string]Kind{
	"text": Text, "integer": Integer, "decimal": Decimal, "boolean": Boolean, "date": Date, "datetime": Time,
	"choice": Choice, "json": JSON, "url": URL, "ip": IP, "prefix": Prefix, "mac": MAC,
	"reference": Reference, "references": References,
}

// FieldKinds are the words for the kinds that fields of such types may have.
func FieldKinds() []string { return slices.Sorted(maps.Keys(runtimeKinds)) }

// field is the field that the definition describes.
func (d FieldDefinition) field() *Field {
	f := &Field{Name: d.Name, Kind: runtimeKinds[d.Kind], Label: d.Label, Required: d.Required, Unique: d.Unique,
		Null: !d.Required, Blank: !d.Required, To: d.Targets, Reverse: "+"}
	for _, choice := range d.Choices {
		f.Choices = append(f.Choices, [2]string{choice, choice})
	}
	switch f.Kind {
	case Text, URL:
		f.Max = 255
		f.Null = f.Null && f.Unique
	case IP:
		f.Mask = true
	case Reference:
		f.OnDelete = Protect
	}
	if len(d.Default) > 0 {
		if v, err := parseJSON(d.Default); err == nil {
			f.Default = plainJSON(v)
		}
	}
	return f
}
