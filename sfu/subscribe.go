package sfu

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/webrtc/v4"
)

// subscribing is the connection that a peer receives on: a fixed set of slots.
type subscribing struct {
	router  *Router
	pc      *webrtc.PeerConnection
	state   state
	end     func() // the connection is of no more use
	slots   []*slot
	senders map[*slot]*webrtc.RTPSender
	heard   map[*slot]bool // those whose reports are read; only for the peer's goroutine
	trip    atomic.Int64   // round trip, nanoseconds; 0: not known
	readers sync.WaitGroup
}

func newSubscribing(p *peer) (*subscribing, error) {
	d := &subscribing{router: p.router, senders: map[*slot]*webrtc.RTPSender{}, heard: map[*slot]bool{}}
	d.end = func() { d.state.end(p.poke) }
	pc, err := p.router.engine.connect(p.router.engine.subscribe, d.end)
	if err != nil {
		return nil, err
	}
	d.pc = pc
	d.state.due, d.state.gone = p.router.now().Add(p.router.connect), &p.gone
	for i := range videoSlots + audioSlots {
		s := newSlot(i < videoSlots, &d.state, p.poke)
		t, err := pc.AddTransceiverFromTrack(&local{slot: s, name: "slot" + strconv.Itoa(i)},
			webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			p.router.bury(pc, func() {})
			return nil, err
		}
		d.slots = append(d.slots, s)
		d.senders[s] = t.Sender()
	}
	d.state.follow(pc, d.begin, p.poke)
	return d, nil
}

// begin asks for what the slots have waited for until there was a connection.
func (d *subscribing) begin() {
	for _, s := range d.slots {
		s.need()
	}
}

// offer makes the one offer of the connection. It has our addresses in it.
func (d *subscribing) offer(quit <-chan struct{}) (string, error) {
	o, err := d.pc.CreateOffer(nil)
	if err != nil {
		return "", err
	}
	for i, t := range d.pc.GetTransceivers() {
		d.slots[i].mid = t.Mid()
	}
	return describeLocally(d.pc, o, quit)
}

func (d *subscribing) answer(answer string) error {
	if err := checkAnswer(answer, len(d.slots)); err != nil {
		return err
	}
	return guard(func() error {
		return d.pc.SetRemoteDescription(webrtc.SessionDescription{
			Type: webrtc.SDPTypeAnswer, SDP: withoutCandidates(answer),
		})
	})
}

func (d *subscribing) slot(mid string) *slot {
	for _, s := range d.slots {
		if s.mid == mid {
			return s
		}
	}
	return nil
}

// report sends one sender report for each slot that shows something.
func (d *subscribing) report(now time.Time) {
	var batch []rtcp.Packet
	send := func() {
		if len(batch) > 0 {
			// A lost report is followed by the next.
			_ = d.pc.WriteRTCP(batch)
			batch = nil
		}
	}
	for _, s := range d.slots {
		if r := s.report(now); r != nil {
			batch = append(batch, r)
		}
		if len(batch) == reportsPerBatch {
			send()
		}
	}
	send()
}

// listen begins to read what the viewer says of a slot, when it is first
// used: most slots never are.
func (d *subscribing) listen(s *slot) {
	if d.heard[s] {
		return
	}
	d.heard[s] = true
	d.readers.Go(func() { d.hear(s, d.senders[s]) })
}

// local is a slot as pion sees it.
type local struct {
	slot *slot
	name string
}

var _ webrtc.TrackLocal = (*local)(nil)

// Bind takes the writer and the numbers that were negotiated.
func (l *local) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	all := c.CodecParameters()
	if len(all) == 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	var byNumber payloadTypes
	var t [codecs]types
	for _, p := range all {
		byNumber[p.PayloadType&0x7f] = codecOf(p.MimeType)
		t[codecOf(p.MimeType)].media = uint8(p.PayloadType)
	}
	for _, p := range all {
		if of, ok := repairs(p.SDPFmtpLine); ok {
			t[byNumber[of&0x7f]].rtx = uint8(p.PayloadType)
		}
	}
	t[noCodec] = types{}
	l.slot.bind(c.WriteStream(), uint32(c.SSRC()), uint32(c.SSRCRetransmission()), t)
	return all[0], nil
}

// Unbind takes the writer away.
func (l *local) Unbind(webrtc.TrackLocalContext) error {
	l.slot.bind(nil, 0, 0, [codecs]types{})
	return nil
}

// ID names the track in the SDP.
func (l *local) ID() string { return l.name }

// RID is empty: a slot has one layer.
func (l *local) RID() string { return "" }

// StreamID is the track's own: what slots show does not belong together.
func (l *local) StreamID() string { return l.name }

// Kind says what the slot can show.
func (l *local) Kind() webrtc.RTPCodecType {
	if l.slot.video {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}
