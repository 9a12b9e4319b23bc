package loadtest

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"

	"paravent/loadtest/subject"
)

// The subject is this test, started again.
func TestMain(m *testing.M) {
	if o, ok := os.LookupEnv(subject.Variable); ok {
		if subject.Run(o, os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// People who are not there see and hear each other, with each transport, and
// when they go nothing is left of them.
func TestCrowd(t *testing.T) {
	for _, kind := range []string{"engine", "pion"} {
		t.Run(kind, func(t *testing.T) {
			s, err := Open(subject.Options{Transport: kind})
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			h := newHall(plans()[0], s)
			defer h.close()
			const people = 4 // one of them alone
			if err := h.fill(people, time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			const slots = 3 * 2 * 2 // three people, who see and hear two
			var u subject.Usage
			for end := time.Now().Add(30 * time.Second); u.Shown < slots && time.Now().Before(end); {
				if u, err = s.Server.Usage(false); err != nil {
					t.Fatal(err)
				}
				<-time.After(20 * time.Millisecond)
			}
			l, err := h.measure()
			if err != nil || u.Shown != slots || l.people != people || l.cpu <= 0 {
				t.Error(u.Shown, l, err)
			}
			for i, p := range h.people {
				if i < 3 && p.Screen.Taken() == 0 || p.Screen.Broken() > 0 || p.Camera.Sent() == 0 {
					t.Errorf("person %d: %d packets, %d broken, %d sent", i, p.Screen.Taken(), p.Screen.Broken(), p.Camera.Sent())
				}
			}
			if u, err = s.Server.Usage(true); err != nil || u.Lost > 0 || u.Counts.Forged+u.Counts.Malformed > 0 {
				t.Error(u, err)
			}
			for _, p := range h.people {
				if err := p.Leave(); err != nil {
					t.Error(err)
				}
			}
			for end := time.Now().Add(30 * time.Second); u.Counts.Connections > 0 && time.Now().Before(end); {
				if u, err = s.Server.Usage(false); err != nil {
					t.Fatal(err)
				}
				<-time.After(20 * time.Millisecond)
			}
			if u.Counts.Connections > 0 || u.Shown > 0 {
				t.Errorf("%d connections and %d slots are left", u.Counts.Connections, u.Shown)
			}
		})
	}
}

func TestLimits(t *testing.T) {
	for want, l := range map[string]level{
		"":          {cpu: mostCPU / 2, busy: mostBusy, delay: mostDelay},
		"CPU":       {cpu: 0.8, busy: 1},
		"this test": {cpu: 0.4, busy: 0.95},
		"loss":      {cpu: 0.4, busy: 0.6, loss: 0.01},
		"delay":     {cpu: 0.4, busy: 0.6, delay: 2 * mostDelay},
		"something": {cpu: 0.1, busy: 0.2, delay: 2 * mostDelay},
		"something else that uses this machine; run it again alone": {late: true},
	} {
		if got := l.limit(); !strings.HasPrefix(got, want) || (got == "") != (want == "") {
			t.Errorf("%+v: %q", l, got)
		}
	}
	var out bytes.Buffer
	p := plans()[0]
	p.tell(&out, level{people: 30, cpu: 0.25}, level{people: 60, busy: 1})
	if got := out.String(); !strings.Contains(got, "30 rooms, 90 people") || !strings.Contains(got, "at 30 people") {
		t.Error(got)
	}
	out.Reset()
	p.tell(&out, level{}, level{people: 3, cpu: 1})
	if got := out.String(); !strings.Contains(got, "not even 3 people. Limit: CPU") {
		t.Error(got)
	}
}
