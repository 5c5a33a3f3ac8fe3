package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"relata/pkg/config"
	"relata/pkg/store"
)

func migrateCommand(c *config.Config) *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database's tables up to date, for serve --no-migrate",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			db, err := store.Open(cmd.Context(), c.Database, store.Options{Logger: newLogger(c, cmd.ErrOrStderr())})
			if err != nil {
				return c.DatabaseError(err)
			}
			if err := db.Close(); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the tables are up to date")
			return err
		},
	}
}
