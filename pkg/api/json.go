package api

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

const hexDigits = "0123456789abcdef"

// appendString appends s as a JSON string. Only what must be escaped is.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r == utf8.RuneError && size == 1 {
				b = append(append(b, s[start:i]...), `\ufffd`...)
				i++
				start = i
				continue
			}
			i += size
			continue
		}
		if c >= ' ' && c != '"' && c != '\\' && c != 0x7f {
			i++
			continue
		}
		b = append(b, s[start:i]...)
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		case '\r':
			b = append(b, '\\', 'r')
		case '\t':
			b = append(b, '\\', 't')
		case 0x7f:
			b = append(b, c)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// appendList appends the members of a list, as one says, with commas between them.
func appendList[T any](b []byte, list []T, one func([]byte, T) []byte) []byte {
	for i, member := range list {
		if i > 0 {
			b = append(b, ',')
		}
		b = one(b, member)
	}
	return b
}

// appendID appends an id as a JSON string.
func appendID(b []byte, id uuid.UUID) []byte {
	var text [38]byte
	text[0], text[37] = '"', '"'
	hexID((*[36]byte)(text[1:]), id)
	return append(b, text[:]...)
}

func appendHexID(b []byte, id uuid.UUID) []byte {
	var text [36]byte
	hexID(&text, id)
	return append(b, text[:]...)
}

// hexID writes the digits of an id and its dashes.
func hexID(to *[36]byte, id uuid.UUID) {
	hex.Encode(to[:8], id[:4])
	hex.Encode(to[9:13], id[4:6])
	hex.Encode(to[14:18], id[6:8])
	hex.Encode(to[19:23], id[8:10])
	hex.Encode(to[24:], id[10:])
	to[8], to[13], to[18], to[23] = '-', '-', '-', '-'
}

// appendTime appends a time as the contract writes it: UTC, six digits of a
// second or none.
func appendTime(b []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(b, "null"...)
	}
	t = t.UTC().Truncate(time.Microsecond)
	b = append(b, '"')
	b = t.AppendFormat(b, timeLayout(t))
	return append(b, '"')
}

func timeText(t time.Time) string {
	t = t.UTC().Truncate(time.Microsecond)
	return t.Format(timeLayout(t))
}

func timeLayout(t time.Time) string {
	if t.Nanosecond() == 0 {
		return "2006-01-02T15:04:05Z"
	}
	return "2006-01-02T15:04:05.000000Z"
}

func appendBool(b []byte, v bool) []byte { return strconv.AppendBool(b, v) }

// appendRaw appends stored JSON as it is; null for none.
func appendRaw(b []byte, raw json.RawMessage) []byte {
	if len(raw) == 0 {
		return append(b, "null"...)
	}
	return append(b, raw...)
}

// appendValue appends a decoded value.
func appendValue(b []byte, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(b, "null"...)
	case string:
		return appendString(b, v)
	case bool:
		return appendBool(b, v)
	case int:
		return strconv.AppendInt(b, int64(v), 10)
	case int64:
		return strconv.AppendInt(b, v, 10)
	case json.Number:
		return append(b, v...)
	case json.RawMessage:
		return appendRaw(b, v)
	case time.Time:
		return appendTime(b, v)
	case uuid.UUID:
		return appendID(b, v)
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(value); err != nil {
		return append(b, "null"...)
	}
	return append(b, bytes.TrimRight(out.Bytes(), "\n")...)
}

// members calls each with the name and the raw value of every member of a JSON
// object that is known to be valid.
func members(raw []byte, each func(name string, value json.RawMessage)) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	if _, err := d.Token(); err != nil {
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		text, _ := name.(string)
		each(text, value)
	}
	return nil
}
