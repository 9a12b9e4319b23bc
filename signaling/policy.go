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

// ruleset is what moderators have laid down for a room. It outlives the last
// person for a little while (outlive.go), and so holds nobody but those whose
// keys stand in what was signed.
type ruleset struct {
	policy  *wire.Policy
	signed  *wire.Signed  // the policy as everybody is shown it; nil: version 0
	author  *grant        // whose it is; nil: version 0
	tickets map[mark]mark // the ticket and the device of each use of a ticket that holds for one device
	opened  bool          // a moderator has been in, and the meeting has not been ended
}

// newRuleset is what holds before a moderator has said anything (wire.Policy).
func newRuleset() *ruleset {
	return &ruleset{
		policy:  &wire.Policy{Lobby: true, Chat: true, Share: true, Unmoderated: locks},
		tickets: make(map[mark]mark),
	}
}

// barrier says whether nobody is added to the group without a moderator's word.
func (u *ruleset) barrier() bool { return u.policy.Lobby || u.policy.Locked }

// withdrawn says whether a grant holds no more by a policy. Nobody can dismiss
// whoever has the moderator link: it could make another grant.
func withdrawn(g *grant, by *wire.Policy) bool {
	if len(by.Barred)+len(by.Dismissed) == 0 {
		return false // nothing to hash for
	}
	m := markOf(g.key)
	return holdsMark(by.Barred, m) || !g.holder && holdsMark(by.Dismissed, m)
}

// barred says whether a ticket, or the device it is used on, may not come in.
func (u *ruleset) barred(t *ticket) bool {
	return t != nil && (holdsMark(u.policy.Barred, markOf(t.key)) || holdsMark(u.policy.Barred, markOf(t.device)))
}

// silences says whether a person who is no moderator may not speak.
func (u *ruleset) silences(id personID) bool {
	return holdsID(u.policy.Silenced, id) || u.policy.Quiet && !holdsID(u.policy.Speakers, id)
}

// renews says whether a policy does what only a holder of the moderator link
// may: change the link generation, or give keys back the grants that were
// withdrawn.
func (u *ruleset) renews(p *wire.Policy) bool {
	if !sameGeneration(u.policy.Generation, p.Generation) {
		return true
	}
	full := len(p.Dismissed) >= mostDismissed // the oldest fall out
	return !full && slices.ContainsFunc(u.policy.Dismissed, func(m []byte) bool { return !holdsMark(p.Dismissed, mark(m)) })
}

// follows says whether a policy comes after the present one: it is the next;
// or, of a holder of the moderator link, any later one, or one that withdraws
// the grant of whoever laid the present one down. So nobody who was appointed
// can freeze the rules by a great number.
func (u *ruleset) follows(p *wire.Policy, by *grant) bool {
	switch {
	case withdrawn(by, u.policy):
		return false
	case !by.holder:
		return p.Version == u.policy.Version+1
	}
	return p.Version > u.policy.Version || u.author != nil && withdrawn(u.author, p)
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
