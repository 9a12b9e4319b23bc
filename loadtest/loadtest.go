// Package loadtest finds out what a machine can hold: how many people in one
// room, and how many rooms. The media half of a server runs in a process of its
// own, and people who are not there meet on it over loopback: more and more,
// until a limit is passed.
package loadtest

import (
	"fmt"
	"io"
	"runtime"
	"time"

	"paravent/loadtest/subject"
)

// Options say what is measured.
type Options struct {
	Transport string
	Seconds   int // that all of it may take, about
}

// The limits. A server that is at one of them still works.
const (
	mostCPU   = 0.75 // of the cores, for the media half of the server
	mostBusy  = 0.92 // of the cores, for the server and this test together
	mostLoss  = 0.005
	mostDelay = 50 * time.Millisecond // of all packets but one in a hundred, within the machine

	slots      = 24 // pictures that one person sees: what 25 tiles show
	microphone = 16 // voices that one person hears
	sample     = 64 // one packet in so many is read by who receives it
)

// plan is one thing that is found out.
type plan struct {
	name     string
	size     int // people in a room; 0: all in one
	packets  int // of one frame
	bytes    int // of payload, each
	speakers int // who are heard in one room: the others are muted
}

// plans are what people see and send: a picture of 25 frames a second, and 50
// packets of sound.
func plans() []plan {
	return []plan{
		{name: "rooms of 3, pictures of 1 Mbit/s", size: 3, packets: 5, bytes: 1000, speakers: 3},
		{name: "rooms of 10, pictures of 0.4 Mbit/s", size: 10, packets: 2, bytes: 1000, speakers: 10},
		{name: "one room, pictures of 0.15 Mbit/s, of which everybody sees 24", packets: 1, bytes: 750, speakers: 4},
	}
}

// cores is how many the server may use, and this test.
func cores() float64 { return float64(runtime.GOMAXPROCS(0)) }

// Run measures and says what came out. Arguments are what brings this program,
// started again with subject.Variable in its environment, to subject.Run.
func Run(o Options, out io.Writer, arguments ...string) error {
	all := plans()
	fmt.Fprintf(out, "%.0f cores, transport %s, about %d s. The server and the people who are not there share the machine.\n",
		cores(), o.Transport, o.Seconds)
	for _, p := range all {
		if err := p.try(o, time.Duration(o.Seconds)*time.Second/time.Duration(len(all)), out, arguments); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "Limits: the server uses %.0f %% of the cores; %.1f %% of the packets are lost; one packet in a hundred takes more than %d ms.\n",
		mostCPU*100, mostLoss*100, mostDelay.Milliseconds())
	return nil
}

// level is what was measured with so many people.
type level struct {
	people int
	cpu    float64 // share of the cores that the server used
	busy   float64 // that it and this test used
	loss   float64
	delay  time.Duration
	late   bool // this test did not send in time
}

// limit names what was passed; empty: nothing.
func (l level) limit() string {
	switch {
	case l.cpu > mostCPU:
		return "CPU"
	case l.busy > mostBusy:
		return "this test"
	case l.late || l.delay > mostDelay && l.busy < mostBusy/2:
		return "something else that uses this machine; run it again alone"
	case l.loss > mostLoss:
		return "loss"
	case l.delay > mostDelay:
		return "delay"
	}
	return ""
}

// try brings more and more people until a limit is passed, or the time is up.
func (p plan) try(o Options, during time.Duration, out io.Writer, arguments []string) error {
	s, err := Open(subject.Options{Transport: o.Transport}, arguments...)
	if err != nil {
		return err
	}
	defer s.Close()
	h := newHall(p, s)
	defer h.close()
	end := time.Now().Add(during)
	var last, passed level
	for people := h.first(); time.Now().Before(end); people = h.next(people, passed) {
		if err := h.fill(people, end); err != nil {
			return err
		}
		if last, err = h.judge(); err != nil {
			return err
		}
		if last.limit() != "" {
			break
		}
		passed = last
	}
	p.tell(out, passed, last)
	return nil
}

// tell prints what came out.
func (p plan) tell(out io.Writer, passed, last level) {
	people, why := passed.people, last.limit()
	if people == 0 {
		fmt.Fprintf(out, "%s: not even %d people. Limit: %s.\n", p.name, last.people, why)
		return
	}
	switch why {
	case "":
		why = "the time for it was up; -seconds gives more"
	case "this test":
		people = int(float64(passed.people) * mostCPU / max(passed.cpu, 0.01))
		if p.size == 0 {
			people = passed.people // the cost of one more is not that of those before
		}
		why = fmt.Sprintf("this test filled the machine at %d people, of which the server took %.0f %%; the rest is calculated", passed.people, passed.cpu*100)
		if p.size == 0 {
			why = fmt.Sprintf("this test filled the machine, of which the server took %.0f %%", passed.cpu*100)
		}
	}
	what := fmt.Sprintf("%d people", people)
	if p.size > 0 {
		what = fmt.Sprintf("%d rooms, %d people", people/p.size, people/p.size*p.size)
	}
	fmt.Fprintf(out, "%s: %s. Limit: %s.\n", p.name, what, why)
	fmt.Fprintf(out, "    with %d people: CPU %.0f %%, loss %.2f %%, delay %.1f ms\n",
		passed.people, passed.cpu*100, passed.loss*100, float64(passed.delay.Microseconds())/1e3)
}
