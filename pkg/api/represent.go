package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"relata/pkg/associations"
	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// maxAnswer bounds what deep nesting can blow an answer up to.
const maxAnswer = 256 << 20

// represent makes the JSON of objects, in their order: a constant number of
// statements for each level of depth.
func (r *request) represent(rows []objects.Shown, v view) ([][]byte, error) {
	out := make([][]byte, 0, len(rows))
	_, err := r.appendEach(nil, rows, v, func(member []byte) { out = append(out, member) })
	return out, err
}

// appendThings appends the JSON of objects, joined by commas.
func (r *request) appendThings(b []byte, rows []objects.Shown, v view) ([]byte, error) {
	return r.appendEach(b, rows, v, func([]byte) {})
}

// appendEach is appendThings that shows each member as it lies in the whole.
func (r *request) appendEach(b []byte, rows []objects.Shown, v view, each func(member []byte)) ([]byte, error) {
	top, err := r.api.newLevel(r.ctx(), r.catalogue(), rows, v, false, v.depth)
	if err != nil {
		return nil, err
	}
	return r.appendLevel(b, top, rows, each)
}

// appendLevel appends those objects of a level that are in rows. Where others stand
// in them, an answer that would be too long is refused before it is put together.
func (r *request) appendLevel(b []byte, top *level, rows []objects.Shown, each func(member []byte)) ([]byte, error) {
	p := printer{request: r}
	var parts []*part
	if top.below != nil {
		length := 0
		for i := range rows {
			one := p.part(top, top.byID[rows[i].ID])
			parts = append(parts, one)
			length += one.length + len(",")
			if err := tooLong(length); err != nil {
				return nil, err
			}
		}
		b = slices.Grow(b, length)
	}
	begun := len(b)
	for i := range rows {
		if i > 0 {
			b = append(b, ',')
		}
		start := len(b)
		if parts != nil {
			b = parts[i].appendTo(b)
		} else {
			b = p.appendThing(b, top, top.byID[rows[i].ID])
		}
		each(b[start:len(b):len(b)])
		if err := tooLong(len(b) - begun); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// tooLong refuses answers that are longer than any should be.
func tooLong(length int) error {
	if length <= maxAnswer {
		return nil
	}
	return fault.TooLargef("The answer would be longer than %d bytes (limit answer_bytes = %d). Ask for less depth or a smaller page.", maxAnswer, maxAnswer)
}

// printer writes out levels for one request.
type printer struct {
	*request
	heads map[*relationships.Relationship][]byte // what starts each in a panel

	parts  map[*thing]*part
	within *part // the object that is being written, where others may stand in it
}

// part is an object as it is written, with gaps for those that stand in it. Each is
// written once, however often it stands in others.
type part struct {
	text   []byte
	gaps   []gap
	length int // with the gaps filled, or more than any answer may be
}

type gap struct {
	at     int // in text
	filled *part
	more   string // what follows the fields of the object that fills it
}

func (p *printer) part(l *level, one *thing) *part {
	if known := p.parts[one]; known != nil {
		return known
	}
	if p.parts == nil {
		p.parts = map[*thing]*part{}
	}
	made, outer := &part{}, p.within
	p.parts[one], p.within = made, made
	const around = 1024 // bytes beside the body, about
	made.text = p.appendThing(make([]byte, 0, len(one.Body)+around), l, one)
	p.within = outer
	made.length = len(made.text)
	for _, g := range made.gaps {
		made.length += g.filled.length + len(g.more)
	}
	made.length = min(made.length, maxAnswer+1)
	return made
}

// appendTo appends the object with all that stands in it.
func (w *part) appendTo(b []byte) []byte {
	from := 0
	for _, g := range w.gaps {
		b = g.filled.appendTo(append(b, w.text[from:g.at]...))
		if g.more != "" {
			b = append(append(b[:len(b)-1], g.more...), '}')
		}
		from = g.at
	}
	return append(b, w.text[from:]...)
}

// appendBelow leaves a gap for an object that stands in the one that is being
// written, with what follows its fields.
func (p *printer) appendBelow(b []byte, l *level, one *thing, more string) []byte {
	filled := p.part(l, one)
	p.within.gaps = append(p.within.gaps, gap{len(b), filled, more})
	return b
}

// appendThing appends an object: what starts every one, the body rendered when
// it was written, and what is computed when it is read.
func (p *printer) appendThing(b []byte, l *level, one *thing) []byte {
	b = append(b, `{"id":`...)
	b = appendID(b, one.ID)
	b = append(b, `,"object_type":"`...)
	b = append(b, one.t.Name...)
	b = append(b, `","display":`...)
	b = appendString(b, one.labels.display)
	b = append(b, `,"url":`...)
	b = p.appendURL(b, one.t, one.ID, "")
	b = append(b, `,"natural_slug":`...)
	b = appendString(b, one.labels.slug)
	body := one.Body
	if l.view.many == manyNone {
		body = withoutContentTypes(one.t, body)
	}
	if len(body) > 0 {
		b = append(b, ',')
		b = append(b, body...)
	}
	for _, f := range one.t.Fields {
		if l.shows(f) {
			b = p.appendField(b, l, one, f)
		}
	}
	if l.nested {
		return append(b, '}')
	}
	if l.view.computed && one.t.Field("custom_fields") != nil {
		b = append(b, `,"computed_fields":{}`...)
	}
	if l.view.relationships && one.t.Related {
		b = append(b, `,"relationships":`...)
		b = p.appendPanel(b, l.below, one.panel)
	}
	return append(b, '}')
}

// appendField appends a field that is no part of the body, and its comma in
// front; nothing for the others.
func (p *printer) appendField(b []byte, l *level, one *thing, f *objects.Field) []byte {
	name := func() {
		b = append(b, ',', '"')
		b = append(b, f.Name...)
		b = append(b, '"', ':')
	}
	switch {
	case f.Name == "id" || f.Derive == "object_type" || f.Derive == "display" || f.Derive == "url" || f.Derive == "natural_slug":
	case f.Name == "created":
		name()
		b = appendTime(b, one.Created)
	case f.Name == "last_updated":
		name()
		b = appendTime(b, one.LastUpdated)
	case f.Derive == "notes_url" && f.Args["none"] != "":
		name()
		b = append(b, "null"...)
	case f.Derive == "notes_url":
		name()
		b = p.appendURL(b, one.t, one.ID, "notes/")
	case f.Name == "custom_fields":
		name()
		b = appendCustom(b, one)
	case f.Kind == objects.Count:
		name()
		b = strconv.AppendInt(b, int64(one.counts[f.Name]), 10)
	case f.Derive == "tree_depth":
		name()
		b = append(b, "null"...)
	case f.Derive == "config_context":
		name()
		b = append(b, "{}"...)
	case f.Kind == objects.Reference:
		name()
		b = p.appendOne(b, l, f, l.refsOf(one, f))
	case f.Kind == objects.References:
		name()
		b = append(b, '[')
		for i, link := range l.refsOf(one, f) {
			if i > 0 {
				b = append(b, ',')
			}
			b = p.appendTarget(b, l, f, link)
		}
		b = append(b, ']')
	case isComputed(f):
		name()
		b = p.appendComputed(b, l, one.read[f.Name])
	}
	return b
}

func (p *printer) appendOne(b []byte, l *level, f *objects.Field, links []objects.ShownLink) []byte {
	if len(links) == 0 {
		return append(b, "null"...)
	}
	return p.appendTarget(b, l, f, links[0])
}

// appendTarget appends what stands for a reference: the object itself where
// there is depth left, else its id, type and address.
func (p *printer) appendTarget(b []byte, l *level, f *objects.Field, link objects.ShownLink) []byte {
	id := link.Target
	if id == uuid.Nil {
		return append(b, "null"...)
	}
	if l.below != nil {
		if one := l.below.byID[id]; one != nil {
			if len(f.To) == 0 {
				return p.appendBelow(b, l.below, one, `,"generic_foreign_key":true`)
			}
			return p.appendBelow(b, l.below, one, "")
		}
	}
	t := l.cat.ByID(link.Type)
	if t == nil {
		t = l.types[id]
	}
	if t == nil && len(f.To) == 1 {
		t = l.cat.Type(f.To[0])
	}
	if t == nil {
		return append(b, "null"...)
	}
	b = append(b, `{"id":`...)
	b = appendID(b, id)
	b = append(b, `,"object_type":"`...)
	b = append(b, t.Name...)
	b = append(b, `","url":`...)
	b = p.appendURL(b, t, id, "")
	return append(b, '}')
}

// appendPanel appends the relationships of an object (reference section 4.1).
func (p *printer) appendPanel(b []byte, below *level, panel associations.Panel) []byte {
	b = append(b, '{')
	var done []uuid.UUID
	for i, entry := range panel {
		rel := entry.Relationship
		if slices.Contains(done, rel.ID) {
			continue
		}
		if len(done) > 0 {
			b = append(b, ',')
		}
		done = append(done, rel.ID)
		b = append(b, p.head(rel)...)
		for _, side := range panel[i:] {
			if side.Relationship.ID == rel.ID {
				b = p.appendEntry(b, below, side)
			}
		}
		b = append(b, '}')
	}
	return append(b, '}')
}

// head is what starts a relationship in each object that shows it.
func (p *printer) head(rel *relationships.Relationship) []byte {
	if known, ok := p.heads[rel]; ok {
		return known
	}
	var b []byte
	b = appendString(b, rel.Key)
	b = append(b, `:{"id":`...)
	b = appendID(b, rel.ID)
	b = append(b, `,"url":`...)
	b = p.appendAddress(b, relationshipsPath, rel.ID, "")
	b = append(b, `,"label":`...)
	b = appendString(b, rel.Label)
	b = append(b, `,"type":`...)
	b = appendString(b, string(rel.Type))
	if p.heads == nil {
		p.heads = map[*relationships.Relationship][]byte{}
	}
	p.heads[rel] = b
	return b
}

func (p *printer) appendEntry(b []byte, below *level, entry associations.Entry) []byte {
	b = append(b, `,"`...)
	b = append(b, entry.Side...)
	b = append(b, `":{"label":`...)
	b = appendString(b, entry.Label)
	b = append(b, `,"object_type":"`...)
	if entry.PeerType != nil {
		b = append(b, entry.PeerType.Name...)
	}
	b = append(b, `","objects":[`...)
	for i, id := range entry.Peers {
		if i > 0 {
			b = append(b, ',')
		}
		if below != nil && below.byID[id] != nil {
			b = p.appendBelow(b, below, below.byID[id], "")
			continue
		}
		b = append(b, `{"id":`...)
		b = appendID(b, id)
		b = append(b, '}')
	}
	return append(b, `]}`...)
}

// appendURL appends the address of an object as a JSON string.
func (r *request) appendURL(b []byte, t *objects.Type, id uuid.UUID, more string) []byte {
	return r.appendAddress(b, cmp.Or(t.Path, t.Address), id, more)
}

func (r *request) appendAddress(b []byte, path string, id uuid.UUID, more string) []byte {
	if r.quoted == "" {
		quoted := appendString(nil, r.base+"/api/")
		r.quoted = string(quoted[:len(quoted)-1])
	}
	b = append(b, r.quoted...)
	b = append(b, path...)
	b = append(b, '/')
	b = appendHexID(b, id)
	b = append(b, '/')
	b = append(b, more...)
	b = append(b, r.suffix...)
	return append(b, '"')
}

// appendCustom appends the values of custom fields; those of fields made after
// the object are null.
func appendCustom(b []byte, one *thing) []byte {
	if len(one.t.CustomFields) == 0 {
		return append(b, "{}"...)
	}
	var data struct {
		Custom map[string]json.RawMessage `json:"custom_fields"`
	}
	_ = json.Unmarshal(one.Data, &data)
	b = append(b, '{')
	for i, f := range one.t.CustomFields {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, f.Name)
		b = append(b, ':')
		b = appendRaw(b, customValue(f, data.Custom[f.Name]))
	}
	return append(b, '}')
}

// withoutContentTypes drops the lists of content types from a body: they count
// as many-to-many.
func withoutContentTypes(t *objects.Type, body []byte) []byte {
	var drop []string
	for _, f := range t.Fields {
		if f.Kind == objects.ContentTypes && !f.Hidden {
			drop = append(drop, f.Name)
		}
	}
	if len(drop) == 0 || len(body) == 0 {
		return body
	}
	whole := append(append([]byte{'{'}, body...), '}')
	var kept [][]byte
	err := members(whole, func(name string, value json.RawMessage) {
		if !slices.Contains(drop, name) {
			kept = append(kept, append(append(appendString(nil, name), ':'), value...))
		}
	})
	if err != nil {
		return body
	}
	return bytes.Join(kept, []byte{','})
}

// appendComputed appends a value that was computed when it was read.
func (p *printer) appendComputed(b []byte, l *level, value any) []byte {
	switch v := value.(type) {
	case []uuid.UUID:
		b = appendList(append(b, '['), v, func(b []byte, id uuid.UUID) []byte {
			return p.appendTarget(b, l, generic, objects.ShownLink{Target: id})
		})
		return append(b, ']')
	case uuid.UUID:
		return p.appendTarget(b, l, generic, objects.ShownLink{Target: v})
	case []objects.End:
		b = appendList(append(b, '{'), v, func(b []byte, end objects.End) []byte {
			return p.appendTarget(append(appendString(b, end.Key), ':'), l, generic, objects.ShownLink{Target: end.ID})
		})
		return append(b, '}')
	}
	return appendValue(b, value)
}
