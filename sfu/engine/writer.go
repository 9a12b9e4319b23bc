package engine

import (
	"encoding/binary"
	"sync/atomic"
	"time"

	"paravent/sfu/description"
	"paravent/sfu/packet"
	"paravent/sfu/rate"
	"paravent/sfu/transport"
)

const (
	originalSize = 2    // bytes of the original number before what is sent again (RFC 4588, section 4)
	maxOverhead  = 32   // more than SRTP and SRTCP add to a packet
	maxEqualised = 1400 // bytes of a packet that is padded: a longer one might no longer fit a way that it fitted before
	paddingFlag  = 0x20 // in the first byte (RFC 3550, section 5.1)
)

// outbound is the half of a subscribe connection that writes packets and reads
// what the peer reports of them. What belongs to the home lane is said in
// feedback.go.
type outbound struct {
	link     link
	events   transport.SubscribeEvents
	ways     *atomic.Pointer[way]
	equalise bool // packets of one train are made the same size; set before the first

	agreed    atomic.Pointer[agreed] // nil: nothing yet
	numbers   atomic.Uint32          // the last transport-wide number
	resting   atomic.Bool            // tick comes rarely: who writes next is to call rouse
	estimator *rate.Estimator
	trip      atomic.Int64 // latest round trip
	writers   []atomic.Pointer[writer]

	// The home lane's:
	admission
	heard heard
}

var _ media = (*outbound)(nil)

// agreed is what a peer's answer says. It is never changed.
type agreed struct {
	slots   []transport.SlotInfo
	places  map[uint32]int // of slots, by SSRC
	shapes  [128]shape     // by payload type
	counted bool           // the peer tells when packets arrive
}

// shape is what is to be known of a payload type to write a packet.
type shape struct {
	ids   packet.OutIDs
	known bool
	video bool // and no repair
}

func newOutbound(l link, ways *atomic.Pointer[way], lanes int, events transport.SubscribeEvents, slots []description.Slot) *outbound {
	return &outbound{
		link:      l,
		events:    events,
		ways:      ways,
		equalise:  true,
		estimator: rate.NewEstimator(rate.Limits{}),
		writers:   make([]atomic.Pointer[writer], lanes),
		admission: newAdmission(subscribeBytes, subscribePackets, subscribeBurst),
		heard:     newHeard(len(slots)),
	}
}

// configure takes what the peer agreed to. To be called once, before begin.
func (o *outbound) configure(answer *description.Answer) {
	a := &agreed{places: map[uint32]int{}}
	for i, s := range answer.Slots {
		ids := packet.OutIDs{TransportCC: s.Extensions.TransportCC, Dependency: s.Extensions.Dependency}
		if !answer.Mixed || !s.Dependency {
			// Descriptors of key frames need the longer form of extensions (RFC
			// 8285, section 4.3), and without those the others say nothing.
			ids.Dependency, s.Dependency = 0, false
		}
		a.slots = append(a.slots, s.SlotInfo)
		a.places[s.SSRC] = i
		for c, f := range s.Types {
			a.shape(f.Media, ids, transport.Codec(c).Video())
			a.shape(f.RTX, ids, false)
		}
	}
	for _, s := range a.shapes {
		a.counted = a.counted || s.ids.TransportCC != 0
	}
	o.agreed.Store(a)
}

// shape adds what one slot agreed on for a payload type. Where slots differ
// nothing is sent that one of them did not agree to.
func (a *agreed) shape(format uint8, ids packet.OutIDs, video bool) {
	if format == 0 || int(format) >= len(a.shapes) {
		return
	}
	s := &a.shapes[format]
	if !s.known {
		*s = shape{ids: ids, known: true, video: video}
		return
	}
	if s.ids.TransportCC != ids.TransportCC {
		s.ids.TransportCC = 0
	}
	if s.ids.Dependency != ids.Dependency {
		s.ids.Dependency = 0
	}
	s.video = s.video && video
}

// slot says what was agreed on for slot i. Safe for concurrent use, like the
// following.
func (o *outbound) slot(i int) transport.SlotInfo {
	if a := o.agreed.Load(); a != nil && i >= 0 && i < len(a.slots) {
		return a.slots[i]
	}
	return transport.SlotInfo{}
}

// roundTrip is the latest measurement; 0: none yet.
func (o *outbound) roundTrip() time.Duration { return time.Duration(o.trip.Load()) }

// rate is what the network seems to carry, in bits per second; 0: it cannot be
// known, or not yet.
func (o *outbound) rate() int {
	if a := o.agreed.Load(); a == nil || !a.counted {
		return 0
	}
	return o.estimator.Rate()
}

// want says how much would be sent if the network carried everything.
func (o *outbound) want(bits int) { o.estimator.Want(bits) }

// writer is how packets are sent from a lane.
func (o *outbound) writer(l *lane) transport.Writer {
	at := &o.writers[l.number]
	if w := at.Load(); w != nil {
		return w
	}
	at.CompareAndSwap(nil, &writer{outbound: o, lane: l})
	return at.Load()
}

// writer implements transport.Writer. It belongs to its lane.
type writer struct {
	outbound *outbound
	lane     *lane
	size     int // of the last packet of a picture, before it was sealed
	report   [senderSize]byte
}

// Write implements transport.Writer.
func (w *writer) Write(p *transport.Outgoing) {
	o, l := w.outbound, w.lane
	way, agreed := o.ways.Load(), o.agreed.Load()
	if way == nil || agreed == nil {
		return
	}
	s := &agreed.shapes[p.Format&0x7f]
	b := l.room(way, packet.HeaderRoom+originalSize+len(p.Payload)+int(p.Padding)+1+maxOverhead)
	if b == nil || (len(p.Payload) == 0) != (p.Padding > 0) {
		l.tally.unsent++
		return
	}
	var number uint16
	if s.ids.TransportCC != 0 {
		number = uint16(o.numbers.Add(1))
		if o.resting.Load() {
			o.rouse()
		}
	}
	b = packet.AppendHeader(b, p, s.ids, number)
	header, payload := len(b), p.Payload
	switch {
	case len(payload) == 0:
		b = pad(b, p.Padding)
	case p.Repeat:
		b = binary.BigEndian.AppendUint16(b, p.Original)
	case s.video && o.equalise && way.slow == nil && w.differs(header+len(payload)):
		b = pad(append(b, payload...), 1)
		payload = nil
	}
	sealer := way.sealers[l.number]
	if s.ids.TransportCC != 0 {
		// Before it is sealed: what is atomic would have to wait until all that
		// is written there has reached memory.
		o.estimator.Sent(number, len(b)+len(payload)+sealer.Overhead(), l.now)
	}
	b = sealer.SealRTP(b, header, payload, p.Index)
	if b == nil {
		l.tally.unsent++
		return
	}
	l.tally.sealed++
	if p.Keep != nil {
		keep(p.Keep, b, number, s.ids.TransportCC != 0)
	}
	l.commit(way, b)
}

// keep copies a sealed packet, if there is room for it.
func keep(k *transport.Kept, b []byte, number uint16, counts bool) {
	k.Bytes, k.Number, k.Counts = k.Bytes[:0], number, counts
	if len(b) <= cap(k.Bytes) {
		k.Bytes = append(k.Bytes, b...)
	}
}

// Again implements transport.Writer.
func (w *writer) Again(k *transport.Kept) {
	o, l := w.outbound, w.lane
	way := o.ways.Load()
	if way == nil || len(k.Bytes) == 0 {
		return
	}
	b := l.room(way, len(k.Bytes))
	if b == nil {
		l.tally.unsent++
		return
	}
	if k.Counts {
		o.estimator.Twice(k.Number)
	}
	l.commit(way, append(b, k.Bytes...))
}

// differs says whether a packet of a picture is to be padded by one byte. The
// system sends packets of one size as a train, and browsers cut a frame into
// packets that differ by at most a byte, the larger ones last. So the first is
// made larger, and those of the smaller size after it too.
func (w *writer) differs(size int) bool {
	if size == w.size || size > maxEqualised {
		return false
	}
	w.size = size + 1
	return true
}

// pad appends n bytes of padding to the packet b, if there are any (RFC 3550,
// section 5.1).
func pad(b []byte, n uint8) []byte {
	if n == 0 {
		return b
	}
	for range n - 1 {
		b = append(b, 0)
	}
	b[0] |= paddingFlag
	return append(b, n)
}

// Report implements transport.Writer.
func (w *writer) Report(r transport.SenderReport) {
	l := w.lane
	way := w.outbound.ways.Load()
	if way == nil {
		return
	}
	report := appendSender(w.report[:0], &r, l.wall(r.At))
	b := l.room(way, len(report)+maxOverhead)
	if b == nil {
		return
	}
	if b = way.sealers[l.number].SealRTCP(b, report); b != nil {
		l.commit(way, b)
	}
}
