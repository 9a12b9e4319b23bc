package main

import (
	"fmt"
	"time"

	"paravent/loadtest/crowd"
	"paravent/loadtest/subject"
	"paravent/tests/floor"
)

const (
	turn       = 1500 * time.Millisecond // of what is measured, each time
	floorTurn  = 250 * time.Millisecond  // of CPU time of a floor
	payload    = 1200                    // bytes
	audience   = 50                      // subscribers
	oneInEvery = 64                      // packets that a subscriber reads and reports by
)

// frames is the load of most figures: 1000 packets a second, eight at a time.
func frames() pace { return pace{burst: 8, second: 1000, size: payload} }

// row is what the rounds of one thing found.
type row struct {
	cost, inbound                       []float64 // ns a forward, and a packet that came
	p50, p99                            []float64 // ms
	allocations, switches, sends, bytes []float64 // a forward
	all                                 []taken
}

func (r *row) add(t taken) {
	n := float64(max(t.forwards, 1))
	r.cost = append(r.cost, t.perForward())
	r.inbound = append(r.inbound, t.perInbound())
	r.p50 = append(r.p50, crowd.Quantile(t.delays, 500).Seconds()*1e3)
	r.p99 = append(r.p99, crowd.Quantile(t.delays, 990).Seconds()*1e3)
	r.allocations = append(r.allocations, float64(t.used.Mallocs)/n)
	r.bytes = append(r.bytes, float64(t.used.Bytes)/n)
	r.switches = append(r.switches, float64(t.used.Switches)/n)
	r.sends = append(r.sends, float64(t.used.Counts.Sends)/n)
	r.all = append(r.all, t)
}

// String says of a round what was lost, and what did not open.
func (t taken) String() string {
	return fmt.Sprintf("%d sent, %d in, %d out, of %d heard by the one who reads all; %d broken, %d unsent",
		t.sent, t.inbound, t.forwards, t.heard, t.broken, t.used.Counts.Unsent)
}

// forward compares the engine with the floors and with pion.
func (b *bench) forward() error {
	trains, err := floor.New(floor.Trains())
	if err != nil {
		return err
	}
	defer trains.Close()
	singles, err := floor.New(floor.Singles())
	if err != nil {
		return err
	}
	defer singles.Close()
	ours, err := stage(subject.Options{Transport: "engine", Lanes: 1}, audience, oneInEvery)
	if err != nil {
		return err
	}
	defer ours.Close()
	pion, err := stage(subject.Options{Transport: "pion"}, audience, oneInEvery)
	if err != nil {
		return err
	}
	defer pion.Close()
	for _, s := range []*scene{ours, pion} {
		if err := s.await(frames(), b.begun, audience); err != nil {
			return err
		}
		// Until the network is known to carry it all.
		send(s.people, frames(), b.begun, 3*time.Second)
	}
	var e8, e1, p8 row
	var t, one []float64
	single := pace{burst: 1, second: 1000, size: payload}
	b.printf("\n%d subscribers, %d bytes, ns of CPU time a forward: rounds\n", audience, payload)
	for n := range b.rounds {
		if err := b.floors(trains, singles, &t, &one); err != nil {
			return err
		}
		if err := b.turn(ours, frames(), &e8, fmt.Sprint("burst8-", n)); err != nil {
			return err
		}
		if err := b.turn(pion, frames(), &p8, ""); err != nil {
			return err
		}
		if err := b.turn(ours, single, &e1, fmt.Sprint("burst1-", n)); err != nil {
			return err
		}
		b.printf("  floor %.0f, of singles %.0f; engine %.0f (burst 8), %.0f (burst 1); pion %.0f; p50 %.2f / %.2f ms, p99 %.2f / %.2f ms\n",
			t[n], one[n], e8.cost[n], e1.cost[n], p8.cost[n], e8.p50[n], p8.p50[n], e8.p99[n], p8.p99[n])
		b.printf("    engine: %s\n    pion: %s\n", e8.all[n], p8.all[n])
	}
	b.compare(&e8, &e1, &p8, median(t), median(one))
	return nil
}

func (b *bench) floors(trains, singles *floor.Loop, t, one *[]float64) error {
	for _, f := range []struct {
		loop *floor.Loop
		to   *[]float64
	}{{trains, t}, {singles, one}} {
		c, err := f.loop.Run(floorTurn)
		if err != nil {
			return err
		}
		*f.to = append(*f.to, c.PerForward())
	}
	return nil
}

// turn measures once.
func (b *bench) turn(s *scene, p pace, to *row, name string) error {
	if name != "" && b.profile != "" {
		if err := s.Server.Profile(b.profile + name); err != nil {
			return err
		}
		defer func() { _ = s.Server.Profile("") }()
	}
	t, err := s.measure(p, b.begun, turn)
	if err == nil {
		to.add(t)
	}
	return err
}

func (b *bench) compare(e8, e1, p8 *row, trains, singles float64) {
	b.figure("floor_trains_ns", "%.0f", trains)
	b.figure("floor_singles_ns", "%.0f", singles)
	b.figure("forward_ns", "%.0f", median(e8.cost))
	b.figure("forward_burst1_ns", "%.0f", median(e1.cost))
	b.figure("forward_pion_ns", "%.0f", median(p8.cost))
	b.figure("forward_over_floor", "%.2f", median(e8.cost)/trains)
	b.figure("forward_burst1_over_floor", "%.2f", median(e1.cost)/singles)
	b.figure("forward_over_pion", "%.3f", median(e8.cost)/median(p8.cost))
	b.figure("latency_p50_ms", "%.2f", median(e8.p50))
	b.figure("latency_p99_ms", "%.2f", median(e8.p99))
	b.figure("latency_p50_over_pion", "%.3f", median(e8.p50)/median(p8.p50))
	b.figure("latency_p99_over_pion", "%.3f", median(e8.p99)/median(p8.p99))
	b.figure("allocs_per_forward", "%.4f", median(e8.allocations))
	b.figure("bytes_per_forward", "%.2f", median(e8.bytes))
	b.figure("switches_per_forward", "%.4f", median(e8.switches))
	b.figure("sends_per_forward", "%.4f", median(e8.sends))
	b.figure("switches_per_forward_pion", "%.4f", median(p8.switches))
	b.figure("allocs_per_forward_pion", "%.4f", median(p8.allocations))
}

// inbound compares what a packet costs that nobody receives.
func (b *bench) inbound() error {
	const publishers = 8 // each sends what one may
	ours, err := crew(subject.Options{Transport: "engine", Lanes: 1}, publishers)
	if err != nil {
		return err
	}
	defer ours.Close()
	pion, err := crew(subject.Options{Transport: "pion"}, publishers)
	if err != nil {
		return err
	}
	defer pion.Close()
	p := frames()
	var e, q row
	b.printf("\ninbound, %d publishers, %d packets a second, ns of CPU time a packet\n", publishers, publishers*p.second)
	for n := range b.rounds {
		for _, one := range []struct {
			s  *scene
			to *row
		}{{ours, &e}, {pion, &q}} {
			name := ""
			if one.s == ours {
				name = fmt.Sprint("inbound-", n)
			}
			if err := b.turn(one.s, p, one.to, name); err != nil {
				return err
			}
		}
		b.printf("  engine %.0f, pion %.0f\n", e.inbound[n], q.inbound[n])
		b.printf("    engine: %s\n    pion: %s\n", e.all[n], q.all[n])
	}
	b.figure("inbound_ns", "%.0f", median(e.inbound))
	b.figure("inbound_pion_ns", "%.0f", median(q.inbound))
	b.figure("inbound_over_pion", "%.3f", median(e.inbound)/median(q.inbound))
	return nil
}
