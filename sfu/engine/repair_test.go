package engine

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"paravent/sfu/datagram"
	"paravent/sfu/description"
)

// wanted are the packets that a publisher was asked for since the last call.
func (p *peer) wanted(t *testing.T, ssrc uint32) (seqs []uint16) {
	t.Helper()
	for _, r := range p.reports() {
		if n, ok := r.(*rtcp.TransportLayerNack); ok {
			if n.MediaSSRC != ssrc {
				t.Errorf("asked of %d", n.MediaSSRC)
			}
			for _, pair := range n.Nacks {
				seqs = append(seqs, pair.PacketList()...)
			}
		}
	}
	return seqs
}

func TestMissingPacketsAreAskedFor(t *testing.T) {
	in, p := receiving(t, picture("1", description.Stream{SSRC: 20, RTX: 21}))
	video := func(n uint64) raw { return raw{ssrc: 20, kind: ptVP8, number: n, payload: []byte("x")} }
	in.take(video(65533), video(65540))
	if got, want := p.wanted(t, 20), []uint16{65534, 65535, 0, 1}; !slices.Equal(got, want) {
		t.Errorf("asked for %v at once, want %v", got, want)
	}
	in.home.advance(reorderTime)
	if got, want := p.wanted(t, 20), []uint16{2, 3}; !slices.Equal(got, want) {
		t.Errorf("asked for %v then, want %v", got, want)
	}
	in.home.advance(30 * time.Millisecond)
	in.take(repair(21, 1, 65534, "a"), repair(21, 2, 0, "b"), video(65537))
	if in.trip != 30*time.Millisecond {
		t.Errorf("round trip %v", in.trip)
	}
	if got := p.wanted(t, 20); len(got) != 0 {
		t.Errorf("asked for %v", got)
	}
	in.home.advance(50 * time.Millisecond)
	if got, want := p.wanted(t, 20), []uint16{65535, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("asked for %v again, want %v", got, want)
	}
	wantSeqs(t, p.begun[0], 65533, 4, 65534, 0, 1)

	// Nobody answers: it ends.
	in.home.advance(2 * time.Second)
	if n := len(p.wanted(t, 20)); n > 3*videoAsks {
		t.Errorf("asked %d times", n)
	}
	in.home.advance(time.Minute)
	if got := p.wanted(t, 20); len(got) != 0 || len(in.home.timers.heap) != 0 {
		t.Errorf("asked for %v, %d timers", got, len(in.home.timers.heap))
	}
}

func TestReorderingIsWaitedFor(t *testing.T) {
	in, p := receiving(t, sound("0", 10))
	for _, n := range []uint64{1, 3, 2, 5, 6, 4, 8, 7} {
		in.take(raw{ssrc: 10, kind: ptOpus, number: n, payload: []byte("x")})
		in.home.advance(in.home.now + time.Millisecond)
	}
	in.home.advance(time.Second)
	if got := p.wanted(t, 10); len(got) != 0 {
		t.Errorf("asked for %v", got)
	}
}

// However many are missing, on however many streams: what is asked for is
// bounded, and so are the timers.
func TestLossIsBounded(t *testing.T) {
	in, p := receiving(t, picture("1", description.Stream{SSRC: 20, RTX: 21}), sound("0", 10))
	asked, timers := 0, 0
	for i := range uint64(3000) {
		in.take(
			raw{ssrc: 20, kind: ptVP8, number: i * 200, payload: []byte("x")},
			raw{ssrc: 10, kind: ptOpus, number: i * 3, payload: []byte("x")},
		)
		in.home.advance(in.home.now + time.Millisecond)
		for _, r := range p.reports() {
			if n, ok := r.(*rtcp.TransportLayerNack); ok {
				for _, pair := range n.Nacks {
					asked += len(pair.PacketList())
				}
			}
		}
		timers = max(timers, len(in.home.timers.heap))
	}
	t.Logf("asked for %d packets in 3 s, %d timers at most", asked, timers)
	if timers > 20 {
		t.Errorf("%d timers", timers)
	}
	if perSecond := asked / 3; perSecond > askRate*12/10 {
		t.Errorf("asked for %d packets a second", perSecond)
	}
}

// A publisher at 40 Mbit/s is not asked for what was refused of it, only for what
// was lost on the way.
func TestRefusedPacketsAreNotAskedFor(t *testing.T) {
	in, p := receiving(t, picture("1", description.Stream{SSRC: 20, RTX: 21}))
	lost, refused, asked := map[uint16]bool{}, 0, map[uint16]bool{}
	for n := range uint64(3 * 4000) {
		in.home.advance(in.home.now + time.Second/4000)
		r := raw{ssrc: 20, kind: ptVP8, number: 60000 + n, payload: make([]byte, 1200)}
		switch {
		case n%100 == 50:
			lost[uint16(r.number)] = true
		case in.admits(r.bytes(), in.home.now):
			in.take(r)
		default:
			refused++
		}
		for _, seq := range p.wanted(t, 20) {
			asked[seq] = true
		}
	}
	if refused < 4000 {
		t.Fatalf("%d packets were refused", refused)
	}
	for seq := range asked {
		if !lost[seq] {
			t.Fatalf("asked for %d, which was refused", seq)
		}
	}
	if len(asked) < len(lost)-1 {
		t.Errorf("asked for %d of %d lost packets", len(asked), len(lost))
	}
}

// A refused packet that others have overtaken is not missed any more, and one
// that comes once there is room again is taken.
func TestRefusedPacketThatWasOvertaken(t *testing.T) {
	in, p := receiving(t, picture("1", description.Stream{SSRC: 20, RTX: 21}))
	video := func(n uint64) raw { return raw{ssrc: 20, kind: ptVP8, number: n, payload: []byte("x")} }
	in.take(video(1), video(3))
	for in.admits(make([]byte, 1250), 0) {
		continue
	}
	for _, one := range []raw{
		video(2),
		{ssrc: 21, kind: ptVP8RTX, number: 4, payload: []byte{0, 4, 1}}, // another's number
		{ssrc: 99, kind: ptVP8, number: 4, payload: []byte("x")},
	} {
		if in.admits(append(one.bytes(), make([]byte, 1250)...), 0) {
			t.Fatal("it was admitted")
		}
	}
	in.refuse([]byte{0x80, 96})
	in.take(video(5))
	in.home.advance(50 * time.Millisecond)
	if got := p.wanted(t, 20); !slices.Equal(got, []uint16{4}) {
		t.Errorf("asked for %v", got)
	}
	in.take(video(2))
	wantSeqs(t, p.begun[0], 1, 3, 5, 2)
}

func TestKeyFrameRequest(t *testing.T) {
	in, p := receiving(t, picture("1", description.Stream{SSRC: 20, RTX: 21}))
	in.take(raw{ssrc: 20, kind: ptVP8, number: 1, payload: []byte("x")})
	port, err := datagram.Listen(netip.MustParseAddrPort("127.0.0.1:0"), datagram.Options{Sockets: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Close() })
	in.home.socket = port.Sockets()[0] // it is to be woken
	ask := p.begun[0].info.KeyFrame
	done := make(chan struct{})
	go func() {
		ask()
		close(done)
	}()
	<-done
	if len(p.sent) != 0 {
		t.Error("asked for outside the lane")
	}
	in.home.advance(time.Millisecond)
	all := p.reports()
	if pli, ok := all[len(all)-1].(*rtcp.PictureLossIndication); !ok || pli.MediaSSRC != 20 {
		t.Errorf("%v", all)
	}
	in.configure(offer())
	ask()
	in.home.advance(2 * time.Millisecond)
	if len(p.sent) != 0 {
		t.Error("asked for a stream that has ended")
	}
}
