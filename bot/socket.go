package bot

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"paravent/signaling/wire"
)

const (
	dialTime    = 10 * time.Second // for TLS and the WebSocket
	writeTime   = 10 * time.Second // for one message
	silenceTime = 15 * time.Second // without the server's ping, which comes every 5 s
	readLimit   = 512 << 10        // bytes of the largest message of the server: a Welcome is 220 KiB of JSON
	readBuffer  = 1024             // bytes kept for each connection; a message may be longer
)

var (
	// errProtocol is what a server says that is not the protocol.
	errProtocol = errors.New("bot: want messages of this protocol")
	// errConnection stands for whatever a socket says: addresses are in it.
	errConnection = fmt.Errorf("%w: no answer", ErrConnection)
)

//nolint:gochecknoglobals // a pool has no state that shows
var writeBuffers sync.Pool

// socket is one WebSocket to the server. Only its person's loop writes to it.
type socket struct {
	conn *websocket.Conn
}

// dial opens a WebSocket at url (wss: or ws:).
func dial(ctx context.Context, url string, o *Options) (*socket, error) {
	dialer := websocket.Dialer{
		Proxy:            http.ProxyFromEnvironment,
		NetDialContext:   o.Dial,
		TLSClientConfig:  o.TLS,
		HandshakeTimeout: dialTime,
		Subprotocols:     []string{wire.Subprotocol},
		ReadBufferSize:   readBuffer,
		WriteBufferPool:  &writeBuffers,
	}
	if o.Dial != nil {
		dialer.Proxy = nil
	}
	conn, response, err := dialer.DialContext(ctx, url, nil)
	if response != nil && response.Body != nil {
		_ = response.Body.Close()
	}
	if certificate, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return nil, fmt.Errorf("%w: want a certificate that is trusted: %w", ErrConnection, certificate.Err)
	}
	if err != nil {
		return nil, errConnection
	}
	if conn.Subprotocol() != wire.Subprotocol {
		_ = conn.Close()
		return nil, errProtocol
	}
	conn.SetReadLimit(readLimit)
	return &socket{conn}, nil
}

// read hands every message to take, until the connection ends, and returns the
// server's close code, or 0 if there is none. It returns errProtocol's code,
// CloseMalformed, if it is the server who does not speak the protocol.
func (s *socket) read(take func(wire.ServerMessage)) wire.Close {
	extend := func() error { return s.conn.SetReadDeadline(time.Now().Add(silenceTime)) }
	answer := s.conn.PingHandler()
	s.conn.SetPingHandler(func(data string) error {
		if err := extend(); err != nil {
			return err
		}
		return answer(data)
	})
	for {
		if err := extend(); err != nil {
			return 0
		}
		kind, frame, err := s.conn.ReadMessage()
		if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
			return wire.Close(closed.Code)
		}
		if err != nil {
			return 0
		}
		m, err := wire.DecodeServer(frame)
		if err != nil || kind != websocket.TextMessage {
			return wire.CloseMalformed
		}
		take(m)
	}
}

// send writes a message. An error means that it is beyond a limit, or that the
// connection is of no more use: then read ends too.
func (s *socket) send(m wire.ClientMessage) error {
	frame, err := wire.EncodeClient(m)
	if err != nil {
		return err
	}
	if err := s.conn.SetWriteDeadline(time.Now().Add(writeTime)); err != nil {
		return errConnection
	}
	if err := s.conn.WriteMessage(websocket.TextMessage, frame); err != nil {
		s.close()
		return errConnection
	}
	return nil
}

// close ends the connection; it may be called by anybody, and twice.
func (s *socket) close() { _ = s.conn.Close() }
