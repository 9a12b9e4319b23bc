package main

import (
	"context"
	"testing"
	"time"

	"paravent/tests/netsim"
)

// film makes so many frames of a layer, the moments of a camera apart.
func film(c *camera, n int) (frames [][][]byte, bits int) {
	for number := range n {
		f := c.frame(uint32(number+1), false, time.Duration(number)*frameTime)
		for _, p := range f {
			bits += 8 * len(p)
		}
		frames = append(frames, f)
	}
	return frames, bits
}

func TestCameraKeepsItsRate(t *testing.T) {
	t.Parallel()
	for i, l := range ladder {
		_, bits := film(newCamera(i, l.rate, 1), 20*frameRate)
		if rate := bits / 20; rate < l.rate*9/10 || rate > l.rate*11/10 {
			t.Errorf("layer %d has %d bit/s, not %d", i, rate, l.rate)
		}
	}
}

func TestDecoder(t *testing.T) {
	t.Parallel()
	frames, _ := film(newCamera(2, ladder[2].rate, 1), 60)
	// What a decoder shows of a film of which some packets do not come.
	shows := func(lost func(p piece) bool) (all []uint32) {
		d := newDecoder()
		for _, f := range frames {
			for _, b := range f {
				if p, ok := readPacket(b); !ok {
					t.Fatal("cannot be read")
				} else if !lost(p) {
					d.take(p, p.sent)
				}
			}
		}
		for _, s := range d.all {
			all = append(all, s.number)
		}
		return all
	}
	if n := len(shows(func(piece) bool { return false })); n != len(frames) {
		t.Errorf("%d of %d frames are shown", n, len(frames))
	}
	if n := len(shows(func(p piece) bool { return p.temporal > 0 })); n != len(frames)/4+1 {
		t.Errorf("%d frames of the lowest temporal layer are shown", n)
	}
	if all := shows(func(p piece) bool { return p.number == 20 && p.index == 1 }); all[len(all)-1] != 19 {
		t.Errorf("frame %d is shown without what it was predicted from", all[len(all)-1])
	}
	if n := len(shows(func(p piece) bool { return p.number == 21 && p.index == 0 })); n != len(frames)-1 {
		t.Errorf("%d frames are shown without one that nothing was predicted from", n)
	}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	s := &seen{}
	// Ten frames a second, but for one second; of the largest layer from 4 s on.
	for at := time.Duration(0); at < 10*time.Second; at += 100 * time.Millisecond {
		if at > 2*time.Second && at < 3*time.Second {
			continue
		}
		f := shown{at: at}
		if at >= 4*time.Second {
			f.layer = 2
		}
		s.frames = append(s.frames, f)
	}
	in := window{time.Second, 10 * time.Second}
	if d := s.freeze(in); d != time.Second {
		t.Errorf("frozen for %v", d)
	}
	if d := s.settles(in, 0); d != 2*time.Second {
		t.Errorf("all is well after %v", d)
	}
	if d := s.full(in); d != 3*time.Second {
		t.Errorf("the largest layer comes after %v", d)
	}
	if n := s.rate(window{5 * time.Second, 6*time.Second - 1}); n < 9.9 || n > 10.1 {
		t.Errorf("%f frames a second", n)
	}
	for number := uint32(1); number <= 100; number++ {
		if number != 50 && number != 60 && number != 61 {
			s.sound = append(s.sound, heard{number: number, sent: time.Duration(number) * time.Millisecond, at: time.Duration(number) * time.Millisecond})
		}
	}
	if lost, gaps := s.silence(window{0, time.Second}, 0); lost < 0.03 || lost > 0.031 || gaps < 0.01 || gaps > 0.011 {
		t.Errorf("%f lost, %f missing", lost, gaps)
	}
}

// room is a publisher and a viewer with a network of its own.
type room struct {
	t     *testing.T
	way   *netsim.Relay
	v     *viewer
	sends *publisher
}

// meet has them meet. Nothing here is measured in time: a machine that has a lot
// to do is no bad network.
func meet(t *testing.T, kind string, up, down netsim.Course) *room {
	t.Helper()
	h, err := open(kind)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	ctx, cancel := context.WithTimeout(context.Background(), atMost)
	t.Cleanup(cancel)
	c := clock{time.Now()}
	way, err := netsim.Open(h.address, 1, up, down)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(way.Close)
	p, err := publish(ctx, h, 1, h.address, c, 1)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.close)
	v, err := view(ctx, h, 2, way.Addr(), c, 1, false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.close)
	return &room{t, way, v, p}
}

const atMost = 3 * time.Minute

// until waits until the viewer has seen what is asked for.
func (r *room) until(what string, ask func(s *seen) bool) {
	r.t.Helper()
	for deadline := time.Now().Add(atMost); ; {
		s := r.v.report(0)
		if ask(s) {
			return
		}
		if time.Now().After(deadline) {
			up, down := r.way.Counts()
			r.t.Fatalf("not seen: %s; %d frames, %d key frames, up %+v, down %+v", what, len(s.frames), s.keys, up, down)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// With every twentieth packet lost, both ways, those of the picture come again,
// and it never stands still until a new key frame.
func TestLossIsRepaired(t *testing.T) {
	for _, kind := range []string{"engine", "pion"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			loss := netsim.Steady(netsim.Link{Loss: 0.05, Delay: 10 * time.Millisecond})
			r := meet(t, kind, loss, loss)
			r.until("150 frames, with losses", func(s *seen) bool {
				_, down := r.way.Counts()
				return len(s.frames) >= 150 && down.Lost >= 20 && s.nacks >= 10
			})
		})
	}
}

// Where the network carries a quarter of the largest layer, pictures come in a
// smaller one, one after the other, and hardly anything is sent in vain. How soon
// they become larger again is measured, not tested: on a machine with too much to
// do every network looks bad.
func TestPicturesFitTheNetwork(t *testing.T) {
	t.Parallel()
	way := netsim.Link{Delay: 10 * time.Millisecond}
	narrow := way
	narrow.Rate = 500_000
	r := meet(t, "engine", netsim.Steady(way), netsim.Steady(narrow))
	const some = 60
	// How many of the latest frames are of a layer that fits.
	fit := func(s *seen) (n int) {
		for i := len(s.frames) - 1; i >= 0 && int(s.frames[i].layer) < len(ladder)-1; i-- {
			n++
		}
		return n
	}
	r.until("frames that fit", func(s *seen) bool { return fit(s) >= some })
	_, before := r.way.Counts()
	r.until("more of them", func(s *seen) bool { return fit(s) >= 2*some })
	_, after := r.way.Counts()
	if lost, came := after.Lost-before.Lost, after.Packets-before.Packets; lost > came/10 {
		t.Errorf("%d packets are sent in vain, %d are not", lost, came)
	}
	if s := r.v.report(0); s.clash > 0 {
		t.Errorf("%d packets have the time of another frame", s.clash)
	}
}
