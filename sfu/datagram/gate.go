package datagram

import (
	"errors"
	"os"
	"sync/atomic"
	"time"
)

// The states of a gate.
const (
	busy    int32 = iota // nobody waits
	waiting              // somebody may be waiting
	woken                // somebody is to return, or not to begin to wait
)

// gate lets one goroutine wait for datagrams and any other end the wait. A wait
// is ended by a deadline in the past, which costs a walk into Go's poller: hence
// only when somebody waits. No wake is lost: after wake, a call of wait that has
// not returned yet returns, or else the next one does.
type gate struct {
	state atomic.Int32

	// Of the goroutine that waits: the deadline that it set last, which others
	// may have changed to an earlier one since.
	known bool
	armed time.Time
}

// wait returns what has arrived, at the latest at a moment, or when woken.
func (g *gate) wait(w wire, until time.Time) ([]Datagram, error) {
	for {
		if err := g.arm(w, until); err != nil {
			return nil, err
		}
		// A wake from here on finds somebody waiting, and its deadline comes
		// after ours. One that came before is seen.
		if !g.state.CompareAndSwap(busy, waiting) {
			g.state.Store(busy)
			return w.poll()
		}
		got, err := w.read()
		wake := g.state.Swap(busy) == woken
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return got, err
		}
		g.known = false
		// Whoever is always woken, or always late, reads all the same. Else the
		// deadline was an old one.
		if wake || !until.IsZero() && !time.Now().Before(until) {
			return w.poll()
		}
	}
}

// arm sees to it that the wait ends at a moment or before. A deadline that comes
// too early does no harm: it is seen to be early, and set anew. So one that
// moves on with every packet is not set with every packet.
func (g *gate) arm(w wire, until time.Time) error {
	if g.known && (g.armed.Equal(until) || !g.armed.IsZero() && (until.IsZero() || g.armed.Before(until))) {
		return nil
	}
	g.known, g.armed = true, until
	return w.SetReadDeadline(until)
}

// wake ends a wait.
func (g *gate) wake(w wire) {
	if g.state.Swap(woken) == waiting {
		_ = w.SetReadDeadline(time.Unix(1, 0)) // fails when closed: then nobody waits
	}
}
