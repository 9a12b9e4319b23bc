package sfu

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"time"

	"paravent/sfu/packet"
	"paravent/sfu/transport"
)

// flow is what forwards to one slot. It belongs to the lane that the slot is
// in. It is not in the processor's cache when a packet comes, for others were
// sent theirs since: what is looked at for each packet stands together, the
// tables behind it.
type flow struct {
	slot *slot
	feed *feed            // nil: none
	wish *wish            // that it is with the feed for
	out  transport.Writer // of this lane
	way  *way

	source *source // what is forwarded; nil: nothing yet. Changed by turn
	next   *source // what is to be, from its next key frame on; the same if nothing else; nil: there is nothing. Changed by turn
	run    uint32  // of the source; 0: waiting for its beginning
	codec  transport.Codec
	hurry  bool          // stop is to be called
	now    time.Duration // when the burst at hand came

	packets uint32
	octets  uint32
	clock   clock
	packet  transport.Outgoing // reused: one on the stack would escape
	queue   queue
	repair  repair
	sounds  sounds
	info    transport.SlotInfo

	target choice // what it is to show of the feed
	tries  int    // times that a key frame was asked for to get there
	look   func() // release, as long as the flow is with its feed: made once, for packets may wait often
	loss   loss

	numbers  rewriter
	pictures packet.Pictures
	layers   packet.Selector // of those within the source
}

func newFlow(s *slot) *flow {
	w := &flow{slot: s, way: s.way}
	// RFC 3550, section 5.1, wants them to start anywhere; sequence numbers in
	// the lower half, so that no early loss makes SRTP miscount the wraps.
	var seed [8]byte
	_, _ = rand.Read(seed[:]) // never fails
	w.numbers.out = uint64(binary.BigEndian.Uint16(seed[:]) & 0x7fff)
	w.repair.index = uint64(binary.BigEndian.Uint16(seed[2:]) & 0x7fff)
	w.clock.last = binary.BigEndian.Uint32(seed[4:])
	return w
}

// join begins to show a feed.
func (w *flow) join(f *feed, wish *wish) {
	w.feed, w.wish, w.out = f, wish, w.slot.conn.Writer(f.lane)
	w.look = w.bound((*flow).release)
	w.hurry, w.queue.timed = false, false // what was to be looked at was elsewhere
	w.loss.forget(&w.slot.lost)
	f.attach(w)
	w.slot.unsettled()
	w.aim()
}

// leave ends it.
func (w *flow) leave() {
	w.feed.detach(w)
	w.queue.clear()
	w.slot.paused(w.wish)
	w.turn(nil, nil)
	w.feed, w.wish, w.out, w.run = nil, nil, nil, 0
}

// turn changes what is forwarded and what is to be. The burst of a source at hand
// goes on to w until it has returned: nothing here is called on the way of a
// packet but by begin, which does not turn from the packet's own source.
func (w *flow) turn(now, next *source) {
	for _, s := range [...]*source{w.source, w.next} {
		if s != nil && s != now && s != next {
			s.flows = slices.DeleteFunc(s.flows, func(x *flow) bool { return x == w })
		}
	}
	if now != nil && now != w.source && now != w.next {
		now.flows = append(now.flows, w)
	}
	if next != nil && next != now && next != w.source && next != w.next {
		next.flows = append(next.flows, w)
	}
	w.source, w.next = now, next
}

// lose stops forwarding s, which has ended.
func (w *flow) lose(s *source) {
	now, next := w.source, w.next
	if next == s {
		next = nil
	}
	if now == s {
		now, w.run = nil, 0
	}
	w.turn(now, next)
	if w.feed.empty() {
		w.slot.paused(w.wish)
	}
}

// need asks for a key frame of what is forwarded, or is to be.
func (w *flow) need() {
	s := w.source
	if s == nil {
		s = w.next
	}
	if s != nil && w.open() {
		s.need()
	}
}

// open reports whether packets may be begun. All that others may decide at any
// moment is looked at for each.
func (w *flow) open() bool {
	return w.slot.wish.Load() == w.wish && !w.feed.over.Load() && !w.feed.track.ended.Load() && w.slot.state.carries()
}

// write forwards a burst of a source that the slot shows, or is to.
func (w *flow) write(s *source, burst []parcel) {
	w.now = w.feed.lane.Now()
	for i := range burst {
		p := &burst[i]
		if !w.open() {
			return
		}
		if p.codec == transport.Opus && w.feed.track.silenced.Load() {
			w.run = 0 // what follows begins anew, where this ended
			continue
		}
		if (s != w.source || w.run != p.run) && !w.begin(s, p) {
			continue
		}
		w.send(p)
	}
}

// begin starts forwarding p's run with p, if that can be.
func (w *flow) begin(s *source, p *parcel) bool {
	if !p.begins() || w.slot.video != p.codec.Video() {
		return false
	}
	w.info = w.slot.conn.Slot(w.slot.number)
	if w.info.Types[p.codec].Media == 0 || !w.slot.began(w.wish) {
		return false
	}
	w.turn(s, w.next)
	w.run, w.codec = p.run, p.codec
	w.numbers.begin(p.seq)
	w.clock.begin(p.timestamp, p.codec.Clock(), p.at)
	w.sounds.forget()
	if w.slot.video {
		w.layers.Begin()
		w.layers.Want(w.wants(s))
		w.pictures.Begin(&p.frame.Marks)
		w.repair.stretch++
	}
	w.packet = transport.Outgoing{SSRC: w.info.SSRC, Format: w.info.Types[p.codec].Media}
	return true
}

// send sends one packet. What is not to be sent leaves no gap in the numbers.
func (w *flow) send(p *parcel) {
	if len(p.payload) == 0 {
		w.numbers.drop(p.seq)
		return
	}
	if w.slot.video {
		w.sendPicture(p)
		return
	}
	if index, ok := w.numbers.next(p.seq); ok {
		w.way.pacer.TakeAudio(len(p.payload)+packetOverhead, w.now)
		o := &w.packet
		o.Index, o.Marker, o.Timestamp, o.Payload = index, p.marker, w.clock.next(p.timestamp, p.at), p.payload
		if w.sounds.doubles {
			w.second(uint16(index) - 1)
		}
		o.Keep = w.sounds.place(uint16(index), w.now)
		w.emit(len(p.payload))
	}
}

// sendPicture sends one packet of video, or has it wait.
func (w *flow) sendPicture(p *parcel) {
	if w.queue.full() {
		w.overflow()
		return
	}
	var picture packet.Numbers
	ok, marker := w.layers.Next(&p.frame)
	if ok {
		picture, ok = w.pictures.Next(&p.frame.Marks)
	} else {
		w.pictures.Drop(&p.frame.Marks)
	}
	if !ok {
		w.numbers.drop(p.seq)
		return
	}
	index, ok := w.numbers.next(p.seq)
	if !ok {
		return
	}
	if p.frame.Key && index == w.numbers.out {
		w.repair.stretch++ // who has this needs nothing from before
	}
	timestamp := w.clock.next(p.timestamp, p.at)
	if when := w.way.pacer.Book(len(p.payload)+packetOverhead, w.now); when > w.now+paceTogether || w.queue.count > 0 {
		w.wait(waiting{
			source: w.source, when: when, index: index, timestamp: timestamp, stretch: w.repair.stretch,
			in: p.seq, picture: picture, marker: marker,
		})
		return
	}
	p.frame.Write(p.payload, p.dependency, picture)
	w.repair.sent(uint16(index), p.seq, w.repair.stretch, marker)
	if index != w.numbers.out {
		w.repair.late(uint16(index), w.now)
	}
	o := &w.packet
	o.SSRC, o.Format = w.info.SSRC, w.info.Types[p.codec].Media
	o.Index, o.Marker, o.Timestamp, o.Payload, o.Dependency = index, marker, timestamp, p.payload, p.dependency
	w.emit(len(p.payload))
}

// emit writes the packet at hand.
func (w *flow) emit(size int) {
	w.packets++
	w.octets += uint32(size)
	w.out.Write(&w.packet)
}

// report sends the sender report of the slot (RFC 3550, section 6.4.1).
func (w *flow) report(now time.Duration) {
	if w.run == 0 || !w.open() {
		return
	}
	w.out.Report(transport.SenderReport{
		SSRC: w.info.SSRC, At: now, Timestamp: w.clock.read(w.codec.Clock(), now),
		Packets: w.packets, Octets: w.octets,
	})
}
