package signaling

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"paravent/signaling/wire"
)

// server is a hub behind a real socket.
type server struct {
	t    testing.TB
	hub  *Hub
	url  string
	keys *keys
	dial *websocket.Dialer
	from string // whence connections through pipes seem to come
}

// addressed is a connection that seems to come from somewhere.
type addressed struct {
	net.Conn
	from address
}

type address string

func (a address) Network() string { return "tcp" }
func (a address) String() string  { return string(a) }

func (c addressed) RemoteAddr() net.Addr { return c.from }

func newServer(t testing.TB, limits Limits) *server {
	t.Helper()
	hub := NewHub(newFakeMedia(), limits)
	srv := httptest.NewServer(hub)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		hub.Close(ctx)
		if ctx.Err() != nil {
			t.Error("the hub did not end")
		}
		srv.Close()
	})
	return &server{
		t: t, hub: hub, url: "ws" + strings.TrimPrefix(srv.URL, "http"), keys: newKeys(t),
		dial: &websocket.Dialer{Subprotocols: []string{wire.Subprotocol}},
	}
}

// socket is a browser's end of a connection.
type socket struct {
	t     testing.TB
	ws    *websocket.Conn
	nonce []byte
	token []byte
}

func (s *server) connect() *socket {
	s.t.Helper()
	ws, res, err := s.dial.Dial(s.url, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	_ = res.Body.Close()
	c := &socket{t: s.t, ws: ws}
	s.t.Cleanup(func() { _ = ws.Close() })
	m, code := c.read()
	challenge, ok := m.(*wire.Challenge)
	if !ok || len(challenge.Nonce) != wire.NonceSize {
		s.t.Fatalf("opened with %T and %d", m, code)
	}
	c.nonce = challenge.Nonce
	return c
}

// come connects and joins.
func (s *server) come(name string) *socket {
	s.t.Helper()
	c := s.connect()
	c.send(s.keys.open(c.nonce, name))
	return c
}

// open is a Join of a moderator whose rules let everybody in who has the link,
// or of a participant.
func (k *keys) open(nonce []byte, name string) *wire.Join {
	j := k.proof(nonce, name)
	if j.Moderator != nil {
		signed := k.signed(name, rules(1))
		j.Policy = &signed
	}
	return j
}

// seated is a room with A, who is its moderator, and b in one group.
func (s *server) seated() (a, b *socket) {
	s.t.Helper()
	a = s.come("A")
	a.want("joined found")
	b = s.come("b")
	b.want("joined A")
	a.want("arrived b", "nominate 0 +b")
	a.commit(0, "+b")
	a.want("committed 0")
	b.want("welcome 1")
	return a, b
}

func (c *socket) send(m wire.ClientMessage) {
	c.t.Helper()
	frame, err := wire.EncodeClient(m)
	if err != nil {
		c.t.Fatal(err)
	}
	c.raw(websocket.TextMessage, frame)
}

// raw sends any frame; that the server has closed meanwhile is no fault.
func (c *socket) raw(kind int, frame []byte) bool { return c.ws.WriteMessage(kind, frame) == nil }

func (c *socket) commit(epoch uint64, changes string) { c.send(offer(epoch, changes)) }

// read returns the next message, or the code with which the connection was
// closed; -1 if it just broke.
func (c *socket) read() (wire.ServerMessage, int) {
	c.t.Helper()
	_ = c.ws.SetReadDeadline(time.Now().Add(time.Minute))
	_, frame, err := c.ws.ReadMessage()
	var closed *websocket.CloseError
	switch {
	case errors.As(err, &closed):
		return nil, closed.Code
	case err != nil:
		c.t.Log(err)
		return nil, -1
	}
	m, err := wire.DecodeServer(frame)
	if err != nil {
		c.t.Fatal(err)
	}
	if m, ok := m.(*wire.Moderated); ok && m.Present {
		return c.read() // that goes without saying
	}
	switch m := m.(type) {
	case *wire.Joined:
		c.token = m.Token
	case *wire.Resumed:
		c.token = m.Token
	}
	return m, 0
}

func (c *socket) want(want ...string) {
	c.t.Helper()
	for _, w := range want {
		if m, code := c.read(); m == nil || short(m) != w {
			c.t.Fatalf("told %T (%d), want %q", m, code, w)
		}
	}
}

// wantClose reads up to the end.
func (c *socket) wantClose(want int) {
	c.t.Helper()
	for {
		m, code := c.read()
		if m != nil {
			continue
		}
		if code != want {
			c.t.Fatalf("closed with %d, want %d", code, want)
		}
		return
	}
}

func TestBadInputEndsItsOwnStayOnly(t *testing.T) {
	text := func(frames ...string) func(*socket) {
		return func(c *socket) {
			for _, f := range frames {
				c.raw(websocket.TextMessage, []byte(f))
			}
		}
	}
	for name, bad := range map[string]struct {
		do   func(*socket)
		code int
	}{
		"unknown type":        {text(`{"t":"admin"}`), 4000},
		"message of a server": {text(`{"t":"pong"}`), 4000},
		"unknown field":       {text(`{"t":"ping","x":1}`), 4000},
		"wrong type":          {text(`{"t":"ready","epoch":"1"}`), 4000},
		"null":                {text(`{"t":"ready","epoch":null}`), 4000},
		"truncated":           {text(`{"t":"ready","epo`), 4000},
		"empty":               {text(``), 4000},
		"two messages in one": {text(`{"t":"ping"}{"t":"ping"}`), 4000},
		"over-long field":     {text(`{"t":"data","body":"` + strings.Repeat("A", 30000) + `"}`), 4000},
		"garbage":             {text("\x00\x01\xfe\xff\x80"), 4000},
		"invalid UTF-8":       {text("{\"t\":\"answer\",\"sdp\":\"\xff\"}"), 4000},
		"deeply nested":       {text(`{"t":` + strings.Repeat("[", 100_000)), 4000},
		"binary":              {func(c *socket) { c.raw(websocket.BinaryMessage, []byte(`{"t":"ping"}`)) }, 4000},
		"10 MB":               {func(c *socket) { c.raw(websocket.TextMessage, bytes.Repeat([]byte("x"), 10<<20)) }, 1009},
		"10000 messages": {func(c *socket) {
			for range 10_000 {
				if !c.raw(websocket.TextMessage, []byte(`{"t":"ping"}`)) {
					return
				}
			}
		}, 4005},
		"10000 pings of the WebSocket": {func(c *socket) {
			for range 10_000 {
				if c.ws.WriteControl(websocket.PingMessage, nil, time.Time{}) != nil {
					return
				}
			}
		}, 4005},
		"100 data messages": {func(c *socket) {
			for range 100 {
				c.send(&wire.Data{Body: []byte{1}})
			}
		}, 4005},
		"join twice": {func(c *socket) {
			id := named("x")
			c.send(&wire.Join{
				Room: id[:], Moderators: id[:], JoinKey: random(32), JoinSignature: random(64), Person: id[:],
				KeyPackage: id[:], Device: "phone",
			})
		}, 4000},
		"resume in a stay": {func(c *socket) { c.send(&wire.Resume{Token: c.token, KeyPackage: []byte("x")}) }, 4000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, Limits{})
			a, b := s.seated()
			c := s.come("c")
			c.want("joined A b")
			bad.do(c)
			c.wantClose(bad.code)
			b.want("arrived c")
			for told := ""; told != "left c"; { // perhaps asked to add it before
				m, _ := b.read()
				told = short(m)
			}
			a.send(&wire.Data{Body: []byte("still here")})
			for told := ""; told != "relayed A still here"; {
				m, _ := b.read()
				told = short(m)
			}
		})
	}
}

func TestCommitsOutOfOrderHaveNoEffect(t *testing.T) {
	s := newServer(t, Limits{})
	a, b := s.seated()
	c := s.come("c")
	c.want("joined A b")
	c.commit(1, "") // not a member
	c.want("rejected 1")
	for _, epoch := range []uint64{0, 2, wire.MaxInteger} {
		b.commit(epoch, "")
	}
	b.want("arrived c", "rejected 0", "rejected 2", fmtRejected(wire.MaxInteger))
	b.commit(1, "-A") // nobody asked for that
	b.want("rejected 1")
	a.want("arrived c")
}

func fmtRejected(epoch uint64) string { return short(&wire.Rejected{Epoch: epoch}) }

func TestFirstMessageMustBeJoinOrResume(t *testing.T) {
	s := newServer(t, Limits{})
	for name, m := range map[string]wire.ClientMessage{
		"ready": &wire.Ready{}, "data": &wire.Data{Body: []byte("x")}, "subscribe": &wire.Subscribe{},
	} {
		t.Run(name, func(t *testing.T) {
			c := s.connect()
			c.send(m)
			c.wantClose(4000)
		})
	}
	c := s.connect()
	c.send(&wire.Ping{}) // whoever takes long to make keys may still ask
	c.want("*wire.Pong")
	c.send(&wire.Leave{})
	c.wantClose(1000)
}

// TestProofsOfAnotherConnection sends what was heard on another connection.
func TestProofsOfAnotherConnection(t *testing.T) {
	s := newServer(t, Limits{})
	c := s.connect()
	c.send(s.keys.proof(random(wire.NonceSize), "A"))
	c.want("refused proof")
	c.wantClose(4001)
}

func TestGuessesAreThrottled(t *testing.T) {
	inPipes(t, func(s *server) { // where no time passes, in which something is forgiven
		for range guessMost / guessProof {
			c := s.connect()
			c.send(s.keys.proof(nil, "A"))
			c.wantClose(4001)
		}
		c := s.come("A") // it would be true
		c.want("refused throttled 60000")
		c.wantClose(4001)
		resumed := s.connect()
		resumed.send(&wire.Resume{Token: random(32), KeyPackage: []byte("kp")})
		resumed.want("refused throttled 60000")
		resumed.wantClose(4001)
	})
}

func TestUnknownTokenIsRefusedAndCounts(t *testing.T) {
	s := newServer(t, Limits{})
	c := s.connect()
	c.send(&wire.Resume{Token: random(32), KeyPackage: []byte("kp")})
	c.want("refused expired")
	c.wantClose(4001)
	s.hub.mu.Lock()
	defer s.hub.mu.Unlock()
	if len(s.hub.throttle.networks) != 1 {
		t.Error("not counted")
	}
}

func TestLeaveAndResumeOverSockets(t *testing.T) {
	s := newServer(t, Limits{})
	a, b := s.seated()
	_ = b.ws.Close()
	a.want("away b")
	again := s.connect()
	again.send(&wire.Resume{Token: b.token, Epoch: 1, KeyPackage: []byte("kp")})
	again.want("resumed member A")
	a.want("back b")
	half := s.connect() // the last one still seems alive
	half.send(&wire.Resume{Token: again.token, Epoch: 1, KeyPackage: []byte("kp")})
	half.want("resumed member A")
	again.wantClose(4004)
	half.send(&wire.Leave{})
	half.wantClose(1000)
	a.want("left b")
}

func TestRestart(t *testing.T) {
	s := newServer(t, Limits{})
	a, b := s.seated()
	idle := s.connect()
	s.hub.Close(t.Context())
	a.wantClose(4007)
	b.wantClose(4007)
	idle.wantClose(4007)
	_, res, err := s.dial.Dial(s.url, nil)
	if err == nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a connection after Close: %v", err)
	}
	_ = res.Body.Close()
}

func TestUpgradeIsRefused(t *testing.T) {
	s := newServer(t, Limits{Entering: 1})
	for name, try := range map[string]struct {
		dial   *websocket.Dialer
		header http.Header
		status int
	}{
		"no subprotocol":      {&websocket.Dialer{}, nil, 400},
		"another subprotocol": {&websocket.Dialer{Subprotocols: []string{"paravent.0"}}, nil, 400},
		"any origin":          {s.dial, http.Header{"Origin": {"https://elsewhere.example"}}, 101},
		"too many":            {s.dial, nil, 503}, // the one before has not joined
	} {
		if name == "too many" {
			continue
		}
		ws, res, _ := try.dial.Dial(s.url, try.header)
		if res.StatusCode != try.status {
			t.Errorf("%s: %d, want %d", name, res.StatusCode, try.status)
		}
		_ = res.Body.Close()
		if ws != nil {
			_, more, err := s.dial.Dial(s.url, nil)
			if err == nil || more.StatusCode != 503 {
				t.Errorf("one too many: %v", err)
			}
			_ = more.Body.Close()
			_ = ws.Close()
		}
	}
	res, err := http.Get(strings.Replace(s.url, "ws", "http", 1))
	if err != nil || res.StatusCode != 400 {
		t.Errorf("no WebSocket at all: %v", err)
	}
	_ = res.Body.Close()
}

func TestGoroutinesEndWithTheirRooms(t *testing.T) {
	s := newServer(t, Limits{})
	before := runtime.NumGoroutine()
	for range 5 {
		a, b := s.seated()
		c := s.come("c")
		c.want("joined A b")
		_ = b.ws.Close()
		a.send(&wire.Leave{})
		c.send(&wire.Leave{})
		a.wantClose(1000)
		c.wantClose(1000)
		again := s.connect() // so that b need not be waited for
		again.send(&wire.Resume{Token: b.token, Epoch: 1, KeyPackage: []byte("kp")})
		again.want("resumed member")
		again.send(&wire.Leave{})
		again.wantClose(1000)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if runtime.NumGoroutine() <= before && s.hub.Counts() == (Counts{}) {
			return
		}
		time.Sleep(20 * time.Millisecond) // those of package net/http end on their own
	}
	t.Fatalf("%d goroutines, %d before; %+v", runtime.NumGoroutine(), before, s.hub.Counts())
}

// pipes is a listener for connections inside the process, so that sockets can
// be tested under a fake clock.
type pipes chan net.Conn

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (p pipes) Close() error   { return nil }
func (p pipes) Addr() net.Addr { return &net.TCPAddr{} }

// inPipes runs a story with a server under a fake clock.
func inPipes(t *testing.T, story func(s *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		listener := make(pipes)
		hub := NewHub(newFakeMedia(), Limits{})
		srv := &http.Server{Handler: hub}
		go func() { _ = srv.Serve(listener) }()
		defer func() {
			hub.Close(context.Background())
			close(listener)
			_ = srv.Close()
		}()
		s := &server{t: t, hub: hub, url: "ws://test", keys: newKeys(t)}
		s.dial = &websocket.Dialer{
			Subprotocols: []string{wire.Subprotocol},
			NetDial: func(string, string) (net.Conn, error) {
				ours, theirs := net.Pipe()
				listener <- addressed{theirs, address(s.from)}
				return ours, nil
			},
		}
		story(s)
	})
}

// deaf leaves pings of the WebSocket unanswered: a pipe holds nothing, so that
// two sides that write at the same moment would wait for each other.
func (c *socket) deaf() { c.ws.SetPingHandler(func(string) error { return nil }) }

func TestNobodyWaitsForAJoinForEver(t *testing.T) {
	inPipes(t, func(s *server) {
		c := s.connect()
		c.deaf()
		begin := time.Now()
		c.wantClose(4006)
		if took := time.Since(begin); took != entryTime {
			t.Errorf("closed after %v", took)
		}
	})
}

func TestPingsDoNotPutOffTheJoin(t *testing.T) {
	inPipes(t, func(s *server) {
		c := s.connect()
		c.deaf()
		for range 3 {
			time.Sleep(entryTime/4 - time.Millisecond)
			c.send(&wire.Ping{})
			c.want("*wire.Pong")
		}
		begin := time.Now()
		c.wantClose(4006)
		if took := time.Since(begin); took > entryTime/3 {
			t.Errorf("closed after %v more", took)
		}
	})
}

func TestDeadConnectionIsNoticed(t *testing.T) {
	inPipes(t, func(s *server) {
		a := s.come("A")
		a.want("joined found")
		b := s.come("b")
		b.want("joined A") // and never reads again
		begin := time.Now()
		a.want("arrived b", "nominate 0 +b")
		for told := ""; told != "away b"; {
			m, code := a.read() // which answers pings
			if m == nil {
				t.Fatal(code)
			}
			told = short(m)
		}
		if took := time.Since(begin); took > silenceTime {
			t.Errorf("noticed after %v", took)
		}
		a.send(&wire.Leave{})
		a.wantClose(1000)
	})
}
