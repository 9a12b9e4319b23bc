package viapion

import "sync"

// readers are the goroutines that read from a connection. The zero value is
// ready. Safe for concurrent use.
type readers struct {
	mu     sync.Mutex // guards closed, and that nobody begins afterwards
	closed bool
	all    sync.WaitGroup
}

// open counts the caller in. It is false if the connection is closed.
func (r *readers) open() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.all.Add(1)
	return true
}

// done ends what open began.
func (r *readers) done() { r.all.Done() }

// start has something read by a goroutine of its own.
func (r *readers) start(read func()) {
	if r.open() {
		go func() {
			defer r.done()
			read()
		}()
	}
}

// close waits until nobody reads any more, which ends with the connection.
func (r *readers) close() {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.all.Wait()
}
