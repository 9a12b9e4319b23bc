package rate

import (
	"math"
	"time"
)

// What we chose, after what browsers do in the same place.
const (
	lossSpan    = 250 * time.Millisecond // of sending that is looked at as one, if it has
	lossPackets = 20                     // so many packets
	lossSparse  = time.Second            // and if it has fewer
	lossWindow  = 20                     // spans that are looked at
	lossFade    = 0.9                    // weight of a span compared with the next
	lossOutage  = 0.9                    // of the packets lost are an outage, of which nothing is learned
	lossHigh    = 0.3                    // of them lost
	lossChanged = 2                      // spans one after the other are another network than before
	lossLittle  = 0.03                   // of them lost in no span is chance
	chanceLeast = 0.001                  // of the packets are lost at any rate, at least
	chanceMost  = 0.1                    // and at most,
	chanceFew   = 15_000                 // and this divided by the rate: little is not worth giving up
	lossStep    = 1.08                   // upwards in a span
	lossBack    = 0.95                   // downwards in a span, or to what arrives
	preferMore  = 0.001                  // how much more likely twice and a half the rate is, for each packet
)

// loss tells loss that comes whatever is sent from loss that comes of sending
// too much: it looks for the chance and the rate that together make likely
// what was lost at the different rates of the last seconds. The zero value is
// ready.
type loss struct {
	bound  float64 // bits per second; 0: there is none
	chance float64 // that a packet is lost at any rate

	spans [lossWindow]span
	count int // spans there are
	next  int // place of the next one
	high  int // spans with much loss one after the other

	at          span // the span at hand
	bytes       int
	first, last time.Duration
}

// span is what became of what was sent in some time.
type span struct {
	lost, all float64 // packets
	rate      float64 // bits per second that were sent
}

// add counts a packet the first time that its fate is told.
func (l *loss) add(sent time.Duration, size int, lost bool) {
	if l.at.all == 0 {
		l.first, l.last = sent, sent
	}
	l.first, l.last = min(l.first, sent), max(l.last, sent)
	l.at.all++
	l.bytes += size
	if lost {
		l.at.lost++
	}
}

// found takes back that a packet was lost.
func (l *loss) found() {
	l.at.lost = max(l.at.lost-1, 0)
}

// update looks at what was added. Allowed is the rate without regard to loss,
// arrives what arrives; 0: not known.
func (l *loss) update(allowed, arrives float64) {
	passed := l.last - l.first
	if passed < lossSpan || l.at.all < lossPackets && passed < lossSparse {
		return
	}
	s := l.at
	s.rate = float64(l.bytes) * 8 / passed.Seconds()
	l.at, l.bytes = span{}, 0
	if s.lost > lossOutage*s.all {
		return
	}
	l.remember(s)
	if l.bound == 0 && l.worst() <= lossLittle {
		return
	}
	l.fit(allowed, arrives)
}

func (l *loss) remember(s span) {
	if s.lost > lossHigh*s.all {
		l.high++
	} else {
		l.high = 0
	}
	if l.high == lossChanged {
		l.count = 1 // only the one before
	}
	l.spans[l.next] = s
	l.next = (l.next + 1) % lossWindow
	l.count = min(l.count+1, lossWindow)
}

// weighted calls f with the spans from the newest on, and what they weigh.
func (l *loss) weighted(f func(s *span, weight float64)) {
	weight, at := 1.0, l.next
	for range l.count {
		at = (at + lossWindow - 1) % lossWindow
		f(&l.spans[at], weight)
		weight *= lossFade
	}
}

// worst is the part lost in the worst span.
func (l *loss) worst() float64 {
	var worst float64
	for i := range l.count {
		worst = max(worst, l.spans[i].lost/l.spans[i].all)
	}
	return worst
}

// fit chooses the bound that makes what was lost the most likely.
func (l *loss) fit(allowed, arrives float64) {
	now := l.bound
	if now == 0 {
		now = allowed
	}
	most := min(chanceMost+chanceFew/now, 0.5)
	best, chance, likely := 0.0, 0.0, math.Inf(-1)
	for _, bound := range [...]float64{allowed, lossStep * now, now, lossBack * now, lossBack * arrives} {
		if bound <= 0 || bound > max(allowed, now) {
			continue
		}
		c := l.likeliest(bound, most)
		if is := l.likelihood(bound, c); is > likely {
			best, chance, likely = bound, c, is
		}
	}
	l.bound, l.chance = best, chance
	if l.bound >= allowed {
		l.bound = 0
	}
}

// under is what became of the spans in which no more was sent than a bound
// lets through: one sum does for all of them.
func (l *loss) under(bound float64) (sum span) {
	l.weighted(func(s *span, weight float64) {
		if s.rate <= bound {
			sum.lost += weight * s.lost
			sum.all += weight * s.all
		}
	})
	return sum
}

// likeliest is the chance up to most that fits best to a bound: two steps of
// Newton's method from the one before.
func (l *loss) likeliest(bound, most float64) float64 {
	chance := min(max(l.chance, chanceLeast), most)
	under := l.under(bound)
	for range 2 {
		var first, second float64
		add := func(lost, all, through float64) {
			p := lossChance(chance, through)
			first += through * (lost/p - (all-lost)/(1-p))
			second -= through * through * (lost/(p*p) + (all-lost)/((1-p)*(1-p)))
		}
		add(under.lost, under.all, 1)
		l.weighted(func(s *span, weight float64) {
			if s.rate > bound {
				add(weight*s.lost, weight*s.all, bound/s.rate)
			}
		})
		if second == 0 {
			break
		}
		chance = min(max(chance-first/second, chanceLeast), most)
	}
	return chance
}

// likelihood is the logarithm of it, and a little more for more.
func (l *loss) likelihood(bound, chance float64) float64 {
	var sum, all float64
	add := func(lost, of, through float64) {
		p := lossChance(chance, through)
		sum += lost*math.Log(p) + (of-lost)*math.Log(1-p)
		all += of
	}
	under := l.under(bound)
	add(under.lost, under.all, 1)
	l.weighted(func(s *span, weight float64) {
		if s.rate > bound {
			add(weight*s.lost, weight*s.all, bound/s.rate)
		}
	})
	return sum + all*preferMore*math.Log(bound)
}

// lossChance is how likely a packet is lost, by chance or because only a part
// is let through.
func lossChance(chance, through float64) float64 {
	return min(max(1-(1-chance)*through, 1e-6), 1-1e-6)
}

// proven lifts the bound to what a probe saw.
func (l *loss) proven(rate float64) {
	if l.bound != 0 && rate > l.bound {
		l.bound = rate
	}
}
