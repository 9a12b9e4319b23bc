package sfu

import "time"

// keyframes decides when to ask one publisher for a key frame (PLI, RFC 4585,
// section 6.3.1), however many viewers want one. The zero value is ready. Not
// safe for concurrent use.
type keyframes struct {
	wanted bool          // somebody cannot go on without
	due    time.Duration // not to be asked for before
	tries  int           // how often it was asked for since one came
}

// want records that somebody needs a key frame. It reports whether to ask for
// it now; if not, tick must be called after the returned time.
func (k *keyframes) want(now time.Duration) (ask bool, again time.Duration) {
	k.wanted = true
	return k.tick(now)
}

// got records that a key frame began. Browsers ignore a request that follows
// one too closely.
func (k *keyframes) got(now time.Duration) {
	k.wanted, k.due, k.tries = false, now+keyFrameSpacing, 0
}

// tick reports whether to ask now, and when to call it again; 0 is never.
func (k *keyframes) tick(now time.Duration) (ask bool, again time.Duration) {
	if !k.wanted {
		return false, 0
	}
	if wait := k.due - now; wait > 0 {
		return false, wait
	}
	spacing := keyFrameSpacing
	k.tries++
	if k.tries >= keyFrameTries {
		spacing = keyFrameSlowly
	}
	k.due = now + spacing
	return true, spacing
}
