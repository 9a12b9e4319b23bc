package signaling

import "time"

// shelf keeps the rules of rooms that nobody is in any more, so that whoever
// was barred cannot wait for a moment when the room is empty. Time is a
// parameter. Not safe for concurrent use.
type shelf map[cleared[roomID]]kept

type kept struct {
	rules *ruleset
	until time.Time
}

// put keeps the rules of a room that has ended. When there are too many, those
// that have been kept longest go: their rooms begin anew, behind the lobby.
func (s shelf) put(room roomID, u *ruleset, now time.Time) {
	id := cleared[roomID]{key: room}
	if u.signed == nil && len(u.tickets) == 0 && !u.opened {
		return // nothing that a new room would not have
	}
	if len(s) >= keptRooms {
		oldest := id
		for other, k := range s {
			if o, there := s[oldest]; !there || k.until.Before(o.until) {
				oldest = other
			}
		}
		delete(s, oldest)
	}
	s[id] = kept{u, now.Add(keepTime)}
}

// take returns the rules that were kept for a room, or new ones.
func (s shelf) take(room roomID, now time.Time) *ruleset {
	id := cleared[roomID]{key: room}
	k, there := s[id]
	delete(s, id)
	if !there || !now.Before(k.until) {
		return newRuleset()
	}
	return k.rules
}

// forget drops what has been kept long enough.
func (s shelf) forget(now time.Time) {
	for id, k := range s {
		if !now.Before(k.until) {
			delete(s, id)
		}
	}
}

// dust forgets the rules that have been kept long enough.
func (h *Hub) dust() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.shelf.forget(time.Now())
}
