package engine

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/rtcp"

	"paravent/sfu"
	"paravent/sfu/description"
	"paravent/sfu/rate"
	"paravent/sfu/srtp"
	"paravent/sfu/transport"
)

// The ends of FuzzPath, in the order in which they are connected.
const (
	hostile   = iota // publishes what is watched
	decent           // publishes too
	viewing1         // watches both
	viewing2         // watches one
	bystander        // watches nothing
	ends
)

// FuzzPath has the whole path of a packet meet whatever may come: datagrams from
// known and unknown addresses and at either lane, sealed with the right keys or
// with none, replayed, of another round, cut and forged, RTP of every stream and
// RTCP of every kind, while viewers look elsewhere, move on and publishers offer
// anew. Nothing is broken by it, no nonce is used twice, nobody is sent media who
// does not watch, and what is sent is bounded by what came. (To let it search, do
// without long minimizing: -fuzzminimizetime 10x.)
func FuzzPath(f *testing.F) {
	for i, seed := range [][]byte{
		{0, 0x70, 1, 0x30, 4, 0x30, 5, 0x30, 13, 5, 11, 0x80, 3, 13, 20, 12, 40, 0x81, 0x30},           // pictures, reports, repair
		{1, 0x30, 1, 0x37, 9, 1, 0x37, 200, 11, 0x80, 30, 11, 0x80, 30, 13, 30, 11, 0x80, 30, 7, 0},    // gaps, a storm, again
		{1, 0x30, 0x11, 0x30, 3, 0xc0, 1, 2, 0x21, 0x30, 5, 0xff, 20, 1, 7, 0, 0x21, 0x10, 0, 0x40, 0}, // changed
		{1, 0x30, 14, 4, 0x81, 0x30, 14, 0, 2, 0x30, 15, 1, 6, 0x30, 15, 2, 13, 200, 15, 0, 1, 0x30},   // elsewhere, anew
		{10, 0, 0x80, 200, 0, 6, 0x1a, 4, 0x81, 205, 0, 3, 0, 0, 0, 20, 8, 1, 9, 0x80, 1, 2, 3, 4},     // of any kind
		{0xc1, 0x30, 0x41, 0x30, 0xc0, 0x30, 0x40, 0x5a, 0x41, 0x5a, 13, 1, 0x4b, 0x10, 0xcc, 0x80},    // at the other lane
		{0, 0x30, 13, 25, 11, 0xc7, 16, 0, 0x70, 13, 40, 11, 0xc7, 9},                                  // sound is missed
	} {
		f.Add(uint8(i), bytes.Repeat(seed, 400/len(seed)))
	}
	socket := bench(f, 1)[0].socket // nobody reads it
	f.Fuzz(func(t *testing.T, seed uint8, script []byte) {
		synctest.Test(t, func(t *testing.T) {
			profile := []srtp.Profile{srtp.AEADAES128GCM, srtp.AEADAES256GCM, srtp.AES128CMSHA1}[seed%3]
			p := &play{stage: newStage(t, profile, socket), script: script[:min(len(script), 400)]}
			p.open()
			for len(p.script) > 0 {
				p.step(p.next())
				p.check()
			}
			p.pass(time.Second)
			p.check()
			p.close()
		})
	})
}

// play is one run of FuzzPath.
type play struct {
	*stage
	router *sfu.Router
	script []byte

	came, media, again, padding, reports int // datagrams that came; packets that were sent
	turns                                int // that something else was done
}

// next is the next byte of the script; 0 behind its end.
func (p *play) next() (b byte) {
	if len(p.script) > 0 {
		b, p.script = p.script[0], p.script[1:]
	}
	return b
}

// some is the next so many bytes, or what is left.
func (p *play) some(n int) []byte {
	b := p.script[:min(n, len(p.script))]
	p.script = p.script[len(b):]
	return bytes.Clone(b)
}

// open brings everybody together.
func (p *play) open() {
	for name, streams := range map[string][2]uint32{"both": {20, 21}, "other": {22, 23}, "less": {}} {
		o := offer(sound("0", 10), picture("1", description.Stream{SSRC: streams[0], RTX: streams[1]}), simulcast("2", "q", "h", "f"))
		if name == "less" {
			o = offer(sound("0", 10))
		}
		for i := range o.Sections {
			if o.Sections[i].Video {
				o.Sections[i].Formats[transport.VP9].Media = ptVP9
			}
		}
		p.offers[name] = o
	}
	var err error
	if p.router, err = sfu.New(sfu.Config{Transport: p}); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = p.router.Close() })
	for id := sfu.PeerID(1); id <= ends; id++ {
		p.router.Open(id, p.events(func() { p.router.Answer(id, "") }))
		if id <= viewing1 {
			p.router.Publish(id, "both", false)
		} else {
			p.router.Subscribe(id, sfu.VideoSlots)
		}
		p.rest()
	}
	p.watch(viewing1, 0, hostile, "1")
	p.watch(viewing1, 1, hostile, "2")
	p.watch(viewing1, 2, decent, "1")
	p.watch(viewing1, -1, hostile, "0")
	p.watch(viewing2, 0, hostile, "1")
	p.rest()
	for who := range p.ends() {
		if p.ends()[who].c.home.Load() == nil {
			p.t.Fatal("not connected")
		}
	}
}

// watch shows a track in a slot; a negative one counts from the end.
func (p *play) watch(who, slot int, whose int, mid string) {
	slots := p.ends()[who].slots
	slot = (slot + len(slots)) % len(slots)
	p.router.Watch(sfu.PeerID(who+1), slots[slot].Mid, sfu.Watch{Publisher: sfu.PeerID(whose + 1), Mid: mid, Size: 3})
}

// step does one thing.
func (p *play) step(op byte) {
	whose, at := int(op>>7), p.lanes[op>>6&1]
	switch op & 0x0f {
	case 0, 1, 2, 3, 4, 5, 6:
		p.publish(whose, at, op)
	case 7: // again what was sent before
		if sent := p.ends()[whose].sent; len(sent) > 0 {
			p.receive(whose, at, bytes.Clone(sent[int(p.next())%len(sent)]))
		}
	case 8: // whatever it is, unsealed, also from nobody
		p.receive(int(p.next())%(ends+2), at, p.some(int(p.next()&63)))
	case 9: // sealed, but nothing is said of what it is
		b := p.some(12 + int(p.next()&31))
		if len(b) >= 12 {
			b[0] = b[0]&0x3f | 0x80
			b[8], b[9], b[10] = 0, 0, 0 // of few SSRCs: more than are taken end a connection
			b[11] &= 0x1f
			p.receive(whose, at, p.seal(whose, b, 0))
		}
	case 10: // reports of anything
		who := int(p.next()) % ends
		p.receive(who, at, p.ends()[who].sealer.SealRTCP(nil, p.report(p.some(int(op>>4)*8))))
	case 11:
		p.complain(viewing1+int(op>>7), at)
	case 12:
		p.acknowledge(viewing1+int(op>>7), at)
	case 13:
		p.turns++
		p.pass(time.Duration(p.next()) * 2 * time.Millisecond)
	case 14:
		p.turns++
		c := p.next()
		p.watch(viewing1, int(c&3), int(c>>2&1), []string{"1", "2", "0", "9"}[c>>3&3])
	case 15:
		p.turns++
		p.router.Publish(sfu.PeerID(whose+1), []string{"both", "other", "less"}[p.next()%3], false)
	}
	p.rest()
}

// publish sends packets as a publisher would, in one go; some of them are changed.
func (p *play) publish(whose int, at *lane, op byte) {
	c := p.next()
	for i := range 1 + c>>4&3 {
		r := []raw{
			{ssrc: 10, kind: ptOpus, mid: "0"},
			{ssrc: 20, kind: ptVP8, mid: "1"},
			{ssrc: 20, kind: ptVP9, mid: "1"},
			{ssrc: 21, kind: ptVP8RTX, mid: "1"},
			{ssrc: 30, kind: ptVP8, mid: "2", rid: "q"},
			{ssrc: 31, kind: ptVP8, mid: "2", rid: "h"},
			{ssrc: 22, kind: ptVP8, mid: "1"},
		}[op&0x0f]
		number := p.ends()[whose].number
		if number[r.ssrc]++; c&7 == 7 {
			number[r.ssrc] += uint64(p.next()) * 40
		}
		r.number = number[r.ssrc]
		r.ticks, r.count, r.marker = uint32(r.number)*900, uint16(p.came+1), c&8 != 0
		delta := c>>6&1 | i&1 // the lowest bit behind the descriptor: 0 is a key frame
		r.payload = append([]byte{0x90, 0xe0, 0x80 | byte(r.number>>8)&0x7f, byte(r.number), byte(r.number), 0x20, delta}, bytes.Repeat([]byte{c}, int(c)*3)...)
		if r.kind == ptVP9 {
			r.payload = append([]byte{0x8c | delta<<6, 0x80 | byte(r.number>>8)&0x7f, byte(r.number)}, r.payload...)
		}
		if op&0x10 != 0 {
			r.dependency = p.some(int(p.next() & 15))
		}
		b := r.bytes()
		if op&0x20 != 0 { // changed anywhere in its head, and cut
			for range 2 {
				b[int(p.next())%min(len(b), 48)] ^= p.next()
			}
			b = b[:max(12, len(b)-int(p.next())*2)]
			b[0] = b[0]&0x3f | 0x80
			b[8], b[9], b[10] = 0, 0, 0
			b[11] &= 0x1f
		}
		round := uint64(0)
		if c == 0x5a {
			round = 1 << 16 // of another round than it should be
		}
		p.came++
		at.sort(p.seal(whose, b, round), p.from(whose))
	}
	p.follow()
}

// seal seals what somebody sends, with the index that follows from its number.
func (p *play) seal(whose int, b []byte, ahead uint64) []byte {
	guest := p.ends()[whose]
	size := guest.c.headerSize(b)
	index := guest.number[binary.BigEndian.Uint32(b[8:])]&^0xffff | uint64(binary.BigEndian.Uint16(b[2:])) + ahead
	sealed := guest.sealer.SealRTP(append(make([]byte, 0, len(b)+maxOverhead), b[:size]...), size, b[size:], index)
	guest.sent = append(guest.sent, bytes.Clone(sealed))
	return sealed
}

// headerSize is how much of a packet is sealed as its header: all, if it claims
// more than there is.
func (*connection) headerSize(b []byte) int {
	n := 12 + 4*int(b[0]&15)
	if b[0]&0x10 != 0 && len(b) >= n+4 {
		n += 4 + 4*int(binary.BigEndian.Uint16(b[n+2:]))
	}
	return min(n, len(b))
}

// report makes something that may be RTCP.
func (p *play) report(b []byte) []byte {
	b = append(b, 0x80, 200, 0, 1, 0, 0, 0, 20)[:max(8, len(b)&^3)]
	b[0], b[1] = b[0]&0x3f|0x80, 200+b[1]%8
	if b[2] > 3 {
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	}
	b[4], b[5], b[6] = 0, 0, 0
	return b
}

// complain says that a viewer misses packets, or cannot go on.
func (p *play) complain(who int, at *lane) {
	guest, c := p.ends()[who], p.next()
	slot := guest.slots[int(c&7)].SSRC
	if c&7 == 7 {
		slot = guest.slots[len(guest.slots)-1].SSRC // the one for sound that is watched
	}
	var b []byte
	switch c >> 6 {
	case 0:
		b, _ = rtcp.Marshal([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: slot}})
	case 1:
		b, _ = rtcp.Marshal([]rtcp.Packet{&rtcp.ReceiverReport{Reports: []rtcp.ReceptionReport{{SSRC: slot, FractionLost: c, LastSenderReport: uint32(c)}}}})
	default:
		newest := uint16(guest.number[slot])
		b, _ = rtcp.Marshal([]rtcp.Packet{&rtcp.TransportLayerNack{MediaSSRC: slot, Nacks: []rtcp.NackPair{
			{PacketID: newest - uint16(p.next()), LostPackets: 0xffff}, {PacketID: newest, LostPackets: rtcp.PacketBitmap(c)},
		}}})
	}
	p.receive(who, at, guest.sealer.SealRTCP(nil, b))
}

// acknowledge says that packets arrived, also such as were never sent.
func (p *play) acknowledge(who int, at *lane) {
	guest, c := p.ends()[who], p.next()
	var a rate.Arrivals
	for i := range uint16(c) {
		if c&3 == 0 || i%3 != 0 {
			a.Add(uint16(guest.out.numbers.Load())-uint16(c)+i+uint16(c&2)*1000, p.Now()+time.Duration(i)*time.Millisecond)
		}
	}
	if b := a.Append(nil, 1, 2, p.Now()+time.Hour); len(b) > 0 {
		p.receive(who, at, guest.sealer.SealRTCP(nil, b))
	}
}

// receive has a datagram come from somebody.
func (p *play) receive(whose int, at *lane, b []byte) {
	p.came++
	p.take(at, b, p.from(whose))
}

// check looks at everything that was sent.
func (p *play) check() {
	for who, guest := range p.ends() {
		for _, b := range guest.kept.packets {
			p.sentTo(who, guest, b)
		}
		guest.kept.packets = nil
		if guest.c.over.Load() {
			p.t.Fatal("somebody's connection has ended: a fault, or a limit that should not be reached")
		}
		if in := guest.in; in != nil && (len(in.origins) > maxOrigins || len(in.streams) > 9 || cap(in.burst) > 2*maxBurst) {
			p.t.Fatal("too much is kept of a publisher")
		}
	}
	const watching = 5
	seconds := 1 + int(p.Now()/time.Second)
	switch {
	case p.nonces.Twice() > 0:
		p.t.Fatal("a nonce was used twice")
	case p.lost.Load() > 0:
		p.t.Fatal("a peer has lost a connection")
	case p.media > watching*p.came:
		p.t.Fatalf("%d packets of media for %d that came", p.media, p.came)
	case p.again > int(p.missed.Load()):
		p.t.Fatalf("%d packets sent again of %d that were asked for", p.again, p.missed.Load())
	case p.padding > int(p.probed.Load()):
		p.t.Fatalf("%d packets of padding for %d bytes", p.padding, p.probed.Load())
	case p.reports > 3*p.came+p.turns+seconds*(askRate+100):
		p.t.Fatalf("%d reports for %d datagrams", p.reports, p.came)
	}
	for _, l := range p.lanes {
		if n := len(l.timers.heap); n > 100+2*p.came+2*p.turns {
			p.t.Fatalf("%d timers", n)
		}
		if l.coming.Load() != 0 || l.groups.used != 0 {
			p.t.Fatal("something was left lying")
		}
	}
}

// sentTo looks at one packet that was sent.
func (p *play) sentTo(who int, guest *guest, b []byte) {
	if isControl(b[1]) {
		n, err := guest.opener.OpenRTCP(b)
		if err != nil || !isCompound(b[:n]) {
			p.t.Fatalf("a report that is none: %v", err)
		}
		p.reports++
		return
	}
	if who != viewing1 && who != viewing2 {
		p.t.Fatalf("media was sent to %d, who watches nothing", who)
	}
	if guest.repeats(b) {
		p.again++
		return
	}
	n, index, err := guest.opener.OpenRTP(b)
	if err != nil {
		p.t.Fatalf("what was sent does not open: %v", err)
	}
	header, ssrc := guest.c.headerSize(b[:n]), binary.BigEndian.Uint32(b[8:])
	slot := slices.IndexFunc(guest.slots, func(s description.Slot) bool { return s.SSRC == ssrc || s.RTX == ssrc && ssrc != 0 })
	switch {
	case slot < 0 || slot > 3 && slot < len(guest.slots)-1:
		p.t.Fatal("a slot was filled that nobody asked for")
	case guest.slots[slot].SSRC == ssrc:
		p.media++
		guest.number[ssrc] = max(guest.number[ssrc], index)
	case b[0]&paddingFlag != 0 && int(b[n-1]) == n-header:
		p.padding++
	default:
		p.again++
	}
}

// repeats says whether a packet was sent before, as it is: sound is sent again
// so. Another under the same number would not open, or be a nonce used twice.
func (g *guest) repeats(b []byte) bool {
	if g.wire == nil {
		g.wire = map[string]bool{}
	}
	again := g.wire[string(b)]
	g.wire[string(b)] = true
	return again
}

// close ends everything, and nothing is left.
func (p *play) close() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = p.router.Close()
	}()
	p.rest()
	<-done
	p.rest()
	for _, guest := range p.ends() {
		if !guest.c.over.Load() || guest.in != nil && (!guest.in.over || len(guest.in.streams)+len(guest.in.origins) > 0) {
			p.t.Fatal("something goes on")
		}
		guest.kept.packets = nil
	}
	p.whole.running.Wait()
	for _, l := range p.lanes {
		if len(l.connections)+len(l.homed)+len(l.awake) > 0 {
			p.t.Fatal("a lane remembers somebody")
		}
	}
	if len(p.whole.port.boxes)+len(p.whole.port.from) > 0 {
		p.t.Fatal("the port remembers somebody")
	}
}

// One publishes 100 Mbit/s, one asks for everything again and again and for a key
// frame each time, one sends reports that are none and packets twice: who watches
// somebody else misses nothing, and nobody is asked for more than they would be.
func TestStormsHarmNobody(t *testing.T) {
	socket := bench(t, 1)[0].socket
	synctest.Test(t, func(t *testing.T) {
		p := &play{stage: newStage(t, srtp.AEADAES128GCM, socket)}
		p.open()
		quiet, storming := p.ends()[viewing1], p.ends()[viewing2]
		for _, slot := range []int{0, 1, len(quiet.slots) - 1} {
			p.router.Watch(viewing1+1, quiet.slots[slot].Mid, sfu.Watch{})
		}
		p.watch(viewing2, 2, decent, "1")
		p.rest()

		picture := func(whose, size int, key bool) []byte {
			number := p.ends()[whose].number
			number[20]++
			delta := byte(1)
			if key {
				delta = 0
			}
			n := number[20]
			payload := append([]byte{0x90, 0xe0, 0x80 | byte(n>>8), byte(n), byte(n), 0x20, delta}, make([]byte, size)...)
			r := raw{ssrc: 20, kind: ptVP8, number: n, ticks: uint32(n) * 900, mid: "1", count: uint16(n), payload: payload}
			return p.seal(whose, r.bytes(), 0)
		}
		const steps, step, flood = 200, 10 * time.Millisecond, 100 // of 1250 bytes: 100 Mbit/s
		asked, answered, reached, begun := 0, 0, 0, steps
		for i := range steps {
			for range flood {
				b := picture(hostile, 1200, i%10 == 0)
				p.lanes[0].sort(bytes.Clone(b), p.from(hostile))
				p.lanes[0].sort(b, p.from(hostile)) // and again
			}
			for n := range uint16(10) {
				b, _ := rtcp.Marshal([]rtcp.Packet{
					&rtcp.PictureLossIndication{MediaSSRC: storming.slots[2].SSRC},
					&rtcp.TransportLayerNack{MediaSSRC: storming.slots[2].SSRC, Nacks: []rtcp.NackPair{{PacketID: n * 17, LostPackets: 0xffff}}},
				})
				p.lanes[1].sort(storming.sealer.SealRTCP(nil, b), p.from(viewing2))
				p.lanes[1].sort(storming.sealer.SealRTCP(nil, p.report(b)), p.from(viewing2))
			}
			p.take(p.lanes[1], picture(decent, 100, asked > answered), p.from(decent))
			answered = asked
			p.pass(step)
			for _, b := range p.ends()[decent].kept.packets {
				if n, err := p.ends()[decent].opener.OpenRTCP(b); err == nil && b[1] == kindPayload && n == 12 {
					asked++
				}
			}
			for _, b := range quiet.kept.packets {
				if !isControl(b[1]) && binary.BigEndian.Uint32(b[8:]) == quiet.slots[2].SSRC {
					reached++
					begun = min(begun, i)
				}
			}
			for _, guest := range p.ends() {
				guest.kept.packets, guest.sent = nil, nil
				if guest.c.over.Load() {
					t.Fatal("a connection has ended")
				}
			}
		}
		if begun > 50 || reached != steps-begun {
			t.Errorf("%d of %d packets reached who watches them, from the %dth on", reached, steps-begun, begun)
		}
		if most := 2 + steps*step/(350*time.Millisecond); asked == 0 || asked > int(most) {
			t.Errorf("%d requests for a key frame", asked)
		}
		total := tally{}
		for _, l := range p.lanes {
			total.opened += l.tally.opened
			total.unknown += l.tally.unknown
		}
		// Half a second's worth at once, and then what it may send in two seconds.
		if most := uint64(2.5*publishBytes/1250) + 2*steps; total.opened > most || total.unknown < steps*flood {
			t.Errorf("%+v, want at most %d opened", total, most)
		}
		p.close()
	})
}
