package moderation

import (
	"errors"
	"slices"
	"time"

	"paravent/signaling/wire"
)

// MaxEntries is the greatest number of entries of one kind in a commit.
const MaxEntries = 64

var (
	// ErrEntry is returned when something said in a commit is not right or
	// covers nobody.
	ErrEntry = errors.New("moderation: an entry that is wrong or covers nobody")
	// ErrBarred is returned when a commit adds a key that a moderator barred.
	ErrBarred = errors.New("moderation: adds a key that is barred")
	// ErrNotAdmitted is returned when a commit adds somebody whom nobody has
	// admitted, though the rules want it.
	ErrNotAdmitted = errors.New("moderation: adds somebody who is not admitted")
)

// NoPolicy returns what holds before any Policy is known.
func NoPolicy() *wire.Policy {
	return &wire.Policy{Lobby: true, Chat: true, Share: true, Unmoderated: "lock"}
}

// Coming is somebody to be added or removed.
type Coming struct {
	Person ID
	Key    Key  // signature key of the leaf
	Viewer bool // role of the leaf is 0x02
}

// Change is what a commit does, and what is said in its authenticated data.
type Change struct {
	Adds, Removes []Coming
	Admissions    [][]byte // "a"
	Kicks         [][]byte // "k"
}

// Withdrawn reports whether a policy has taken a grant back: its key is barred,
// or dismissed (which holders of M cannot be).
func Withdrawn(g *Grant, p *wire.Policy) bool {
	return marked(p.Barred, g.Key) || !g.Holder && marked(p.Dismissed, g.Key)
}

func marked(list [][]byte, key Key) bool {
	m := Mark(key[:])
	return slices.ContainsFunc(list, func(one []byte) bool { return slices.Equal(one, m[:]) })
}

// Succeeds reports whether the Policy in next holds from now on, once that in
// known is known (nil: version 0). The greater version wins; but nobody whom
// the known rules withdrew can set them aside, and a holder of M can always set
// aside those of somebody it withdraws, whatever number they bear. It is false
// for what is not a Policy.
func Succeeds(next, known *Said) bool {
	n, ok := next.Statement.(*wire.Policy)
	if !ok {
		return false
	}
	if known == nil {
		return n.Version > 0
	}
	k, ok := known.Statement.(*wire.Policy)
	if !ok || Withdrawn(next.Grant, k) {
		return false
	}
	return next.Grant.Holder && Withdrawn(known.Grant, n) || n.Version > k.Version
}

// judge is the rules, the room and the time by which a commit is judged.
type judge struct {
	policy           *wire.Policy
	room, moderators ID
	now              time.Time
}

// admits is what an entry of "a" says once it is verified.
type admits func(Coming) bool

// admission returns ErrEntry when an entry of "a" does not hold.
func (j *judge) admission(entry []byte) (admits, error) {
	raw, signed, err := ReadEntry(entry)
	if err != nil {
		return nil, ErrEntry
	}
	if raw != nil {
		g, err := ReadGrant(raw, j.room, j.moderators, j.now)
		if err != nil || Withdrawn(g, j.policy) {
			return nil, ErrEntry
		}
		return func(c Coming) bool { return !c.Viewer && c.Person == g.Person && c.Key == g.Key }, nil
	}
	said, err := ReadSigned(signed, j.room, j.moderators, j.now)
	if err != nil || Withdrawn(said.Grant, j.policy) {
		return nil, ErrEntry
	}
	s, ok := said.Statement.(*wire.Admit)
	if !ok || past(s.Until, j.now) {
		return nil, ErrEntry
	}
	return func(c Coming) bool { return lists(s, c) }, nil
}

func lists(s *wire.Admit, c Coming) bool {
	return slices.ContainsFunc(s.People, func(p wire.Admitted) bool {
		return slices.Equal(p.Person, c.Person[:]) && slices.Equal(p.Key, c.Key[:]) && p.Viewer == c.Viewer
	})
}

// kick returns the Remove in an entry of "k", or ErrEntry.
func (j *judge) kick(entry []byte) (*Said, error) {
	_, signed, err := ReadEntry(entry)
	if err != nil || signed == nil {
		return nil, ErrEntry
	}
	said, err := ReadSigned(signed, j.room, j.moderators, j.now)
	if err != nil || Withdrawn(said.Grant, j.policy) {
		return nil, ErrEntry
	}
	if _, ok := said.Statement.(*wire.Remove); !ok {
		return nil, ErrEntry
	}
	return said, nil
}

// standing returns nil for somebody who may be added, else ErrBarred or ErrNotAdmitted.
func (j *judge) standing(c Coming, removes []Coming, all []admits) error {
	switch {
	case marked(j.policy.Barred, c.Key):
		return ErrBarred
	case slices.Contains(removes, c): // comes back to its place
		return nil
	case slices.ContainsFunc(all, func(a admits) bool { return a(c) }):
		return nil
	case j.policy.Lobby || j.policy.Locked:
		return ErrNotAdmitted
	default:
		return nil
	}
}

// Judge returns nil if a commit may be applied under policy at now, and the
// kicks in it, which are to be taken as if they had come as Acted. Otherwise
// it returns ErrEntry, ErrBarred or ErrNotAdmitted, in this order.
func Judge(c *Change, policy *wire.Policy, room, moderators ID, now time.Time) (kicks []*Said, err error) {
	if len(c.Admissions) > MaxEntries || len(c.Kicks) > MaxEntries {
		return nil, ErrEntry
	}
	j := &judge{policy, room, moderators, now}
	var all []admits
	for _, entry := range c.Admissions {
		a, err := j.admission(entry)
		if err != nil || !slices.ContainsFunc(c.Adds, a) {
			return nil, ErrEntry
		}
		all = append(all, a)
	}
	for _, entry := range c.Kicks {
		said, err := j.kick(entry)
		if err != nil || !removes(said, c.Removes) {
			return nil, ErrEntry
		}
		kicks = append(kicks, said)
	}
	var worst error
	for _, one := range c.Adds {
		if err := j.standing(one, c.Removes, all); err != nil && !errors.Is(worst, ErrBarred) {
			worst = err
		}
	}
	if worst != nil {
		return nil, worst
	}
	return kicks, nil
}

func removes(said *Said, all []Coming) bool {
	r, ok := said.Statement.(*wire.Remove)
	return ok && slices.ContainsFunc(all, func(c Coming) bool { return slices.Equal(c.Person[:], r.Person) })
}

// Choose returns which of adds (by index) a nominee may add so that Judge
// allows it, and what it must say in "a" for them. Offered are grants and
// entries of Admit statements, right or wrong.
func Choose(adds, removes []Coming, offered [][]byte, policy *wire.Policy, room, moderators ID, now time.Time) (chosen []int, admissions [][]byte) {
	j := &judge{policy, room, moderators, now}
	var held []admits
	var entries [][]byte
	for _, entry := range offered {
		if a, err := j.admission(entry); err == nil {
			held, entries = append(held, a), append(entries, entry)
		}
	}
	for i, one := range adds {
		if j.standing(one, removes, held) == nil {
			chosen = append(chosen, i)
		}
	}
	covered := map[int]bool{}
	for n, a := range held {
		fresh := false
		for _, i := range chosen {
			if !covered[i] && a(adds[i]) {
				covered[i], fresh = true, true
			}
		}
		if fresh {
			admissions = append(admissions, entries[n])
		}
	}
	return chosen, admissions
}
