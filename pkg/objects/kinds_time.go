package objects

import (
	"encoding/json"
	"regexp"
	"strings"
	"time"
)

var weekDate = regexp.MustCompile(`^(\d{4})-?W(\d{2})(?:-?(\d))?$`)

func (f *Field) date(v any, _ json.RawMessage) (any, *trouble) {
	if text, ok := v.(string); ok {
		for _, layout := range []string{"2006-1-2", "20060102"} {
			if day, err := time.Parse(layout, text); err == nil && day.Year() > 0 {
				return day.Format("2006-01-02"), nil
			}
		}
		if day, ok := dayOfWeek(text); ok {
			return day, nil
		}
	}
	return nil, wrong("Date has wrong format. Use one of these formats instead: YYYY-MM-DD.")
}

// dayOfWeek reads a date of ISO 8601's week form.
func dayOfWeek(text string) (string, bool) {
	m := weekDate.FindStringSubmatch(text)
	if m == nil {
		return "", false
	}
	day := max(atoi(m[3]), 1)
	start := time.Date(atoi(m[1]), 1, 4, 0, 0, 0, 0, time.UTC)
	monday := start.AddDate(0, 0, -int(start.Weekday()+6)%7)
	found := monday.AddDate(0, 0, 7*(atoi(m[2])-1)+day-1)
	if year, week := found.ISOWeek(); day > 7 || year != atoi(m[1]) || week != atoi(m[2]) {
		return "", false
	}
	return found.Format("2006-01-02"), true
}

// storedTime is how data keeps a time: of fixed width, so that it compares as text.
const storedTime = "2006-01-02T15:04:05.000000Z"

var timePattern = regexp.MustCompile(`^(\d{4}-\d{1,2}-\d{1,2})(?:[T ](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d{1,6})\d{0,6})?)?\s*(Z|[+-]\d{2}(?::?\d{2})?)?)?$`)

func (f *Field) time(v any, _ json.RawMessage) (any, *trouble) {
	text, _ := v.(string)
	if t, ok := parseTime(text); ok {
		return t.UTC().Format(storedTime), nil
	}
	return nil, wrong("Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z].")
}

// parseTime reads a time as the contract takes it; without an offset it is UTC.
func parseTime(text string) (time.Time, bool) {
	m := timePattern.FindStringSubmatch(text)
	if m == nil {
		return time.Time{}, false
	}
	day, err := time.Parse("2006-1-2", m[1])
	hour, minute, second := atoi(m[2]), atoi(m[3]), atoi(m[4])
	if err != nil || day.Year() < 1 || hour > 23 || minute > 59 || second > 59 {
		return time.Time{}, false
	}
	micro := atoi((m[5] + "000000")[:6])
	zone := time.UTC
	if offset := strings.ReplaceAll(m[6], ":", ""); len(offset) >= 3 {
		seconds := atoi(offset[1:3])*3600 + atoi(offset[3:])*60
		if offset[0] == '-' {
			seconds = -seconds
		}
		if seconds <= -24*3600 || seconds >= 24*3600 {
			return time.Time{}, false
		}
		zone = time.FixedZone("", seconds)
	}
	t := time.Date(day.Year(), day.Month(), day.Day(), hour, minute, second, micro*1000, zone)
	return t, t.UTC().Year() > 0 && t.UTC().Year() < 10000
}

func (f *Field) timeZone(v any, _ json.RawMessage) (any, *trouble) {
	text, ok := v.(string)
	if v == "" {
		if f.Blank {
			return "", nil
		}
		return nil, wrong(notBlank)
	}
	if !ok || text == "Local" {
		return nil, wrong("A valid timezone is required.")
	}
	if _, err := time.LoadLocation(text); err != nil {
		return nil, wrong("A valid timezone is required.")
	}
	return text, nil
}
