package engine

import (
	"encoding/binary"
	"time"
)

const (
	secondNTP      = 1 << 16             // in the unit of round trips in reports
	reportInterval = time.Second         // between receiver reports
	mostKept       = 65535 * time.Second // that a sender report was kept: what the field holds
	mostJitter     = 5                   // seconds: more is another beginning of the timestamps
)

// ntp is t as an NTP timestamp: seconds since 1900 in 32.32 fixed point (RFC
// 3550, section 4).
func ntp(t time.Time) uint64 {
	const from1900to1970 = 2208988800
	seconds := uint64(t.Unix()) + from1900to1970
	fraction := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return seconds<<32 | fraction
}

// reception is what is reported of a received stream (RFC 3550, appendices A.3
// and A.8). The zero value is ready. It is not safe for concurrent use.
type reception struct {
	begun           bool
	first, newest   uint64 // extended numbers
	received        uint64
	expectedBefore  uint64 // at the last report
	receivedBefore  uint64
	transit, jitter uint32        // in ticks of the RTP clock; jitter is multiplied by 16
	sent            uint32        // middle bits of the NTP time of the last sender report
	sentAt          time.Duration // when that was received
	heard           bool          // one was
}

// count takes in a packet that came on the stream itself: number is its
// extended number, ticks its RTP timestamp.
func (r *reception) count(number uint64, ticks uint32, clock uint32, at time.Duration) {
	transit := uint32(uint64(at.Microseconds())*uint64(clock)/1e6) - ticks
	if !r.begun {
		r.begun, r.first, r.newest, r.transit = true, number, number, transit
	}
	r.received++
	r.first, r.newest = min(r.first, number), max(r.newest, number)
	d := int64(int32(transit - r.transit))
	r.transit = transit
	if d = max(d, -d); d <= mostJitter*int64(clock) {
		r.jitter += uint32(d) - (r.jitter+8)>>4
	}
}

// hear takes in a sender report.
func (r *reception) hear(stamp uint64, at time.Duration) {
	r.sent, r.sentAt, r.heard = uint32(stamp>>16), at, true
}

// append appends the report block of the stream (RFC 3550, section 6.4.1), and
// begins the next interval.
func (r *reception) append(b []byte, ssrc uint32, now time.Duration) []byte {
	expected := r.newest - r.first + 1
	lost := int64(expected) - int64(r.received)
	interval := int64(expected - r.expectedBefore)
	lostNow := interval - int64(r.received-r.receivedBefore)
	r.expectedBefore, r.receivedBefore = expected, r.received
	var fraction uint8
	if interval > 0 && lostNow > 0 {
		fraction = uint8(min(lostNow<<8/interval, 255))
	}
	const most = 1<<23 - 1 // the field is signed, 24 bits
	cumulative := uint32(min(max(lost, -most), most)) & 0xffffff
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = binary.BigEndian.AppendUint32(b, uint32(fraction)<<24|cumulative)
	b = binary.BigEndian.AppendUint32(b, uint32(r.newest))
	b = binary.BigEndian.AppendUint32(b, r.jitter>>4)
	if !r.heard {
		return append(b, 0, 0, 0, 0, 0, 0, 0, 0)
	}
	kept := min(now-r.sentAt, mostKept)
	b = binary.BigEndian.AppendUint32(b, r.sent)
	return binary.BigEndian.AppendUint32(b, uint32(kept*secondNTP/time.Second))
}

// tick implements media.
func (in *inbound) tick(at time.Duration) (rests bool) {
	if in.over {
		return true
	}
	in.feed(at)
	if at-in.reported >= reportInterval {
		in.reported = at
		in.tell(at)
	}
	in.resting = at-in.came >= restTime
	return in.resting
}

// feed tells the publisher when its packets arrived, if that is due.
func (in *inbound) feed(at time.Duration) {
	for {
		due, ok := in.arrivals.Due()
		if !ok || due > at {
			return
		}
		in.report = in.arrivals.Append(in.report[:0], in.ssrc, in.media, at)
		if len(in.report) == 0 {
			return
		}
		in.link.control(in.report)
	}
}

// tell reports what was received of every stream that sent something since the
// last time (RFC 3550, section 6.4). The fraction lost is no smaller than what
// is lost further on. By the cumulative number, which browsers reckon with when
// they ask themselves what the network carries, it stays what was lost up to here.
func (in *inbound) tell(at time.Duration) {
	b, blocks := appendStart(in.report[:0], kindReceiver, 0, in.ssrc), 0
	for _, s := range in.streams {
		if s.reception.received == s.reception.receivedBefore {
			continue
		}
		b = s.reception.append(b, s.ssrc, at)
		fraction := &b[len(b)-reportBlockSize+4]
		*fraction = max(*fraction, s.lossy)
		if blocks++; blocks == maxReportBlocks {
			break // there are no more of those that send at a time
		}
	}
	in.report = b
	if blocks > 0 {
		b[0] |= uint8(blocks)
		in.link.control(finish(b, 0))
	}
}

// control implements media: of what a publisher reports, only when it did so
// is of use, for its round trip.
func (in *inbound) control(compound []byte, at time.Duration) {
	if in.over {
		return
	}
	if !isCompound(compound) {
		in.home.tally.malformed++
		return
	}
	for len(compound) > 0 {
		p, rest, _ := cut(compound)
		compound = rest
		if p.kind != kindSender {
			continue
		}
		if _, ok := p.blocks(); !ok {
			in.home.tally.malformed++
			continue
		}
		if o := in.origins[binary.BigEndian.Uint32(p.body)]; o != nil && o.stream != nil && !o.repair {
			o.stream.reception.hear(binary.BigEndian.Uint64(p.body[wordSize:]), at)
		}
	}
}
