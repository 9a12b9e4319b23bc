package viapion

import (
	"errors"
	"io"
	"slices"
	"time"

	"github.com/pion/rtcp"

	"paravent/sfu/guard"
)

// hear reads what the peer reports of one slot until the connection ends.
func (d *subscribing) hear(s *slot) {
	defer guard.End(d.end)
	buffer := make([]byte, receiveSize)
	for {
		n, _, err := s.sender.Read(buffer)
		if d.closed.Load() || errors.Is(err, io.EOF) || errors.Is(err, io.ErrClosedPipe) {
			return
		}
		if err != nil {
			d.transport.malformed.Add(1) // for the estimator, of what was read
			continue
		}
		packets, err := rtcp.Unmarshal(buffer[:n])
		if err != nil {
			d.transport.malformed.Add(1)
			continue
		}
		b := s.bound.Load()
		if b == nil {
			continue
		}
		now := d.transport.Wall(d.transport.Now())
		for _, p := range packets {
			d.heed(s, b.SSRC, p, now)
		}
	}
}

// heed does what one report asks for.
func (d *subscribing) heed(s *slot, ssrc uint32, p rtcp.Packet, now time.Time) {
	switch p := p.(type) {
	case *rtcp.TransportLayerNack:
		if p.MediaSSRC == ssrc {
			d.miss(s, p.Nacks)
		}
	case *rtcp.PictureLossIndication:
		if p.MediaSSRC == ssrc {
			d.events.tell(func() { d.hears.KeyFrame(s.number) })
		}
	case *rtcp.FullIntraRequest:
		if slices.ContainsFunc(p.FIR, func(e rtcp.FIREntry) bool { return e.SSRC == ssrc }) {
			d.events.tell(func() { d.hears.KeyFrame(s.number) })
		}
	case *rtcp.ReceiverReport:
		d.measure(ssrc, p.Reports, now)
	}
}

// measure takes the round trip time from what is reported of a slot.
func (d *subscribing) measure(ssrc uint32, reports []rtcp.ReceptionReport, now time.Time) {
	for _, r := range reports {
		if trip, ok := roundTrip(r, now); ok && r.SSRC == ssrc {
			d.trip.Store(int64(trip))
		}
	}
}

// miss tells what is missing, a part at a time.
func (d *subscribing) miss(s *slot, pairs []rtcp.NackPair) {
	seqs := make([]uint16, 0, maxMissing)
	tell := func() {
		if len(seqs) > 0 {
			d.events.tell(func() { d.hears.Missing(s.number, seqs) })
			seqs = seqs[:0]
		}
	}
	for _, pair := range pairs {
		pair.Range(func(seq uint16) bool {
			seqs = append(seqs, seq)
			return true
		})
		if len(seqs) > maxMissing-17 { // a pair names up to 17
			tell()
		}
	}
	tell()
}

// roundTrip reads the round trip time out of a reception report (RFC 3550,
// section 6.4.1). It is a claim of the peer's.
func roundTrip(r rtcp.ReceptionReport, now time.Time) (time.Duration, bool) {
	if r.LastSenderReport == 0 {
		return 0, false
	}
	const unit = 1 << 16 // a second
	passed := uint32(ntp(now)>>16) - r.LastSenderReport - r.Delay
	if passed > 10*unit {
		return 0, false
	}
	return time.Duration(passed) * time.Second / unit, true
}

// ntp is t as an NTP timestamp: seconds since 1900 in 32.32 fixed point.
func ntp(t time.Time) uint64 {
	const from1900to1970 = 2208988800
	seconds := uint64(t.Unix()) + from1900to1970
	fraction := uint64(t.Nanosecond()) << 32 / uint64(time.Second)
	return seconds<<32 | fraction
}
