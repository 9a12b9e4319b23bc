// Package guard keeps what goes wrong for one peer from going wrong for all: a
// panic ends one operation or one connection, and nobody is waited for without
// an end. Of a panic nothing is kept or printed, for it may say what a peer has
// sent.
package guard

import (
	"errors"
	"sync"
	"time"
)

// ErrBroken is any panic.
var ErrBroken = errors.New("guard: want an operation that can be carried out")

// Do carries out f and turns a panic into an error: what one peer sends must not
// end the process, even if it finds a fault of ours.
func Do(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = ErrBroken
		}
	}()
	return f()
}

// End stops a panic and then calls end. It is to be deferred.
func End(end func()) {
	if recover() != nil {
		end()
	}
}

// Wait waits until a group is done, or for so long, and says whether it is done.
func Wait(group *sync.WaitGroup, patience time.Duration) bool {
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case <-done:
		return true
	case <-late.C:
		return false
	}
}
