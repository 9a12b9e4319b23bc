package rate

import "time"

// Budget bounds how much of something may come: so much a second in the long
// run, and no more than so much at once. Not safe for concurrent use.
type Budget struct {
	rate, most, left float64
	at               time.Duration // until when left is reckoned
}

// NewBudget makes a full one.
func NewBudget(rate, most float64) Budget { return Budget{rate: rate, most: most, left: most} }

// Left says how much may come now.
func (b *Budget) Left(now time.Duration) float64 {
	if now > b.at {
		b.left = min(b.most, b.left+(now-b.at).Seconds()*b.rate)
		b.at = now
	}
	return b.left
}

// Take takes so much, if there is as much. If not, nothing was taken.
func (b *Budget) Take(n float64, now time.Duration) bool {
	if b.Left(now) < n {
		return false
	}
	b.left -= n
	return true
}
