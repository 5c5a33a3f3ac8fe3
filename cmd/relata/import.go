package main

import (
	"fmt"
	"io"
	"os"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"relata/pkg/config"
	"relata/pkg/exchange"
)

func importCommand(c *config.Config) *cobra.Command {
	command := group("import", "Bring an inventory in")
	command.AddCommand(&cobra.Command{
		Use:   "netbox FILE",
		Short: "Import a NetBox dumpdata file (JSON, plain or gzip); a second run changes nothing",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			file, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer file.Close()
			return importNetBox(cmd, c, file)
		},
	})
	return command
}

func importNetBox(cmd *cobra.Command, c *config.Config, file io.Reader) error {
	a, err := open(cmd.Context(), c, newLogger(c, cmd.ErrOrStderr()))
	if err != nil {
		return err
	}
	defer a.close()
	summary, err := exchange.ImportNetBox(cmd.Context(), file, a.atomically, progress(cmd.ErrOrStderr()))
	if err != nil {
		return fmt.Errorf("nothing was imported: %w", err)
	}
	return summary.Print(cmd.OutOrStdout())
}

// progress draws a bar on a terminal, and nothing elsewhere.
func progress(w io.Writer) func(done, total int) {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	return func(done, total int) {
		if bar == nil {
			bar = progressbar.NewOptions(total, progressbar.OptionSetWriter(w), progressbar.OptionShowCount(),
				progressbar.OptionSetDescription("importing"), progressbar.OptionClearOnFinish())
		}
		_ = bar.Set(done)
	}
}
