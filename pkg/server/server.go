// Package server puts the API behind HTTP: request ids, logs, bounds, and where
// errors become statuses. It is a server of its own (New, Serve) or a part of
// another Echo application (Mount).
package server

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/labstack/echo/v4"

	"relata/pkg/accounts"
	"relata/pkg/api"
	"relata/pkg/associations"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
)

// Deps are what a server is made of. Only Store must be set.
type Deps struct {
	Store *store.Store
	// Accounts recognises tokens; nil: those of Store under no key.
	Accounts *accounts.Service
	// Registry has the types; nil: a registry of its own on Store.
	Registry *objects.Registry
	// Authenticate, when set, recognises callers instead of tokens. False:
	// nobody.
	Authenticate func(echo.Context) (accounts.Account, bool)
	Logger       *slog.Logger
	// RequestTimeout bounds legal work; 0: 30 s. CSV is without bound.
	RequestTimeout time.Duration
	ExternalURL    string
	TrustedProxies []netip.Prefix
	// Version is relata's own.
	Version string
	// Now is the clock; nil: time.Now.
	Now func() time.Time
}

// New returns the whole of it as an Echo application of its own: that of Mount,
// at the root, with Mount's errors.
func New(ctx context.Context, d Deps) (*echo.Echo, error) {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	e.HTTPErrorHandler = func(err error, c echo.Context) { (&answerer{d.Logger}).answer(c, err) }
	if err := Mount(ctx, e.Group(""), d); err != nil {
		return nil, err
	}
	return e, nil
}

// Mount puts the whole of it under a group of another Echo application, which
// runs Background beside it. Links begin with the path of the group. It reads the
// types and makes the objects that every database has; an error is the database's.
func Mount(ctx context.Context, group *echo.Group, d Deps) error {
	if d.Logger == nil {
		d.Logger = slog.New(slog.DiscardHandler)
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.RequestTimeout <= 0 {
		d.RequestTimeout = 30 * time.Second
	}
	if d.Accounts == nil {
		d.Accounts = accounts.NewService(d.Store, "", d.Now)
	}
	if d.Registry == nil {
		registry, err := objects.NewRegistry(ctx, d.Store)
		if err != nil {
			return err
		}
		d.Registry = registry
	}
	engine := objects.NewService(d.Registry, d.Now)
	if err := engine.EnsureDefaults(ctx, d.Store); err != nil {
		return err
	}
	definitions := relationships.NewService(d.Store, d.Registry, d.Now)
	group.Use(identify, unread, access(d.Logger), (&answerer{d.Logger}).middleware)
	for _, path := range []string{"/health", "/health/"} {
		group.Match(probes, path, alive)
	}
	for _, path := range []string{"/ready", "/ready/"} {
		group.Match(probes, path, ready(d.Store))
	}
	api.Mount(group, &api.API{
		Store:          d.Store,
		Registry:       d.Registry,
		Types:          objects.NewTypes(d.Store, d.Registry),
		Relationships:  definitions,
		Associations:   associations.NewService(d.Store, engine, definitions, d.Now),
		Accounts:       d.Accounts,
		Authenticate:   d.Authenticate,
		RequestTimeout: d.RequestTimeout,
		ExternalURL:    d.ExternalURL,
		TrustedProxies: d.TrustedProxies,
		Version:        d.Version,
	})
	return nil
}

// probes are the methods that load balancers ask with.
var probes = []string{http.MethodGet, http.MethodHead}

// alive answers as long as the process does.
func alive(c echo.Context) error {
	return c.JSON(http.StatusOK, map[string]string{"status": "ok"})
}

// ready answers 200 when the database does; Open has migrated it.
func ready(s *store.Store) echo.HandlerFunc {
	return func(c echo.Context) error {
		ctx, cancel := context.WithTimeout(c.Request().Context(), time.Second)
		defer cancel()
		if err := s.Ping(ctx); err != nil {
			return c.JSON(http.StatusServiceUnavailable, map[string]string{"status": "the database does not answer"})
		}
		return c.JSON(http.StatusOK, map[string]string{"status": "ready"})
	}
}
