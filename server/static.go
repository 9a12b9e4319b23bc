package server

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
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
	".onnx":        "application/octet-stream",
	".wasm":        "application/wasm",
}

// packed is the end of the name of a file that is kept compressed (gzip); it is
// served without that end.
const packed = ".gz"

// file is one file of the client as it is sent: the same bytes to everybody.
type file struct {
	contentType string
	plain, gzip variant
}

// variant is a file in one encoding. Its tag is made from the hash of the
// plain bytes, so that a browser keeps what has not changed. The plain body of a
// file that is kept compressed is nil: nearly every browser takes it as it is,
// and for the others it is unpacked each time.
type variant struct {
	tag    string
	body   []byte
	length int64
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
		f, err := read(files, name)
		if err != nil {
			return err
		}
		served := strings.TrimSuffix(name, packed)
		contentType, ok := contentTypes[path.Ext(served)]
		if !ok {
			return fmt.Errorf("server: the client has a file of unknown kind, %s", name)
		}
		f.contentType = contentType
		s["/"+served] = f
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("server: read the client: %w", err)
	}
	s["/"] = s["/index.html"]
	delete(s, "/index.html") // one address for one thing
	return s, nil
}

// read reads a file, and compresses it unless it is.
func read(files fs.FS, name string) (file, error) {
	body, err := fs.ReadFile(files, name)
	if err != nil {
		return file{}, err
	}
	if strings.HasSuffix(name, packed) {
		sum := sha256.New()
		length, err := unpack(sum, body)
		return variants(sum.Sum(nil), length, nil, body), err
	}
	small, err := compress(body)
	hash := sha256.Sum256(body)
	return variants(hash[:], int64(len(body)), body, small), err
}

func variants(hash []byte, length int64, plain, small []byte) file {
	tag := base64.RawURLEncoding.EncodeToString(hash)
	return file{
		plain: variant{`"` + tag + `"`, plain, length},
		gzip:  variant{`"` + tag + `-gzip"`, small, int64(len(small))},
	}
}

// unpack writes what is in body, and gives its length.
func unpack(to io.Writer, body []byte) (int64, error) {
	r, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	return io.Copy(to, r) //nolint:gosec // our own file
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
	w.Header().Set("Content-Length", strconv.FormatInt(v.length, 10))
	if r.Method == http.MethodGet {
		f.write(w, v) // a broken connection is the browser's business
	}
}

// write writes one variant of the file.
func (f file) write(w io.Writer, v variant) {
	if v.body != nil {
		_, _ = w.Write(v.body)
		return
	}
	_, _ = unpack(w, f.gzip.body)
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
