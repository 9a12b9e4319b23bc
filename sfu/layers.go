package sfu

import (
	"time"

	"paravent/sfu/packet"
)

// choice says which layers of a track a slot is to show. Steps are sizes of the
// picture, the smallest first: simulcast layers, and spatial layers above the
// lowest of a source.
type choice struct {
	paused   bool // none: the network does not carry it
	step     int
	temporal uint8 // packet.All: as many pictures as there are
	urgent   bool  // the network is overloaded: what is larger must not go on for long
}

// meter measures what a source sends of each of its layers. It belongs to the
// source's lane.
type meter struct {
	bytes [maxSteps][maxTemporals]int // since then, by spatial and temporal layer
	since time.Duration
	rates [maxSteps][maxTemporals]int // bits per second of each alone
	known bool                        // there are rates
}

// add counts a packet.
func (m *meter) add(f *packet.Frame, size int) {
	spatial, temporal := uint8(0), uint8(0)
	if f.Layered {
		spatial, temporal = min(f.Spatial, maxSteps-1), min(f.Temporal, maxTemporals-1)
	}
	m.bytes[spatial][temporal] += size + packetOverhead
}

// reset begins anew: what was sent before says nothing any more.
func (m *meter) reset(now time.Duration) { *m = meter{since: now} }

// read takes in what came since it was last read. Key frames come seldom and are
// large, so a part of what was known before stays.
func (m *meter) read(now time.Duration) {
	passed := now - m.since
	if passed < leastMeasure {
		return
	}
	for i := range m.bytes {
		for j, bytes := range m.bytes[i] {
			bits := int(int64(bytes) * 8 * int64(time.Second) / int64(passed))
			if before := m.rates[i][j]; m.known && before > 0 && bits > 0 {
				bits = (before + bits) / 2
			}
			m.rates[i][j], m.bytes[i][j] = bits, 0
		}
	}
	m.known, m.since = true, now
}

// ladder is how many bits per second each way to show a track takes, what it
// needs of lower layers included; 0: it is not sent.
type ladder [maxSteps][maxTemporals]int

// climb puts in what the meter has of a source that is the layer.
func (l *ladder) climb(m *meter, layer int, video bool) {
	if !m.known {
		l[layer][0] = presumed(layer, video)
		return
	}
	var below [maxTemporals]int
	for i := range min(maxSteps-layer, maxSteps) {
		sum := 0
		for j, bits := range m.rates[i] {
			below[j] += bits
			sum += below[j]
			if bits > 0 {
				l[layer+i][j] = sum
			}
		}
	}
}

// presumed is what a layer takes until it has been measured.
func presumed(layer int, video bool) int {
	if !video {
		return 50_000
	}
	return [maxLayers]int{150_000, 500_000, 1_500_000}[layer]
}

// top is the fastest temporal layer of a step; -1: the step is not sent.
func (l *ladder) top(step int) int {
	for j := maxTemporals - 1; j >= 0; j-- {
		if l[step][j] > 0 {
			return j
		}
	}
	return -1
}

// measure tells what is sent to those who share the network for the feed's
// viewers.
func (f *feed) measure(now time.Duration) {
	var l ladder
	for i, s := range f.layers {
		if s == nil {
			continue
		}
		if now-s.last > layerSilence {
			s.meter.reset(now)
			continue
		}
		s.meter.read(now)
		l.climb(&s.meter, i, f.video)
	}
	for i := range l {
		for j, bits := range l[i] {
			f.rates[i][j].Store(int32(min(bits, 1<<30)))
		}
	}
}

// ladder is what was measured last. Safe for concurrent use.
func (f *feed) ladder() (l ladder) {
	for i := range l {
		for j := range l[i] {
			l[i][j] = int(f.rates[i][j].Load())
		}
	}
	return l
}

// changed has everybody come to terms with another set of sources.
func (f *feed) changed() {
	f.measure(f.lane.Now())
	for _, w := range f.flows {
		w.slot.unsettled()
		w.aim()
	}
}

// pick is the source for a step: the largest that is not larger, or else the
// smallest; of those that send, if any does. Nil: there is none.
func (f *feed) pick(step int) (best *source) {
	now, alive := f.lane.Now(), false
	for _, s := range f.layers {
		if s == nil {
			continue
		}
		// A publisher may stop sending a layer without a word.
		sends := now-s.last <= layerSilence
		if best == nil || sends && (!alive || s.layer <= step) {
			best, alive = s, sends
		}
	}
	return best
}
