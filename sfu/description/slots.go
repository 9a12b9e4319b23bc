package description

import (
	"slices"
	"strconv"

	"paravent/sfu/transport"
)

// Payload types that we offer. Those of a publisher are its own choice.
const (
	OfferedOpus = 111
	OfferedVP8  = 96 // its retransmissions: the next number; so for all video
	OfferedVP9  = 98
	OfferedAV1  = 100
)

// offered is what we offer in a section for video, or for audio. Opus with nack,
// but without a retransmission stream: Chromium refuses an offer with one, and
// Firefox leaves it out of its answer. Chromium asks for sound if it is offered,
// though its answer does not say so, and plays what comes again under the numbers
// that it had; Firefox does not ask.
func offered(video bool) ([]format, Extensions) {
	if !video {
		return []format{{codec: transport.Opus, media: OfferedOpus, feedback: nack | congestion}}, Extensions{Mid: 1, TransportCC: 2}
	}
	const all = nack | pli | fir | congestion
	return []format{
		{codec: transport.VP8, media: OfferedVP8, rtx: OfferedVP8 + 1, feedback: all},
		{codec: transport.VP9, media: OfferedVP9, rtx: OfferedVP9 + 1, feedback: all},
		{codec: transport.AV1, media: OfferedAV1, rtx: OfferedAV1 + 1, feedback: all},
	}, Extensions{Mid: 1, TransportCC: 2, Dependency: 3}
}

// NewOffer writes the offer of a subscribe connection: so many slots for
// video, then so many for audio, at least one in all. The SSRCs are random's,
// which may give numbers twice.
func NewOffer(l *Local, video, audio int, random func() uint32) (text string, slots []Slot) {
	used := map[uint32]bool{0: true}
	next := func() uint32 {
		n := random()
		for used[n] {
			n++
		}
		used[n] = true
		return n
	}
	var mids []string
	for i := range video + audio {
		s := Slot{Mid: strconv.Itoa(i), Video: i < video}
		s.SSRC = next()
		if s.Video {
			s.RTX = next()
		}
		slots, mids = append(slots, s), append(mids, s.Mid)
	}
	w := &writer{}
	w.session(l, mids, "actpass", true)
	for i := range slots {
		w.slot(&slots[i])
		if i == 0 {
			w.candidates(l.Candidates)
		}
	}
	return string(w.text), slots
}

// slot writes a section. Each is a stream of its own (msid, RFC 8830): what
// slots show does not belong together.
func (w *writer) slot(s *Slot) {
	formats, extensions := offered(s.Video)
	name := "slot" + s.Mid
	w.media(s.Video, "9", protocols[0], numbers(formats), s.Mid)
	w.line("a=sendonly")
	w.line("a=msid:", name, " ", name)
	w.multiplexed(true)
	w.extensions(extensions, Extensions{}, "")
	for _, f := range formats {
		w.format(f)
	}
	if s.RTX != 0 {
		w.line("a=ssrc-group:FID ", decimal(s.SSRC), " ", decimal(s.RTX))
	}
	for _, id := range [...]uint32{s.SSRC, s.RTX} {
		if id != 0 {
			// A source without a name is against RFC 5576, section 6.1.
			w.line("a=ssrc:", decimal(id), " cname:", name)
		}
	}
}

// ReadAnswer reads the answer to an offer of these slots.
func ReadAnswer(s string, slots []Slot) (*Answer, error) {
	t, err := parse(s, MaxAnswer, len(slots))
	if err != nil {
		return nil, err
	}
	if len(t.parts) != len(slots) {
		return nil, ErrRefused
	}
	a := &Answer{}
	a.Mixed, _ = t.mixed()
	if a.Remote, err = t.remote("active"); err != nil {
		return nil, err
	}
	for i := range slots {
		agreed, ok := t.parts[i].agreed(&slots[i], a.Mixed)
		if !ok {
			return nil, ErrRefused
		}
		a.Slots = append(a.Slots, agreed)
	}
	return a, nil
}

// agreed reads the answer to one slot's section. It may take less than was
// offered, but nothing else, and not nothing.
func (p *part) agreed(s *Slot, mixed bool) (a Agreed, ok bool) {
	direction, ok := p.direction()
	if !ok || p.mid != s.Mid || p.video != s.Video || !p.active {
		return a, false
	}
	formats, extensions := offered(s.Video)
	taken, ok := p.taken(formats)
	if !ok {
		return a, false
	}
	if a.Extensions, _, ok = p.extensions("recvonly", mixed); !ok || !extensions.covers(a.Extensions) {
		return a, false
	}
	a.SSRC = s.SSRC
	a.Dependency = a.Extensions.Dependency != 0
	if !slices.ContainsFunc(taken, func(f format) bool { return f.feedback&congestion != 0 }) {
		a.Extensions.TransportCC = 0
	}
	switch direction {
	case "recvonly":
		for _, f := range taken {
			a.Types[f.codec] = transport.Formats{Media: f.media, RTX: f.rtx}
			if f.rtx != 0 {
				a.RTX = s.RTX
			}
		}
		return a, true
	case "inactive": // nothing is taken
		return a, true
	default:
		return a, false
	}
}

// taken reads which of the offered formats an answer takes, under the numbers
// that they were offered with.
func (p *part) taken(offered []format) ([]format, bool) {
	known := numbers(offered)
	for _, n := range p.numbers {
		if !slices.Contains(known, n) {
			return nil, false
		}
	}
	taken, ok := p.formats()
	for _, f := range taken {
		same := func(o format) bool {
			return o.codec == f.codec && o.media == f.media && (o.rtx == f.rtx || f.rtx == 0)
		}
		if !slices.ContainsFunc(offered, same) {
			return nil, false
		}
	}
	return taken, ok && len(taken) > 0
}

// covers says whether others are among these, under the same numbers.
func (e Extensions) covers(others Extensions) bool {
	for _, x := range extensions {
		if n := *x.of(&others); n != 0 && n != *x.of(&e) {
			return false
		}
	}
	return true
}
