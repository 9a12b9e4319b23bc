package sfu

import "time"

// keyframes decides when to ask one publisher for a key frame (PLI, RFC 4585,
// section 6.3.1), however many viewers want one. The zero value is ready. Not
// safe for concurrent use.
type keyframes struct {
	wanted bool      // somebody cannot go on without
	asked  time.Time // when it was last asked for
	came   time.Time // when one last began
	tries  int       // how often it was asked for since
}

// want records that somebody needs a key frame. It reports whether to ask for
// it now; if not, tick must be called after the returned time.
func (k *keyframes) want(now time.Time) (ask bool, again time.Duration) {
	k.wanted = true
	return k.tick(now)
}

// got records that a key frame began.
func (k *keyframes) got(now time.Time) {
	k.wanted, k.came, k.tries = false, now, 0
}

// tick reports whether to ask now, and when to call it again; 0 is never.
func (k *keyframes) tick(now time.Time) (ask bool, again time.Duration) {
	if !k.wanted {
		return false, 0
	}
	spacing := keyFrameSpacing
	if k.tries >= keyFrameTries {
		spacing = keyFrameSlowly
	}
	// Browsers ignore a request that follows a key frame too closely.
	due := k.came.Add(keyFrameSpacing)
	if next := k.asked.Add(spacing); next.After(due) {
		due = next
	}
	if wait := due.Sub(now); wait > 0 {
		return false, wait
	}
	k.asked = now
	k.tries++
	if k.tries >= keyFrameTries {
		spacing = keyFrameSlowly
	}
	return true, spacing
}
