package rate

import "time"

// What we chose, after what browsers do in the same place.
const (
	backOff      = 0.85                   // of what arrives is sent when a queue fills
	growth       = 1.08                   // times each second as long as the end is not known
	slowGrowth   = 4000                   // bits per second and second near the end, at least
	aPacket      = 1200 * 8               // bits that are added near the end each time an answer can have come
	answer       = 100 * time.Millisecond // that feedback takes beside the way
	ahead        = 1.5                    // times what arrives is the most that is believed without proof
	aheadAlways  = 10_000                 // bits per second
	nearEnd      = 0.15                   // of the capacity: so near what arrives is at the end
	capacityPart = 0.3                    // of the capacity is new each time
	drainTime    = 3 * time.Second        // after a step down in which less is sent as long as there is a queue
	drainSlack   = 20 * time.Millisecond  // of queue for which nothing is given up
	drainScale   = 500 * time.Millisecond // of queue would silence us
	drainMost    = 0.35                   // but no more than this is given up
)

// control is the rate that delays allow.
type control struct {
	rate      float64       // bits per second
	capacity  float64       // of the network where it was full last; 0: not known
	moved     time.Duration // when rate was looked at
	decreased time.Duration // when it was lowered by a queue
	before    float64       // what it was before
	lowered   bool          // it was lowered at all
}

// seen is what a feedback packet led to.
type seen struct {
	usage  usage
	sent   time.Duration // when the newest packet that arrived was sent
	queue  time.Duration // how long packets wait on the way
	acked  float64       // bits per second that arrive; 0: not known
	recent float64       // the same, lately
	trip   time.Duration // round trip
}

func (c *control) update(s *seen, now time.Duration) {
	passed := min(max(now-c.moved, 0), time.Second).Seconds()
	c.moved = now
	switch {
	case s.usage == filling && s.queue > queueNone:
		c.decrease(s, now)
	case s.usage == fitting && s.acked > 0:
		c.increase(s, passed)
	}
}

// decrease goes below what arrives, which is what the network carries as long
// as there is a queue. Once it has, what was sent before shows nothing new,
// unless much less arrives than was thought.
func (c *control) decrease(s *seen, now time.Duration) {
	arrives := s.recent
	if arrives == 0 {
		arrives = s.acked
	}
	if arrives == 0 {
		arrives = c.rate
	}
	rate := backOff * arrives
	if rate >= c.rate || c.lowered && s.sent < c.decreased && rate > backOff*c.rate {
		return
	}
	if c.capacity == 0 {
		c.capacity = arrives
	}
	c.capacity += capacityPart * (arrives - c.capacity)
	if arrives < (1-nearEnd)*c.capacity {
		c.capacity = arrives
	}
	if !c.lowered || now-c.decreased > drainTime {
		c.before = c.rate
	}
	c.rate, c.decreased, c.lowered = rate, now, true
}

// increase goes upwards: slowly near the end, else faster, but not far above
// what arrives. If far more arrives without a queue than is thought to be
// carried, for some is sent whatever the rate, that was wrong.
func (c *control) increase(s *seen, passed float64) {
	if s.queue <= queueNone && s.acked > ahead*c.rate {
		c.rate = backOff * s.acked
	}
	most := max(ahead*s.acked+aheadAlways, c.rate)
	if s.acked > (1+nearEnd)*c.capacity {
		c.capacity = 0
	}
	if c.capacity != 0 && s.acked > (1-2*nearEnd)*c.capacity {
		c.rate += max(slowGrowth, aPacket/(s.trip+answer).Seconds()) * passed
	} else {
		c.rate += (growth - 1) * passed * c.rate
	}
	c.rate = min(c.rate, most)
}

// proven raises the rate to what a probe saw.
func (c *control) proven(rate float64) {
	if rate > c.rate {
		c.rate = rate
	}
	if rate > (1+nearEnd)*c.capacity {
		c.capacity = 0
	}
}

// drain is the part of the rate that is made use of: less of it for a while
// after a step down, so that the queue which led to it goes away soon.
func (c *control) drain(queue, now time.Duration) float64 {
	if !c.lowered || now-c.decreased > drainTime || queue <= drainSlack {
		return 1
	}
	return max(1-float64(queue-drainSlack)/float64(drainScale), drainMost)
}
