package server

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var page = strings.Repeat("<!doctype html><title>Paravent</title>", 50)

func pages(t *testing.T) http.Handler {
	t.Helper()
	s, err := newStatic(fstest.MapFS{
		"index.html": {Data: []byte(page)},
		"app.js":     {Data: []byte("export {}")},
		"a.wasm.gz":  {Data: gzipped(t, page)},
		"README":     {Data: []byte("not served")},
	})
	if err != nil {
		t.Fatal(err)
	}
	hub := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) })
	return routes(s, hub, false)
}

func gzipped(t *testing.T, text string) []byte {
	t.Helper()
	b, err := compress([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestAPackedFileIsServedAsWhatIsInIt(t *testing.T) {
	h := pages(t)
	plain := ask(h, "GET", "/a.wasm")
	if text(t, plain) != page || plain.ContentLength != int64(len(page)) || plain.Header.Get("Content-Type") != "application/wasm" {
		t.Error("not unpacked for a browser that does not take gzip")
	}
	small := ask(h, "GET", "/a.wasm", "Accept-Encoding", "gzip")
	if body := text(t, small); body != string(gzipped(t, page)) || small.ContentLength != int64(len(body)) {
		t.Error("not sent as it is kept")
	}
	if r := ask(h, "GET", "/a.wasm.gz"); r.StatusCode != http.StatusNotFound {
		t.Error("served under the name it is kept under")
	}
}

func ask(h http.Handler, method, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(method, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func TestFixedPathsAloneAreServed(t *testing.T) {
	h := pages(t)
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{"GET", "/", 200},
		{"HEAD", "/", 200},
		{"GET", "/?x=1", 200},
		{"GET", "/app.js", 200},
		{"GET", "/signaling", http.StatusTeapot},
		{"GET", "/index.html", 404},
		{"GET", "/README", 404},
		{"GET", "/APP.JS", 404},
		{"GET", "//app.js", 404},
		{"GET", "/x/../app.js", 404},
		{"GET", "/signaling/", 404},
		{"POST", "/", 404},
		{"PUT", "/app.js", 404},
		{"OPTIONS", "/", 404},
	} {
		r := ask(h, c.method, c.path)
		if r.StatusCode != c.status {
			t.Errorf("%s %s: %d, want %d", c.method, c.path, r.StatusCode, c.status)
		}
		for _, header := range headers {
			if r.Header.Get(header[0]) != header[1] {
				t.Errorf("%s %s: header %s is missing", c.method, c.path, header[0])
			}
		}
		if r.Header.Get("Set-Cookie") != "" || r.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s %s: a header that must not be there", c.method, c.path)
		}
	}
}

func TestEverybodyGetsTheSameBytes(t *testing.T) {
	h := pages(t)
	plain := ask(h, "GET", "/", "User-Agent", "a", "Accept-Language", "de", "Cookie", "x=y")
	if text(t, plain) != page {
		t.Fatal("the page is not what was built")
	}
	packed := ask(h, "GET", "/", "User-Agent", "b", "Accept-Encoding", "br, gzip;q=0.5")
	if packed.Header.Get("Content-Encoding") != "gzip" {
		t.Fatal("want gzip")
	}
	r, err := gzip.NewReader(packed.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(r)
	if err != nil || !bytes.Equal(unpacked, []byte(page)) {
		t.Fatal("gzip holds another page")
	}
}

func TestGzipOnlyWhereWanted(t *testing.T) {
	h := pages(t)
	for accept, want := range map[string]string{"": "", "br": "", "gzip": "gzip", "GZIP": "gzip", "gzip;q=0": "", "gzip; q=0.000": "", "deflate, gzip": "gzip", "gzipped": ""} {
		if got := ask(h, "GET", "/", "Accept-Encoding", accept).Header.Get("Content-Encoding"); got != want {
			t.Errorf("%q: encoding %q, want %q", accept, got, want)
		}
	}
}

func TestUnchangedFilesAreNotSentAgain(t *testing.T) {
	h := pages(t)
	for _, encoding := range []string{"", "gzip"} {
		tag := ask(h, "GET", "/app.js", "Accept-Encoding", encoding).Header.Get("ETag")
		r := ask(h, "GET", "/app.js", "Accept-Encoding", encoding, "If-None-Match", `"other", W/`+tag)
		if r.StatusCode != http.StatusNotModified || text(t, r) != "" || r.Header.Get("ETag") != tag {
			t.Errorf("%q: not answered with 304", encoding)
		}
	}
	if ask(h, "GET", "/app.js", "If-None-Match", `"other"`).StatusCode != http.StatusOK {
		t.Error("another tag must not match")
	}
}

func TestHeadHasNoBody(t *testing.T) {
	r := ask(pages(t), "HEAD", "/")
	if text(t, r) != "" || r.ContentLength != int64(len(page)) {
		t.Error("want the length alone")
	}
}

func TestStrictTransportIsAskedForWhereWanted(t *testing.T) {
	h := routes(static{}, http.NotFoundHandler(), true)
	if ask(h, "GET", "/").Header.Get("Strict-Transport-Security") == "" {
		t.Error("want the header")
	}
}

func TestUnknownKindOfFileIsAFault(t *testing.T) {
	if _, err := newStatic(fstest.MapFS{"app.js.map": {}}); err == nil {
		t.Error("want an error")
	}
}
