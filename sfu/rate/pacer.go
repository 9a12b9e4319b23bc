package rate

import (
	"sync/atomic"
	"time"
)

// What we chose, after what browsers do in the same place.
const (
	paceFaster = 2.5                    // times the rate: a frame is through before the next one
	paceBurst  = 5 * time.Millisecond   // that nothing was sent may be made up for at once
	paceSpread = 250 * time.Millisecond // that a packet waits at most
	paceUnit   = 256                    // parts of a nanosecond in which the time of a byte is kept
)

// Pacer spreads what is sent to one peer, so that a frame does not fill queues
// on the way. It keeps no packets, but a moment: until when the way is taken.
// Safe for concurrent use. The zero value lets everything pass until SetRate.
type Pacer struct {
	free atomic.Int64 // moment from which the way is free
	each atomic.Int64 // how long a byte takes
}

// SetRate sets what the network carries, in bits per second: [Estimator.Rate].
// Packets leave at up to 2.5 times of it.
func (p *Pacer) SetRate(bits int) {
	p.each.Store(int64(paceUnit * 8 * float64(time.Second) / (paceFaster * float64(max(bits, 1)))))
}

// Take says whether a packet of so many bytes may leave now. If not, nothing
// was taken.
func (p *Pacer) Take(size int, now time.Duration) bool {
	for {
		free := p.free.Load()
		from := max(free, int64(now-paceBurst))
		if from > int64(now) {
			return false
		}
		if p.free.CompareAndSwap(free, max(from, min(from+p.length(size), int64(now+paceSpread)))) {
			return true
		}
	}
}

// TakeAudio accounts for a packet that leaves in any case.
func (p *Pacer) TakeAudio(size int, now time.Duration) { p.Book(size, now) }

// Book takes in any case and says when the packet may leave: at once if that
// is not after now, and not more than 250 ms after it. Moments of later calls
// are not before those of earlier ones.
//
// The more is waiting, the closer it leaves: so whatever is booked, a key frame
// or more, is sent within the 250 ms.
func (p *Pacer) Book(size int, now time.Duration) time.Duration {
	for {
		free := p.free.Load()
		from := max(free, int64(now-paceBurst))
		length, end := p.length(size), int64(now+paceSpread)
		if wait := from - int64(now); wait > 0 {
			length = int64(float64(length) * max(1-float64(wait)/float64(paceSpread), 0))
		}
		if p.free.CompareAndSwap(free, max(from, min(from+length, end))) {
			return time.Duration(from)
		}
	}
}

// Free is the moment from which Take gives leave again.
func (p *Pacer) Free() time.Duration { return time.Duration(p.free.Load()) }

func (p *Pacer) length(size int) int64 { return int64(size) * p.each.Load() / paceUnit }
