package signaling

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"time"

	"paravent/signaling/wire"
)

// order is a statement whose form and signature hold (e2ee/PROTOCOL.md,
// "Statements"). Whether it takes effect is for the room to say: the grant may
// be past or withdrawn, the number played before. It is not to be changed.
type order struct {
	signed    wire.Signed // as it came: what everybody is shown
	grant     *grant      // of whoever signed
	statement wire.Statement
	seq       uint64
	appointed *grant // whom an Appoint names; otherwise nil
}

// act is an order that somebody in the room, or waiting for it, has given. The
// connection has read it, so that a room spends no time on signatures.
type act struct {
	mail  *mail
	order *order
}

func (act) event() {}

var errStatement = errors.New("signaling: want a statement that a moderator of this room has signed")

// readSigned reads a statement about a room whose moderators' keys hash to
// moderators. An error means that its form or a signature is false: no
// browser of ours sends that. It keeps what s holds.
func readSigned(s *wire.Signed, room roomID, moderators moderatorsID) (*order, error) {
	g, err := readGrant(s.Grant, room, moderators)
	if err != nil {
		return nil, err
	}
	signed := bytes.Join([][]byte{[]byte(statementLabel), room[:], []byte(s.Statement)}, nil)
	if !ed25519.Verify(g.key[:], signed, s.Signature) {
		return nil, errStatement
	}
	statement, err := wire.DecodeStatement(s.Statement)
	if err != nil {
		return nil, err
	}
	if text, err := wire.EncodeStatement(statement); err != nil || text != s.Statement {
		return nil, errStatement // one text for one statement, so that everybody reads the same
	}
	o := &order{signed: *s, grant: g, statement: statement, seq: seqOf(statement)}
	if a, ok := statement.(*wire.Appoint); ok {
		if o.appointed, err = readGrant(a.Grant, room, moderators); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// holds says whether the grant behind the order is not past.
func (o *order) holds(now time.Time) bool { return o.grant.holds(now) }

// seqOf is the number of a statement among those under its key.
func seqOf(s wire.Statement) uint64 {
	switch s := s.(type) {
	case *wire.Policy:
		return s.Seq
	case *wire.Admit:
		return s.Seq
	case *wire.Deny:
		return s.Seq
	case *wire.Note:
		return s.Seq
	case *wire.Remove:
		return s.Seq
	case *wire.Stop:
		return s.Seq
	case *wire.Appoint:
		return s.Seq
	case *wire.End:
		return s.Seq
	}
	return 0
}
