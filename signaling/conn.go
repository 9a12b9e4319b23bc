package signaling

import (
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"paravent/signaling/wire"
)

// upgrader turns HTTP requests into WebSockets (RFC 6455).
type upgrader struct{ websocket.Upgrader }

func newUpgrader() *upgrader {
	return &upgrader{websocket.Upgrader{
		HandshakeTimeout: writeTime,
		WriteBufferPool:  &sync.Pool{}, // an idle connection needs none
		Subprotocols:     []string{wire.Subprotocol},
		// Any origin may connect, on purpose: there is no cookie that a foreign
		// page could make use of, and the client may be served from elsewhere.
		CheckOrigin: func(*http.Request) bool { return true },
		Error: func(w http.ResponseWriter, _ *http.Request, status int, _ error) {
			http.Error(w, http.StatusText(status), status)
		},
	}}
}

// conn is one WebSocket: this goroutine reads, another writes.
type conn struct {
	hub     *Hub
	ws      *websocket.Conn
	mail    *mail
	network uint64 // until it has entered a room
	nonce   []byte // until it has entered a room
	room    *room  // once it has entered one
	flow    flow
}

// ServeHTTP serves one connection until it ends. The failed tries of everybody
// who seems to have the same RemoteAddr count together: behind a proxy it must
// be set to the browser's address.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !slices.Contains(websocket.Subprotocols(r), wire.Subprotocol) {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	if !h.begin() {
		http.Error(w, http.StatusText(http.StatusServiceUnavailable), http.StatusServiceUnavailable)
		return
	}
	defer h.running.Done()
	entered := sync.OnceFunc(h.entered)
	defer entered()
	ws, err := h.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return
	}
	defer func() { _ = ws.Close() }()
	c := &conn{hub: h, ws: ws, mail: newMail(), network: h.network(r.RemoteAddr), nonce: make([]byte, wire.NonceSize)}
	c.serve(entered)
}

// serve runs both sides of the connection. Entered is called once it is in a
// room.
func (c *conn) serve(entered func()) {
	_, _ = rand.Read(c.nonce)                   // never fails
	_ = c.tell(&wire.Challenge{Nonce: c.nonce}) // the mail is empty
	written := make(chan struct{})
	go func() {
		defer close(written)
		defer func() { _ = recover() }() // silence: see read
		c.write()
	}()
	err := c.read(entered)
	code, willed := errors.AsType[ended](err)
	if !willed {
		code = ended(closeNormal)
	}
	if c.room != nil { // before its browser is told: whoever comes back at once finds the room without it
		c.room.post(depart{mail: c.mail, code: wire.Close(code), good: willed && wire.Close(code) != wire.CloseSlow})
	}
	c.mail.end(wire.Close(code)) // if it has not been ended
	if !willed && !errors.Is(err, errClosed) {
		_ = c.ws.Close() // nobody is there to be told anything; the writer may hang on it
	}
	<-written
	c.linger()
}

// read takes messages until the connection ends. The error is an ended when
// the server is to close it.
func (c *conn) read(entered func()) (err error) {
	defer func() {
		if recover() != nil { // it could hold what people sent: nobody is told
			err = ended(closeInternal)
		}
	}()
	c.ws.SetReadLimit(readLimit)
	c.ws.SetPingHandler(c.pinged)
	c.ws.SetPongHandler(c.ponged)
	_ = c.ws.SetReadDeadline(time.Now().Add(entryTime))
	for err == nil {
		err = c.next()
		if c.room != nil {
			entered()
		}
	}
	return err
}

// next takes one message.
func (c *conn) next() error {
	kind, frame, err := c.ws.ReadMessage()
	switch {
	case err != nil:
		return c.fault(err)
	case c.mail.ended():
		return errClosed
	case kind != websocket.TextMessage:
		return ended(wire.CloseMalformed)
	case !c.flow.takes(len(frame), time.Now()):
		return ended(wire.CloseFlood)
	}
	m, err := wire.Decode(frame)
	if err != nil {
		return ended(wire.CloseMalformed)
	}
	err = c.take(m)
	c.heard()
	return err
}

// fault says what an error of the socket means.
func (c *conn) fault(err error) error {
	var timeout net.Error
	var code ended
	switch {
	case errors.As(err, &code):
		return code
	case errors.Is(err, websocket.ErrReadLimit):
		return ended(wire.CloseMalformed)
	case errors.As(err, &timeout) && timeout.Timeout() && c.room == nil:
		return ended(wire.CloseLate)
	}
	return err
}

// heard gives the browser time until the next message, or, once it has been
// closed, little, so that the reader ends.
func (c *conn) heard() {
	if c.room != nil {
		_ = c.ws.SetReadDeadline(time.Now().Add(silenceTime))
	}
	if c.mail.ended() { // asked after setting it: the writer may just have set its own
		_ = c.ws.SetReadDeadline(time.Now().Add(lingerTime))
	}
}

func (c *conn) pinged(data string) error {
	if !c.flow.takes(len(data), time.Now()) {
		return ended(wire.CloseFlood)
	}
	_ = c.ws.WriteControl(websocket.PongMessage, []byte(data), time.Now().Add(writeTime))
	c.heard()
	return nil
}

func (c *conn) ponged(data string) error {
	if !c.flow.takes(len(data), time.Now()) {
		return ended(wire.CloseFlood)
	}
	c.heard()
	return nil
}

// take acts on a message, or hands it to the room.
func (c *conn) take(m wire.ClientMessage) error {
	switch m := m.(type) {
	case *wire.Ping:
		return c.tell(&wire.Pong{})
	case *wire.Leave:
		return ended(closeNormal)
	case *wire.Join:
		return c.enter(func() (*room, error) { return c.join(m) })
	case *wire.Resume:
		return c.enter(func() (*room, error) { return c.resume(m) })
	case *wire.Data:
		if !c.flow.takesData(time.Now()) {
			return ended(wire.CloseFlood)
		}
	case *wire.Act:
		return c.act(m)
	case *wire.Ready, *wire.Commit, *wire.Resync, *wire.Publish, *wire.Subscribe, *wire.Answer, *wire.Watch, *wire.Knock:
	}
	if c.room == nil {
		return ended(wire.CloseMalformed)
	}
	c.room.post(say{c.mail, m})
	return nil
}

// enter brings the connection into a room, once.
func (c *conn) enter(into func() (*room, error)) error {
	if c.room != nil {
		return ended(wire.CloseMalformed)
	}
	if c.hub.blocks(c.network) {
		return c.refuse(refusal{code: wire.CodeThrottled, wait: throttleWait})
	}
	r, err := into()
	if no, ok := errors.AsType[refusal](err); ok {
		return c.refuse(no)
	}
	if err == nil { // what it came with is the room's business now, or nobody's
		c.room, c.network, c.nonce = r, 0, nil
	}
	return err
}

// join asks a room, once the proofs hold: whether they do depends on no room,
// and so whoever has no link learns of none.
func (c *conn) join(m *wire.Join) (*room, error) {
	entry, code := prove(m, c.nonce, c.hub.limits.Hosts, time.Now())
	if code != "" {
		c.hub.failed(c.network, guessProof)
		return nil, refusal{code: code}
	}
	entry.network = c.network
	return c.hub.enter(enter{join: m, entry: entry, mail: c.mail, verdict: make(chan error, 1)})
}

func (c *conn) resume(m *wire.Resume) (*room, error) {
	r, err := c.hub.resume(resume{resume: m, hash: hashToken(m.Token), mail: c.mail, verdict: make(chan error, 1)})
	if errors.Is(err, refusal{code: wire.CodeExpired}) {
		c.hub.failed(c.network, guessToken)
	}
	return r, err
}

// act reads an order, for the room has no time for signatures.
func (c *conn) act(m *wire.Act) error {
	if c.room == nil {
		return ended(wire.CloseMalformed)
	}
	o, err := readSigned(&m.Signed, c.room.id, c.room.moderators)
	if err != nil {
		return ended(wire.CloseMalformed)
	}
	c.room.post(act{c.mail, o})
	return nil
}

func (c *conn) refuse(no refusal) error {
	_ = c.tell(no.message()) // the connection ends anyway
	return ended(wire.CloseRefused)
}

func (c *conn) tell(m wire.ServerMessage) error {
	frame, err := wire.Encode(m)
	if err == nil && !c.mail.put(frame) {
		err = ended(wire.CloseSlow)
	}
	return err
}

// write empties the mail until it ends, and asks for a sign of life.
func (c *conn) write() {
	ping := time.NewTicker(pingTime)
	defer ping.Stop()
	closing := c.hub.closing
	for {
		select {
		case <-c.mail.wake:
			frames, code := c.mail.take()
			if !c.send(frames) {
				return
			}
			if code != 0 {
				c.close(code)
				return
			}
		case <-ping.C:
			_ = c.ws.WriteControl(websocket.PingMessage, nil, time.Now().Add(writeTime))
		case <-closing:
			closing = nil
			c.mail.end(wire.CloseRestarting)
		}
	}
}

// send writes frames. When it cannot, it ends the connection.
func (c *conn) send(frames [][]byte) bool {
	for _, frame := range frames {
		_ = c.ws.SetWriteDeadline(time.Now().Add(writeTime))
		if c.ws.WriteMessage(websocket.TextMessage, frame) != nil {
			c.mail.end(wire.CloseSlow)
			_ = c.ws.Close()
			return false
		}
	}
	return true
}

// close says why the connection ends, and lets the reader end soon.
func (c *conn) close(code wire.Close) {
	_ = c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(int(code), ""), time.Now().Add(writeTime))
	_ = c.ws.SetReadDeadline(time.Now().Add(lingerTime))
}

// linger waits a moment for the browser to read why it was closed.
func (c *conn) linger() {
	_ = c.ws.SetReadDeadline(time.Now().Add(lingerTime))
	for left := int64(lingerBytes); left > 0; {
		_, r, err := c.ws.NextReader()
		if _, closed := errors.AsType[*websocket.CloseError](err); closed {
			return
		}
		if err != nil { // no message can be read any more; what comes is dropped as it is
			_, _ = io.CopyN(io.Discard, c.ws.NetConn(), left)
			return
		}
		n, _ := io.Copy(io.Discard, r)
		left -= max(n, 1)
	}
}
