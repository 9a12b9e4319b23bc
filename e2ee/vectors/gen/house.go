package main

import (
	"crypto/ed25519"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

// house is one room with its moderators, in which the vectors play.
type house struct {
	link      *link.Link
	moderator *link.Moderator
	room      *link.Room
	now       time.Time
}

func newHouse() (*house, error) {
	l, err := link.New(secret("L"), secret("M"))
	if err != nil {
		return nil, err
	}
	m, err := link.NewModerator(*l.Moderator)
	if err != nil {
		return nil, err
	}
	room, err := l.Room()
	if err != nil {
		return nil, err
	}
	return &house{link: l, moderator: m, room: room, now: time.UnixMilli(1_800_000_000_000)}, nil
}

// ids is how a case says whose grants count, and when.
type ids struct {
	Room       hexBytes `json:"room"`
	Moderators hexBytes `json:"moderators"`
	Now        int64    `json:"now"` // ms since 1970
}

func (h *house) ids() ids {
	return ids{Room: h.room.ID[:], Moderators: h.link.Moderators[:], Now: h.now.UnixMilli()}
}

// someone is a person with a leaf.
type someone struct {
	id   moderation.ID
	seed [32]byte
	key  ed25519.PrivateKey
	kem  moderation.Key
}

func newSomeone(name string) *someone {
	id, seed := secret(name+" id"), secret(name+" leaf")
	s := &someone{id: moderation.ID(id[:]), seed: seed, key: ed25519.NewKeyFromSeed(seed[:])}
	if kem, err := x25519(name + " kem"); err == nil {
		s.kem = moderation.Key(kem.PublicKey().Bytes())
	}
	return s
}

func (s *someone) public() moderation.Key { return moderation.Key(s.key[ed25519.SeedSize:]) }

func (s *someone) mark() []byte {
	key := s.public()
	m := moderation.Mark(key[:])
	return m[:]
}

func (s *someone) coming() moderation.Coming {
	return moderation.Coming{Person: s.id, Key: s.public()}
}

// ownGrant is that of a holder of M.
func (h *house) ownGrant(s *someone) []byte {
	return moderation.NewOwnGrant(h.moderator, h.room.ID, s.id, s.public(), h.now.Add(time.Hour))
}

// grant is that of somebody appointed.
func (h *house) grant(s *someone) ([]byte, error) {
	return moderation.NewGrant(h.moderator, h.room.ID, s.id, s.public(), s.kem, h.now.Add(time.Hour))
}

// signed is a statement of s under a grant.
func (h *house) signed(statement wire.Statement, grant []byte, s *someone) (*wire.Signed, error) {
	return moderation.Sign(statement, grant, s.key, h.room.ID)
}

// signedCase is wire.Signed in a file.
type signedCase struct {
	Statement string   `json:"statement"`
	Grant     hexBytes `json:"grant"`
	Signature hexBytes `json:"signature"`
}

func shownSigned(s *wire.Signed) signedCase {
	return signedCase{Statement: s.Statement, Grant: s.Grant, Signature: s.Signature}
}
