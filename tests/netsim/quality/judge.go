package main

import (
	"cmp"
	"slices"
	"time"
)

func sorted[T cmp.Ordered](all []T) []T {
	slices.Sort(all)
	return all
}

// seen is all that a viewer has seen and heard.
type seen struct {
	frames []shown
	sound  []heard
	bytes  []arrived
	rates  []rated
	keys   int // asked for by the viewer
	sent   int // asked of the publisher
	nacks  int
	clash  int // see viewer.clashes
	told   []told
}

// window is a part of a run.
type window struct{ from, to time.Duration }

// freeze is the longest time in which no new frame was shown.
func (s *seen) freeze(in window) time.Duration {
	last, longest := in.from, time.Duration(0)
	for _, f := range s.frames {
		if f.at < in.from {
			continue
		}
		if f.at > in.to {
			break
		}
		longest = max(longest, f.at-last)
		last = f.at
	}
	return max(longest, in.to-last)
}

const (
	fine     = 400 * time.Millisecond // no longer between frames, nor behind the way, where all is well
	fineTime = 3 * time.Second        // for so long, for it to count
)

// settles is how long it takes from the beginning of a window until all is well
// for a while: frames follow each other, and are not held up. Way is what a
// packet needs at the least. It is the whole window if that does not come.
func (s *seen) settles(in window, way time.Duration) time.Duration {
	since := in.from
	last := in.from
	for _, f := range s.frames {
		if f.at < in.from || f.at > in.to {
			continue
		}
		if f.at-last > fine || f.late > way+fine {
			since = f.at
		}
		last = f.at
		if f.at-since >= fineTime {
			return since - in.from
		}
	}
	return in.to - in.from
}

// full is how long it takes until the largest layer is shown, and stays for a
// while.
func (s *seen) full(in window) time.Duration {
	since, last, on := in.from, in.from, false
	for _, f := range s.frames {
		if f.at < in.from || f.at > in.to {
			continue
		}
		if int(f.layer) < len(ladder)-1 || f.at-last > fine {
			on = false
		}
		if int(f.layer) == len(ladder)-1 && !on {
			since, on = f.at, true
		}
		last = f.at
		if on && f.at-since >= fineTime {
			return since - in.from
		}
	}
	return in.to - in.from
}

// share is how much of the frames that were shown are of a layer, 0 to 1.
func (s *seen) share(in window, layer uint8) float64 {
	n, of := 0, 0
	for _, f := range s.frames {
		if f.at >= in.from && f.at <= in.to {
			n++
			if f.layer == layer {
				of++
			}
		}
	}
	return float64(of) / float64(max(1, n))
}

// rate is how many frames a second were shown.
func (s *seen) rate(in window) float64 {
	n := 0
	for _, f := range s.frames {
		if f.at >= in.from && f.at <= in.to {
			n++
		}
	}
	return float64(n) / (in.to - in.from).Seconds()
}

// bits is how many bits per second arrived, of RTP.
func (s *seen) bits(in window) float64 {
	const bitsPerByte = 8
	n := 0
	for _, a := range s.bytes {
		if a.at >= in.from && a.at <= in.to {
			n += a.bytes
		}
	}
	return float64(n*bitsPerByte) / (in.to - in.from).Seconds()
}

// thought is the least that the server thought that the network carries.
func (s *seen) thought(in window) (bits int) {
	for _, r := range s.rates {
		if r.at >= in.from && r.at <= in.to && (bits == 0 || r.bits < bits) {
			bits = r.bits
		}
	}
	return bits
}

// late is the delay of frames that so many of a hundred do not exceed.
func (s *seen) late(in window, percent int) time.Duration {
	var all []time.Duration
	for _, f := range s.frames {
		if f.at >= in.from && f.at <= in.to {
			all = append(all, f.late)
		}
	}
	if len(all) == 0 {
		return in.to - in.from
	}
	return sorted(all)[len(all)*percent/100]
}

// loss is how much of the sound is lost by what the publisher is told, on average.
func (s *seen) loss(in window) (part float64) {
	n := 0
	for _, t := range s.told {
		if t.at >= in.from && t.at <= in.to {
			part += t.part
			n++
		}
	}
	return part / float64(max(n, 1))
}

// soundLate is how much later than the way takes sound may come to be heard.
const soundLate = 300 * time.Millisecond

// silence says how much of the sound did not come in time: of all packets, and of
// all but those that the next one can stand in for (in-band FEC, RFC 6716,
// section 2.1.7).
func (s *seen) silence(in window, way time.Duration) (lost, gaps float64) {
	came := map[uint32]bool{}
	first, last := ^uint32(0), uint32(0)
	for _, h := range s.sound {
		if h.sent < in.from || h.sent > in.to {
			continue
		}
		first, last = min(first, h.number), max(last, h.number)
		if h.at-h.sent <= way+soundLate {
			came[h.number] = true
		}
	}
	if first >= last {
		return 1, 1
	}
	n, m := 0, 0
	for k := first; k < last; k++ {
		if !came[k] {
			n++
			if !came[k+1] {
				m++
			}
		}
	}
	all := float64(last - first)
	return float64(n) / all, float64(m) / all
}
