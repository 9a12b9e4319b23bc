package viapion

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/description"
	"paravent/sfu/guard"
	"paravent/sfu/transport"
)

// payloadTypes are the codecs of a connection by their numbers.
type payloadTypes [128]transport.Codec

// publishing is a connection that a peer sends on.
type publishing struct {
	transport *Transport
	hears     transport.PublishEvents
	events    events
	lane      *lane
	closed    atomic.Bool
	codecs    atomic.Pointer[payloadTypes]
	layers    atomic.Pointer[map[string][]string] // rids by media id; smallest layer first

	// Only for Negotiate and Close.
	pc      *webrtc.PeerConnection // nil until an offer was found acceptable
	offer   *description.Offer     // the last one; nil: none
	readers readers
}

// Publish implements transport.Transport.
func (t *Transport) Publish(hears transport.PublishEvents) (transport.Publishing, error) {
	t.connections.Add(1)
	u := &publishing{transport: t, hears: hears}
	u.lane = &lane{transport: t, broken: u.end}
	u.codecs.Store(&payloadTypes{})
	return u, nil
}

// end notes that the connection is of no more use. It may be called in the
// lane.
func (u *publishing) end() {
	u.closed.Store(true)
	go u.events.end(u.hears.Ended) // what is told may be what panicked
}

// Negotiate implements transport.Publishing. The answer has our addresses in
// it.
func (u *publishing) Negotiate(offer string, quit <-chan struct{}) (string, error) {
	o, err := description.ReadOffer(offer)
	if err != nil {
		return "", err
	}
	if u.offer != nil {
		if err := o.Follows(u.offer); err != nil {
			return "", err
		}
	}
	u.offer = o
	if u.pc == nil {
		if err := u.connect(); err != nil {
			return "", err
		}
	}
	var told []transport.Section
	layers := map[string][]string{}
	for _, s := range o.Sections {
		if s.Sends {
			told = append(told, transport.Section{Mid: s.Mid, Video: s.Video})
			layers[s.Mid] = s.Layers
		}
	}
	u.layers.Store(&layers)
	u.events.tell(func() { u.hears.Sections(told) })
	answer := ""
	err = guard.Do(func() error {
		err := u.pc.SetRemoteDescription(webrtc.SessionDescription{
			Type: webrtc.SDPTypeOffer, SDP: withoutCandidates(offer),
		})
		if err != nil {
			return err
		}
		a, err := u.pc.CreateAnswer(nil)
		if err != nil {
			return err
		}
		u.codecs.Store(readTypes(a.SDP))
		answer, err = describeLocally(u.pc, a, quit)
		return err
	})
	return withOpusFormat(answer), err
}

func (u *publishing) connect() error {
	pc, err := u.transport.engine.connect(u.transport.engine.publish, u.end, nil)
	if err != nil {
		return err
	}
	u.pc = pc
	follow(pc, func() { u.events.tell(u.hears.Connected) }, u.end)
	pc.OnTrack(func(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
		u.begin(remote, receiver)
	})
	return nil
}

// Close implements transport.Publishing.
func (u *publishing) Close() {
	u.closed.Store(true)
	u.events.close()
	u.transport.bury(func() error {
		if u.pc == nil {
			return nil
		}
		err := u.pc.Close()
		u.readers.close()
		return err
	})
}

// begin reads a stream, if it is one of a section.
func (u *publishing) begin(remote *webrtc.TrackRemote, receiver *webrtc.RTPReceiver) {
	transceiver := receiver.RTPTransceiver()
	if transceiver == nil {
		return
	}
	mid, layer := transceiver.Mid(), 0
	if rid := remote.RID(); rid != "" {
		if all := u.layers.Load(); all != nil {
			layer = slices.Index((*all)[mid], rid)
		}
	}
	if layer < 0 {
		return
	}
	u.readers.start(func() { u.hear(receiver, remote.RID()) })
	if !u.readers.open() {
		return
	}
	defer u.readers.done()
	defer guard.End(u.end)
	u.read(remote, transport.StreamInfo{
		Mid: mid, Layer: layer, SSRC: uint32(remote.SSRC()), Lane: u.lane, KeyFrame: u.keyFrame(remote),
	}, number(receiver, dependencyURI))
}

// keyFrame asks for key frames of one stream.
func (u *publishing) keyFrame(remote *webrtc.TrackRemote) func() {
	pc := u.pc
	return func() {
		if u.closed.Load() {
			return
		}
		// A dead connection is noticed elsewhere.
		_ = pc.WriteRTCP([]rtcp.Packet{&rtcp.PictureLossIndication{MediaSSRC: uint32(remote.SSRC())}})
	}
}

// read hands over one incoming stream until it ends.
func (u *publishing) read(remote *webrtc.TrackRemote, info transport.StreamInfo, dependency uint8) {
	var stream transport.Stream
	defer func() {
		if stream != nil {
			u.lane.enter(stream.End)
		}
	}()
	buffer := make([]byte, receiveSize)
	burst := make([]transport.Packet, 1)
	for {
		n, _, err := remote.Read(buffer)
		if errors.Is(err, webrtc.ErrCodecNotFound) {
			u.transport.unknown.Add(1)
			continue // a payload type that was not negotiated
		}
		if err != nil || u.closed.Load() {
			return
		}
		if !u.open(&burst[0], buffer[:n], dependency) {
			continue
		}
		u.lane.enter(func() {
			if stream == nil {
				stream = u.announce(info)
			}
			if stream != nil && !u.closed.Load() {
				u.transport.opened.Add(1)
				stream.Receive(burst)
			}
		})
		if stream == nil {
			u.transport.unknown.Add(1)
		}
	}
}

// open reads a packet. It is false for what is nothing to anybody.
func (u *publishing) open(to *transport.Packet, b []byte, dependency uint8) bool {
	var p rtp.Packet
	if p.Unmarshal(b) != nil {
		u.transport.malformed.Add(1)
		return false
	}
	codec := u.codecs.Load()[p.PayloadType]
	if codec == transport.NoCodec {
		u.transport.unknown.Add(1)
		return false // early packets may carry a payload type of 0; none carry media
	}
	*to = transport.Packet{
		Seq: p.SequenceNumber, Marker: p.Marker, Codec: codec, Timestamp: p.Timestamp, Payload: p.Payload,
		At: u.transport.Now(),
	}
	if dependency != 0 {
		to.Dependency = p.GetExtension(dependency)
	}
	return true
}

// announce must be called in the lane.
func (u *publishing) announce(info transport.StreamInfo) (s transport.Stream) {
	u.events.tell(func() { s = u.hears.Stream(info) })
	return s
}

// hear reads a publisher's sender reports, which the interceptors need to
// answer, until the stream ends.
func (u *publishing) hear(receiver *webrtc.RTPReceiver, rid string) {
	defer guard.End(u.end)
	buffer := make([]byte, receiveSize)
	for {
		var err error
		if rid == "" {
			_, _, err = receiver.Read(buffer)
		} else {
			_, _, err = receiver.ReadSimulcast(buffer, rid)
		}
		if err != nil {
			return
		}
	}
}

// number is what a header extension was given on a stream; 0: it is not used.
func number(receiver *webrtc.RTPReceiver, uri string) uint8 {
	for _, e := range receiver.GetParameters().HeaderExtensions {
		if e.URI == uri {
			return uint8(e.ID)
		}
	}
	return 0
}

// readTypes lists the payload types of an answer.
func readTypes(answer string) *payloadTypes {
	all, kind := &payloadTypes{}, ""
	for line := range strings.Lines(answer) {
		if m, ok := strings.CutPrefix(line, "m="); ok {
			kind, _, _ = strings.Cut(m, " ")
		}
		rest, ok := strings.CutPrefix(line, "a=rtpmap:")
		number, name, _ := strings.Cut(rest, " ")
		name, _, _ = strings.Cut(name, "/")
		n, err := strconv.ParseUint(number, 10, 7)
		if ok && err == nil {
			all[n] = codecOf(kind + "/" + name)
		}
	}
	return all
}

// follow tells of the two states of a connection that matter.
func follow(pc *webrtc.PeerConnection, connected, end func()) {
	pc.OnConnectionStateChange(func(now webrtc.PeerConnectionState) {
		defer guard.End(end)
		switch now {
		case webrtc.PeerConnectionStateConnected:
			connected()
		case webrtc.PeerConnectionStateFailed, webrtc.PeerConnectionStateClosed:
			end()
		case webrtc.PeerConnectionStateUnknown, webrtc.PeerConnectionStateNew,
			webrtc.PeerConnectionStateConnecting, webrtc.PeerConnectionStateDisconnected:
		}
	})
}

// describeLocally sets a local description and returns it with all addresses.
func describeLocally(pc *webrtc.PeerConnection, d webrtc.SessionDescription, quit <-chan struct{}) (string, error) {
	gathered := webrtc.GatheringCompletePromise(pc)
	if err := pc.SetLocalDescription(d); err != nil {
		return "", err
	}
	patience := time.NewTimer(gatherTime)
	defer patience.Stop()
	select {
	case <-gathered:
		return pc.LocalDescription().SDP, nil
	case <-patience.C:
	case <-quit:
	}
	return "", errGather
}

var errGather = errors.New("viapion: want our own addresses in time")
