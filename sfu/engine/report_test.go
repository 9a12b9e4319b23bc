package engine

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"paravent/sfu/description"
)

func TestNTP(t *testing.T) {
	if got := ntp(time.Unix(0, 500_000_000)); got != 2208988800<<32|1<<31 {
		t.Errorf("%x", got)
	}
}

// lastReports are the report blocks that were sent since the last call.
func (p *peer) lastReports() (all []rtcp.ReceptionReport) {
	for _, r := range p.reports() {
		if r, ok := r.(*rtcp.ReceiverReport); ok {
			all = append(all, r.Reports...)
		}
	}
	return all
}

func TestReceiverReports(t *testing.T) {
	in, p := receiving(t, sound("0", 10), picture("1", description.Stream{SSRC: 20, RTX: 21}))
	in.home.advance(5 * time.Second)
	in.tick(in.home.now)
	if got := p.lastReports(); len(got) != 0 {
		t.Fatalf("%v of nothing", got)
	}
	begun := in.home.now
	for i := range 100 {
		in.home.advance(begun + time.Duration(i)*10*time.Millisecond)
		if i%4 != 3 { // a quarter is lost
			in.take(raw{ssrc: 10, kind: ptOpus, number: 65500 + uint64(i), ticks: uint32(i * 480), payload: []byte("x")})
		}
		in.take(raw{ssrc: 20, kind: ptVP8, number: 7 + uint64(i), payload: []byte("x")})
		in.take(repair(21, uint16(i), uint16(7+i), "double"))
		in.tick(in.home.now)
	}
	sent := &rtcp.SenderReport{SSRC: 10, NTPTime: 0x1122334455667788}
	in.control(marshal(t, sent, &rtcp.SourceDescription{}, &rtcp.SenderReport{SSRC: 21}, &rtcp.SenderReport{SSRC: 99}), in.home.now)
	in.home.advance(begun + 1500*time.Millisecond)
	in.tick(in.home.now)
	all := p.lastReports()
	if len(all) != 2 {
		t.Fatalf("%v", all)
	}
	a, v := all[0], all[1]
	// 98 of 100 were expected: the last that came is the 99th.
	if a.SSRC != 10 || a.FractionLost != 24*256/99 || a.TotalLost != 24 || a.LastSequenceNumber != 65598 {
		t.Errorf("%+v", a)
	}
	if a.LastSenderReport != 0x33445566 || a.Delay != 65536*510/1000 || a.Jitter != 0 {
		t.Errorf("%+v", a)
	}
	if v.SSRC != 20 || v.FractionLost != 0 || v.TotalLost != 0 || v.LastSequenceNumber != 106 || v.LastSenderReport != 0 {
		t.Errorf("%+v", v)
	}
	if v.Jitter < 700 { // 10 ms are 900 ticks, and its timestamps stand still
		t.Errorf("%+v", v)
	}
	// What was silent since then is not reported of; what lost nothing more has
	// lost nothing in this interval.
	in.take(raw{ssrc: 10, kind: ptOpus, number: 65599, payload: []byte("x")})
	in.home.advance(begun + 2600*time.Millisecond)
	in.tick(in.home.now)
	if all = p.lastReports(); len(all) != 1 || all[0].SSRC != 10 || all[0].FractionLost != 0 || all[0].TotalLost != 24 {
		t.Errorf("%+v", all)
	}
}

// Nothing that is reported wraps around: neither the time since a sender report of
// days ago, nor jitter where timestamps begin anew wherever they like.
func TestReportsDoNotWrap(t *testing.T) {
	var r reception
	r.hear(0x1122334455667788, time.Second)
	for i := range uint32(200) {
		r.count(uint64(i), i*1<<31+i*1800, 90000, time.Duration(i)*20*time.Millisecond)
	}
	for _, c := range []struct {
		after time.Duration
		delay uint32
	}{
		{time.Second, 1 << 16}, {65535 * time.Second, 65535 << 16}, {100 * time.Hour, 65535 << 16}, {10000 * time.Hour, 65535 << 16},
	} {
		var report rtcp.ReceptionReport
		if err := report.Unmarshal(r.append(nil, 7, time.Second+c.after)); err != nil {
			t.Fatal(err)
		}
		if report.Delay != c.delay || report.Jitter > 5*90000 {
			t.Errorf("after %v: %+v", c.after, report)
		}
	}
}

// A publisher is told of no less loss than those have who it is for, and of no
// packet that did arrive here.
func TestReportsSayWhatIsLostFurtherOn(t *testing.T) {
	in, p := receiving(t, sound("0", 10))
	number, begun := uint64(7), in.home.now
	second := func(lost bool) rtcp.ReceptionReport {
		t.Helper()
		for range 10 {
			in.take(raw{ssrc: 10, kind: ptOpus, number: number, payload: []byte("x")})
			number++
			if lost {
				number++
			}
		}
		begun += reportInterval
		in.home.advance(begun)
		in.tick(in.home.now)
		all := p.lastReports()
		if len(all) != 1 || all[0].SSRC != 10 {
			t.Fatalf("%+v", all)
		}
		return all[0]
	}
	if r := second(false); r.FractionLost != 0 || r.TotalLost != 0 {
		t.Errorf("%+v of nothing", r)
	}
	p.begun[0].info.Lossy(26)
	for range 2 { // it holds until something else is said
		if r := second(false); r.FractionLost != 26 || r.TotalLost != 0 {
			t.Errorf("%+v, want 26 in 256", r)
		}
	}
	if r := second(true); r.FractionLost < 100 || r.TotalLost < 9 {
		t.Errorf("%+v, want what was lost up to here", r)
	}
	p.begun[0].info.Lossy(0)
	second(false) // the last gap of before
	if r := second(false); r.FractionLost != 0 {
		t.Errorf("%+v after the end", r)
	}
}

func TestLostAtMost(t *testing.T) {
	var r reception
	r.count(0, 0, 90000, 0)
	r.count(1<<30, 0, 90000, 0)
	b := r.append(nil, 1, 0)
	var block rtcp.ReceptionReport
	if err := block.Unmarshal(b); err != nil {
		t.Fatal(err)
	}
	if block.FractionLost != 255 || block.TotalLost != 1<<23-1 {
		t.Errorf("%+v", block)
	}
	// More than expected came: doubles, which count as less than nothing lost.
	r = reception{}
	for range 3 {
		r.count(5, 0, 90000, 0)
	}
	b = r.append(nil, 1, 0)
	if b[4] != 0 || int32(uint32(b[5])<<24|uint32(b[6])<<16|uint32(b[7])<<8)>>8 != -2 {
		t.Errorf("%x", b)
	}
}

func TestArrivalsAreToldOf(t *testing.T) {
	in, p := receiving(t, sound("0", 10))
	count := uint16(65530)
	for at := time.Duration(0); at < time.Second; at += 5 * time.Millisecond {
		in.home.advance(at)
		in.take(raw{ssrc: 10, kind: ptOpus, number: uint64(at), count: count, payload: []byte("x")})
		count++
		if count == 0 {
			count++
		}
	}
	for ; in.home.now < 2*time.Second; in.home.advance(in.home.now + tickInterval) {
		in.tick(in.home.now)
	}
	packets, feedback := 0, 0
	for _, r := range p.reports() {
		f, ok := r.(*rtcp.TransportLayerCC)
		if !ok {
			continue
		}
		feedback++
		if f.MediaSSRC != 10 || f.SenderSSRC != in.ssrc {
			t.Errorf("%+v", f)
		}
		packets += len(f.RecvDeltas)
	}
	if packets < 200 || feedback < 10 || feedback > 25 {
		t.Errorf("%d packets in %d reports", packets, feedback)
	}
}

func TestNackRoundTrip(t *testing.T) {
	var seqs []uint16
	for i := range uint16(3000) {
		if i%3 != 1 {
			seqs = append(seqs, 60000+i*5)
		}
	}
	var got []uint16
	for rest := seqs; len(rest) > 0; {
		var b []byte
		b, rest = appendNack(nil, 1, 2, rest)
		packets, err := rtcp.Unmarshal(b)
		if err != nil {
			t.Fatal(err)
		}
		n, ok := packets[0].(*rtcp.TransportLayerNack)
		if !ok || n.SenderSSRC != 1 || n.MediaSSRC != 2 || len(b) > 300 {
			t.Fatalf("%v", packets)
		}
		for _, pair := range n.Nacks {
			got = append(got, pair.PacketList()...)
		}
	}
	if len(got) != len(seqs) {
		t.Fatalf("%d of %d", len(got), len(seqs))
	}
	for i := range got {
		if got[i] != seqs[i] {
			t.Fatalf("%d became %d", seqs[i], got[i])
		}
	}
}
