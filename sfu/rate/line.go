package rate

// linePoints are those that a line is drawn through.
const linePoints = 20

// line is the straight line nearest to the latest points. The zero value is
// ready.
type line struct {
	points       [linePoints]point
	count        int     // of points there ever were
	origin       float64 // where x is counted from
	x, y, xx, xy float64 // sums over the points
}

type point struct{ x, y float64 }

// add takes a point, the one before being to the left of it, and lets go of
// the oldest.
func (l *line) add(p point) {
	at := l.count % linePoints
	old := l.points[at]
	l.points[at] = p
	l.count++
	if at == 0 {
		// From time to time all is summed anew, so that no sum gets large and
		// what is lost in rounding does not add up.
		l.origin = p.x
		l.x, l.y, l.xx, l.xy = 0, 0, 0, 0
		for _, p := range l.points[:min(l.count, linePoints)] {
			l.sum(p, 1)
		}
		return
	}
	if l.count > linePoints {
		l.sum(old, -1)
	}
	l.sum(p, 1)
}

func (l *line) sum(p point, sign float64) {
	x, y := p.x-l.origin, sign*p.y
	l.x += sign * x
	l.y += y
	l.xx += sign * x * x
	l.xy += x * y
}

// slope is that of the line; ok is false while there are too few points.
func (l *line) slope() (slope float64, ok bool) {
	if l.count < linePoints {
		return 0, false
	}
	below := linePoints*l.xx - l.x*l.x
	if below <= 0 {
		return 0, true
	}
	return (linePoints*l.xy - l.x*l.y) / below, true
}
