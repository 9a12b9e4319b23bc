package signaling

import (
	"math"
	"slices"
	"time"

	"paravent/signaling/wire"
)

// personID names a person in one room.
type personID [wire.PersonSize]byte

// seat is what the group knows of one person. A person whose key package is
// there wants to be added; one who is a member too must be removed in the same
// commit, since it has lost its state (Resync).
type seat struct {
	id         personID
	desktop    bool
	viewer     bool // asked to commit last
	admission  *wire.Signed
	connected  bool
	member     bool   // has a leaf, as far as commits said
	since      uint64 // epoch from which it can follow; never without state
	keyPackage []byte
	remove     bool // its leaf is to be removed
	hurry      bool // the removal waits for no window
	strikes    int  // nominees' commits that left it out
}

// never is the since of a person that has no state of the group.
const never = math.MaxUint64

// usable says whether the person could make a commit now.
func (s *seat) usable() bool { return s.member && s.connected && !s.remove && s.keyPackage == nil }

// joins says whether the person waits to be added.
func (s *seat) joins() bool { return s.keyPackage != nil && s.connected }

// mayReturn says whether a member without a connection may come back and go on.
func (s *seat) mayReturn() bool {
	return s.member && !s.connected && !s.remove && s.keyPackage == nil
}

// group orders the key changes of a room (MLS, RFC 9420): the delivery service
// that each commit passes. It reads none of them. It is pure: time is a
// parameter, and what is to be sent is returned. The zero value has no members
// yet. Not safe for concurrent use.
type group struct {
	epoch uint64
	seats []*seat // in order of arrival; one that cannot be added goes to the end

	committed  time.Time // when the present epoch began
	opened     bool      // nothing has been committed yet: the window does not hold
	nomination *nomination
	nominated  map[personID]bool // asked in this epoch
	last       personID          // the previous nominee
	misses     int               // nominees in a row who let their time pass
	stranded   time.Time         // since when nobody can commit; zero while somebody can
	log        []logged
	logged     int // bytes in log
}

// nomination is a request for a commit that is under way.
type nomination struct {
	nominee  personID
	epoch    uint64
	adds     []*seat
	removes  []*seat
	deadline time.Time
}

// logged is a commit as it was sent.
type logged struct {
	frame []byte
	at    time.Time
}

// ruling is what follows from a commit.
type ruling struct {
	accepted bool
	told     []personID // members who go on with the commit, its author included
	welcomed []personID // those it adds
	expelled []personID // those whom nobody could add: they must go
}

func (g *group) seat(id personID) *seat {
	if i := slices.IndexFunc(g.seats, func(s *seat) bool { return s.id == id }); i >= 0 {
		return g.seats[i]
	}
	return nil
}

func (g *group) member(id personID) bool {
	s := g.seat(id)
	return s != nil && s.member
}

// entrant is somebody who is to be added to the group.
type entrant struct {
	id              personID
	desktop, viewer bool
	keyPackage      []byte
	admission       *wire.Signed // what those who add it show to the others; nil: nothing
}

// join adds a person who came in. It reports whether the person is to found
// the group, because there is none that it could enter.
func (g *group) join(e entrant, now time.Time) (found bool) {
	s := g.seat(e.id)
	if s == nil {
		s = &seat{id: e.id}
		g.seats = append(g.seats, s)
	}
	hope := g.hope()
	s.desktop, s.viewer, s.admission, s.keyPackage = e.desktop, e.viewer, e.admission, e.keyPackage
	s.connected, s.strikes, s.since = true, 0, never
	if !hope {
		g.found(s, now)
	}
	return !hope
}

// outsider says whether a person has no leaf, and with which key package it
// waits to be added, if it does.
func (g *group) outsider(id personID) (keyPackage []byte, outside bool) {
	s := g.seat(id)
	if s == nil {
		return nil, true
	}
	return s.keyPackage, !s.member
}

// unvouch forgets a person's admission, which holds no more.
func (g *group) unvouch(id personID) {
	if s := g.seat(id); s != nil {
		s.admission = nil
	}
}

// hope says whether anybody can let people in, now or after coming back.
func (g *group) hope() bool {
	return slices.ContainsFunc(g.seats, func(s *seat) bool {
		return s.member && (s.connected || s.mayReturn())
	})
}

// found begins a new group of one. The others who are connected wait to be
// added with the key packages they gave; whoever gave none must send one.
func (g *group) found(founder *seat, now time.Time) {
	g.seats = slices.DeleteFunc(g.seats, func(s *seat) bool { return !s.connected })
	for _, s := range g.seats {
		s.member, s.since, s.remove, s.hurry, s.strikes = false, never, false, false, 0
	}
	founder.member, founder.since, founder.keyPackage = true, 0, nil
	*g = group{seats: g.seats, committed: now, opened: true}
}

// leave takes out a person who left for good. Hurry removes its leaf without
// waiting for the window.
func (g *group) leave(id personID, hurry bool) {
	s := g.seat(id)
	if s == nil {
		return
	}
	g.absent(s)
	s.remove, s.keyPackage = true, nil
	s.hurry = s.hurry || hurry
	if !s.member {
		g.drop(s)
	}
}

// lose notes that a person's connection broke; its leaf stays.
func (g *group) lose(id personID) {
	if s := g.seat(id); s != nil {
		g.absent(s)
	}
}

func (g *group) absent(s *seat) {
	s.connected = false
	g.forgetNominee(s.id)
}

// forgetNominee lets the next one be asked at once when it is this one's turn.
func (g *group) forgetNominee(id personID) {
	if g.nomination != nil && g.nomination.nominee == id {
		g.nomination = nil
	}
}

func (g *group) drop(s *seat) {
	g.seats = slices.DeleteFunc(g.seats, func(o *seat) bool { return o == s })
}

// resume continues for a person who came back, having reached the given epoch.
// It reports the frames of the commits that were missed, if the person is a
// member still; if not, it waits to be added or, with found, founds.
func (g *group) resume(e entrant, epoch uint64, now time.Time) (missed [][]byte, member, found bool) {
	s := g.seat(e.id)
	if s == nil || !s.member || s.keyPackage != nil || !g.reaches(s, epoch) {
		return nil, false, g.join(e, now)
	}
	g.forgetNominee(e.id) // it never saw that it was asked
	s.connected, s.remove, s.hurry = true, false, false
	for _, l := range g.log[len(g.log)-int(g.epoch-epoch):] {
		missed = append(missed, l.frame)
	}
	return missed, true, false
}

// reaches says whether the log holds every commit since the epoch.
func (g *group) reaches(s *seat, epoch uint64) bool {
	return epoch >= s.since && epoch <= g.epoch && g.epoch-epoch <= uint64(len(g.log))
}

// resync puts a person who cannot follow any more back in line with a fresh
// key package.
func (g *group) resync(id personID, keyPackage []byte) {
	s := g.seat(id)
	if s == nil {
		return
	}
	s.keyPackage, s.since = keyPackage, never
	g.forgetNominee(id)
}

// commit decides on an offered commit: the first for the present epoch wins.
// Record must follow when it is accepted.
func (g *group) commit(author personID, c *wire.Commit, now time.Time) ruling {
	s := g.seat(author)
	if s == nil || !s.usable() || c.Epoch != g.epoch || !g.mayCommit(author, now) {
		return ruling{}
	}
	adds, removes, ok := g.changes(author, c)
	if !ok {
		if g.nomination != nil && g.nomination.nominee == author {
			g.nomination = nil // what was asked has changed meanwhile: ask anew
		}
		return ruling{}
	}
	r := ruling{accepted: true}
	for _, o := range g.seats {
		if o.member && o.connected && !slices.Contains(removes, o) {
			r.told = append(r.told, o.id)
		}
	}
	asked := g.nomination
	g.advance(adds, removes, now)
	for _, o := range adds {
		r.welcomed = append(r.welcomed, o.id)
	}
	if asked != nil && asked.nominee == author {
		r.expelled = g.strike(asked)
	}
	return r
}

// mayCommit bounds the commits that nobody asked for to one a window.
func (g *group) mayCommit(author personID, now time.Time) bool {
	return g.nominated[author] || !now.Before(g.windowEnd())
}

// changes finds the seats that a commit names. All must be waiting for just
// that, and a member that is added must be removed as well.
func (g *group) changes(author personID, c *wire.Commit) (adds, removes []*seat, ok bool) {
	if (len(c.Adds) > 0) != (len(c.Welcome) > 0) {
		return nil, nil, false
	}
	for _, id := range c.Removes {
		s := g.seat(personID(id))
		if s == nil || s.id == author || !s.member || !s.remove && !s.joins() || slices.Contains(removes, s) {
			return nil, nil, false
		}
		removes = append(removes, s)
	}
	for _, id := range c.Adds {
		s := g.seat(personID(id))
		if s == nil || !s.joins() || slices.Contains(adds, s) || s.member && !slices.Contains(removes, s) {
			return nil, nil, false
		}
		adds = append(adds, s)
	}
	return adds, removes, true
}

// advance begins the next epoch.
func (g *group) advance(adds, removes []*seat, now time.Time) {
	g.epoch++
	g.committed, g.opened = now, false
	g.nomination, g.nominated, g.misses = nil, nil, 0
	for _, s := range removes {
		s.member, s.remove, s.hurry, s.strikes = false, false, false, 0
		if !s.connected {
			g.drop(s)
		}
	}
	for _, s := range adds {
		s.member, s.since, s.keyPackage, s.strikes = true, g.epoch, nil, 0
	}
}

// strike counts what the nominee was asked for and left out. After some such
// commits a person that nobody can add must go, and a leaf that nobody can
// find counts as removed.
func (g *group) strike(asked *nomination) (expelled []personID) {
	for _, s := range asked.adds {
		if g.seat(s.id) == s && s.joins() && s.struck() {
			expelled = append(expelled, s.id)
		}
	}
	for _, s := range asked.removes {
		if g.seat(s.id) == s && s.member && s.remove && s.struck() {
			g.drop(s)
		}
	}
	return expelled
}

// struck counts one strike and says whether it was one too many.
func (s *seat) struck() bool {
	s.strikes++
	return s.strikes >= commitStrikes
}

// record keeps a commit, as sent, for those who come back.
func (g *group) record(frame []byte, now time.Time) {
	g.log = append(g.log, logged{frame, now})
	g.logged += len(frame)
	old := 0
	for ; len(g.log)-old > logMessages || g.logged > logBytes || now.Sub(g.log[old].at) > logTime; old++ {
		g.logged -= len(g.log[old].frame)
	}
	g.log = slices.Delete(g.log, 0, old) // clears what it leaves behind
}
