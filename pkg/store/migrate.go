package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"relata/migrations"
)

// errOutdated and errAbsent are what Open answers under NoMigrate.
var (
	errOutdated = errors.New("the database's tables are not those of this version: run relata migrate")
	errAbsent   = errors.New("there is no such database: relata migrate makes it")
)

// migrate brings the tables up to date, or with check only looks whether they
// are.
func (s *Store) migrate(ctx context.Context, check bool) error {
	files, err := fs.Sub(migrations.FS, s.dialect.name)
	if err != nil {
		return err
	}
	dialect := goose.DialectPostgres
	if s.dialect.name == "sqlite" {
		dialect = goose.DialectSQLite3
	}
	provider, err := goose.NewProvider(dialect, s.write.db.DB, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	if check {
		pending, err := provider.HasPending(ctx)
		if err == nil && pending {
			err = errOutdated
		}
		return err
	}
	done, err := provider.Up(ctx)
	if err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	for _, m := range done {
		s.logger.InfoContext(ctx, "migrated", "version", m.Source.Version, "took", m.Duration)
	}
	return nil
}
