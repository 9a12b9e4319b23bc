package engine

import (
	"math/rand/v2"
	"testing"
	"time"
)

func TestWindow(t *testing.T) {
	var w window
	for _, c := range []struct {
		number uint64
		want   bool
	}{
		{5000, true},
		{5000, false},
		{5001, true},
		{4000, true},
		{4000, false},
		{3978, true},
		{3977, false},
		{5001 + windowSize, true},
		{5001, false},
		{5002, true},
		{5002, false},
		{1 << 40, true},
		{1<<40 - 1, true},
		{1<<40 - windowSize, false},
	} {
		if got := w.take(c.number); got != c.want {
			t.Errorf("%d: %v", c.number, got)
		}
	}
}

func TestExtend(t *testing.T) {
	for _, c := range []struct {
		newest uint64
		seq    uint16
		want   uint64
		ok     bool
	}{
		{100, 101, 101, true},
		{100, 99, 99, true},
		{100, 65535, 0, false},
		{65535, 0, 65536, true},
		{65536, 65535, 65535, true},
		{3<<16 + 5, 40000, 2<<16 + 40000, true},
		{0, 0, 0, true},
	} {
		w := window{begun: true, newest: c.newest}
		if got, ok := w.extend(c.seq); ok != c.ok || ok && got != c.want {
			t.Errorf("%d after %d: %d, %v", c.seq, c.newest, got, ok)
		}
	}
}

// FuzzWindow: a number is taken exactly once, unless it is too old.
func FuzzWindow(f *testing.F) {
	f.Add([]byte{1, 2, 3, 250, 251, 128}, uint64(1))
	f.Fuzz(func(t *testing.T, steps []byte, seed uint64) {
		random := rand.New(rand.NewPCG(seed, 3))
		var w window
		taken := map[uint64]bool{}
		newest := uint64(0)
		for _, step := range steps {
			var number uint64
			switch {
			case len(taken) == 0:
				number = 1 + seed%(1<<40)
			case step < 128:
				number = newest + uint64(step)
			case step < 200:
				number = newest + random.Uint64N(3*windowSize)
			default:
				number = newest - min(newest, random.Uint64N(2*windowSize))
			}
			old := newest > number && newest-number >= windowSize
			if got := w.take(number); got != (!taken[number] && !old) {
				t.Fatalf("%d, newest %d, taken %v: %v", number, newest, taken[number], got)
			}
			taken[number], newest = true, max(newest, number)
			if w.newest != newest {
				t.Fatalf("newest %d, want %d", w.newest, newest)
			}
		}
	})
}

func TestGaps(t *testing.T) {
	const ms = time.Millisecond
	room := make([]uint16, 0, maxGaps)
	ask := func(g *gaps, newest uint64, now time.Duration) int {
		seqs, _ := g.ask(room, newest, now, 0)
		return len(seqs)
	}

	g := gaps{patience: patienceFor(true)}
	g.skip(10, 12, 0)
	if ask(&g, 12, 0) != 0 || ask(&g, 12, 4*ms) != 0 || ask(&g, 12, 5*ms) != 2 || ask(&g, 12, 6*ms) != 0 {
		t.Error("not asked for after a short wait")
	}
	if trip := g.fill(10, 45*ms); trip != 40*ms {
		t.Errorf("round trip %v", trip)
	}
	if ask(&g, 12, 129*ms) != 0 || ask(&g, 12, 130*ms) != 1 {
		t.Error("not asked for again after a round trip")
	}
	if trip := g.fill(11, 140*ms); trip != 0 {
		t.Errorf("round trip %v of either request", trip)
	}
	if g.fill(11, 141*ms) != 0 || ask(&g, 12, time.Second) != 0 {
		t.Error("still missing")
	}

	g.skip(20, 21, 0)
	if ask(&g, 22, 0) != 0 || ask(&g, 23, 0) != 1 {
		t.Error("not asked for once others have come after it")
	}
	asked := 1
	for now := time.Duration(0); now < 3*time.Second; now += ms {
		asked += ask(&g, 23, now)
	}
	if asked < 5 || asked > videoAsks || len(g.list) != 0 {
		t.Errorf("asked %d times, %d left", asked, len(g.list))
	}

	g = gaps{patience: patienceFor(false)}
	g.skip(30, 31, 0)
	asked = 0
	for now := time.Duration(0); now < time.Second; now += ms {
		seqs, _ := g.ask(room, 40, now, 10*ms)
		asked += len(seqs)
	}
	if asked != audioAsks {
		t.Errorf("asked %d times for sound", asked)
	}
	g.skip(40, 41, 0)
	if seqs, _ := g.ask(room, 50, 10*ms, audioTrip+1); len(seqs) != 0 || len(g.list) != 0 {
		t.Error("asked for sound that comes too late")
	}

	for n := uint64(0); n < 100*maxGaps; n += 7 {
		g.skip(n, n+6, 0)
		if len(g.list) > maxGaps {
			t.Fatal("too many")
		}
	}
	if g.list[len(g.list)-1].number < 99*maxGaps {
		t.Error("the newest were forgotten")
	}
	if seqs, next := g.ask(room[:0:3], 1<<20, 100*ms, 0); len(seqs) != 3 || next == 0 {
		t.Errorf("asked for %d without room", len(seqs))
	}
	g.skip(1<<20, 1<<20+maxGaps+1, 0)
	if len(g.list) != 0 {
		t.Error("a hole is asked for")
	}
}
