package rate

import "time"

// Limits say within what an estimate may move, in bits per second. Zeros mean
// what [NewEstimator] says.
type Limits struct{ Min, Start, Max int }

// Estimator learns what the network carries towards one peer from what was
// sent and what the peer says of its arrival.
//
// Sent, Rate and Want may be called by any number of goroutines at once;
// everything else by one at a time.
type Estimator struct{ limits Limits }

// NewEstimator begins with l.Start (0: 1 Mbit/s) and stays within l.Min (0: 30
// kbit/s) and l.Max (0: 50 Mbit/s).
func NewEstimator(l Limits) *Estimator { return &Estimator{l} }

// Sent says that a packet of so many bytes (headers and padding included) left
// with this transport-wide number.
func (e *Estimator) Sent(number uint16, size int, at time.Duration) {}

// Feedback takes a transport-wide feedback packet (RTCP, opened: type 205,
// format 15). Changed says that Rate is another now; ok is false if the packet
// could not be read and nothing came of it.
func (e *Estimator) Feedback(b []byte, now time.Duration) (changed, ok bool) { return false, true }

// Tick is to be called about ten times a second: it notices that feedback
// stays away. Changed says that Rate is another now.
func (e *Estimator) Tick(now time.Duration) (changed bool) { return false }

// Rate is what the network seems to carry, of media and all else, in bits per
// second.
func (e *Estimator) Rate() int { return e.limits.Start }

// Want says how many bits per second would be sent if the network carried
// everything: more is not probed for.
func (e *Estimator) Want(bits int) {}

// Probe says how many bytes of padding are to be sent now, 0: none, and when
// to ask again: a few milliseconds later within a probe, else a part of a
// second.
func (e *Estimator) Probe(now time.Duration) (bytes int, next time.Duration) {
	return 0, now + 100*time.Millisecond
}

// RoundTrip is the shortest time of the last seconds from sending a packet to
// hearing of it; 0: none yet.
func (e *Estimator) RoundTrip() time.Duration { return 0 }
