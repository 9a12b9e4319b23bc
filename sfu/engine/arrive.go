package engine

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"time"

	"paravent/sfu/description"
	"paravent/sfu/packet"
	"paravent/sfu/rate"
	"paravent/sfu/transport"
)

const (
	maxOrigins = 64 // SSRCs that a connection sends on: eight tracks of three layers with their repair, and some slack

	// What a publisher may send: cameras in three layers, a screen and all
	// repair stay far below. The rest is dropped unopened.
	publishBytes   = 20e6 / 8 // a second
	publishPackets = 4000     // a second
	publishBurst   = 0.5      // seconds of it at once

	maxBurst = 64 // packets that a stream is given at once
)

// inbound is the half of a publish connection that knows streams. It belongs
// to its home lane.
type inbound struct {
	link   link
	events transport.PublishEvents
	home   *lane
	over   bool
	admission

	offer     *description.Offer // the last; nil: none yet
	ids       packet.IDs
	announced map[uint32]place
	origins   map[uint32]*origin
	streams   []*stream // those that go on

	header     packet.Header     // of the packet at hand
	extensions packet.Extensions // of the packet at hand
	burst      []transport.Packet

	came     time.Duration // when something was last received
	resting  bool          // as tick said
	ssrc     uint32        // ours, in reports
	media    uint32        // the last that came
	trip     time.Duration // round trip as repair shows it, smoothed; 0: not known
	arrivals rate.Arrivals
	reported time.Duration // when reception was last reported of
	report   []byte
	asks     rate.Budget // of packets to be asked for
	seqs     [maxGaps]uint16
	alarm    time.Duration // when ask is called next; 0: no need
	wake     func()
}

var _ media = (*inbound)(nil)

func newInbound(l link, events transport.PublishEvents) *inbound {
	var seed [4]byte
	_, _ = rand.Read(seed[:]) // never fails
	in := &inbound{
		link:      l,
		events:    events,
		admission: newAdmission(publishBytes, publishPackets, publishBurst),
		asks:      rate.NewBudget(askRate, askRate*askBurst),
		origins:   map[uint32]*origin{},
		ssrc:      binary.BigEndian.Uint32(seed[:]),
	}
	in.wake = func() {
		in.alarm = 0
		in.ask(in.home.Now())
	}
	return in
}

// begin implements media.
func (in *inbound) begin(home *lane) { in.home, in.came = home, home.Now() }

// admits implements media.
func (in *inbound) admits(sealed []byte, at time.Duration) bool {
	if in.admission.admits(sealed, at) {
		return true
	}
	in.refuse(sealed)
	return false
}

// refuse notes which packet of a stream was dropped unopened. Its header can be
// read as it came, but anybody may have written it (RFC 3711, section 3.1): a lie
// costs the stream a repair, and whoever can tell it has already used up what the
// publisher may send. What repeats a packet is asked for again, for what it
// repeats is sealed.
func (in *inbound) refuse(sealed []byte) {
	if _, ok := packet.HeaderSize(sealed); !ok || isControl(sealed[1]) {
		return
	}
	o := in.origins[packet.SSRC(sealed)]
	if o == nil || o.stream == nil || o.repair {
		return
	}
	if number, ok := o.stream.window.extend(packet.Seq(sealed)); ok {
		o.stream.gaps.refuse(number)
	}
}

// configure says what the peer offers from now on. Streams that are offered no
// longer end.
func (in *inbound) configure(offer *description.Offer) {
	if in.over {
		return
	}
	in.offer = offer
	in.ids = packet.IDs(offer.Extensions)
	in.announced = announced(offer)
	for _, o := range in.origins {
		in.review(o)
	}
	for _, s := range slices.Clone(in.streams) {
		section, layer, ok := in.find(s.place)
		if o := in.origins[s.ssrc]; !ok || layer != s.layer || !o.known || o.place != s.place {
			in.drop(s)
			continue
		}
		s.codecs = codecs(section)
	}
}

// announced are the SSRCs whose place the offer tells: those of sections
// without simulcast.
func announced(offer *description.Offer) map[uint32]place {
	places := map[uint32]place{}
	for i := range offer.Sections {
		s := &offer.Sections[i]
		if !s.Sends || len(s.Layers) > 0 || len(s.Streams) == 0 {
			continue
		}
		places[s.Streams[0].SSRC] = place{mid: s.Mid}
		if rtx := s.Streams[0].RTX; rtx != 0 {
			places[rtx] = place{mid: s.Mid, repair: true}
		}
	}
	return places
}

// review looks at an origin again after the offer changed.
func (in *inbound) review(o *origin) {
	o.unread = false
	if p, ok := in.announced[o.ssrc]; ok {
		if !o.known || o.place != p {
			o.stream = nil
		}
		o.place, o.known, o.retired = p, true, false
		return
	}
	if s := in.section(o.mid); o.known && s != nil && len(s.Layers) == 0 && len(s.Streams) > 0 {
		o.known, o.stream = false, nil // another was announced for the place
	}
}

func (in *inbound) section(mid string) *description.Section {
	for i := range in.offer.Sections {
		if s := &in.offer.Sections[i]; s.Mid == mid && s.Sends {
			return s
		}
	}
	return nil
}

// find looks a place up in the offer.
func (in *inbound) find(p place) (s *description.Section, layer int, ok bool) {
	s = in.section(p.mid)
	if s == nil {
		return nil, 0, false
	}
	if len(s.Layers) == 0 {
		return s, 0, p.rid == ""
	}
	layer = slices.Index(s.Layers, p.rid)
	return s, layer, layer >= 0
}

func codecs(s *description.Section) (in [transport.Codecs]bool) {
	for c := range s.Formats {
		in[c] = s.Formats[c].Media != 0
	}
	return in
}

// receive implements media.
func (in *inbound) receive(burst []arrived, at time.Duration) {
	if in.came = at; in.resting {
		in.resting = false
		in.link.rouse()
	}
	if in.offer == nil || in.over || len(burst) == 0 {
		in.home.tally.unknown += uint64(len(burst))
		return
	}
	o := in.origin(packet.SSRC(burst[0].bytes))
	if o == nil {
		in.home.tally.unknown += uint64(len(burst))
		return
	}
	for i := range burst {
		if in.open(o, &burst[i], at) && len(in.burst) == maxBurst {
			in.deliver(o.stream)
		}
	}
	if len(in.burst) > 0 {
		in.deliver(o.stream)
	}
	in.ask(at)
	in.feed(at)
}

// deliver hands over what has been gathered of a stream.
func (in *inbound) deliver(s *stream) {
	burst := in.burst
	in.burst = in.burst[:0]
	in.home.tally.opened += uint64(len(burst))
	s.sink.Receive(burst)
}

// open reads a packet of an origin and puts it behind the burst of its stream,
// if it is to be handed on.
func (in *inbound) open(o *origin, a *arrived, at time.Duration) bool {
	h, e, t := &in.header, &in.extensions, &in.home.tally
	if !packet.Parse(h, a.bytes) || !in.ids.Read(e, h) {
		t.malformed++
		return false
	}
	came := a.came
	if came == 0 {
		came = at
	}
	if e.HasTransportCC {
		in.arrivals.Add(e.TransportCC, came)
	}
	kind := in.offer.Types[h.Type&0x7f]
	if o.stream == nil && kind.Codec != transport.NoCodec {
		in.settle(o, kind.Repairs)
	}
	s := o.stream
	if s == nil || h.SSRC != o.ssrc || o.repair != kind.Repairs || !s.codecs[kind.Codec] {
		t.unknown++
		return false
	}
	number, payload := a.index, h.Payload
	if o.repair {
		original, rest, ok := in.original(s, payload)
		if !ok {
			return false
		}
		number, payload = original, rest
	} else {
		in.media = o.ssrc
		s.reception.count(number, h.Timestamp, kind.Codec.Clock(), came)
	}
	ok, trip := s.accept(number, at)
	if !ok {
		t.replayed++
		return false
	}
	in.measured(trip)
	in.burst = append(in.burst, transport.Packet{
		Seq: uint16(number), Marker: h.Marker, Codec: kind.Codec, Timestamp: h.Timestamp,
		Payload: payload, Dependency: e.Dependency, At: at,
	})
	return true
}

// original takes the number of the original from the front of what was sent
// again (RFC 4588, section 4). Padding alone, with which browsers probe, has
// none.
func (in *inbound) original(s *stream, payload []byte) (number uint64, rest []byte, ok bool) {
	const size = 2
	if len(payload) < size {
		if len(payload) > 0 {
			in.home.tally.malformed++
		}
		return 0, nil, false
	}
	number, ok = s.window.extend(binary.BigEndian.Uint16(payload))
	if !ok {
		in.home.tally.replayed++
	}
	return number, payload[size:], ok
}

// measured takes in a round trip, if there was one.
func (in *inbound) measured(trip time.Duration) {
	switch {
	case trip <= 0:
	case in.trip == 0:
		in.trip = trip
	default:
		in.trip += (trip - in.trip) / 8
	}
}

// origin is what is known of an SSRC. A connection with too many is ended; it is
// nil then.
func (in *inbound) origin(ssrc uint32) *origin {
	if o := in.origins[ssrc]; o != nil {
		return o
	}
	if len(in.origins) >= maxOrigins {
		in.over = true
		in.link.stray()
		return nil
	}
	o := &origin{ssrc: ssrc}
	o.place, o.known = in.announced[ssrc]
	in.origins[ssrc] = o
	return o
}

// settle finds out which stream an origin's packets are for, with the help of
// the extensions of the packet at hand, and begins it if it is new.
func (in *inbound) settle(o *origin, repairs bool) {
	if o.retired || o.unread {
		return
	}
	if !o.known {
		o.place, o.known = in.learn(o.ssrc, repairs)
	}
	section, layer, ok := in.find(o.place)
	if !o.known || !ok {
		return
	}
	i := slices.IndexFunc(in.streams, func(s *stream) bool { return s.mid == o.mid && s.layer == layer })
	if o.repair {
		if i >= 0 {
			o.stream = in.streams[i]
		}
		return
	}
	if i >= 0 {
		in.retire(in.streams[i])
	}
	in.start(o, section, layer)
}

// learn reads from the extensions of the packet at hand where an SSRC that was
// not announced belongs. Browsers send them until they hear that packets have
// come, with every one (RFC 8852, section 3; RFC 8843, section 9.2). Some name
// the layer that a packet repairs as they name that of media: it is the payload
// type that tells these two apart.
func (in *inbound) learn(ssrc uint32, repairs bool) (p place, ok bool) {
	e := &in.extensions
	s := in.section(string(e.Mid))
	switch {
	case s == nil:
		return in.pair(ssrc)
	case len(s.Layers) == 0:
		return place{mid: s.Mid, repair: repairs}, len(s.Streams) == 0
	case len(e.Repaired) > 0:
		p = place{mid: s.Mid, rid: string(e.Repaired), repair: true}
	case len(e.RID) > 0:
		p = place{mid: s.Mid, rid: string(e.RID), repair: repairs}
	default:
		return in.pair(ssrc)
	}
	return p, slices.Contains(s.Layers, p.rid)
}

// pair finds the place of repair by the SSRC that it was announced with (RFC
// 5576, section 4.2), once the place of that is known.
func (in *inbound) pair(ssrc uint32) (p place, ok bool) {
	for i := range in.offer.Sections {
		for _, s := range in.offer.Sections[i].Streams {
			o := in.origins[s.SSRC]
			if s.RTX != ssrc || o == nil || !o.known || o.repair {
				continue
			}
			p = o.place
			p.repair = true
			return p, true
		}
	}
	return place{}, false
}

// start begins a stream.
func (in *inbound) start(o *origin, section *description.Section, layer int) {
	s := &stream{
		place: o.place, ssrc: o.ssrc, layer: layer,
		video: section.Video, codecs: codecs(section), gaps: gaps{patience: patienceFor(section.Video)},
	}
	s.sink = in.events.Stream(transport.StreamInfo{
		Mid: o.mid, Layer: layer, SSRC: o.ssrc, Lane: in.home,
		KeyFrame: func() { in.home.Do(func() { in.refresh(s) }) },
		Lossy:    func(part uint8) { s.lossy = part },
	})
	if s.sink == nil {
		o.unread = true
		return
	}
	o.stream = s
	in.streams = append(in.streams, s)
}

// retire ends a stream because another SSRC takes its place; what still comes
// from it is not read.
func (in *inbound) retire(s *stream) {
	for _, o := range in.origins {
		o.retired = o.retired || o.stream == s
	}
	in.drop(s)
}

// drop ends a stream.
func (in *inbound) drop(s *stream) {
	for _, o := range in.origins {
		if o.stream == s {
			o.stream = nil
		}
	}
	in.streams = slices.DeleteFunc(in.streams, func(other *stream) bool { return other == s })
	s.end()
}

// end implements media.
func (in *inbound) end() {
	in.over = true
	for _, s := range in.streams {
		s.end()
	}
	in.streams = nil
	clear(in.origins)
}
