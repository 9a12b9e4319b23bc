package engine

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"paravent/sfu/rate"
	"paravent/sfu/srtp"
	"paravent/sfu/transport"
)

func marshal(t testing.TB, packets ...rtcp.Packet) []byte {
	t.Helper()
	b, err := rtcp.Marshal(packets)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestFeedback(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	l := v.lanes[0]
	l.advance(10 * time.Second)
	empty := &rtcp.ReceiverReport{SSRC: 1}
	v.out.control(marshal(t, empty, &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 101, Nacks: []rtcp.NackPair{
		{PacketID: 65534, LostPackets: 0b1000_0000_0000_0011}, {PacketID: 20},
	}}), l.now)
	if want := []uint16{65534, 65535, 0, 14, 20}; !slices.Equal(v.missing[1], want) || v.events != 1 {
		t.Errorf("%v, want %v", v.missing, want)
	}
	v.out.control(marshal(t, empty, &rtcp.PictureLossIndication{SenderSSRC: 1, MediaSSRC: 100}), l.now)
	v.out.control(marshal(t, &rtcp.FullIntraRequest{SenderSSRC: 1, FIR: []rtcp.FIREntry{{SSRC: 101, SequenceNumber: 1}, {SSRC: 102}}}), l.now)
	if v.frames[0] != 1 || v.frames[1] != 1 || v.frames[2] != 1 {
		t.Errorf("%v", v.frames)
	}
	// A report of 7 s ago that was kept for 6.5 s.
	sent := uint32(ntp(l.wall(3*time.Second)) >> 16)
	v.out.control(marshal(t, &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{
		{SSRC: 999, FractionLost: 9, LastSenderReport: sent},
		{SSRC: 102, FractionLost: 13, LastSenderReport: sent, Delay: 65536 * 13 / 2},
	}}), l.now)
	if len(v.lossy) != 1 || v.lossy[2] != 13 {
		t.Errorf("lost %v", v.lossy)
	}
	if d := v.out.roundTrip() - 500*time.Millisecond; d.Abs() > time.Millisecond {
		t.Errorf("round trip %v", v.out.roundTrip())
	}
	// It has no effect on what is not ours, nor on what is not understood.
	before := v.hints.events
	v.out.control(marshal(t, empty,
		&rtcp.TransportLayerNack{MediaSSRC: 200, Nacks: []rtcp.NackPair{{PacketID: 1}}},
		&rtcp.PictureLossIndication{MediaSSRC: 999}, &rtcp.FullIntraRequest{FIR: []rtcp.FIREntry{{SSRC: 999}}},
		&rtcp.ReceiverEstimatedMaximumBitrate{Bitrate: 1e6, SSRCs: []uint32{100}}, &rtcp.Goodbye{Sources: []uint32{1}},
		&rtcp.SourceDescription{Chunks: []rtcp.SourceDescriptionChunk{{Source: 1}}},
	), l.now+time.Second)
	if v.hints.events != before || len(v.frames) != 3 || l.tally != (tally{}) {
		t.Errorf("%+v %+v", v.hints, l.tally)
	}
	// Nor is it listened to after the end.
	v.out.end()
	v.out.control(marshal(t, &rtcp.PictureLossIndication{MediaSSRC: 100}), l.now+time.Minute)
	v.out.tick(l.now + time.Minute)
	if v.frames[0] != 1 {
		t.Error("heard after the end")
	}
}

func TestMalformedReports(t *testing.T) {
	pli := []byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 100}
	for name, b := range map[string][]byte{
		"nothing":                   {},
		"half a word":               {0x81, 206},
		"another version":           append([]byte{0x41}, pli[1:]...),
		"longer than it is":         {0x81, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 100},
		"bytes after it":            append(slices.Clone(pli), 0x80),
		"padding of nothing":        {0xa1, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 0},
		"more padding than packet":  {0xa1, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 13},
		"PLI too short":             {0x81, 206, 0, 1, 0, 0, 0, 1},
		"PLI too long":              {0x81, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 100, 0, 0, 0, 0},
		"FIR with half an entry":    {0x84, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 100},
		"NACK of nothing":           {0x81, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 100},
		"NACK of half a pair":       {0xa1, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 100, 0, 0, 0, 1},
		"report without its block":  {0x81, 201, 0, 1, 0, 0, 0, 1},
		"sender report cut off":     {0x80, 200, 0, 1, 0, 0, 0, 1},
		"transport-wide, cut off":   {0x8f, 205, 0, 2, 0, 0, 0, 1, 0, 0, 0, 100},
		"a good one, then half one": append(slices.Clone(pli), 0x81, 206, 0, 2),
	} {
		v := viewing(t, srtp.AEADAES128GCM, 1)
		v.out.control(b, time.Second)
		if v.lanes[0].tally.malformed != 1 && len(b) > 0 || v.events != 0 || len(v.frames) != 0 {
			t.Errorf("%s: %+v %+v", name, v.lanes[0].tally, v.hints)
		}
	}
	v := viewing(t, srtp.AEADAES128GCM, 1)
	v.out.control(append([]byte{0xa1, 206, 0, 3, 0, 0, 0, 1, 0, 0, 0, 100}, 0, 0, 0, 4), time.Second)
	if v.frames[0] != 1 {
		t.Error("padding was not taken away")
	}
}

func TestRoundTrip(t *testing.T) {
	wall := time.Unix(1_700_000_000, 0)
	now := uint32(ntp(wall) >> 16)
	for name, c := range map[string]struct {
		sent, delay uint32
		want        time.Duration
		ok          bool
	}{
		"no report was heard":   {0, 0, 0, false},
		"half a second":         {now - 3<<16, 5 << 15, time.Second / 2, true},
		"at once":               {now, 0, 1, true},
		"the future":            {now + 1, 0, 0, false},
		"kept longer than gone": {now - 1<<16, 2 << 16, 0, false},
		"a minute":              {now - 60<<16, 0, 0, false},
	} {
		if got, ok := roundTrip(c.sent, c.delay, wall); ok != c.ok || ok && got != c.want {
			t.Errorf("%s: %v, %v", name, got, ok)
		}
	}
}

// A storm of requests costs what is agreed on, and no more.
func TestStorms(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	storm := &rtcp.TransportLayerNack{SenderSSRC: 1, MediaSSRC: 100}
	for i := range 60 {
		storm.Nacks = append(storm.Nacks, rtcp.NackPair{PacketID: uint16(i * 17), LostPackets: 0xffff})
	}
	nack, pli := marshal(t, storm), marshal(t, &rtcp.PictureLossIndication{MediaSSRC: 101})
	for at := time.Duration(0); at < 10*time.Second; at += time.Millisecond {
		v.out.control(nack, at)
		v.out.control(pli, at)
	}
	if n := len(v.missing[0]); n > 10.5*missingRate || n < 9*missingRate {
		t.Errorf("%d packets missed in 10 s", n)
	}
	if n := v.frames[1]; n != int(10*time.Second/refreshSpacing) {
		t.Errorf("%d key frames in 10 s", n)
	}
	admitted, report := 0, make([]byte, 100)
	for at := time.Duration(0); at < 10*time.Second; at += time.Second / 50000 {
		if v.out.admits(report, at) {
			admitted++
		}
	}
	if float64(admitted) > 10.5*subscribePackets {
		t.Errorf("%d reports in 10 s", admitted)
	}
}

func TestMissingComesInParts(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	most := 0
	parts := &partial{hints: &v.hints, most: &most}
	v.out.events = parts
	nack := &rtcp.TransportLayerNack{MediaSSRC: 100}
	for i := range 30 {
		nack.Nacks = append(nack.Nacks, rtcp.NackPair{PacketID: uint16(i * 17), LostPackets: 0xffff})
	}
	v.out.control(marshal(t, nack), 0)
	if most > maxMissing || len(v.missing[0]) != 30*17 || v.events != 2 {
		t.Errorf("%d at once, %d in all, %d events", most, len(v.missing[0]), v.events)
	}
}

type partial struct {
	*hints
	most *int
}

func (p *partial) Missing(slot int, seqs []uint16) {
	*p.most = max(*p.most, len(seqs))
	p.hints.Missing(slot, seqs)
}
func (p *partial) Connected() {}
func (p *partial) Ended()     {}

// What a peer says of arrivals reaches the estimator, and the router.
func TestTransportWideFeedback(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	l := v.lanes[0]
	w := v.out.writer(l)
	v.out.want(20e6)
	before := v.out.rate()
	var arrivals rate.Arrivals
	index, probed := uint64(1), 0
	for at := time.Duration(0); at < 20*time.Second; at += 5 * time.Millisecond {
		l.advance(at)
		w.Write(&transport.Outgoing{SSRC: 100, Index: index, Format: outVP8, Payload: make([]byte, 1100)})
		probed += len(v.probes)
		for _, n := range v.probes { // as a router would
			for ; n > 0; n -= 255 {
				index++
				w.Write(&transport.Outgoing{SSRC: 200, Index: index, Format: outVP8RTX, Padding: 255})
			}
		}
		v.probes = nil
		index++
		lost := at > 10*time.Second
		for _, b := range v.kept.packets {
			p, _ := v.open(b)
			if !lost || index%2 == 0 {
				arrivals.Add(binary.BigEndian.Uint16(p.GetExtension(outCount)), at+20*time.Millisecond)
			}
		}
		v.kept.packets = nil
		if b := arrivals.Append(nil, 1, 100, at+20*time.Millisecond); len(b) > 0 {
			l.advance(at + 2*time.Millisecond)
			v.out.control(b, l.now)
		}
		if at%tickInterval == 0 {
			v.out.tick(l.now)
		}
		if at == 10*time.Second {
			if v.rated == 0 || v.out.rate() <= before {
				t.Errorf("rate %d, before %d, told %d times", v.out.rate(), before, v.rated)
			}
			before = v.out.rate()
		}
	}
	if probed == 0 {
		t.Error("nothing was probed")
	}
	if v.out.rate() >= before {
		t.Errorf("rate %d although half is lost, before %d", v.out.rate(), before)
	}
	if l.tally.malformed != 0 {
		t.Errorf("%+v", l.tally)
	}
	// Of what was never sent nothing follows.
	told, now := v.rated, v.out.rate()
	var invented rate.Arrivals
	for i := range uint16(100) {
		invented.Add(30000+i, 21*time.Second)
	}
	v.out.control(invented.Append(nil, 1, 100, 22*time.Second), 22*time.Second)
	if v.rated != told || v.out.rate() != now {
		t.Error("heeded")
	}
}

// FuzzControl: whatever a peer reports, it costs no more than is agreed on, and
// names only slots that there are.
func FuzzControl(f *testing.F) {
	f.Add([]byte{0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 100})
	f.Add([]byte{0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 100, 0, 1, 255, 255})
	f.Add([]byte{0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 100, 1, 0, 0, 0})
	f.Add([]byte{0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 100, 0, 1, 0, 1, 0, 0, 0, 0, 0x20, 1, 4, 0})
	var blocks rtcp.ReceiverReport
	blocks.Reports = append(blocks.Reports, rtcp.ReceptionReport{SSRC: 100, LastSenderReport: 5, Delay: 6})
	f.Add(marshal(f, &blocks))
	f.Fuzz(func(t *testing.T, b []byte) {
		v := viewing(t, srtp.AEADAES128GCM, 1)
		in, p := receiving(t)
		for i := range 3 {
			at := time.Duration(i) * time.Second
			v.out.control(bytes.Clone(b), at)
			in.control(bytes.Clone(b), at)
		}
		for slot, seqs := range v.missing {
			if slot < 0 || slot > 2 || len(seqs) > 4*missingRate {
				t.Fatal("too much")
			}
		}
		for slot, n := range v.frames {
			if slot < 0 || slot > 2 || n > 3 {
				t.Fatal("too much")
			}
		}
		if trip := v.out.roundTrip(); trip < 0 || trip > maxTrip || len(p.begun) != 0 {
			t.Fatal("not to be believed")
		}
		// What the library understands is well-formed for us too.
		if _, err := rtcp.Unmarshal(b); err == nil {
			rest, ok := b, true
			for len(rest) > 0 && ok {
				b = rest
				_, rest, ok = cut(b)
			}
			if !ok && b[0]&paddingFlag == 0 {
				t.Fatalf("refused: %x", b)
			}
		}
	})
}

func TestControlDoesNotAllocate(t *testing.T) {
	v := viewing(t, srtp.AEADAES128GCM, 1)
	v.out.events = quietEvents{}
	b := marshal(t, &rtcp.ReceiverReport{SSRC: 1, Reports: []rtcp.ReceptionReport{{SSRC: 100, LastSenderReport: 1}}},
		&rtcp.TransportLayerNack{MediaSSRC: 100, Nacks: []rtcp.NackPair{{PacketID: 1, LostPackets: 3}}},
		&rtcp.PictureLossIndication{MediaSSRC: 100})
	at := time.Duration(0)
	v.out.control(b, at)
	if n := testing.AllocsPerRun(1000, func() { at += time.Second; v.out.control(b, at) }); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

type quietEvents struct{}

func (quietEvents) Connected()            {}
func (quietEvents) Ended()                {}
func (quietEvents) Missing(int, []uint16) {}
func (quietEvents) KeyFrame(int)          {}
func (quietEvents) Lossy(int, uint8)      {}
func (quietEvents) Rated()                {}
func (quietEvents) Probe(int)             {}
