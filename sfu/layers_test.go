package sfu

import (
	"testing"
	"time"

	"paravent/sfu/transport"
)

// simulcast is a track with layers, and a slot that shows it.
type simulcast struct {
	t      *testing.T
	lane   *fakeLane
	feed   *feed
	layers [maxLayers]*source
	asked  [maxLayers]int
	slot   *slot
	out    *fakeViewer
	seq    [maxLayers]uint16
}

func newSimulcast(t *testing.T) *simulcast {
	t.Helper()
	c := &simulcast{t: t, lane: &fakeLane{now: time.Second}}
	tr := &track{publisher: 1, mid: "0"}
	c.feed = &feed{track: tr, video: true, lane: c.lane}
	tr.feedBy(c.feed)
	c.slot, c.out = newTestSlot(true)
	watch(c.slot, tr)
	return c
}

func (c *simulcast) begin(layer int) {
	c.layers[layer] = newSource(c.feed, transport.StreamInfo{
		Layer: layer, Lane: c.lane, KeyFrame: func() { c.asked[layer]++ },
	})
	c.feed.start(c.layers[layer])
}

// frame sends a frame of a layer. It reports whether it came through.
func (c *simulcast) frame(layer int, key bool) bool {
	c.t.Helper()
	c.lane.pass(33 * time.Millisecond)
	c.seq[layer]++
	before := len(c.out.packets)
	push(c.layers[layer], raw(transport.VP8, c.seq[layer]+uint16(1000*layer), uint32(c.lane.now/time.Millisecond)*90,
		synthetic(transport.VP8, key, true, c.seq[layer], byte(layer))))
	if len(c.out.packets) == before {
		return false
	}
	p := c.out.packets[before]
	if before > 0 && p.Index != c.out.packets[before-1].Index+1 {
		c.t.Fatalf("%d follows %d", p.Index, c.out.packets[before-1].Index)
	}
	if markOf(p.Payload) != byte(layer) {
		c.t.Fatal("another layer")
	}
	return true
}

// expect sends a frame of each layer and says which comes through.
func (c *simulcast) expect(want int) {
	c.t.Helper()
	for layer, s := range c.layers {
		if s != nil && !s.ended && c.frame(layer, false) != (layer == want) {
			c.t.Fatalf("layer %d, want %d", layer, want)
		}
	}
}

func TestHighestLayerIsShown(t *testing.T) {
	c := newSimulcast(t)
	c.begin(0)
	if c.asked[0] == 0 {
		t.Fatal("no key frame asked for")
	}
	if c.frame(0, false) {
		t.Fatal("before its key frame")
	}
	c.frame(0, true)
	c.expect(0)
	// A higher one: the lower is shown until its key frame.
	c.begin(2)
	if c.asked[2] == 0 {
		t.Fatal("no key frame asked for")
	}
	c.expect(0)
	c.frame(0, true)
	c.expect(0)
	if !c.frame(2, true) {
		t.Fatal("not at its key frame")
	}
	c.expect(2)
	// One in between changes nothing.
	c.begin(1)
	c.frame(1, true)
	c.expect(2)
	// The highest ends: the next is shown from its next key frame on.
	c.layers[2].End()
	c.expect(-1)
	if !c.frame(1, true) {
		t.Fatal("not at its key frame")
	}
	c.expect(1)
	// It stops without a word: the one below takes its place.
	c.asked[0] = 0
	for range 60 {
		c.frame(0, false)
	}
	if c.asked[0] == 0 {
		t.Fatal("no key frame asked for")
	}
	if !c.frame(0, true) {
		t.Fatal("not at its key frame")
	}
	c.layers[1].End()
	c.expect(0)
	// All this is one track that is shown, and nobody is told anything else.
	if !c.slot.showing() {
		t.Fatal("shown as nothing")
	}
	c.layers[0].End()
	if c.slot.showing() {
		t.Fatal("nothing is shown as something")
	}
}

// padding sends one packet of nothing but padding on a layer.
func (c *simulcast) padding(layer int) {
	c.seq[layer]++
	push(c.layers[layer], raw(transport.VP8, c.seq[layer]+uint16(1000*layer), uint32(c.lane.now/time.Millisecond)*90, nil))
}

// A layer of which nothing but padding comes is not there, and padding is no
// part of what a layer takes.
func TestPaddingIsNoLayer(t *testing.T) {
	c := newSimulcast(t)
	for layer := range maxLayers {
		c.begin(layer)
		c.frame(layer, true)
	}
	c.expect(2)
	const most = 60 // 33 ms each
	pad := func(after func() bool) {
		t.Helper()
		for n := 0; !after(); n++ {
			if n == most {
				t.Fatal("padding keeps the layer alive")
			}
			c.padding(2)
			c.frame(0, false)
			c.frame(1, true)
		}
	}
	pad(func() bool { return c.slot.flow.source == c.layers[1] })
	c.expect(1)
	pad(func() bool { l := c.feed.ladder(); return l.top(2) < 0 })
	before := c.feed.ladder()[0][0]
	for range 2 * most {
		c.padding(0)
		c.padding(0)
		c.frame(0, false)
		c.frame(1, false)
	}
	if after := c.feed.ladder()[0][0]; after > before*5/4 {
		t.Fatalf("%d bits per second, of which %d were the pictures'", after, before)
	}
	// It comes back.
	for range most {
		c.frame(0, false)
		c.frame(1, false)
		c.frame(2, true)
	}
	c.expect(2)
	if l := c.feed.ladder(); l.top(2) < 0 {
		t.Fatal("not there again")
	}
}

// A layer that comes again under another SSRC takes the place of its own.
func TestLayerIsReplaced(t *testing.T) {
	c := newSimulcast(t)
	c.begin(0)
	c.frame(0, true)
	old := c.layers[0]
	c.begin(0)
	old.Receive([]transport.Packet{raw(transport.VP8, 7, 0, synthetic(transport.VP8, true, true, 9, 9))})
	if n := len(c.out.packets); n != 1 {
		t.Fatalf("%d packets", n)
	}
	c.frame(0, true)
	old.End()
	c.expect(0)
}

// What nobody watches is not kept.
func TestNoHistoryUnwatched(t *testing.T) {
	tr, src := newTestTrack(1, true)
	fill(src)
	if src.history.size() != 0 {
		t.Fatal("kept for nobody")
	}
	s, _ := newTestSlot(true)
	watch(s, tr)
	fill(src)
	if src.history.size() == 0 {
		t.Fatal("not kept")
	}
	watch(s, nil)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	lane.pass(2 * reportInterval)
	if src.history.size() != 0 {
		t.Fatal("kept for nobody any more")
	}
}
