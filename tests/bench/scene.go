package main

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"paravent/loadtest"
	"paravent/loadtest/crowd"
	"paravent/loadtest/subject"
)

// scene is a server in a process of its own and people on it.
type scene struct {
	*loadtest.Scene

	people []*crowd.Person
}

var errSilence = errors.New("bench: want packets that are forwarded")

func newScene(o subject.Options) (*scene, error) {
	s, err := loadtest.Open(o)
	if err != nil {
		return nil, err
	}
	s.Crowd.Learning = true
	return &scene{Scene: s}, nil
}

// together does one thing n times, some at a time.
func together(n int, do func(i int) error) error {
	const atOnce = 8
	var wait sync.WaitGroup
	faults := make([]error, atOnce)
	for part := range atOnce {
		wait.Go(func() {
			for i := part; i < n && faults[part] == nil; i += atOnce {
				faults[part] = do(i)
			}
		})
	}
	wait.Wait()
	return errors.Join(faults...)
}

// stage brings one publisher and so many subscribers, of whom the first reads
// everything, and one packet in every the others.
func stage(o subject.Options, subscribers, every int) (*scene, error) {
	s, err := newScene(o)
	if err != nil {
		return nil, err
	}
	if err := s.fill(subscribers, every); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *scene) fill(subscribers, every int) error {
	if err := s.gather(subscribers, every); err != nil {
		return fmt.Errorf("people who come: %w", err)
	}
	for _, p := range s.people[1:] {
		if err := p.Watch(s.people[0]); err != nil {
			return err
		}
	}
	return nil
}

// gather brings one publisher and so many who can receive.
func (s *scene) gather(subscribers, every int) error {
	s.people = make([]*crowd.Person, 1+subscribers)
	return together(len(s.people), func(i int) error {
		p, err := s.Crowd.Enter()
		if err != nil {
			return err
		}
		s.people[i] = p
		switch i {
		case 0:
			return p.Publish()
		case 1:
			return p.Subscribe(crowd.Everything)
		default:
			return p.Subscribe(crowd.Diet(every))
		}
	})
}

// crew brings people who publish, and nobody else.
func crew(o subject.Options, publishers int) (*scene, error) {
	s, err := newScene(o)
	if err != nil {
		return nil, err
	}
	for range publishers {
		p, err := s.Crowd.Enter()
		if err == nil {
			err = p.Publish()
		}
		if err != nil {
			s.Close()
			return nil, err
		}
		s.people = append(s.people, p)
	}
	return s, nil
}

// pace is what a publisher sends.
type pace struct {
	burst  int // packets of one frame
	second int // packets in a second, of each publisher
	size   int // bytes of payload
}

// send has everybody with a camera publish for a while, in turns that are
// spread over the interval between two frames.
func send(people []*crowd.Person, p pace, begun time.Time, during time.Duration) {
	var cameras []*crowd.Camera
	for _, one := range people {
		if one.Camera != nil {
			cameras = append(cameras, one.Camera)
		}
	}
	between := time.Second * time.Duration(p.burst) / time.Duration(p.second*len(cameras))
	timer := time.NewTimer(0)
	defer timer.Stop()
	start := time.Now()
	// Whose turn it is goes by the clock: it goes on where the last call ended.
	for n := int(start.Sub(begun)/between) + 1; ; n++ {
		due := begun.Add(time.Duration(n) * between)
		if due.Sub(start) >= during {
			return
		}
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			<-timer.C
		}
		cameras[n%len(cameras)].Picture(p.burst, p.size, time.Since(begun))
	}
}

// taken is what a measurement found.
type taken struct {
	forwards uint64
	inbound  uint64 // packets
	used     subject.Usage
	delays   []time.Duration
	sent     uint64
	heard    uint64 // by whoever reads everything
	broken   uint64
	took     time.Duration
}

func (t taken) perForward() float64 { return float64(t.used.CPU) / float64(max(t.forwards, 1)) }
func (t taken) perInbound() float64 { return float64(t.used.CPU) / float64(max(t.inbound, 1)) }

// ease is how long people send before it counts.
const ease = 700 * time.Millisecond

// measure lets people send for a while, and then measures for a while.
func (s *scene) measure(p pace, begun time.Time, during time.Duration) (t taken, err error) {
	send(s.people, p, begun, ease)
	before, err := s.Server.Usage(false)
	if err != nil {
		return t, err
	}
	s.Crowd.Delays.Take()
	sent, heard := s.counts()
	start := time.Now()
	send(s.people, p, begun, during)
	t.took = time.Since(start)
	after, err := s.Server.Usage(false)
	if err != nil {
		return t, err
	}
	t.delays = s.Crowd.Delays.Take()
	t.sent, t.heard = s.counts()
	t.sent, t.heard = t.sent-sent, t.heard-heard
	for _, one := range s.people {
		if one.Screen != nil {
			t.broken += one.Screen.Broken()
		}
	}
	t.used = minus(after, before)
	t.forwards, t.inbound = t.used.Counts.Sealed, t.used.Counts.Opened
	return t, nil
}

func (s *scene) counts() (sent, heard uint64) {
	for i, p := range s.people {
		if p.Camera != nil {
			sent += p.Camera.Sent()
		}
		if i == 1 && p.Screen != nil {
			heard = p.Screen.Taken()
		}
	}
	return sent, heard
}

// patience is how long it may take until everybody sees something.
const patience = 20 * time.Second

// await waits until so many slots show something, while people send.
func (s *scene) await(p pace, begun time.Time, slots int) error {
	var shown, lost int
	for end := time.Now().Add(patience); time.Now().Before(end); {
		send(s.people, p, begun, 250*time.Millisecond)
		u, err := s.Server.Usage(false)
		if err != nil {
			return err
		}
		if u.Shown >= slots {
			return nil
		}
		shown, lost = u.Shown, u.Lost
	}
	return fmt.Errorf("%w: %d of %d slots show something, %d connections were lost", errSilence, shown, slots, lost)
}

// minus is what was used in between.
func minus(after, before subject.Usage) subject.Usage {
	u := after
	u.CPU -= before.CPU
	u.Switches -= before.Switches
	u.Mallocs -= before.Mallocs
	u.Bytes -= before.Bytes
	u.Counts.Received -= before.Counts.Received
	u.Counts.Opened -= before.Counts.Opened
	u.Counts.Sealed -= before.Counts.Sealed
	u.Counts.Sends -= before.Counts.Sends
	u.Counts.Unsent -= before.Counts.Unsent
	u.Counts.Unknown -= before.Counts.Unknown
	u.Counts.Malformed -= before.Counts.Malformed
	u.Counts.Forged -= before.Counts.Forged
	return u
}

// median is the one in the middle.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
