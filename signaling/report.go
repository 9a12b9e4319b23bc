package signaling

import (
	"slices"

	"paravent/signaling/wire"
)

// report is something the media plane says of a peer's media.
//
//sumtype:decl
type report interface{ report() }

type (
	published struct{ answer string }
	offered   struct{ offer string }
	tracks    struct{ tracks []MediaTrack }
	shown     struct {
		slot      string
		publisher PeerID
		mid       string
	}
	wanted struct {
		mid  string
		size MediaSize
	}
	lost struct{ connection Connection }
)

func (published) report() {}
func (offered) report()   {}
func (tracks) report()    {}
func (shown) report()     {}
func (wanted) report()    {}
func (lost) report()      {}

// events takes the media plane's reports about one peer to the room. It may
// wait for the room, which never waits for the media plane.
type events struct {
	room *room
	peer PeerID
}

func (e events) Published(answer string)    { e.room.post(media{e.peer, published{answer}}) }
func (e events) Offered(offer string)       { e.room.post(media{e.peer, offered{offer}}) }
func (e events) Tracks(list []MediaTrack)   { e.room.post(media{e.peer, tracks{slices.Clone(list)}}) }
func (e events) Lost(connection Connection) { e.room.post(media{e.peer, lost{connection}}) }
func (e events) Shown(slot string, publisher PeerID, mid string) {
	e.room.post(media{e.peer, shown{slot, publisher, mid}})
}

func (e events) Wanted(mid string, size MediaSize) { e.room.post(media{e.peer, wanted{mid, size}}) }

// openMedia makes a person known to the media plane.
func (r *room) openMedia(p *person) {
	p.peer = r.hub.peer()
	r.byPeer[p.peer] = p
	r.hub.media.Open(p.peer, events{r, p.peer})
	p.silenced = false
	r.silence(p)
}

// closeMedia ends a person's media; nothing more is heard of it.
func (r *room) closeMedia(p *person) {
	if r.byPeer[p.peer] != p {
		return
	}
	delete(r.byPeer, p.peer)
	r.hub.media.Close(p.peer)
	p.tracks, p.watches = nil, nil
}

// hear passes a report on.
func (r *room) hear(p *person, report report) {
	switch m := report.(type) {
	case published:
		r.pass(p, &wire.Published{SDP: m.answer}, PublishConnection)
	case offered:
		r.pass(p, &wire.Offered{SDP: m.offer}, SubscribeConnection)
	case tracks:
		p.tracks = wireTracks(m.tracks)
		r.tellOthers(p, &wire.Tracks{Person: p.id[:], Tracks: p.tracks})
	case shown:
		told := &wire.Shown{Slot: m.slot}
		if o := r.byPeer[m.publisher]; o != nil {
			told.Person, told.Mid = o.id[:], m.mid
		}
		r.tell(p, told)
	case wanted:
		r.tell(p, &wire.Wanted{Mid: m.mid, Size: sizes[m.size]})
	case lost:
		r.tell(p, lostMessage(m.connection))
	}
}

// sizes are the words of the wire for each MediaSize.
var sizes = [...]string{ //nolint:gochecknoglobals // immutable table
	MediaNone: "none", MediaSmall: "small", MediaMedium: "medium", MediaLarge: "large",
}

// pass tells what the media plane has for a connection, or that the connection
// is lost when the wire has no room for that.
func (r *room) pass(p *person, m wire.ServerMessage, c Connection) {
	if _, err := wire.Encode(m); err != nil {
		m = lostMessage(c)
	}
	r.tell(p, m)
}

func lostMessage(c Connection) *wire.Lost {
	if c == SubscribeConnection {
		return &wire.Lost{Connection: "subscribe"}
	}
	return &wire.Lost{Connection: "publish"}
}

// wireTracks leaves out what the wire has no room for.
func wireTracks(all []MediaTrack) []wire.Track {
	list := make([]wire.Track, 0, len(all))
	for _, t := range all {
		track := wire.Track{Mid: t.Mid, Kind: t.Kind}
		if _, err := wire.Encode(&wire.Tracks{Person: make([]byte, wire.PersonSize), Tracks: []wire.Track{track}}); err == nil && len(list) < mostTracks {
			list = append(list, track)
		}
	}
	return list
}
