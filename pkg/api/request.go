package api

import (
	"context"
	"net/http"
	"strconv"
	"sync"

	"github.com/labstack/echo/v4"

	"relata/pkg/objects"
	"relata/pkg/relationships"
)

// request is one request on its way through the handlers.
type request struct {
	echo.Context
	api *API
	// base begins every link: scheme, host and the prefix that the API is
	// mounted under, without a slash at the end.
	base string
	// address is the path after base, with /api in front and a slash at the
	// end, as it was sent.
	address string
	query   query
	accepted
	// suffix ends the links of an answer: ?format=json is repeated in them.
	suffix string
	// quoted begins the address of every object, as the start of a JSON string.
	quoted string
	// What the registry and the definitions are, read once per request.
	cat *objects.Catalogue
	set *relationships.Set
}

func (r *request) ctx() context.Context { return r.Request().Context() }

// catalogue returns the types as they are at the moment.
func (r *request) catalogue() *objects.Catalogue {
	if r.cat == nil {
		r.cat = r.api.Registry.Catalogue(r.ctx())
	}
	return r.cat
}

// definitions returns the relationships as they are at the moment.
func (r *request) definitions() (*relationships.Set, error) {
	if r.set == nil {
		set, err := r.api.Relationships.Set(r.ctx())
		if err != nil {
			return nil, err
		}
		r.set = set
	}
	return r.set, nil
}

// answer sends body as JSON.
func (r *request) answer(status int, body []byte) error {
	return send(r.Context, status, indented(body, r.indent))
}

// buffers are those of answers that are sent: a page has a few hundred kilobytes.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// keptBuffer is how large a buffer may be that is kept for the next answer.
const keptBuffer = 4 << 20

// answerWith sends what build appends as JSON.
func (r *request) answerWith(status int, build func(b []byte) ([]byte, error)) error {
	kept := buffers.Get().(*[]byte)
	defer buffers.Put(kept)
	b, err := build((*kept)[:0])
	if err != nil {
		return err
	}
	if cap(b) <= keptBuffer {
		*kept = b
	}
	return r.answer(status, b)
}

// send answers JSON; HEAD gets its headers alone.
func send(c echo.Context, status int, body []byte) error {
	header := c.Response().Header()
	header.Set(echo.HeaderContentType, "application/json")
	header.Set(echo.HeaderContentLength, strconv.Itoa(len(body)))
	c.Response().WriteHeader(status)
	if c.Request().Method == http.MethodHead {
		return nil
	}
	_, _ = c.Response().Write(body) // a client that is gone cannot be told
	return nil
}

// created answers a POST; address is that of the one thing made, or "".
func (r *request) created(address string, body []byte) error {
	if address != "" {
		r.Response().Header().Set(echo.HeaderLocation, address)
	}
	return r.answer(http.StatusCreated, body)
}

func (r *request) gone() error {
	r.Response().WriteHeader(http.StatusNoContent)
	return nil
}

// link is the address of a thing below /api/, with the suffix of the answer.
func (r *request) link(path, id string) string {
	return r.base + "/api/" + path + "/" + id + "/" + r.suffix
}
