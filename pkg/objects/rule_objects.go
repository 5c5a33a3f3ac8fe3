package objects

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
	"relata/pkg/filters"
)

// The kinds of rule about other objects.
//
//	address      the address in `field` is of `version` and one of its `holders` is
//	             `owner`; with `via`, the address that it leads to will do
//	occupied     what `field` leads to must not hold another object in `by`
//	chain        `field` must not be `from` or any object `up` from there
//	image_files  each of the stored `field` must be for `of`, or for all
//	overlapping  no other object with the same `same` has a member of `lists` too
//	same_type    the generic reference `field` leads to the content type at `type`
//	only_types   the content type of `field` is one of `types`
//	forbidden    the caller may not (when `if` is true)
//	no_create    there is no way to create an object
//	goes_with    `values` become null with `field` when what that leads to goes
//	still_used   an object does not go while one of those that its `owners` (field:
//	             way) lead to has the same `same`
//	leaned_on    an object does not go while one that is reached by `of` leads `to`
//	             one with another `same`, or, without `to`, while there is one
//	filter_of    `field` is a filter for objects of the content type at `type`
//	regular_expression  `field` is one, and not too costly
//	field_of     `field` names a field of the content type at `type`, of one of
//	             `kinds`; told with `unsupported`, or `already` where the field is as
//	             the rule would make it: `optional`, or else `repeatable`
func init() {
	kindOf("address", ruleKind{judge: judgePrimaryAddress}, "field", "version", "holders", "owner", "via")
	kindOf("occupied", ruleKind{judge: judgeOccupied}, "field", "by")
	kindOf("chain", ruleKind{judge: judgeChain}, "field", "from", "up")
	kindOf("image_files", ruleKind{judge: judgeImageFiles}, "field", "of", "types", "always")
	kindOf("overlapping", ruleKind{judge: judgeOverlapping}, "same", "lists")
	kindOf("same_type", ruleKind{judge: judgeSameType}, "field", "type")
	kindOf("only_types", ruleKind{judge: judgeOnlyTypes}, "field", "types")
	kindOf("forbidden", ruleKind{judge: judgeForbidden})
	kindOf("no_create", ruleKind{})
	kindOf("still_used", ruleKind{onDelete: stillUsed}, "owners", "same")
	kindOf("leaned_on", ruleKind{onDelete: leanedOn}, "of", "to", "same")
	kindOf("goes_with", ruleKind{}, "field", "values")
	kindOf("filter_of", ruleKind{judge: judgeFilterOf}, "field", "type")
	kindOf("regular_expression", ruleKind{judge: judgeRegularExpression}, "field")
	kindOf("field_of", ruleKind{judge: judgeFieldOf}, "field", "type", "kinds", "unsupported", "already", "optional", "repeatable")
}

func judgePrimaryAddress(m *member, r *rule) error {
	l, field := m.j.l, r.arg("field")
	address := l.get(m.object.Ref(field))
	if address == nil {
		return l.err
	}
	if version, ok := whole(address.Values["ip_version"]); ok && itoa(version) != r.arg("version") {
		return m.refuse(field, fmt.Sprintf("%s is not an IPv%s address.", address.Str, r.arg("version")))
	}
	owner := m.object.ID
	if r.arg("owner") != "id" {
		owner = m.object.Ref(r.arg("owner"))
	}
	given := []*Object{address}
	if via := r.arg("via"); via != "" {
		given = append(given, l.reached(address, via)...)
	}
	for _, a := range given {
		if slices.Contains(l.refs(a, r.arg("holders")), owner) {
			return l.err
		}
	}
	return m.refuse(field, m.fill(r.text, map[string]any{"value": address.ID}))
}

func judgeOccupied(m *member, r *rule) error {
	if !m.draft.Has(r.arg("field")) {
		return nil
	}
	holder := m.j.l.get(m.firstRef(r.arg("field")))
	if holder == nil {
		return m.j.l.err
	}
	if taken := holder.Ref(r.arg("by")); taken != uuid.Nil && taken != m.object.ID {
		return m.refuse(r.key, strings.ReplaceAll(r.text, "{"+r.arg("field")+"."+r.arg("by")+"}", m.j.l.str(taken)))
	}
	return m.j.l.err
}

// firstRef is what a reference leads to that the request gives, wherever it is kept.
func (m *member) firstRef(field string) uuid.UUID {
	if ids := m.object.Refs[field]; len(ids) > 0 {
		return ids[0]
	}
	return uuid.Nil
}

func judgeChain(m *member, r *rule) error {
	l, field := m.j.l, idOf(m.argument(r, "field"))
	if field == uuid.Nil {
		return l.err
	}
	seen := map[uuid.UUID]bool{}
	for next := []uuid.UUID{idOf(m.argument(r, "from"))}; len(next) > 0; {
		at := next[0]
		next = next[1:]
		if at == field {
			return m.refuse(r.key, m.fill(r.text, nil))
		}
		if o := l.get(at); o != nil && !seen[at] {
			seen[at] = true
			next = append(next, l.refs(o, r.arg("up"))...)
		}
	}
	return l.err
}

func judgeImageFiles(m *member, r *rule) error {
	if m.before == nil {
		return nil
	}
	l, holder := m.j.l, m.object.Ref(r.arg("of"))
	for _, file := range l.reached(m.before, r.arg("field")) {
		if file.Values[r.or("always", "default_image")] != true && !slices.Contains(l.refs(file, r.or("types", "device_types")), holder) {
			return m.refuse(r.orKey("field"), m.fill(r.text, map[string]any{"value": file.ID}))
		}
	}
	return l.err
}

func judgeOverlapping(m *member, r *rule) error {
	same, lists := r.arg("same"), listOf(m.object.Values[r.arg("lists")])
	if len(lists) == 0 {
		return nil
	}
	others, err := m.j.tx.StoredOfType(m.j.ctx, m.object.Type.ID)
	if err != nil {
		return err
	}
	for _, row := range others {
		o, err := m.j.c.Object(row)
		if err != nil {
			return err
		}
		if o.ID == m.object.ID || o.Values[same] != m.object.Values[same] {
			continue
		}
		if slices.ContainsFunc(listOf(o.Values[r.arg("lists")]), func(v any) bool { return slices.Contains(lists, v) }) {
			return m.refuse(r.key, m.fill(r.text, nil))
		}
	}
	return nil
}

func judgeSameType(m *member, r *rule) error {
	for _, f := range m.object.Type.Fields {
		if f.Derive == "generic_type" && f.Args["of"] == r.arg("field") && m.object.Values[f.Name] != m.argument(r, "type") {
			return m.refuse(r.key, m.fill(r.text, nil))
		}
	}
	return m.j.l.err
}

func judgeOnlyTypes(m *member, r *rule) error {
	name := text(m.object.Values[r.arg("field")])
	if slices.Contains(r.list("types"), name) {
		return nil
	}
	return m.refuse(r.orKey("field"), "Invalid content type: "+name)
}

func judgeForbidden(m *member, _ *rule) error {
	m.problems = fault.Forbiddenf("You do not have permission to perform this action.")
	return nil
}

// creatable refuses to create objects of a type that has a rule against it,
// before anything else is looked at.
func (j *judge) creatable() error {
	if j.t.rule("no_create") != nil {
		return &fault.Error{Kind: fault.NotAllowed, Detail: `Method "POST" not allowed.`}
	}
	return nil
}

// stillUsed keeps the objects that are to be deleted themselves from going while
// they are needed; one that goes along with others is not.
func stillUsed(d *deletion, r *rule, o *Object) error {
	same := o.Ref(r.arg("same"))
	owners, _ := r.args["owners"].(map[string]any)
	for _, p := range sortedPairs(owners) {
		owner := d.l.get(o.Ref(p.Key))
		if owner == nil || d.going[owner.ID] != nil || d.going[same] != nil {
			continue
		}
		for _, user := range d.l.reached(owner, fmt.Sprint(p.Value)) {
			if user.Ref(r.arg("same")) == same {
				d.blockers = append(d.blockers, user.ID)
			}
		}
	}
	return d.l.err
}

// leanedOn keeps an object while its parts lean on those of others.
func leanedOn(d *deletion, r *rule, o *Object) error {
	for _, part := range d.l.reached(o, r.arg("of")) {
		if r.arg("to") == "" {
			d.blockers = append(d.blockers, part.ID)
			continue
		}
		other := d.l.get(part.Ref(r.arg("to")))
		if other != nil && other.Ref(r.arg("same")) != part.Ref(r.arg("same")) {
			d.blockers = append(d.blockers, part.ID)
		}
	}
	return d.l.err
}

// goWith clears what means nothing without the target of a reference.
func (o *Object) goWith(field string) {
	for _, r := range o.Type.rules {
		if r.kind != "goes_with" || r.arg("field") != field {
			continue
		}
		for _, name := range r.list("values") {
			o.Values[name] = nil
		}
	}
}

// noNames takes every value of a filter for one that names something.
type noNames struct{}

// Unknown implements filters.Names.
func (noNames) Unknown(context.Context, *filters.Field, []uuid.UUID, []string) ([]uuid.UUID, []string, error) {
	return nil, nil, nil
}

func judgeFilterOf(m *member, r *rule) error {
	raw := m.object.Values[r.arg("field")]
	given, object := raw.(map[string]any)
	if !object {
		return m.refuse(r.key, m.fill(r.text, nil))
	}
	t := m.j.c.Type(text(m.argument(r, "type")))
	if t == nil {
		return m.j.l.err
	}
	var params []filters.Param
	for _, p := range sortedPairs(given) {
		params = append(params, filters.Param{Name: p.Key, Values: filterTexts(p.Value)})
	}
	names, ok := m.j.tx.(filters.Names)
	if !ok {
		names = noNames{}
	}
	_, err := m.j.c.Schema(t).Parse(m.j.ctx, names, params)
	if problem := fault.As(err); problem != nil {
		m.problems.Fields = append(m.problems.Fields, problem.Fields...)
		return nil
	}
	return err
}

// filterTexts are the values of a filter as a query string would give them.
func filterTexts(v any) []string {
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	out := make([]string, len(list))
	for i, member := range list {
		out[i] = text(member)
	}
	return out
}

func judgeRegularExpression(m *member, r *rule) error {
	if _, err := userPattern(text(m.object.Values[r.arg("field")])); err != nil {
		return m.refuse(r.key, m.fill(r.text, nil))
	}
	return nil
}

func judgeFieldOf(m *member, r *rule) error {
	name, typeName := text(m.object.Values[r.arg("field")]), text(m.argument(r, "type"))
	t, key := m.j.c.Type(typeName), r.orKey("field")
	if t == nil {
		return nil
	}
	f := t.Field(name)
	if f != nil && !f.isColumn() {
		f = nil
	}
	_, reverse := m.j.c.reaches(t, name)
	switch {
	case f == nil && strings.HasPrefix(name, "_") && slices.Contains(m.j.c.names(t), name):
		return m.refuse(key, r.arg("unsupported"))
	case f == nil && !reverse:
		return m.refuse(key, "Not a valid field for content type "+typeName+".")
	case f == nil, f.ReadOnly && f.Args["ruled"] == "", f.Kind == Reference, f.Kind == References, strings.HasPrefix(name, "_"):
		return m.refuse(key, r.arg("unsupported"))
	case name == "id", name == "created", name == "last_updated":
		return m.refuse(key, r.arg("unsupported"))
	}
	kinds := r.list("kinds")
	numeric := f.numeric() && slices.Contains(kinds, string(Integer))
	switch {
	case len(kinds) > 0 && !slices.Contains(kinds, string(f.Kind)) && !numeric:
		return m.refuse(key, r.arg("unsupported"))
	case r.arg("optional") != "" && !f.Null && !f.Blank:
		return m.refuse(key, r.arg("already"))
	case r.arg("repeatable") != "" && f.Unique:
		return m.refuse(key, r.arg("already"))
	}
	return nil
}

// isColumn reports whether a field is one of the object, not of its wire form.
func (f *Field) isColumn() bool {
	switch f.Name {
	case "object_type", "display", "url", "natural_slug", "notes_url", customKey, "config_context", "tree_depth":
		return false
	}
	return f.Kind != Count && (f.Kind != Derived || f.Stored) && (f.Derive == "" || f.Stored || strings.HasPrefix(f.Derive, "generic_"))
}
