package viapion

import (
	"sync"
	"sync/atomic"
	"time"

	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// lane carries out one thing after another. Whoever gives it something while
// nobody is in it carries that out; otherwise, whoever is in it does, before
// leaving. So nobody who is in one lane ever waits for another.
type lane struct {
	transport *Transport
	broken    func() // something panicked
	inside    sync.Mutex

	mu    sync.Mutex // guards what follows
	queue []func()
}

var _ transport.Lane = (*lane)(nil)

// Do implements transport.Lane.
func (l *lane) Do(f func()) {
	l.mu.Lock()
	l.queue = append(l.queue, f)
	l.mu.Unlock()
	l.drain()
}

// At implements transport.Lane.
func (l *lane) At(when time.Duration, f func()) {
	time.AfterFunc(when-l.Now(), func() { l.Do(f) })
}

// Now implements transport.Lane.
func (l *lane) Now() time.Duration { return l.transport.Now() }

// enter carries out f, and waits for that. It must not be called in any lane.
func (l *lane) enter(f func()) {
	l.inside.Lock()
	l.clear()
	l.carryOut(f)
	l.clear()
	l.inside.Unlock()
	l.drain()
}

// drain carries out what is queued, if nobody is in the lane. It looks again
// afterwards: who came meanwhile found the lane taken and went on.
func (l *lane) drain() {
	for l.waiting() && l.inside.TryLock() {
		l.clear()
		l.inside.Unlock()
	}
}

func (l *lane) waiting() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.queue) > 0
}

// clear must be called in the lane.
func (l *lane) clear() {
	for {
		l.mu.Lock()
		if len(l.queue) == 0 {
			l.mu.Unlock()
			return
		}
		todo := l.queue
		l.queue = nil
		l.mu.Unlock()
		for _, f := range todo {
			l.carryOut(f)
		}
	}
}

// carryOut must be called in the lane. What panics ends the connection.
func (l *lane) carryOut(f func()) {
	if !l.transport.work.begin() {
		return
	}
	defer l.transport.work.end()
	if guard.Do(func() error { f(); return nil }) != nil {
		l.broken()
	}
}

// work counts what is being carried out, until it is closed. Safe for
// concurrent use.
type work struct {
	running atomic.Int64
	closed  atomic.Bool
	idle    chan struct{} // of one element: look again
}

func (w *work) begin() bool {
	w.running.Add(1)
	if w.closed.Load() {
		w.end()
		return false
	}
	return true
}

func (w *work) end() {
	if w.running.Add(-1) == 0 && w.closed.Load() {
		select {
		case w.idle <- struct{}{}:
		default:
		}
	}
}

// close lets nothing begin any more and waits until all has ended, which it
// does at once: nothing in a lane waits.
func (w *work) close() {
	w.closed.Store(true)
	for w.running.Load() > 0 {
		<-w.idle
	}
}
