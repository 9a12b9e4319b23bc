package viapion

import (
	"strconv"
	"sync/atomic"
	"time"

	"github.com/pion/webrtc/v4"

	"paravent/sfu/description"
	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// subscribing is a connection that a peer receives on.
type subscribing struct {
	transport *Transport
	hears     transport.SubscribeEvents
	events    events
	closed    atomic.Bool
	pc        *webrtc.PeerConnection
	slots     []*slot
	streams   atomic.Pointer[map[uint32]*slot] // by SSRC, ours and those of retransmissions
	trip      atomic.Int64                     // round trip, nanoseconds; 0: not known
	rate      atomic.Int64                     // bits per second; 0: not known
	readers   readers
}

var _ transport.Subscribing = (*subscribing)(nil)

// Subscribe implements transport.Transport.
func (t *Transport) Subscribe(video, audio int, hears transport.SubscribeEvents) (transport.Subscribing, error) {
	d := &subscribing{transport: t, hears: hears}
	d.streams.Store(&map[uint32]*slot{})
	estimator, err := newEstimator()
	if err != nil {
		return nil, err
	}
	estimator.OnTargetBitrateChange(d.rated)
	recipe, err := t.engine.subscribe(estimator)
	if err != nil {
		return nil, err
	}
	d.pc, err = t.engine.connect(recipe, d.end, func(report []byte) {
		defer guard.End(d.end)
		estimator.hear(report)
	})
	if err != nil {
		_ = estimator.Close()
		return nil, err
	}
	t.connections.Add(1)
	for i := range video + audio {
		s := &slot{connection: d, number: i, video: i < video, name: "slot" + strconv.Itoa(i)}
		transceiver, err := d.pc.AddTransceiverFromTrack(s,
			webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
		if err != nil {
			t.bury(d.pc.Close)
			return nil, err
		}
		s.sender = transceiver.Sender()
		d.slots = append(d.slots, s)
	}
	follow(d.pc, func() { d.events.tell(d.hears.Connected) }, d.end)
	return d, nil
}

func (d *subscribing) end() {
	d.closed.Store(true)
	go d.events.end(d.hears.Ended) // what is told may be what panicked
}

// rated takes what the estimator says.
func (d *subscribing) rated(bits int) {
	d.rate.Store(int64(bits))
	defer guard.End(d.end)
	d.events.tell(d.hears.Rated)
}

// Offer implements transport.Subscribing. The offer has our addresses in it.
func (d *subscribing) Offer(quit <-chan struct{}) (offer string, mids []string, err error) {
	err = guard.Do(func() error {
		o, err := d.pc.CreateOffer(nil)
		if err != nil {
			return err
		}
		for _, t := range d.pc.GetTransceivers() {
			mids = append(mids, t.Mid())
		}
		offer, err = describeLocally(d.pc, o, quit)
		return err
	})
	return offer, mids, err
}

// Answer implements transport.Subscribing. Pion has offered what the engine
// offers, and so the same answers are accepted.
func (d *subscribing) Answer(answer string) error {
	var slots []description.Slot
	for i, t := range d.pc.GetTransceivers() {
		slots = append(slots, description.Slot{Mid: t.Mid(), Video: d.slots[i].video})
	}
	if _, err := description.ReadAnswer(answer, slots); err != nil {
		return err
	}
	return guard.Do(func() error {
		return d.pc.SetRemoteDescription(webrtc.SessionDescription{
			Type: webrtc.SDPTypeAnswer, SDP: withoutCandidates(answer),
		})
	})
}

// Slot implements transport.Subscribing.
func (d *subscribing) Slot(i int) transport.SlotInfo {
	if b := d.slots[i].bound.Load(); b != nil {
		return b.SlotInfo
	}
	return transport.SlotInfo{}
}

// Writer implements transport.Subscribing. It is the same for all lanes: what
// it needs belongs to the slots, each of which is written in one lane.
func (d *subscribing) Writer(transport.Lane) transport.Writer { return writer{d} }

// RoundTrip implements transport.Subscribing.
func (d *subscribing) RoundTrip() time.Duration { return time.Duration(d.trip.Load()) }

// Rate implements transport.Subscribing.
func (d *subscribing) Rate() int { return int(d.rate.Load()) }

// Want implements transport.Subscribing. Pion's estimator does not probe.
func (d *subscribing) Want(int) {}

// Close implements transport.Subscribing.
func (d *subscribing) Close() {
	d.closed.Store(true)
	d.events.close()
	d.transport.bury(func() error {
		err := d.pc.Close()
		d.readers.close()
		return err
	})
}

// slot is a media section as pion sees it.
type slot struct {
	connection *subscribing
	number     int
	video      bool
	name       string
	sender     *webrtc.RTPSender
	bound      atomic.Pointer[binding] // nil until negotiated
	heard      atomic.Bool             // its reports are read
	scratch    scratch                 // of the lane that writes
}

// binding is what was negotiated for a slot.
type binding struct {
	transport.SlotInfo
	out        webrtc.TrackLocalWriter
	dependency uint8 // number of the header extension; 0: not used
}

var _ webrtc.TrackLocal = (*slot)(nil)

// Bind takes the writer and the numbers that were negotiated.
func (s *slot) Bind(c webrtc.TrackLocalContext) (webrtc.RTPCodecParameters, error) {
	all := c.CodecParameters()
	if len(all) == 0 {
		return webrtc.RTPCodecParameters{}, webrtc.ErrUnsupportedCodec
	}
	b := &binding{out: c.WriteStream()}
	b.SSRC, b.RTX = uint32(c.SSRC()), uint32(c.SSRCRetransmission())
	var byNumber payloadTypes
	for _, p := range all {
		byNumber[p.PayloadType&0x7f] = codecOf(p.MimeType)
		b.Types[codecOf(p.MimeType)].Media = uint8(p.PayloadType)
	}
	for _, p := range all {
		if of, ok := repairs(p.SDPFmtpLine); ok {
			b.Types[byNumber[of&0x7f]].RTX = uint8(p.PayloadType)
		}
	}
	b.Types[transport.NoCodec] = transport.Formats{}
	for _, e := range c.HeaderExtensions() {
		if e.URI == dependencyURI {
			b.dependency, b.Dependency = uint8(e.ID), true
		}
	}
	s.bound.Store(b)
	s.connection.index()
	return all[0], nil
}

// Unbind takes the writer away.
func (s *slot) Unbind(webrtc.TrackLocalContext) error {
	s.bound.Store(nil)
	s.connection.index()
	return nil
}

// index finds the slots by their SSRCs. Pion binds one after another.
func (d *subscribing) index() {
	all := map[uint32]*slot{}
	for _, s := range d.slots {
		if b := s.bound.Load(); b != nil {
			all[b.SSRC] = s
			if b.RTX != 0 {
				all[b.RTX] = s
			}
		}
	}
	d.streams.Store(&all)
}

// ID names the track in the SDP.
func (s *slot) ID() string { return s.name }

// RID is empty: a slot has one layer.
func (s *slot) RID() string { return "" }

// StreamID is the track's own: what slots show does not belong together.
func (s *slot) StreamID() string { return s.name }

// Kind says what the slot can show.
func (s *slot) Kind() webrtc.RTPCodecType {
	if s.video {
		return webrtc.RTPCodecTypeVideo
	}
	return webrtc.RTPCodecTypeAudio
}
