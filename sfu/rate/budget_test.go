package rate

import (
	"testing"
	"time"
)

func TestBudget(t *testing.T) {
	b := NewBudget(100, 50)
	take := func(n float64, now time.Duration) (times int) {
		for range 1000 {
			if b.Take(n, now) {
				times++
			}
		}
		return times
	}
	for _, c := range []struct {
		now  time.Duration
		n    float64
		want int
	}{
		{0, 1, 50},                       // it begins full
		{0, 1, 0},                        // and is spent
		{100 * time.Millisecond, 1, 10},  // so much a second
		{50 * time.Millisecond, 1, 0},    // a moment before the last brings nothing
		{100 * time.Millisecond, 1, 0},   // nor the same twice
		{time.Hour, 1, 50},               // never more than at once
		{time.Hour + time.Second, 20, 2}, // what does not fit is left
	} {
		if got := take(c.n, c.now); got != c.want {
			t.Errorf("%v: %d times %v, want %d", c.now, got, c.n, c.want)
		}
	}
	if left := b.Left(time.Hour + time.Second); left != 10 {
		t.Errorf("%v are left", left)
	}
}
