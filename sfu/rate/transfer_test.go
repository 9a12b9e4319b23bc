package rate

import (
	"testing"
	"time"
)

// Beside a transfer that fills every queue until it loses a packet, what is
// sent does not vanish.
func TestBesideATransfer(t *testing.T) {
	l := newLink(4_000_000, 25*time.Millisecond)
	l.limit = 75_000 // 150 ms
	f := newFlow(l, &greedy{10_000_000})
	log := trace(t, l, f)
	transfer := &flow{link: l}
	window, flying := 10.0, 0
	var rate mean
	for now := time.Duration(0); now < 90*sec; now += step {
		if now > 15*sec {
			for len(transfer.arriving) > 0 && transfer.arriving[0].arrives+l.delay <= now {
				transfer.arriving = transfer.arriving[1:]
				flying--
				window += 1 / window
			}
			for float64(flying) < window {
				before := len(l.queue)
				l.enter(packet{flow: transfer, size: 1200}, now)
				if len(l.queue) == before {
					window = max(window/2, 2)
					break
				}
				flying++
			}
		}
		run(l, now, now+step, log, f)
		if now > 30*sec && now%(100*step) == 0 {
			rate.add(float64(f.estimator.Rate()))
		}
	}
	t.Logf("rate %.0f, from %.0f to %.0f", rate.of(), rate.low, rate.high)
	if rate.of() < 300_000 {
		t.Errorf("rate %.0f, at least %.0f", rate.of(), rate.low)
	}
}
