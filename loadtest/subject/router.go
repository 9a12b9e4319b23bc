package subject

import "paravent/sfu"

// watch shows a track, as large as it comes.
func (h *half) watch(r request) {
	h.router.Watch(sfu.PeerID(r.Peer), r.Slot, sfu.Watch{Publisher: sfu.PeerID(r.Publisher), Mid: r.Text, Size: 3, Priority: 1})
}
