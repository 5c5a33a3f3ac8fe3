// Package api answers REST requests as Nautobot does, for the objects of all types
// (/api/<app>/<models>/), for relationships and for associations. It
// decodes, calls a service and encodes; which rule was broken, the services say.
package api

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"relata/pkg/accounts"
	"relata/pkg/associations"
	"relata/pkg/fault"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
)

// API answers requests with the services it is given.
type API struct {
	Store         *store.Store
	Registry      *objects.Registry
	Relationships *relationships.Service
	Associations  *associations.Service
	Types         *objects.Types
	Accounts      *accounts.Service
	// RequestTimeout bounds a request, unless it asks for CSV or brings it.
	RequestTimeout time.Duration
	// Authenticate, when set, recognises callers in place of tokens: the
	// application that the API is embedded in knows them. False: nobody.
	Authenticate func(echo.Context) (accounts.Account, bool)
	// ExternalURL, when set, begins every link.
	ExternalURL string
	// TrustedProxies are those whose X-Forwarded-Proto and X-Forwarded-Host count.
	TrustedProxies []netip.Prefix
	// Version is relata's own.
	Version string

	levels *store.Crowd[question, uuid.UUID, *level]
	pages  *store.Crowd[question, []objects.Shown, *level]
}

// Mount answers everything below group.
func Mount(group *echo.Group, a *API) {
	a.levels = store.NewCrowd(a.Store.AtOnce(), 64, a.answerable)
	a.pages = store.NewCrowd(a.Store.AtOnce(), 8, a.listable)
	group.Any("", a.serve)
	group.Any("/*", a.serve)
	group.RouteNotFound("/*", a.serve) // methods that nobody has heard of
}

// methods of an address, in the order of Allow.
var methodOrder = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// target is what stands at an address.
type target struct {
	// handlers by method; HEAD is answered by GET's.
	handlers map[string]func(*request) error
	options  func(*request) error
	// keyset: the list can be read by cursor (?after=).
	keyset bool
}

// allow is the value of the header Allow.
func (t target) allow() string {
	var list []string
	for _, method := range methodOrder {
		if t.handlers[method] != nil {
			list = append(list, method)
		}
	}
	return strings.Join(append(list, http.MethodHead, http.MethodOptions), ", ")
}

// serve checks a request in the order of reference section 3.8 and hands it to
// the handler of its address.
func (a *API) serve(c echo.Context) error {
	r := &request{Context: c, api: a}
	req := c.Request()
	prefix := strings.TrimSuffix(strings.TrimSuffix(echo.GetPath(req), c.Param("*")), "/")
	prefix = (&url.URL{Path: prefix}).EscapedPath()
	path := strings.TrimPrefix(req.URL.EscapedPath(), prefix)
	r.base = a.base(req, prefix)
	inAPI := path == "/api" || strings.HasPrefix(path, "/api/")
	if !inAPI {
		path = "/api" + path
	}
	slash := strings.HasSuffix(path, "/")
	r.address = strings.TrimSuffix(path, "/") + "/"
	found, ok := a.find(r)
	if !ok || strings.Contains(path, "//") {
		return fault.NotFoundf("Not found.")
	}
	if inAPI && !slash {
		return redirect(c)
	}
	r.query = parseQuery(req.URL.RawQuery)
	header := c.Response().Header()
	header.Set(echo.HeaderAllow, found.allow())
	header.Set(echo.HeaderVary, "Accept, Cookie, origin")
	var err error
	if r.accepted, err = negotiate(req, r.query); err != nil {
		return err
	}
	header.Set("API-Version", r.version)
	if format, ok := r.query.last("format"); ok && format == "json" {
		r.suffix = "?format=json"
	}
	return a.authorized(r, found)
}

// authorized goes on with who asks, the method and the query.
func (a *API) authorized(r *request, found target) error {
	req := r.Request()
	account, mayWrite, err := a.caller(r.Context)
	if err != nil {
		return err
	}
	reads := req.Method == http.MethodGet || req.Method == http.MethodHead || req.Method == http.MethodOptions
	if !account.Superuser || !reads && !mayWrite {
		return fault.Forbiddenf("You do not have permission to perform this action.")
	}
	ctx := accounts.With(req.Context(), account)
	if !r.csv && !strings.HasPrefix(req.Header.Get(echo.HeaderContentType), "text/csv") {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, a.RequestTimeout)
		defer cancel()
	}
	r.SetRequest(req.WithContext(ctx))
	handler := found.handlers[req.Method]
	switch req.Method {
	case http.MethodHead:
		handler = found.handlers[http.MethodGet]
	case http.MethodOptions:
		handler = found.options
	}
	if handler == nil {
		return methodNotAllowed(req.Method)
	}
	mayContinue := found.keyset && (req.Method == http.MethodGet || req.Method == http.MethodHead)
	if err := r.query.check(req.URL.RawQuery, mayContinue); err != nil {
		return err
	}
	return handler(r)
}

// redirect leads to the same address with a slash at its end.
func redirect(c echo.Context) error {
	u := c.Request().URL
	to := u.EscapedPath() + "/"
	if u.RawQuery != "" {
		to += "?" + u.RawQuery
	}
	c.Response().Header().Set(echo.HeaderLocation, to)
	return c.NoContent(http.StatusMovedPermanently)
}

// caller recognises who asks and tells whether they may write.
func (a *API) caller(c echo.Context) (accounts.Account, bool, error) {
	unknown := &fault.Error{Kind: fault.Unauthorized, Detail: "Authentication credentials were not provided."}
	if a.Authenticate != nil {
		account, ok := a.Authenticate(c)
		if !ok {
			return account, false, unknown
		}
		if !account.Active {
			return account, false, &fault.Error{Kind: fault.Unauthorized, Detail: "User inactive"}
		}
		return account, true, nil
	}
	words := strings.Fields(c.Request().Header.Get(echo.HeaderAuthorization))
	switch {
	case len(words) == 0 || !strings.EqualFold(words[0], "Token"):
		return accounts.Account{}, false, unknown
	case len(words) == 1:
		return accounts.Account{}, false, &fault.Error{Kind: fault.Unauthorized, Detail: "Invalid token header. No credentials provided."}
	case len(words) > 2:
		return accounts.Account{}, false, &fault.Error{Kind: fault.Unauthorized,
			Detail: "Invalid token header. Token string should not contain spaces."}
	}
	account, token, err := a.Accounts.Authenticate(c.Request().Context(), words[1])
	return account, token.WriteEnabled, err
}

// base begins the links of an answer. Headers of a proxy count only from one
// that is trusted.
func (a *API) base(req *http.Request, prefix string) string {
	if a.ExternalURL != "" {
		return strings.TrimSuffix(a.ExternalURL, "/")
	}
	scheme, host := "http", req.Host
	if req.TLS != nil {
		scheme = "https"
	}
	if a.trusts(req.RemoteAddr) {
		if proto := firstOf(req.Header.Get("X-Forwarded-Proto")); proto == "http" || proto == "https" {
			scheme = proto
		}
		if name := firstOf(req.Header.Get("X-Forwarded-Host")); name != "" {
			host = name
		}
	}
	if host == "" { // a request of HTTP/1.0 may have none
		return prefix
	}
	return (&url.URL{Scheme: scheme, Host: host}).String() + prefix
}

func firstOf(list string) string {
	first, _, _ := strings.Cut(list, ",")
	return strings.TrimSpace(first)
}

func (a *API) trusts(remote string) bool {
	address, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(a.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(address.Addr().Unmap()) })
}

// find looks up what stands at the address, in the catalogue of this moment.
func (a *API) find(r *request) (target, bool) {
	segments := strings.Split(strings.Trim(strings.TrimPrefix(r.address, "/api"), "/"), "/")
	if segments[0] == "" {
		return readOnly(r.root, "API Root", "Every address of this API, by app and model; e.g. `/api/dcim/locations/`."), len(segments) == 1
	}
	cat := r.catalogue()
	switch len(segments) {
	case 1:
		if segments[0] == "status" {
			return readOnly(r.status, "Status", "How the service is doing."), true
		}
		if addresses := appAddresses(cat, segments[0]); addresses != nil {
			return readOnly(func(r *request) error { return r.addresses("/api/"+segments[0]+"/", addresses) }, appTitle(cat, segments[0]), ""), true
		}
		return target{}, false
	case 2, 3:
		res, ok := a.resource(cat, segments[0], segments[1])
		if !ok {
			return target{}, false
		}
		if len(segments) == 2 {
			return listTarget(res), true
		}
		id := unescapePath(segments[2])
		_, ours := res.(objectTypeResource) // named as in custom.service
		if id == "" || strings.Contains(segments[2], ".") && !ours || strings.Contains(id, "/") {
			return target{}, false
		}
		return itemTarget(res, id), true
	}
	return target{}, false
}

// unescapePath decodes a segment of a path.
func unescapePath(segment string) string {
	text, err := url.PathUnescape(segment)
	if err != nil {
		return segment
	}
	return strings.ToValidUTF8(text, "\ufffd")
}

// reader is a list of things that are read, at least.
type reader interface {
	list(*request) error
	show(r *request, id string) error
	options(r *request, item bool) error
}

// maker is a list that takes new things, changer one whose things can be changed.
type maker interface {
	create(*request) error
}

type changer interface {
	change(r *request, id string, partial bool) error
	delete(r *request, id string) error
}

// bulkChanger is a list that changes many things at once, and that can be read
// by cursor.
type bulkChanger interface {
	changeMany(r *request, partial bool) error
	deleteMany(*request) error
}

func (a *API) resource(cat *objects.Catalogue, app, models string) (reader, bool) {
	switch app + "/" + models {
	case relationshipsPath:
		return relationshipResource{a}, true
	case associationsPath:
		return associationResource{a}, true
	case contentTypesPath:
		return contentTypeResource{}, true
	case objectTypesPath:
		return objectTypeResource{a}, true
	}
	// Accounts are objects too, but made, changed and shown by their own rules.
	if t := cat.ByPath(app, models); t != nil && app != "users" {
		return objectResource{a, t}, true
	}
	return nil, false
}

func readOnly(get func(*request) error, name, description string) target {
	return target{
		handlers: map[string]func(*request) error{http.MethodGet: get},
		options:  func(r *request) error { return r.describe(name, description, nil) },
	}
}

func listTarget(res reader) target {
	t := target{
		handlers: map[string]func(*request) error{http.MethodGet: res.list},
		options:  func(r *request) error { return res.options(r, false) },
	}
	if m, ok := res.(maker); ok {
		t.handlers[http.MethodPost] = m.create
	}
	if w, ok := res.(bulkChanger); ok {
		t.keyset = true
		t.handlers[http.MethodPut] = func(r *request) error { return w.changeMany(r, false) }
		t.handlers[http.MethodPatch] = func(r *request) error { return w.changeMany(r, true) }
		t.handlers[http.MethodDelete] = w.deleteMany
	}
	return t
}

func itemTarget(res reader, id string) target {
	t := target{
		handlers: map[string]func(*request) error{http.MethodGet: func(r *request) error { return res.show(r, id) }},
		options:  func(r *request) error { return res.options(r, true) },
	}
	if w, ok := res.(changer); ok {
		t.handlers[http.MethodPut] = func(r *request) error { return w.change(r, id, false) }
		t.handlers[http.MethodPatch] = func(r *request) error { return w.change(r, id, true) }
		t.handlers[http.MethodDelete] = func(r *request) error { return w.delete(r, id) }
	}
	return t
}
