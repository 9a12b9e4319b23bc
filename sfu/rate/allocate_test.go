package rate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// random makes tracks as publishers make them: more layers and higher ones
// take more, and some are not sent.
func random(rng *rand.Rand, most int) []Track {
	tracks := make([]Track, rng.IntN(most)+1)
	for i := range tracks {
		t := &tracks[i]
		t.Priority = Priority(rng.IntN(4))
		t.Wanted = []int{0, 90, 180, 360, 720, 1080}[rng.IntN(6)]
		rate := 20_000 + rng.IntN(150_000)
		for _, height := range []int{180, 360, 720}[:rng.IntN(4)] {
			for range 1 + rng.IntN(3) {
				l := Layer{height, rate}
				if rng.IntN(8) == 0 {
					l.Rate = 0
				}
				t.Layers = append(t.Layers, l)
				rate += 1 + rng.IntN(1+rate)
			}
		}
	}
	return tracks
}

func fresh(tracks []Track) []Track {
	tracks = slices.Clone(tracks)
	for i := range tracks {
		tracks[i] = Track{Priority: tracks[i].Priority, Wanted: tracks[i].Wanted, Layers: tracks[i].Layers}
	}
	return tracks
}

// importance is the order of tracks from the most important.
func importance(tracks []Track) []int {
	order := make([]int, len(tracks))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(x, y int) int { return int(tracks[y].Priority) - int(tracks[x].Priority) })
	return order
}

// valid demands what must hold after every call.
func valid(t *testing.T, rate, audio int, tracks []Track, a Allocation) {
	t.Helper()
	used, whole, shown := audio, audio, 0
	for i := range tracks {
		track := &tracks[i]
		whole += track.rate(track.cap)
		if track.Shown == Paused {
			continue
		}
		shown++
		l := track.Layers[track.Shown]
		used += l.Rate
		if track.Wanted == 0 || l.Rate == 0 {
			t.Fatalf("layer %d of track %d is not wanted or not there", track.Shown, i)
		}
		for j, smaller := range track.Layers[:track.Shown] {
			if smaller.Rate > 0 && smaller.Height >= track.Wanted && smaller.Height < l.Height {
				t.Fatalf("layer %d of track %d is shown where %d suffices", track.Shown, i, j)
			}
		}
	}
	if used != a.Used || whole != a.Whole || a.Used > a.Whole {
		t.Fatalf("used %d of %d, want %d of %d", a.Used, a.Whole, used, whole)
	}
	if used <= rate || shown == 0 {
		return
	}
	for _, i := range importance(tracks) {
		track := &tracks[i]
		if track.cap == Paused {
			continue
		}
		if shown != 1 || track.Shown != track.above(Paused) {
			t.Fatalf("%d of %d are used for %d tracks", used, rate, shown)
		}
		return
	}
}

func TestAllocateOnce(t *testing.T) {
	three := []Layer{{180, 100}, {360, 300}, {720, 1000}}
	for _, c := range []struct {
		name        string
		rate, audio int
		tracks      []Track
		want        []int
	}{
		{"nothing", 1000, 100, nil, nil},
		{"all", 5000, 100, []Track{{Wanted: 720, Layers: three}, {Wanted: 360, Layers: three}}, []int{2, 1}},
		{"not wanted", 5000, 100, []Track{{Layers: three}, {Wanted: 1, Layers: three}}, []int{Paused, 0}},
		{"more than there is", 5000, 0, []Track{{Wanted: 2000, Layers: three}}, []int{2}},
		{"smallest first", 550, 100, []Track{{Wanted: 720, Layers: three}, {Wanted: 720, Layers: three}}, []int{1, 0}},
		{"steps among equals", 650, 0, []Track{{Wanted: 720, Layers: three}, {Wanted: 720, Layers: three}}, []int{1, 1}},
		{"screen before faces", 1250, 0, []Track{{Wanted: 720, Layers: three}, {Priority: Screen, Wanted: 720, Layers: three}}, []int{0, 2}},
		{"speaker before others", 400, 0, []Track{{Wanted: 720, Layers: three}, {Priority: Speaking, Wanted: 720, Layers: three}}, []int{0, 1}},
		{"pinned before speaker", 400, 0, []Track{{Priority: Speaking, Wanted: 720, Layers: three}, {Priority: Pinned, Wanted: 720, Layers: three}}, []int{0, 1}},
		{"paused from the least", 250, 0, []Track{{Wanted: 180, Layers: three}, {Wanted: 180, Layers: three}, {Priority: Pinned, Wanted: 180, Layers: three}}, []int{0, Paused, 0}},
		{"audio alone", 90, 100, []Track{{Wanted: 720, Layers: three}, {Wanted: 720, Layers: three}}, []int{0, Paused}},
		{"one always", 10, 0, []Track{{Wanted: 720, Layers: three}, {Priority: Pinned, Wanted: 720, Layers: three}}, []int{Paused, 0}},
		{"a layer is not sent", 5000, 0, []Track{{Wanted: 360, Layers: []Layer{{180, 0}, {360, 0}, {720, 1000}}}}, []int{2}},
		{"no layer is sent", 5000, 0, []Track{{Wanted: 360, Layers: []Layer{{180, 0}, {360, 0}}}, {Wanted: 360}}, []int{Paused, Paused}},
		{"temporal layers", 5000, 0, []Track{{Wanted: 180, Layers: []Layer{{180, 50}, {180, 70}, {180, 100}, {360, 200}}}}, []int{2}},
		{"heights are not known", 5000, 0, []Track{{Wanted: 180, Layers: []Layer{{0, 50}, {0, 70}}}}, []int{1}},
	} {
		var a Allocator
		got := a.Allocate(c.rate, c.audio, c.tracks, time.Second)
		for i, want := range c.want {
			if c.tracks[i].Shown != want {
				t.Errorf("%s: track %d is shown with layer %d, want %d", c.name, i, c.tracks[i].Shown, want)
			}
		}
		valid(t, c.rate, c.audio, c.tracks, got)
		if got.Changed != (len(c.tracks) > 0) {
			t.Errorf("%s: changed %v", c.name, got.Changed)
		}
	}
}

// With more rate, what differs first in importance is more: a track is shown
// that was not, or where that is the same, layers of tracks of which each has
// a priority of its own are larger.
func TestMoreRateShowsMore(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		tracks := random(rng, 6)
		rate := rng.IntN(3_000_000)
		less, more := fresh(tracks), fresh(tracks)
		var x, y Allocator
		valid(t, rate, 0, less, x.Allocate(rate, 0, less, 0))
		above := rate + rng.IntN(500_000)
		valid(t, above, 0, more, y.Allocate(above, 0, more, 0))
		alone := 0
		for p := Other; p <= Screen; p++ {
			n := 0
			for i := range tracks {
				if tracks[i].Priority == p {
					n++
				}
			}
			alone = max(alone, n)
		}
		same := true
		for _, i := range importance(tracks) {
			if (less[i].Shown == Paused) != (more[i].Shown == Paused) {
				if more[i].Shown == Paused {
					t.Fatalf("track %d is paused at %d and not at %d\n%+v", i, above, rate, tracks)
				}
				same = false
				break
			}
		}
		for _, i := range importance(tracks) {
			if same && alone == 1 && less[i].Shown != more[i].Shown {
				if more[i].Shown < less[i].Shown {
					t.Fatalf("track %d: layer %d at %d and %d at %d\n%+v", i, more[i].Shown, above, less[i].Shown, rate, tracks)
				}
				break
			}
		}
	}
}

// Of two tracks that offer the same, the more important is never the smaller.
func TestImportanceDecides(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		tracks := random(rng, 6)
		for i := range tracks {
			tracks[i].Layers, tracks[i].Wanted = tracks[0].Layers, tracks[0].Wanted
		}
		var a Allocator
		rate := rng.IntN(5_000_000)
		valid(t, rate, 1000, tracks, a.Allocate(rate, 1000, tracks, 0))
		order := importance(tracks)
		for i := range order[1:] {
			x, y := &tracks[order[i]], &tracks[order[i+1]]
			if x.Shown < y.Shown {
				t.Fatalf("priority %d has layer %d, priority %d has %d", x.Priority, x.Shown, y.Priority, y.Shown)
			}
		}
	}
}

// Whatever happens one after the other, what must hold holds; the same history
// gives the same answers; and where nothing changes nothing changes for long.
func TestAllocateOverTime(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for range 300 {
		tracks := random(rng, 8)
		twin := fresh(tracks)
		var a, b Allocator
		rate, now := rng.IntN(4_000_000), time.Second
		for range 100 {
			now += time.Duration(rng.IntN(1000)) * time.Millisecond
			switch rng.IntN(6) {
			case 0:
				rate = rng.IntN(4_000_000)
			case 1:
				i := rng.IntN(len(tracks))
				wanted := []int{0, 180, 360, 720}[rng.IntN(4)]
				tracks[i].Wanted, twin[i].Wanted = wanted, wanted
			case 2:
				other := random(rng, 1)[0]
				i := rng.IntN(len(tracks))
				tracks[i].Layers, twin[i].Layers = other.Layers, other.Layers
			case 3:
				rate = rate * (90 + rng.IntN(20)) / 100
			}
			before := make([]int, len(tracks))
			for i := range tracks {
				before[i] = tracks[i].Shown
			}
			x := a.Allocate(rate, 40_000, tracks, now)
			y := b.Allocate(rate, 40_000, twin, now)
			valid(t, rate, 40_000, tracks, x)
			if x != y {
				t.Fatalf("%+v and %+v", x, y)
			}
			if x.Again != 0 && (x.Again < now || x.Again > now+longHold) {
				t.Fatal("again at ", x.Again, ", now ", now)
			}
			if !x.Changed {
				for i := range tracks {
					if tracks[i].Shown != before[i] {
						t.Fatal("it has changed")
					}
				}
			}
		}
		settle := func() Allocation {
			now += longHold
			return a.Allocate(rate, 40_000, tracks, now)
		}
		settle()
		settle()
		if x := settle(); x.Changed || x.Again != 0 {
			t.Fatalf("no end of changes: %+v", x)
		}
	}
}

func TestMoreOnlyWithRoomToSpare(t *testing.T) {
	tracks := []Track{{Wanted: 720, Layers: []Layer{{180, 100_000}, {720, 1_000_000}}}}
	var a Allocator
	steps := []struct {
		at   int // seconds
		rate int
		want int
	}{
		{0, 500_000, 0},
		{1, 1_050_000, 0}, // fits, but barely
		{10, 1_200_000, 0},
		{11, 1_200_000, 0},
		{12, 1_200_000, 1}, // had room for two seconds
		{13, 1_010_000, 1}, // stays as long as it fits
		{14, 990_000, 0},
		{15, 1_700_000, 0}, // plenty, but it was too little just now
		{16, 1_100_000, 0},
		{17, 1_300_000, 0},
		{18, 1_100_000, 0},
		{19, 1_300_000, 0},
		{20, 900_000, 0},
		{40, 1_500_000, 1}, // plenty
	}
	for _, s := range steps {
		a.Allocate(s.rate, 0, tracks, time.Duration(s.at)*time.Second)
		if tracks[0].Shown != s.want {
			t.Fatalf("at %d s with %d: layer %d, want %d", s.at, s.rate, tracks[0].Shown, s.want)
		}
	}
}

// After more that was too much it takes longer each time until it is tried
// again, but not long; and with much more than what was too little it is not
// waited at all.
func TestTooMuchIsNotTriedAgainSoon(t *testing.T) {
	tracks := []Track{{Wanted: 720, Layers: []Layer{{180, 100_000}, {720, 1_000_000}}}}
	const step, little, enough = 100 * time.Millisecond, 500_000, 1_200_000
	var a Allocator
	now := time.Second
	pass := func(rate, want int) {
		t.Helper()
		now += step
		if a.Allocate(rate, 0, tracks, now); tracks[0].Shown != want {
			t.Fatalf("at %v with %d: layer %d, want %d", now, rate, tracks[0].Shown, want)
		}
	}
	a.Allocate(little, 0, tracks, now)
	var waits []time.Duration
	for range 5 {
		began := now
		for tracks[0].Shown == 0 {
			now += step
			a.Allocate(enough, 0, tracks, now)
		}
		waits = append(waits, now-began)
		pass(enough, 1)
		pass(little, 0)
	}
	for i, want := range []time.Duration{spareHold, 2 * spareHold, longHold, longHold, longHold} {
		if got := waits[i]; got < want || got > want+2*step {
			t.Errorf("attempt %d came after %v, want %v", i, got, want)
		}
	}
	pass(another*enough-1, 0)
	pass(another*enough, 1)
	pass(little, 0) // that was too much as well
	pass(another*enough, 0)
	pass(another*another*enough, 1)
}

// More pictures of the size that is shown come without waiting, whatever became
// of a larger one.
func TestMorePicturesAtOnce(t *testing.T) {
	layers := []Layer{{180, 50_000}, {180, 70_000}, {180, 100_000}, {360, 300_000}, {360, 0}, {360, 500_000}}
	tracks := []Track{{Wanted: 180, Layers: layers}, {Priority: Pinned, Wanted: 360, Layers: layers}}
	var a Allocator
	for i, s := range []struct{ rate, small, large int }{
		{600_000, 2, 5},
		{500_000, 2, 3}, // less, at once
		{600_000, 2, 3}, // the fastest would fit, but barely
		{710_000, 2, 5}, // no larger picture: at once
		{390_000, 1, 3},
		{440_000, 1, 3},
		{471_000, 2, 3}, // the other has no more that fits
		{130_000, 0, 1},
		{180_000, 0, 2}, // the more important first
		{3_000_000, 2, 2},
	} {
		a.Allocate(s.rate, 0, tracks, time.Second+time.Duration(i)*time.Millisecond)
		if got := [2]int{tracks[0].Shown, tracks[1].Shown}; got != [2]int{s.small, s.large} {
			t.Fatalf("step %d, with %d: layers %v, want %v", i, s.rate, got, s)
		}
	}
}

// What is wanted anew is shown without waiting, and what is no longer wanted
// is gone without waiting.
func TestWishesAreFollowedAtOnce(t *testing.T) {
	all := []Layer{{180, 100_000}, {720, 1_000_000}}
	tracks := []Track{{Wanted: 180, Layers: all}, {Layers: all}}
	var a Allocator
	look := func(now time.Duration, want ...int) {
		t.Helper()
		a.Allocate(1_150_000, 0, tracks, now)
		if got := []int{tracks[0].Shown, tracks[1].Shown}; !slices.Equal(got, want) {
			t.Fatal(got, want)
		}
	}
	look(0, 0, Paused)
	tracks[0].Wanted = 720
	look(1, 1, Paused)
	tracks[1].Wanted = 180
	look(2, 1, 0)
	tracks[0].Wanted = 100
	look(3, 0, 0)
	tracks[1] = Track{Priority: Pinned, Wanted: 720, Layers: all}
	look(4, 0, 1)
	tracks[1].Layers = nil
	look(5, 0, Paused)
}

func BenchmarkAllocate(b *testing.B) {
	for _, n := range []int{1, 10, 49} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			tracks := make([]Track, n)
			for i := range tracks {
				tracks[i] = Track{Priority: Priority(i % 4), Wanted: 720, Layers: layers()}
			}
			var a Allocator
			b.ReportAllocs()
			for i := range b.N {
				a.Allocate(5_000_000+i%1000*1000, 100_000, tracks, time.Duration(i)*time.Millisecond)
			}
		})
	}
}
