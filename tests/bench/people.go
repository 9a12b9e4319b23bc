package main

import (
	"time"

	"paravent/loadtest/crowd"
	"paravent/loadtest/subject"
)

// newcomers is how many people join where joins are measured.
const newcomers = 50

// people measures what somebody costs who is there: a join, memory, silence.
func (b *bench) people() error {
	for _, kind := range []string{"engine", "pion"} {
		suffix := ""
		if kind != "engine" {
			suffix = "_" + kind
		}
		if err := b.presence(kind, suffix); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) presence(kind, suffix string) error {
	const (
		settling = 2 * time.Second
		quiet    = 6 * time.Second
	)
	s, err := newScene(subject.Options{Transport: kind, Lanes: 1})
	if err != nil {
		return err
	}
	defer s.Close()
	join := func(n int) error {
		for range n {
			p, err := s.Crowd.Join(crowd.Diet(oneInEvery))
			if err != nil {
				return err
			}
			s.people = append(s.people, p)
		}
		return nil
	}
	if err := join(3); err != nil { // what only the first of all cost
		return err
	}
	empty, err := s.Server.Usage(true)
	if err != nil {
		return err
	}
	if b.profile != "" && suffix == "" {
		_ = s.Server.Profile(b.profile + "join")
	}
	if err := join(newcomers); err != nil {
		return err
	}
	if b.profile != "" && suffix == "" {
		_ = s.Server.Profile("")
	}
	after, err := s.Server.Usage(false)
	if err != nil {
		return err
	}
	b.figure("join_ms"+suffix, "%.2f", minus(after, empty).CPU.Seconds()*1e3/newcomers)
	// Everybody sends a little, so that all there is of a person is there.
	send(s.people, pace{burst: 2, second: 20, size: payload}, b.begun, settling)
	for _, p := range s.people {
		p.Camera.Sound(100, time.Since(b.begun))
	}
	wait(settling)
	full, err := s.Server.Usage(true)
	if err != nil {
		return err
	}
	held := float64(full.Heap+full.Stack) - float64(empty.Heap+empty.Stack)
	b.figure("kb_per_person"+suffix, "%.0f", held/newcomers/1e3)
	b.figure("goroutines_per_person"+suffix, "%.1f", float64(full.Goroutines-empty.Goroutines)/newcomers)
	if b.profile != "" && suffix == "" {
		_ = s.Server.Heap(b.profile + "people-heap")
	}
	start := time.Now()
	if full, err = s.Server.Usage(false); err != nil {
		return err
	}
	wait(quiet)
	later, err := s.Server.Usage(false)
	if err != nil {
		return err
	}
	connections := float64(later.Counts.Connections)
	b.figure("idle_ms_per_s"+suffix, "%.3f", minus(later, full).CPU.Seconds()*1e3/time.Since(start).Seconds()/connections)
	return nil
}

// wait lets time pass.
func wait(d time.Duration) { <-time.After(d) }

// history measures what is kept of a picture to be sent again: with one viewer
// and with many.
func (b *bench) history() error {
	s, err := newScene(subject.Options{Transport: "engine", Lanes: 1})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := s.gather(audience, oneInEvery); err != nil {
		return err
	}
	publisher, viewers := s.people[0], s.people[1:]
	var kb [3]float64
	for n, more := range [][]*crowd.Person{nil, viewers[:1], viewers[1:]} {
		for _, p := range more {
			if err := p.Watch(publisher); err != nil {
				return err
			}
		}
		if len(more) > 0 {
			if err := s.await(frames(), b.begun, len(more)); err != nil {
				return err
			}
		}
		send(s.people, frames(), b.begun, 4*time.Second)
		u, err := s.Server.Usage(true)
		if err != nil {
			return err
		}
		kb[n] = float64(u.Heap+u.Stack) / 1e3
	}
	b.printf("\nmemory in kB of one picture, 9.6 Mbit/s: unwatched %.0f, one viewer %.0f, %d viewers %.0f\n", kb[0], kb[1], audience, kb[2])
	b.figure("kb_history_per_layer", "%.0f", kb[1]-kb[0])
	b.figure("kb_per_viewer", "%.1f", (kb[2]-kb[1])/(audience-1))
	return nil
}
