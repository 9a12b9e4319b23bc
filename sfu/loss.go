package sfu

import (
	"sync/atomic"
	"time"
)

// loss is what a viewer has lately lost of a slot for sound, by its own reports:
// what came again in time (sounds) is not lost, but not every viewer asks for it. A
// publisher that is told of loss writes each packet once more, coarsely, into the
// next one (in-band FEC, RFC 7587, section 3.3), encrypted like all it says. The
// zero value is ready. It belongs to the flow's lane.
type loss struct {
	last  uint8         // part that was lost by the last report, in 256ths
	part  uint8         // smoothed: it rises at once, and falls by a quarter a second
	heard time.Duration // when the last report was seen
}

// look takes in what was reported since the last time, if anything was, and says
// what is lost. To be called every second.
func (l *loss) look(reported *atomic.Uint32, d *doubled, now time.Duration) uint8 {
	if r := reported.Swap(0); r > 0 {
		l.last, l.heard = uint8(r-1), now
		d.report(l.last, now)
	} else if now-l.heard > lossAge {
		l.last = 0
	}
	l.part = max(l.last, uint8(int(l.part)*3/4))
	return l.part
}

// forget begins anew: what was lost was another track's.
func (l *loss) forget(reported *atomic.Uint32) {
	reported.Store(0)
	*l = loss{}
}

// lose tells the publisher what is lost of its sound on the way to whoever loses
// most: all are to understand it. What one viewer can have the publisher spend by
// that is bounded.
func (f *feed) lose(now time.Duration) {
	worst := uint8(0)
	for _, w := range f.flows {
		worst = max(worst, w.loss.look(&w.slot.lost, &w.way.doubled, now))
		w.double(now)
	}
	for _, s := range f.layers {
		if s != nil && s.lossy != nil {
			s.lossy(min(worst, mostLoss))
		}
	}
}
