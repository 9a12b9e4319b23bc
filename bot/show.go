package bot

import "paravent/signaling/wire"

// show has a view show what its person sends now. ErrUnknown: the person is not
// in the group.
func (p *Person) show(v *View) error {
	s := p.people[v.Person]
	if s == nil || !s.member || v.Person == p.id {
		v.unbind()
		return ErrUnknown
	}
	mid := midsOf(s.media)[v.Source]
	if slot, ask := v.bind(s.seat.Leaf, mid); ask {
		w := &wire.Watch{Slot: slot, Size: "large", Priority: "medium"}
		if mid != "" {
			w.Person, w.Mid = v.Person[:], mid
		}
		p.send(w)
	}
	return nil
}

// showAll does so for all views. Those of people who have gone stay: the person
// may come back into the group with a resync.
func (p *Person) showAll() {
	for _, v := range p.media.down.views() {
		_ = p.show(v)
	}
}
