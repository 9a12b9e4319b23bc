package sframe

// windowSize is how many counters back a late frame is still accepted.
const windowSize = 1024

// window remembers which counters of one key have been seen. The zero value
// has seen none. Not safe for concurrent use.
type window struct {
	next uint64 // one above the greatest counter seen
	seen [windowSize / 64]uint64
}

// fresh reports whether ctr is neither seen nor too old to tell.
func (w *window) fresh(ctr uint64) bool {
	if ctr >= w.next {
		return true
	}
	return w.next-ctr <= windowSize && w.seen[ctr%windowSize/64]&(1<<(ctr%64)) == 0
}

// mark notes ctr, which must be fresh, as seen.
func (w *window) mark(ctr uint64) {
	skipped := w.next
	if ctr >= windowSize {
		skipped = max(skipped, ctr-windowSize+1)
	}
	for ; skipped < ctr; skipped++ {
		w.seen[skipped%windowSize/64] &^= 1 << (skipped % 64)
	}
	w.seen[ctr%windowSize/64] |= 1 << (ctr % 64)
	w.next = max(w.next, ctr+1)
}
