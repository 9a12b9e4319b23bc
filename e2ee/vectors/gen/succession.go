package main

import (
	"errors"
	"time"

	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

type successionCase struct {
	Verdict string `json:"verdict"` // succeeds, stays
	Name    string `json:"name"`
	ids
	Next  signedCase  `json:"next"`
	Known *signedCase `json:"known"` // null: version 0
}

func successions() (*file, error) {
	s, err := newDoorway()
	if err != nil {
		return nil, err
	}
	s.file = &file{About: "Which policy holds (PROTOCOL.md, Policy): whether the next one does, to a client that knows another. All of them are authentic."}
	byHolder := func(p *wire.Policy) *wire.Signed { return s.say(p, s.holderGrant, s.holder) }
	byHelper := func(p *wire.Policy) *wire.Signed { return s.say(p, s.helperGrant, s.helper) }
	at := func(p *wire.Policy, version uint64) *wire.Policy {
		c := *p
		c.Version = version
		return &c
	}
	helper, holder := s.helper.mark(), s.holder.mark()
	const last = 1<<53 - 1
	for _, c := range []struct {
		verdict, name string
		next, known   *wire.Signed
	}{
		{"succeeds", "the first", byHolder(s.open), nil},
		{"succeeds", "the first, of an appointed moderator", byHelper(at(s.open, 9)), nil},
		{"stays", "a first of version 0", byHolder(at(s.open, 0)), nil},
		{"succeeds", "the next", byHelper(at(s.open, 2)), byHolder(s.lobby)},
		{"succeeds", "one far ahead", byHolder(at(s.open, 1000)), byHelper(s.lobby)},
		{"stays", "the same version", byHolder(s.open), byHelper(s.lobby)},
		{"stays", "an older one", byHolder(s.open), byHelper(at(s.lobby, 2))},
		{"stays", "the same one again", byHolder(s.open), byHolder(s.open)},
		{"stays", "of somebody dismissed", byHelper(at(s.open, 3)), byHolder(dismissing(s.lobby, helper))},
		{"stays", "of somebody barred", byHelper(at(s.open, 3)), byHolder(barring(s.lobby, helper))},
		{"stays", "of a holder whose key is barred", byHolder(at(s.open, 3)), byHelper(barring(s.lobby, holder))},
		{"succeeds", "of a holder who was dismissed", byHolder(at(s.open, 3)), byHelper(dismissing(s.lobby, holder))},
		{"succeeds", "a holder's that dismisses who froze the rules", byHolder(dismissing(at(s.open, 2), helper)), byHelper(at(s.lobby, last))},
		{"succeeds", "a holder's that bars who froze the rules", byHolder(barring(at(s.open, 2), helper)), byHelper(at(s.lobby, last))},
		{"stays", "an older one of a holder that dismisses nobody", byHolder(at(s.open, 2)), byHelper(at(s.lobby, last))},
		{"stays", "an older one that dismisses a holder", byHelper(dismissing(at(s.open, 2), holder)), byHolder(at(s.lobby, 3))},
		{"stays", "an older one of an appointed moderator that dismisses itself", byHelper(dismissing(at(s.open, 2), helper)), byHelper(at(s.lobby, 3))},
	} {
		if err := s.succession(c.verdict, c.name, c.next, c.known); err != nil {
			return nil, err
		}
	}
	return s.file, nil
}

func (s *doorway) say(p *wire.Policy, grant []byte, by *someone) *wire.Signed {
	signed, err := s.signed(p, grant, by)
	if err != nil {
		return &wire.Signed{}
	}
	return signed
}

func (s *doorway) succession(verdict, name string, next, known *wire.Signed) error {
	c := successionCase{Verdict: verdict, Name: name, ids: s.ids(), Next: shownSigned(next)}
	n, err := moderation.ReadSigned(next, s.house.room.ID, s.link.Moderators, s.now.Add(time.Second))
	if err != nil {
		return err
	}
	var k *moderation.Said
	if known != nil {
		shown := shownSigned(known)
		c.Known = &shown
		if k, err = moderation.ReadSigned(known, s.house.room.ID, s.link.Moderators, s.now); err != nil {
			return err
		}
	}
	if moderation.Succeeds(n, k) != (verdict == "succeeds") {
		return errors.Join(errReference, errors.New("gen: "+name))
	}
	s.file.Cases = append(s.file.Cases, c)
	return nil
}
