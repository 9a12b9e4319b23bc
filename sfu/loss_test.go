package sfu

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

func TestLossRisesAtOnceAndFallsInSeconds(t *testing.T) {
	var reported atomic.Uint32
	var l loss
	now := time.Minute
	look := func() uint8 {
		now += reportInterval
		return l.look(&reported, &doubled{}, now)
	}
	if got := look(); got != 0 {
		t.Fatalf("%d before any report", got)
	}
	reported.Store(26 + 1)
	for i := range int(lossAge / reportInterval) {
		if got := look(); got != 26 {
			t.Fatalf("%d after %d s, want 26", got, i)
		}
	}
	// The viewer reports of less: it is believed after a while.
	reported.Store(3 + 1)
	before, seconds := uint8(26), 0
	for ; seconds < 10 && before > 3; seconds++ {
		got := look()
		if got >= before {
			t.Fatalf("%d after %d", got, before)
		}
		before = got
	}
	if before != 3 || seconds < 4 {
		t.Errorf("%d after %d s", before, seconds)
	}
	// It reports no more.
	for range 20 {
		before = look()
	}
	if before != 0 {
		t.Errorf("%d of nothing", before)
	}
	reported.Store(255 + 1)
	if got := look(); got != 255 {
		t.Errorf("%d, want 255", got)
	}
	reported.Store(255 + 1)
	l.forget(&reported)
	if got := look(); got != 0 {
		t.Errorf("%d of another track", got)
	}
}

// listened is a track with a source that notes what its publisher is told.
func listened(t *testing.T, video bool) (tr *track, src *source, lane *fakeLane, told *[]uint8) {
	t.Helper()
	tr, src = newTestTrack(1, video)
	lane, ok := src.feed.lane.(*fakeLane)
	if !ok {
		t.Fatal("another lane")
	}
	told = &[]uint8{}
	src = newSource(src.feed, transport.StreamInfo{
		Lane: lane, KeyFrame: func() {}, Lossy: func(part uint8) { *told = append(*told, part) },
	})
	src.feed.start(src)
	return tr, src, lane, told
}

func TestPublishersAreToldOfTheWorstLoss(t *testing.T) {
	tr, _, lane, told := listened(t, false)
	good, _ := newTestSlot(false)
	bad, _ := newTestSlot(false)
	second := func() uint8 {
		t.Helper()
		*told = nil
		lane.pass(reportInterval)
		if len(*told) != 1 {
			t.Fatalf("told %v in a second", *told)
		}
		return (*told)[0]
	}
	bad.lost.Store(40 + 1) // of what it was shown before
	watch(good, tr)
	watch(bad, tr)
	if got := second(); got != 0 {
		t.Errorf("%d of another track", got)
	}
	d := &subscribing{slots: []*slot{good, bad}}
	d.Lossy(0, 3)
	d.Lossy(1, 40)
	d.Lossy(-1, 200)
	d.Lossy(2, 200)
	for range 5 {
		if got := second(); got != 40 {
			t.Errorf("%d, want that of who loses most", got)
		}
	}
	// Who is there no more is not spared anything.
	watch(bad, nil)
	if got := second(); got != 3 {
		t.Errorf("%d, want that of who is left", got)
	}
	// Whoever loses nearly all, or says so, must not ruin it for the others.
	d.Lossy(0, 255)
	if got := second(); got != mostLoss {
		t.Errorf("%d, want %d", got, mostLoss)
	}
	all := []uint8{mostLoss}
	for range 40 {
		all = append(all, second())
	}
	if all[40] != 0 || !slices.IsSortedFunc(all, func(a, b uint8) int { return int(b) - int(a) }) {
		t.Errorf("%v", all)
	}
}

func TestLossOfPicturesIsNotTold(t *testing.T) {
	tr, _, lane, told := listened(t, true)
	s, _ := newTestSlot(true)
	watch(s, tr)
	(&subscribing{slots: []*slot{s}}).Lossy(0, 99)
	if lane.pass(3 * reportInterval); len(*told) != 0 || s.lost.Load() != 0 {
		t.Errorf("told %v", *told)
	}
}

// TestLossReachesThePublisher has real connections: what a viewer reports as
// lost, the publisher's browser is told as lost.
func TestLossReachesThePublisher(t *testing.T) {
	t.Parallel()
	const part = 30
	r := newRouter(t, "engine") // the other transport cannot: see its documentation
	alice, bob := newClient(t, r, 1), newClient(t, r, 2)
	sound := newTrack(t, webrtc.MimeTypeOpus)
	sender := alice.publish(false, sound)[0]
	speaks := newPump(t, sound, 1)
	go func() {
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				speaks.frame(false)
			case <-t.Context().Done():
				return
			}
		}
	}()
	wait(t, "tracks", alice.tracks)
	slot := slotsOf(bob.subscribe(codecSet{}), "audio")[0]
	r.Watch(2, slot, Watch{Publisher: 1, Mid: "0"})
	wait(t, "shown", bob.shown)
	from := bob.viewer(slot)
	wait(t, "packet", from.packets)
	err := bob.down.WriteRTCP([]rtcp.Packet{&rtcp.ReceiverReport{SSRC: 7, Reports: []rtcp.ReceptionReport{
		{SSRC: uint32(from.remote.SSRC()), FractionLost: part},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	told := make(chan uint8, 1)
	go func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if p, ok := p.(*rtcp.ReceiverReport); ok && p.Reports[0].FractionLost >= part {
					told <- uint8(p.Reports[0].TotalLost)
					return
				}
			}
		}
	}()
	if total := wait(t, "report of loss", told); total != 0 {
		t.Errorf("%d packets lost, want none: all arrived", total)
	}
}
