// Package server is the program around the meeting: HTTPS, the browser client
// and the two ports. It joins signaling and the media plane (bridge.go) and
// writes nothing but the operator's certificate, its own keys and two lines
// (report.go).
package server

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"time"

	"paravent/sfu"
	"paravent/signaling"
)

// Limits that an operator may set.
const (
	DefaultRooms  = 1000
	MostRooms     = 100_000
	DefaultPeople = 50  // in one room
	MostPeople    = 500 // as many as a message may list (signaling/wire)
)

// Limits of one HTTP connection. They bound what a slow or hostile client can
// hold on to; a WebSocket has its own (signaling).
const (
	headerTime  = 10 * time.Second // to shake hands and to send a request
	answerTime  = time.Minute      // to take in the largest file, 0.2 MB
	idleTime    = time.Minute
	headerBytes = 16 << 10
	streams     = 32 // HTTP/2 requests at a time
)

// closeTime is how long a shutdown waits for clients to be told.
const closeTime = 5 * time.Second

// Config is what an operator can choose. main reads and checks it.
type Config struct {
	Listen    string   // TCP address, HOST:PORT
	UDP       string   // UDP address, HOST:PORT; empty: the same as the TCP one
	Public    []string // addresses and names under which browsers reach us; empty: our own
	Data      string   // folder for our own certificate and keys
	Cert, Key string   // PEM files in place of our own; both or neither
	Rooms     int      // most rooms
	People    int      // most people in a room
	Tokens    bool     // a room is opened with a host token only (HostToken)
	Transport string   // how media travels, one of Transports; empty: DefaultTransport
	SRTP      string   // which cipher is preferred, one of Ciphers; empty: the first
}

var errTransport = errors.New("server: want a transport that there is")

// Server is a server whose ports are open. It answers once Serve is called.
type Server struct {
	http        *http.Server
	listener    net.Listener
	hub         *signaling.Hub
	router      *sfu.Router
	link        string
	fingerprint string
}

// Open prepares everything that can fail: files, certificate, both ports. On
// an error, which is one sentence for the operator, nothing is left open.
func Open(conf Config, files fs.FS) (*Server, error) {
	pages, err := newStatic(files)
	if err != nil {
		return nil, err
	}
	cert, err := newCertificate(func(now time.Time) (tls.Certificate, error) {
		if conf.Cert != "" {
			return loadFiles(conf.Cert, conf.Key, now)
		}
		return loadOwn(conf.Data, conf.Public, now)
	}, time.Now())
	if err != nil {
		return nil, err
	}
	limits := signaling.Limits{Rooms: conf.Rooms, People: conf.People}
	if conf.Tokens {
		key, err := hostKeyIn(conf.Data)
		if err != nil {
			return nil, fmt.Errorf("-hosts token: %w", err)
		}
		limits.Hosts = ed25519.PublicKey(key[ed25519.SeedSize:])
	}
	listener, router, err := openMedia(conf)
	if err != nil {
		return nil, err
	}
	hub := signaling.NewHub(bridge{router}, limits)
	return &Server{
		http:        newHTTP(routes(pages, hub, conf.Cert != "" && !selfSigned(cert.current(time.Now()))), tlsConfig(cert)),
		listener:    listener,
		hub:         hub,
		router:      router,
		link:        linkTo(conf.Public, listener.Addr()),
		fingerprint: fingerprint(cert.current(time.Now())),
	}, nil
}

// openMedia opens both ports and starts the media plane on the one of UDP.
func openMedia(conf Config) (net.Listener, *sfu.Router, error) {
	open := transports[cmp.Or(conf.Transport, DefaultTransport)]
	if open == nil {
		return nil, nil, errTransport
	}
	listener, udp, err := bind(conf.Listen, conf.UDP, open)
	if err != nil {
		return nil, nil, err
	}
	media, err := udp.start(wishes{mediaAddresses(conf.Public, udp.address), addrPort(listener.Addr()).Port(), conf.SRTP})
	if err != nil {
		_ = listener.Close()
		udp.close()
		return nil, nil, fmt.Errorf("server: start the media plane: %w", err)
	}
	router, err := sfu.New(sfu.Config{Transport: media})
	if err != nil {
		_, _ = listener.Close(), media.Close()
		return nil, nil, fmt.Errorf("server: start the media plane: %w", err)
	}
	if lines, ok := media.(lines); ok {
		return forked{listener, lines}, router, nil
	}
	return listener, router, nil
}

// newHTTP sets the limits above. Its errors, which can hold addresses of
// people, go nowhere.
func newHTTP(handler http.Handler, config *tls.Config) *http.Server {
	return &http.Server{
		Handler:           handler,
		TLSConfig:         config,
		ReadHeaderTimeout: headerTime,
		ReadTimeout:       headerTime,
		WriteTimeout:      answerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    headerBytes,
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: streams},
		ErrorLog:          log.New(io.Discard, "", 0),
	}
}

// Link is the address to open in a browser.
func (s *Server) Link() string { return s.link }

// Fingerprint is the SHA-256 of the certificate, in upper-case hex with
// colons, as browsers show it.
func (s *Server) Fingerprint() string { return s.fingerprint }

// Serve answers until ctx ends, then tells every browser that the server is
// restarting and returns nil. Otherwise it returns why it could not go on. It
// is called once.
func (s *Server) Serve(ctx context.Context) error {
	failed := make(chan error, 1)
	go func() { failed <- s.http.ServeTLS(s.listener, "", "") }()
	var reason error
	select {
	case <-ctx.Done():
	case reason = <-failed:
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	s.close(late)
	return reason
}

// close ends everything; ctx bounds how long it takes.
func (s *Server) close(ctx context.Context) {
	_ = s.listener.Close() // no newcomers while the others are told
	s.hub.Close(ctx)
	if s.http.Shutdown(ctx) != nil {
		_ = s.http.Close()
	}
	_ = s.router.Close()
}
