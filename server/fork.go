package server

import (
	"io"
	"net"
	"sync/atomic"
	"time"
)

// lines takes over TCP connections that carry media, of clients whose network
// lets no UDP through.
type lines interface{ TakeTCP(conn net.Conn) }

// forked is the HTTPS port, which such clients use too: what they send first is
// a framed connectivity check (RFC 4571, RFC 8489), and no TLS record begins
// like one.
type forked struct {
	net.Listener
	lines lines
}

// Accept implements net.Listener.
func (f forked) Accept() (net.Conn, error) {
	conn, err := f.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &fork{Conn: conn, lines: f.lines}, nil
}

// fork is a connection of which the first byte tells what it is for.
type fork struct {
	net.Conn
	lines lines
	web   bool        // it is for HTTPS; only for the reader
	given atomic.Bool // it is for media, and no longer ours
}

// Read implements net.Conn. For a connection that carries media it ends at
// once, and so does the web server's interest in it.
func (f *fork) Read(b []byte) (int, error) {
	if f.given.Load() {
		return 0, io.EOF
	}
	n, err := f.Conn.Read(b)
	if f.web || n == 0 {
		return n, err
	}
	const longest = 1 // first byte of the length of a check
	if b[0] > longest {
		f.web = true
		return n, err
	}
	f.given.Store(true)
	_ = f.Conn.SetDeadline(time.Time{})
	f.lines.TakeTCP(&begun{Conn: f.Conn, first: append([]byte(nil), b[:n]...)})
	return 0, io.EOF
}

// Write implements net.Conn.
func (f *fork) Write(b []byte) (int, error) {
	if f.given.Load() {
		return 0, net.ErrClosed
	}
	return f.Conn.Write(b)
}

// Close implements net.Conn.
func (f *fork) Close() error {
	if f.given.Load() {
		return nil
	}
	return f.Conn.Close()
}

// SetDeadline implements net.Conn.
func (f *fork) SetDeadline(t time.Time) error {
	if f.given.Load() {
		return nil
	}
	return f.Conn.SetDeadline(t)
}

// SetReadDeadline implements net.Conn.
func (f *fork) SetReadDeadline(t time.Time) error {
	if f.given.Load() {
		return nil
	}
	return f.Conn.SetReadDeadline(t)
}

// SetWriteDeadline implements net.Conn.
func (f *fork) SetWriteDeadline(t time.Time) error {
	if f.given.Load() {
		return nil
	}
	return f.Conn.SetWriteDeadline(t)
}

// begun is a connection of which something was read already.
type begun struct {
	net.Conn
	first []byte // not given yet
}

// Read implements net.Conn.
func (b *begun) Read(p []byte) (int, error) {
	if len(b.first) == 0 {
		return b.Conn.Read(p)
	}
	n := copy(p, b.first)
	b.first = b.first[n:]
	return n, nil
}
