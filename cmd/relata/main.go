// Command relata serves an inventory and the relationships in it. See README.md.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"relata/pkg/config"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	if err := rootCommand().ExecuteContext(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "relata:", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	c := config.New()
	root := &cobra.Command{
		Use:           "relata",
		Short:         "Relationships between inventory objects, at Nautobot's addresses",
		SilenceErrors: true,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true // from here on, how it was called is not what is wrong
			if err := config.Known(os.Environ()); err != nil {
				return err
			}
			if err := c.Environment(cmd.Flags(), os.LookupEnv); err != nil {
				return err
			}
			return c.Check()
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	c.CommonFlags(root.PersistentFlags())
	root.AddCommand(serveCommand(c), migrateCommand(c), importCommand(c), userCommand(c), versionCommand())
	return root
}

// group is a command that only holds others: alone it shows its help, and a
// name that it does not hold is an error.
func group(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
}
