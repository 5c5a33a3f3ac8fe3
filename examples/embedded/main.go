// Command embedded shows relata as a part of another Echo application: an intranet
// with pages and users of its own, and the inventory below /inventory. Who is
// logged in there may use it, and everything in it is done in their name.
//
//	go run ./examples/embedded
//	curl -u ada:lovelace http://127.0.0.1:8090/inventory/api/dcim/locations/
package main

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"relata/pkg/accounts"
	"relata/pkg/server"
	"relata/pkg/store"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, "sqlite:embedded.db", "127.0.0.1:8090"); err != nil {
		fmt.Fprintln(os.Stderr, "embedded:", err)
		os.Exit(1)
	}
}

// run answers on address until ctx ends and what was asked before is answered.
func run(ctx context.Context, database, address string) error {
	logger := slog.New(slog.NewTextHandler(os.Stderr, nil))
	db, err := store.Open(ctx, database, store.Options{Logger: logger})
	if err != nil {
		return err
	}
	defer db.Close()
	app, err := intranet(ctx, db, logger)
	if err != nil {
		return err
	}
	var beside sync.WaitGroup
	work, end := context.WithCancel(ctx)
	beside.Go(func() { server.Background(work, db, logger) })
	beside.Go(func() {
		<-work.Done()
		grace, cancel := context.WithTimeout(context.WithoutCancel(work), 10*time.Second)
		defer cancel()
		_ = app.Shutdown(grace)
	})
	defer beside.Wait() // Start returns as soon as Shutdown begins
	defer end()
	if err := app.Start(address); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// intranet is the application that there was before.
func intranet(ctx context.Context, db *store.Store, logger *slog.Logger) (*echo.Echo, error) {
	app := echo.New()
	app.HideBanner = true
	app.GET("/", func(c echo.Context) error { return c.String(http.StatusOK, "The intranet. See /inventory/api/.\n") })
	err := server.Mount(ctx, app.Group("/inventory"), server.Deps{
		Store:        db,
		Authenticate: whoIsIt,
		Logger:       logger,
	})
	return app, err
}

// people are the users of the intranet, by name. A real one asks its directory
// or looks into its session.
var people = map[string]struct {
	id       uuid.UUID
	password [sha256.Size]byte
}{
	"ada":   {uuid.MustParse("6a1f6c1e-4a0b-4f57-9f0e-0d6a4d0b7c11"), sha256.Sum256([]byte("lovelace"))},
	"grace": {uuid.MustParse("b5b1c9de-52a5-4f0a-8f2e-51d0c8b7a922"), sha256.Sum256([]byte("hopper"))},
}

// whoIsIt recognises them by HTTP Basic. What relata has of tokens is not used.
func whoIsIt(c echo.Context) (accounts.Account, bool) {
	name, password, _ := c.Request().BasicAuth()
	person, known := people[name]
	given := sha256.Sum256([]byte(password))
	if subtle.ConstantTimeCompare(given[:], person.password[:]) != 1 || !known {
		return accounts.Account{}, false
	}
	return accounts.Account{ID: person.id, Username: name, Superuser: true, Active: true}, true
}
