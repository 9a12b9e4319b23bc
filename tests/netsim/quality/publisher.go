package main

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/sdp/v3"
	"github.com/pion/webrtc/v4"

	"paravent/sfu"
)

const (
	soundTime = 20 * time.Millisecond
	soundSize = 80 // bytes: 32 kbit/s
)

// seat is a peer's end of what the server tells it.
type seat struct {
	answers, offers chan string
	lost            chan sfu.Connection
	wanted          func(mid string, layers int)
	shown           func(slot string, publisher sfu.PeerID)
}

func newSeat() *seat {
	return &seat{
		answers: make(chan string, 1), offers: make(chan string, 1), lost: make(chan sfu.Connection, 8),
		wanted: func(string, int) {}, shown: func(string, sfu.PeerID) {},
	}
}

func (s *seat) Published(answer string)                           { s.answers <- answer }
func (s *seat) Offered(offer string)                              { s.offers <- offer }
func (*seat) Tracks([]sfu.Track)                                  {}
func (s *seat) Shown(slot string, publisher sfu.PeerID, _ string) { s.shown(slot, publisher) }
func (s *seat) Wanted(mid string, layers int)                     { s.wanted(mid, layers) }
func (s *seat) Lost(c sfu.Connection)                             { s.lost <- c }
func (s *seat) await(ctx context.Context, from <-chan string) (string, error) {
	select {
	case text := <-from:
		return text, nil
	case <-s.lost:
		return "", errLost
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

var errLost = errors.New("the server gave a connection up")

// publisher sends a picture in three layers, and sound.
type publisher struct {
	*seat
	house  *house
	id     sfu.PeerID
	clock  clock
	pc     *webrtc.PeerConnection
	layers []*layer
	sound  *webrtc.TrackLocalStaticRTP
	keys   atomic.Int32 // key frames that were asked for
	wants  atomic.Int32 // layers that somebody wants
	mu     sync.Mutex   // guards told
	told   []told
	ended  sync.WaitGroup
	stop   context.CancelFunc
}

// clock counts from the beginning of a run.
type clock struct{ began time.Time }

func (c clock) now() time.Duration { return time.Since(c.began) }

type layer struct {
	*webrtc.TrackLocalStaticRTP
	camera *camera
	seq    uint16
	key    atomic.Bool // one is asked for
	marks  []mark
	off    bool
}

// mark is a header extension that every packet has.
type mark struct {
	id    uint8
	value string
}

// publish makes a publisher who goes to the server by relay.
func publish(ctx context.Context, h *house, id sfu.PeerID, relay netip.AddrPort, c clock, seed uint64) (*publisher, error) {
	p := &publisher{seat: newSeat(), house: h, id: id, clock: c}
	p.wants.Store(int32(len(ladder)))
	p.wanted = func(_ string, layers int) { p.wants.Store(int32(layers)) }
	var err error
	if p.pc, err = newConnection(); err != nil {
		return nil, err
	}
	h.Open(id, p)
	if err := p.tracks(seed); err != nil {
		return nil, err
	}
	connected := make(chan struct{})
	var once sync.Once
	p.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	o, err := p.pc.CreateOffer(nil)
	if err != nil {
		return nil, err
	}
	if err := p.pc.SetLocalDescription(o); err != nil {
		return nil, err
	}
	h.Publish(id, stranger(o.SDP), false)
	answer, err := p.await(ctx, p.answers)
	if err != nil {
		return nil, err
	}
	err = p.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: through(answer, h.address, relay)})
	if err != nil {
		return nil, err
	}
	select {
	case <-connected:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.begin(ctx)
	return p, nil
}

// tracks adds what is sent: first the picture, then the sound.
func (p *publisher) tracks(seed uint64) error {
	for i, l := range ladder {
		t, err := webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeVP8, ClockRate: videoClock},
			"picture", "person", webrtc.WithRTPStreamID(l.rid))
		if err != nil {
			return err
		}
		p.layers = append(p.layers, &layer{TrackLocalStaticRTP: t, camera: newCamera(i, l.rate, seed)})
	}
	transceiver, err := p.pc.AddTransceiverFromTrack(p.layers[0], webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return err
	}
	for _, l := range p.layers[1:] {
		if err := transceiver.Sender().AddEncoding(l); err != nil {
			return err
		}
	}
	p.sound, err = webrtc.NewTrackLocalStaticRTP(webrtc.RTPCodecCapability{MimeType: webrtc.MimeTypeOpus, ClockRate: soundClock, Channels: 2}, "sound", "person")
	if err != nil {
		return err
	}
	_, err = p.pc.AddTransceiverFromTrack(p.sound, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	return err
}

// begin sends until stop is called.
func (p *publisher) begin(ctx context.Context) {
	ctx, p.stop = context.WithCancel(ctx)
	sender := p.pc.GetSenders()[0]
	for _, e := range sender.GetParameters().HeaderExtensions {
		for i, l := range p.layers {
			switch e.URI {
			case sdp.SDESMidURI:
				l.marks = append(l.marks, mark{uint8(e.ID), "0"})
			case sdp.SDESRTPStreamIDURI:
				l.marks = append(l.marks, mark{uint8(e.ID), ladder[i].rid})
			}
		}
	}
	for i, l := range p.layers {
		p.ended.Go(func() { p.asked(sender, ladder[i].rid, l) })
	}
	p.ended.Go(func() { p.hear(p.pc.GetSenders()[1]) })
	p.ended.Go(func() { p.film(ctx) })
	p.ended.Go(func() { p.speak(ctx) })
}

// told is how much of the sound is lost by what the server reports: a browser
// writes in-band FEC by it.
type told struct {
	at   time.Duration
	part float64
}

// hear takes in what is reported of the sound.
func (p *publisher) hear(s *webrtc.RTPSender) {
	ssrc := uint32(s.GetParameters().Encodings[0].SSRC)
	for {
		reports, _, err := s.ReadRTCP()
		if err != nil {
			return
		}
		var blocks []rtcp.ReceptionReport
		for _, r := range reports {
			if r, ok := r.(*rtcp.ReceiverReport); ok {
				blocks = append(blocks, r.Reports...)
			}
		}
		p.mu.Lock()
		for _, b := range blocks {
			if b.SSRC == ssrc {
				p.told = append(p.told, told{p.clock.now(), float64(b.FractionLost) / 256})
			}
		}
		p.mu.Unlock()
	}
}

// asked hears of key frames that are asked for; pion sends again what is.
func (p *publisher) asked(s *webrtc.RTPSender, rid string, l *layer) {
	for {
		reports, _, err := s.ReadSimulcastRTCP(rid)
		if err != nil {
			return
		}
		for _, r := range reports {
			switch r.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				p.keys.Add(1)
				l.key.Store(true)
			}
		}
	}
}

// film sends thirty frames a second in each layer that anybody wants.
func (p *publisher) film(ctx context.Context) {
	every(ctx, frameTime, func(number uint32) {
		now := p.clock.now()
		for i, l := range p.layers {
			if i >= int(p.wants.Load()) {
				l.off = true
				continue
			}
			key := l.key.Swap(false) || l.off
			l.off = false
			p.write(l, l.camera.frame(number, key, now), number)
		}
	})
}

// every calls f again and again, and catches up with what a busy machine kept it
// from.
func every(ctx context.Context, spacing time.Duration, f func(number uint32)) {
	began := time.Now()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for number := uint32(1); ; number++ {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		f(number)
		timer.Reset(max(0, time.Until(began.Add(time.Duration(number)*spacing))))
	}
}

func (p *publisher) write(l *layer, payloads [][]byte, number uint32) {
	for i, b := range payloads {
		packet := &rtp.Packet{Header: rtp.Header{
			Version: 2, Marker: i == len(payloads)-1, SequenceNumber: l.seq, Timestamp: number * (videoClock / frameRate),
		}, Payload: b}
		l.seq++
		for _, m := range l.marks {
			_ = packet.SetExtension(m.id, []byte(m.value))
		}
		_ = l.WriteRTP(packet) // what cannot be sent is lost
	}
}

// speak sends a packet of sound fifty times a second. It says its number and when
// it was sent.
func (p *publisher) speak(ctx context.Context) {
	every(ctx, soundTime, func(number uint32) {
		b := make([]byte, soundSize)
		binary.BigEndian.PutUint32(b, number)
		binary.BigEndian.PutUint64(b[4:], uint64(p.clock.now()))
		_ = p.sound.WriteRTP(&rtp.Packet{Header: rtp.Header{
			Version: 2, SequenceNumber: uint16(number), Timestamp: number * soundClock / 50,
		}, Payload: b})
	})
}

func (p *publisher) close() {
	p.stop()
	_ = p.pc.Close()
	p.house.ClosePeer(p.id)
	p.ended.Wait()
}
