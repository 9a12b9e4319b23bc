package sfu

import (
	"slices"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// hear reads what the viewer reports of one slot until the connection ends.
func (d *subscribing) hear(s *slot, sender *webrtc.RTPSender) {
	defer survive(d.end)
	buffer := make([]byte, receiveSize)
	for {
		n, _, err := sender.Read(buffer)
		if err != nil {
			return
		}
		packets, err := rtcp.Unmarshal(buffer[:n])
		if err != nil {
			continue // not for us to understand
		}
		now := d.router.now()
		for _, p := range packets {
			d.heed(s, p, now)
		}
	}
}

// heed does what one report asks for.
func (d *subscribing) heed(s *slot, p rtcp.Packet, now time.Time) {
	switch p := p.(type) {
	case *rtcp.TransportLayerNack:
		if p.MediaSSRC != s.id() {
			return
		}
		spacing := min(max(minResend, time.Duration(d.trip.Load())), maxResend)
		for _, pair := range p.Nacks {
			pair.Range(func(seq uint16) bool {
				s.resend(seq, now, spacing)
				return true
			})
		}
	case *rtcp.PictureLossIndication:
		if p.MediaSSRC == s.id() {
			s.need()
		}
	case *rtcp.FullIntraRequest:
		if slices.ContainsFunc(p.FIR, func(e rtcp.FIREntry) bool { return e.SSRC == s.id() }) {
			s.need()
		}
	case *rtcp.ReceiverReport:
		d.measure(s, p.Reports, now)
	}
}

// measure takes the round trip time from what is reported of a slot.
func (d *subscribing) measure(s *slot, reports []rtcp.ReceptionReport, now time.Time) {
	for _, r := range reports {
		if r.SSRC != s.id() {
			continue
		}
		if trip, ok := roundTrip(r, now); ok {
			d.trip.Store(int64(trip))
		}
	}
}

// roundTrip reads the round trip time out of a reception report (RFC 3550,
// section 6.4.1). It is a claim of the viewer's.
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

// id is the slot's SSRC; 0 while it is not negotiated.
func (s *slot) id() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ssrc
}

// bind sets what was negotiated for the slot.
func (s *slot) bind(out writer, ssrc, rtxSSRC uint32, t [codecs]types) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out, s.ssrc, s.rtxSSRC, s.types = out, ssrc, rtxSSRC, t
}

// need asks for a key frame of what the slot shows, once it can be sent there.
func (s *slot) need() {
	s.mu.Lock()
	t := s.track
	s.mu.Unlock()
	if t != nil && s.video && s.state.carries() {
		t.need()
	}
}

// report is the sender report of the slot (RFC 3550, section 6.4.1); nil while
// nothing is forwarded.
func (s *slot) report(now time.Time) *rtcp.SenderReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.run == 0 || s.out == nil {
		return nil
	}
	return &rtcp.SenderReport{
		SSRC:        s.ssrc,
		NTPTime:     ntp(now),
		RTPTime:     s.clock.read(s.codec.clock(), now),
		PacketCount: s.packets,
		OctetCount:  s.octets,
	}
}
