package filters

import (
	"regexp"
	"strconv"
	"strings"
	"time"
)

// dateLayouts and clockLayouts are what the contract's forms take beside ISO
// 8601. A number may have fewer digits than its layout.
var (
	dateLayouts = []string{
		"2006-1-2", "1/2/2006", "1/2/06", "Jan 2 2006", "Jan 2, 2006", "2 Jan 2006", "2 Jan, 2006",
		"January 2 2006", "January 2, 2006", "2 January 2006", "2 January, 2006",
	}
	clockLayouts = []string{"", " 15:4:5", " 15:4"}
)

// parseDate returns YYYY-MM-DD.
func parseDate(v string) (string, bool) {
	for _, layout := range dateLayouts {
		if day, err := time.Parse(layout, titled(v)); err == nil && day.Year() > 0 {
			return day.Format(time.DateOnly), true
		}
	}
	return "", false
}

// titled writes the names of months as Go's layouts have them.
func titled(v string) string {
	words := strings.Split(v, " ")
	for i, word := range words {
		if len(word) > 1 && word[0] >= 'A' {
			words[i] = strings.ToUpper(word[:1]) + strings.ToLower(word[1:])
		}
	}
	return strings.Join(words, " ")
}

// parseTime returns RFC 3339 in UTC with microseconds. Without a zone it is UTC.
func parseTime(v string) (string, bool) {
	at, ok := isoTime(v)
	for i := 0; !ok && i < len(dateLayouts)*len(clockLayouts); i++ {
		layout := dateLayouts[i/len(clockLayouts)] + clockLayouts[i%len(clockLayouts)]
		var err error
		at, err = time.Parse(layout, titled(v))
		ok = err == nil
	}
	if !ok || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		return "", false
	}
	return at.UTC().Format("2006-01-02T15:04:05.000000Z07:00"), true
}

var isoForm = regexp.MustCompile(`^(\d{4})-?(\d{2})-?(\d{2})(?:[^0-9](\d{2})(?::?(\d{2})(?::?(\d{2})(?:[.,](\d{1,9})\d*)?)?)?\s*(Z|z|[+-]\d{2}(?::?\d{2})?)?)?$`)

// isoTime reads ISO 8601, with or without a time, seconds and zone.
func isoTime(v string) (time.Time, bool) {
	m := isoForm.FindStringSubmatch(v)
	if m == nil {
		return time.Time{}, false
	}
	var n [6]int
	for i := range n {
		n[i], _ = strconv.Atoi(m[i+1])
	}
	nanos, _ := strconv.Atoi((m[7] + "000000000")[:9])
	zone, ok := isoZone(m[8])
	at := time.Date(n[0], time.Month(n[1]), n[2], n[3], n[4], n[5], nanos/1000*1000, zone)
	same := at.Year() == n[0] && int(at.Month()) == n[1] && at.Day() == n[2] && n[3] < 24 && n[4] < 60 && n[5] < 60
	return at, ok && same
}

func isoZone(v string) (*time.Location, bool) {
	if v == "" || v == "Z" || v == "z" {
		return time.UTC, true
	}
	digits := strings.ReplaceAll(v[1:], ":", "")
	hours, _ := strconv.Atoi(digits[:2])
	minutes := 0
	if len(digits) > 2 {
		minutes, _ = strconv.Atoi(digits[2:])
	}
	seconds := hours*3600 + minutes*60
	if v[0] == '-' {
		seconds = -seconds
	}
	return time.FixedZone("", seconds), hours < 24 && minutes < 60
}
