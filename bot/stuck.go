package bot

import (
	"sync"
	"time"
)

// From e2ee/PROTOCOL.md, "Receiving".
const (
	stuckTime    = 3 * time.Second // for which frames of epochs to come must keep coming
	stuckPause   = time.Second     // without one, and it starts anew
	stuckSpacing = 10 * time.Second
	stuckLongest = 10 * time.Minute
)

// stuck tells when frames show that the group has gone on without this person.
// What they claim cannot be verified, so it says so ever more rarely. The zero
// value is ready. Safe for concurrent use.
type stuck struct {
	mu          sync.Mutex // guards what follows
	since, last time.Time
	next        time.Time
	gap         time.Duration
}

// seen notes such a frame and reports whether to resynchronize now.
func (s *stuck) seen(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.since.IsZero() || now.Sub(s.last) > stuckPause {
		s.since = now
	}
	s.last = now
	if now.Sub(s.since) < stuckTime || now.Before(s.next) {
		return false
	}
	s.gap = min(max(2*s.gap, stuckSpacing), stuckLongest)
	s.since, s.next = now, now.Add(s.gap)
	return true
}

// reset says that keys have come.
func (s *stuck) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = time.Time{}
}

// lost asks to be taken into the group anew.
func (m *media) lost(now time.Time) {
	m.person.post(func() {
		if m.person.entered {
			m.person.step(m.person.group.Lost(now))
		}
	})
}
