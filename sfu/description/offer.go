package description

import (
	"slices"
	"strings"

	"paravent/sfu/transport"
)

// ReadOffer reads the offer of a publish connection.
func ReadOffer(s string) (*Offer, error) {
	t, err := parse(s, MaxOffer, MaxSections)
	if err != nil {
		return nil, err
	}
	o := &Offer{}
	o.Mixed, o.mixedAtSession = t.mixed()
	// We choose the SRTP profile, and so are the DTLS server.
	if o.Remote, err = t.remote("actpass", "active"); err != nil {
		return nil, err
	}
	tracks := 0
	streams := map[uint32]bool{}
	for i := range t.parts {
		section, ok := t.parts[i].section(o.Mixed)
		if !ok || !o.add(section) || !announce(streams, section.Streams) {
			return nil, ErrRefused
		}
		if section.Sends {
			tracks++
		}
	}
	if tracks > MaxTracks {
		return nil, ErrRefused
	}
	return o, nil
}

// add adds a section. False: one of its numbers has another meaning elsewhere
// (RFC 8843, sections 9.1.1 and 12).
func (o *Offer) add(s Section) bool {
	o.Sections = append(o.Sections, s)
	for c, f := range s.Formats {
		media := Type{Codec: transport.Codec(c)}
		again := Type{Codec: transport.Codec(c), Repairs: true}
		if !o.mean(f.Media, media) || !o.mean(f.RTX, again) {
			return false
		}
	}
	return o.Extensions.join(s.Extensions)
}

func (o *Offer) mean(number uint8, t Type) bool {
	if number == 0 {
		return true
	}
	if o.Types[number] != (Type{}) && o.Types[number] != t {
		return false
	}
	o.Types[number] = t
	return true
}

// announce adds streams to those of other sections. False: one is there.
func announce(all map[uint32]bool, streams []Stream) bool {
	for _, s := range streams {
		for _, id := range [...]uint32{s.SSRC, s.RTX} {
			if id != 0 && all[id] {
				return false
			}
			all[id] = true
		}
	}
	return true
}

// section reads one of an offer.
func (p *part) section(mixed bool) (s Section, ok bool) {
	s = Section{Mid: strings.Clone(p.mid), Video: p.video, protocol: p.protocol, first: p.numbers[0]}
	if !p.active {
		s.Stopped = true
		return s, true
	}
	direction, ok := p.direction()
	if !ok {
		return s, false
	}
	s.Sends = direction == "sendonly" || direction == "sendrecv"
	s.reduced = p.has("rtcp-rsize")
	if s.preference, ok = p.formats(); !ok || len(s.preference) == 0 {
		return s, false
	}
	for _, f := range s.preference {
		s.Formats[f.codec] = transport.Formats{Media: f.media, RTX: f.rtx}
	}
	if s.Extensions, s.oneWay, ok = p.extensions("sendonly", mixed); !ok {
		return s, false
	}
	if s.Layers, s.paused, ok = p.layers(); !ok {
		return s, false
	}
	if s.Streams, ok = p.streams(); !ok {
		return s, false
	}
	return s, s.announced()
}

// announced says whether the packets of a section can be told from those of
// others: without simulcast by the one SSRC that is announced, else by rid.
func (s *Section) announced() bool {
	switch {
	case s.Layers != nil:
		return len(s.Streams) <= 2*MaxLayers && s.Extensions.Mid != 0 && s.Extensions.RID != 0
	case s.Sends:
		return len(s.Streams) == 1
	default:
		return len(s.Streams) <= 1
	}
}

// layers reads which layers are sent: rids without restrictions (RFC 8851),
// all of them in one list without alternatives (RFC 8853). Browsers say of
// layers that they have stopped for now that they are paused. What would be
// received is stepped over: pion repeats our answer there.
func (p *part) layers() (layers []string, paused []bool, ok bool) {
	rids, lists := p.sent("rid"), p.sent("simulcast")
	if len(rids) == 0 && len(lists) == 0 {
		return nil, nil, true
	}
	if !p.video || len(lists) != 1 {
		return nil, nil, false
	}
	list, ok := strings.CutPrefix(lists[0], "send ")
	layers = strings.Split(list, ";")
	if !ok || len(layers) > MaxLayers || len(layers) != len(rids) {
		return nil, nil, false
	}
	paused = make([]bool, len(layers))
	for i := range layers {
		l, stopped := strings.CutPrefix(layers[i], "~")
		layers[i], paused[i] = strings.Clone(l), stopped
		if !isName(l) || slices.Contains(layers[:i], l) || !slices.Contains(rids, l+" send") {
			return nil, nil, false
		}
	}
	return layers, paused, true
}

// sent are the values of rid or simulcast but for those that say recv alone.
func (p *part) sent(name string) []string {
	var all []string
	for _, v := range p.attributes[name] {
		words := strings.Fields(v)
		if len(words) != 2 || words[0] != "recv" && words[1] != "recv" {
			all = append(all, v)
		}
	}
	return all
}

// streams reads the SSRCs of a section and which belong together (RFC 5576).
func (p *part) streams() ([]Stream, bool) {
	var ids []uint32
	for _, v := range p.attributes["ssrc"] {
		id, ok := ssrc(v)
		if !ok || len(ids) > 2*MaxLayers {
			return nil, false
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	var all []Stream
	for _, v := range p.attributes["ssrc-group"] {
		media, rtx, ok := pair(v)
		if !ok || !take(&ids, media) || !take(&ids, rtx) {
			return nil, false
		}
		all = append(all, Stream{SSRC: media, RTX: rtx})
	}
	for _, id := range ids { // those without a partner
		all = append(all, Stream{SSRC: id})
	}
	return all, true
}

// pair reads a group of a stream and its retransmissions. There is no other
// kind: layers have rids.
func pair(group string) (media, rtx uint32, ok bool) {
	words := strings.Fields(group)
	if len(words) != 3 || words[0] != "FID" {
		return 0, 0, false
	}
	media, ok = ssrc(words[1])
	rtx, too := ssrc(words[2])
	return media, rtx, ok && too
}

// take takes an SSRC out of a list. False: it is not there.
func take(ids *[]uint32, id uint32) bool {
	i := slices.Index(*ids, id)
	if i < 0 {
		return false
	}
	*ids = slices.Delete(*ids, i, i+1)
	return true
}

func ssrc(v string) (uint32, bool) {
	id, _, _ := strings.Cut(v, " ")
	n, ok := number(id, 1<<32-1)
	return uint32(n), ok && n != 0
}

// Follows says whether the offer is one that may come after before on the same
// connection: from the same end with the same credentials (there is no ICE
// restart), every section in its place, no number with a new meaning. It is
// ErrRefused if it is not.
func (o *Offer) Follows(before *Offer) error {
	if !o.same(&before.Remote) || len(o.Sections) < len(before.Sections) {
		return ErrRefused
	}
	for i := range before.Sections {
		if !o.Sections[i].follows(&before.Sections[i]) {
			return ErrRefused
		}
	}
	for n, t := range before.Types {
		if o.Types[n] != t && o.Types[n] != (Type{}) && t != (Type{}) {
			return ErrRefused
		}
	}
	if joined := before.Extensions; !joined.join(o.Extensions) || o.Mixed != before.Mixed {
		return ErrRefused
	}
	return nil
}

// follows says whether a section continues one. The place of a stopped one may
// be taken by another (RFC 8829, section 5.2.2).
func (s *Section) follows(before *Section) bool {
	if before.Stopped && s.Mid != before.Mid {
		return true
	}
	if s.Mid != before.Mid || s.Video != before.Video || s.protocol != before.protocol {
		return false
	}
	return s.Layers == nil || before.Layers == nil || slices.Equal(s.Layers, before.Layers)
}
