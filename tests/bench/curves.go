package main

import (
	"errors"
	"fmt"
	"time"

	"paravent/loadtest/crowd"
	"paravent/loadtest/subject"
	"paravent/tests/floor"
)

// curveRounds is how many rounds there are of a point of a curve.
const curveRounds = 3

// point measures one point of a curve, against the floor in the same seconds.
func (b *bench) point(s *scene, p pace) (ns, over float64, last taken, err error) {
	f, err := floor.New(floor.Trains())
	if err != nil {
		return 0, 0, last, err
	}
	defer f.Close()
	var costs, floors []float64
	for range curveRounds {
		c, err := f.Run(floorTurn / 2)
		if err != nil {
			return 0, 0, last, err
		}
		if last, err = s.measure(p, b.begun, time.Second); err != nil {
			return 0, 0, last, err
		}
		costs = append(costs, last.perForward())
		floors = append(floors, c.PerForward())
	}
	ns = median(costs)
	return ns, ns / median(floors), last, nil
}

// subscribers is the curve over people who watch one.
func (b *bench) subscribers() error {
	b.printf("\none publisher, bursts of 8: subscribers, lanes, packets a second out, ns a forward, over the floor\n")
	var faults []error // the other points are measured all the same
	for _, lanes := range []int{1, 2} {
		for _, n := range []int{2, 10, 50, 200, 500} {
			name := fmt.Sprintf("forward_ns_subs_%d", n)
			if lanes > 1 {
				name += "_lanes_2"
			}
			if err := b.viewers(lanes, n, name); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}

func (b *bench) viewers(lanes, n int, name string) error {
	const most = 50_000 // packets a second out: half of this machine is the crowd's
	s, err := stage(subject.Options{Transport: "engine", Lanes: lanes}, n, oneInEvery)
	if err != nil {
		return err
	}
	defer s.close()
	p := pace{burst: 8, second: min(1000, most/n), size: payload}
	if err := s.await(p, b.begun, n); err != nil {
		return err
	}
	send(s.people, p, b.begun, time.Second)
	ns, over, last, err := b.point(s, p)
	if err != nil {
		return err
	}
	b.printf("  %4d  %d  %6.0f  %5.0f  %.2f\n", n, lanes, float64(last.forwards)/last.took.Seconds(), ns, over)
	b.figure(name, "%.0f", ns)
	return nil
}

// rooms is the curve over rooms of three who all see each other.
func (b *bench) rooms() error {
	b.printf("\nrooms of 3, bursts of 4: rooms, lanes, packets a second out, ns a forward, over the floor\n")
	var faults []error
	for _, lanes := range []int{1, 2} {
		for _, n := range []int{1, 10, 100, 300} {
			name := fmt.Sprintf("forward_ns_rooms_%d", n)
			if lanes > 1 {
				name += "_lanes_2"
			}
			if err := b.meetings(lanes, n, name); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}

func (b *bench) meetings(lanes, n int, name string) error {
	const (
		size   = 3
		most   = 6000 // packets a second in: what the crowd can send
		frames = 120  // packets a second of each, at most: 30 frames of 4
		sample = 8
	)
	s, err := newScene(subject.Options{Transport: "engine", Lanes: lanes})
	if err != nil {
		return err
	}
	defer s.close()
	s.people = make([]*crowd.Person, n*size)
	err = together(len(s.people), func(i int) (err error) {
		s.people[i], err = s.crowd.Join(sample)
		return err
	})
	if err != nil {
		return err
	}
	for i, p := range s.people {
		for _, other := range s.people[i/size*size : (i/size+1)*size] {
			if other == p {
				continue
			}
			if err := p.Watch(other); err != nil {
				return err
			}
		}
	}
	p := pace{burst: 4, second: max(4, min(frames, most/len(s.people))), size: payload}
	if err := s.await(p, b.begun, len(s.people)*(size-1)); err != nil {
		return err
	}
	ns, over, last, err := b.point(s, p)
	if err != nil {
		return err
	}
	b.printf("  %4d  %d  %6.0f  %5.0f  %.2f\n", n, lanes, float64(last.forwards)/last.took.Seconds(), ns, over)
	b.figure(name, "%.0f", ns)
	return nil
}
