// Package audit finds packets that are sealed twice under one nonce. It is for
// tests; no other package imports it.
package audit

import (
	"sync"

	"paravent/sfu/srtp"
)

// Nonces remembers which indices were sealed. The zero value remembers none.
// Safe for concurrent use.
type Nonces struct {
	mu    sync.Mutex
	seen  map[srtp.Sealed]struct{}
	twice int
}

// Watch has everything that s and its later shares seal remembered. Several
// Sealers may be watched, those of the same keys too.
func (n *Nonces) Watch(s *srtp.Sealer) { s.Watch(n.add) }

func (n *Nonces) add(at srtp.Sealed) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.seen == nil {
		n.seen = make(map[srtp.Sealed]struct{})
	}
	if _, again := n.seen[at]; again {
		n.twice++
	}
	n.seen[at] = struct{}{}
}

// Sealed is how many packets were sealed with different nonces.
func (n *Nonces) Sealed() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.seen)
}

// Twice is how many packets were sealed with a nonce that was used before: none
// must be.
func (n *Nonces) Twice() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.twice
}
