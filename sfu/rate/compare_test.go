package rate

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/pion/interceptor"
	"github.com/pion/interceptor/pkg/gcc"
	"github.com/pion/rtcp"
	"github.com/pion/rtp"
)

// theirs is the estimator of pion/interceptor, which has a clock of its own.
type theirs struct {
	t      *testing.T
	gcc    *gcc.SendSideBWE
	writer interceptor.RTPWriter
}

func newTheirs(t *testing.T) *theirs {
	t.Helper()
	e, err := gcc.NewSendSideBWE(gcc.SendSideBWEInitialBitrate(startRate), gcc.SendSideBWEPacer(gcc.NewNoOpPacer()))
	if err != nil {
		t.Fatal(err)
	}
	info := &interceptor.StreamInfo{SSRC: 1, RTPHeaderExtensions: []interceptor.RTPHeaderExtension{{
		URI: "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01", ID: 5,
	}}}
	nowhere := interceptor.RTPWriterFunc(func(*rtp.Header, []byte, interceptor.Attributes) (int, error) { return 0, nil })
	return &theirs{t, e, e.AddStream(info, nowhere)}
}

func (e *theirs) Sent(number uint16, size int, _ time.Duration) {
	b, err := rtp.TransportCCExtension{TransportSequence: number}.Marshal()
	if err != nil {
		e.t.Fatal(err)
	}
	h := rtp.Header{Version: 2, SSRC: 1}
	if err := h.SetExtension(5, b); err != nil {
		e.t.Fatal(err)
	}
	if _, err := e.writer.Write(&h, make([]byte, size-h.MarshalSize()), nil); err != nil {
		e.t.Fatal(err)
	}
}

func (e *theirs) Feedback(b []byte, _ time.Duration) (changed, ok bool) {
	packets, err := rtcp.Unmarshal(b)
	if err != nil {
		e.t.Fatal(err)
	}
	return true, e.gcc.WriteRTCP(packets, nil) == nil
}

func (e *theirs) Tick(time.Duration) bool { return true }
func (e *theirs) Want(int)                {}
func (e *theirs) Rate() int               { return e.gcc.GetTargetBitrate() }
func (e *theirs) Probe(now time.Duration) (bytes int, next time.Duration) {
	return 0, now + probePoll
}

// outcome is what a scenario came to.
type outcome struct {
	below, drained, back since
	rate, queue          mean
}

// compared runs a link with one flow of either estimator, and looks at a
// change of its rate at 20 and at 40 seconds.
func compared(f *flow, l *link, s *layered) (o outcome) {
	for now := time.Duration(0); now < 60*sec; now += step {
		time.Sleep(step) // of the bubble: the others do what they have to
		synctest.Wait()
		run(l, now, now+step, nil, f)
		if now%(100*step) != 0 {
			continue
		}
		o.queue.add(ms(l.waits(now)))
		switch {
		case now > 10*sec && now < 20*sec:
			o.rate.add(float64(f.estimator.Rate()) / 1000)
		case now > 20*sec && now < 40*sec:
			if o.below.at == 0 {
				o.below.look(now-20*sec, f.estimator.Rate() < 500_000)
			}
			if o.drained.at == 0 && now > 20500*step {
				o.drained.look(now-20*sec, l.waits(now) < 50*time.Millisecond)
			}
		case now > 40*sec && s != nil:
			o.back.look(now-40*sec, s.tracks[0].Shown == 2)
		}
	}
	return o
}

// The table stands beside the figures of others; nothing in it is demanded.
func TestComparedWithPion(t *testing.T) {
	t.Log("rate in kbit/s from 10 to 20 s | below 500 kbit/s and queue gone after the link falls to that | largest layer again after it is back | queue in ms, mean and most | padding")
	for _, c := range []struct {
		name   string
		greedy bool
		spoil  func(l *link)
	}{
		{"layers", false, func(*link) {}},
		{"greedy", true, func(*link) {}},
		{"layers, 5 % loss", false, func(l *link) { l.loss = 0.05 }},
	} {
		for _, name := range []string{"ours", "pion"} {
			synctest.Test(t, func(t *testing.T) {
				l := newLink(0, 25*time.Millisecond)
				l.rate = func(now time.Duration) int {
					if now >= 20*sec && now < 40*sec {
						return 500_000
					}
					return 2_000_000
				}
				c.spoil(l)
				var s *layered
				f := newFlow(l, &greedy{10_000_000})
				if !c.greedy {
					s = newLayered(1)
					f.source = s
				}
				if name == "pion" {
					e := newTheirs(t)
					f.estimator = e
					defer e.gcc.Close() //nolint:errcheck // nothing depends on it
				}
				o := compared(f, l, s)
				t.Logf("%-23s %s | %4.0f (%4.0f to %4.0f) | %5v %5v | %5v | %3.0f %4.0f | %d kB", c.name, name,
					o.rate.of(), o.rate.low, o.rate.high, o.below.at, o.drained.at, o.back.at, o.queue.of(), o.queue.high, f.padding/1000)
			})
		}
	}
}
