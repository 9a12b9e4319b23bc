package group

import (
	"bytes"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/mls"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

// coming is somebody whom a nominee may add.
type coming struct {
	seat       Seat
	keyPackage *mls.KeyPackage
}

// wish is what a commit is to change and say, before its size is known.
type wish struct {
	adds    []coming
	removes []Seat
	offered *wire.Nominate
	begins  *link.Generation
}

// Nominate makes the commit that the server asks for, as far as the rules allow
// it; nil when this person cannot.
func (s *Stay) Nominate(n *wire.Nominate, now time.Time) *wire.Commit {
	if !s.mayCommit() || n.Epoch != s.Number() {
		return nil
	}
	w := &wish{offered: n}
	for _, seat := range s.present.roster.all() {
		if seat.Person != s.self.Person && slices.ContainsFunc(n.Removes, seat.isPerson) {
			w.removes = append(w.removes, seat)
		}
	}
	w.adds = s.sound(n.Adds, w.removes)
	for {
		made, err := s.offer(w, now)
		if err == nil {
			return made
		}
		if !errors.Is(err, errTooLarge) || len(w.adds) == 0 {
			return nil // nothing can be committed: somebody else is asked after the deadline
		}
		w.adds = w.adds[:len(w.adds)/2]
	}
}

// Rotate makes the commit that begins the link generation of the policy in
// force; nil when there is none to begin or this person has no moderator link.
// It is for the next epoch only: when another commit wins, it is made again.
func (s *Stay) Rotate(now time.Time) *wire.Commit {
	if !s.mayCommit() {
		return nil
	}
	next := s.links.due(s.Policy(), s.present.generation)
	if next == nil {
		return nil
	}
	if made, err := s.offer(&wish{offered: &wire.Nominate{}, begins: next}, now); err == nil {
		return made
	}
	return nil
}

// mayCommit reports whether this person can follow the group and has not too
// many commits on their way.
func (s *Stay) mayCommit() bool {
	return s.present != nil && s.lost.IsZero() && len(s.pending) < pendingMax
}

func (s Seat) isPerson(id []byte) bool { return bytes.Equal(s.Person[:], id) }

// sound returns those to be added whose KeyPackage is right and their own, each
// once, and none who would then be in the group twice. The others are left out.
func (s *Stay) sound(adds []wire.Adding, leaving []Seat) []coming {
	staying := s.present.roster.all()
	for _, gone := range leaving {
		staying = slices.DeleteFunc(staying, func(seat Seat) bool { return seat.Leaf == gone.Leaf })
	}
	var all []coming
	for _, a := range adds {
		k, seat, err := s.readKeyPackage(a.KeyPackage)
		twice := func(other Seat) bool { return other.Person == seat.Person || other.Key == seat.Key }
		if err != nil || !seat.isPerson(a.Person) || slices.ContainsFunc(staying, twice) ||
			len(staying) == MembersMax || len(all) == AddsMax {
			continue
		}
		staying = append(staying, seat)
		all = append(all, coming{seat, k})
	}
	return all
}

// errTooLarge says that a commit, its Welcome or what it says is beyond a limit.
var errTooLarge = errors.New("group: too large")

// offer makes a commit of what of w is admitted, and keeps it pending.
func (s *Stay) offer(w *wish, now time.Time) (*wire.Commit, error) {
	adds, admissions := s.choose(w, now)
	said := &said{Admissions: admissions, Kicks: s.kicksFor(w.removes, now), Reason: refresh}
	psk := s.present.generation
	if len(adds)+len(w.removes) > 0 {
		said.Reason = change
	}
	if w.begins != nil {
		sealed, err := sealGeneration(s.present.group, w.begins)
		if err != nil {
			return nil, err
		}
		said.Reason, said.Generation, psk = rotate, sealed, w.begins.Number
	}
	data, err := said.encode()
	if err != nil {
		return nil, errTooLarge
	}
	c := &mls.Change{PSK: mls.PSK{ID: pskID(psk), Secret: s.links.psk(psk, s.Policy())}, AuthenticatedData: data}
	for _, a := range adds {
		c.Adds = append(c.Adds, a.keyPackage)
	}
	for _, seat := range w.removes {
		c.Removes = append(c.Removes, seat.Leaf)
	}
	if c.PSK.Secret == nil {
		return nil, profile("a psk that this person has")
	}
	made, err := s.present.group.Commit(c)
	if err != nil {
		return nil, err
	}
	if err := s.keep(made, now); err != nil {
		made.Next.Erase(s.present.group)
		return nil, err
	}
	offered := &wire.Commit{Epoch: s.Number(), Commit: made.Commit, Welcome: made.Welcome}
	offered.Adds, offered.Removes = named(w, adds)
	return offered, nil
}

// keep checks a commit of one's own as everybody else will, and keeps it until
// the server has answered.
func (s *Stay) keep(made *mls.Pending, now time.Time) error {
	if len(made.Commit) > commitMax || len(made.Welcome) > welcomeMax {
		return errTooLarge
	}
	c, err := mls.ReadCommit(made.Commit)
	if err != nil {
		return err
	}
	a, err := s.check(c, now)
	if err != nil {
		return err
	}
	r, err := rosterOf(made.Next, s.leafMAC)
	if err != nil {
		return err
	}
	s.pending = append(s.pending, pending{made.Commit, &present{made.Next, r, a.generation}, a})
	return nil
}

// named returns the persons that a commit adds and removes, as the server is
// told. Who is to be removed and added and has no leaf is as good as removed.
func named(w *wish, adds []coming) (added, removed [][]byte) {
	added, removed = [][]byte{}, [][]byte{}
	for _, seat := range w.removes {
		removed = append(removed, slices.Clone(seat.Person[:]))
	}
	for _, a := range adds {
		added = append(added, slices.Clone(a.seat.Person[:]))
		wanted := slices.ContainsFunc(w.offered.Removes, a.seat.isPerson)
		if wanted && !slices.ContainsFunc(removed, a.seat.isPerson) {
			removed = append(removed, slices.Clone(a.seat.Person[:]))
		}
	}
	return added, removed
}

// Rejected drops the oldest commit of this person's that is on its way: the
// server answers them in the order in which they were offered.
func (s *Stay) Rejected(m *wire.Rejected) {
	if m.Epoch != s.Number() || len(s.pending) == 0 {
		return
	}
	s.drop(s.pending[0])
	s.pending = s.pending[1:]
}

// Committed takes the commit that won its epoch. A commit that cannot be
// followed leaves the group as it is and asks for a resync.
func (s *Stay) Committed(m *wire.Committed, now time.Time) (Step, error) {
	if s.present == nil || m.Epoch < s.Number() {
		return Step{}, nil // not in yet, or known already
	}
	won, mine, err := s.follow(m, now)
	switch {
	case errors.Is(err, mls.ErrRemoved):
		s.forget() // nothing may be sealed for the group any more; a Welcome may follow
		return s.resync(Step{Forget: true}, now)
	case err != nil:
		return s.resync(Step{}, now)
	}
	epoch, err := s.enter(won.next)
	if err != nil {
		return Step{}, err
	}
	epoch.Mine = mine
	s.tell(epoch, won.allowed)
	return Step{Epoch: epoch}, nil
}

// follow returns the epoch that a commit leads to, and whether it is one's own.
// The rules may have changed since that was made, so it is judged once more.
func (s *Stay) follow(m *wire.Committed, now time.Time) (won pending, mine bool, err error) {
	if m.Epoch > s.Number() {
		return pending{}, false, mls.ErrEpoch
	}
	if len(m.Commit) > commitMax {
		return pending{}, false, profile("a commit within the limit")
	}
	c, err := mls.ReadCommit(m.Commit)
	if err != nil {
		return pending{}, false, err
	}
	a, err := s.check(c, now)
	if err != nil {
		return pending{}, false, err
	}
	if i := slices.IndexFunc(s.pending, func(p pending) bool { return bytes.Equal(p.commit, m.Commit) }); i >= 0 {
		return s.pending[i], true, nil
	}
	g, err := s.present.group.Process(c, func([]byte) []byte { return s.pskOf(a) })
	if err != nil {
		return pending{}, false, err
	}
	r, err := rosterOf(g, s.leafMAC)
	if err != nil {
		g.Erase(s.present.group)
		return pending{}, false, err
	}
	return pending{m.Commit, &present{g, r, a.generation}, a}, false, nil
}

// check decides whether a commit may be applied (PROTOCOL.md, "Commits",
// "Admission" and "Link generations").
func (s *Stay) check(c *mls.Commit, now time.Time) (*allowed, error) {
	a, err := s.present.checkCommit(c, s.leafMAC)
	if err != nil {
		return nil, err
	}
	if a.kicks, err = s.judge(a, now); err != nil {
		return nil, err
	}
	if a.said.Reason != rotate {
		return a, nil
	}
	a.begins, err = openGeneration(s.present.group, a.said.Generation)
	if err != nil {
		return nil, err
	}
	if !moderation.Follows(a.begins, s.present.generation, s.Policy().Generation) {
		return nil, profile("the link generation that the rules name")
	}
	return a, nil
}

// pskOf returns the PSK of the epoch that a commit leads to.
func (s *Stay) pskOf(a *allowed) []byte {
	if a.begins != nil {
		s.links.learn(a.begins)
	}
	return s.links.psk(a.generation, s.Policy())
}

// tell completes what is told of an epoch with what its commit did.
func (s *Stay) tell(epoch *Epoch, a *allowed) {
	for _, seat := range a.removed {
		epoch.Removed = append(epoch.Removed, seat.Leaf)
		delete(s.kicks, seat.Person)
	}
	for _, added := range a.added {
		if seat, ok := s.present.roster.find(added.Person[:]); ok {
			epoch.Added = append(epoch.Added, seat)
		}
	}
	epoch.Kicks = a.kicks
	if a.begins != nil {
		s.links.learn(a.begins)
		begins := *a.begins
		epoch.Generation = &begins
	}
}

// random returns n fresh bytes.
func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails
	return b
}
