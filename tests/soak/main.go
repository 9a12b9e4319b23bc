// Soak lets people come and go on one server for a long time, and then looks
// whether everything they needed was given back: goroutines, descriptors,
// connections, memory.
//
//	go run ./tests/soak [-joins 1000] [-time 1h] [-transport engine]
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"paravent/loadtest"
	"paravent/loadtest/crowd"
	"paravent/loadtest/subject"
)

func main() {
	var err error
	if options, ok := os.LookupEnv(subject.Variable); ok {
		err = subject.Run(options, os.Stdin, os.Stdout)
	} else {
		err = run(os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// What may be left when everybody is gone.
const (
	spareGoroutines  = 8
	spareDescriptors = 2
	spareMemory      = 8 << 20 // bytes: pools, tables that have grown
	patience         = time.Minute
	atOnce           = 8
	roomSize         = 3
	rooms            = 10
)

var (
	errKept = errors.New("soak: want everything back that people needed")
	errLost = errors.New("soak: want connections that last")
)

// soak is one run.
type soak struct {
	*loadtest.Scene

	out    io.Writer
	begun  time.Time
	random *rand.Rand
}

func run(out io.Writer) error {
	joins := flag.Int("joins", 1000, "people who come and go before the churn")
	during := flag.Duration("time", time.Hour, "how long people come and go while media flows")
	kind := flag.String("transport", "engine", "how media travels")
	flag.Parse()
	scene, err := loadtest.Open(subject.Options{Transport: *kind})
	if err != nil {
		return err
	}
	defer scene.Close()
	const seed = 4
	s := &soak{Scene: scene, out: out, begun: time.Now(), random: rand.New(rand.NewPCG(seed, seed))} //nolint:gosec // the same people each time
	if err := s.visits(5 * atOnce); err != nil {                                                     // what only the first cost
		return err
	}
	baseline, err := s.empty()
	if err != nil {
		return err
	}
	s.tell("baseline", baseline)
	if err := s.visits(*joins); err != nil {
		return err
	}
	if err := s.check(fmt.Sprintf("after %d joins and leaves", *joins), baseline); err != nil {
		return err
	}
	if err := s.churn(*during); err != nil {
		return err
	}
	return s.check(fmt.Sprintf("after %v of churn", *during), baseline)
}

func (s *soak) tell(what string, u subject.Usage) {
	fmt.Fprintf(s.out, "%7.0f s  %s: %d goroutines, %d descriptors, %d connections, %.1f MB heap, %.1f MB stacks, %d lost\n",
		time.Since(s.begun).Seconds(), what, u.Goroutines, u.Descriptors, u.Counts.Connections,
		float64(u.Heap)/1e6, float64(u.Stack)/1e6, u.Lost)
}

// visits lets people come, some at a time, and go.
func (s *soak) visits(n int) error {
	for done := 0; done < n; done += atOnce {
		group, err := s.join(min(atOnce, n-done))
		if err != nil {
			return err
		}
		s.media(group, time.Second/10)
		if err := leave(group); err != nil {
			return err
		}
	}
	return nil
}

// join brings people who all see and hear each other.
func (s *soak) join(n int) ([]*crowd.Person, error) {
	const sample = 16
	var all []*crowd.Person
	for range n {
		p, err := s.Crowd.Join(sample)
		if err != nil {
			return nil, err
		}
		for _, other := range all {
			if err := errors.Join(p.Watch(other), p.Listen(other), other.Watch(p), other.Listen(p)); err != nil {
				return nil, err
			}
		}
		all = append(all, p)
	}
	return all, nil
}

// media has people send for a while.
func (s *soak) media(all []*crowd.Person, during time.Duration) {
	const (
		beat    = 20 * time.Millisecond
		packets = 3
		picture = 1000 // bytes
		sound   = 80
	)
	timer := time.NewTicker(beat)
	defer timer.Stop()
	for end := time.Now().Add(during); time.Now().Before(end); <-timer.C {
		now := time.Since(s.begun)
		for _, p := range all {
			p.Camera.Sound(sound, now)
			p.Camera.Picture(packets, picture, now)
		}
	}
}

// churn fills rooms, and empties and fills one after the other at random.
func (s *soak) churn(during time.Duration) error {
	const report = 5 * time.Minute
	groups := make([][]*crowd.Person, rooms)
	end, next := time.Now().Add(during), time.Now().Add(min(report, during/2))
	for time.Now().Before(end) {
		i := s.random.IntN(rooms)
		if err := leave(groups[i]); err != nil {
			return err
		}
		var err error
		if groups[i], err = s.join(roomSize); err != nil {
			return err
		}
		s.media(slices.Concat(groups...), time.Second/5)
		if time.Now().Before(next) {
			continue
		}
		next = next.Add(report)
		u, err := s.Server.Usage(true)
		if err != nil {
			return err
		}
		s.tell("churn", u)
	}
	return leave(slices.Concat(groups...))
}

func leave(people []*crowd.Person) error {
	for _, p := range people {
		if err := p.Leave(); err != nil {
			return err
		}
	}
	return nil
}

// empty waits until nobody is connected any more, and says what is left.
func (s *soak) empty() (u subject.Usage, err error) {
	for end := time.Now().Add(patience); ; <-time.After(time.Second) {
		if u, err = s.Server.Usage(true); err != nil || u.Counts.Connections == 0 || time.Now().After(end) {
			return u, err
		}
	}
}

// check waits until everything is back, and fails if it never is.
func (s *soak) check(what string, baseline subject.Usage) error {
	for end := time.Now().Add(patience); ; <-time.After(time.Second) {
		u, err := s.empty()
		if err != nil {
			return err
		}
		back := u.Goroutines <= baseline.Goroutines+spareGoroutines &&
			u.Descriptors <= baseline.Descriptors+spareDescriptors &&
			u.Heap+u.Stack <= baseline.Heap+baseline.Stack+spareMemory &&
			u.Counts.Connections == 0 && u.Shown == 0
		if back || time.Now().After(end) {
			s.tell(what, u)
			switch {
			case !back:
				return errKept
			case u.Lost > 0:
				return errLost
			}
			return nil
		}
	}
}
