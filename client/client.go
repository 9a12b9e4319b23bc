// Package client holds the browser client inside the binary. It embeds what
// `make client` built and does nothing else.
package client

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
)

// ErrNotBuilt says that this binary was compiled without the browser client,
// as `go install` or `go build` alone do.
var ErrNotBuilt = errors.New("client: the browser client is not in this binary")

//go:embed all:dist
var dist embed.FS

// Files returns the built client: index.html and what it loads, in one flat
// folder. The error is ErrNotBuilt when the client was not built.
func Files() (fs.FS, error) {
	files, err := fs.Sub(dist, "dist")
	if err != nil {
		return nil, fmt.Errorf("client: open the embedded folder: %w", err)
	}
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return nil, ErrNotBuilt
	}
	return files, nil
}
