package sfu

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/pion/rtcp"
	"github.com/pion/rtp"
	"github.com/pion/webrtc/v4"

	"paravent/sfu/packet"
	"paravent/sfu/transport"
)

// pump is a synthetic publisher of one track: it writes packets of one codec
// at a steady pace, with a key frame at first and whenever one is asked for.
type pump struct {
	track  *webrtc.TrackLocalStaticRTP
	codec  transport.Codec
	mark   byte // in each payload
	plis   chan struct{}
	stop   chan struct{}
	done   chan struct{}
	mute   bool // ignores requests and sends no key frame but the first
	silent bool // sends no key frame at all
	every  int  // frames from one key frame to the next that nobody asked for; 0: none
	seq    uint16
	ts     uint32
	pic    uint16
}

func newTrack(t testing.TB, mime string) *webrtc.TrackLocalStaticRTP {
	t.Helper()
	c := webrtc.RTPCodecCapability{MimeType: mime, ClockRate: videoClock}
	if mime == webrtc.MimeTypeOpus {
		c.ClockRate, c.Channels = opusClock, 2
	}
	if mime == webrtc.MimeTypeVP9 {
		c.SDPFmtpLine = "profile-id=0"
	}
	track, err := webrtc.NewTrackLocalStaticRTP(c, "t", "s")
	if err != nil {
		t.Fatal(err)
	}
	return track
}

func newPump(t testing.TB, track *webrtc.TrackLocalStaticRTP, mark byte) *pump {
	t.Helper()
	return &pump{
		track: track, codec: codecOf(track.Codec().MimeType), mark: mark,
		plis: make(chan struct{}, 1024), stop: make(chan struct{}), done: make(chan struct{}),
		seq: 65500, ts: 1 << 31, pic: 0x7ff0,
	}
}

// run writes until the test ends or halt is called.
func (f *pump) run(t testing.TB, sender *webrtc.RTPSender) {
	t.Helper()
	asked := make(chan struct{}, 64)
	go func() {
		for {
			packets, _, err := sender.ReadRTCP()
			if err != nil {
				return
			}
			for _, p := range packets {
				if _, ok := p.(*rtcp.PictureLossIndication); ok {
					select {
					case f.plis <- struct{}{}:
					default:
					}
					select {
					case asked <- struct{}{}:
					default:
					}
				}
			}
		}
	}()
	t.Cleanup(f.halt)
	go func() {
		defer close(f.done)
		tick := time.NewTicker(10 * time.Millisecond)
		defer tick.Stop()
		key, count := !f.silent, 0
		for {
			select {
			case <-f.stop:
				return
			case <-asked:
				key = key || !f.mute && !f.silent
			case <-tick.C:
				f.frame(key)
				count++
				key = f.every > 0 && count%f.every == 0
			}
		}
	}()
}

func (f *pump) halt() {
	select {
	case <-f.stop:
	default:
		close(f.stop)
		<-f.done
	}
}

// frame writes one frame of two packets (one of audio).
func (f *pump) frame(key bool) {
	f.ts += f.codec.Clock() / 100
	f.pic++
	count := 2
	if f.codec == transport.Opus {
		count = 1
	}
	for i := range count {
		f.seq++
		p := &rtp.Packet{
			Header:  rtp.Header{Version: 2, SequenceNumber: f.seq, Timestamp: f.ts, Marker: i == count-1},
			Payload: synthetic(f.codec, key, i == 0, f.pic, f.mark),
		}
		_ = f.track.WriteRTP(p)
	}
}

// synthetic is the payload of one packet as an encrypting browser sends it,
// with a mark in it.
func synthetic(c transport.Codec, key, first bool, pic uint16, mark byte) []byte {
	body := []byte{0xAA, mark, byte(pic >> 8), byte(pic)}
	switch c {
	case transport.VP8:
		b := []byte{0x80, 0xC0, 0x80 | byte(pic>>8), byte(pic), byte(pic)}
		shim := byte(0x11)
		if first {
			b[0] |= 0x10
		}
		if key && first {
			shim = 0x10
		}
		return append(append(b, shim), body...)
	case transport.VP9:
		b := []byte{0xC0, 0x80 | byte(pic>>8), byte(pic)}
		if key {
			b[0] &^= 0x40
		}
		if first {
			b[0] |= 0x08
		}
		return append(b, body...)
	case transport.AV1:
		b := byte(0x10)
		if key && first {
			b |= 0x08
		}
		if !first {
			b |= 0x80
		}
		return append([]byte{b}, body...)
	default:
		return body
	}
}

// markOf reads the mark.
func markOf(payload []byte) byte { return payload[len(payload)-3] }

// isKey says whether a key frame begins with a payload.
func isKey(c transport.Codec, payload []byte) bool {
	var r packet.Reader
	var f packet.Frame
	return r.Read(&f, &transport.Packet{Codec: c, Payload: payload}) && f.Key
}

// pictureOf reads the picture id where synthetic puts it.
func pictureOf(c transport.Codec, payload []byte) uint16 {
	at := 1
	if c == transport.VP8 {
		at = 2
	}
	return binary.BigEndian.Uint16(payload[at:]) & 0x7fff
}
