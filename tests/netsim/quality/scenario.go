package main

import (
	"context"
	"slices"
	"time"

	"paravent/tests/netsim"
)

// scenario is a bad network and what is to be found out in it. The network of
// all but one is that of the viewer.
type scenario struct {
	name     string
	up, down course
	uplink   course // from the publisher to the server; nil: a good one
	deaf     bool   // the viewer asks for no sound that is lost, like Firefox
	length   time.Duration
	figures  func(s *seen) []figure
}

type course = netsim.Course

// figure is something that was measured.
type figure struct {
	name  string
	value float64
}

const (
	near    = 20 * time.Millisecond // one way to the server
	ready   = 12 * time.Second      // until everybody has found their rate
	tripBig = 150 * time.Millisecond
)

func at(when time.Duration, l netsim.Link) netsim.Step { return netsim.Step{At: when, Link: l} }

// scenarios are all of them.
func scenarios() []scenario {
	good := netsim.Steady(netsim.Link{Delay: near})
	rate := func(bits int) netsim.Link { return netsim.Link{Rate: bits, Delay: near} }
	random := netsim.Link{Rate: 4e6, Delay: near, Loss: 0.05}
	deep := netsim.Link{Rate: 1e6, Delay: near, Queue: 125_000} // a second
	cut := netsim.Link{Rate: 3e6, Delay: near, Cut: true}
	const (
		drop    = ready
		restore = drop + 15*time.Second
	)
	return []scenario{
		{
			name: "step", up: good, down: netsim.Course{at(0, rate(2e6)), at(drop, rate(5e5)), at(restore, rate(2e6))},
			length: restore + 15*time.Second,
			figures: func(s *seen) []figure {
				low, back := window{drop, restore}, window{restore, restore + 15*time.Second}
				return []figure{
					{"start_full_s", s.full(window{0, drop}).Seconds()},
					{"freeze_ms_step", ms(s.freeze(low))},
					{"adapt_down_s", s.settles(low, near*2).Seconds()},
					{"fps_at_500k", s.rate(window{drop + 3*time.Second, restore})},
					{"kbit_at_500k", s.bits(window{drop + 3*time.Second, restore}) / 1e3},
					{"late_ms_p95_at_500k", ms(s.late(window{drop + 3*time.Second, restore}, 95))},
					{"recover_full_s", s.full(back).Seconds()},
					{"freeze_ms_recover", ms(s.freeze(back))},
				}
			},
		},
		{
			name: "loss5", up: netsim.Steady(netsim.Link{Delay: near, Loss: 0.05}), down: netsim.Steady(random), length: 30 * time.Second,
			figures: func(s *seen) []figure {
				in := window{5 * time.Second, 30 * time.Second}
				lost, gaps := s.silence(window{in.from, in.to - time.Second}, near*2)
				return []figure{
					{"audio_lost_percent_loss5", 100 * lost},
					{"audio_gap_percent_loss5", 100 * gaps},
					{"audio_told_percent_loss5", 100 * s.loss(in)},
					{"freeze_ms_loss5", ms(s.freeze(in))},
					{"fps_loss5", s.rate(in)},
					{"full_share_loss5", s.share(in, 2)},
				}
			},
		},
		{
			name: "deaf5", up: good, down: netsim.Steady(random), length: 40 * time.Second, deaf: true,
			figures: func(s *seen) []figure {
				in := window{10 * time.Second, 40 * time.Second}
				lost, gaps := s.silence(window{in.from, in.to - time.Second}, near*2)
				return []figure{
					{"audio_lost_percent_deaf5", 100 * lost},
					{"audio_gap_percent_deaf5", 100 * gaps},
					{"freeze_ms_deaf5", ms(s.freeze(in))},
					{"full_share_deaf5", s.share(in, 2)},
				}
			},
		},
		{
			name: "uploss5", up: good, down: good, uplink: netsim.Steady(netsim.Link{Delay: near, Loss: 0.05}), length: 20 * time.Second,
			figures: func(s *seen) []figure {
				in := window{5 * time.Second, 20 * time.Second}
				lost, gaps := s.silence(window{in.from, in.to - time.Second}, near*2)
				return []figure{
					{"audio_lost_percent_uploss5", 100 * lost},
					{"audio_gap_percent_uploss5", 100 * gaps},
					{"audio_told_percent_uploss5", 100 * s.loss(in)},
					{"freeze_ms_uploss5", ms(s.freeze(in))},
					{"fps_uploss5", s.rate(in)},
				}
			},
		},
		{
			name: "bloat", up: good, down: netsim.Course{at(0, rate(3e6)), at(ready, deep)}, length: ready + 18*time.Second,
			figures: func(s *seen) []figure {
				in, later := window{ready, ready + 18*time.Second}, window{ready + 4*time.Second, ready + 18*time.Second}
				return []figure{
					{"freeze_ms_bloat", ms(s.freeze(in))},
					{"settle_s_bloat", s.settles(in, near*2).Seconds()},
					{"late_ms_p95_bloat", ms(s.late(later, 95))},
					{"kbit_bloat", s.bits(later) / 1e3},
				}
			},
		},
		{
			name: "burst", up: good, down: netsim.Steady(netsim.Link{Rate: 4e6, Delay: near, Burst: netsim.Burst{Begin: 0.005, End: 0.1}}), length: 30 * time.Second,
			figures: func(s *seen) []figure {
				in := window{5 * time.Second, 30 * time.Second}
				return []figure{{"freeze_ms_burst", ms(s.freeze(in))}, {"fps_burst", s.rate(in)}, {"full_share_burst", s.share(in, 2)}}
			},
		},
		{
			name: "cut", up: netsim.Course{at(0, rate(0)), at(ready, cut), at(ready+3*time.Second, rate(0))},
			down:   netsim.Course{at(0, rate(3e6)), at(ready, cut), at(ready+3*time.Second, rate(3e6))},
			length: ready + 18*time.Second,
			figures: func(s *seen) []figure {
				back := window{ready + 3*time.Second, ready + 18*time.Second}
				return []figure{{"back_s_cut", s.settles(back, near*2).Seconds()}, {"recover_full_s_cut", s.full(back).Seconds()}}
			},
		},
		{
			name: "far", up: netsim.Steady(netsim.Link{Delay: tripBig}),
			down:   netsim.Steady(netsim.Link{Rate: 3e6, Delay: tripBig, Loss: 0.01}),
			length: 30 * time.Second,
			figures: func(s *seen) []figure {
				in := window{5 * time.Second, 30 * time.Second}
				return []figure{
					{"start_full_s_300ms", s.full(window{0, 30 * time.Second}).Seconds()},
					{"freeze_ms_300ms", ms(s.freeze(in))},
					{"fps_300ms", s.rate(in)},
					{"full_share_300ms", s.share(in, 2)},
				}
			},
		},
		{
			name: "jitter", up: good, down: netsim.Steady(netsim.Link{Rate: 3e6, Delay: near, Jitter: 40 * time.Millisecond}), length: 25 * time.Second,
			figures: func(s *seen) []figure {
				in := window{5 * time.Second, 25 * time.Second}
				return []figure{
					{"start_full_s_jitter", s.full(window{0, 25 * time.Second}).Seconds()},
					{"freeze_ms_jitter", ms(s.freeze(in))},
					{"full_share_jitter", s.share(in, 2)},
				}
			},
		},
	}
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// play lets a publisher and a viewer meet in a scenario, on a server with one of
// the transports. The scenario begins once both are connected.
func (s *scenario) play(ctx context.Context, kind string, seed uint64) (*seen, error) {
	h, err := open(kind)
	if err != nil {
		return nil, err
	}
	defer func() { _ = h.Close() }()
	c := clock{time.Now()}
	way, err := netsim.Open(h.address, seed, nil, nil)
	if err != nil {
		return nil, err
	}
	defer way.Close()
	first, err := netsim.Open(h.address, seed+100, s.uplink, nil)
	if err != nil {
		return nil, err
	}
	defer first.Close()
	const publisherID, viewerID = 1, 2
	p, err := publish(ctx, h, publisherID, first.Addr(), c, seed)
	if err != nil {
		return nil, err
	}
	defer p.close()
	way.Play(s.up, s.down) // for the start too: whoever joins does not know the network
	v, err := view(ctx, h, viewerID, way.Addr(), c, publisherID, s.deaf)
	if err != nil {
		return nil, err
	}
	defer v.close()
	began := c.now()
	way.Play(s.up, s.down)
	end := time.NewTimer(s.length)
	defer end.Stop()
	select {
	case <-end.C:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	r := v.report(began)
	r.sent, r.told = int(p.keys.Load()), p.reports(began)
	return r, nil
}

// reports are what the publisher was told, counted from a moment.
func (p *publisher) reports(from time.Duration) []told {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := slices.Clone(p.told)
	for i := range all {
		all[i].at -= from
	}
	return all
}

// report is what was seen, counted from a moment.
func (v *viewer) report(from time.Duration) *seen {
	v.mu.Lock()
	defer v.mu.Unlock()
	s := &seen{keys: v.keys, nacks: v.nacks, clash: v.clashes}
	for _, f := range v.decoder.all {
		f.at -= from
		s.frames = append(s.frames, f)
	}
	for _, h := range v.heard {
		h.at -= from
		h.sent -= from
		s.sound = append(s.sound, h)
	}
	for _, r := range v.rates {
		r.at -= from
		s.rates = append(s.rates, r)
	}
	for _, a := range v.bytes {
		a.at -= from
		s.bytes = append(s.bytes, a)
	}
	return s
}
