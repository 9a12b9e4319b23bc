package engine

import "time"

// timers are what is due at a moment, the earliest first; among those of one
// moment the one that was added first. The zero value is ready. Not safe for
// concurrent use.
type timers struct {
	heap  []timer
	added uint64
}

type timer struct {
	when  time.Duration
	order uint64
	f     func()
}

func (t *timer) before(u *timer) bool {
	return t.when < u.when || t.when == u.when && t.order < u.order
}

// add adds a timer.
func (t *timers) add(when time.Duration, f func()) {
	t.heap = append(t.heap, timer{when: when, order: t.added, f: f})
	t.added++
	for i := len(t.heap) - 1; i > 0; {
		parent := (i - 1) / 2
		if !t.heap[i].before(&t.heap[parent]) {
			return
		}
		t.heap[i], t.heap[parent] = t.heap[parent], t.heap[i]
		i = parent
	}
}

// next is when the earliest is due.
func (t *timers) next() (time.Duration, bool) {
	if len(t.heap) == 0 {
		return 0, false
	}
	return t.heap[0].when, true
}

// run carries out what is due now. What is added meanwhile is for later, even
// if it is due.
func (t *timers) run(now time.Duration) {
	for end := t.added; len(t.heap) > 0 && t.heap[0].when <= now && t.heap[0].order < end; {
		t.take()()
	}
}

// take removes the earliest.
func (t *timers) take() func() {
	first := t.heap[0].f
	last := len(t.heap) - 1
	t.heap[0] = t.heap[last]
	t.heap[last] = timer{}
	t.heap = t.heap[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if t.heap[child].before(&t.heap[least]) {
				least = child
			}
		}
		if least == i {
			return first
		}
		t.heap[i], t.heap[least] = t.heap[least], t.heap[i]
		i = least
	}
}
