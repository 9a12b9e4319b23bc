package server

import (
	"paravent/sfu"
	"paravent/signaling"
)

// bridge lets rooms ask the SFU for media. This file alone knows both: the one
// has rooms and no packets, the other packets and no rooms. Both number their
// peers alike.
type bridge struct {
	router *sfu.Router
}

var _ signaling.Media = bridge{}

// Open implements signaling.Media.
func (b bridge) Open(peer signaling.PeerID, events signaling.MediaEvents) {
	b.router.Open(sfu.PeerID(peer), ear{events})
}

// Publish implements signaling.Media.
func (b bridge) Publish(peer signaling.PeerID, offer string, restart bool) {
	b.router.Publish(sfu.PeerID(peer), offer, restart)
}

// Subscribe implements signaling.Media.
func (b bridge) Subscribe(peer signaling.PeerID, video int) {
	b.router.Subscribe(sfu.PeerID(peer), video)
}

// Answer implements signaling.Media.
func (b bridge) Answer(peer signaling.PeerID, answer string) {
	b.router.Answer(sfu.PeerID(peer), answer)
}

// Watch implements signaling.Media.
func (b bridge) Watch(peer signaling.PeerID, slot string, w signaling.MediaWatch) {
	b.router.Watch(sfu.PeerID(peer), slot, sfu.Watch{
		Publisher: sfu.PeerID(w.Publisher), Mid: w.Mid, Size: int(w.Size), Priority: int(w.Priority),
	})
}

// Silence implements signaling.Media.
func (b bridge) Silence(peer signaling.PeerID, on bool) { b.router.Silence(sfu.PeerID(peer), on) }

// Close implements signaling.Media.
func (b bridge) Close(peer signaling.PeerID) { b.router.ClosePeer(sfu.PeerID(peer)) }

// ear hears the SFU for a room.
type ear struct {
	room signaling.MediaEvents
}

var _ sfu.Events = ear{}

// Published implements sfu.Events.
func (e ear) Published(answer string) { e.room.Published(answer) }

// Offered implements sfu.Events.
func (e ear) Offered(offer string) { e.room.Offered(offer) }

// Tracks implements sfu.Events.
func (e ear) Tracks(tracks []sfu.Track) {
	told := make([]signaling.MediaTrack, len(tracks))
	for i, t := range tracks {
		told[i] = signaling.MediaTrack{Mid: t.Mid, Kind: "audio"}
		if t.Video {
			told[i].Kind = "video"
		}
	}
	e.room.Tracks(told)
}

// Shown implements sfu.Events.
func (e ear) Shown(slot string, publisher sfu.PeerID, mid string) {
	e.room.Shown(slot, signaling.PeerID(publisher), mid)
}

// Wanted implements sfu.Events.
func (e ear) Wanted(mid string, layers int) { e.room.Wanted(mid, signaling.MediaSize(layers)) }

// Lost implements sfu.Events.
func (e ear) Lost(connection sfu.Connection) {
	if connection == sfu.PublishConnection {
		e.room.Lost(signaling.PublishConnection)
	} else {
		e.room.Lost(signaling.SubscribeConnection)
	}
}
