package engine

import (
	"bytes"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/transport"
)

// lossy loses every seventh packet on its way to a publish connection, but what
// is sent again.
type lossy struct {
	*inbound
	count, lost int
}

func (l *lossy) receive(burst []arrived, at time.Duration) {
	kept := burst[:0]
	for _, a := range burst {
		l.count++
		o := l.origins[binary.BigEndian.Uint32(a.bytes[8:])]
		if l.count%7 == 0 && (o == nil || !o.repair) {
			l.lost++
			continue
		}
		kept = append(kept, a)
	}
	if len(kept) > 0 {
		l.inbound.receive(kept, at)
	}
}

// repeater forwards a stream to one slot, forgets every eleventh packet, and
// sends again what is missed.
type repeater struct {
	*watcher
	lane   transport.Lane
	w      transport.Writer
	seen   map[uint16]bool
	kept   map[uint16][]byte // payloads, by number
	times  map[uint16]uint32
	next   uint64 // of repair
	high   uint64
	report time.Duration
	repair atomic.Int32  // packets that were sent again
	wholly chan struct{} // closed once enough packets in a row came from the publisher
	once   sync.Once
}

func (r *repeater) Receive(burst []transport.Packet) {
	info := r.s.Slot(0)
	for _, p := range burst {
		if len(p.Payload) == 0 {
			continue
		}
		r.seen[p.Seq] = true
		r.kept[p.Seq], r.times[p.Seq] = bytes.Clone(p.Payload), p.Timestamp
		index := r.high + uint64(int64(int16(p.Seq-uint16(r.high))))
		r.high = max(r.high, index)
		if p.Seq%11 != 0 {
			r.w.Write(&transport.Outgoing{
				SSRC: info.SSRC, Index: index, Format: info.Types[p.Codec].Media,
				Marker: p.Marker, Timestamp: p.Timestamp, Payload: p.Payload,
			})
		}
		if p.At-r.report > 100*time.Millisecond {
			r.report = p.At
			r.w.Report(transport.SenderReport{SSRC: info.SSRC, At: p.At, Timestamp: p.Timestamp})
		}
	}
	if unbroken(r.seen, burst[0].Seq) {
		r.once.Do(func() { close(r.wholly) })
	}
}

// unbroken says whether a number and those around it came, so many in a row
// that many of them must have been lost at first.
func unbroken(came map[uint16]bool, seq uint16) bool {
	count := 0
	for n := seq; came[n] && count < 300; n-- {
		count++
	}
	for n := seq + 1; came[n] && count < 300; n++ {
		count++
	}
	return count == 300
}

func (*repeater) End() {}

func (r *repeater) Missing(slot int, seqs []uint16) {
	info := r.s.Slot(slot)
	for _, seq := range seqs {
		payload, ok := r.kept[seq]
		if !ok {
			continue
		}
		r.next++
		r.repair.Add(1)
		r.w.Write(&transport.Outgoing{
			SSRC: info.RTX, Index: r.next, Format: info.Types[transport.VP8].RTX,
			Timestamp: r.times[seq], Original: seq, Repeat: true, Payload: payload,
		})
	}
}

// What is lost on the way to us, and on the way from us, comes again, with
// clients that report like browsers; and both sides learn of the round trip.
func TestLossIsRepaired(t *testing.T) {
	begun := time.Now()
	e := start(t, setting{lanes: 1})
	r := &repeater{
		watcher: newWatcher(t), seen: map[uint16]bool{}, kept: map[uint16][]byte{}, times: map[uint16]uint32{},
		wholly: make(chan struct{}),
	}
	var err error
	if r.s, err = e.Subscribe(1, 0, r); err != nil {
		t.Fatal(err)
	}
	offer, _, err := r.s.Offer(nil)
	if err != nil {
		t.Fatal(err)
	}
	viewer := client{reports: true}.connection(t)
	arrived := make(chan struct{})
	viewer.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		go func() {
			for {
				if _, _, err := receiver.ReadRTCP(); err != nil {
					return
				}
			}
		}()
		got, done := map[uint16]bool{}, false
		for {
			p, _, err := remote.ReadRTP()
			if err != nil {
				return
			}
			got[p.SequenceNumber] = true
			if !bytes.Equal(p.Payload, load('v', binary.BigEndian.Uint32(p.Payload[2:]))) {
				t.Error("a packet arrived that nobody sent")
				return
			}
			if !done && unbroken(got, p.SequenceNumber) {
				done = true
				close(arrived)
			}
		}
	})
	if err := viewer.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeOffer, SDP: offer}); err != nil {
		t.Fatal(err)
	}
	answer, err := viewer.CreateAnswer(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err = r.s.Answer(withoutCandidates(answer.SDP)); err != nil {
		t.Fatal(err)
	}
	if err = viewer.SetLocalDescription(answer); err != nil {
		t.Fatal(err)
	}
	wait(t, "subscribe connection", r.connected.c)

	s := newSource(t, func(info transport.StreamInfo) transport.Stream {
		r.lane, r.w, r.high = info.Lane, r.s.Writer(info.Lane), 1<<16
		return r
	})
	if s.p, err = e.Publish(s); err != nil {
		t.Fatal(err)
	}
	c := s.p.(*publishing).c
	loss := &lossy{inbound: c.media.(*inbound)}
	c.media = loss
	picture := track(t, webrtc.MimeTypeVP8, "picture")
	publisher := client{reports: true}.connection(t)
	if _, err = publisher.AddTrack(picture); err != nil {
		t.Fatal(err)
	}
	negotiate(t, publisher, s)
	wait(t, "publish connection", s.connected.c)
	go send(t.Context(), picture, 'v')

	told := make(chan struct{})
	go func() {
		var trip, asked, done bool
		for { // pion answers what is read
			packets, _, err := publisher.GetSenders()[0].ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				switch p := p.(type) {
				case *rtcp.TransportLayerNack:
					asked = true
				case *rtcp.ReceiverReport:
					for _, block := range p.Reports {
						trip = trip || block.LastSenderReport != 0 && block.FractionLost > 10 && block.FractionLost < 90
					}
				}
			}
			if asked && trip && !done {
				done = true
				close(told)
			}
		}
	}()
	wait(t, "unbroken stream from the publisher", r.wholly)
	wait(t, "unbroken stream at the viewer", arrived)
	wait(t, "report to the publisher", told)
	until := time.Now().Add(atMost)
	for r.s.RoundTrip() == 0 && time.Now().Before(until) {
		<-time.After(10 * time.Millisecond)
	}
	if trip := r.s.RoundTrip(); trip <= 0 || trip > time.Since(begun) { // however long the machine stood still
		t.Errorf("round trip %v", trip)
	}
	done := make(chan time.Duration, 1)
	r.lane.Do(func() { done <- r.s.(*subscribing).out.estimator.RoundTrip() })
	if trip := wait(t, "round trip", done); trip <= 0 || trip > time.Since(begun) {
		t.Errorf("round trip by arrivals %v", trip)
	}
	if r.repair.Load() == 0 {
		t.Error("nothing was sent again")
	}
}
