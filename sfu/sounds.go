package sfu

import (
	"sync/atomic"
	"time"

	"paravent/sfu/transport"
)

// sounds are the latest packets of one slot for sound as they were sealed.
// Browsers take no retransmission stream for sound; those that ask for it again
// want it under the numbers that it had. It must not be sealed again under these,
// and so the very bytes that were sent are sent once more: to whoever has the
// first of them the second is a replay, and to others it looks like a packet that
// the network has doubled.
//
// Who loses sound and asks for none of it, as Firefox does, is sent each packet
// twice as long as that is so: the second with the packet that follows it.
//
// There is none until the viewer misses something for the first time: who never
// does, or never says so, costs nothing. The zero value is ready. It belongs to a
// lane.
type sounds struct {
	ring    []sound // by number, modulo the length; nil: nobody has missed anything yet
	doubles bool    // each is sent twice
}

// sound is one packet.
type sound struct {
	kept   transport.Kept
	number uint16
	there  bool
	times  uint8         // that it was sent again
	sent   time.Duration // at first
	last   time.Duration // at last
}

// begin makes room.
func (s *sounds) begin() {
	s.ring = make([]sound, soundWindow)
	bytes := make([]byte, soundWindow*soundSize)
	for i := range s.ring {
		s.ring[i].kept.Bytes = bytes[i*soundSize : i*soundSize : (i+1)*soundSize]
	}
}

// place is where the packet with this number is to be kept; nil: nowhere. Called
// for every packet: it does not allocate.
func (s *sounds) place(number uint16, now time.Duration) *transport.Kept {
	if s.ring == nil {
		return nil
	}
	k := &s.ring[number%soundWindow]
	k.number, k.there, k.times, k.sent, k.last = number, true, 0, now, now
	k.kept.Bytes = k.kept.Bytes[:0]
	return &k.kept
}

// forget forgets what was sent, so that it is not sent again.
func (s *sounds) forget() {
	for i := range s.ring {
		s.ring[i].there = false
	}
}

// find gives what was sent as number, if it may be sent again at now: it is young
// enough to be played, and the spacing has passed since it left.
func (s *sounds) find(number uint16, now, spacing time.Duration) *sound {
	k := &s.ring[number%soundWindow]
	if !k.there || k.number != number || len(k.kept.Bytes) == 0 || k.times >= soundTimes ||
		now-k.sent > soundAge || now-k.last < spacing {
		return nil
	}
	return k
}

// repeat sends sound again as it was sent, where that comes in time.
func (w *flow) repeat(seqs []uint16) {
	trip := w.slot.conn.RoundTrip() // 0: not known; then age alone says what is too late
	if trip > soundTrip || !w.open() || w.feed.track.silenced.Load() {
		return
	}
	now := w.feed.lane.Now()
	w.way.doubled.ask(now)
	if w.sounds.ring == nil {
		w.sounds.begin()
		return
	}
	for _, seq := range seqs {
		k := w.sounds.find(seq, now, max(minResend, trip))
		if k == nil {
			continue
		}
		if !w.way.repairs.take(len(k.kept.Bytes), now) {
			return
		}
		w.sound(k, now)
	}
}

// sound sends k once more.
func (w *flow) sound(k *sound, now time.Duration) {
	w.way.pacer.TakeAudio(len(k.kept.Bytes), now)
	k.times++
	k.last = now
	w.out.Again(&k.kept)
}

// second sends the packet with this number for the second time, if that leaves
// room for what other packets are sent again for. Called for every packet of who
// is sent each twice: it does not allocate.
func (w *flow) second(number uint16) {
	k := w.sounds.find(number, w.now, 0)
	if k != nil && k.times == 0 && w.now-k.sent <= twiceAfter && w.way.repairs.take(len(k.kept.Bytes), w.now-repairBurst/2) {
		w.sound(k, w.now)
	}
}

// double decides whether each packet is sent twice. To be called every second.
func (w *flow) double(now time.Duration) {
	if w.sounds.doubles = w.way.doubled.wanted(now); w.sounds.doubles && w.sounds.ring == nil {
		w.sounds.begin()
	}
}

// doubled says whether a viewer is to be sent its sound twice: it has lost much of
// some, by its reports, and does not ask for what it loses. Then it is, for as long
// as it goes on to lose any, and some time more, for what is sent twice is rarely
// lost. Safe for concurrent use. The zero value is ready.
type doubled struct {
	until atomic.Int64 // moment
	asked atomic.Int64 // moment when the viewer last asked; 0: never
}

// report takes what part of some sound was lost, in 256ths.
func (d *doubled) report(part uint8, now time.Duration) {
	if part >= twiceLoss || part > 0 && int64(now) < d.until.Load() {
		d.until.Store(int64(now + twiceTime))
	}
}

// ask notes that the viewer has asked for sound, and could be answered.
func (d *doubled) ask(now time.Duration) { d.asked.Store(int64(now)) }

func (d *doubled) wanted(now time.Duration) bool {
	asked := d.asked.Load()
	return int64(now) < d.until.Load() && (asked == 0 || int64(now)-asked > int64(twiceAsked))
}
