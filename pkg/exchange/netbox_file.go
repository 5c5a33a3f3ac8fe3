package exchange

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/google/uuid"

	"relata/pkg/fault"
)

// row is one row of the file.
type row struct {
	number    int // its place in the file, from 1
	model, pk string
	fields    map[string]any
	tags      []*row
	made      map[string]uuid.UUID // content type: the object it became
	refused   string               // why it did not become one
}

// name is how a summary names the row.
func (r *row) name() string {
	for _, field := range []string{"name", "model", "cid", "prefix", "address", "label", "start_address"} {
		if text := keyText(r.fields[field]); text != "" && text != r.pk {
			return text + " (" + r.pk + ")"
		}
	}
	return r.pk
}

// dump is a file that was read.
type dump struct {
	rows  map[string][]*row // by model, in the order of the file
	byKey map[string]map[string]*row
	types map[string]string // pk of a content type: "app.model"
	back  map[string]map[*row][]*row
}

// readDump reads a dumpdata file to its end. What is not one is a
// fault.Invalid that says where it stops being one.
func readDump(file io.Reader) (*dump, error) {
	plain := bufio.NewReaderSize(file, 1<<16)
	var in io.Reader = plain
	if magic, _ := plain.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		unpacked, err := gzip.NewReader(plain)
		if err != nil {
			return nil, notADump(0, err)
		}
		in = unpacked
	}
	text := bufio.NewReaderSize(in, 1<<16)
	if mark, _ := text.Peek(3); string(mark) == "\xef\xbb\xbf" {
		_, _ = text.Discard(len(mark))
	}
	d := &dump{rows: map[string][]*row{}, byKey: map[string]map[string]*row{}, types: map[string]string{}, back: map[string]map[*row][]*row{}}
	if err := d.read(text); err != nil {
		return nil, err
	}
	return d, nil
}

func (d *dump) read(in io.Reader) error {
	decoder := json.NewDecoder(in)
	start, err := decoder.Token()
	if err != nil {
		return notADump(0, err)
	}
	if start != json.Delim('[') {
		return notADump(0, errors.New("it does not begin with a list of rows"))
	}
	n := 0
	for ; decoder.More(); n++ {
		var item json.RawMessage
		if err := decoder.Decode(&item); err != nil {
			return notADump(n, err)
		}
		if err := d.add(n+1, item); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return notADump(n, err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return notADump(n, errors.New("something follows the list"))
	}
	if n == 0 {
		return notADump(0, errors.New("it has no rows"))
	}
	return nil
}

// notADump says after how many rows the file stops being one, and why.
func notADump(n int, err error) error {
	reason := err.Error()
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		reason = "it ends too early"
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum), errors.As(err, new(flate.CorruptInputError)):
		reason = "its compressed data is damaged"
	case errors.As(err, &syntax):
		reason = fmt.Sprintf("what stands near byte %d is no JSON", syntax.Offset)
	}
	return fault.Invalidf("This is not a whole NetBox dumpdata file: after %d rows: %s.", n, reason)
}

// badRow says what is wrong with the n-th row.
func badRow(n int, name, rule string, args ...any) error {
	return fault.Invalidf("This is not a NetBox dumpdata file: row %d%s: %s.", n, name, fmt.Sprintf(rule, args...))
}

// naturalKeys are models that dumpdata writes without a pk.
var naturalKeys = map[string][]string{
	"auth.user": {"username"}, "users.user": {"username"}, "auth.group": {"name"}, "users.group": {"name"},
	"contenttypes.contenttype": {"app_label", "model"},
}

// add takes the n-th row in.
func (d *dump) add(n int, item json.RawMessage) error {
	r, err := newRow(n, item)
	if err != nil {
		return err
	}
	if r.pk == "" {
		var parts []string
		for _, name := range naturalKeys[r.model] {
			parts = append(parts, keyText(r.fields[name]))
		}
		r.pk = strings.Join(parts, ".")
	} else if r.model == "contenttypes.contenttype" {
		d.types[r.pk] = keyText(r.fields["app_label"]) + "." + keyText(r.fields["model"])
	}
	d.rows[r.model] = append(d.rows[r.model], r)
	if d.byKey[r.model] == nil {
		d.byKey[r.model] = map[string]*row{}
	}
	if r.pk == "" {
		return nil
	}
	if first := d.byKey[r.model][r.pk]; first != nil {
		return badRow(n, " ("+r.model+" "+r.pk+")", "pk: row %d has the same model and pk", first.number)
	}
	d.byKey[r.model][r.pk] = r
	return nil
}

// newRow reads the n-th row: an object with a model, a pk that may be left out
// and fields.
func newRow(n int, item json.RawMessage) (*row, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(item, &members); err != nil || members == nil {
		return nil, badRow(n, "", "it must be an object with model, pk and fields, and is %s", shapeOf(item))
	}
	r := &row{number: n, made: map[string]uuid.UUID{}}
	if raw, given := members["model"]; !given {
		return nil, badRow(n, "", "model is missing")
	} else if err := json.Unmarshal(raw, &r.model); err != nil || !strings.Contains(r.model, ".") {
		return nil, badRow(n, "", "model must be a text such as dcim.site, and is %s", shapeOf(raw))
	}
	name := " (" + r.model + ")"
	if raw, given := members["pk"]; given {
		switch pk := decoded(raw).(type) {
		case nil, string, json.Number:
			r.pk = keyText(pk)
		default:
			return nil, badRow(n, name, "pk must be a number or a text, and is %s", shapeOf(raw))
		}
	}
	if r.pk != "" {
		name = " (" + r.model + " " + r.pk + ")"
	}
	raw, given := members["fields"]
	if !given {
		return nil, badRow(n, name, "fields are missing")
	}
	fields, ok := decoded(raw).(map[string]any)
	if !ok {
		return nil, badRow(n, name, "fields must be an object, and is %s", shapeOf(raw))
	}
	r.fields = fields
	return r, nil
}

// decoded is a value of the file, its numbers as they are written.
func decoded(raw json.RawMessage) any {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var v any
	_ = decoder.Decode(&v) // it was read as JSON before
	return v
}

// shapeOf is what a value of the file is, in words.
func shapeOf(raw json.RawMessage) string {
	switch v := decoded(raw).(type) {
	case nil:
		return "null"
	case bool:
		return fmt.Sprint(v)
	case string:
		return fmt.Sprintf("%.40q", v)
	case []any:
		return "a list"
	case map[string]any:
		return "an object"
	}
	return "a number"
}

// keyText is a primary key or a reference to one as text: 7, "alice",
// ["dcim", "site"].
func keyText(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case []any:
		parts := make([]string, len(v))
		for i, part := range v {
			parts[i] = keyText(part)
		}
		return strings.Join(parts, ".")
	case map[string]any:
		text, _ := json.Marshal(v) // it was JSON
		return string(text)
	}
	return fmt.Sprint(v)
}

// contentType is "app.model" of a reference to a content type.
func (d *dump) contentType(v any) string {
	key := keyText(v)
	if name, ok := d.types[key]; ok {
		return name
	}
	return key
}

// join puts the rows that only stand between others where they are looked for:
// tags at what they are tied to, the ends of cables at the cables. It returns
// how many ends a cable has no room for.
func (d *dump) join() (tooMany int) {
	for _, item := range d.rows["extras.taggeditem"] {
		holder := d.byKey[d.contentType(item.fields["content_type"])][keyText(item.fields["object_id"])]
		tag := d.byKey["extras.tag"][keyText(item.fields["tag"])]
		if holder != nil && tag != nil && !slices.Contains(holder.tags, tag) {
			holder.tags = append(holder.tags, tag)
		}
	}
	for _, cable := range d.rows["dcim.cable"] { // as NetBox had them before 3.3
		for _, end := range []string{"a", "b"} {
			cable.fields[end+"_type"], cable.fields[end+"_id"] = cable.fields["termination_"+end+"_type"], cable.fields["termination_"+end+"_id"]
		}
	}
	for _, end := range d.rows["dcim.cabletermination"] {
		cable := d.byKey["dcim.cable"][keyText(end.fields["cable"])]
		side := strings.ToLower(keyText(end.fields["cable_end"]))
		if cable == nil || side != "a" && side != "b" {
			continue
		}
		if cable.fields[side+"_id"] != nil {
			tooMany++
			continue
		}
		cable.fields[side+"_type"], cable.fields[side+"_id"] = end.fields["termination_type"], end.fields["termination_id"]
	}
	return tooMany
}

// absent is a row that is referred to and not in the file.
type absent struct{ model, pk string }

// targets returns the rows that field name of r refers to, and what the file
// does not have of them.
func (d *dump) targets(refs map[string]ref, r *row, name string) (found []*row, missing []absent) {
	if name == "self" {
		return []*row{r}, nil
	}
	to, ok := refs[name]
	if !ok {
		return nil, nil
	}
	model, keys := to.Model, []any{r.fields[name]}
	switch {
	case to.Type != "":
		for _, field := range strings.Split(to.Type, "|") {
			if v := r.fields[field]; !empty(v) {
				model = d.contentType(v)
			}
		}
		keys = []any{r.fields[to.ID]}
	case to.Many:
		keys, _ = r.fields[name].([]any)
	}
	for _, key := range keys {
		text := keyText(key)
		if text == "" {
			continue
		}
		if target := d.byKey[model][text]; target != nil {
			found = append(found, target)
		} else {
			missing = append(missing, absent{model, text})
		}
	}
	return found, missing
}

// holders returns the rows of model whose field refers to r.
func (d *dump) holders(m *mapping, model, field string, r *row) []*row {
	key := model + "/" + field
	if d.back[key] == nil {
		index := map[*row][]*row{}
		for _, holder := range d.rows[model] {
			found, _ := d.targets(m.refs[model], holder, field)
			for _, target := range found {
				index[target] = append(index[target], holder)
			}
		}
		d.back[key] = index
	}
	return d.back[key][r]
}

// empty reports whether a value of a row says nothing.
func empty(v any) bool {
	switch v := v.(type) {
	case nil:
		return true
	case string:
		return v == ""
	case []any:
		return len(v) == 0
	case map[string]any:
		return len(v) == 0
	}
	return false
}
