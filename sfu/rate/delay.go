package rate

import (
	"math"
	"time"
)

// What we chose, after what browsers do in the same place.
const (
	groupSpan   = 5 * time.Millisecond // packets sent within are looked at as one
	trendSmooth = 0.9                  // of a delay the part that is old
	trendGain   = 4                    // of the slope, and
	trendCount  = 60                   // times the groups until then, at most this many
	overTime    = 10                   // ms that a trend must last
	lowTrend    = 6                    // bounds of the threshold, in ms
	highTrend   = 600                  //
	firstTrend  = 12.5                 // threshold at the beginning
	wildTrend   = 15                   // so far above the threshold nothing is learned of it
	trendUp     = 0.0087               // the threshold follows so fast upwards
	trendDown   = 0.039                // and downwards, each ms
	clockJump   = 3 * time.Second      // no network delays so unevenly: a clock was set
	baseSpan    = 15 * time.Second     // the shortest delay is that of the last one to two of these
	queueGroups = 5                    // groups of which the one that waited least shows the queue
	queueNone   = 5 * time.Millisecond // less than this is no queue
	jitterOf    = 32                   // groups that jitter is averaged over
	ownMost     = 0.2                  // seconds of queue that may be our own doing,
	ownFade     = 2                    // seconds until most of it is no longer believed to be
	ownDoubt    = 0.4                  // of the longest such queue lately may come on top: the rate may be a little wrong
	ownPast     = 1                    // seconds until most of it is forgotten
	ownRoom     = 1.05                 // times the rate being what the network may carry: who always sends more than the rate is to notice
	ownLeast    = 600_000              // bits per second that the network may carry for that: at low rates each packet would seem to fill it
)

// usage is what the delays say of the network.
type usage uint8

const (
	fitting  usage = iota
	emptying       // a queue is getting shorter
	filling        // a queue is getting longer
)

// delay watches how long packets travel. It looks at the first packet of each
// group, and only at the delay that cannot be our own doing: what is sent
// faster than the rate for a moment, as a key frame is, waits even where the
// network carries the rate. The zero value is ready.
type delay struct {
	usage usage

	own       float64       // seconds that a packet would wait if the network carried the rate and no more
	ownAt     time.Duration // when the newest packet was sent
	ownBefore float64       // what own was before it
	doubt     float64       // how much longer it may have to wait after all

	sent, arrived time.Duration // first packet of the group at hand
	begun         bool
	skip          time.Duration // what was sent until then shows no trend: it is a probe

	trends    line    // what is delayed, over time, in ms
	waited    float64 // ms that a packet waited last, beyond our own doing
	smooth    float64 // the same, smoothed
	jitter    float64 // ms by which it differs from one group to the next, on average
	started   time.Duration
	threshold float64       // ms
	learned   time.Duration // when the threshold was moved
	over      float64       // ms that the trend has been above it
	overs     int           // groups
	trend     float64       // ms, the last

	base, older time.Duration // shortest way of this span and the one before, by two clocks
	baseAt      time.Duration // when this span began
	recent      [queueGroups]time.Duration
	ways        int
}

// load takes a packet that was sent, whether it arrived or not, in the order
// of numbers, and before add. Each is how many seconds the rate gives a byte.
func (d *delay) load(sent time.Duration, size int, each float64) {
	if sent > d.ownAt {
		passed := float64(sent-d.ownAt) * 1e-9
		d.ownAt = sent
		d.own -= passed
		if d.own < 0 || passed > ownPast {
			d.own = 0
		}
		d.own -= d.own * passed / ownFade
		d.doubt -= d.doubt * min(passed/ownPast, 1)
	}
	d.ownBefore = d.own
	d.own += float64(size) * each
	if d.own > ownMost {
		d.own = ownMost
	}
	if doubt := ownDoubt * d.own; doubt > d.doubt {
		d.doubt = doubt
	}
}

// add takes a packet that arrived.
func (d *delay) add(sent, arrived time.Duration) {
	if d.begun && (sent < d.sent || sent-d.sent <= groupSpan) {
		return // of the group at hand, or from a lane that is a little behind
	}
	passed, moved := arrived-d.arrived, sent-d.sent
	first := !d.begun || passed-moved > clockJump || moved-passed > clockJump
	if first {
		*d = delay{
			begun: true, skip: d.skip, threshold: firstTrend, started: arrived, learned: arrived,
			baseAt: arrived, base: arrived - sent, older: arrived - sent,
			own: d.own, ownAt: d.ownAt, ownBefore: d.ownBefore, doubt: d.doubt,
		}
	} else if passed < 0 {
		return // overtaken
	}
	follows := !first && d.sent >= d.skip && sent >= d.skip
	d.sent, d.arrived = sent, arrived
	d.wait(arrived - sent)
	waited := max(ms(arrived-sent-min(d.base, d.older))-1000*(d.ownBefore+d.doubt), 0)
	d.jitter += (math.Abs(waited-d.waited) - d.jitter) / jitterOf
	d.waited = waited
	if follows {
		d.draw(ms(moved))
	}
}

// wait notes how long a packet was on its way, by two clocks.
func (d *delay) wait(way time.Duration) {
	if d.arrived-d.baseAt > baseSpan {
		d.baseAt, d.older, d.base = d.arrived, d.base, way
	}
	d.base = min(d.base, way)
	d.recent[d.ways%queueGroups] = way
	d.ways++
}

// queue is how long packets wait on the way, longer than the shortest lately.
func (d *delay) queue() time.Duration {
	n := min(d.ways, queueGroups)
	if n == 0 {
		return 0
	}
	way := d.recent[0]
	for _, w := range d.recent[1:n] {
		way = min(way, w)
	}
	return way - min(d.base, d.older)
}

// draw draws the trend through one group more, that was sent so long after the
// one before.
func (d *delay) draw(moved float64) {
	d.smooth = trendSmooth*d.smooth + (1-trendSmooth)*d.waited
	d.trends.add(point{ms(d.arrived - d.started), d.smooth})
	slope, ok := d.trends.slope()
	if !ok {
		return
	}
	trend := float64(min(d.trends.count, trendCount)) * slope * trendGain
	switch {
	case trend > d.threshold:
		d.over += moved
		d.overs++
		if d.over > overTime && d.overs > 1 && trend >= d.trend {
			d.over, d.overs = 0, 0
			d.usage = filling
		}
	case trend < -d.threshold:
		d.over, d.overs = 0, 0
		d.usage = emptying
	default:
		d.over, d.overs = 0, 0
		d.usage = fitting
	}
	d.trend = trend
	d.learn(max(trend, -trend))
}

// learn moves the threshold towards the trend: delays that always vary, or
// others who fill the same queue, must not starve us.
func (d *delay) learn(trend float64) {
	passed := min(ms(d.arrived-d.learned), 100)
	d.learned = d.arrived
	if trend > d.threshold+wildTrend {
		return
	}
	speed := trendUp
	if trend < d.threshold {
		speed = trendDown
	}
	d.threshold = min(max(d.threshold+speed*(trend-d.threshold)*passed, lowTrend), highTrend)
}

func ms(d time.Duration) float64 { return float64(d) * 1e-6 }
