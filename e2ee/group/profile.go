package group

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/mls"
	"paravent/signaling/wire"
)

// errProfile is wrapped by errors that name a rule of the profile. What is
// wrong never leaves the package: a commit that breaks a rule is not applied,
// and the person asks for a resync.
var errProfile = errors.New("against the profile")

type ruleError struct{ rule string }

func (e *ruleError) Error() string { return "group: " + e.rule + " wanted" }
func (e *ruleError) Unwrap() error { return errProfile }

func profile(rule string) error { return &ruleError{rule} }

// Limits in bytes, as on the wire.
const (
	keyPackageMax = 2048
	commitMax     = 65536
	welcomeMax    = 163840
)

const pskLabel = "paravent psk"

// pskID names the PSK of a link generation.
func pskID(generation uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte(pskLabel), generation)
}

// generationOf returns the link generation that a PSK is of.
func generationOf(id []byte) (uint32, bool) {
	number, ok := bytes.CutPrefix(id, []byte(pskLabel))
	if !ok || len(number) != 4 {
		return 0, false
	}
	return binary.BigEndian.Uint32(number), true
}

// allowed is what a commit that the profile allows does.
type allowed struct {
	said       *said
	added      []Seat // their leaves are not known yet: 0
	removed    []Seat
	generation uint32           // the group's after the commit
	begins     *link.Generation // with this commit; nil: none
	kicks      []wire.Signed    // Remove statements in it
}

// checkCommit checks a commit, before it is applied, against the epoch it is
// for (PROTOCOL.md, "Commits"). What needs the group's secrets package mls
// checks; whether those it adds may come in, admission decides.
func (p *present) checkCommit(c *mls.Commit, leafMAC []byte) (*allowed, error) {
	a, err := p.checkForm(c)
	if err != nil {
		return nil, err
	}
	if err := p.checkCommitter(c); err != nil {
		return nil, err
	}
	staying := p.roster.all()
	for i, leaf := range c.Removes {
		s, ok := p.roster[leaf]
		if !ok || slices.Contains(c.Removes[:i], leaf) {
			return nil, profile("removes of members, once each")
		}
		a.removed = append(a.removed, s)
		staying = slices.DeleteFunc(staying, func(other Seat) bool { return other.Leaf == leaf })
	}
	for _, k := range c.Adds {
		s, err := seatOf(k.Leaf(), 0, leafMAC)
		if err != nil {
			return nil, err
		}
		a.added = append(a.added, s)
	}
	return a, checkSeats(slices.Concat(staying, a.added))
}

// checkForm checks what a commit says and proposes.
func (p *present) checkForm(c *mls.Commit) (*allowed, error) {
	if c.Epoch != p.group.Epoch() || !bytes.Equal(c.GroupID, p.group.ID()) {
		return nil, mls.ErrEpoch
	}
	if c.Others {
		return nil, profile("only inline adds, removes and one psk")
	}
	said, err := decodeSaid(c.AuthenticatedData)
	if err != nil {
		return nil, err
	}
	a := &allowed{said: said, generation: p.generation}
	reason := uint8(refresh)
	if len(c.Adds)+len(c.Removes) > 0 {
		reason = change
	}
	if said.Reason == rotate && reason == refresh {
		a.generation++
	} else if said.Reason != reason {
		// The secret of a new link is sealed for all members: none of them may go with it.
		return nil, profile("the reason of the commit")
	}
	if len(c.PSKs) != 1 || !bytes.Equal(c.PSKs[0], pskID(a.generation)) {
		return nil, profile("the psk of this link")
	}
	if len(c.Adds) > AddsMax {
		return nil, profile("at most 64 adds")
	}
	if c.Path == nil && (len(c.Removes) > 0 || len(c.Adds) == 0) {
		return nil, profile("a path")
	}
	return a, nil
}

// checkCommitter checks that a commit is by a member who stays and stays who it
// is.
func (p *present) checkCommitter(c *mls.Commit) error {
	by, ok := p.roster[c.Sender]
	if !c.Member || !ok || slices.Contains(c.Removes, c.Sender) {
		return profile("a commit by a member who stays")
	}
	if c.Path == nil {
		return nil
	}
	members := p.group.Members()
	i := slices.IndexFunc(members, func(m mls.Member) bool { return m.Index == by.Leaf })
	if i < 0 || !c.Path.Plain || !bytes.Equal(c.Path.Identity, members[i].Identity) || !bytes.Equal(c.Path.SignatureKey, by.Key[:]) {
		return profile("a path that changes nobody's identity")
	}
	return nil
}

// checkJoined checks a group that this person has just entered (PROTOCOL.md,
// "Welcome") and returns who is in it.
func (s *Stay) checkJoined(g *mls.Group) (roster, error) {
	if id := g.ID(); len(id) != GroupSize || !bytes.Equal(id[:len(s.room)], s.room[:]) {
		return nil, profile("a group of this room")
	}
	if g.Extended() {
		return nil, profile("a group without extensions")
	}
	r, err := rosterOf(g, s.leafMAC)
	if err != nil {
		return nil, err
	}
	if own, ok := r[g.Own()]; !ok || own.Person != s.self.Person {
		return nil, profile("a leaf of one's own")
	}
	return r, nil
}

// resyncEvery is how long to wait before a resync is asked for again: the first
// may be under way, or lost.
const resyncEvery = 10 * time.Second
