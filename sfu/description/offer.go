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
	o := &Offer{Mixed: t.session.has("extmap-allow-mixed")}
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
	s = Section{Mid: p.mid, Video: p.video, protocol: p.protocol, first: p.numbers[0]}
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
	if s.Layers, ok = p.layers(); !ok {
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
// all of them in one list without alternatives or pauses (RFC 8853).
func (p *part) layers() (layers []string, ok bool) {
	if !p.has("rid") && !p.has("simulcast") {
		return nil, true
	}
	if !p.video || len(p.attributes["simulcast"]) != 1 {
		return nil, false
	}
	list, ok := strings.CutPrefix(p.attributes["simulcast"][0], "send ")
	layers = strings.Split(list, ";")
	if !ok || len(layers) > MaxLayers || len(layers) != len(p.attributes["rid"]) {
		return nil, false
	}
	for i, l := range layers {
		// isName refuses commas and "~" too.
		if !isName(l) || slices.Contains(layers[:i], l) || !slices.Contains(p.attributes["rid"], l+" send") {
			return nil, false
		}
	}
	return layers, true
}

// streams reads the SSRCs of a section and which belong together (RFC 5576).
func (p *part) streams() ([]Stream, bool) {
	var ids []uint32
	for _, v := range p.attributes["ssrc"] {
		id, ok := ssrc(v)
		if !ok {
			return nil, false
		}
		if !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
		if len(ids) > 4*MaxLayers {
			return nil, false
		}
	}
	repaired := map[uint32]uint32{} // by what it is sent again in
	repairs := map[uint32]uint32{}
	for _, v := range p.attributes["ssrc-group"] {
		words := strings.Fields(v)
		if len(words) != 3 || words[0] != "FID" {
			if len(words) > 0 && words[0] == "SIM" {
				continue // rids say the same
			}
			return nil, false
		}
		media, ok := ssrc(words[1])
		rtx, too := ssrc(words[2])
		if !ok || !too || media == rtx || !slices.Contains(ids, media) || !slices.Contains(ids, rtx) {
			return nil, false
		}
		if repairs[media] != 0 || repaired[media] != 0 || repairs[rtx] != 0 || repaired[rtx] != 0 {
			return nil, false
		}
		repairs[media], repaired[rtx] = rtx, media
	}
	var all []Stream
	for _, id := range ids {
		if repaired[id] == 0 {
			all = append(all, Stream{SSRC: id, RTX: repairs[id]})
		}
	}
	return all, true
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
