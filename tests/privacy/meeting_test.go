package privacy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

// secret stands in everything that a client sends here. If the program repeats
// any of it, the checks of stop find it.
const secret = "SECRET-jane.doe@example.org-192.0.2.77"

// browser is a WebSocket client that speaks the protocol as a browser does.
type browser struct {
	t      *testing.T
	conn   *websocket.Conn
	person []byte
}

func (r *running) dial() *browser {
	r.t.Helper()
	dialer := websocket.Dialer{TLSClientConfig: r.trust(), Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: patience}
	headers := http.Header{"Origin": {"https://" + r.address()}, "User-Agent": {secret}}
	conn, response, err := dialer.DialContext(r.t.Context(), "wss://"+r.address()+"/signaling", headers)
	if err != nil {
		r.t.Fatal("open a WebSocket: ", err)
	}
	_ = response.Body.Close()
	r.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		r.t.Fatal(err)
	}
	person := make([]byte, wire.PersonSize)
	_, _ = rand.Read(person)
	return &browser{r.t, conn, person}
}

func (b *browser) send(messages ...wire.ClientMessage) {
	b.t.Helper()
	for _, m := range messages {
		frame, err := wire.EncodeClient(m)
		if err != nil {
			b.t.Fatal(err)
		}
		if err := b.conn.WriteMessage(websocket.TextMessage, frame); err != nil {
			b.t.Fatal(err)
		}
	}
}

// await reads until a message of type M comes.
func await[M wire.ServerMessage](b *browser) M {
	b.t.Helper()
	for {
		_, frame, err := b.conn.ReadMessage()
		if err != nil {
			b.t.Fatal("the connection ended: ", err)
		}
		message, err := wire.DecodeServer(frame)
		if err != nil {
			b.t.Fatal(err)
		}
		if m, ok := message.(M); ok {
			return m
		}
	}
}

// closed reads until the server closes the connection and returns the code.
func (b *browser) closed() int {
	b.t.Helper()
	for {
		if _, _, err := b.conn.ReadMessage(); err != nil {
			if e, ok := errors.AsType[*websocket.CloseError](err); ok {
				return e.Code
			}
			b.t.Fatal("want a close frame: ", err)
		}
	}
}

func public(key ed25519.PrivateKey) []byte { return key[ed25519.SeedSize:] }

// join enters the room of l, as a moderator if the link is one.
func (b *browser) join(l *link.Link, moderator *link.Moderator) {
	b.t.Helper()
	nonce := await[*wire.Challenge](b).Nonce
	room, err := l.Room()
	if err != nil {
		b.t.Fatal(err)
	}
	signature, err := room.ProveJoin(nonce, b.person)
	if err != nil {
		b.t.Fatal(err)
	}
	join := &wire.Join{
		Room: room.ID[:], Moderators: l.Moderators[:], JoinKey: public(room.Join), JoinSignature: signature,
		Person: b.person, KeyPackage: []byte(secret), Device: "desktop",
	}
	if moderator != nil {
		proof, err := moderator.Prove(nonce, room.ID[:], b.person)
		if err != nil {
			b.t.Fatal(err)
		}
		join.Moderator = &wire.ModeratorProof{
			SignatureKey: public(moderator.Signature), KEMKey: moderator.KEM.PublicKey().Bytes(), Signature: proof,
		}
	}
	b.send(join)
}

// TestAWholeMeetingLeavesNothing holds a meeting of two, misbehaves in every
// way it can think of, and then looks at what the program said and wrote.
func TestAWholeMeetingLeavesNothing(t *testing.T) {
	r := start(t, t.TempDir())
	var l, m [32]byte
	_, _ = rand.Read(l[:])
	_, _ = rand.Read(m[:])
	both, err := link.New(l, m)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := link.NewModerator(m)
	if err != nil {
		t.Fatal(err)
	}

	first := r.dial()
	first.join(both, keys)
	if !await[*wire.Joined](first).Found {
		t.Fatal("the first one founds the group")
	}
	first.send(&wire.Ready{Epoch: 0})
	second := r.dial()
	second.join(both, nil)
	nominated := await[*wire.Nominate](first)
	first.send(&wire.Commit{
		Epoch: nominated.Epoch, Commit: []byte(secret), Welcome: []byte(secret),
		Adds: [][]byte{second.person}, Removes: [][]byte{},
	})
	await[*wire.Committed](first)
	await[*wire.Joined](second)
	await[*wire.Welcome](second)
	first.send(&wire.Ready{Epoch: nominated.Epoch + 1})
	second.send(&wire.Ready{Epoch: nominated.Epoch + 1}, &wire.Data{Body: []byte(secret)})
	if got := await[*wire.Relayed](first); !bytes.Equal(got.Body, []byte(secret)) || !bytes.Equal(got.From, second.person) {
		t.Error("the data message was changed on its way")
	}

	// SDP that is none, an answer that nobody asked for, tracks of nobody.
	second.send(&wire.Publish{SDP: "v=0\r\no=" + secret}, &wire.Subscribe{}, &wire.Answer{SDP: secret},
		&wire.Watch{Slot: "0", Person: first.person, Mid: "none"}, &wire.Watch{Slot: "nowhere", Mid: ""}, &wire.Ping{})
	await[*wire.Pong](second)

	disturb(t, r)

	// One leaves without a word, the other is told that the server restarts.
	_ = second.conn.NetConn().Close()
	if got := await[*wire.Away](first); !bytes.Equal(got.Person, second.person) {
		t.Error("somebody else is away")
	}
	first.send(&wire.Ping{})
	await[*wire.Pong](first)
	code := make(chan int, 1)
	go func() { code <- first.closed() }()
	r.stop()
	if got := <-code; got != int(wire.CloseRestarting) {
		t.Errorf("close code %d, want %d", got, wire.CloseRestarting)
	}
}

// disturb sends what no browser sends, to every door.
func disturb(t *testing.T, r *running) {
	t.Helper()
	for name, c := range map[string]struct {
		kind  int
		frame []byte
		code  wire.Close
	}{
		"no JSON":       {websocket.TextMessage, []byte(secret), wire.CloseMalformed},
		"unknown type":  {websocket.TextMessage, []byte(`{"t":"` + secret + `"}`), wire.CloseMalformed},
		"unknown field": {websocket.TextMessage, []byte(`{"t":"ping","` + secret + `":1}`), wire.CloseMalformed},
		"binary":        {websocket.BinaryMessage, []byte(secret), wire.CloseMalformed},
		"deep nesting":  {websocket.TextMessage, []byte(strings.Repeat("[", 100_000)), wire.CloseMalformed},
		"too early":     {websocket.TextMessage, []byte(`{"t":"ready","epoch":0}`), wire.CloseMalformed},
	} {
		b := r.dial()
		await[*wire.Challenge](b)
		if err := b.conn.WriteMessage(c.kind, c.frame); err != nil {
			t.Fatal(err)
		}
		if got := b.closed(); got != int(c.code) {
			t.Errorf("%s: close code %d, want %d", name, got, c.code)
		}
	}
	// Neither TLS, nor HTTP, nor STUN.
	for _, garbage := range []string{secret, "GET / HTTP/1.1\r\nHost: " + secret + "\r\n\r\n", "\x16\x03\x01" + secret, ""} {
		conn, err := net.DialTimeout("tcp", r.address(), patience)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, garbage)
		_ = conn.Close()
		media, err := net.Dial("udp", r.address())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(media, garbage)
		_ = media.Close()
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: r.trust(), ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	for _, path := range []string{"/" + secret, "/signaling?" + secret, "/..%2f" + secret, "/%00"} {
		response, err := client.Post("https://"+r.address()+path, "text/plain", strings.NewReader(secret))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode < 400 || bytes.Contains(body, []byte(secret)) || response.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d, %q", path, response.StatusCode, body)
		}
	}
}
