package signaling

import (
	"bytes"
	"slices"

	"paravent/signaling/wire"
)

// Words of Policy.Unmoderated.
const (
	goesOn = "continue"
	locks  = "lock"
	ends   = "end"
)

// rules are what moderators have laid down for a room. They outlive the last
// person for a little while (outlive.go), and so hold nobody but those whose
// keys stand in what was signed.
type rules struct {
	policy  *wire.Policy
	signed  *wire.Signed  // the policy as everybody is shown it; nil: version 0
	tickets map[mark]mark // the ticket and the device of each use of a ticket that holds for one device
	opened  bool          // a moderator has been in, and the meeting has not been ended
}

// newRules is what holds before a moderator has said anything (wire.Policy).
func newRules() *rules {
	return &rules{
		policy:  &wire.Policy{Lobby: true, Chat: true, Share: true, Unmoderated: locks},
		tickets: make(map[mark]mark),
	}
}

// barrier says whether nobody is added to the group without a moderator's word.
func (u *rules) barrier() bool { return u.policy.Lobby || u.policy.Locked }

// dismissed says whether the grant of a key is withdrawn, or the key barred.
func (u *rules) dismissed(key publicKey) bool {
	m := markOf(key)
	return holdsMark(u.policy.Dismissed, m) || holdsMark(u.policy.Barred, m)
}

// barred says whether a ticket, or the device it is used on, may not come in.
func (u *rules) barred(t *ticket) bool {
	return t != nil && (holdsMark(u.policy.Barred, markOf(t.key)) || holdsMark(u.policy.Barred, markOf(t.device)))
}

// silences says whether a person who is no moderator may not speak.
func (u *rules) silences(id personID) bool {
	return holdsID(u.policy.Silenced, id) || u.policy.Quiet && !holdsID(u.policy.Speakers, id)
}

// renews says whether a policy does what only a holder of the moderator link
// may: change the link generation, or give keys back the grants that were
// withdrawn. What has been laid down nowhere yet may be brought by anybody.
func (u *rules) renews(p *wire.Policy) bool {
	if u.policy.Version == 0 {
		return false
	}
	if !sameGeneration(u.policy.Generation, p.Generation) {
		return true
	}
	full := len(p.Dismissed) >= mostDismissed // the oldest fall out
	return !full && slices.ContainsFunc(u.policy.Dismissed, func(m []byte) bool { return !holdsMark(p.Dismissed, mark(m)) })
}

// newer says whether a policy comes after the present one. Generations of
// links only count up.
func (u *rules) newer(p *wire.Policy) bool {
	was, is := u.policy.Generation, p.Generation
	back := was != nil && (is == nil || is.Number < was.Number || is.Number == was.Number && !sameGeneration(was, is))
	return p.Version > u.policy.Version && !back
}

func sameGeneration(a, b *wire.Generation) bool {
	return a == nil && b == nil || a != nil && b != nil && a.Number == b.Number && bytes.Equal(a.Key, b.Key)
}

func holdsMark(list [][]byte, m mark) bool {
	return slices.ContainsFunc(list, func(o []byte) bool { return bytes.Equal(o, m[:]) })
}

func holdsID(list [][]byte, id personID) bool {
	return slices.ContainsFunc(list, func(o []byte) bool { return bytes.Equal(o, id[:]) })
}
