package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// contentTypes is every kind of file the client consists of. A file of
// another kind is a fault of the build.
var contentTypes = map[string]string{ //nolint:gochecknoglobals // immutable table
	".html":        "text/html; charset=utf-8",
	".js":          "text/javascript; charset=utf-8",
	".css":         "text/css; charset=utf-8",
	".json":        "application/json",
	".svg":         "image/svg+xml",
	".png":         "image/png",
	".txt":         "text/plain; charset=utf-8",
	".woff2":       "font/woff2",
	".webmanifest": "application/manifest+json",
}

// file is one file of the client as it is sent: the same bytes to everybody.
type file struct {
	contentType string
	plain, gzip variant
}

// variant is a file in one encoding. Its tag is made from the hash of the
// plain bytes, so that a browser keeps what has not changed.
type variant struct {
	tag  string
	body []byte
}

// static serves the client. It is immutable after its making.
type static map[string]file // by URL path

// newStatic reads and compresses every file, once.
func newStatic(files fs.FS) (static, error) {
	s := static{}
	err := fs.WalkDir(files, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || name == "README" {
			return err
		}
		contentType, ok := contentTypes[path.Ext(name)]
		if !ok {
			return fmt.Errorf("server: the client has a file of unknown kind, %s", name)
		}
		body, err := fs.ReadFile(files, name)
		if err != nil {
			return err
		}
		small, err := compress(body)
		if err != nil {
			return err
		}
		hash := sha256.Sum256(body)
		tag := base64.RawURLEncoding.EncodeToString(hash[:])
		s["/"+name] = file{contentType, variant{`"` + tag + `"`, body}, variant{`"` + tag + `-gzip"`, small}}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("server: read the client: %w", err)
	}
	s["/"] = s["/index.html"]
	delete(s, "/index.html") // one address for one thing
	return s, nil
}

func compress(body []byte) ([]byte, error) {
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	err = w.Close()
	return out.Bytes(), err
}

// ServeHTTP answers GET and HEAD for the files; everything else is not found.
// Browsers ask again each time (no-cache), so that a new release is never
// mixed with an old one.
func (s static) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := s[r.URL.Path]
	if !ok || (r.Method != http.MethodGet && r.Method != http.MethodHead) {
		notFound(w)
		return
	}
	v := f.plain
	if acceptsGzip(r) {
		v = f.gzip
		w.Header().Set("Content-Encoding", "gzip")
	}
	w.Header().Set("Cache-Control", "no-cache")
	w.Header().Set("Vary", "Accept-Encoding")
	w.Header().Set("ETag", v.tag)
	if names(r.Header.Get("If-None-Match"), v.tag) {
		w.Header().Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", f.contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(v.body)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(v.body) // a broken connection is the browser's business
	}
}

// notFound answers as for any path that does not exist.
func notFound(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write([]byte("Not found\n"))
}

// acceptsGzip reads Accept-Encoding (RFC 9110, section 12.5.3): gzip must be
// named, and not with weight zero.
func acceptsGzip(r *http.Request) bool {
	for coding := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(strings.TrimSpace(coding), ";")
		if !strings.EqualFold(strings.TrimSpace(name), "gzip") {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(weight), "q=")
		value, err := strconv.ParseFloat(q, 64)
		return !found || (err == nil && value > 0)
	}
	return false
}

// names reports whether a list of entity tags contains tag (RFC 9110, section
// 13.1.2: weak comparison).
func names(list, tag string) bool {
	for other := range strings.SplitSeq(list, ",") {
		if strings.TrimPrefix(strings.TrimSpace(other), "W/") == tag {
			return true
		}
	}
	return false
}
