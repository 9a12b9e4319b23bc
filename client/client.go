// Package client holds the browser client inside the binary. It embeds what
// `make client` built and does nothing else.
package client

import (
	"compress/gzip"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
)

// ErrNotBuilt says that this binary was compiled without the browser client,
// as `go install` or `go build` alone do.
var ErrNotBuilt = errors.New("client: the browser client is not in this binary")

//go:embed all:dist
var dist embed.FS

// packed is the end of the name of a file that is kept compressed (gzip): the
// networks of masking and their runtime. Without it, it is the name under which
// the file is served.
const packed = ".gz"

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

// Open opens a file of the client, unpacked if need be, and gives the name under
// which it is served.
func Open(files fs.FS, name string) (io.ReadCloser, string, error) {
	f, err := files.Open(name)
	if err != nil {
		return nil, "", fmt.Errorf("client: open %s: %w", name, err)
	}
	served, isPacked := strings.CutSuffix(name, packed)
	if !isPacked {
		return f, name, nil
	}
	plain, err := gzip.NewReader(f)
	if err != nil {
		_ = f.Close() // it was only read
		return nil, "", fmt.Errorf("client: unpack %s: %w", name, err)
	}
	return unpacked{plain, f}, served, nil
}

// unpacked is a file that is unpacked as it is read.
type unpacked struct {
	*gzip.Reader
	file fs.File
}

// Close implements io.Closer.
func (u unpacked) Close() error { return errors.Join(u.Reader.Close(), u.file.Close()) }
