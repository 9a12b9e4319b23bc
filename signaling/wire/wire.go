// Package wire defines every message between a browser and the server, once.
//
// A message is one JSON text frame on the WebSocket: an object whose first
// member "t" names its type (the Go name with a small first letter) and whose
// other members are the fields below, no more and no less. Byte strings travel
// as base64url without padding (RFC 4648, section 5). Tags give the limits:
// `max` is the greatest length (bytes of a byte string or of UTF-8 text,
// elements of a list), `len` an exact one (of a byte string, or of each element
// of a list of them); a byte string is never empty. `enum` lists the only texts
// or integers allowed; `omitempty` marks a field that may be absent.
//
// The TypeScript types and validators in client/src/wire/messages.gen.ts are
// written from this file by signaling/wire/gen.
package wire

// Sizes of identifiers, keys and proofs, in bytes.
const (
	RoomSize      = 16  // room id: SHA-256 truncated (e2ee/PROTOCOL.md, link)
	PersonSize    = 16  // random, chosen by the browser for one stay in one room; also the member id in the MLS leaf
	KeySize       = 32  // Ed25519 or X25519 public key
	SignatureSize = 64  // Ed25519 signature (RFC 8032)
	NonceSize     = 32  // a connection's challenge
	TokenSize     = 32  // resume token
	GrantSize     = 216 // a moderator's grant (e2ee/PROTOCOL.md, "Grants")
	MarkSize      = 16  // a key in a list of a Policy: hashed and cut short
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

// Statement is what a moderator says and signs: an order, or the rules of the
// room. It travels as text inside Signed, and there has the form of a message.
//
//sumtype:decl
type Statement interface{ statement() }

// ---- What moderators sign ----

// Signed is a moderator's statement with its proof (e2ee/PROTOCOL.md,
// "Statements"). The server acts on it, and every client checks it itself.
type Signed struct {
	Statement string `json:"statement" max:"16384"` // one Statement, as EncodeStatement writes it
	Grant     []byte `json:"grant" len:"216"`       // whose key signed, and that a moderator may
	Signature []byte `json:"signature" len:"64"`    // by the key in the grant
}

// Every Statement has a Seq: greater than that of all earlier ones under the
// same key. One with another number has been played before and has no effect.

// Policy is the rules of the room from now on. The one with the greatest
// Version holds; of two with one Version the server takes the first. Version 0,
// signed by nobody, is what holds before: Lobby, Chat and Share, everything else
// off, Unmoderated "lock", the lists empty.
type Policy struct {
	Seq         uint64      `json:"seq"`
	Version     uint64      `json:"version"`
	Lobby       bool        `json:"lobby"`                                // newcomers wait until a moderator admits them
	Locked      bool        `json:"locked"`                               // nobody new comes in, nor to the moderators' sight
	Quiet       bool        `json:"quiet"`                                // participants may not speak, but those in Speakers
	Chat        bool        `json:"chat"`                                 // participants may write to everybody
	Share       bool        `json:"share"`                                // participants may share their screens
	Tickets     bool        `json:"tickets"`                              // participants need a ticket
	Verify      bool        `json:"verify"`                               // nobody sends media before comparing the safety code
	Masked      bool        `json:"masked"`                               // cameras send only pictures in which faces are covered
	Banned      bool        `json:"banned"`                               // somebody was banned: whoever admits is reminded
	Unmoderated string      `json:"unmoderated" enum:"continue,lock,end"` // once no moderator is in: go on; go on locked for 5 minutes, then end; end
	Generation  *Generation `json:"generation,omitempty"`
	Passphrase  []byte      `json:"passphrase,omitempty" len:"32"` // public key that follows from the passphrase
	Speakers    [][]byte    `json:"speakers" max:"64" len:"16"`    // persons who may speak though Quiet
	Silenced    [][]byte    `json:"silenced" max:"64" len:"16"`    // persons who may not, though not Quiet
	Dismissed   [][]byte    `json:"dismissed" max:"64" len:"16"`   // marks of keys whose grants are withdrawn
	Barred      [][]byte    `json:"barred" max:"256" len:"16"`     // marks of signature, ticket and device keys that may not come in
}

// Generation is the link generation that newcomers must have: older links are
// replaced (e2ee/PROTOCOL.md, "Link generations").
type Generation struct {
	Number uint64 `json:"number"`       // from 1
	Key    []byte `json:"key" len:"32"` // join key of that generation
}

// Admit lets people who knocked into the room.
type Admit struct {
	Seq    uint64     `json:"seq"`
	Until  uint64     `json:"until"` // ms since 1970: no leaf is added by it later
	People []Admitted `json:"people" max:"64"`
}

// Admitted is somebody whom an Admit lets in.
type Admitted struct {
	Person []byte `json:"person" len:"16"`
	Key    []byte `json:"key" len:"32"` // signature key of the KeyPackage that knocked
	Viewer bool   `json:"viewer"`
}

// Deny turns somebody who knocked away.
type Deny struct {
	Seq    uint64 `json:"seq"`
	Person []byte `json:"person" len:"16"`
}

// Note is a line of text for somebody who waits. It goes to that person alone.
type Note struct {
	Seq    uint64 `json:"seq"`
	Person []byte `json:"person" len:"16"`
	Box    []byte `json:"box" max:"1024"` // sealed to the KEM key that came with the knock
}

// Remove puts somebody out of the room: for good until admitted anew, with
// ticket and device, or back to where people wait. A Policy that bars the
// person's keys and turns the lobby on goes before it.
type Remove struct {
	Seq    uint64 `json:"seq"`
	Person []byte `json:"person" len:"16"`
	How    string `json:"how" enum:"remove,ban,lobby"`
}

// Stop has a browser turn something of its own off, or take its hand down:
// one person's, or without Person that of everybody who is not a moderator.
// There is no statement that turns anything on.
type Stop struct {
	Seq    uint64 `json:"seq"`
	Person []byte `json:"person,omitempty" len:"16"`
	Source string `json:"source" enum:"microphone,camera,screen,hand"`
}

// Appoint makes a member a moderator for its stay. It is withdrawn by the
// key's mark in Policy.Dismissed.
type Appoint struct {
	Seq   uint64 `json:"seq"`
	Grant []byte `json:"grant" len:"216"`
}

// End ends the meeting for everybody.
type End struct {
	Seq uint64 `json:"seq"`
}

// ---- Browser to server ----

// Join asks to enter a room. It, or Resume, is the first message on a
// connection and answers Challenge: the signatures are over
// label || nonce || room || person with the labels of e2ee/PROTOCOL.md.
type Join struct {
	Room          []byte           `json:"room" len:"16"`
	Moderators    []byte           `json:"moderators" len:"16"` // hash of the room's moderator keys; room id = hash(moderators, joinKey)
	JoinKey       []byte           `json:"joinKey" len:"32"`    // proves possession of the link
	JoinSignature []byte           `json:"joinSignature" len:"64"`
	Generation    *GenerationProof `json:"generation,omitempty"`
	Passphrase    *PassphraseProof `json:"passphrase,omitempty"`
	Ticket        *TicketProof     `json:"ticket,omitempty"`
	Moderator     *ModeratorProof  `json:"moderator,omitempty"`
	Host          []byte           `json:"host,omitempty" max:"128"` // host token, to open a room where the operator wants one
	Policy        *Signed          `json:"policy,omitempty"`         // by a moderator: holds at once if the room's is older
	Person        []byte           `json:"person" len:"16"`
	KeyPackage    []byte           `json:"keyPackage" max:"2048"`       // MLS KeyPackage message, opaque here
	Device        string           `json:"device" enum:"desktop,phone"` // desktops are nominated to commit first
}

// GenerationProof proves possession of a link of a later generation.
type GenerationProof struct {
	Number    uint64 `json:"number"`
	Key       []byte `json:"key" len:"32"`
	Signature []byte `json:"signature" len:"64"`
}

// PassphraseProof proves knowledge of the room's passphrase.
type PassphraseProof struct {
	Key       []byte `json:"key" len:"32"`
	Signature []byte `json:"signature" len:"64"`
}

// TicketProof proves possession of a ticket, and which device it is used on.
type TicketProof struct {
	Ticket          []byte `json:"ticket" max:"512"` // e2ee/PROTOCOL.md, "Tickets"
	Signature       []byte `json:"signature" len:"64"`
	Device          []byte `json:"device" len:"32"` // this browser's key for this ticket alone
	DeviceSignature []byte `json:"deviceSignature" len:"64"`
}

// ModeratorProof proves that the person may moderate: a grant for it, and the
// signature of the key in the grant, which must be that of the leaf.
type ModeratorProof struct {
	Grant     []byte `json:"grant" len:"216"`
	Signature []byte `json:"signature" len:"64"`
}

// Knock tells the moderators who waits: once for each key that Waiting named.
// It may be said again, with another name or for other moderators.
type Knock struct {
	Boxes []Box `json:"boxes" max:"16"`
}

// Box is something that only the owner of a KEM key can read.
type Box struct {
	KEMKey []byte `json:"kemKey" len:"32"`
	Sealed []byte `json:"sealed" max:"1024"`
}

// Act is a moderator's order.
type Act struct {
	Signed Signed `json:"signed"`
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
type Subscribe struct {
	// Pictures is how many slots for video the connection has; absent: 25. Each
	// costs a browser time when the connection is made, shown or not.
	Pictures int `json:"pictures,omitempty" enum:"25,49"`
}

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
	// Size is how large a picture is drawn, by the layers that a publisher
	// sends of it: a quarter, half, or all of its height. It says nothing of
	// sound. A Watch for what is shown already changes it, and Priority.
	Size string `json:"size" enum:"small,medium,large"`
	// Priority says what is shown well first where the network cannot carry
	// everything.
	Priority string `json:"priority" enum:"low,medium,high"`
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
	Code   Code `json:"code" enum:"proof,full,busy,throttled,expired,taken,passphrase,ticket,early,late,used,barred,denied,generation,host"`
	WaitMs int  `json:"waitMs"` // how long to wait before the next try; 0: no longer than it takes
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

	CodePassphrase Code = "passphrase" // the room has a passphrase: it is missing or another
	CodeTicket     Code = "ticket"     // the room wants a ticket, or this one is not for it
	CodeEarly      Code = "early"      // the ticket does not hold yet
	CodeLate       Code = "late"       // the ticket holds no more
	CodeUsed       Code = "used"       // the ticket has been used on another device
	CodeBarred     Code = "barred"     // a moderator withdrew the ticket, or barred the device
	CodeDenied     Code = "denied"     // a moderator said no
	CodeGeneration Code = "generation" // the link has been replaced by a newer one
	CodeHost       Code = "host"       // to open a room here a host token is wanted
)

// Waiting says that the proofs hold; For says what is waited for: that a
// moderator comes, that one admits the person, or that the room is unlocked. It
// comes again whenever that changes. Who is told "admission" knocks.
type Waiting struct {
	For    string   `json:"for" enum:"moderator,admission,lock"`
	Grants [][]byte `json:"grants" max:"16" len:"216"` // of moderators who are in: whom to knock at; empty but for "admission"
}

// Knocked tells a moderator who waits, or that a knock has changed.
type Knocked struct {
	Person     []byte `json:"person" len:"16"`
	KeyPackage []byte `json:"keyPackage" max:"2048"`
	Sealed     []byte `json:"sealed" max:"1024"` // from the Box for this moderator's KEM key
	Ticket     []byte `json:"ticket,omitempty" max:"512"`
}

// Unknocked tells moderators that somebody waits no more: admitted, denied or gone.
type Unknocked struct {
	Person []byte `json:"person" len:"16"`
}

// Acted is a statement of a moderator: everybody in the room and whomever it
// concerns gets it, its author included, in one order with everything else. A
// Note goes to its recipient and its author alone.
type Acted struct {
	Signed Signed `json:"signed"`
}

// Moderated says whether a moderator is in (or may come back within the resume
// time), and otherwise when the server ends the meeting. Comes after Joined and
// Resumed, and when it changes.
type Moderated struct {
	Present bool `json:"present"`
	EndsMs  int  `json:"endsMs"` // until then; 0: it does not end
}

// Over ends the stay; the connection closes after it. Acted with the reason
// has come before, if a moderator gave it.
type Over struct {
	Why string `json:"why" enum:"removed,banned,lobby,ended,unmoderated,replayed"`
}

// Warned tells moderators of something that only they need to know: that a
// person's used resume token was shown and its stay has ended, or that the
// lobby is full.
type Warned struct {
	Of     string `json:"of" enum:"replay,lobby"`
	Person []byte `json:"person,omitempty" len:"16"`
}

// Joined lets the person in. With Found the browser creates the MLS group;
// otherwise Welcome follows.
type Joined struct {
	Token  []byte   `json:"token" len:"32"`
	Found  bool     `json:"found"`
	People []Person `json:"people" max:"500"` // everybody else
	Policy *Signed  `json:"policy,omitempty"` // absent: version 0
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
	Policy *Signed  `json:"policy,omitempty"`
}

// Person is what the server knows of somebody in the room.
type Person struct {
	ID        []byte  `json:"id" len:"16"`
	Moderator bool    `json:"moderator"` // proved to the server; clients believe only the signed hello
	Viewer    bool    `json:"viewer"`    // receives only
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
	Admissions []Signed `json:"admissions" max:"64"`       // Admit statements that cover Adds
	Grants     [][]byte `json:"grants" max:"64" len:"216"` // of moderators among Adds, who need no admission
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

// Wanted says how much of one of this person's own tracks of pictures anybody
// is shown, by Watch.Size: larger layers need not be encoded. Until told, all
// are wanted.
type Wanted struct {
	Mid  string `json:"mid" max:"8"`
	Size string `json:"size" enum:"none,small,medium,large"`
}

// Lost says that a media connection ended on the server's side.
type Lost struct {
	Connection string `json:"connection" enum:"publish,subscribe"`
}

// Pong answers Ping.
type Pong struct{}
