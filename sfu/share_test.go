package sfu

import (
	"slices"
	"testing"
	"time"

	"paravent/sfu/transport"
)

// stage is a viewer who is shown tracks of three layers each.
type stage struct {
	t     *testing.T
	lane  *fakeLane
	down  *subscribing
	out   *ratedViewer
	casts []*simulcast
	again time.Duration
}

// ratedViewer is one whose network carries so much.
type ratedViewer struct {
	fakeViewer
	rate, want int
}

func (v *ratedViewer) Rate() int                              { return v.rate }
func (v *ratedViewer) Want(bits int)                          { v.want = bits }
func (v *ratedViewer) Writer(transport.Lane) transport.Writer { return v }

func newStage(t *testing.T, tracks int) *stage {
	t.Helper()
	v := &ratedViewer{fakeViewer: fakeViewer{keeps: true, info: transport.SlotInfo{SSRC: 1, RTX: 2, Types: allTypes}}}
	s := &stage{t: t, lane: &fakeLane{now: time.Second}, out: v}
	s.down = &subscribing{conn: v, video: VideoSlots, sharing: sharing{shares: make([]share, VideoSlots)}}
	for i := range VideoSlots + audioSlots {
		s.down.slots = append(s.down.slots, &slot{number: i, video: i < VideoSlots, conn: v, state: connected(), poke: func() {}, way: &s.down.way})
	}
	for i := range tracks {
		c := &simulcast{t: t, lane: s.lane}
		tr := &track{publisher: PeerID(i + 1), mid: "0"}
		c.feed = &feed{track: tr, video: true, lane: s.lane}
		for layer := range maxLayers {
			c.begin(layer)
		}
		tr.feedBy(c.feed)
		s.casts = append(s.casts, c)
	}
	return s
}

// watch shows a track in the slot of the same number.
func (s *stage) watch(i, size, priority int) {
	w := Watch{Publisher: 1, Size: size, Priority: priority}.bounded()
	sl, tr := s.down.slots[i], s.casts[i].feed.track
	s.down.intend(sl, tr, w)
	s.again = s.down.divide(s.lane.now)
	if sl.wish.Load().wanted() != tr {
		watch(sl, tr)
	}
}

// pass lets cameras run at 100, 400 and 1500 kbit/s; they answer to requests for
// key frames after 50 ms. The network is shared every second and when that was
// asked for.
func (s *stage) pass(d time.Duration) {
	const spacing = 50 * time.Millisecond
	for end := s.lane.now + d; s.lane.now < end; {
		s.lane.pass(spacing)
		for _, c := range s.casts {
			for layer, src := range c.layers {
				bytes := [maxLayers]int{100_000, 400_000, 1_500_000}[layer]/8/20 - packetOverhead
				key := c.asked[layer] > 0
				c.asked[layer] = 0
				for ; bytes > 0; bytes -= 1150 + packetOverhead {
					c.seq[layer]++
					b := append(synthetic(transport.VP8, key, true, c.seq[layer], byte(layer)), make([]byte, min(bytes, 1150))...)
					key = false
					push(src, raw(transport.VP8, c.seq[layer], uint32(s.lane.now/time.Millisecond)*90, b))
				}
			}
		}
		if s.again > 0 && s.lane.now >= s.again || s.lane.now%time.Second == 0 || s.stale() {
			s.again = s.down.divide(s.lane.now)
		}
	}
}

func (s *stage) stale() (is bool) {
	for _, sl := range s.down.slots {
		is = sl.stale.Swap(false) || is
	}
	return is
}

// shows lists the layers that are forwarded; -1: none.
func (s *stage) shows() (all []int) {
	for i := range s.casts {
		w := s.down.slots[i].flow
		switch {
		case w == nil || w.run == 0:
			all = append(all, -1)
		default:
			all = append(all, w.source.layer)
		}
	}
	return all
}

func (s *stage) expect(want ...int) {
	s.t.Helper()
	if got := s.shows(); !slices.Equal(got, want) {
		s.t.Fatalf("layers %v, want %v at %v", got, want, s.lane.now)
	}
}

// The layer follows the rate: down at once, up when it has been so for a while.
func TestLayersFollowTheRate(t *testing.T) {
	s := newStage(t, 1)
	s.out.rate = 3_000_000
	s.watch(0, 3, 1)
	s.pass(3 * time.Second)
	s.expect(2)
	if s.out.want < 1_400_000 || s.out.want > 1_900_000 {
		t.Fatalf("wants %d", s.out.want)
	}
	s.out.rate = 600_000
	s.again = s.down.divide(s.lane.now)
	s.pass(150 * time.Millisecond)
	s.expect(1)
	// For a moment there is more.
	s.out.rate = 3_000_000
	s.again = s.down.divide(s.lane.now)
	s.pass(500 * time.Millisecond)
	s.expect(1)
	s.out.rate = 150_000
	s.again = s.down.divide(s.lane.now)
	s.pass(150 * time.Millisecond)
	s.expect(0)
	if s.out.want < 1_400_000 {
		t.Fatal("less is wanted because less is carried")
	}
	s.out.rate = 3_000_000
	s.pass(20 * time.Second)
	s.expect(2)
	for i, p := range s.out.packets[1:] {
		if p.Index != s.out.packets[i].Index+1 {
			t.Fatalf("%d follows %d", p.Index, s.out.packets[i].Index)
		}
	}
	if !s.down.slots[0].showing() {
		t.Fatal("shown as nothing")
	}
}

// What matters more is shown in full before what matters less, and what is
// shown small needs little.
func TestPriorities(t *testing.T) {
	s := newStage(t, 3)
	s.out.rate = 3_000_000
	s.watch(0, 3, 0)
	s.watch(1, 3, 2)
	s.watch(2, 1, 1)
	s.pass(4 * time.Second)
	s.expect(1, 2, 0)
	// Another matters more: that is seen to without waiting.
	s.watch(0, 3, 2)
	s.watch(1, 2, 0)
	s.pass(300 * time.Millisecond)
	s.expect(2, 1, 0)
	// A smaller size is enough.
	s.watch(0, 1, 2)
	s.pass(300 * time.Millisecond)
	s.expect(0, 1, 0)
}

// Before it is known what the network carries, one picture is sharp.
func TestSmallAtFirst(t *testing.T) {
	s := newStage(t, 3)
	s.watch(0, 3, 0)
	s.watch(1, 3, 2)
	s.watch(2, 3, 0)
	s.pass(time.Second)
	s.expect(0, 2, 0)
	s.out.rate = 10_000_000
	s.again = s.down.divide(s.lane.now)
	s.pass(300 * time.Millisecond)
	s.expect(2, 2, 2)
}

// What does not fit at all is paused, but stays what the slot shows; it goes on
// with a key frame.
func TestPaused(t *testing.T) {
	s := newStage(t, 3)
	s.out.rate = 10_000_000
	for i := range s.casts {
		s.watch(i, 1, 0)
	}
	s.pass(2 * time.Second)
	s.expect(0, 0, 0)
	s.out.rate = 150_000
	s.again = s.down.divide(s.lane.now)
	s.expect(0, -1, -1)
	for i := range s.casts {
		if !s.down.slots[i].showing() {
			t.Fatal("shown as nothing")
		}
	}
	s.pass(time.Second)
	s.expect(0, -1, -1)
	// Another matters more; what finds out whether more is carried goes with it.
	s.watch(2, 1, 2)
	s.pass(10 * time.Second)
	s.expect(-1, -1, 0)
	before := len(s.out.packets)
	s.down.Probe(1000)
	if n := len(s.out.packets) - before; n != 4 {
		t.Fatalf("%d packets of padding", n)
	}
	s.out.rate = 10_000_000
	s.pass(20 * time.Second)
	s.expect(0, 0, 0)
	// One whose publisher stops while it is paused is not shown any more.
	s.out.rate = 150_000
	s.again = s.down.divide(s.lane.now)
	for _, src := range s.casts[2].layers {
		src.End()
	}
	if s.down.slots[2].showing() {
		t.Fatal("nothing is shown as something")
	}
}

// When the network is overloaded and no key frame of less comes, nothing is
// forwarded soon.
func TestOverloadStops(t *testing.T) {
	s := newStage(t, 1)
	s.out.rate = 3_000_000
	s.watch(0, 3, 1)
	s.pass(3 * time.Second)
	s.expect(2)
	s.out.rate = 300_000
	s.again = s.down.divide(s.lane.now)
	s.expect(2)
	s.lane.pass(urgentWait - time.Millisecond)
	s.expect(2)
	s.lane.pass(2 * time.Millisecond)
	s.expect(-1)
	s.pass(500 * time.Millisecond)
	s.expect(0)
}

func TestDemand(t *testing.T) {
	d := &demand{told: maxLayers}
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	for i, c := range []struct {
		at     float64
		layers int
		tell   bool
	}{
		{0, 0, false}, {4.9, 0, false}, {5, 0, true}, // nobody ever came
		{6, 1, true}, {6.1, 3, true}, // more at once
		{7, 1, false}, {8.9, 1, false}, {9, 1, true}, // less after a while
		{10, 0, false}, {11, 1, false}, {11.1, 0, false}, {13, 0, false}, {13.1, 0, true},
	} {
		if got := d.look(c.layers, at(c.at)); got != c.tell {
			t.Fatalf("step %d: %v", i, got)
		}
	}
	d = &demand{told: maxLayers}
	if d.look(3, 0) || d.look(0, at(1)) || d.look(0, at(2.9)) || !d.look(0, at(3)) {
		t.Fatal("one who came and left")
	}
}
