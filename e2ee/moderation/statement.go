package moderation

import (
	"crypto/ed25519"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"paravent/signaling/wire"
)

const (
	statementLabel = "paravent statement v1"
	maxText        = 16384 // bytes of a statement
	maxEntry       = 16384 // bytes of an entry of a commit's authenticated data
	entryFront     = wire.GrantSize + ed25519.SignatureSize
)

// ErrStatement is returned for what no moderator of the room has signed.
var ErrStatement = errors.New("moderation: not a statement of a moderator")

// Said is an authentic statement, and under whose grant it was said.
type Said struct {
	Statement wire.Statement
	Grant     *Grant
}

func statementInput(room ID, text string) []byte {
	return slices.Concat([]byte(statementLabel), room[:], []byte(text))
}

// Sign signs a statement under a grant (216 bytes) with the leaf's key that the
// grant names. It returns an error when a limit is broken.
func Sign(s wire.Statement, grant []byte, key ed25519.PrivateKey, room ID) (*wire.Signed, error) {
	text, err := wire.EncodeStatement(s)
	if err != nil {
		return nil, err
	}
	if len(grant) != wire.GrantSize || len(text) > maxText {
		return nil, ErrSize
	}
	return &wire.Signed{Statement: text, Grant: slices.Clone(grant), Signature: ed25519.Sign(key, statementInput(room, text))}, nil
}

// ReadSigned reads what a moderator has signed. It returns ErrStatement or
// ErrGrant unless text, grants (at now; that of an Appoint too) and signature
// are as they must be. Left to the caller: whether the number is new, and
// whether the grant is Withdrawn.
func ReadSigned(signed *wire.Signed, room, moderators ID, now time.Time) (*Said, error) {
	if len(signed.Statement) > maxText {
		return nil, ErrStatement
	}
	statement, err := wire.DecodeStatement(signed.Statement)
	if err != nil {
		return nil, ErrStatement
	}
	if again, err := wire.EncodeStatement(statement); err != nil || again != signed.Statement {
		return nil, ErrStatement
	}
	grant, err := ReadGrant(signed.Grant, room, moderators, now)
	if err != nil {
		return nil, err
	}
	if !ed25519.Verify(grant.Key[:], statementInput(room, signed.Statement), signed.Signature) {
		return nil, ErrStatement
	}
	if a, ok := statement.(*wire.Appoint); ok {
		if _, err := ReadGrant(a.Grant, room, moderators, now); err != nil {
			return nil, err
		}
	}
	return &Said{Statement: statement, Grant: grant}, nil
}

// SeqOf returns a statement's number.
func SeqOf(s wire.Statement) uint64 {
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
	default:
		return 0
	}
}

// Entry returns a statement as an entry of a commit's authenticated data: grant,
// signature, text. It returns ErrSize when it is too long for one.
func Entry(s *wire.Signed) ([]byte, error) {
	entry := slices.Concat(s.Grant, s.Signature, []byte(s.Statement))
	if len(s.Grant) != wire.GrantSize || len(s.Signature) != ed25519.SignatureSize || len(entry) > maxEntry {
		return nil, ErrSize
	}
	return entry, nil
}

// ReadEntry returns what an entry of authenticated data is, before anything is
// verified: a grant, or a statement. It returns ErrStatement for anything else.
func ReadEntry(b []byte) (grant []byte, signed *wire.Signed, err error) {
	switch {
	case len(b) == wire.GrantSize:
		return b, nil, nil
	case len(b) > entryFront && len(b) <= maxEntry && utf8.Valid(b[entryFront:]):
		return nil, &wire.Signed{Grant: b[:wire.GrantSize], Signature: b[wire.GrantSize:entryFront], Statement: string(b[entryFront:])}, nil
	default:
		return nil, nil, ErrStatement
	}
}
