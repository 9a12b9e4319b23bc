package signaling

import (
	"hash/maphash"
	"net/netip"
	"time"
)

// throttle slows down guessing. It counts failed tries for each network in
// points, which are forgiven with time, and remembers a network only as a
// keyed hash and no longer than its points last: a minute, if forget is called
// then. Time is a parameter. Not safe for concurrent use.
type throttle struct {
	seed     maphash.Seed // random, of this process
	networks map[cleared[uint64]]bucket
}

func newThrottle() throttle {
	return throttle{seed: maphash.MakeSeed(), networks: make(map[cleared[uint64]]bucket)}
}

// network is the key for an address, HOST:PORT: a /24 of IPv4, a /56 of IPv6,
// which is what one customer has at least. All that is no address is one.
func (t *throttle) network(address string) uint64 {
	var prefix netip.Prefix
	if a, err := netip.ParseAddrPort(address); err == nil {
		if ip := a.Addr().Unmap().WithZone(""); ip.Is4() {
			prefix, _ = ip.Prefix(24)
		} else {
			prefix, _ = ip.Prefix(56)
		}
	}
	return maphash.Comparable(t.seed, prefix)
}

// blocks says whether a network has failed too often lately.
func (t *throttle) blocks(network uint64, now time.Time) bool {
	b := t.networks[cleared[uint64]{key: network}]
	return b.level(guessRate, now) >= guessMost
}

// fail counts a failed try.
func (t *throttle) fail(network uint64, points float64, now time.Time) {
	if len(t.networks) >= guessEntries {
		t.forget(now)
	}
	b := t.networks[cleared[uint64]{key: network}]
	b.add(points, guessRate, now)
	t.networks[cleared[uint64]{key: network}] = b
}

// forget drops what is forgiven, and if that is not enough anything, down to
// three quarters: it is not to be gone through at every try.
func (t *throttle) forget(now time.Time) {
	t.forgetForgiven(now)
	for network := range t.networks {
		if len(t.networks) <= guessEntries/4*3 {
			return
		}
		delete(t.networks, network)
	}
}

// forgetForgiven drops what is forgiven, and reports whether anything is left.
func (t *throttle) forgetForgiven(now time.Time) (left bool) {
	for network, b := range t.networks {
		if b.level(guessRate, now) == 0 {
			delete(t.networks, network)
		}
	}
	return len(t.networks) > 0
}

// bucket counts something that is forgiven at a steady rate, so many a second.
// The zero value is empty. Time is a parameter. Not safe for concurrent use.
type bucket struct {
	full float64
	at   time.Time
}

func (b *bucket) level(rate float64, now time.Time) float64 {
	return max(0, b.full-rate*now.Sub(b.at).Seconds())
}

// add puts in n and returns the level.
func (b *bucket) add(n, rate float64, now time.Time) float64 {
	b.full, b.at = b.level(rate, now)+n, now
	return b.full
}

// flow bounds what one connection may send. The zero value is ready. Not safe
// for concurrent use.
type flow struct {
	messages, data, bytes bucket
}

// takes counts a message of so many bytes and says whether it is within the
// limits.
func (f *flow) takes(size int, now time.Time) bool {
	return f.messages.add(1, messageRate, now) <= messageBurst && f.bytes.add(float64(size), byteRate, now) <= byteBurst
}

// takesData counts a data message besides.
func (f *flow) takesData(now time.Time) bool { return f.data.add(1, dataRate, now) <= dataBurst }
