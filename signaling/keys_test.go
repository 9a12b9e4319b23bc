package signaling

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"paravent/signaling/wire"
)

// keys are what the two links of a room hold, as far as the server is
// concerned (e2ee/PROTOCOL.md).
type keys struct {
	t                testing.TB
	join, moderator  ed25519.PrivateKey
	kem              []byte
	moderators, room []byte
}

func newKeys(t testing.TB) *keys {
	t.Helper()
	k := &keys{t: t, kem: random(32)}
	var err error
	if _, k.join, err = ed25519.GenerateKey(nil); err != nil {
		t.Fatal(err)
	}
	if _, k.moderator, err = ed25519.GenerateKey(nil); err != nil {
		t.Fatal(err)
	}
	k.moderators = digest(moderatorsLabel, public(k.moderator), k.kem)[:16]
	k.room = digest(roomLabel, k.moderators, public(k.join))[:16]
	return k
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return b
}

func public(k ed25519.PrivateKey) []byte { return k.Public().(ed25519.PublicKey) }

// keyOf is a key that belongs to a name: of a person's leaf, a device, a ticket.
func keyOf(name string) ed25519.PrivateKey {
	seed := sha256.Sum256([]byte(name))
	return ed25519.NewKeyFromSeed(seed[:])
}

// proof makes a Join for a nonce; a name in capitals is a moderator's.
func (k *keys) proof(nonce []byte, name string) *wire.Join {
	id := named(name)
	j := &wire.Join{
		Room: k.room, Moderators: k.moderators, JoinKey: public(k.join),
		JoinSignature: k.prove(k.join, joinProofLabel, nonce, name),
		Person:        id[:], KeyPackage: []byte("kp " + name), Device: "desktop",
	}
	if strings.ToUpper(name) == name {
		j.Moderator = &wire.ModeratorProof{
			Grant: k.grant(name), Signature: k.prove(keyOf(name), moderatorProofLabel, nonce, name),
		}
	}
	return j
}

// prove signs what every proof of a Join begins with, and more.
func (k *keys) prove(key ed25519.PrivateKey, label string, nonce []byte, name string, more ...byte) []byte {
	id := named(name)
	return ed25519.Sign(key, slices.Concat([]byte(label), nonce, k.room, id[:], more))
}

// grant is what whoever holds the moderator link makes for itself.
func (k *keys) grant(name string) []byte { return k.appoint(name, k.kem, time.Now().Add(time.Hour)) }

// appoint makes a grant for a person whose KEM key this is.
func (k *keys) appoint(name string, kem []byte, notAfter time.Time) []byte {
	id := named(name)
	said := slices.Concat(id[:], public(keyOf(name)), kem, binary.BigEndian.AppendUint64(nil, milliseconds(notAfter)))
	signature := ed25519.Sign(k.moderator, slices.Concat([]byte(grantLabel), k.room, said))
	return slices.Concat(public(k.moderator), k.kem, said, signature)
}

// signed is a statement of a moderator.
func (k *keys) signed(name string, statement wire.Statement) wire.Signed {
	k.t.Helper()
	text, err := wire.EncodeStatement(statement)
	if err != nil {
		k.t.Fatal(err)
	}
	return k.signText(name, text)
}

func (k *keys) signText(name, text string) wire.Signed {
	return wire.Signed{
		Statement: text, Grant: k.grant(name),
		Signature: ed25519.Sign(keyOf(name), slices.Concat([]byte(statementLabel), k.room, []byte(text))),
	}
}

// order is a statement as a room gets it.
func (k *keys) order(name string, statement wire.Statement) *order {
	k.t.Helper()
	s := k.signed(name, statement)
	o, err := readSigned(&s, roomID(k.room), moderatorsID(k.moderators))
	if err != nil {
		k.t.Fatal(err)
	}
	return o
}

// ticket makes a ticket whose key is keyOf(name); zero times are left out.
func (k *keys) ticket(name string, flags byte, notBefore, notAfter time.Time) []byte {
	ms := func(t time.Time) []byte {
		if t.IsZero() {
			return make([]byte, 8)
		}
		return binary.BigEndian.AppendUint64(nil, milliseconds(t))
	}
	return k.signTicket(slices.Concat([]byte{ticketVersion, flags}, ms(notBefore), ms(notAfter), public(keyOf(name)),
		public(k.moderator), k.kem, binary.BigEndian.AppendUint16(nil, labelBox), random(labelBox)))
}

func (k *keys) signTicket(said []byte) []byte {
	return append(said, ed25519.Sign(k.moderator, slices.Concat([]byte(ticketGrantLabel), k.room, said))...)
}

// show is the proof that a person has a ticket on a device, both by their names.
func (k *keys) show(raw, nonce []byte, person, ticket, device string) *wire.TicketProof {
	ticketKey, deviceKey := public(keyOf(ticket)), public(keyOf(device))
	return &wire.TicketProof{
		Ticket: raw, Signature: k.prove(keyOf(ticket), ticketProofLabel, nonce, person, deviceKey...),
		Device: deviceKey, DeviceSignature: k.prove(keyOf(device), deviceProofLabel, nonce, person, ticketKey...),
	}
}

// rules is a Policy with which anybody with the link may come in.
func rules(version uint64) *wire.Policy {
	return &wire.Policy{Seq: version, Version: version, Chat: true, Share: true, Unmoderated: "lock"}
}
