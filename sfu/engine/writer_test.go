package engine

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"

	"paravent/sfu/datagram"
	"paravent/sfu/description"
	"paravent/sfu/srtp"
	"paravent/sfu/srtp/audit"
	"paravent/sfu/transport"
)

// The numbers of the subscribers in these tests.
const (
	outCount, outDependency = 7, 8

	outVP8, outVP8RTX, outOpus = 102, 103, 109
)

// kept is a client by TCP that keeps what it is sent.
type kept struct{ packets [][]byte }

func (k *kept) send(p []byte) { k.packets = append(k.packets, bytes.Clone(p)) }

// viewer is the other end of an outbound in tests.
type viewer struct {
	out    *outbound
	lanes  []*lane
	ways   atomic.Pointer[way]
	opener *srtp.Opener
	nonces audit.Nonces
	kept   kept
	peer
	hints
}

// hints keeps what an outbound tells.
type hints struct {
	missing map[int][]uint16
	events  int // of those
	frames  map[int]int
	rated   int
	probes  []int
	lossy   map[int]uint8 // the last of each slot
}

func (h *hints) Missing(slot int, seqs []uint16) {
	h.missing[slot] = append(h.missing[slot], seqs...)
	h.events++
}
func (h *hints) KeyFrame(slot int) { h.frames[slot]++ }
func (h *hints) Lossy(slot int, part uint8) {
	if h.lossy == nil {
		h.lossy = map[int]uint8{}
	}
	h.lossy[slot] = part
}
func (h *hints) Rated()          { h.rated++ }
func (h *hints) Probe(bytes int) { h.probes = append(h.probes, bytes) }

// answer is to two slots for video and one for audio, with SSRCs 100, 101 and
// 102, repair 200 and 201.
func answer(mixed bool) *description.Answer {
	a := &description.Answer{Mixed: mixed}
	for i := range 3 {
		s := description.Agreed{Extensions: description.Extensions{TransportCC: outCount, Dependency: outDependency}}
		s.SSRC = 100 + uint32(i)
		if i < 2 {
			s.RTX, s.Dependency = 200+uint32(i), true
			s.Types[transport.VP8] = transport.Formats{Media: outVP8, RTX: outVP8RTX}
		} else {
			s.Extensions.Dependency = 0
			s.Types[transport.Opus] = transport.Formats{Media: outOpus}
		}
		a.Slots = append(a.Slots, s)
	}
	return a
}

func viewing(t testing.TB, profile srtp.Profile, lanes int) *viewer {
	t.Helper()
	v := &viewer{peer: peer{t: t}, hints: hints{missing: map[int][]uint16{}, frames: map[int]int{}}}
	material := make([]byte, profile.KeyingMaterial())
	for i := range material {
		material[i] = byte(i)
	}
	_, server, err := srtp.Split(profile, material)
	if err != nil {
		t.Fatal(err)
	}
	sealer, err := srtp.NewSealer(profile, server)
	if err != nil {
		t.Fatal(err)
	}
	if v.opener, err = srtp.NewOpener(profile, server, 16); err != nil {
		t.Fatal(err)
	}
	v.nonces.Watch(sealer)
	w := &way{slow: &v.kept}
	for i := range lanes {
		l := standingLane()
		l.number = i
		v.lanes = append(v.lanes, l)
		w.sealers = append(w.sealers, sealer.Share())
	}
	v.out = newOutbound(&v.peer, &v.ways, lanes, v, make([]description.Slot, 3))
	v.out.configure(answer(true))
	v.out.begin(v.lanes[0])
	v.ways.Store(w)
	return v
}

// open opens a packet that was sent.
func (v *viewer) open(b []byte) (p rtp.Packet, index uint64) {
	v.t.Helper()
	n, index, err := v.opener.OpenRTP(b)
	if err != nil {
		v.t.Fatalf("%x: %v", b, err)
	}
	if err := p.Unmarshal(b[:n]); err != nil {
		v.t.Fatalf("%x: %v", b[:n], err)
	}
	return p, index
}

func TestWrite(t *testing.T) {
	for _, profile := range []srtp.Profile{srtp.AEADAES128GCM, srtp.AEADAES256GCM, srtp.AES128CMSHA1} {
		v := viewing(t, profile, 1)
		w := v.out.writer(v.lanes[0])
		long := bytes.Repeat([]byte{9}, 92)
		for _, o := range []transport.Outgoing{
			{SSRC: 100, Index: 5, Format: outVP8, Marker: true, Timestamp: 77, Payload: []byte("picture")},
			{SSRC: 100, Index: 6, Format: outVP8, Timestamp: 78, Payload: []byte("picture"), Dependency: []byte{1, 2, 3}},
			{SSRC: 100, Index: 7, Format: outVP8, Timestamp: 79, Payload: []byte("key frame"), Dependency: long},
			{SSRC: 200, Index: 8, Format: outVP8RTX, Timestamp: 79, Payload: []byte("again"), Repeat: true, Original: 0x1234, Dependency: []byte{4}},
			{SSRC: 200, Index: 9, Format: outVP8RTX, Timestamp: 79, Padding: 255},
			{SSRC: 102, Index: 10, Format: outOpus, Timestamp: 960, Payload: []byte("sound"), Dependency: []byte{5}},
		} {
			v.kept.packets = nil
			before := o
			w.Write(&o)
			if len(v.kept.packets) != 1 {
				t.Fatalf("%d packets", len(v.kept.packets))
			}
			p, index := v.open(v.kept.packets[0])
			if index != o.Index || p.SSRC != o.SSRC || p.PayloadType != o.Format || p.Marker != o.Marker || p.Timestamp != o.Timestamp {
				t.Errorf("%+v became %+v", before, p.Header)
			}
			want := o.Payload
			if o.Repeat {
				want = append([]byte{0x12, 0x34}, want...)
			}
			if !bytes.Equal(p.Payload, want) || p.PaddingSize != o.Padding {
				t.Errorf("payload %q, padding %d", p.Payload, p.PaddingSize)
			}
			descriptor := o.Dependency
			if o.Format == outOpus {
				descriptor = nil
			}
			if !bytes.Equal(p.GetExtension(outDependency), descriptor) {
				t.Errorf("descriptor %x", p.GetExtension(outDependency))
			}
			var count rtp.TransportCCExtension
			if err := count.Unmarshal(p.GetExtension(outCount)); err != nil || uint64(count.TransportSequence) != o.Index-4 {
				t.Errorf("number %d, %v", count.TransportSequence, err)
			}
		}
		if v.lanes[0].tally.sealed != 6 || v.nonces.Twice() != 0 {
			t.Errorf("%+v", v.lanes[0].tally)
		}
	}
}

func TestWhatIsNotWritten(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	w := v.out.writer(v.lanes[0])
	for name, o := range map[string]transport.Outgoing{
		"nothing in it":           {SSRC: 100, Index: 1, Format: outVP8},
		"padding and payload":     {SSRC: 100, Index: 1, Format: outVP8, Payload: []byte("x"), Padding: 1},
		"index of more than 48":   {SSRC: 100, Index: 1 << 48, Format: outVP8, Payload: []byte("x")},
		"larger than any packet ": {SSRC: 100, Index: 1, Format: outVP8, Payload: make([]byte, 1<<16)},
	} {
		before := v.lanes[0].tally.unsent
		w.Write(&o)
		if len(v.kept.packets) != 0 || v.lanes[0].tally.unsent != before+1 {
			t.Errorf("%s: %d packets", name, len(v.kept.packets))
		}
	}
	good := transport.Outgoing{SSRC: 100, Index: 1, Format: outVP8, Payload: []byte("x")}
	way := v.ways.Load()
	v.ways.Store(nil)
	w.Write(&good)
	w.Report(transport.SenderReport{SSRC: 100})
	way.sealers[0].Wipe()
	v.ways.Store(way)
	w.Write(&good)
	w.Report(transport.SenderReport{SSRC: 100})
	if len(v.kept.packets) != 0 {
		t.Error("written without keys")
	}
}

// A peer that does not take both forms of extensions is sent no descriptors.
func TestDescriptorsNeedBothForms(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	v.out.configure(answer(false))
	v.out.writer(v.lanes[0]).Write(&transport.Outgoing{SSRC: 100, Index: 1, Format: outVP8, Payload: []byte("x"), Dependency: []byte{1, 2, 3}})
	p, _ := v.open(v.kept.packets[0])
	if p.GetExtension(outDependency) != nil || v.out.slot(0).Dependency {
		t.Error("there is a descriptor")
	}
}

func TestSlots(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 2)
	if s := v.out.slot(1); s.SSRC != 101 || s.RTX != 201 || s.Types[transport.VP8].Media != outVP8 || !s.Dependency {
		t.Errorf("%+v", s)
	}
	if s := v.out.slot(3); s != (transport.SlotInfo{}) {
		t.Errorf("%+v", s)
	}
	one, two := v.out.writer(v.lanes[0]), v.out.writer(v.lanes[1])
	if one == two || v.out.writer(v.lanes[0]) != one {
		t.Error("each lane has a writer of its own")
	}
	if v.out.rate() == 0 || v.out.roundTrip() != 0 {
		t.Errorf("rate %d, round trip %v", v.out.rate(), v.out.roundTrip())
	}
	other := newOutbound(&v.peer, &v.ways, 1, v, nil)
	if other.rate() != 0 || other.slot(0) != (transport.SlotInfo{}) {
		t.Error("something was agreed on before the answer")
	}
}

func TestSenderReport(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 2)
	at := 90 * time.Second
	v.out.writer(v.lanes[1]).Report(transport.SenderReport{SSRC: 100, At: at, Timestamp: 5, Packets: 6, Octets: 7})
	b := v.kept.packets[0]
	n, err := v.opener.OpenRTCP(b)
	if err != nil {
		t.Fatal(err)
	}
	var r rtcp.SenderReport
	if err := r.Unmarshal(b[:n]); err != nil {
		t.Fatal(err)
	}
	if r.SSRC != 100 || r.NTPTime != ntp(v.lanes[0].wall(at)) || r.RTPTime != 5 || r.PacketCount != 6 || r.OctetCount != 7 {
		t.Errorf("%+v", r)
	}
}

// Packets of a frame that differ by a byte leave with one size.
func TestEqualSizes(t *testing.T) {
	for name, c := range map[string]struct{ sizes, want []int }{
		"the larger last":        {[]int{10, 10, 11, 11}, []int{11, 11, 11, 11}},
		"all the same":           {[]int{10, 10, 10}, []int{11, 11, 11}},
		"a small one at the end": {[]int{10, 10, 3}, []int{11, 11, 4}},
		"two frames":             {[]int{10, 11, 20, 20, 21}, []int{11, 11, 21, 21, 21}},
		"too large to be padded": {[]int{1500, 1500}, []int{1500, 1500}},
	} {
		var w writer
		for i, size := range c.sizes {
			if w.differs(size) {
				size++
			}
			if size != c.want[i] {
				t.Errorf("%s: packet %d has %d bytes, want %d", name, i, size, c.want[i])
			}
		}
	}
}

// One by one through a socket, with the padding that makes trains: what comes
// is what was written.
func TestTrainsArrive(t *testing.T) {
	port, err := datagram.Listen(netip.MustParseAddrPort("127.0.0.1:0"), datagram.Options{Sockets: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Close() })
	client, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	for _, equalise := range []bool{true, false} {
		v := viewing(t, srtp.AEADAES128GCM, 1)
		v.out.equalise = equalise
		l := v.lanes[0]
		l.batch = port.Sockets()[0].NewBatch()
		v.ways.Store(&way{to: client.LocalAddr().(*net.UDPAddr).AddrPort(), sealers: v.ways.Load().sealers})
		w := v.out.writer(l)
		var payloads [][]byte
		for i := range 40 {
			payloads = append(payloads, bytes.Repeat([]byte{byte(i)}, 1000+i%10/7))
		}
		for i, payload := range payloads {
			w.Write(&transport.Outgoing{SSRC: 100, Index: uint64(i), Format: outVP8, Payload: payload})
		}
		l.batch.Flush()
		sizes := map[int]int{}
		for i, payload := range payloads {
			b := make([]byte, 2000)
			_ = client.SetReadDeadline(time.Now().Add(atMost))
			n, err := client.Read(b)
			if err != nil {
				t.Fatal(err)
			}
			sizes[n]++
			p, index := v.open(b[:n])
			if index != uint64(i) || !bytes.Equal(p.Payload, payload) {
				t.Fatalf("packet %d is %d with %d bytes", i, index, len(p.Payload))
			}
		}
		if equalise && len(sizes) != 1 || !equalise && len(sizes) != 2 {
			t.Errorf("equalise %v: sizes %v", equalise, sizes)
		}
	}
}

// FuzzWrite: whatever a router writes, from several lanes, with losses,
// reordering, repair and wraps, each packet leaves once at most, under the
// number that it was given and no other, and says what it was to say.
func FuzzWrite(f *testing.F) {
	f.Add([]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 254, 253, 128, 64, 32}, uint64(1))
	f.Fuzz(func(t *testing.T, program []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 2))
		profiles := []srtp.Profile{srtp.AEADAES128GCM, srtp.AEADAES256GCM, srtp.AES128CMSHA1}
		v := viewing(t, profiles[seed%3], 2)
		way := v.ways.Load()
		highest := map[uint32]uint64{100: 0xfff0, 101: 5, 102: 0xfff0, 200: 0xfff0, 201: 0}
		sent := map[uint32]map[uint64]bool{100: {}, 101: {}, 102: {}, 200: {}, 201: {}}
		written := 0
		for _, c := range program {
			o := transport.Outgoing{SSRC: []uint32{100, 101, 102, 200, 201}[c%5], Format: []uint8{outVP8, outVP8, outOpus, outVP8RTX, outVP8RTX}[c%5]}
			o.Repeat = o.SSRC >= 200
			o.Index = highest[o.SSRC]
			if len(sent[o.SSRC]) > 0 { // the first one, the other end must not have to guess
				o.Index += random.Uint64N(3) * random.Uint64N(300)
			}
			if c&0x20 != 0 && o.Index > 50 {
				o.Index -= random.Uint64N(50)
			}
			if sent[o.SSRC][o.Index] {
				continue // the router's part
			}
			sent[o.SSRC][o.Index] = true
			highest[o.SSRC] = max(highest[o.SSRC], o.Index)
			o.Payload = bytes.Repeat([]byte{c}, random.IntN(1200))
			if len(o.Payload) == 0 {
				o.Padding, o.Repeat = 1+uint8(random.UintN(255)), false
			}
			o.Dependency = bytes.Repeat([]byte{1}, random.IntN(4)*random.IntN(90))
			o.Original, o.Timestamp, o.Marker = uint16(random.Uint32()), random.Uint32(), c&0x40 != 0
			v.ways.Store(way)
			if c == 77 {
				v.ways.Store(nil)
			}
			v.kept.packets = nil
			o.Keep = &transport.Kept{Bytes: make([]byte, 0, random.IntN(600))}
			v.out.writer(v.lanes[c>>7]).Write(&o)
			if c == 77 {
				if len(v.kept.packets) != 0 {
					t.Fatal("written without keys")
				}
				delete(sent[o.SSRC], o.Index)
				continue
			}
			written++
			if len(v.kept.packets) != 1 {
				t.Fatalf("%d packets", len(v.kept.packets))
			}
			v.same(&o)
			p, index := v.open(v.kept.packets[0])
			payload := p.Payload
			if o.Repeat {
				if len(payload) < 2 || uint16(payload[0])<<8|uint16(payload[1]) != o.Original {
					t.Fatal("another original")
				}
				payload = payload[2:]
			}
			if index != o.Index || p.SSRC != o.SSRC || p.Timestamp != o.Timestamp || p.Marker != o.Marker || p.PayloadType != o.Format || !bytes.Equal(payload, o.Payload) {
				t.Fatalf("%+v became %+v", o, p.Header)
			}
		}
		if v.nonces.Twice() != 0 || v.nonces.Sealed() != written {
			t.Fatalf("%d written, %d nonces, %d twice", written, v.nonces.Sealed(), v.nonces.Twice())
		}
	})
}

// same wants what o kept to be sent again as it was sent, or not at all.
func (v *viewer) same(o *transport.Outgoing) {
	v.t.Helper()
	want := bytes.Clone(v.kept.packets[0])
	v.kept.packets = nil
	v.out.writer(v.lanes[1]).Again(o.Keep)
	switch again := v.kept.packets; {
	case len(want) > cap(o.Keep.Bytes):
		if len(again) != 0 {
			v.t.Fatal("something is sent that was not kept")
		}
	case len(again) != 1 || !bytes.Equal(again[0], want):
		v.t.Fatalf("%x is sent again as %x", want, again)
	}
	v.kept.packets = [][]byte{want}
}

// nowhere is a client that takes everything.
type nowhere struct{}

func (nowhere) send([]byte) {}

// audience is many viewers of one lane.
func audience(t testing.TB, viewers int) (*lane, []transport.Writer) {
	t.Helper()
	var all []transport.Writer
	var l *lane
	for range viewers {
		v := viewing(t, srtp.AEADAES128GCM, 1)
		if l == nil {
			l = v.lanes[0]
		}
		way := *v.ways.Load()
		way.slow = nowhere{}
		way.sealers[0].Watch(nil)
		v.ways.Store(&way)
		all = append(all, v.out.writer(l))
	}
	return l, all
}

func TestWriteDoesNotAllocate(t *testing.T) {
	_, writers := audience(t, 1)
	o := transport.Outgoing{SSRC: 100, Format: outVP8, Payload: make([]byte, 1200), Dependency: []byte{1, 2, 3}}
	if n := testing.AllocsPerRun(1000, func() { o.Index++; writers[0].Write(&o) }); n != 0 {
		t.Errorf("%v allocations a packet, want 0", n)
	}
}

// BenchmarkWrite is one packet of 1200 bytes to 50 subscribers: header and
// seal; where it is written to is thrown away.
func BenchmarkWrite(b *testing.B) {
	_, writers := audience(b, 50)
	o := transport.Outgoing{SSRC: 100, Format: outVP8, Payload: make([]byte, 1200)}
	b.ReportAllocs()
	for b.Loop() {
		o.Index++
		for _, w := range writers {
			w.Write(&o)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(writers)), "ns/forward")
}

// BenchmarkSeal is what of BenchmarkWrite is sealing alone.
func BenchmarkSeal(b *testing.B) {
	v := viewing(b, srtp.AEADAES128GCM, 1)
	sealer := v.ways.Load().sealers[0]
	sealer.Watch(nil)
	buffer, payload := make([]byte, 0, 1500), make([]byte, 1200)
	header := append(buffer, 0x80, outVP8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1)
	index := uint64(0)
	b.ReportAllocs()
	for b.Loop() {
		index++
		header[2], header[3] = byte(index>>8), byte(index)
		if sealer.SealRTP(header, len(header), payload, index) == nil {
			b.Fatal("not sealed")
		}
	}
}
