package srtp

// replayWindow is how far behind the highest index of a stream an index may be
// (RFC 3711, section 3.3.2, asks for at least 64). At 1000 packets a second it
// covers a retransmission a second late.
const replayWindow = 1024

// windowWords is twice what the window needs, so that whole words can be
// cleared when it moves on.
const windowWords = 2 * replayWindow / 64

// window says which indices were seen. The zero value has seen none.
type window struct {
	top  uint64 // one above the highest index that was seen
	seen [windowWords]uint64
}

// fresh says whether the index is neither seen nor too old to tell.
func (w *window) fresh(index uint64) bool {
	if index >= w.top {
		return true
	}
	return w.top-index <= replayWindow && w.seen[index/64%windowWords]&(1<<(index%64)) == 0
}

// mark has the index, which is fresh, seen from now on.
func (w *window) mark(index uint64) {
	if index >= w.top {
		if w.top > 0 {
			last := (w.top - 1) / 64
			for n := range min(index/64-last, windowWords) {
				w.seen[(last+1+n)%windowWords] = 0
			}
		}
		w.top = index + 1
	}
	w.seen[index/64%windowWords] |= 1 << (index % 64)
}

// estimate is the index that a packet with number seq has most likely (RFC
// 3711, section 3.3.1 and appendix A). It is false where the 48 bits of the
// index are used up.
func (w *window) estimate(seq uint16) (index uint64, ok bool) {
	if w.top == 0 {
		return uint64(seq), true // a stream begins with a roll-over counter of 0
	}
	highest := w.top - 1
	roc, last := highest>>16, uint16(highest)
	switch {
	case last < 1<<15:
		// Nothing comes before the first round: a number that far ahead is one of
		// it too.
		if roc > 0 && int(seq)-int(last) > 1<<15 {
			roc--
		}
	case int(last)-1<<15 > int(seq):
		roc++
	}
	index = roc<<16 | uint64(seq)
	return index, index <= maxIndex
}
