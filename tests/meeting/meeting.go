// Package meeting starts the real server for tests, in this process, and makes
// the links of rooms on it.
package meeting

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"paravent/e2ee/link"
	"paravent/server"
)

// Patience is how long anything may take on a busy machine.
const Patience = 60 * time.Second

// Server is a running server.
type Server struct {
	Origin string      // for links
	TLS    *tls.Config // trusts the server's certificate; nil: the origin is http
	File   string      // with that certificate, in PEM
}

// Start runs a server until the test ends. Of conf only limits count.
func Start(tb testing.TB, conf server.Config) *Server {
	tb.Helper()
	conf.Listen, conf.Data = "127.0.0.1:0", tb.TempDir()
	conf.Public = []string{"127.0.0.1"}
	if conf.Rooms == 0 {
		conf.Rooms = server.DefaultRooms
	}
	if conf.People == 0 {
		conf.People = server.MostPeople
	}
	s, err := server.Open(conf, fstest.MapFS{"index.html": {Data: []byte("<!doctype html><title>Paravent</title>")}})
	if err != nil {
		tb.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	tb.Cleanup(func() {
		stop()
		if err := <-served; err != nil {
			tb.Error("the server stopped: ", err)
		}
	})
	file := filepath.Join(conf.Data, "certificate.pem")
	certificate, err := os.ReadFile(file)
	if err != nil {
		tb.Fatal(err)
	}
	return &Server{Origin: Origin(tb, s.Link()), TLS: Trust(tb, certificate), File: file}
}

// Origin is the origin of links to the server that says it is at address.
func Origin(tb testing.TB, address string) string {
	tb.Helper()
	u, err := url.Parse(address)
	if err != nil {
		tb.Fatal(err)
	}
	return "https://127.0.0.1:" + u.Port()
}

// Trust trusts one certificate (PEM).
func Trust(tb testing.TB, certificate []byte) *tls.Config {
	tb.Helper()
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(certificate) {
		tb.Fatal("no certificate")
	}
	return &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS13}
}

// NewLink makes the moderator link of a new room.
func NewLink(tb testing.TB) *link.Link {
	tb.Helper()
	var l, m [link.SecretSize]byte
	_, _ = rand.Read(l[:])
	_, _ = rand.Read(m[:])
	made, err := link.New(l, m)
	if err != nil {
		tb.Fatal(err)
	}
	return made
}
