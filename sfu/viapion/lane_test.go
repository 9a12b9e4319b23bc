package viapion

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func newTestLane() *lane {
	t := &Transport{start: time.Now(), work: work{idle: make(chan struct{}, 1)}}
	return &lane{transport: t, broken: func() {}}
}

// Whatever comes from wherever is carried out one after another, in the order
// in which one goroutine gave it, and nothing is left behind.
func TestLaneCarriesOutOneAfterAnother(t *testing.T) {
	lanes := [2]*lane{newTestLane(), newTestLane()}
	var inside [2]int // without a lock: the race detector is the test
	var latest [2][4]int
	var done sync.WaitGroup
	const each = 500
	for g := range 4 {
		done.Add(each)
		go func() {
			for i := range each {
				here, other := (i+g)%2, (i+g+1)%2
				step := func() {
					inside[here]++
					if latest[here][g] > i {
						t.Error("out of order")
					}
					latest[here][g] = i
					lanes[other].Do(func() { // from lane to lane, in both directions
						inside[other]++
						done.Done()
					})
				}
				if g == 0 {
					lanes[here].enter(step)
				} else {
					lanes[here].Do(step)
				}
			}
		}()
	}
	done.Wait()
	for i, l := range lanes {
		l.enter(func() {
			if inside[i] != 4*each {
				t.Errorf("%d of %d", inside[i], 4*each)
			}
		})
	}
}

func TestDoInTheLaneIsLater(t *testing.T) {
	l := newTestLane()
	order := ""
	l.Do(func() {
		l.Do(func() { order += "b" })
		order += "a"
	})
	if order != "ab" {
		t.Fatal(order)
	}
}

func TestPanicInALaneIsTold(t *testing.T) {
	l := newTestLane()
	told := 0
	l.broken = func() { told++ }
	l.Do(func() { panic("broken") })
	went := false
	l.Do(func() { went = true })
	if told != 1 || !went {
		t.Fatalf("told %d times; it goes on: %v", told, went)
	}
}

func TestNothingIsCarriedOutOnceClosed(t *testing.T) {
	l := newTestLane()
	in, out := make(chan struct{}), make(chan struct{})
	var running atomic.Bool
	go l.Do(func() {
		running.Store(true)
		close(in)
		<-out
		running.Store(false)
	})
	<-in
	go close(out)
	l.transport.work.close()
	if running.Load() {
		t.Fatal("something still runs")
	}
	l.Do(func() { t.Error("carried out") })
	l.At(l.Now(), func() { t.Error("carried out") })
	l.enter(func() { t.Error("carried out") })
}
