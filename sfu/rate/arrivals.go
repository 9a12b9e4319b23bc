package rate

import "time"

// Arrivals records when the packets of one publish connection arrived, by
// their transport-wide numbers, and tells the sender of it. The zero value is
// ready. Not safe for concurrent use.
type Arrivals struct{}

// Add records that the packet with this number arrived. The second time is
// ignored.
func (a *Arrivals) Add(number uint16, at time.Duration) {}

// Due is the moment from which Append has something to say; ok is false as
// long as there is nothing to tell of.
func (a *Arrivals) Due() (at time.Duration, ok bool) { return 0, false }

// Append appends one feedback packet (RTCP, not sealed yet) of at most 1200
// bytes to b, from the SSRC sender about the SSRC media, if one is due at now;
// else it gives b back. What did not fit is due at once: call it again.
func (a *Arrivals) Append(b []byte, sender, media uint32, now time.Duration) []byte { return b }
