// Package migrations embeds the goose migrations of both databases: the same
// file names, the same tables.
package migrations

import "embed"

// FS holds the folders postgres and sqlite.
//
//go:embed postgres/*.sql sqlite/*.sql
var FS embed.FS
