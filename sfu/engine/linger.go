package engine

import "time"

// What we chose.
const (
	lingerTime  = 60 * time.Microsecond // that the rest of a frame is waited for; the system makes it about twice as long
	lingerMost  = 2                     // times in a turn
	lingerWidth = 8                     // viewers from whom on that saves more than it costs
	lingerSize  = 1000                  // bytes of a packet that may have others behind it: a frame is cut only where it does not fit into one
	lingerDoubt = 8                     // turns without it after it was in vain
)

// linger decides when it is worth it to wait for the rest of a frame. Its packets
// leave a publisher one right after the other, and the first wakes the lane: sent
// on alone, it takes the same walk through the system, for each viewer, as a train
// of them all. Sound never waits, nor what comes to few viewers; where a network
// spreads frames over milliseconds it is hardly ever tried. The zero value is
// ready. It is one lane's.
type linger struct {
	width  uint64 // viewers of what came last
	doubt  int    // turns in which it is not tried
	opened uint64 // of the tally, before the turn at hand
	sealed uint64
}

// wanted says whether there is a frame at hand of which more is to come.
func (g *linger) wanted(all *groups) bool {
	if g.width < lingerWidth || !all.unfinished() {
		return false
	}
	if g.doubt > 0 {
		g.doubt--
		return false
	}
	return true
}

// tried notes whether anything came.
func (g *linger) tried(came bool) {
	if !came {
		g.doubt = lingerDoubt
	}
}

// learn sees what a turn did.
func (g *linger) learn(t *tally) {
	if came := t.opened - g.opened; came > 0 {
		g.width = (t.sealed - g.sealed) / came
	}
	g.opened, g.sealed = t.opened, t.sealed
}

// unfinished reports whether a frame has begun that has not ended (RFC 3550,
// section 5.1: the marker).
func (g *groups) unfinished() bool {
	for i := range g.used {
		burst := g.all[i].burst
		if last := burst[len(burst)-1].bytes; len(last) >= lingerSize && last[1]&0x80 == 0 {
			return true
		}
	}
	return false
}
