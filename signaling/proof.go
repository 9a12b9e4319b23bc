package signaling

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"time"

	"paravent/signaling/wire"
)

// What is hashed and signed begins with one of these (e2ee/PROTOCOL.md).
const (
	roomLabel            = "paravent room v1"
	moderatorsLabel      = "paravent moderators v1"
	markLabel            = "paravent mark v1"
	grantLabel           = "paravent grant v1"
	statementLabel       = "paravent statement v1"
	ticketGrantLabel     = "paravent ticket v1"
	joinProofLabel       = "paravent join proof v1"
	moderatorProofLabel  = "paravent moderator proof v1"
	generationProofLabel = "paravent generation proof v1"
	passphraseProofLabel = "paravent passphrase proof v1" //nolint:gosec // a label, no secret
	ticketProofLabel     = "paravent ticket proof v1"
	deviceProofLabel     = "paravent device proof v1"
)

// entry is what a Join proves, whatever the room is like: all of it holds,
// and a room only compares. It is not to be changed.
type entry struct {
	room       roomID
	moderators moderatorsID
	person     personID
	moderator  *grant                // not past when it was read; nil: not a moderator
	host       bool                  // has a host token of this server
	generation *wire.GenerationProof // possesses the link with this number and key; nil: the first
	passphrase *publicKey            // what follows from the passphrase it knows; nil: none shown
	ticket     *ticket               // its times are not looked at; nil: none shown
	policy     *order                // a moderator's: a Policy whose author's grant was not past; nil: none
	network    uint64                // where it seems to come from, as a keyed hash; to be forgotten once let in
}

// prove reads what a Join proves to a connection whose challenge was nonce. It
// knows no room: what it says, and how long it takes, depends on the message
// alone. On failure it returns why, as Refused tells it; on success "".
func prove(j *wire.Join, nonce []byte, hosts ed25519.PublicKey, now time.Time) (*entry, wire.Code) {
	e := &entry{room: roomID(j.Room), moderators: moderatorsID(j.Moderators), person: personID(j.Person)}
	p := prover{nonce: nonce, room: j.Room, person: j.Person}
	if !bytes.Equal(digest(roomLabel, j.Moderators, j.JoinKey)[:wire.RoomSize], j.Room) ||
		!p.holds(joinProofLabel, j.JoinKey, j.JoinSignature, nil) || !e.proveModerator(p, j, now) {
		return nil, wire.CodeProof
	}
	if g := j.Generation; g != nil {
		if !p.holds(generationProofLabel, g.Key, g.Signature, nil) {
			return nil, wire.CodeGeneration
		}
		e.generation = g
	}
	if s := j.Passphrase; s != nil {
		if !p.holds(passphraseProofLabel, s.Key, s.Signature, nil) {
			return nil, wire.CodePassphrase
		}
		key := publicKey(s.Key)
		e.passphrase = &key
	}
	if j.Ticket != nil && !e.proveTicket(p, j.Ticket) {
		return nil, wire.CodeTicket
	}
	e.host = readHost(j.Host, hosts, now)
	return e, ""
}

// proveModerator reads what only moderators show: their grant, which must be
// for this person, and the rules of the room as they know them.
func (e *entry) proveModerator(p prover, j *wire.Join, now time.Time) bool {
	if j.Moderator == nil {
		return true
	}
	g, err := readGrant(j.Moderator.Grant, e.room, e.moderators)
	if err != nil || g.person != e.person || !g.holds(now) ||
		!p.holds(moderatorProofLabel, g.key[:], j.Moderator.Signature, nil) {
		return false
	}
	e.moderator = g
	if j.Policy == nil {
		return true
	}
	o, err := readSigned(j.Policy, e.room, e.moderators)
	if err != nil {
		return false
	}
	if _, ok := o.statement.(*wire.Policy); !ok {
		return false
	}
	if o.holds(now) { // whoever brings it may have had it from somebody else, long ago
		e.policy = o
	}
	return true
}

// proveTicket reads a ticket, and that this person has its key and the device's.
func (e *entry) proveTicket(p prover, proof *wire.TicketProof) bool {
	t, err := readTicket(proof.Ticket, e.room, e.moderators)
	if err != nil || !p.holds(ticketProofLabel, t.key[:], proof.Signature, proof.Device) ||
		!p.holds(deviceProofLabel, proof.Device, proof.DeviceSignature, t.key[:]) {
		return false
	}
	t.device = publicKey(proof.Device)
	e.ticket = t
	return true
}

// prover is what every signature in a Join is over.
type prover struct{ nonce, room, person []byte }

// holds says whether key has signed (Ed25519, RFC 8032) what a label asks for.
func (p prover) holds(label string, key, signature, more []byte) bool {
	return ed25519.Verify(key, bytes.Join([][]byte{[]byte(label), p.nonce, p.room, p.person, more}, nil), signature)
}

func digest(label string, parts ...[]byte) []byte {
	sum := sha256.Sum256(append([]byte(label), bytes.Join(parts, nil)...))
	return sum[:]
}
