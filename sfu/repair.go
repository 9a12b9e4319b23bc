package sfu

import (
	"time"

	"paravent/sfu/transport"
)

// repair is what a flow remembers to answer those who miss something (RFC
// 4585, section 6.2.1).
type repair struct {
	index   uint64 // of the retransmission stream: the latest
	stretch uint32 // counts runs and key frames: what is from before the latest is of no use any more
	ring    []sentPacket
	packet  transport.Outgoing // reused
	second  time.Duration      // since when
	resends int                // that many were made
}

// sentPacket is small: a grid of viewers walks through many of them.
type sentPacket struct {
	out, in uint16
	stretch uint32 // 0: none
	resent  uint32 // when it was last sent again, or late, in ms, wrapping; 0: never
	marker  bool   // as it was sent
}

// sent remembers that the source's packet in went out as out.
func (r *repair) sent(out, in uint16, stretch uint32, marker bool) {
	if r.ring == nil {
		r.ring = make([]sentPacket, sentWindow) // once, with the first packet
	}
	r.ring[out%sentWindow] = sentPacket{out: out, in: in, stretch: stretch, marker: marker}
}

// late says that out was sent only now, after others that follow it: who missed
// it meanwhile has asked for it, or is about to, and would get it twice.
func (r *repair) late(out uint16, now time.Duration) {
	r.ring[out%sentWindow].resent = max(1, uint32(now.Milliseconds()))
}

// allow returns what was sent as packet out, if it may be sent again at now: at
// most once per spacing. Nil: it may not.
func (r *repair) allow(out uint16, now, spacing time.Duration) *sentPacket {
	if r.ring == nil {
		return nil
	}
	p := &r.ring[out%sentWindow]
	if p.out != out || p.stretch == 0 || p.stretch != r.stretch {
		return nil
	}
	ms := uint32(now.Milliseconds())
	if p.resent != 0 && ms-p.resent < uint32(spacing.Milliseconds()) {
		return nil
	}
	if now-r.second >= time.Second {
		r.second, r.resends = now, 0
	}
	if r.resends >= resendsPerSlot {
		return nil
	}
	r.resends++
	p.resent = max(1, ms)
	return p
}

// resend answers that packets are missing. Those of pictures go out as
// retransmissions under their own SSRC and numbers (RFC 4588): sealing anything
// twice under one number would break SRTP, so without that there is no answer.
func (w *flow) resend(seqs []uint16) {
	if w.run == 0 {
		return
	}
	if !w.slot.video {
		w.repeat(seqs)
		return
	}
	if w.info.RTX == 0 {
		return
	}
	now := w.feed.lane.Now()
	spacing := min(max(minResend, w.slot.conn.RoundTrip()), maxResend)
	for _, seq := range seqs {
		if !w.open() {
			return
		}
		if p := w.repair.allow(seq, now, spacing); p != nil {
			w.again(p, now)
		}
	}
}

// again sends again what was sent as p.
func (w *flow) again(p *sentPacket, now time.Duration) {
	k, payload, dependency := w.source.history.get(p.in, now)
	if k == nil || k.codec != w.codec || w.info.Types[k.codec].RTX == 0 {
		return
	}
	picture, ok := w.pictures.Look(&k.marks)
	if !ok || !w.way.repairs.take(len(payload)+packetOverhead, now) {
		return
	}
	w.way.pacer.TakeAudio(len(payload)+packetOverhead, now)
	k.marks.Write(payload, dependency, picture)
	w.repair.index++
	o := &w.repair.packet
	*o = transport.Outgoing{
		SSRC: w.info.RTX, Index: w.repair.index, Format: w.info.Types[k.codec].RTX,
		Marker: p.marker, Timestamp: k.timestamp + w.clock.shift,
		Repeat: true, Original: p.out, Payload: payload, Dependency: dependency,
	}
	w.out.Write(o)
}

// pad sends about so many bytes of nothing, in the retransmission stream: in
// that of the media it would use up numbers that the viewer then misses.
func (w *flow) pad(bytes int) {
	format := w.info.Types[w.codec].RTX
	if w.info.RTX == 0 || format == 0 || w.run == 0 {
		return
	}
	for bytes = min(bytes, maxProbe); bytes > 0 && w.open(); bytes -= maxPadding {
		w.repair.index++
		o := &w.repair.packet
		*o = transport.Outgoing{
			SSRC: w.info.RTX, Index: w.repair.index, Format: format,
			Timestamp: w.clock.last, Padding: uint8(min(bytes, maxPadding)),
		}
		w.out.Write(o)
	}
}
