package privacy

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"paravent/signaling/wire"
)

// secret stands in everything that a client sends here. If the program repeats
// any of it, the checks of stop find it.
const secret = "SECRET-jane.doe@example.org-192.0.2.77"

// room is what the links of a room hold. It is written from e2ee/PROTOCOL.md
// alone, as another client would have it.
type room struct {
	t               *testing.T
	join, moderator ed25519.PrivateKey
	kem             []byte
	moderators, id  []byte
}

func newRoom(t *testing.T) *room {
	t.Helper()
	r := &room{t: t, join: newKey(), moderator: newKey(), kem: random(wire.KeySize)}
	r.moderators = short("paravent moderators v1", public(r.moderator), r.kem)
	r.id = short("paravent room v1", r.moderators, public(r.join))
	return r
}

func newKey() ed25519.PrivateKey { return ed25519.NewKeyFromSeed(random(ed25519.SeedSize)) }

func public(key ed25519.PrivateKey) []byte { return key[ed25519.SeedSize:] }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func short(label string, parts ...[]byte) []byte {
	sum := sha256.Sum256(slices.Concat([]byte(label), slices.Concat(parts...)))
	return sum[:16]
}

func sign(key ed25519.PrivateKey, label string, parts ...[]byte) []byte {
	return ed25519.Sign(key, slices.Concat([]byte(label), slices.Concat(parts...)))
}

func milliseconds(t time.Time) []byte {
	return binary.BigEndian.AppendUint64(nil, uint64(t.UnixMilli()))
}

// grant is what whoever has the moderator link makes for itself.
func (r *room) grant(b *browser) []byte {
	said := slices.Concat(b.person, public(b.key), r.kem, milliseconds(time.Now().Add(time.Hour)))
	return slices.Concat(public(r.moderator), r.kem, said, sign(r.moderator, "paravent grant v1", r.id, said))
}

// ticket makes a ticket for one device.
func (r *room) ticket(key ed25519.PrivateKey) []byte {
	said := slices.Concat([]byte{1, 0}, make([]byte, 16), public(key), public(r.moderator), r.kem, []byte{0, 112}, random(112))
	return append(said, sign(r.moderator, "paravent ticket v1", r.id, said)...)
}

// browser is a WebSocket client that speaks the protocol as a browser does.
type browser struct {
	t      *testing.T
	conn   *websocket.Conn
	nonce  []byte
	person []byte
	key    ed25519.PrivateKey // of the leaf
	seq    uint64
}

// dial opens a connection that comes from an address of this machine.
func (r *running) dial(from string) *browser {
	r.t.Helper()
	dialer := websocket.Dialer{
		TLSClientConfig: r.trust(), Subprotocols: []string{wire.Subprotocol}, HandshakeTimeout: patience,
		NetDialContext: (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).DialContext,
	}
	headers := http.Header{"Origin": {"https://" + r.address()}, "User-Agent": {secret}}
	conn, response, err := dialer.DialContext(r.t.Context(), "wss://"+r.address()+"/signaling", headers)
	if err != nil {
		r.t.Fatal("open a WebSocket: ", err)
	}
	_ = response.Body.Close()
	r.t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(3 * patience)); err != nil {
		r.t.Fatal(err)
	}
	b := &browser{t: r.t, conn: conn, person: random(wire.PersonSize), key: newKey()}
	b.nonce = await[*wire.Challenge](b).Nonce
	return b
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
			var want M
			b.t.Fatalf("want %T, but the connection ended: %v", want, err)
		}
		message, err := wire.DecodeServer(frame)
		if err != nil {
			b.t.Fatal(err)
		}
		if m, ok := message.(M); ok {
			return m
		}
		if no, ok := message.(*wire.Refused); ok {
			b.t.Fatalf("refused: %s", no.Code)
		}
	}
}

// closed reads until the server closes the connection, with this code.
func (b *browser) closed(want wire.Close) {
	b.t.Helper()
	if got := b.code(); got != want {
		b.t.Errorf("close code %d, want %d", got, want)
	}
}

// code reads until the server closes the connection; 0 is no close frame.
func (b *browser) code() wire.Close {
	for {
		if _, _, err := b.conn.ReadMessage(); err != nil {
			if e, ok := errors.AsType[*websocket.CloseError](err); ok {
				return wire.Close(e.Code)
			}
			return 0
		}
	}
}

// refused reads why there is no entry.
func (b *browser) refused(want wire.Code) {
	b.t.Helper()
	if got := await[*wire.Refused](b); got.Code != want {
		b.t.Errorf("refused for %q, want %q", got.Code, want)
	}
	b.closed(wire.CloseRefused)
}

// proof is a Join for the room, with whatever more is to be in it.
func (b *browser) proof(r *room, more ...func(*wire.Join)) *wire.Join {
	j := &wire.Join{
		Room: r.id, Moderators: r.moderators, JoinKey: public(r.join),
		JoinSignature: sign(r.join, "paravent join proof v1", b.nonce, r.id, b.person),
		Person:        b.person, KeyPackage: []byte(secret), Device: "desktop",
	}
	for _, add := range more {
		add(j)
	}
	return j
}

// asModerator, with and the others are what a Join may have besides.
func (b *browser) asModerator(r *room) func(*wire.Join) {
	return func(j *wire.Join) {
		j.Moderator = &wire.ModeratorProof{
			Grant: r.grant(b), Signature: sign(b.key, "paravent moderator proof v1", b.nonce, r.id, b.person),
		}
	}
}

func (b *browser) withPassphrase(r *room, key ed25519.PrivateKey) func(*wire.Join) {
	return func(j *wire.Join) {
		j.Passphrase = &wire.PassphraseProof{
			Key: public(key), Signature: sign(key, "paravent passphrase proof v1", b.nonce, r.id, b.person),
		}
	}
}

func (b *browser) withTicket(r *room, ticket []byte, key, device ed25519.PrivateKey) func(*wire.Join) {
	return func(j *wire.Join) {
		j.Ticket = &wire.TicketProof{
			Ticket: ticket, Signature: sign(key, "paravent ticket proof v1", b.nonce, r.id, b.person, public(device)),
			Device: public(device), DeviceSignature: sign(device, "paravent device proof v1", b.nonce, r.id, b.person, public(key)),
		}
	}
}

func withHost(token []byte) func(*wire.Join) { return func(j *wire.Join) { j.Host = token } }

// order signs and sends a statement. Set gives it its number.
func (b *browser) order(r *room, statement func(seq uint64) wire.Statement) {
	b.t.Helper()
	b.seq++
	text, err := wire.EncodeStatement(statement(b.seq))
	if err != nil {
		b.t.Fatal(err)
	}
	b.send(&wire.Act{Signed: wire.Signed{
		Statement: text, Grant: r.grant(b), Signature: sign(b.key, "paravent statement v1", r.id, []byte(text)),
	}})
}

// admit lets in somebody who knocks.
func (b *browser) admit(r *room, guest *browser) {
	b.t.Helper()
	for !bytes.Equal(await[*wire.Knocked](b).Person, guest.person) {
	}
	b.order(r, func(seq uint64) wire.Statement {
		return &wire.Admit{
			Seq: seq, Until: uint64(time.Now().Add(time.Minute).UnixMilli()),
			People: []wire.Admitted{{Person: guest.person, Key: public(guest.key)}},
		}
	})
}

// knock waits until one may, and knocks with a name that only moderators read.
func (b *browser) knock(r *room) {
	b.t.Helper()
	for {
		if w := await[*wire.Waiting](b); w.For == "admission" && len(w.Grants) > 0 {
			break
		}
	}
	b.send(&wire.Knock{Boxes: []wire.Box{{KEMKey: r.kem, Sealed: []byte(secret)}}})
}

// add commits what the server asks for until it has asked to add guest.
func (b *browser) add(guest *browser) {
	b.t.Helper()
	for {
		n := await[*wire.Nominate](b)
		c := &wire.Commit{Epoch: n.Epoch, Commit: []byte(secret), Adds: [][]byte{}, Removes: n.Removes}
		for _, a := range n.Adds {
			c.Adds, c.Welcome = append(c.Adds, a.Person), []byte(secret)
		}
		b.send(c)
		await[*wire.Committed](b)
		if slices.ContainsFunc(c.Adds, func(id []byte) bool { return bytes.Equal(id, guest.person) }) {
			return
		}
	}
}
