package signaling

import (
	"hash/maphash"
	"time"
)

// try is what is slowed down in one room for those who come from one network.
type try uint8

const (
	passphrases try = iota // wrong passphrases
	knocks                 // knocks after one was denied
)

// slow slows down those who try again and again to get into one room. It
// knows a room and a network only as one keyed hash, bounds how many it
// knows, and forgets each slowTime after its last try, if forget is called
// then. Time is a parameter. Not safe for concurrent use.
type slow struct {
	seed  maphash.Seed // random, of this process
	tries map[cleared[uint64]]tried
	rooms map[cleared[uint64]]bucket // wrong passphrases, from whichever network
}

// tried is what is known of one network's tries in one room.
type tried struct {
	wrong int
	held  time.Time // before it nothing is looked at
	turn  time.Time // from then on the room's slow-down does not hold for the next try
	until time.Time // then it is forgotten
}

// place is what tries are counted for. It is kept as a hash only.
type place struct {
	try     try
	room    roomID
	network uint64
}

func newSlow() slow {
	return slow{seed: maphash.MakeSeed(), tries: make(map[cleared[uint64]]tried), rooms: make(map[cleared[uint64]]bucket)}
}

func (s *slow) key(p place) cleared[uint64] {
	return cleared[uint64]{key: maphash.Comparable(s.seed, p)}
}

// wait says how long nobody of a network may try in a room; 0: now. Whoever is
// told to wait and comes again after that is looked at.
func (s *slow) wait(what try, room roomID, network uint64, now time.Time) time.Duration {
	key := s.key(place{what, room, network})
	t := s.tries[key]
	if now.Before(t.held) {
		return t.held.Sub(now)
	}
	wrong := s.rooms[s.key(place{room: room})]
	if what != passphrases || wrong.level(slowRoomRate, now) <= slowRoom-1 {
		return 0
	}
	if !t.turn.IsZero() && !now.Before(t.turn) && now.Before(t.until) {
		t.turn = time.Time{}
		s.keep(key, t, now)
		return 0
	}
	if t.turn.IsZero() || !now.Before(t.until) {
		t.turn = now.Add(slowTurn)
		t.until = later(t.until, now.Add(slowTurnTime))
		s.keep(key, t, now)
	}
	return t.turn.Sub(now)
}

// wrong counts a wrong passphrase or a denied knock, and says how long to wait
// before the next.
func (s *slow) wrong(what try, room roomID, network uint64, now time.Time) time.Duration {
	key := s.key(place{what, room, network})
	t := s.tries[key]
	if !now.Before(t.until) {
		t = tried{}
	}
	t.wrong++
	wait := penalty(what, t.wrong)
	t.held, t.until = now.Add(wait), now.Add(slowTime)
	s.keep(key, t, now)
	if what == passphrases {
		s.wrongRoom(room, now)
	}
	return wait
}

// wrongRoom counts a wrong passphrase from whichever network.
func (s *slow) wrongRoom(room roomID, now time.Time) {
	key := s.key(place{room: room})
	b, known := s.rooms[key]
	if !known && len(s.rooms) >= slowEntries {
		s.forget(now)
		shrink(s.rooms)
	}
	if b.add(1, slowRoomRate, now) > slowRoom {
		b.full = slowRoom // a flood is forgiven as soon as it ends
	}
	s.rooms[key] = b
}

// penalty is how long to wait after so many tries in vain.
func penalty(what try, wrong int) time.Duration {
	wait, doubled := slowKnock, wrong-1
	if what == passphrases {
		wait, doubled = slowFirst, wrong-1-slowFree
	}
	if doubled < 0 {
		return 0
	}
	return min(wait<<min(doubled, 16), slowMost)
}

// keep stores what is known, within the bound.
func (s *slow) keep(key cleared[uint64], t tried, now time.Time) {
	if _, known := s.tries[key]; !known && len(s.tries) >= slowEntries {
		s.forget(now)
		shrink(s.tries)
	}
	s.tries[key] = t
}

// forget drops what is no longer to be known, and reports whether anything is
// left.
func (s *slow) forget(now time.Time) (left bool) {
	for key, t := range s.tries {
		if !now.Before(t.until) {
			delete(s.tries, key)
		}
	}
	for room, b := range s.rooms {
		if b.level(slowRoomRate, now) == 0 {
			delete(s.rooms, room)
		}
	}
	return len(s.tries)+len(s.rooms) > 0
}

// shrink drops anything, down to three quarters of what may be kept: it is not
// to be gone through at every try.
func shrink[V any](kept map[cleared[uint64]]V) {
	for key := range kept {
		if len(kept) <= slowEntries/4*3 {
			return
		}
		delete(kept, key)
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
