package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"relata/pkg/fault"
)

// versions of the contract that may be asked for; none answers differently.
var versions = []string{"2.0", "2.1", "2.2", "2.3", "2.4", "3.0", "3.1", "3.2"}

const newestVersion = "3.2"

// mediaType is one that can be answered, and the word for it in ?format=.
type mediaType struct{ name, format string }

// mediaTypes in order of preference. Until there are pages, a request for
// text/html is answered in JSON.
var mediaTypes = []mediaType{{"application/json", "json"}, {"text/html", "api"}, {"text/csv", "csv"}}

// accepted is what content negotiation found.
type accepted struct {
	csv     bool
	indent  int
	version string
}

// negotiate picks the media type and the version of the answer (reference
// sections 3.5, 3.8 and 3.9).
func negotiate(r *http.Request, q query) (accepted, error) {
	var found accepted
	offers := mediaTypes
	if format, ok := q.last("format"); ok && format != "" {
		offers = nil
		for _, m := range mediaTypes {
			if m.format == format {
				offers = append(offers, m)
			}
		}
		if offers == nil {
			return found, fault.NotFoundf("Not found.")
		}
	}
	picked, params, ok := pick(offers, r.Header.Values("Accept"))
	if !ok {
		return found, &fault.Error{Kind: fault.NotAcceptable, Detail: "Could not satisfy the request Accept header."}
	}
	found.csv = picked.format == "csv"
	found.indent = indent(params)
	var err error
	found.version, err = version(params, q)
	return found, err
}

// indent is how far the parameters of a media type want JSON indented.
func indent(params map[string]string) int {
	n, err := strconv.Atoi(params["indent"])
	if err != nil {
		return 0
	}
	return max(0, min(n, 8))
}

// Indented returns a JSON body as the Accept header of r wants it.
func Indented(r *http.Request, body []byte) []byte {
	_, params, _ := pick(mediaTypes, r.Header.Values("Accept"))
	return indented(body, indent(params))
}

func indented(body []byte, by int) []byte {
	var pretty bytes.Buffer
	if by == 0 || json.Indent(&pretty, body, "", strings.Repeat(" ", by)) != nil {
		return body
	}
	return pretty.Bytes()
}

// pick returns the first offer that the most specific of the accepted types
// match; the contract knows no quality values.
func pick(offers []mediaType, header []string) (mediaType, map[string]string, bool) {
	accept := strings.Join(header, ",")
	if len(header) == 0 {
		accept = "*/*"
	}
	type wanted struct {
		name   string
		params map[string]string
	}
	var levels [4][]wanted
	for part := range strings.SplitSeq(accept, ",") {
		name, params := mediaParams(part)
		level := 3
		_, quality := params["q"]
		switch {
		case name == "*/*":
			level = 0
		case strings.HasSuffix(name, "/*"):
			level = 1
		case len(params) == 0 || len(params) == 1 && quality:
			level = 2
		}
		levels[level] = append(levels[level], wanted{name, params})
	}
	for _, level := range slices.Backward(levels[:]) {
		for _, offer := range offers {
			for _, w := range level {
				main, _, _ := strings.Cut(offer.name, "/")
				if w.name == offer.name || w.name == "*/*" || w.name == main+"/*" {
					return offer, w.params, true
				}
			}
		}
	}
	return mediaType{}, nil, false
}

// mediaParams splits a media type from its parameters, taking what is not well
// formed as it comes.
func mediaParams(text string) (string, map[string]string) {
	name, rest, _ := strings.Cut(text, ";")
	params := map[string]string{}
	for param := range strings.SplitSeq(rest, ";") {
		if key, value, ok := strings.Cut(param, "="); ok {
			params[strings.ToLower(strings.TrimSpace(key))] = strings.Trim(strings.TrimSpace(value), `"`)
		}
	}
	return strings.ToLower(strings.TrimSpace(name)), params
}

func version(params map[string]string, q query) (string, error) {
	inHeader, hasHeader := params["version"]
	inQuery, hasQuery := q.last("api_version")
	supported := "Supported versions are: " + strings.Join(versions, ", ")
	if hasHeader && !slices.Contains(versions, inHeader) {
		return "", &fault.Error{Kind: fault.NotAcceptable,
			Detail: fmt.Sprintf("Invalid version \"%s\" in \"Accept\" header. %s", inHeader, supported)}
	}
	if hasQuery && !slices.Contains(versions, inQuery) {
		return "", fault.NotFoundf("Invalid version \"%s\" in query parameter. %s", inQuery, supported)
	}
	switch {
	case hasHeader && hasQuery && inHeader != inQuery:
		return "", fault.Invalidf("Version mismatch between \"Accept\" header and query parameter.")
	case hasHeader:
		return inHeader, nil
	case hasQuery:
		return inQuery, nil
	}
	return newestVersion, nil
}
