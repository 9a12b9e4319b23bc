// Package checks is about the connectivity checks of ICE (STUN, RFC 8489) as an
// agent sees them that only answers (lite: RFC 8445, section 2.5): whom one is
// for, how many may come, and at which addresses. Pion answers them, but bounds
// neither what waits to be answered nor how many addresses it remembers.
//
// The package keeps nothing, and every moment is a parameter, a duration by a
// clock that only goes forward.
package checks

import (
	"bytes"
	"encoding/binary"
	"iter"
	"maps"
	"net/netip"
	"time"

	"paravent/sfu/rate"
)

// What we chose for one connection.
const (
	Burst   = 200 // checks at once: browsers make 50 a second until one succeeds
	Rate    = 30  // and so many a second in the long run
	Sources = 256 // addresses that they come from: networks of one client
)

// Name returns whom a connectivity check is for: a binding request (RFC 8489,
// section 5) whose user name begins with ours. A lite agent asks nothing itself
// and needs no other message.
func Name(b []byte) ([]byte, bool) {
	const fixed, bindingRequest, userName = 20, 1, 6
	if len(b) < fixed || binary.BigEndian.Uint16(b) != bindingRequest {
		return nil, false
	}
	for b = b[fixed:]; len(b) >= 4; {
		kind, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
		if size > len(b)-4 {
			return nil, false
		}
		if kind == userName {
			name, _, ok := bytes.Cut(b[4:4+size], []byte{':'})
			return name, ok
		}
		b = b[min(4+(size+3)&^3, len(b)):]
	}
	return nil, false
}

// Allowance is which checks of one connection may still come. Each address that
// one comes from costs memory for as long as the connection lives. Not safe for
// concurrent use.
type Allowance struct {
	budget rate.Budget
	from   map[netip.AddrPort]bool
	last   time.Duration
}

// NewAllowance is that of a connection that begins now.
func NewAllowance(now time.Duration) *Allowance {
	return &Allowance{budget: rate.NewBudget(Rate, Burst), from: map[netip.AddrPort]bool{}, last: now}
}

// Take says whether a check from an address may come now.
func (a *Allowance) Take(from netip.AddrPort, now time.Duration) bool {
	a.last = now
	if !a.from[from] && len(a.from) >= Sources || !a.budget.Take(1, now) {
		return false
	}
	a.from[from] = true
	return true
}

// From are the addresses that checks were taken from.
func (a *Allowance) From() iter.Seq[netip.AddrPort] { return maps.Keys(a.from) }

// Last is when the last check came, or else when the connection began.
func (a *Allowance) Last() time.Duration { return a.last }
