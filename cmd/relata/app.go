package main

import (
	"context"
	"io"
	"log/slog"
	"time"

	"relata/pkg/accounts"
	"relata/pkg/associations"
	"relata/pkg/config"
	"relata/pkg/exchange"
	"relata/pkg/objects"
	"relata/pkg/relationships"
	"relata/pkg/store"
)

// app is an open database with the services on it.
type app struct {
	store         *store.Store
	registry      *objects.Registry
	relationships *relationships.Service
	associations  *associations.Service
	accounts      *accounts.Service
}

func open(ctx context.Context, c *config.Config, logger *slog.Logger) (*app, error) {
	db, err := store.Open(ctx, c.Database, store.Options{NoMigrate: c.NoMigrate, Logger: logger})
	if err != nil {
		return nil, c.DatabaseError(err)
	}
	a, err := prepare(ctx, db)
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	a.accounts = accounts.NewService(db, c.TokenKey, time.Now)
	return a, nil
}

// prepare numbers the types and makes the objects that every database has.
func prepare(ctx context.Context, db *store.Store) (*app, error) {
	registry, err := objects.NewRegistry(ctx, db)
	if err != nil {
		return nil, err
	}
	return on(db, registry), objects.NewService(registry, time.Now).EnsureDefaults(ctx, db)
}

// on builds the services that stand on db, which may be bound to a transaction.
func on(db *store.Store, registry *objects.Registry) *app {
	engine := objects.NewService(registry, time.Now)
	definitions := relationships.NewService(db, registry, time.Now)
	return &app{
		store: db, registry: registry, relationships: definitions,
		associations: associations.NewService(db, engine, definitions, time.Now),
	}
}

func (a *app) close() { _ = a.store.Close() }

// atomically lets an import work in one transaction, and shows what that made of
// the catalogue (the depth of trees is in it) to whoever answers next.
func (a *app) atomically(ctx context.Context, do func(exchange.Target) error) error {
	err := a.store.Atomically(ctx, func(bound *store.Store) error {
		in := on(bound, a.registry.Within(bound))
		return do(exchange.Target{
			Catalogue:     in.registry.Catalogue,
			Read:          bound,
			Relationships: in.relationships,
			Associations:  in.associations,
			Holder:        accounts.NewService(bound, "", time.Now).Holder,
		})
	})
	if err != nil {
		return err
	}
	return a.registry.Refresh(ctx)
}

func newLogger(c *config.Config, w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: c.Level()}
	if c.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
