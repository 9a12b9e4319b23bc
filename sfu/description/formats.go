package description

import (
	"slices"
	"strings"

	"paravent/sfu/transport"
)

// format is a codec of ours that a section offers or takes.
type format struct {
	codec      transport.Codec
	media, rtx uint8
	feedback   feedback
	level      string // of AV1, checked: level-idx and tier as they were offered; "": not said
}

// feedback is a set of what a receiver reports (RFC 4585, section 4.2).
type feedback uint8

const (
	nack feedback = 1 << iota
	pli
	fir
	congestion
)

// reports are the names of feedback, in the order in which they are written.
var reports = [...]struct { //nolint:gochecknoglobals // immutable table
	feedback
	name string
}{{nack, "nack"}, {pli, "nack pli"}, {fir, "ccm fir"}, {congestion, "transport-cc"}}

// formats lists what a section has of our codecs, in its order, each in the
// first variant that is ours. The rest is stepped over.
func (p *part) formats() ([]format, bool) {
	names, ok := p.byNumber("rtpmap")
	if !ok {
		return nil, false
	}
	params, ok := p.byNumber("fmtp")
	if !ok {
		return nil, false
	}
	var all []format
	for _, n := range p.numbers {
		f := format{codec: codecOf(p.video, names[n], params[n]), media: n}
		known := slices.ContainsFunc(all, func(g format) bool { return g.codec == f.codec })
		if f.codec == transport.NoCodec || known || confused(n) {
			continue
		}
		if f.codec == transport.AV1 {
			f.level = level(params[n])
		}
		all = append(all, f)
	}
	p.pair(all, names, params)
	p.reported(all)
	return all, true
}

// pair finds the payload types of retransmissions.
func (p *part) pair(all []format, names, params map[uint8]string) {
	for _, n := range p.numbers {
		if !strings.EqualFold(names[n], "rtx/90000") || confused(n) {
			continue
		}
		of, ok := number(parameter(params[n], "apt"), 127)
		for i := range all {
			if f := &all[i]; ok && p.video && uint64(f.media) == of && f.rtx == 0 {
				f.rtx = n
			}
		}
	}
}

// reported reads the feedback of each codec.
func (p *part) reported(all []format) {
	for _, v := range p.attributes["rtcp-fb"] {
		of, name, _ := strings.Cut(v, " ")
		n, ok := number(of, 127)
		for i := range all {
			if of != "*" && (!ok || uint64(all[i].media) != n) {
				continue
			}
			for _, r := range reports {
				if r.name == name {
					all[i].feedback |= r.feedback
				}
			}
		}
	}
}

// byNumber are the values of an attribute that is given once for a payload
// type of the section.
func (p *part) byNumber(name string) (map[uint8]string, bool) {
	all := make(map[uint8]string, len(p.attributes[name]))
	for _, v := range p.attributes[name] {
		of, rest, _ := strings.Cut(v, " ")
		n, ok := number(of, 127)
		if _, twice := all[uint8(n)]; !ok || twice {
			return nil, false
		}
		all[uint8(n)] = rest
	}
	return all, true
}

// confused says whether a payload type could be taken for RTCP on the same
// transport (RFC 5761, section 4).
func confused(n uint8) bool { return n >= 64 && n <= 95 }

// codecOf tells which of ours a format is, in the one profile that we carry.
func codecOf(video bool, name, params string) transport.Codec {
	name = strings.ToLower(name)
	switch {
	case !video && name == "opus/48000/2":
		return transport.Opus
	case video && name == "vp8/90000":
		return transport.VP8
	case video && name == "vp9/90000" && plain(params, "profile-id"):
		return transport.VP9
	case video && name == "av1/90000" && plain(params, "profile"):
		return transport.AV1
	default:
		return transport.NoCodec
	}
}

// plain says whether a parameter is 0, which it is when it is missing.
func plain(params, name string) bool {
	v := parameter(params, name)
	return v == "" || v == "0"
}

// level is the part of AV1's parameters that says how large a picture may be
// (AV1 RTP specification, section 7.2.1).
func level(params string) string {
	index, ok := number(parameter(params, "level-idx"), 31)
	tier, too := number(parameter(params, "tier"), 1)
	if parameter(params, "level-idx") == "" || parameter(params, "tier") == "" || !ok || !too {
		return ""
	}
	return "level-idx=" + decimal(index) + ";profile=0;tier=" + decimal(tier)
}

// parameter finds one of a format's parameters; "" is none.
func parameter(params, name string) string {
	for part := range strings.SplitSeq(params, ";") {
		if k, v, _ := strings.Cut(strings.TrimSpace(part), "="); strings.EqualFold(k, name) {
			return v
		}
	}
	return ""
}
