package rate

import "time"

// What we chose, after what browsers do in the same place.
const (
	probeStart   = 3                       // times the rate at the beginning
	probeStep    = 2                       // times the rate later
	probeBack    = 0.85                    // of the rate before it was lowered,
	probeLeap    = 3                       // but at most so many times the rate
	probeBeyond  = 1.3                     // times what is wanted is the most that is probed for
	probeEnough  = 1.2                     // times what is wanted needs no probe
	probeTime    = 30 * time.Millisecond   // that a probe lasts, or longer until it has
	probeBytes   = 2400                    // so many bytes
	probeJitter  = 8                       // times the jitter it lasts as well,
	probeLong    = 100 * time.Millisecond  // but that at most so long
	probeChunk   = 5 * time.Millisecond    // between the parts of a probe
	probePackets = 5                       // that must have arrived to learn from it
	probePart    = 0.5                     // of the bytes too
	probeFull    = 0.9                     // of the rate that was sent arrived: less shows the end
	probeBelow   = 0.97                    // of the end is taken
	probeHelps   = 1.02                    // times the rate before
	probeAnswer  = 300 * time.Millisecond  // that an answer may take beside the way
	probePause   = 500 * time.Millisecond  // after one that did not help, twice as long each time
	probeRest    = 5 * time.Second         // but at most this
	probeDoubt   = 2 * time.Second         // and at least this after one that seemed to help but did not
	probeSettle  = 1500 * time.Millisecond // after a step down
	probePoll    = 50 * time.Millisecond   // how often it is asked whether a probe is due
	probeQueue   = 20 * time.Millisecond   // of packets that wait forbid it
)

// probe sends more than is needed for a moment, to see whether it arrives as
// fast. The zero value is ready.
type probe struct {
	running bool // it is being sent
	waiting bool // it was sent, and its answer has not come
	begun   bool // there was one before

	target     float64 // bits per second
	start, end time.Duration
	length     time.Duration
	before     uint64 // bytes sent in all when it began

	next  time.Duration // no other one before
	pause time.Duration
	seen  cluster
}

// cluster gathers the packets of a probe. Lines are drawn through the moments
// of sending and of arrival over the bytes that arrived before: one packet
// that is early or late counts for little.
type cluster struct {
	packets                 float64
	bytes                   float64
	sent, arrived           time.Duration // of the first one
	x, xx, ys, xys, ya, xya float64       // sums: x is bytes, ys and ya are seconds
}

func (c *cluster) add(sent, arrived time.Duration, size int) {
	if c.packets == 0 {
		c.sent, c.arrived = sent, arrived
	}
	x, ys, ya := c.bytes, (sent - c.sent).Seconds(), (arrived - c.arrived).Seconds()
	c.packets++
	c.bytes += float64(size)
	c.x += x
	c.xx += x * x
	c.ys += ys
	c.xys += x * ys
	c.ya += ya
	c.xya += x * ya
}

// rates are those of sending and of arrival, in bits per second. They are 0
// where no line can be drawn, and without end is most.
func (c *cluster) rates(most float64) (sent, arrived float64) {
	spread := c.packets*c.xx - c.x*c.x
	if spread <= 0 {
		return 0, 0
	}
	per := func(y, xy float64) float64 {
		seconds := (c.packets*xy - c.x*y) / spread // each byte
		if seconds*most <= 8 {
			return most
		}
		return 8 / seconds
	}
	return per(c.ys, c.xys), per(c.ya, c.xya)
}

// begin begins a probe on a network where packets come unevenly by so many ms.
func (p *probe) begin(target, jitter float64, total uint64, now time.Duration) {
	length := min(max(probeTime, time.Duration(probeJitter*jitter*float64(time.Millisecond))), probeLong)
	length = max(length, time.Duration(probeBytes*8/target*float64(time.Second)))
	*p = probe{
		running: true, begun: true, target: target, start: now, end: now + length, length: length,
		before: total, next: p.next, pause: p.pause,
	}
}

// chunk says how much is missing at now for the probe to have its rate, total
// being what was sent in all. It is false once the probe is over.
func (p *probe) chunk(total uint64, now time.Duration) (bytes int, ok bool) {
	passed := now - p.start + probeChunk
	if now >= p.start+p.length {
		p.running, p.waiting, p.end = false, true, now
		return 0, false
	}
	due := p.target/8*min(passed, p.length).Seconds() - float64(total-p.before)
	return max(int(due), 0), true
}

// add takes a packet that arrived, if it is one of the probe; its moment was
// cut to a stamp.
func (p *probe) add(sent, arrived time.Duration, size int) {
	if (p.running || p.waiting) && sent > p.start-1<<stampUnit && (p.running || sent < p.end) {
		p.seen.add(sent, arrived, size)
	}
}

// answer is what a probe showed, once everything of it was told of: newest is
// when the newest packet that arrived was sent. Full says that the network
// carries no more than that. Rate is 0 if nothing was learned.
func (p *probe) answer(newest, trip, now time.Duration) (rate float64, full, ok bool) {
	if !p.waiting || newest < p.end && now < p.end+trip+probeAnswer {
		return 0, false, false
	}
	p.waiting = false
	if p.seen.packets < probePackets || p.seen.bytes < probePart*p.target/8*p.length.Seconds() {
		return 0, false, true
	}
	sent, arrived := p.seen.rates(probeEnough * p.target)
	if arrived < probeFull*sent {
		return probeBelow * arrived, true, true
	}
	return min(sent, arrived), false, true
}

// rest puts the next probe off: at once if this one helped, else longer each
// time.
func (p *probe) rest(helped bool, now time.Duration) {
	if helped {
		p.pause, p.next = 0, now
		return
	}
	p.pause = min(max(2*p.pause, probePause), probeRest)
	p.next = now + p.pause
}
