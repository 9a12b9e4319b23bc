package viapion

import (
	"encoding/binary"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"paravent/sfu/transport"
)

// writer writes to one peer.
type writer struct{ connection *subscribing }

// scratch is reused for the packets of one slot.
type scratch struct {
	header  rtp.Header // one on the stack would escape
	payload []byte     // of retransmissions
}

// Write implements transport.Writer.
func (w writer) Write(p *transport.Outgoing) {
	d := w.connection
	s := (*d.streams.Load())[p.SSRC]
	if s == nil || d.closed.Load() {
		return
	}
	b := s.bound.Load()
	if b == nil {
		return
	}
	if !s.heard.Swap(true) { // most slots are never written to
		d.readers.start(func() { d.hear(s) })
	}
	h := &s.scratch.header
	*h = rtp.Header{
		Version: 2, Marker: p.Marker, PayloadType: p.Format, SequenceNumber: uint16(p.Index),
		Timestamp: p.Timestamp, SSRC: p.SSRC, Extensions: h.Extensions[:0],
		Padding: p.Padding > 0, PaddingSize: p.Padding,
	}
	if b.dependency != 0 && p.Dependency != nil {
		_ = h.SetExtension(b.dependency, p.Dependency) // without, if it is too long: a decoder can do that
	}
	payload := p.Payload
	if p.Repeat {
		s.scratch.payload = binary.BigEndian.AppendUint16(s.scratch.payload[:0], p.Original)
		s.scratch.payload = append(s.scratch.payload, p.Payload...)
		payload = s.scratch.payload
	}
	if _, err := b.out.WriteRTP(h, payload); err != nil {
		d.transport.unsent.Add(1)
		return
	}
	d.transport.sealed.Add(1)
}

// Again implements transport.Writer. Pion seals everything itself, and so nothing
// is kept.
func (w writer) Again(*transport.Kept) {}

// Report implements transport.Writer.
func (w writer) Report(r transport.SenderReport) {
	d := w.connection
	if d.closed.Load() {
		return
	}
	// A lost report is followed by the next.
	_ = d.pc.WriteRTCP([]rtcp.Packet{&rtcp.SenderReport{
		SSRC: r.SSRC, NTPTime: ntp(d.transport.Wall(r.At)), RTPTime: r.Timestamp,
		PacketCount: r.Packets, OctetCount: r.Octets,
	}})
}
