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

// curve measures with one lane and with two, with ever more of what fill brings.
func (b *bench) curve(title, name string, counts []int, fill func(s *scene, n int) (pace, error)) error {
	b.printf("\n%s, lanes, packets a second out, ns a forward, over the floor\n", title)
	var faults []error // the other points are measured all the same
	for _, lanes := range []int{1, 2} {
		for _, n := range counts {
			figure := fmt.Sprintf("%s_%d", name, n)
			if lanes > 1 {
				figure += "_lanes_2"
			}
			if err := b.mark(figure, lanes, n, fill); err != nil {
				faults = append(faults, err)
			}
		}
	}
	return errors.Join(faults...)
}

// mark measures one point of a curve on a server of its own, and notes it.
func (b *bench) mark(figure string, lanes, n int, fill func(s *scene, n int) (pace, error)) error {
	s, err := newScene(subject.Options{Transport: "engine", Lanes: lanes})
	if err != nil {
		return err
	}
	defer s.Close()
	p, err := fill(s, n)
	if err != nil {
		return err
	}
	ns, over, last, err := b.point(s, p)
	if err != nil {
		return err
	}
	b.printf("  %4d  %d  %6.0f  %5.0f  %.2f\n", n, lanes, float64(last.forwards)/last.took.Seconds(), ns, over)
	b.figure(figure, "%.0f", ns)
	return nil
}

// subscribers is the curve over people who watch one.
func (b *bench) subscribers() error {
	return b.curve("one publisher, bursts of 8: subscribers", "forward_ns_subs", []int{2, 10, 50, 200, 500}, b.viewers)
}

func (b *bench) viewers(s *scene, n int) (pace, error) {
	const most = 50_000 // packets a second out: half of this machine is the crowd's
	p := pace{burst: 8, second: min(1000, most/n), size: payload}
	if err := s.fill(n, oneInEvery); err != nil {
		return p, err
	}
	if err := s.await(p, b.begun, n); err != nil {
		return p, err
	}
	send(s.people, p, b.begun, time.Second)
	return p, nil
}

// rooms is the curve over rooms of three who all see each other.
func (b *bench) rooms() error {
	return b.curve("rooms of 3, bursts of 4: rooms", "forward_ns_rooms", []int{1, 10, 100, 300}, b.meetings)
}

func (b *bench) meetings(s *scene, n int) (pace, error) {
	const (
		size   = 3
		most   = 6000 // packets a second in: what the crowd can send
		frames = 120  // packets a second of each, at most: 30 frames of 4
		sample = 8
	)
	s.people = make([]*crowd.Person, n*size)
	p := pace{burst: 4, second: max(4, min(frames, most/len(s.people))), size: payload}
	err := together(len(s.people), func(i int) (err error) {
		s.people[i], err = s.Crowd.Join(sample)
		return err
	})
	if err != nil {
		return p, err
	}
	for i, one := range s.people {
		for _, other := range s.people[i/size*size : (i/size+1)*size] {
			if other == one {
				continue
			}
			if err := one.Watch(other); err != nil {
				return p, err
			}
		}
	}
	return p, s.await(p, b.begun, len(s.people)*(size-1))
}
