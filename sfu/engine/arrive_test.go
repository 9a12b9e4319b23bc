package engine

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"paravent/sfu/description"
	"paravent/sfu/transport"
)

// What the offers of these tests use.
const (
	idMid, idRID, idRepaired, idCount, idDependency = 1, 2, 3, 4, 5

	ptOpus, ptVP8, ptVP8RTX, ptVP9 = 111, 96, 97, 98
)

func standingLane() *lane {
	return &lane{clock: clock{begun: time.Unix(1_700_000_000, 0)}}
}

// advance lets time pass in a lane, and what is due happen at its moment.
func (l *lane) advance(to time.Duration) {
	for {
		l.empty()
		next, ok := l.timers.next()
		if !ok || next > to {
			break
		}
		l.now = max(l.now, next)
		l.timers.run(l.now)
	}
	l.now = max(l.now, to)
}

// peer is the other side of the media half in tests.
type peer struct {
	t      testing.TB
	sent   [][]byte // RTCP
	strays int
	rouses int
	begun  []*sink
	refuse bool // streams are left unread
}

func (p *peer) control(packet []byte) { p.sent = append(p.sent, bytes.Clone(packet)) }
func (p *peer) stray()                { p.strays++ }
func (p *peer) rouse()                { p.rouses++ }

func (p *peer) Connected()                   {}
func (p *peer) Ended()                       {}
func (p *peer) Sections([]transport.Section) {}
func (p *peer) Stream(info transport.StreamInfo) transport.Stream {
	if p.refuse {
		return nil
	}
	s := &sink{t: p.t, info: info}
	p.begun = append(p.begun, s)
	return s
}

// reports reads what was sent since the last call.
func (p *peer) reports() (all []rtcp.Packet) {
	p.t.Helper()
	for _, b := range p.sent {
		packets, err := rtcp.Unmarshal(b)
		if err != nil {
			p.t.Fatalf("%x: %v", b, err)
		}
		all = append(all, packets...)
	}
	p.sent = nil
	return all
}

// sink keeps what a stream is given.
type sink struct {
	t     testing.TB
	info  transport.StreamInfo
	got   []transport.Packet
	ended bool
}

func (s *sink) Receive(burst []transport.Packet) {
	if s.ended || len(burst) == 0 {
		s.t.Error("burst after the end, or without packets")
	}
	for _, p := range burst {
		p.Payload, p.Dependency = bytes.Clone(p.Payload), bytes.Clone(p.Dependency)
		s.got = append(s.got, p)
	}
}

func (s *sink) End() {
	if s.ended {
		s.t.Error("ended twice")
	}
	s.ended = true
}

func (s *sink) seqs() (all []uint16) {
	for _, p := range s.got {
		all = append(all, p.Seq)
	}
	return all
}

// raw is a packet to be received.
type raw struct {
	ssrc          uint32
	kind          uint8
	number        uint64
	ticks         uint32
	marker        bool
	mid, rid, rep string
	count         uint16 // transport-wide number; 0: none
	dependency    []byte
	payload       []byte
	padding       uint8
}

func (r raw) bytes() []byte {
	var e []byte
	element := func(id uint8, b []byte) {
		if len(b) > 0 {
			e = append(append(e, id<<4|uint8(len(b)-1)), b...)
		}
	}
	element(idMid, []byte(r.mid))
	element(idRID, []byte(r.rid))
	element(idRepaired, []byte(r.rep))
	if r.count != 0 {
		element(idCount, binary.BigEndian.AppendUint16(nil, r.count))
	}
	element(idDependency, r.dependency)
	for len(e)%4 != 0 {
		e = append(e, 0)
	}
	b := []byte{2<<6 | 1<<4, r.kind}
	if r.marker {
		b[1] |= 0x80
	}
	b = binary.BigEndian.AppendUint16(b, uint16(r.number))
	b = binary.BigEndian.AppendUint32(b, r.ticks)
	b = binary.BigEndian.AppendUint32(b, r.ssrc)
	b = binary.BigEndian.AppendUint16(b, 0xbede)
	b = binary.BigEndian.AppendUint16(b, uint16(len(e)/4))
	b = append(append(b, e...), r.payload...)
	return pad(b, r.padding)
}

func (r raw) arrived() arrived { return arrived{bytes: r.bytes(), index: r.number} }

// repair is a packet sent again.
func repair(ssrc uint32, seq, original uint16, payload string) raw {
	return raw{ssrc: ssrc, kind: ptVP8RTX, number: uint64(seq), payload: append(binary.BigEndian.AppendUint16(nil, original), payload...)}
}

func offer(sections ...description.Section) *description.Offer {
	o := &description.Offer{
		Sections:   sections,
		Extensions: description.Extensions{Mid: idMid, RID: idRID, Repaired: idRepaired, TransportCC: idCount, Dependency: idDependency},
	}
	o.Types[ptOpus] = description.Type{Codec: transport.Opus}
	o.Types[ptVP8] = description.Type{Codec: transport.VP8}
	o.Types[ptVP8RTX] = description.Type{Codec: transport.VP8, Repairs: true}
	o.Types[ptVP9] = description.Type{Codec: transport.VP9}
	return o
}

func sound(mid string, ssrc uint32) description.Section {
	s := description.Section{Mid: mid, Sends: true, Streams: []description.Stream{{SSRC: ssrc}}}
	s.Formats[transport.Opus].Media = ptOpus
	return s
}

func picture(mid string, streams ...description.Stream) description.Section {
	s := description.Section{Mid: mid, Sends: true, Video: true, Streams: streams}
	s.Formats[transport.VP8] = transport.Formats{Media: ptVP8, RTX: ptVP8RTX}
	return s
}

func simulcast(mid string, rids ...string) description.Section {
	s := picture(mid)
	s.Layers = rids
	return s
}

func receiving(t testing.TB, sections ...description.Section) (*inbound, *peer) {
	t.Helper()
	p := &peer{t: t}
	in := newInbound(p, p)
	in.begin(standingLane())
	in.configure(offer(sections...))
	return in, p
}

// take has packets received in bursts of one SSRC, as a lane would.
func (in *inbound) take(packets ...raw) {
	for len(packets) > 0 {
		var burst []arrived
		ssrc := packets[0].ssrc
		for len(packets) > 0 && packets[0].ssrc == ssrc {
			burst = append(burst, packets[0].arrived())
			packets = packets[1:]
		}
		in.receive(burst, in.home.now)
	}
}

func wantSeqs(t *testing.T, s *sink, want ...uint16) {
	t.Helper()
	got := s.seqs()
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestAnnouncedStreams(t *testing.T) {
	in, p := receiving(t, sound("0", 10), picture("1", description.Stream{SSRC: 20, RTX: 21}))
	in.take(
		raw{ssrc: 10, kind: ptOpus, number: 65535, ticks: 960, payload: []byte("sound")},
		raw{ssrc: 10, kind: ptOpus, number: 65536, ticks: 1920, marker: true, payload: []byte("more")},
		raw{ssrc: 20, kind: ptVP8, number: 7, ticks: 3000, payload: []byte("picture"), dependency: []byte("dep"), padding: 3},
		raw{ssrc: 20, kind: ptVP8, number: 8, padding: 200},
	)
	if len(p.begun) != 2 {
		t.Fatalf("%d streams", len(p.begun))
	}
	a, v := p.begun[0], p.begun[1]
	if a.info.Mid != "0" || a.info.SSRC != 10 || a.info.Layer != 0 || a.info.Lane != in.home || v.info.Mid != "1" || v.info.SSRC != 20 {
		t.Errorf("%+v %+v", a.info, v.info)
	}
	wantSeqs(t, a, 65535, 0)
	if one := a.got[1]; one.Codec != transport.Opus || !one.Marker || one.Timestamp != 1920 || string(one.Payload) != "more" || one.Dependency != nil {
		t.Errorf("%+v", one)
	}
	wantSeqs(t, v, 7, 8)
	if one := v.got[0]; one.Codec != transport.VP8 || string(one.Payload) != "picture" || string(one.Dependency) != "dep" {
		t.Errorf("%+v", one)
	}
	if len(v.got[1].Payload) != 0 {
		t.Error("padding was not taken away")
	}
	if n := in.home.tally; n.opened != 4 || n.unknown != 0 || n.malformed != 0 {
		t.Errorf("%+v", n)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	for name, bad := range map[string]struct {
		raw
		tally tally
	}{
		"SSRC of nothing":          {raw{ssrc: 99, kind: ptVP8, payload: []byte("x")}, tally{unknown: 1}},
		"payload type of nothing":  {raw{ssrc: 20, kind: 50, payload: []byte("x")}, tally{unknown: 1}},
		"sound among pictures":     {raw{ssrc: 20, kind: ptOpus, payload: []byte("x")}, tally{unknown: 1}},
		"codec of no section":      {raw{ssrc: 20, kind: ptVP9, payload: []byte("x")}, tally{unknown: 1}},
		"repair as itself":         {raw{ssrc: 20, kind: ptVP8RTX, payload: []byte("xyz")}, tally{unknown: 1}},
		"itself as repair":         {raw{ssrc: 21, kind: ptVP8, payload: []byte("xyz")}, tally{unknown: 1}},
		"repair before the media":  {raw{ssrc: 31, kind: ptVP8RTX, payload: []byte("xyz")}, tally{unknown: 1}},
		"mid without its layer":    {raw{ssrc: 40, kind: ptVP8, mid: "3", payload: []byte("x")}, tally{unknown: 1}},
		"layer of another name":    {raw{ssrc: 40, kind: ptVP8, mid: "3", rid: "z", payload: []byte("x")}, tally{unknown: 1}},
		"another for an announced": {raw{ssrc: 40, kind: ptVP8, mid: "1", payload: []byte("x")}, tally{unknown: 1}},
		"number cut off":           {raw{ssrc: 21, kind: ptVP8RTX, payload: []byte("x")}, tally{malformed: 1}},
		"probe":                    {raw{ssrc: 21, kind: ptVP8RTX, padding: 100}, tally{}},
		"more padding than packet": {raw{ssrc: 20, kind: ptVP8, payload: []byte("x\xff")}, tally{malformed: 1}},
		"too old":                  {raw{ssrc: 20, kind: ptVP8, number: 5000 - windowSize, payload: []byte("x")}, tally{replayed: 1}},
		"repair before all":        {repair(21, 1, 5000+40000, "x"), tally{replayed: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			in, p := receiving(t, picture("1", description.Stream{SSRC: 20, RTX: 21}),
				picture("2", description.Stream{SSRC: 30, RTX: 31}), simulcast("3", "q", "h"))
			in.take(raw{ssrc: 20, kind: ptVP8, number: 5000, payload: []byte("first")})
			in.home.tally = tally{}
			a := bad.arrived()
			if name == "more padding than packet" {
				a.bytes[0] |= paddingFlag
			}
			in.receive([]arrived{a}, 0)
			if in.home.tally != bad.tally {
				t.Errorf("%+v", in.home.tally)
			}
			wantSeqs(t, p.begun[0], 5000)
			if len(p.begun) != 1 {
				t.Error("a stream began")
			}
		})
	}
}

func TestLearnedStreams(t *testing.T) {
	in, p := receiving(t, simulcast("0", "f", "h", "q"))
	in.take(
		raw{ssrc: 91, kind: ptVP8RTX, number: 1, mid: "0", rep: "h", payload: []byte{0, 1, 2}}, // too early
		raw{ssrc: 30, kind: ptVP8, number: 300, mid: "0", rid: "q", payload: []byte("q")},
		raw{ssrc: 20, kind: ptVP8, number: 200, mid: "0", rid: "h", payload: []byte("h")},
		raw{ssrc: 20, kind: ptVP8, number: 202, payload: []byte("h")}, // the sender knows that it was heard
		raw{ssrc: 10, kind: ptVP8, number: 100, payload: []byte("f")}, // not yet known
		raw{ssrc: 10, kind: ptVP8, number: 101, mid: "0", rid: "f", payload: []byte("f")},
		repair(91, 2, 201, "again"),
	)
	if len(p.begun) != 3 {
		t.Fatalf("%d streams", len(p.begun))
	}
	q, h, f := p.begun[0], p.begun[1], p.begun[2]
	if q.info.Layer != 2 || h.info.Layer != 1 || f.info.Layer != 0 || h.info.SSRC != 20 || h.info.Mid != "0" {
		t.Errorf("%+v %+v %+v", q.info, h.info, f.info)
	}
	wantSeqs(t, q, 300)
	wantSeqs(t, h, 200, 202, 201)
	wantSeqs(t, f, 101)
	if string(h.got[2].Payload) != "again" {
		t.Errorf("%q", h.got[2].Payload)
	}

	// Another SSRC for a layer takes its place for good.
	in.take(
		raw{ssrc: 22, kind: ptVP8, number: 1, mid: "0", rid: "h", payload: []byte("new")},
		raw{ssrc: 20, kind: ptVP8, number: 203, mid: "0", rid: "h", payload: []byte("old")},
		repair(91, 3, 203, "old"),
	)
	if !h.ended || len(p.begun) != 4 || p.begun[3].ended {
		t.Error("the layer did not pass over")
	}
	wantSeqs(t, p.begun[3], 1)
	if len(in.streams) != 3 {
		t.Errorf("%d streams", len(in.streams))
	}
}

// Repair that names its layer as media does (rid instead of rrid) is still
// repair: the layer goes on, and is repaired.
func TestRepairThatNamesItsLayerAsMedia(t *testing.T) {
	in, p := receiving(t, simulcast("0", "q", "h"))
	named := func(seq, original uint16) raw {
		r := repair(91, seq, original, "again")
		r.mid, r.rid = "0", "h"
		return r
	}
	in.take(
		named(1, 199), // too early: there is nothing to repair
		raw{ssrc: 20, kind: ptVP8, number: 200, mid: "0", rid: "h", payload: []byte("h")},
		raw{ssrc: 20, kind: ptVP8, number: 202, mid: "0", rid: "h", payload: []byte("h")},
		named(2, 201),
		raw{ssrc: 20, kind: ptVP8, number: 203, mid: "0", rid: "h", payload: []byte("h")},
	)
	if len(p.begun) != 1 || p.begun[0].ended || p.begun[0].info.SSRC != 20 {
		t.Fatalf("%d streams", len(p.begun))
	}
	wantSeqs(t, p.begun[0], 200, 202, 201, 203)
}

// Repair is known by the SSRC it was announced with, once that is known.
func TestPairedRepair(t *testing.T) {
	s := simulcast("0", "q", "h")
	s.Streams = []description.Stream{{SSRC: 10, RTX: 11}, {SSRC: 20, RTX: 21}}
	in, p := receiving(t, s)
	in.take(
		raw{ssrc: 20, kind: ptVP8, number: 5, mid: "0", rid: "h", payload: []byte("h")},
		raw{ssrc: 20, kind: ptVP8, number: 7, payload: []byte("h")},
		repair(21, 1, 6, "h"),
		repair(11, 1, 6, "q"),
	)
	wantSeqs(t, p.begun[0], 5, 7, 6)
}

func TestDoublesAreDropped(t *testing.T) {
	in, p := receiving(t, picture("1", description.Stream{SSRC: 20, RTX: 21}))
	one := raw{ssrc: 20, kind: ptVP8, number: 65534, payload: []byte("x")}
	two := one
	two.number = 65537
	late := one
	late.number = 65536
	in.take(one, two, repair(21, 1, 65535, "a"), repair(21, 2, 65535, "b"), repair(21, 3, 0, "c"), late, one, repair(21, 4, 1, "d"))
	wantSeqs(t, p.begun[0], 65534, 1, 65535, 0)
	if string(p.begun[0].got[2].Payload) != "a" {
		t.Error("the first of two was not taken")
	}
	if in.home.tally.replayed != 4 {
		t.Errorf("%+v", in.home.tally)
	}
}

func TestAnotherOffer(t *testing.T) {
	in, p := receiving(t, sound("0", 10), picture("1", description.Stream{SSRC: 20, RTX: 21}), simulcast("2", "q", "h"))
	in.take(
		raw{ssrc: 10, kind: ptOpus, number: 1, payload: []byte("a")},
		raw{ssrc: 20, kind: ptVP8, number: 1, payload: []byte("b")},
		raw{ssrc: 30, kind: ptVP8, number: 1, mid: "2", rid: "q", payload: []byte("c")},
		raw{ssrc: 31, kind: ptVP8, number: 1, mid: "2", rid: "h", payload: []byte("d")},
	)
	// The sound goes on, the picture has another SSRC, of the layers one is left
	// and has another place.
	in.configure(offer(sound("0", 10), picture("1", description.Stream{SSRC: 25, RTX: 26}), simulcast("2", "h")))
	for i, ended := range []bool{false, true, true, true} {
		if p.begun[i].ended != ended {
			t.Errorf("stream %d: ended %v", i, p.begun[i].ended)
		}
	}
	in.take(
		raw{ssrc: 10, kind: ptOpus, number: 2, payload: []byte("a")},
		raw{ssrc: 20, kind: ptVP8, number: 2, payload: []byte("b")},
		raw{ssrc: 25, kind: ptVP8, number: 3, payload: []byte("b")},
		raw{ssrc: 26, kind: ptVP8RTX, number: 1, payload: []byte{0, 2, 1}},
		raw{ssrc: 30, kind: ptVP8, number: 2, payload: []byte("c")},
		raw{ssrc: 31, kind: ptVP8, number: 2, payload: []byte("d")},
	)
	if len(p.begun) != 6 {
		t.Fatalf("%d streams", len(p.begun))
	}
	wantSeqs(t, p.begun[0], 1, 2)
	wantSeqs(t, p.begun[4], 3, 2)
	if h := p.begun[5]; h.info.SSRC != 31 || h.info.Layer != 0 {
		t.Errorf("%+v", h.info)
	}
	// Nothing is sent any more.
	silent := sound("0", 10)
	silent.Sends = false
	in.configure(offer(silent))
	in.take(raw{ssrc: 10, kind: ptOpus, number: 3, payload: []byte("a")})
	for i, s := range p.begun {
		if !s.ended {
			t.Errorf("stream %d goes on", i)
		}
	}
	// It is sent again.
	in.configure(offer(sound("0", 10)))
	in.take(raw{ssrc: 10, kind: ptOpus, number: 4, payload: []byte("a")})
	if len(p.begun) != 7 || p.begun[6].info.SSRC != 10 {
		t.Fatal("the stream did not begin again")
	}
	in.end()
	if !p.begun[6].ended {
		t.Error("the stream goes on after the end")
	}
	in.take(raw{ssrc: 10, kind: ptOpus, number: 5, payload: []byte("a")})
	in.home.advance(time.Minute)
}

func TestUnreadStreams(t *testing.T) {
	in, p := receiving(t, sound("0", 10))
	p.refuse = true
	in.take(raw{ssrc: 10, kind: ptOpus, number: 1, payload: []byte("a")})
	p.refuse = false
	in.take(raw{ssrc: 10, kind: ptOpus, number: 2, payload: []byte("a")})
	if len(p.begun) != 0 {
		t.Fatal("asked again without another offer")
	}
	in.configure(offer(sound("0", 10)))
	in.take(raw{ssrc: 10, kind: ptOpus, number: 3, payload: []byte("a")})
	wantSeqs(t, p.begun[0], 3)
}

// A lane that was kept from its core comes late to what has arrived: the sender
// is told when that arrived, or it would take the delay for the network's.
func TestLateLanesDelayNothing(t *testing.T) {
	in, p := receiving(t, picture("0", description.Stream{SSRC: 20}))
	const apart = 5 * time.Millisecond
	var burst []arrived
	for i := range uint16(10) {
		a := raw{ssrc: 20, kind: ptVP8, number: uint64(i), count: 1 + i, payload: []byte{0x10, 1}}.arrived()
		a.came = time.Second + time.Duration(i)*apart
		burst = append(burst, a)
	}
	in.home.advance(1300 * time.Millisecond)
	in.receive(burst, in.home.now)
	for _, r := range p.reports() {
		f, ok := r.(*rtcp.TransportLayerCC)
		if !ok {
			continue
		}
		if len(f.RecvDeltas) != len(burst) {
			t.Fatalf("told of %d packets", len(f.RecvDeltas))
		}
		for _, d := range f.RecvDeltas[1:] {
			if got := time.Duration(d.Delta) * time.Microsecond; got != apart {
				t.Errorf("%v after the one before", got)
			}
		}
		return
	}
	t.Fatal("nothing was told")
}

func TestTooManySSRCs(t *testing.T) {
	in, p := receiving(t, simulcast("0", "q"))
	for i := range uint32(2 * maxOrigins) {
		in.take(raw{ssrc: 1000 + i, kind: ptVP8, number: 1, mid: "0", rid: "q", payload: []byte("x")})
	}
	if p.strays != 1 {
		t.Errorf("strayed %d times", p.strays)
	}
	if len(in.origins) != maxOrigins || len(in.streams) > 1 {
		t.Errorf("%d SSRCs, %d streams", len(in.origins), len(in.streams))
	}
	in.end()
	for i, s := range p.begun {
		if !s.ended {
			t.Errorf("stream %d goes on", i)
		}
	}
}

func TestLongBursts(t *testing.T) {
	in, p := receiving(t, sound("0", 10))
	var all []raw
	for i := range 1000 {
		all = append(all, raw{ssrc: 10, kind: ptOpus, number: uint64(i), payload: []byte("a")})
	}
	in.take(all...)
	if len(p.begun[0].got) != 1000 || cap(in.burst) > 2*maxBurst {
		t.Errorf("%d packets, room for %d", len(p.begun[0].got), cap(in.burst))
	}
}

func TestPublisherTooFast(t *testing.T) {
	in, _ := receiving(t)
	const second = 100e6 / 8 / 1250
	admitted, full, small := 0, make([]byte, 1250), make([]byte, 100)
	for i := range 10 * int(second) {
		if in.admits(full, time.Duration(i)*time.Second/second) {
			admitted++
		}
	}
	if most := 10.5 * publishBytes / 1250; float64(admitted) > most || float64(admitted) < most*0.9 {
		t.Errorf("%d packets of a publisher at 100 Mbit/s, want about %v", admitted, most)
	}
	in, _ = receiving(t)
	admitted = 0
	for i := range 10 * 20000 {
		if in.admits(small, time.Duration(i)*time.Second/20000) {
			admitted++
		}
	}
	if most := 10.5 * publishPackets; float64(admitted) > most {
		t.Errorf("%d small packets, want at most %v", admitted, most)
	}
}

// One that keeps to 6 Mbit/s in frames is never held back.
func TestPublisherInBounds(t *testing.T) {
	in, _ := receiving(t)
	full := make([]byte, 1250)
	for frame := range 300 {
		for range 20 {
			if !in.admits(full, time.Duration(frame)*time.Second/30) {
				t.Fatal("held back")
			}
		}
	}
}

// FuzzArrive: whatever comes, a stream gets no number twice within the window,
// nothing after its end, and nothing grows without bound.
func FuzzArrive(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 20, 30, 40, 50, 60}, uint64(1))
	f.Add([]byte("any bytes at all will do here, they say which packets come"), uint64(2))
	f.Fuzz(func(t *testing.T, program []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 1))
		in, p := receiving(t, sound("0", 10), picture("1", description.Stream{SSRC: 20, RTX: 21}), simulcast("2", "q", "h"))
		number := map[uint32]uint64{}
		ssrcs := []uint32{10, 20, 21, 30, 31, 32, 33, 40}
		kinds := []uint8{ptOpus, ptVP8, ptVP8RTX, ptVP9, 0}
		for _, c := range program {
			in.home.advance(in.home.now + time.Duration(c>>6)*10*time.Millisecond)
			switch c % 16 {
			case 15:
				in.control(random4(random, program), in.home.now)
			case 14:
				in.configure(offer(sound("0", 10), picture("1", description.Stream{SSRC: 20 + uint32(c>>7), RTX: 21}), simulcast("2", []string{"q", "h", "f"}[c>>6%3:]...)))
			default:
				ssrc := ssrcs[random.IntN(len(ssrcs))]
				number[ssrc] += random.Uint64N(4)
				r := raw{
					ssrc: ssrc, kind: kinds[random.IntN(len(kinds))], number: number[ssrc], count: uint16(random.Uint32()),
					mid: []string{"", "0", "1", "2"}[random.IntN(4)], rid: []string{"", "q", "h", "x"}[random.IntN(4)],
					rep: []string{"", "", "q", "h"}[random.IntN(4)], payload: program[:random.IntN(min(len(program), 20))],
				}
				b := r.arrived()
				if c&0x20 != 0 {
					b.bytes[random.IntN(len(b.bytes))] ^= uint8(random.Uint32())
				}
				in.receive([]arrived{b}, in.home.now)
			}
		}
		in.end()
		for _, s := range p.begun {
			if !s.ended {
				t.Fatal("a stream did not end")
			}
			last := map[uint16]int{}
			for i, one := range s.got {
				if before, ok := last[one.Seq]; ok && i-before < 512 {
					t.Fatalf("number %d twice", one.Seq)
				}
				last[one.Seq] = i
			}
		}
		p.reports()
	})
}

func random4(random *rand.Rand, program []byte) []byte {
	b := bytes.Clone(program[:random.IntN(len(program)+1)])
	if len(b) > 4 {
		b[0], b[1] = b[0]&0x1f|0x80, 200+b[1]%8
		binary.BigEndian.PutUint16(b[2:], uint16(len(b)/4-1))
	}
	return b
}

func TestArriveDoesNotAllocate(t *testing.T) {
	in, burst := flowing(t)
	next := uint64(1000)
	if n := testing.AllocsPerRun(1000, func() { next = step(in, burst, next) }); n != 0 {
		t.Errorf("%v allocations a burst, want 0", n)
	}
}

// BenchmarkArrive is what it costs to read an opened packet and hand it on, in
// bursts of eight; feedback for the publisher is in it.
func BenchmarkArrive(b *testing.B) {
	in, burst := flowing(b)
	next := uint64(1000)
	b.ReportAllocs()
	for b.Loop() {
		next = step(in, burst, next)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(burst)), "ns/packet")
}

type taker struct{}

func (taker) control([]byte)                                 {}
func (taker) stray()                                         {}
func (taker) rouse()                                         {}
func (taker) Connected()                                     {}
func (taker) Ended()                                         {}
func (taker) Sections([]transport.Section)                   {}
func (taker) Receive([]transport.Packet)                     {}
func (taker) End()                                           {}
func (q taker) Stream(transport.StreamInfo) transport.Stream { return q }

func flowing(testing.TB) (*inbound, []arrived) {
	in := newInbound(taker{}, taker{})
	in.begin(standingLane())
	in.configure(offer(picture("1", description.Stream{SSRC: 20, RTX: 21})))
	burst := make([]arrived, 8)
	for i := range burst {
		burst[i] = raw{ssrc: 20, kind: ptVP8, number: 1, count: 1, mid: "1", dependency: []byte("dep"), payload: make([]byte, 1200)}.arrived()
	}
	next := uint64(0)
	for range 1000 / len(burst) { // what is reused has its size
		next = step(in, burst, next)
	}
	return in, burst
}

// step has a burst received, 1 ms after the last.
func step(in *inbound, burst []arrived, next uint64) uint64 {
	for i := range burst {
		b := burst[i].bytes
		burst[i].index = next
		binary.BigEndian.PutUint16(b[2:], uint16(next))
		binary.BigEndian.PutUint32(b[4:], uint32(next/8*90))
		binary.BigEndian.PutUint16(b[19:], uint16(next)) // behind mid
		next++
	}
	in.home.now += time.Millisecond
	in.receive(burst, in.home.now)
	return next
}
