package loadtest

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"paravent/loadtest/crowd"
	"paravent/loadtest/subject"
	"paravent/sfu/transport"
)

// hall is the people of a plan, all of whom publish all the time.
type hall struct {
	plan   plan
	scene  *Scene
	people []*crowd.Person
	seen   map[*crowd.Person]int // pictures that one sees
	heard  map[*crowd.Person]int

	sending atomic.Pointer[[]*crowd.Person]
	late    atomic.Int64 // longest that something was sent too late, since last asked
	silent  atomic.Bool  // nobody sends for now
	quit    chan struct{}
	done    sync.WaitGroup
}

func newHall(p plan, s *Scene) *hall {
	h := &hall{
		plan: p, scene: s, quit: make(chan struct{}),
		seen: map[*crowd.Person]int{}, heard: map[*crowd.Person]int{},
	}
	h.sending.Store(new([]*crowd.Person))
	h.done.Go(h.send)
	return h
}

func (h *hall) close() {
	close(h.quit)
	h.done.Wait()
}

// first and next are how many people there are to be.
func (h *hall) first() int {
	if h.plan.size > 0 {
		return h.plan.size
	}
	return 4
}

func (h *hall) next(people int, l level) int {
	more := people * 5 / 4
	switch share := max(l.cpu/mostCPU, l.busy/mostBusy); { // faster far from the end
	case share < 0.3:
		more = people * 2
	case share < 0.6:
		more = people * 3 / 2
	}
	unit := max(h.plan.size, 1)
	return max(more/unit*unit, people+unit)
}

// fill brings people until there are so many, or the time is up.
func (h *hall) fill(people int, end time.Time) error {
	const atOnce = 4
	for len(h.people) < people && time.Now().Before(end) {
		group := make([]*crowd.Person, min(atOnce, people-len(h.people)))
		faults := make([]error, len(group))
		var wait sync.WaitGroup
		for i := range group {
			wait.Go(func() { group[i], faults[i] = h.scene.Crowd.Join(sample) })
		}
		wait.Wait()
		if err := errors.Join(faults...); err != nil {
			return err
		}
		for _, p := range group {
			if err := h.meet(p); err != nil {
				return err
			}
		}
	}
	return nil
}

// meet lets a newcomer and those in the room see and hear each other.
func (h *hall) meet(p *crowd.Person) error {
	room := h.people
	if h.plan.size > 0 {
		room = h.people[len(h.people)/h.plan.size*h.plan.size:]
	}
	for place, other := range room {
		err := h.see(p, other, place)
		if err == nil {
			err = h.see(other, p, len(room))
		}
		if err != nil {
			return err
		}
	}
	h.people = append(h.people, p)
	all := slices.Clone(h.people)
	h.sending.Store(&all)
	return nil
}

// see lets one watch another, whose place in the room it is, as far as there are
// slots.
func (h *hall) see(viewer, other *crowd.Person, place int) error {
	if h.seen[viewer] < slots {
		h.seen[viewer]++
		if err := viewer.Watch(other); err != nil {
			return err
		}
	}
	if place >= h.plan.speakers || h.heard[viewer] >= microphone {
		return nil
	}
	h.heard[viewer]++
	return viewer.Listen(other)
}

// Everybody sends a packet of sound every 20 ms and every other time a frame of
// pictures, each at a moment of their own.
const (
	beats    = 20
	beatTime = time.Millisecond
	soundful = 80 // bytes of a packet
)

// send has everybody publish until the hall is closed.
func (h *hall) send() {
	begun := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for beat := 0; ; beat++ {
		due := begun.Add(time.Duration(beat) * beatTime)
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-h.quit:
				return
			}
		} else {
			select {
			case <-h.quit:
				return
			default:
			}
			h.late.Store(max(h.late.Load(), int64(-wait)))
		}
		if h.silent.Load() {
			continue
		}
		people := *h.sending.Load()
		now := time.Since(begun)
		for i := beat % beats; i < len(people); i += beats {
			h.one(people[i].Camera, i, beat/beats, now)
		}
	}
}

// one has a person send what is due.
func (h *hall) one(c *crowd.Camera, i, turn int, now time.Duration) {
	room := i
	if h.plan.size > 0 {
		room = i % h.plan.size
	}
	if room < h.plan.speakers {
		c.Sound(soundful, now)
	}
	if (turn+i/beats)%2 == 0 {
		c.Picture(h.plan.packets, h.plan.bytes, now)
	}
}

// judge measures until a limit is kept, or was passed several times in a row:
// once may be other work of the machine.
func (h *hall) judge() (l level, err error) {
	const times = 3
	for range times {
		if l, err = h.measure(); err != nil || l.limit() == "" {
			break
		}
	}
	return l, err
}

// measure lets everybody settle, and then looks for a while.
func (h *hall) measure() (l level, err error) {
	const (
		settling = 500 * time.Millisecond
		looking  = 1500 * time.Millisecond
		tooLate  = 200 * time.Millisecond
	)
	sent, first, err := h.hush()
	if err != nil {
		return l, err
	}
	<-time.After(settling)
	before, err := h.scene.Server.Usage(false)
	if err != nil {
		return l, err
	}
	own, _ := subject.Process()
	start := time.Now()
	h.scene.Crowd.Delays.Take()
	h.late.Store(0)
	<-time.After(looking)
	delays := h.scene.Crowd.Delays.Take()
	after, err := h.scene.Server.Usage(false)
	if err != nil {
		return l, err
	}
	ownAfter, _ := subject.Process()
	took := time.Since(start).Seconds() * cores()
	cpu := (after.CPU - before.CPU).Seconds()
	l = level{
		people: len(h.people),
		cpu:    cpu / took,
		busy:   (cpu + (ownAfter - own).Seconds()) / took,
		delay:  crowd.Quantile(delays, 990),
		late:   time.Duration(h.late.Load()) > tooLate,
	}
	sentThen, last, err := h.hush()
	if err != nil {
		return l, err
	}
	l.loss = lost(sentThen-sent, last.Opened-first.Opened) + lost(last.Sealed-first.Sealed, last.Sealed-first.Sealed-(last.Unsent-first.Unsent))
	return l, nil
}

// hush counts what was sent and what arrived, in a moment of silence.
func (h *hall) hush() (sent uint64, c transport.Counts, err error) {
	const silence = 100 * time.Millisecond
	h.silent.Store(true)
	defer h.silent.Store(false)
	<-time.After(silence)
	u, err := h.scene.Server.Usage(false)
	return h.sent(), u.Counts, err
}

// lost is the share of all that did not arrive.
func lost(all, arrived uint64) float64 {
	if all == 0 || arrived >= all {
		return 0
	}
	return float64(all-arrived) / float64(all)
}

// sent counts what everybody sent.
func (h *hall) sent() (all uint64) {
	for _, p := range h.people {
		all += p.Camera.Sent()
	}
	return all
}
