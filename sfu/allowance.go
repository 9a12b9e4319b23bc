package sfu

import (
	"sync/atomic"
	"time"
)

// allowance bounds what is sent again to a viewer to a share of what the network
// carries: a link that is full is not helped by more. The zero value allows
// everything. Safe for concurrent use.
type allowance struct {
	free atomic.Int64 // moment from which there is room
	each atomic.Int64 // how long a byte takes
}

// set says what the network carries, in bits per second.
func (a *allowance) set(bits int) {
	a.each.Store(repairShare * 8 * int64(time.Second) / int64(max(bits, 1)))
}

// take reports whether so many bytes may be sent again.
func (a *allowance) take(size int, now time.Duration) bool {
	for {
		free := a.free.Load()
		from := max(free, int64(now-repairBurst))
		if from > int64(now) {
			return false
		}
		if a.free.CompareAndSwap(free, from+int64(size)*a.each.Load()) {
			return true
		}
	}
}
