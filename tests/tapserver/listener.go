//go:build tap

package main

import (
	"cmp"
	"slices"
	"sync"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"

	"paravent/e2ee/sframe"
)

// stream is what was heard on one SSRC in one codec. Every frame is put
// together from its packets and judged by what must stand in its first bytes:
// the synthetic shim, then an SFrame header whose counter rises.
type stream struct {
	SSRC    uint32 `json:"ssrc"`
	Codec   string `json:"codec"`
	Packets int    `json:"packets"`
	Frames  int    `json:"frames"` // complete ones
	Torn    int    `json:"torn"`   // frames with a packet missing or late
	Late    int    `json:"late"`   // packets that came after later ones: frames are put together without them
	Sealed  int    `json:"sealed"` // frames that are shim and SFrame, with a fresh counter and the right context
	Clear   int    `json:"clear"`  // frames that are not
	Marked  int    `json:"marked"` // frames with the mark of a clear frame of this codec where it would stand
	Why     string `json:"why"`    // what was wrong with the last clear frame
	Sizes   []int  `json:"sizes"`  // of sealed audio plaintexts: the different lengths, rising
	// How far the first ciphertext bytes are from chance: the greatest
	// chi-square value of one half byte over all frames (15 degrees of
	// freedom: chance exceeds 60 once in four million).
	Chance float64 `json:"chance"`

	last   uint16
	begun  bool
	open   bool // a frame has begun and not ended
	whole  bool
	frame  []byte
	av1    codecs.AV1Depacketizer
	ctr    map[uint64]uint64 // next counter by key id
	halves [2 * looked][16]int
}

// looked is how many bytes behind each SFrame header are compared with chance.
const looked = 12

// listener hears all streams. Safe for concurrent use.
type listener struct {
	mu      sync.Mutex
	streams map[key]*stream
}

type key struct {
	ssrc  uint32
	codec string
}

func newListener() *listener { return &listener{streams: map[key]*stream{}} }

func (l *listener) hear(codec string, packet []byte) {
	var p rtp.Packet
	if p.Unmarshal(slices.Clone(packet)) != nil || len(p.Payload) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	k := key{p.SSRC, codec}
	s := l.streams[k]
	if s == nil {
		s = &stream{SSRC: p.SSRC, Codec: codec, ctr: map[uint64]uint64{}, Sizes: []int{}}
		l.streams[k] = s
	}
	s.hear(&p)
}

func (l *listener) report() []stream {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []stream{}
	for _, s := range l.streams {
		s.Chance = s.chance()
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b stream) int { return cmp.Compare(a.SSRC, b.SSRC) })
	return all
}

// hear adds one packet. A late one is not put in its place: its frame is torn.
func (s *stream) hear(p *rtp.Packet) {
	s.Packets++
	if s.begun && int16(p.SequenceNumber-s.last) <= 0 {
		s.Late++
		return
	}
	begins, ends := s.place(p)
	if begins {
		if s.open {
			s.Torn++ // its last packet never came
		}
		s.frame, s.whole, s.av1 = nil, true, codecs.AV1Depacketizer{}
	} else if !s.open || p.SequenceNumber != s.last+1 {
		s.whole = false
	}
	s.begun, s.open, s.last = true, true, p.SequenceNumber
	part, err := s.unpack(p.Payload)
	if err != nil && s.whole { // what begins in the middle need not unpack
		s.Clear++
		s.Why = "payload descriptor"
		s.open = false
		return
	}
	s.frame = append(s.frame, part...)
	if ends {
		s.end()
	}
}

// end judges the frame that its last packet has come of.
func (s *stream) end() {
	if s.whole {
		s.Frames++
		s.judge(s.frame)
	} else {
		s.Torn++
	}
	s.open = false
}

// place says whether a packet is the first and whether it is the last of its
// frame. Spatial layers of one picture are sealed one by one, and the marker is
// on the last of them alone.
func (s *stream) place(p *rtp.Packet) (begins, ends bool) {
	switch s.Codec {
	case "VP8":
		var d codecs.VP8Packet
		_, err := d.Unmarshal(p.Payload)
		return err != nil || d.S == 1 && d.PID == 0, p.Marker
	case "VP9":
		var d codecs.VP9Packet
		_, err := d.Unmarshal(p.Payload)
		return err != nil || d.B, d.E
	case "AV1":
		const goesOn, continues = 0x80, 0x40 // AV1 RTP, section 4.4; a sealed frame is one OBU
		return p.Payload[0]&goesOn == 0, p.Payload[0]&continues == 0
	default:
		return true, true
	}
}

// unpack takes the payload descriptor off.
func (s *stream) unpack(payload []byte) ([]byte, error) {
	switch s.Codec {
	case "VP8":
		var d codecs.VP8Packet
		return d.Unmarshal(payload)
	case "VP9":
		var d codecs.VP9Packet
		return d.Unmarshal(payload)
	case "AV1":
		return s.av1.Unmarshal(payload)
	default:
		return payload, nil
	}
}

func (s *stream) judge(frame []byte) {
	if s.sealed(frame) {
		s.Sealed++
	} else {
		s.Clear++
	}
}

// sealed reports whether frame is one of ours as far as can be told without
// keys.
func (s *stream) sealed(frame []byte) bool {
	_, rest, err := sframe.SplitShim(sframe.Codec(s.Codec), frame)
	if err != nil {
		s.Why = "shim"
		return false
	}
	header, size, err := sframe.ParseHeader(rest)
	if err != nil {
		s.Why = "SFrame header"
		return false
	}
	id, err := sframe.ParseKID(header.KID)
	audio := id.Context == sframe.Microphone || id.Context == sframe.ScreenAudio
	if err != nil || id.Context == sframe.Data || audio != (s.Codec == "opus") {
		s.Why = "key id"
		return false
	}
	if next := s.ctr[header.KID]; header.CTR < next || header.CTR > next+1000 {
		s.Why = "counter"
		return false
	}
	s.ctr[header.KID] = header.CTR + 1
	body := rest[size:]
	if len(body) <= tag {
		s.Why = "no tag"
		return false
	}
	if marked(s.Codec, body) {
		s.Marked++
	}
	if n := len(body) - tag; s.Codec == "opus" && !slices.Contains(s.Sizes, n) {
		s.Sizes = append(s.Sizes, n)
		slices.Sort(s.Sizes)
	}
	for i := range min(looked, len(body)-tag) {
		s.halves[2*i][body[i]>>4]++
		s.halves[2*i+1][body[i]&15]++
	}
	return true
}

// tag is the size of an AES-GCM tag.
const tag = 16

// marked looks for the bytes that stand at the beginning of clear frames and
// hardly ever in front of ciphertext: the start code of VP8 (RFC 6386, section
// 9.1), the sync code of VP9, an AV1 temporal delimiter with a sequence header.
func marked(codec string, b []byte) bool {
	has := func(at int, mark ...byte) bool {
		return len(b) >= at+len(mark) && slices.Equal(b[at:at+len(mark)], mark)
	}
	switch codec {
	case "VP8":
		return has(3, 0x9d, 0x01, 0x2a)
	case "VP9":
		return has(1, 0x49, 0x83, 0x42)
	case "AV1":
		return has(0, 0x12, 0x00, 0x0a) || has(0, 0x0a, 0x0b, 0x00)
	default:
		return false
	}
}

// chance is the greatest chi-square value of all half bytes.
func (s *stream) chance() float64 {
	greatest := 0.0
	for _, counts := range s.halves {
		total := 0
		for _, n := range counts {
			total += n
		}
		if total < 48 {
			continue // too few to say
		}
		expected, sum := float64(total)/16, 0.0
		for _, n := range counts {
			d := float64(n) - expected
			sum += d * d / expected
		}
		greatest = max(greatest, sum)
	}
	return greatest
}
