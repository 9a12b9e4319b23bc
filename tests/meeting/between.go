package meeting

import (
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/gorilla/websocket"

	"paravent/signaling/wire"
)

// Between stands between clients and a server and may change what the server
// says: a lying server, as far as clients can tell. Every connection has a
// liar of its own.
type Between struct {
	Server
	Hold func(wire.ClientMessage) // called with what clients say before it is passed on; nil: nothing. To be set before anybody connects

	mu    sync.Mutex // guards what follows
	conns []net.Conn
}

// Liar turns a message of the server into those that the client is told, in
// order. It is called by one goroutine for each connection.
type Liar func(wire.ServerMessage) []wire.ServerMessage

// Lie starts a Between until the test ends. liar is called for each connection.
func Lie(tb testing.TB, s *Server, liar func() Liar) *Between {
	tb.Helper()
	b := &Between{}
	listener, err := (&net.ListenConfig{}).Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	web := &http.Server{ReadHeaderTimeout: Patience, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.serve(s, w, r, liar()) })}
	go func() { _ = web.Serve(listener) }()
	tb.Cleanup(func() { _ = web.Close(); b.Cut() })
	b.Origin = "http://" + listener.Addr().String()
	return b
}

// Cut breaks all connections.
func (b *Between) Cut() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, c := range b.conns {
		_ = c.Close()
	}
	b.conns = nil
}

func (b *Between) serve(s *Server, w http.ResponseWriter, r *http.Request, lie Liar) {
	upgrader := websocket.Upgrader{Subprotocols: []string{wire.Subprotocol}}
	client, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = client.Close() }()
	dialer := websocket.Dialer{TLSClientConfig: s.TLS, Subprotocols: []string{wire.Subprotocol}}
	server, response, err := dialer.Dial("wss"+strings.TrimPrefix(s.Origin, "https")+"/signaling", nil)
	if err != nil {
		return
	}
	_ = response.Body.Close()
	defer func() { _ = server.Close() }()
	b.mu.Lock()
	b.conns = append(b.conns, client.NetConn(), server.NetConn())
	b.mu.Unlock()
	go func() {
		defer func() { _ = server.Close() }()
		for {
			kind, frame, err := client.ReadMessage()
			if err != nil {
				return
			}
			if m, err := wire.Decode(frame); err == nil && b.Hold != nil {
				b.Hold(m)
			}
			if server.WriteMessage(kind, frame) != nil {
				return
			}
		}
	}()
	for tell(client, server, lie) {
	}
}

// tell passes on one message of the server, as it is lied about. It is false
// once there are none any more.
func tell(client, server *websocket.Conn, lie Liar) bool {
	kind, frame, err := server.ReadMessage()
	if closed, ok := errors.AsType[*websocket.CloseError](err); ok {
		_ = client.WriteMessage(websocket.CloseMessage, websocket.FormatCloseMessage(closed.Code, ""))
	}
	if err != nil {
		return false
	}
	m, err := wire.DecodeServer(frame)
	if err != nil {
		return false
	}
	for _, told := range lie(m) {
		out, err := wire.Encode(told)
		if err != nil || client.WriteMessage(kind, out) != nil {
			return false
		}
	}
	return true
}
