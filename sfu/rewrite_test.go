package sfu

import (
	"bytes"
	"testing"
	"time"
)

type step struct {
	begin bool // a source begins with in
	in    uint16
	drop  bool
	want  uint16 // unless drop or lost
	lost  bool   // is refused
}

func TestRewrite(t *testing.T) {
	for name, steps := range map[string][]step{
		"a drop leaves no gap":          {{begin: true, in: 10, want: 1}, {in: 11, drop: true}, {in: 12, want: 2}},
		"a loss stays a gap":            {{begin: true, in: 10, want: 1}, {in: 12, want: 3}, {in: 11, want: 2}},
		"late after a drop":             {{begin: true, in: 10, want: 1}, {in: 12, want: 3}, {in: 13, drop: true}, {in: 14, want: 4}, {in: 11, want: 2}},
		"the dropped one comes again":   {{begin: true, in: 10, want: 1}, {in: 11, drop: true}, {in: 11, lost: true}, {in: 12, want: 2}},
		"a late drop leaves its gap":    {{begin: true, in: 10, want: 1}, {in: 12, want: 3}, {in: 11, drop: true}, {in: 11, lost: true}, {in: 13, want: 4}},
		"nothing goes out twice":        {{begin: true, in: 10, want: 1}, {in: 10, lost: true}, {in: 11, want: 2}, {in: 11, lost: true}},
		"before the source began":       {{begin: true, in: 10, want: 1}, {in: 9, lost: true}, {in: 65535, lost: true}},
		"wraps":                         {{begin: true, in: 65535, want: 1}, {in: 0, drop: true}, {in: 1, want: 2}, {in: 65534, lost: true}},
		"another source goes on":        {{begin: true, in: 10, want: 1}, {in: 13, want: 4}, {begin: true, in: 20000, want: 5}, {in: 12, lost: true}, {in: 20001, want: 6}},
		"the same source, later":        {{begin: true, in: 10, want: 1}, {in: 12, want: 3}, {begin: true, in: 20, want: 4}, {in: 11, lost: true}, {in: 21, want: 5}},
		"a stretch that is kept back":   {{begin: true, in: 10, want: 1}, {in: 12, want: 3}, {begin: true, in: 9000, want: 4}, {in: 8999, lost: true}, {in: 11, lost: true}, {in: 9001, want: 5}},
		"a leap closes up":              {{begin: true, in: 10, want: 1}, {in: 2000, want: 2}, {in: 11, lost: true}, {in: 1999, lost: true}, {in: 2001, want: 3}},
		"the edge of the window":        {{begin: true, in: 0, want: 1}, {in: 512, want: 513}, {in: 1, want: 2}, {in: 513, want: 514}, {in: 2, want: 3}},
		"beyond the edge of the window": {{begin: true, in: 0, want: 1}, {in: 513, want: 2}, {in: 1, lost: true}},
	} {
		t.Run(name, func(t *testing.T) {
			r := &rewriter{}
			for i, s := range steps {
				if s.begin {
					r.begin(s.in)
				}
				if s.drop {
					r.drop(s.in)
					continue
				}
				if got, ok := r.next(s.in); ok == s.lost || ok && uint16(got) != s.want {
					t.Fatalf("step %d: %d %v, want %d", i, got, ok, s.want)
				}
			}
		})
	}
}

// FuzzRewrite holds the promise SRTP depends on: no output number is given
// twice, whatever is dropped, late, repeated or switched, and none strays so
// far from the newest, nor from what was given before, that SRTP could miscount
// the wraps.
func FuzzRewrite(f *testing.F) {
	f.Add(uint16(10), uint16(0), []byte{0, 1, 0, 1, 1, 1, 2, 3, 0, 1, 4, 200, 0, 1})
	f.Add(uint16(65530), uint16(65530), []byte{0, 1, 1, 1, 3, 2, 0, 1, 2, 1, 0, 9, 2, 5, 5, 5})
	f.Add(uint16(0), uint16(0x7fff), []byte{0, 255, 0, 255, 0, 255, 2, 255, 5, 2, 2, 1, 1, 1})
	f.Add(uint16(0), uint16(0), bytes.Repeat([]byte{1, 255}, 50))
	f.Fuzz(func(t *testing.T, first, out uint16, steps []byte) {
		type input struct {
			source int
			number int64
		}
		r := &rewriter{out: uint64(out)}
		given := map[uint64]input{}
		at := input{number: int64(first)}
		r.begin(first)
		for i := 0; i+1 < len(steps); i += 2 {
			if gone := r.out - uint64(out); gone > 2*uint64(len(given))+mostAside {
				t.Fatalf("%d numbers are gone, %d of them given", gone, len(given))
			}
			far, in := int64(steps[i+1]), at
			switch steps[i] % 8 {
			case 0: // on, with a loss
				at.number += far
				in = at
			case 1: // a drop on the way
				at.number += far
				r.drop(uint16(at.number))
				continue
			case 2: // late or again
				in.number -= far
			case 3: // late by much
				in.number -= far * 100
			case 4: // a leap
				at.number += far * 100
				in = at
			case 5: // another source
				at = input{source: at.source + 1, number: int64(first) * far}
				r.begin(uint16(at.number))
				in = at
			case 7: // the same source, after a stretch that was kept back
				at.number += 1 + far*100
				r.begin(uint16(at.number))
				in = at
			case 6: // a late drop
				r.drop(uint16(at.number - far))
				continue
			}
			before := r.out
			full, ok := r.next(uint16(in.number))
			if began := steps[i]%8 == 5 || steps[i]%8 == 7; began && (!ok || r.out != before+1) {
				t.Fatalf("%v, which begins, does not follow %d", in, before)
			}
			if !ok {
				continue
			}
			if prev, seen := given[full]; seen {
				t.Fatalf("%v and %v both became %d", prev, in, full)
			}
			given[full] = in
			if r.out-before > rewriteWindow || r.out-full > rewriteWindow {
				t.Fatalf("%d strays from %d", full, before)
			}
		}
	})
}

// A publisher that sends padding alone, each packet far ahead of the last, does
// not carry its viewers' numbers to where SRTP takes them for those of another
// round: whoever is shown there next would not be seen.
func TestGapsOfNothing(t *testing.T) {
	r := &rewriter{}
	r.begin(0)
	last, _ := r.next(0)
	for i := range uint16(1000) {
		r.drop((i + 1) * rewriteWindow)
	}
	if r.out-last > 1<<14 {
		t.Fatalf("%d numbers were given to nothing", r.out-last)
	}
	r.begin(7)
	if next, ok := r.next(7); !ok || next-last > 1<<14 {
		t.Fatalf("another source goes on with %d after %d", next, last)
	}
	// What is lost on the way may leave its gaps, half of all packets as well.
	for in := uint16(9); in < 60000; in += 2 {
		before := r.out
		if got, ok := r.next(in); !ok || got != before+2 {
			t.Fatalf("packet %d became %d after %d", in, got, before)
		}
	}
}

func TestClock(t *testing.T) {
	now := time.Second
	c := &clock{last: 5000}
	c.begin(100, videoClock, now)
	if got := c.next(100, now); got != 5000 {
		t.Fatalf("begins at %d", got)
	}
	if got := c.next(3100, now+time.Second/30); got != 8000 {
		t.Fatalf("goes on with %d", got)
	}
	if got := c.next(1600, now+time.Second/29); got != 6500 {
		t.Fatalf("late: %d", got)
	}
	// Two seconds of nothing, then another source.
	later := now + (time.Second/30 + 2*time.Second)
	c.begin(1<<32-1, videoClock, later)
	if got := c.next(1<<32-1, later); got != 8000+2*videoClock {
		t.Fatalf("after a gap: %d", got)
	}
	// And one at once: the frames differ all the same.
	c.begin(7, videoClock, later)
	if got := c.next(7, later); got != 8001+2*videoClock {
		t.Fatalf("at once: %d", got)
	}
	if got := c.read(videoClock, later+time.Second); got != 8001+3*videoClock {
		t.Fatalf("read a second later: %d", got)
	}
	// A clock that was set back moves nothing back.
	c.begin(9, videoClock, later+-time.Hour)
	if got := c.next(9, later); got != 8002+2*videoClock {
		t.Fatalf("clock set back: %d", got)
	}
}
