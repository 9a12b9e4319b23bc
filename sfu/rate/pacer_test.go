package rate

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestPacerLetsPassUntilItKnows(t *testing.T) {
	var p Pacer
	for range 1000 {
		if !p.Take(1200, time.Second) || p.Book(1200, time.Second) > time.Second {
			t.Fatal("refused")
		}
	}
}

func TestPacerKeepsTheRate(t *testing.T) {
	var p Pacer
	p.SetRate(1_000_000)
	bytes := 0
	for now := time.Second; now < 11*time.Second; now += time.Millisecond {
		for p.Take(1000, now) {
			bytes += 1000
		}
	}
	if rate := bytes * 8 / 10; rate < 2_450_000 || rate > 2_550_000 {
		t.Fatal(rate)
	}
}

func TestPacerBurst(t *testing.T) {
	var p Pacer
	p.SetRate(8_000_000) // 2.5 bytes each microsecond
	n := 0
	for p.Take(1000, time.Minute) {
		n++
	}
	if n != 13 { // 5 ms, and one that begins at their end
		t.Fatal(n)
	}
	if free := p.Free(); free <= time.Minute || free > time.Minute+time.Millisecond {
		t.Fatal(free)
	}
	if p.Take(1000, p.Free()-1) || !p.Take(1000, p.Free()) {
		t.Fatal("not free when it said")
	}
}

func TestPacerNeverRefusesAudio(t *testing.T) {
	var p Pacer
	p.SetRate(100_000)
	for range 10_000 {
		p.TakeAudio(200, time.Second)
	}
	if p.Take(100, time.Second) {
		t.Fatal("audio was not counted")
	}
	if p.Free() > time.Second+paceSpread {
		t.Fatal("audio keeps video waiting until ", p.Free())
	}
}

// A key frame at a low rate is spread, evenly at first, and is through soon.
func TestPacerSpreadsKeyFrames(t *testing.T) {
	for _, rate := range []int{30_000, 150_000, 500_000, 2_000_000} {
		for _, packets := range []int{1, 10, 50, 500} {
			var p Pacer
			p.SetRate(rate)
			last := time.Duration(0)
			for range packets {
				at := p.Book(1200, time.Second)
				if at < last || at > time.Second+paceSpread {
					t.Fatalf("rate %d: %v after %v", rate, at, last)
				}
				last = at
			}
			all := time.Duration(float64(packets*1200*8) / (paceFaster * float64(rate)) * float64(time.Second))
			if packets > 1 && last-time.Second < min(all, paceSpread)/3 {
				t.Errorf("rate %d: %d packets within %v", rate, packets, last-time.Second)
			}
		}
	}
}

// Moments never go back, whatever is asked for, by however many.
func TestPacerKeepsOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var p Pacer
	now, last := time.Second, time.Duration(0)
	for range 50_000 {
		now += time.Duration(rng.Int64N(int64(5 * time.Millisecond)))
		switch size := rng.IntN(1500); rng.IntN(6) {
		case 0:
			p.SetRate(rng.IntN(5_000_000))
		case 1:
			p.TakeAudio(size, now)
		case 2:
			p.Take(size, now)
		default:
			at := p.Book(size, now)
			if at < last || at > now+paceSpread {
				t.Fatalf("%v after %v, now %v", at, last, now)
			}
			last = at
		}
	}
}

func TestPacerForManyLanes(t *testing.T) {
	var p Pacer
	p.SetRate(8_000_000)
	var taken atomic.Int64
	var lanes sync.WaitGroup
	for range 4 {
		lanes.Go(func() {
			for range 1000 {
				if p.Take(1000, time.Minute) {
					taken.Add(1)
				}
			}
		})
	}
	lanes.Wait()
	if taken.Load() != 13 {
		t.Fatal(taken.Load())
	}
}
