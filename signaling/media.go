package signaling

// PeerID names a peer towards the media plane, in this process only. It is
// never sent to anybody. Zero means nobody.
type PeerID uint64

// Connection is one of the two media connections of a peer.
type Connection int

// The two connections of a peer.
const (
	PublishConnection   Connection = iota // the browser sends on it
	SubscribeConnection                   // the browser receives on it
)

// Media is the media plane as a room sees it. SDP is opaque here. Every call
// returns at once; what comes of it arrives through MediaEvents. Calls for a
// peer that is not open do nothing. Safe for concurrent use; calls for one
// peer are carried out in the order they were made.
type Media interface {
	Open(peer PeerID, events MediaEvents)
	Publish(peer PeerID, offer string, restart bool)
	// Subscribe asks for a connection with so many slots for video: 25 or 49.
	Subscribe(peer PeerID, video int)
	Answer(peer PeerID, answer string)
	// Watch shows a track in a slot; publisher 0 shows nothing.
	Watch(peer PeerID, slot string, w MediaWatch)
	// Silence says whether the sound that a peer publishes is forwarded to
	// nobody. It holds for all its audio tracks, present and later ones.
	Silence(peer PeerID, on bool)
	Close(peer PeerID)
}

// MediaWatch is what a slot is to show, and how.
type MediaWatch struct {
	Publisher PeerID
	Mid       string
	Size      MediaSize // of a picture; not MediaNone
	Priority  MediaPriority
}

// MediaSize is how large a picture is shown: which of the layers that are sent
// of it. A layer has twice the height of the one before.
type MediaSize int

// The sizes of a picture.
const (
	MediaNone MediaSize = iota
	MediaSmall
	MediaMedium
	MediaLarge
)

// MediaPriority says what goes first where the network cannot carry everything.
type MediaPriority int

// The priorities.
const (
	MediaLow MediaPriority = iota
	MediaMiddle
	MediaHigh
)

// MediaEvents hears what happens to one peer's media. The media plane may wait
// in these calls; it never holds a lock of its own while it does.
type MediaEvents interface {
	Published(answer string)
	Offered(offer string)
	Tracks(tracks []MediaTrack)
	Shown(slot string, publisher PeerID, mid string)
	// Wanted says how much of a track that the peer publishes anybody is shown.
	Wanted(mid string, size MediaSize)
	Lost(connection Connection)
}

// MediaTrack is one track a peer publishes.
type MediaTrack struct {
	Mid  string
	Kind string // "audio" or "video"
}
