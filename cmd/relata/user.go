package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"relata/pkg/accounts"
	"relata/pkg/config"
)

func userCommand(c *config.Config) *cobra.Command {
	user := group("user", "Accounts")
	user.AddCommand(createUserCommand(c))
	return user
}

func createUserCommand(c *config.Config) *cobra.Command {
	superuser := false
	create := &cobra.Command{
		Use:   "create NAME",
		Short: "Make an account and print a token of it; the password is asked for, or read from stdin",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			password, err := readPassword(cmd)
			if err != nil {
				return err
			}
			return createUser(cmd, c, args[0], password, superuser)
		},
	}
	create.Flags().BoolVar(&superuser, "superuser", false, "the account may do everything")
	return create
}

func createUser(cmd *cobra.Command, c *config.Config, name, password string, superuser bool) error {
	a, err := open(cmd.Context(), c, newLogger(c, cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer a.close()
	account, err := a.accounts.Create(cmd.Context(), name, password, superuser)
	if err != nil {
		return err
	}
	key, _, err := a.accounts.NewToken(cmd.Context(), account.ID, accounts.TokenDraft{Description: "made by relata user create"})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "user   %s\ntoken  %s\n", account.Username, key)
	return err
}

// readPassword asks on a terminal, twice and unseen, or else takes the first
// line of the input.
func readPassword(cmd *cobra.Command) (string, error) {
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read password: %w", err)
		}
		return strings.TrimRight(line, "\r\n"), nil
	}
	var typed [2]string
	for i, prompt := range []string{"Password: ", "Again: "} {
		fmt.Fprint(cmd.ErrOrStderr(), prompt)
		line, err := term.ReadPassword(int(in.Fd()))
		fmt.Fprintln(cmd.ErrOrStderr())
		if err != nil {
			return "", fmt.Errorf("read password: %w", err)
		}
		typed[i] = string(line)
	}
	if typed[0] != typed[1] {
		return "", errors.New("the two passwords differ")
	}
	return typed[0], nil
}
