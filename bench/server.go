package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/google/uuid"

	"relata/pkg/accounts"
	"relata/pkg/fault"
	"relata/pkg/store"
)

// build makes the program that is measured.
func build(ctx context.Context, folder string) (string, error) {
	program := filepath.Join(folder, "relata")
	out, err := exec.CommandContext(ctx, "go", "build", "-o", program, "relata/cmd/relata").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build relata: %w: %s", err, out)
	}
	return program, nil
}

// child is a running server.
type child struct {
	cmd  *exec.Cmd
	host string
}

// serve starts the program on a database and waits until it is ready. It logs
// what goes wrong, not each request.
func serve(ctx context.Context, program, database string) (*child, error) {
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	host := free.Addr().String()
	_ = free.Close()
	cmd := exec.CommandContext(ctx, program, "serve", "--database", database, "--listen", host, "--log-level", "warn")
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, host: host}
	for range 300 {
		if ready(ctx, host) {
			return c, nil
		}
		time.Sleep(100 * time.Millisecond)
	}
	c.stop()
	return nil, errors.New("the server does not become ready")
}

func ready(ctx context.Context, host string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/ready/", nil)
	if err != nil {
		return false
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	_ = answer.Body.Close()
	return answer.StatusCode == http.StatusOK
}

func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	_ = c.cmd.Wait()
}

// newToken makes a superuser of the bench's own, and a token of it.
func newToken(ctx context.Context, database string) (string, error) {
	s, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		return "", err
	}
	defer s.Close()
	service := accounts.NewService(s, os.Getenv("RELATA_TOKEN_KEY"), time.Now)
	// What the first start of a server would make; it does so on an empty
	// database only.
	if _, err := service.EnsureFirst(ctx, ""); err != nil {
		return "", err
	}
	account, _, err := s.AccountByName(ctx, "bench")
	if errors.Is(err, fault.NotFound) {
		account, err = service.Create(ctx, "bench", uuid.NewString(), true)
	}
	if err != nil {
		return "", err
	}
	key, _, err := service.NewToken(ctx, account.ID, accounts.TokenDraft{Description: "bench"})
	return key, err
}
