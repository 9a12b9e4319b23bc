package rate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// Sums that are carried along draw the line that all points together draw.
func TestLine(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var l line
	var points []point
	x := 1e9 // ms: a server that has run for long
	for range 5000 {
		x += rng.Float64() * 40
		p := point{x, rng.Float64()*300 + x/1000}
		l.add(p)
		points = append(points, p)
		got, ok := l.slope()
		if ok != (len(points) >= linePoints) {
			t.Fatal(len(points), ok)
		}
		if !ok {
			continue
		}
		var mx, my, above, below float64
		last := points[len(points)-linePoints:]
		for _, p := range last {
			mx += (p.x - x) / linePoints
			my += p.y / linePoints
		}
		for _, p := range last {
			above += (p.x - x - mx) * (p.y - my)
			below += (p.x - x - mx) * (p.x - x - mx)
		}
		if want := above / below; math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
			t.Fatal(got, want)
		}
	}
	flat := line{}
	for range 50 {
		flat.add(point{1, 2})
	}
	if slope, ok := flat.slope(); !ok || slope != 0 {
		t.Fatal(slope, ok)
	}
}
