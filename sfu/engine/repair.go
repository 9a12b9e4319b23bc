package engine

import (
	"slices"
	"time"
)

// patience is how long, and how often, lost packets of a stream are asked for.
type patience struct {
	age  time.Duration // from when it was missed: what comes later is of no use
	asks uint8
	trip time.Duration // longest round trip at which asking helps; 0: any
}

// Pictures wait for what is missing, and the publisher keeps about a second of
// them. Sound does not wait: what is not there when its turn comes was lost.
// Both are immutable.
const (
	videoAge, videoAsks            = time.Second, 10
	audioAge, audioAsks, audioTrip = 200 * time.Millisecond, 2, 80 * time.Millisecond
)

func patienceFor(video bool) patience {
	if video {
		return patience{age: videoAge, asks: videoAsks}
	}
	return patience{age: audioAge, asks: audioAsks, trip: audioTrip}
}

const (
	// maxGaps is how many packets of a stream can be missed at once: a quarter
	// of a second of 1000 a second. A larger hole is closed by a key frame.
	maxGaps = 256
	// Packets overtake each other: a missing one is asked for after so long, or
	// once so many have come after it.
	reorderTime    = 5 * time.Millisecond
	reorderPackets = 2
	// Spacing of requests for one packet: a round trip and some, within this.
	minAskSpacing = 20 * time.Millisecond
	maxAskSpacing = 300 * time.Millisecond
	unknownTrip   = 100 * time.Millisecond // until one was measured

	// What a publisher is asked for: as much as it may send.
	askRate  = publishPackets // packets a second
	askBurst = 0.125          // seconds of it at once
)

// gaps are the numbers that a stream has skipped, and what was done about
// them. It is not safe for concurrent use.
type gaps struct {
	patience
	list    []gap  // by number
	refused window // numbers that we refused ourselves
}

// gap is one missing packet.
type gap struct {
	number       uint64        // extended
	since, asked time.Duration // asked: when it was last asked for
	asks         uint8
}

// skip notes that the numbers from first up to, but not with, end did not come
// before what came at the moment at. Those that were refused are not missed.
func (g *gaps) skip(first, end uint64, at time.Duration) {
	if end-first > maxGaps {
		g.list = g.list[:0]
		return
	}
	for n := first; n < end; n++ {
		if !g.refused.has(n) {
			g.list = append(g.list, gap{number: n, since: at})
		}
	}
	if over := len(g.list) - maxGaps; over > 0 {
		g.list = slices.Delete(g.list, 0, over)
	}
}

// refuse notes that a number came, but more came than may. To ask for it again
// would have the publisher send even more, and what is refused next is another.
func (g *gaps) refuse(number uint64) {
	g.refused.take(number)
	g.list = slices.DeleteFunc(g.list, func(m gap) bool { return m.number == number })
}

// fill notes that a number came after all. If it had been asked for once, trip
// is how long the answer took; else trip is 0, for the answer could be to
// either request.
func (g *gaps) fill(number uint64, at time.Duration) (trip time.Duration) {
	for i := range g.list {
		if g.list[i].number != number {
			continue
		}
		if g.list[i].asks == 1 {
			trip = at - g.list[i].asked
		}
		g.list = slices.Delete(g.list, i, i+1)
		return trip
	}
	return 0
}

// ask appends to seqs what is to be asked for now, as far as its capacity goes,
// and gives up what is not worth it any more. Newest is the highest number that
// came, trip the round trip to the publisher (0: not known). Next is when to
// call again; 0: not before something is skipped.
func (g *gaps) ask(seqs []uint16, newest uint64, now, trip time.Duration) (due []uint16, next time.Duration) {
	if g.trip != 0 && trip > g.trip {
		g.clear()
	}
	if len(g.list) == 0 {
		return seqs, 0
	}
	spacing := askSpacing(trip)
	kept := g.list[:0]
	for _, m := range g.list {
		when := m.due(newest, spacing)
		if now-m.since > g.age || when <= now && m.asks >= g.asks {
			continue
		}
		if when <= now {
			when = now + spacing
			if len(seqs) < cap(seqs) {
				seqs = append(seqs, uint16(m.number))
				m.asks++
				m.asked = now
			}
		}
		if next == 0 || when < next {
			next = when
		}
		kept = append(kept, m)
	}
	g.list = kept
	return seqs, next
}

// due is when a packet is to be asked for.
func (m *gap) due(newest uint64, spacing time.Duration) time.Duration {
	switch {
	case m.asks > 0:
		return m.asked + spacing
	case newest-m.number > reorderPackets:
		return m.since
	}
	return m.since + reorderTime
}

func askSpacing(trip time.Duration) time.Duration {
	if trip == 0 {
		trip = unknownTrip
	}
	return min(max(trip+trip/4, minAskSpacing), maxAskSpacing)
}

// clear forgets everything.
func (g *gaps) clear() { g.list = g.list[:0] }

// ask asks for what is missing, as far as it is due, and sees to it that the
// rest is asked for in time.
func (in *inbound) ask(at time.Duration) {
	if in.over {
		return
	}
	alarm := time.Duration(0)
	for _, s := range in.streams {
		if len(s.gaps.list) == 0 {
			continue
		}
		most := min(int(in.asks.Left(at)), maxGaps)
		seqs, next := s.gaps.ask(in.seqs[:0:most], s.window.newest, at, in.trip)
		if next != 0 && (alarm == 0 || next < alarm) {
			alarm = next
		}
		in.asks.Take(float64(len(seqs)), at)
		for len(seqs) > 0 {
			in.report, seqs = appendNack(in.report[:0], in.ssrc, s.ssrc, seqs)
			in.link.control(in.report)
		}
	}
	if alarm != 0 && (in.alarm == 0 || alarm < in.alarm) {
		in.alarm = alarm
		in.home.At(alarm, in.wake)
	}
}

// refresh asks for a key frame of a stream.
func (in *inbound) refresh(s *stream) {
	if s.ended || in.over {
		return
	}
	in.report = appendPLI(in.report[:0], in.ssrc, s.ssrc)
	in.link.control(in.report)
}
