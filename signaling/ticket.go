package signaling

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"time"

	"paravent/signaling/wire"
)

// ticket is a person's ticket (e2ee/PROTOCOL.md, "Tickets") and the device it
// is shown from, both proved. It is not to be changed.
type ticket struct {
	raw       []byte // as it came: what moderators are shown
	key       publicKey
	device    publicKey
	viewer    bool   // receives only
	many      bool   // may be used on any number of devices
	notBefore uint64 // ms since 1970; 0: from ever
	notAfter  uint64 // ms since 1970; 0: for ever
}

// Where the parts of a ticket are.
const (
	ticketVersion   = 1
	ticketFlags     = 1 // the version comes first
	ticketNotBefore = ticketFlags + 1
	ticketNotAfter  = ticketNotBefore + 8
	ticketKey       = ticketNotAfter + 8
	ticketModerator = ticketKey + wire.KeySize
	ticketKEM       = ticketModerator + wire.KeySize
	ticketLabelSize = ticketKEM + wire.KeySize
	ticketLabel     = ticketLabelSize + 2
	ticketSignature = ticketLabel + labelBox
	ticketEnd       = ticketSignature + wire.SignatureSize

	labelBox = 112 // bytes of a sealed label, always
)

// The flags of a ticket. No other may be set.
const (
	ticketViewer = 1 << iota
	ticketMany
)

var errTicket = errors.New("signaling: want a ticket of this room's moderators")

// readTicket reads a ticket for a room whose moderators' keys hash to
// moderators. It keeps raw, and leaves the device for readTicketProof.
func readTicket(raw []byte, room roomID, moderators moderatorsID) (*ticket, error) {
	if len(raw) != ticketEnd || raw[0] != ticketVersion || raw[ticketFlags]&^(ticketViewer|ticketMany) != 0 ||
		binary.BigEndian.Uint16(raw[ticketLabelSize:]) != labelBox {
		return nil, errTicket
	}
	key := raw[ticketModerator:ticketKEM]
	if !isModerators(moderators, key, raw[ticketKEM:ticketLabelSize]) {
		return nil, errTicket
	}
	signed := bytes.Join([][]byte{[]byte(ticketGrantLabel), room[:], raw[:ticketSignature]}, nil)
	if !ed25519.Verify(key, signed, raw[ticketSignature:]) {
		return nil, errTicket
	}
	t := &ticket{
		raw:       raw,
		key:       publicKey(raw[ticketKey:]),
		viewer:    raw[ticketFlags]&ticketViewer != 0,
		many:      raw[ticketFlags]&ticketMany != 0,
		notBefore: binary.BigEndian.Uint64(raw[ticketNotBefore:]),
		notAfter:  binary.BigEndian.Uint64(raw[ticketNotAfter:]),
	}
	if t.notBefore > wire.MaxInteger || t.notAfter > wire.MaxInteger { // browsers cannot hold them exactly
		return nil, errTicket
	}
	return t, nil
}

// holds returns a refusal if the ticket does not hold yet, or no more.
func (t *ticket) holds(now time.Time) error {
	ms := milliseconds(now)
	switch {
	case ms < t.notBefore:
		wait := min(t.notBefore-ms, mostWait)
		return refusal{code: wire.CodeEarly, wait: time.Duration(wait) * time.Millisecond}
	case t.notAfter != 0 && ms > t.notAfter:
		return refusal{code: wire.CodeLate}
	}
	return nil
}
