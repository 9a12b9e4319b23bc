package engine

import (
	"time"

	"paravent/sfu/rate"
)

// admission bounds what is opened of what comes on a connection. The rest is
// dropped unopened.
type admission struct{ bytes, packets rate.Budget }

// newAdmission takes so much a second, and so many seconds of it at once.
func newAdmission(bytes, packets, seconds float64) admission {
	return admission{rate.NewBudget(bytes, bytes*seconds), rate.NewBudget(packets, packets*seconds)}
}

// admits says whether a datagram is to be opened.
func (a *admission) admits(sealed []byte, at time.Duration) bool {
	return a.packets.Left(at) >= 1 && a.bytes.Take(float64(len(sealed)), at) && a.packets.Take(1, at)
}
