package description

// Answer writes the answer to an offer: we take all that is sent in our codecs.
func (o *Offer) Answer(l *Local) string {
	var bundle []string
	for _, s := range o.Sections {
		if !s.Stopped {
			bundle = append(bundle, s.Mid)
		}
	}
	w := &writer{}
	w.session(l, bundle, "passive", o.Mixed)
	for i := range o.Sections {
		s := &o.Sections[i]
		if s.Stopped {
			w.media(s.Video, "0", s.protocol, []uint8{s.first}, s.Mid)
			w.line("a=inactive")
			continue
		}
		w.section(s)
		if s.Mid == bundle[0] {
			w.candidates(l.Candidates)
		}
	}
	return w.String()
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
	if !s.Sends || s.Layers == nil {
		return
	}
	list := ""
	for i, l := range s.Layers {
		w.line("a=rid:", l, " recv")
		if i > 0 {
			list += ";"
		}
		list += l
	}
	w.line("a=simulcast:recv ", list)
}
