package bot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
	"github.com/pion/webrtc/v4"

	"paravent/e2ee/sframe"
	"paravent/signaling/wire"
)

// publisher is the connection on which a person sends.
type publisher struct {
	media   *media
	answers chan string

	mu     sync.Mutex // one negotiation at a time; guards what follows
	pc     *webrtc.PeerConnection
	tracks []*Track
	closed bool
}

// Track is something this person sends. Its methods are safe for concurrent
// use; the frames of one track are sent in the order of the calls.
type Track struct {
	Source Source

	media  *media
	wanted chan struct{} // a key frame is asked for

	mu         sync.Mutex // guards what follows
	local      *webrtc.TrackLocalStaticRTP
	packetizer rtp.Packetizer
	mid        atomic.Pointer[string]
	stopped    bool
}

// Publish opens a track for frames of a source, with Opus for sound and VP8
// for pictures, and tells the others of it. The track is there until Stop, or
// until a moderator stops it (event Stopped). It returns ErrCodec for another
// codec, ErrViewer for people who only receive, ErrMedia when there is no
// connection to be had, and the track that there is, when there is one.
func (p *Person) Publish(ctx context.Context, source Source, codec Codec) (*Track, error) {
	if source >= sources || source.Sound() != (codec == Opus) || (codec != Opus && codec != VP8) {
		return nil, ErrCodec
	}
	if p.viewer {
		return nil, ErrViewer
	}
	t, err := p.media.up.add(ctx, source)
	if err != nil {
		return nil, err
	}
	p.media.announce()
	return t, nil
}

// add makes a track part of the connection, which it opens if need be.
func (u *publisher) add(ctx context.Context, source Source) (*Track, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return nil, u.media.person.Err()
	}
	if i := slices.IndexFunc(u.tracks, func(t *Track) bool { return t.Source == source }); i >= 0 {
		return u.tracks[i], nil
	}
	t := &Track{Source: source, media: u.media, wanted: make(chan struct{}, 1)}
	restart := u.pc == nil
	if err := u.open(); err != nil {
		return nil, err
	}
	sender, err := u.attach(t)
	if err != nil {
		return nil, err
	}
	u.tracks = append(u.tracks, t)
	if err := u.negotiate(ctx, restart); err != nil {
		u.drop(t)
		return nil, err
	}
	go t.listen(sender)
	return t, nil
}

func (u *publisher) open() error {
	if u.pc != nil {
		return nil
	}
	pc, err := newConnection(true)
	if err != nil {
		return errors.Join(ErrMedia, err)
	}
	u.pc = pc
	return nil
}

// attach gives the track a place in the connection.
func (u *publisher) attach(t *Track) (*webrtc.RTPSender, error) {
	local, err := webrtc.NewTrackLocalStaticRTP(capabilityOf(t.Source), t.Source.String(), "stream")
	if err != nil {
		return nil, errors.Join(ErrMedia, err)
	}
	transceiver, err := u.pc.AddTransceiverFromTrack(local, webrtc.RTPTransceiverInit{Direction: webrtc.RTPTransceiverDirectionSendonly})
	if err != nil {
		return nil, errors.Join(ErrMedia, err)
	}
	var payloader rtp.Payloader = &codecs.OpusPayloader{}
	if !t.Source.Sound() {
		payloader = &codecs.VP8Payloader{EnablePictureID: true}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.local = local
	t.packetizer = rtp.NewPacketizer(packetSize, 0, 0, payloader, rtp.NewRandomSequencer(), sourceClock(t.Source))
	return transceiver.Sender(), nil
}

// negotiate makes an offer and waits until the connection is there.
func (u *publisher) negotiate(ctx context.Context, restart bool) error {
	connected := make(chan struct{})
	var once sync.Once
	u.pc.OnConnectionStateChange(func(s webrtc.PeerConnectionState) {
		if s == webrtc.PeerConnectionStateConnected {
			once.Do(func() { close(connected) })
		}
	})
	if u.pc.ConnectionState() == webrtc.PeerConnectionStateConnected {
		once.Do(func() { close(connected) })
	}
	drain(u.answers)
	offer, err := u.pc.CreateOffer(nil)
	if err != nil {
		return errors.Join(ErrMedia, err)
	}
	if err := u.pc.SetLocalDescription(offer); err != nil {
		return errors.Join(ErrMedia, err)
	}
	u.media.say(&wire.Publish{SDP: withoutCandidates(offer.SDP), Restart: restart})
	answer, err := u.media.take(ctx, u.answers)
	if err != nil {
		return err
	}
	if answer == "" {
		return ErrMedia
	}
	if err := u.pc.SetRemoteDescription(webrtc.SessionDescription{Type: webrtc.SDPTypeAnswer, SDP: answer}); err != nil {
		return errors.Join(ErrMedia, err)
	}
	for _, t := range u.pc.GetTransceivers() {
		for _, track := range u.tracks {
			track.mu.Lock()
			mid := t.Mid()
			if t.Sender() != nil && t.Sender().Track() == webrtc.TrackLocal(track.local) {
				track.mid.Store(&mid)
			}
			track.mu.Unlock()
		}
	}
	return u.await(ctx, connected)
}

func (u *publisher) await(ctx context.Context, connected <-chan struct{}) error {
	patience := time.NewTimer(connectTime)
	defer patience.Stop()
	select {
	case <-connected:
		return nil
	case <-patience.C:
		return ErrMedia
	case <-ctx.Done():
		return ctx.Err()
	case <-u.media.person.done:
		return u.media.person.Err()
	}
}

// drop forgets a track, and with it a connection that could not be made.
func (u *publisher) drop(t *Track) {
	u.tracks = slices.DeleteFunc(u.tracks, func(x *Track) bool { return x == t })
	if len(u.tracks) == 0 && u.pc != nil {
		pc := u.pc
		u.pc = nil
		go func() { _ = pc.Close() }()
	}
}

// lost makes the connection anew with the tracks that there are. Called when
// the server says that it has ended.
func (u *publisher) lost() {
	deliver(u.answers, "") // whoever negotiates waits in vain
	go func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		if u.closed || u.pc == nil {
			return
		}
		old := u.pc
		u.pc = nil
		go func() { _ = old.Close() }()
		if u.renew() != nil {
			for _, t := range slices.Clone(u.tracks) {
				t.end()
				u.drop(t)
			}
		}
		u.media.announce()
	}()
}

// revive makes the connection anew if it has ended meanwhile.
func (u *publisher) revive() {
	go func() {
		u.mu.Lock()
		dead := u.pc != nil && u.pc.ConnectionState() != webrtc.PeerConnectionStateConnected
		u.mu.Unlock()
		if dead {
			u.lost()
		}
	}()
}

func (u *publisher) renew() error {
	if err := u.open(); err != nil {
		return err
	}
	senders := map[*Track]*webrtc.RTPSender{}
	for _, t := range u.tracks {
		sender, err := u.attach(t)
		if err != nil {
			return err
		}
		senders[t] = sender
	}
	ctx, cancel := u.media.person.during(connectTime)
	defer cancel()
	if err := u.negotiate(ctx, true); err != nil {
		return err
	}
	for t, sender := range senders {
		go t.listen(sender)
	}
	return nil
}

func (u *publisher) close() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.closed = true
	for _, t := range u.tracks {
		t.end()
	}
	u.tracks = nil
	if u.pc != nil {
		_ = u.pc.Close()
		u.pc = nil
	}
}

// stop ends the track of a source, if there is one.
func (u *publisher) stop(source Source) {
	u.mu.Lock()
	i := slices.IndexFunc(u.tracks, func(t *Track) bool { return t.Source == source })
	var t *Track
	if i >= 0 {
		t = u.tracks[i]
		u.tracks = slices.Delete(u.tracks, i, i+1)
	}
	pc := u.pc
	u.mu.Unlock()
	if t == nil {
		return
	}
	sender := t.end()
	for _, transceiver := range pc.GetTransceivers() {
		if transceiver.Sender() != nil && sender != nil && transceiver.Sender().Track() == webrtc.TrackLocal(sender) {
			_ = transceiver.Sender().ReplaceTrack(nil)
		}
	}
	u.media.announce()
}

// mids returns the media ids of the tracks by source, empty while off.
func (u *publisher) mids() (all [sources]string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for _, t := range u.tracks {
		if mid := t.mid.Load(); mid != nil {
			all[t.Source] = *mid
		}
	}
	return all
}

// announce tells the others which tracks there are.
func (m *media) announce() {
	mids := m.up.mids()
	m.person.post(func() { m.person.setMedia(mids) })
}

// Stop ends the track. The others are told that the source is off.
func (t *Track) Stop() { t.media.up.stop(t.Source) }

// end makes further writes fail.
func (t *Track) end() *webrtc.TrackLocalStaticRTP {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stopped = true
	return t.local
}

// KeyFrames returns a channel on which something arrives when somebody needs a
// key frame: the next picture should be one. Requests that nobody reads become
// one.
func (t *Track) KeyFrames() <-chan struct{} { return t.wanted }

func (t *Track) listen(sender *webrtc.RTPSender) {
	for {
		packets, _, err := sender.ReadRTCP()
		if err != nil {
			return
		}
		for _, packet := range packets {
			switch packet.(type) {
			case *rtcp.PictureLossIndication, *rtcp.FullIntraRequest:
				t.want()
			}
		}
	}
}

// want asks the writer for a key frame.
func (t *Track) want() {
	select {
	case t.wanted <- struct{}{}:
	default:
	}
}

// Write seals a frame and sends it. It returns ErrNoKeys while there is no
// group to seal for, ErrStopped when the track has ended, ErrForbidden while
// the rules of the room do not let this person send the source (a silenced
// person its sound, anybody anything before comparing the safety code where
// the room wants that), and sframe.ErrMalformed for what is not a frame of the
// codec. Then nothing has been sent; there is no way to send it in clear.
func (t *Track) Write(f Frame) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		return ErrStopped
	}
	if !t.media.person.maySend(t.Source) {
		return ErrForbidden
	}
	codec, duration := VP8, 33*time.Millisecond
	if t.Source.Sound() {
		codec, duration = Opus, 20*time.Millisecond
	}
	if f.Duration > 0 {
		duration = f.Duration
	}
	sealed, err := t.media.ring.seal(t.Source, &sframe.Frame{Codec: codec, Key: f.Key, Data: f.Data, Level: f.Level, Voice: f.Voice})
	if err != nil {
		return err
	}
	samples := uint32(duration.Seconds() * float64(sourceClock(t.Source)))
	for _, packet := range t.packetizer.Packetize(sealed, samples) {
		if t.local.WriteRTP(packet) != nil {
			return ErrMedia
		}
	}
	return nil
}
