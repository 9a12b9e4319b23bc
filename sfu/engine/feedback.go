package engine

import (
	"encoding/binary"
	"time"

	"paravent/sfu/rate"
	"paravent/sfu/transport"
)

const (
	maxMissing = 256 // packets that a peer can miss in one event

	// What a peer may report: a bad link with thirty slots stays below. The rest
	// is dropped unopened.
	subscribeBytes   = 4e6 / 8 // a second
	subscribePackets = 2000    // a second
	subscribeBurst   = 0.5     // seconds of it at once

	// What a peer may ask for.
	missingRate    = 2000                   // packets a second that it misses
	missingBurst   = 0.5                    // seconds of it at once
	refreshSpacing = 100 * time.Millisecond // between requests for a key frame of a slot

	maxTrip = 10 * time.Second // longer is no measurement
)

// heard is what is known from a peer's reports. It belongs to the home lane.
type heard struct {
	home    *lane
	over    bool
	missing rate.Budget
	seqs    []uint16
	asked   []time.Duration // when a key frame of each slot was last asked for; below 0: never
	told    int             // the rate that was last told of
	due     time.Duration   // when the estimator is to be asked whether to probe
	armed   bool            // there is a timer for that
	probe   func()
	number  uint32        // the last that was seen of outbound.numbers
	wrote   time.Duration // and when it was
}

func newHeard(slots int) heard {
	h := heard{
		missing: rate.NewBudget(missingRate, missingRate*missingBurst),
		asked:   make([]time.Duration, slots),
	}
	for i := range h.asked {
		h.asked[i] = -refreshSpacing
	}
	return h
}

// begin implements media.
func (o *outbound) begin(home *lane) {
	o.heard.home, o.heard.wrote = home, home.Now()
	o.heard.told = o.rate()
	o.heard.probe = func() {
		o.heard.armed = false
		o.test(home.Now())
	}
}

// end implements media.
func (o *outbound) end() { o.heard.over = true }

// receive implements media: who subscribes sends no media.
func (o *outbound) receive(burst []arrived, _ time.Duration) {
	o.heard.home.tally.unknown += uint64(len(burst))
}

// tick implements media.
func (o *outbound) tick(at time.Duration) (rests bool) {
	if o.heard.over || o.rate() == 0 {
		return true
	}
	rests = o.rest(at)
	if o.estimator.Tick(at) {
		o.rated()
	}
	if !o.heard.armed && at >= o.heard.due {
		o.test(at)
	}
	return rests
}

// rest says whether nothing was written for a while. If so, who writes next
// calls rouse.
func (o *outbound) rest(at time.Duration) bool {
	h := &o.heard
	if n := o.numbers.Load(); n != h.number {
		if at-h.wrote >= restTime {
			o.estimator.Begin(at)
		}
		h.number, h.wrote = n, at
	}
	if at-h.wrote < restTime {
		return false
	}
	o.resting.Store(true)
	// Who has written since then may not have seen it.
	return o.numbers.Load() == h.number
}

// rouse ends the rest. In any lane.
func (o *outbound) rouse() {
	if o.resting.Swap(false) {
		o.link.rouse()
	}
}

// test lets the estimator find out whether the network carries more.
func (o *outbound) test(at time.Duration) {
	h := &o.heard
	if h.over {
		return
	}
	bytes, next := o.estimator.Probe(at)
	h.due = next
	if next < at+tickInterval {
		h.armed = true
		h.home.At(next, h.probe)
	}
	if bytes > 0 {
		o.events.Probe(bytes)
	}
}

// rated tells of another rate, if it differs enough to matter.
func (o *outbound) rated() {
	h := &o.heard
	now := o.rate()
	if d := now - h.told; max(d, -d) > h.told/32 {
		h.told = now
		o.events.Rated()
	}
}

// control implements media. A packet that is not RTCP from end to end has no
// effect; in one that is, only what cannot be read has none.
func (o *outbound) control(compound []byte, at time.Duration) {
	h, agreed := &o.heard, o.agreed.Load()
	if h.over || agreed == nil {
		return
	}
	if !isCompound(compound) {
		h.home.tally.malformed++
		return
	}
	for len(compound) > 0 {
		p, rest, _ := cut(compound)
		compound = rest
		if !o.heed(agreed, &p, at) {
			h.home.tally.malformed++
		}
	}
}

// heed does what one report asks for. It is false for what cannot be read. What
// is not known is for others, and no fault.
func (o *outbound) heed(a *agreed, p *piece, at time.Duration) bool {
	switch {
	case p.kind == kindSender || p.kind == kindReceiver:
		return o.gauge(a, p, at)
	case p.kind == kindTransport && p.count == formatNack:
		return o.miss(a, p, at)
	case p.kind == kindTransport && p.count == formatTWCC:
		changed, ok := o.estimator.Feedback(p.whole, at)
		if changed {
			o.rated()
		}
		if trip := o.estimator.RoundTrip(); trip > 0 && o.trip.Load() == 0 {
			o.trip.Store(int64(trip))
		}
		return ok
	case p.kind == kindPayload && p.count == formatPLI:
		if len(p.body) != startSize {
			return false
		}
		o.refresh(a, binary.BigEndian.Uint32(p.body[wordSize:]), at)
	case p.kind == kindPayload && p.count == formatFIR:
		const entry = 8
		if len(p.body) < startSize || len(p.body)%entry != 0 {
			return false
		}
		for b := p.body[startSize:]; len(b) > 0; b = b[entry:] {
			o.refresh(a, binary.BigEndian.Uint32(b), at)
		}
	}
	return true
}

// gauge takes the round trip from what is reported of a slot, and tells what was
// lost of it.
func (o *outbound) gauge(a *agreed, p *piece, at time.Duration) bool {
	blocks, ok := p.blocks()
	for ; len(blocks) > 0; blocks = blocks[reportBlockSize:] {
		slot, ours := a.places[binary.BigEndian.Uint32(blocks)]
		if !ours {
			continue
		}
		o.events.Lossy(slot, blocks[4])
		sent, delay := binary.BigEndian.Uint32(blocks[16:]), binary.BigEndian.Uint32(blocks[20:])
		if trip, ok := roundTrip(sent, delay, o.heard.home.wall(at)); ok {
			o.trip.Store(int64(trip))
		}
	}
	return ok
}

// roundTrip is the time since a sender report, less that for which the peer
// kept it (RFC 3550, section 6.4.1). It is a claim of the peer's, and not ok if
// it cannot be true.
func roundTrip(sent, delay uint32, wall time.Time) (trip time.Duration, ok bool) {
	if sent == 0 {
		return 0, false
	}
	passed := uint32(ntp(wall)>>16) - sent - delay
	trip = time.Duration(passed) * time.Second / secondNTP
	return max(trip, 1), trip <= maxTrip
}

// miss tells of the packets that a NACK asks for, within what a peer may miss.
func (o *outbound) miss(a *agreed, p *piece, at time.Duration) bool {
	h := &o.heard
	if len(p.body) <= startSize || len(p.body)%wordSize != 0 {
		return false
	}
	slot, ok := a.places[binary.BigEndian.Uint32(p.body[wordSize:])]
	if !ok {
		return true
	}
	h.seqs = h.seqs[:0]
	for b := p.body[startSize:]; len(b) > 0; b = b[wordSize:] {
		first, following := binary.BigEndian.Uint16(b), binary.BigEndian.Uint16(b[2:])
		o.lack(slot, first, at)
		for i := uint16(0); following != 0; i++ {
			if following&1 != 0 {
				o.lack(slot, first+1+i, at)
			}
			following >>= 1
		}
	}
	o.flush(slot)
	return true
}

// lack adds a packet to those that are told of next.
func (o *outbound) lack(slot int, seq uint16, at time.Duration) {
	h := &o.heard
	if !h.missing.Take(1, at) {
		return
	}
	h.seqs = append(h.seqs, seq)
	if len(h.seqs) == maxMissing {
		o.flush(slot)
	}
}

func (o *outbound) flush(slot int) {
	if h := &o.heard; len(h.seqs) > 0 {
		o.events.Missing(slot, h.seqs)
		h.seqs = h.seqs[:0]
	}
}

// refresh tells that a slot needs a key frame, but not too often.
func (o *outbound) refresh(a *agreed, ssrc uint32, at time.Duration) {
	slot, ok := a.places[ssrc]
	if !ok || slot >= len(o.heard.asked) || at-o.heard.asked[slot] < refreshSpacing {
		return
	}
	o.heard.asked[slot] = at
	o.events.KeyFrame(slot)
}

var _ transport.Writer = (*writer)(nil)
