package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"relata/pkg/accounts"
	"relata/pkg/config"
	"relata/pkg/exchange"
	"relata/pkg/fault"
	"relata/pkg/server"
)

func serveCommand(c *config.Config) *cobra.Command {
	serve := &cobra.Command{
		Use:   "serve",
		Short: "Answer requests",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return serve(cmd.Context(), c, cmd.OutOrStdout(), newLogger(c, cmd.ErrOrStderr()))
		},
	}
	c.ServeFlags(serve.Flags())
	return serve
}

// garbage is how much may pile up, in percent of what is in use, before it is
// collected. Little is in use here and every answer leaves garbage behind: the
// customary 100 costs a third of the processor time of a page. The variable GOGC
// goes before.
const garbage = 400

// serve answers requests until ctx ends, and tells on out what somebody at a
// terminal wants to know.
func serve(ctx context.Context, c *config.Config, out io.Writer, logger *slog.Logger) (err error) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("--listen (%s): %w", config.Variable("listen"), err)
	}
	defer listener.Close()
	a, err := open(ctx, c, logger)
	if err != nil {
		return err
	}
	defer a.close()
	first, err := a.accounts.EnsureFirst(ctx, c.AdminToken)
	if err != nil {
		return err
	}
	tellFirst(out, first) // now: it is stored, and what follows may fail
	if c.Demo {
		if err := a.loadDemo(ctx, logger); err != nil {
			return err
		}
	}
	proxies, err := c.Proxies()
	if err != nil {
		return err
	}
	handler, err := server.New(ctx, server.Deps{
		Store: a.store, Accounts: a.accounts, Registry: a.registry, Logger: logger,
		RequestTimeout: c.RequestTimeout, ExternalURL: c.ExternalURL, TrustedProxies: proxies, Version: version,
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "relata %s at http://%s\n", version, listener.Addr())
	var background sync.WaitGroup
	work, end := context.WithCancel(ctx)
	background.Go(func() { server.Background(work, a.store, logger) })
	defer background.Wait()
	defer end()
	return server.Serve(ctx, listener, handler, logger)
}

func (a *app) loadDemo(ctx context.Context, logger *slog.Logger) error {
	begun := time.Now()
	loaded, err := exchange.LoadDemo(ctx, a.atomically)
	if fault.As(err) != nil { // another server may have been faster
		loaded, err = exchange.LoadDemo(ctx, a.atomically)
	}
	if err != nil {
		return fmt.Errorf("--demo: %w", err)
	}
	if loaded {
		logger.Info("demo inventory loaded", "took", time.Since(begun))
	} else {
		logger.Info("demo inventory left out: there are objects already")
	}
	return nil
}

// tellFirst says how to get in, when the account was made by this start.
func tellFirst(out io.Writer, first *accounts.First) {
	if first != nil {
		fmt.Fprintf(out, "  superuser  %s\n  password   %s\n  token      %s\n\nThis is told once: only hashes are kept.\n\n",
			first.Username, first.Password, first.Key)
	}
}
