package rate

import "time"

// What we chose.
const (
	ackedBits   = 25                            // of a moment lie within a bucket: 34 ms, about a frame
	ackedSpan   = time.Duration(1 << ackedBits) //
	ackedWhole  = 16                            // buckets that are looked at in quiet
	ackedRecent = 6                             // and when the network is full, where packets come evenly
)

// acked measures the rate at which packets arrived, by the clock of the
// receiver. The zero value is ready.
type acked struct {
	buckets [ackedWhole]int // bytes
	newest  int64           // bucket
	last    time.Duration   // newest arrival
	first   time.Duration   // arrival from which the buckets are whole
	begun   bool
}

// add counts a packet.
func (a *acked) add(at time.Duration, bytes int) {
	bucket := int64(at >> ackedBits)
	switch ahead := bucket - a.newest; {
	case !a.begun, ahead > ackedWhole, ahead < -ackedWhole:
		*a = acked{newest: bucket, last: at, first: at, begun: true}
	case ahead > 0:
		for i := a.newest + 1; i <= bucket; i++ {
			a.buckets[i&(ackedWhole-1)] = 0
		}
		a.newest = bucket
	case ahead <= -ackedWhole:
		return
	}
	a.buckets[bucket&(ackedWhole-1)] += bytes
	a.last = max(a.last, at)
}

// credit counts bytes of which nobody told but that were on their way.
func (a *acked) credit(bytes int) {
	a.buckets[a.newest&(ackedWhole-1)] += bytes
}

// rate is in bits per second over so many buckets; 0: too little is known.
func (a *acked) rate(buckets int64) int {
	from := max(time.Duration(a.newest-buckets+1)*ackedSpan, a.first)
	span := a.last - from
	if span < 3*ackedSpan {
		return 0
	}
	var bytes int
	for i := a.newest - buckets + 1; i <= a.newest; i++ {
		bytes += a.buckets[i&(ackedWhole-1)]
	}
	return int(int64(bytes) * 8 * int64(time.Second) / int64(span))
}
