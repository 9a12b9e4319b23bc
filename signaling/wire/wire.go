// Package wire defines every message between a browser and the server, once.
//
// A message is one JSON text frame on the WebSocket: an object whose first
// member "t" names its type (the Go name with a small first letter) and whose
// other members are the fields below, no more and no less. Byte strings travel
// as base64url without padding (RFC 4648, section 5). Tags give the limits:
// `max` is the greatest length (bytes of a byte string or of UTF-8 text,
// elements of a list), `len` an exact one (of a byte string, or of each element
// of a list of them); a byte string is never empty. `enum` lists the only texts
// allowed; `omitempty` marks a field that may be absent.
//
// The TypeScript types and validators in client/src/wire/messages.gen.ts are
// written from this file by signaling/wire/gen.
package wire

// Sizes of identifiers, keys and proofs, in bytes.
const (
	RoomSize      = 16 // room id: SHA-256 truncated (e2ee/PROTOCOL.md, link)
	PersonSize    = 16 // random, chosen by the browser for one stay in one room; also the member id in the MLS leaf
	KeySize       = 32 // Ed25519 or X25519 public key
	SignatureSize = 64 // Ed25519 signature (RFC 8032)
	NonceSize     = 32 // a connection's challenge
	TokenSize     = 32 // resume token
)

// ClientMessage is anything a browser may say. The marker method is
// unexported, so the set is closed and switches over it can be checked.
//
//sumtype:decl
type ClientMessage interface{ client() }

// ServerMessage is anything the server may say.
//
//sumtype:decl
type ServerMessage interface{ server() }

// ---- Browser to server ----

// Join asks to enter a room. It, or Resume, is the first message on a
// connection and answers Challenge: the signatures are over
// label || nonce || room || person with the labels of e2ee/PROTOCOL.md.
type Join struct {
	Room          []byte          `json:"room" len:"16"`
	Moderators    []byte          `json:"moderators" len:"16"` // hash of the room's moderator keys; room id = hash(moderators, joinKey)
	JoinKey       []byte          `json:"joinKey" len:"32"`    // proves possession of the link
	JoinSignature []byte          `json:"joinSignature" len:"64"`
	Moderator     *ModeratorProof `json:"moderator,omitempty"`
	Person        []byte          `json:"person" len:"16"`
	KeyPackage    []byte          `json:"keyPackage" max:"2048"`       // MLS KeyPackage message, opaque here
	Device        string          `json:"device" enum:"desktop,phone"` // desktops are nominated to commit first
	Replaces      []byte          `json:"replaces,omitempty" len:"32"` // resume token of the page this one replaces (reload); its person leaves at once
}

// ModeratorProof proves possession of the moderator link: both public keys
// must hash to Join.Moderators.
type ModeratorProof struct {
	SignatureKey []byte `json:"signatureKey" len:"32"` // Ed25519
	KEMKey       []byte `json:"kemKey" len:"32"`       // X25519
	Signature    []byte `json:"signature" len:"64"`
}

// Resume continues a stay after the connection broke, within the resume time.
type Resume struct {
	Token      []byte `json:"token" len:"32"`        // used once; Resumed carries the next
	Epoch      uint64 `json:"epoch"`                 // the last MLS epoch this browser reached
	KeyPackage []byte `json:"keyPackage" max:"2048"` // in case its leaf has been removed meanwhile
}

// Ready says that the browser holds the media keys of an epoch. A person is
// sent media only after its first Ready.
type Ready struct {
	Epoch uint64 `json:"epoch"`
}

// Commit offers the commit that leads from Epoch to Epoch+1. The first one for
// an epoch wins; its author applies it when it comes back as Committed.
type Commit struct {
	Epoch   uint64   `json:"epoch"`
	Commit  []byte   `json:"commit" max:"65536"`             // MLS PublicMessage
	Welcome []byte   `json:"welcome,omitempty" max:"163840"` // MLS Welcome, when somebody is added
	Adds    [][]byte `json:"adds" max:"64" len:"16"`         // persons it adds, as Nominate listed them
	Removes [][]byte `json:"removes" max:"500" len:"16"`     // persons it removes
}

// Resync says that this browser cannot follow the group any more and asks to
// be removed and added again with a fresh KeyPackage.
type Resync struct {
	Epoch      uint64 `json:"epoch"`
	KeyPackage []byte `json:"keyPackage" max:"2048"`
}

// Data carries one sealed data message (e2ee/PROTOCOL.md) to one person, or to
// everybody in the group when To is absent. The server relays and forgets it.
type Data struct {
	To   []byte `json:"to,omitempty" len:"16"`
	Body []byte `json:"body" max:"16640"` // 16 KiB and the SFrame header and tag
}

// Publish offers the connection on which this person sends. Restart asks for a
// new connection in place of the present one.
type Publish struct {
	SDP     string `json:"sdp" max:"65536"`
	Restart bool   `json:"restart"`
}

// Subscribe asks for a connection to receive on; the server answers Offered.
// A present one is replaced.
type Subscribe struct{}

// Answer answers Offered.
type Answer struct {
	SDP string `json:"sdp" max:"131072"`
}

// Watch asks to show a track in a slot of the subscribe connection, in place
// of what it shows. Without Person the slot shows nothing.
type Watch struct {
	Slot   string `json:"slot" max:"8"` // the slot's media id (mid) in the subscribe SDP
	Person []byte `json:"person,omitempty" len:"16"`
	Mid    string `json:"mid" max:"8"` // the track's media id in its publisher's SDP; empty without Person
}

// Leave ends the stay at once.
type Leave struct{}

// Ping asks for Pong, so that a browser can tell a dead connection.
type Ping struct{}

// ---- Server to browser ----

// Challenge opens every connection. Nonce is fresh for it.
type Challenge struct {
	Nonce []byte `json:"nonce" len:"32"`
}

// Refused says why there is no entry. The connection closes after it.
type Refused struct {
	Code Code `json:"code" enum:"proof,full,busy,throttled,expired,taken"`
}

// Code says why a request was refused; nothing else about it is told.
type Code string

// The refusals.
const (
	CodeProof     Code = "proof"     // a signature or hash does not fit: not a link of this room
	CodeFull      Code = "full"      // the room has as many people as it may
	CodeBusy      Code = "busy"      // the server has as many rooms as it may
	CodeThrottled Code = "throttled" // too many failed tries from this network: wait a minute
	CodeExpired   Code = "expired"   // the resume token is unknown or used: join anew
	CodeTaken     Code = "taken"     // the person id is in use in this room
)

// Waiting says that the proofs hold and that the person will be let in; For
// says what is waited for.
type Waiting struct {
	For string `json:"for" enum:"moderator"`
}

// Joined lets the person in. With Found the browser creates the MLS group;
// otherwise Welcome follows.
type Joined struct {
	Token  []byte   `json:"token" len:"32"`
	Found  bool     `json:"found"`
	People []Person `json:"people" max:"500"` // everybody else
}

// Resumed continues a stay. Member says that the leaf is still in the group:
// then Committed messages since Resume.Epoch follow. Otherwise Found or a
// Welcome puts the person back. Both media connections must be made anew if
// they are not alive.
type Resumed struct {
	Token  []byte   `json:"token" len:"32"`
	Member bool     `json:"member"`
	Found  bool     `json:"found"`
	People []Person `json:"people" max:"500"`
}

// Person is what the server knows of somebody in the room.
type Person struct {
	ID        []byte  `json:"id" len:"16"`
	Moderator bool    `json:"moderator"` // proved to the server; clients believe only the signed hello
	Away      bool    `json:"away"`      // connection lost, may come back
	Tracks    []Track `json:"tracks" max:"8"`
}

// Track is something a person publishes.
type Track struct {
	Mid  string `json:"mid" max:"8"`
	Kind string `json:"kind" enum:"audio,video"`
}

// Arrived tells of a person who came in (or came back after Left).
type Arrived struct {
	Person Person `json:"person"`
}

// Away tells of a person whose connection broke; Back or Left follows.
type Away struct {
	Person []byte `json:"person" len:"16"`
}

// Back tells of a person whose connection is there again.
type Back struct {
	Person []byte `json:"person" len:"16"`
}

// Left tells of a person who is gone.
type Left struct {
	Person []byte `json:"person" len:"16"`
}

// Nominate asks for a commit from Epoch with these changes. After Deadline
// somebody else is asked.
type Nominate struct {
	Epoch      uint64   `json:"epoch"`
	Adds       []Adding `json:"adds" max:"64"`
	Removes    [][]byte `json:"removes" max:"500" len:"16"`
	DeadlineMs int      `json:"deadlineMs"`
}

// Adding is a person to be added to the group.
type Adding struct {
	Person     []byte `json:"person" len:"16"`
	KeyPackage []byte `json:"keyPackage" max:"2048"`
}

// Committed is the commit that won Epoch; everybody in the group gets it, its
// author included, in one order.
type Committed struct {
	Epoch  uint64 `json:"epoch"`
	Commit []byte `json:"commit" max:"65536"`
}

// Rejected says that another commit won Epoch, or that Epoch is not current.
type Rejected struct {
	Epoch uint64 `json:"epoch"`
}

// Welcome puts a person into the group at Epoch.
type Welcome struct {
	Epoch   uint64 `json:"epoch"`
	Welcome []byte `json:"welcome" max:"163840"`
}

// Regroup tells the person to forget the present group: it has no usable
// member left. With Found the browser creates the new one; otherwise a
// Welcome follows, for the KeyPackage of a Resync that the browser must send.
type Regroup struct {
	Found bool `json:"found"`
}

// Relayed is a data message from somebody.
type Relayed struct {
	From []byte `json:"from" len:"16"`
	Body []byte `json:"body" max:"16640"`
}

// Published answers Publish.
type Published struct {
	SDP string `json:"sdp" max:"65536"`
}

// Offered answers Subscribe.
type Offered struct {
	SDP string `json:"sdp" max:"131072"`
}

// Tracks lists what a person publishes, whenever that changes.
type Tracks struct {
	Person []byte  `json:"person" len:"16"`
	Tracks []Track `json:"tracks" max:"8"`
}

// Shown confirms what a slot shows from now on; without Person, nothing.
type Shown struct {
	Slot   string `json:"slot" max:"8"`
	Person []byte `json:"person,omitempty" len:"16"`
	Mid    string `json:"mid" max:"8"`
}

// Lost says that a media connection ended on the server's side.
type Lost struct {
	Connection string `json:"connection" enum:"publish,subscribe"`
}

// Pong answers Ping.
type Pong struct{}
