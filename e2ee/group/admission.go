package group

import (
	"slices"
	"time"

	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

// Policy returns the rules that hold. Callers must not change it.
func (s *Stay) Policy() *wire.Policy {
	if s.rules != nil {
		if p, ok := s.rules.Statement.(*wire.Policy); ok {
			return p
		}
	}
	return moderation.NoPolicy()
}

// Know takes a statement of a moderator, from Joined, Resumed, Acted or a data
// message: a newer Policy holds from now on, a Remove is put into the commit
// that carries it out. Others, and what does not verify, have no effect. It
// reports whether the policy changed.
func (s *Stay) Know(signed *wire.Signed, now time.Time) bool {
	said, err := moderation.ReadSigned(signed, s.room, s.moderators, now)
	if err != nil {
		return false
	}
	switch statement := said.Statement.(type) {
	case *wire.Policy:
		if !moderation.Succeeds(said, s.rules) {
			return false
		}
		s.rules = said
		s.vouch(said.Grant.Person, said.Grant.Key, said.Grant)
		return true
	case *wire.Admit:
		for _, p := range statement.People {
			s.vouch(moderation.ID(p.Person), moderation.Key(p.Key), said.Grant)
		}
	case *wire.Appoint:
		if g, err := moderation.ReadGrant(statement.Grant, s.room, s.moderators, now); err == nil {
			s.vouch(g.Person, g.Key, g)
		}
	case *wire.Remove:
		s.expect(signed, statement.Person)
	default:
	}
	return false
}

// who is a person and the signature key of its leaf.
type who struct {
	person moderation.ID
	key    moderation.Key
}

// vouchedMax is how many people are remembered for whom a moderator has spoken.
const vouchedMax = 1024

func (s *Stay) vouch(person moderation.ID, key moderation.Key, by *moderation.Grant) {
	if moderation.Withdrawn(by, s.Policy()) {
		return
	}
	for one := range s.vouched {
		if len(s.vouched) < vouchedMax {
			break
		}
		delete(s.vouched, one)
	}
	s.vouched[who{person, key}] = by
}

// invites says whether this person takes a Welcome from a member (PROTOCOL.md,
// "Welcome"): that those who are in may be in is that member's word.
func (s *Stay) invites(member Seat) bool {
	rules := s.Policy()
	mark := moderation.Mark(member.Key[:])
	if slices.ContainsFunc(rules.Barred, func(m []byte) bool { return slices.Equal(m, mark[:]) }) {
		return false
	}
	if s.known == nil || !rules.Lobby && !rules.Locked {
		return true
	}
	for _, seat := range s.known {
		if seat.Key == member.Key {
			return true
		}
	}
	by := s.vouched[who{member.Person, member.Key}]
	return by != nil && !moderation.Withdrawn(by, rules)
}

// expect keeps a Remove until the member is removed.
func (s *Stay) expect(signed *wire.Signed, person []byte) {
	if s.present == nil {
		return
	}
	seat, ok := s.present.roster.find(person)
	entry, err := moderation.Entry(signed)
	if ok && err == nil {
		s.kicks[seat.Person] = entry
	}
}

func (s Seat) coming() moderation.Coming {
	return moderation.Coming{Person: s.Person, Key: s.Key, Viewer: s.Role == Viewer}
}

func comings(seats []Seat) []moderation.Coming {
	all := make([]moderation.Coming, len(seats))
	for i, s := range seats {
		all[i] = s.coming()
	}
	return all
}

// judge decides whether a commit may add and remove these people, and returns
// the kicks in it (PROTOCOL.md, "Admission").
func (s *Stay) judge(a *allowed, now time.Time) ([]wire.Signed, error) {
	c := &moderation.Change{
		Adds: comings(a.added), Removes: comings(a.removed),
		Admissions: a.said.Admissions, Kicks: a.said.Kicks,
	}
	if _, err := moderation.Judge(c, s.Policy(), s.room, s.moderators, now); err != nil {
		return nil, err
	}
	var kicks []wire.Signed
	for _, entry := range a.said.Kicks {
		_, signed, err := moderation.ReadEntry(entry)
		if err != nil {
			return nil, err
		}
		kicks = append(kicks, *signed)
	}
	return kicks, nil
}

// choose returns those of w's adds that the rules let in, and what is to be
// said for them.
func (s *Stay) choose(w *wish, now time.Time) ([]coming, [][]byte) {
	offered := slices.Clone(w.offered.Grants)
	for i := range w.offered.Admissions {
		if entry, err := moderation.Entry(&w.offered.Admissions[i]); err == nil {
			offered = append(offered, entry)
		}
	}
	adds := make([]moderation.Coming, len(w.adds))
	for i, a := range w.adds {
		adds[i] = a.seat.coming()
	}
	chosen, entries := moderation.Choose(adds, comings(w.removes), offered, s.Policy(), s.room, s.moderators, now)
	var coming []coming
	for _, i := range chosen {
		coming = append(coming, w.adds[i])
	}
	return coming, entries
}

// kicksFor returns the known Remove statements that name those who are removed,
// as far as there is room for them beside the admissions.
func (s *Stay) kicksFor(removed []Seat, now time.Time) [][]byte {
	var entries [][]byte
	size := 0
	for _, seat := range removed {
		entry := s.kicks[seat.Person]
		if entry == nil || len(entries) == entriesMax || size+len(entry) > kicksMax {
			continue
		}
		kick := &moderation.Change{Removes: []moderation.Coming{seat.coming()}, Kicks: [][]byte{entry}}
		if _, err := moderation.Judge(kick, s.Policy(), s.room, s.moderators, now); err != nil {
			continue // its moderator has been dismissed meanwhile
		}
		entries = append(entries, entry)
		size += len(entry)
	}
	return entries
}
