package description

import (
	"slices"
	"strings"
)

// Answer writes the answer to an offer: we take all that is sent in our codecs.
func (o *Offer) Answer(l *Local) string {
	var bundle []string
	for _, s := range o.Sections {
		if !s.Stopped {
			bundle = append(bundle, s.Mid)
		}
	}
	w := &writer{}
	w.session(l, bundle, "passive", o.mixedAtSession)
	for i := range o.Sections {
		s := &o.Sections[i]
		if s.Stopped {
			w.media(s.Video, "0", s.protocol, []uint8{s.first}, s.Mid)
			w.line("a=inactive")
			continue
		}
		w.section(s)
		if o.Mixed && !o.mixedAtSession {
			w.line("a=extmap-allow-mixed")
		}
		if s.Mid == bundle[0] {
			w.candidates(l.Candidates)
		}
	}
	return string(w.text)
}

// section writes the answer to a section that is used.
func (w *writer) section(s *Section) {
	w.media(s.Video, "9", s.protocol, numbers(s.preference), s.Mid)
	if s.Sends {
		w.line("a=recvonly")
	} else {
		w.line("a=inactive")
	}
	w.multiplexed(s.reduced)
	w.extensions(s.Extensions, s.oneWay, "recvonly")
	for _, f := range s.preference {
		w.format(f)
	}
	w.layers(s)
}

// layers writes that all layers are taken, also while nothing is sent: a layer
// that is left out is gone for ever. Those that are paused stay so, or
// Chromium would send them again.
func (w *writer) layers(s *Section) {
	if s.Layers == nil {
		return
	}
	list := slices.Clone(s.Layers)
	for i, l := range s.Layers {
		w.line("a=rid:", l, " recv")
		if s.paused[i] {
			list[i] = "~" + l
		}
	}
	w.line("a=simulcast:recv ", strings.Join(list, ";"))
}
