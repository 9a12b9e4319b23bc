package signaling

import (
	"crypto/ed25519"
	"time"
)

// Limits are what an operator may set. The zero value of a field means its
// default.
type Limits struct {
	Rooms    int // most rooms that a moderator has come into, and most others; default 1000
	People   int // most people in a room; default and most 500
	Entering int // most connections that have not yet entered a room; default 1000

	// Hosts is whose host tokens let moderators open rooms; nil: anybody may.
	Hosts ed25519.PublicKey
}

// Defaults of Limits.
const (
	defaultRooms    = 1000
	mostPeople      = 500 // what a list of people may hold (wire.Joined)
	defaultEntering = 1000
)

func (l Limits) withDefaults() Limits {
	if l.Rooms <= 0 {
		l.Rooms = defaultRooms
	}
	if l.People <= 0 || l.People > mostPeople {
		l.People = mostPeople
	}
	if l.Entering <= 0 {
		l.Entering = defaultEntering
	}
	return l
}

// From the protocol (PROTOCOL.md and e2ee/PROTOCOL.md): clients rely on these.
const (
	entryTime       = 10 * time.Second // from Challenge to Join or Resume
	leafGrace       = 10 * time.Second // a broken connection may come back before its leaf is removed
	resumeTime      = 30 * time.Second // a resume token lives this long after the connection broke
	windowPerMember = 10 * time.Millisecond
	windowLeast     = 150 * time.Millisecond // between commits; removals of those who left do not wait
	windowMost      = 3 * time.Second
	nominationTime  = 1500 * time.Millisecond // then the next one is asked
	rekeyTime       = 10 * time.Minute        // without a commit, an empty one is asked for
	addsPerCommit   = 64
	logMessages     = 128 // commits that somebody who comes back can be told
	dataRate        = 20  // data messages a second
	dataBurst       = 40  // at once: a late joiner is greeted, a greeting answered
)

// Ours: bounds on memory and work, invisible to an honest browser.
const (
	// readLimit is the longest frame in bytes: the largest message, Commit, is
	// 320 KiB of JSON.
	readLimit = 384 << 10
	// messageRate a second and messageBurst at once: a browser that shows a
	// page of 25 faces asks for 25 tracks; two pages and a reconnect fit.
	messageRate  = 50
	messageBurst = 200
	// byteRate a second and byteBurst at once bound what one browser can make
	// a room carry: 20 full data messages a second are 450 kB.
	byteRate  = 1 << 20
	byteBurst = 4 << 20
	// mailFrames and mailBytes are how far a browser may lag behind. Five
	// hundred people let in at once tell each other 500 times; a log is logBytes.
	mailFrames = 4096
	mailBytes  = 8 << 20
	// logBytes and logTime bound the commits kept for those who come back. The
	// time is resumeTime and what it takes to notice that a connection broke.
	logBytes = 4 << 20
	logTime  = time.Minute
	// pingTime and silenceTime tell a dead connection: three pings unanswered.
	// The browser's network layer answers, even for a page in the background.
	pingTime    = 5 * time.Second
	silenceTime = 15 * time.Second
	writeTime   = 10 * time.Second // for one frame
	// lingerTime is how long a closed connection may take to read why, and
	// lingerBytes how much more of its data is thrown away meanwhile: a socket
	// closed on unread data loses what it was last sent.
	lingerTime  = 3 * time.Second
	lingerBytes = 32 << 20
	// commitStrikes is how often a nominee's commit may leave out a change it
	// was asked for before the change is given up. Three nominees are three
	// people where there are three.
	commitStrikes = 3
	// mostMisses is how many nominees in a row may let their time pass before
	// those who wait found a new group: half a minute.
	mostMisses = 20
	// strandedTime is how long people wait for a member whose connection broke
	// when nobody else could let them in.
	strandedTime = 3 * time.Second
	// usedTokens is how many of a stay's used resume tokens are remembered, to
	// notice one that is shown again.
	usedTokens = 16
	// heldWatches is how many slots may be asked for before the first Ready.
	heldWatches = 65 // 49 for video and 16 for audio
	// usualPictures is how many slots for video somebody gets who does not say.
	usualPictures = 25
	// mostTracks is what a list of tracks may hold (wire.Tracks).
	mostTracks = 8
)

// Guesses, per network (a /24 of IPv4, a /56 of IPv6) and in points. A false
// proof costs guessProof, an unknown resume token guessToken: a company behind
// one address whose people all come back after a restart must not be locked
// out, and 256 random bits cannot be guessed anyway.
const (
	guessProof   = 30
	guessToken   = 1
	guessMost    = 600              // 20 false proofs
	guessRate    = 10               // points forgiven a second: 20 false proofs a minute
	guessEntries = 1 << 16          // networks remembered, 2 MB
	throttleWait = time.Minute      // what the browser is told to wait
	guessSweep   = 15 * time.Second // between two looks for what is forgiven
)

// Tries to get into one room (slow.go), per room and network. They are part of
// the protocol: a browser shows people how long they have to wait.
const (
	slowFree     = 3                // wrong passphrases before anything is slowed down
	slowFirst    = 2 * time.Second  // after the next one; doubled with each more
	slowKnock    = 10 * time.Second // after the first denial; doubled with each more
	slowMost     = 5 * time.Minute
	slowRoom     = 60               // wrong passphrases a minute in one room, from all networks together
	slowRoomRate = 1                // of them are forgiven a second
	slowTurn     = time.Second      // what everybody waits beyond that
	slowTurnTime = time.Minute      // to come again after that wait
	slowTime     = 15 * time.Minute // then a network is forgotten
	slowEntries  = 1 << 16          // rooms and networks remembered, 5 MB
	mostWait     = 1<<31 - 1        // ms: the longest wait that is told (wire.Refused)
)

// Lobby and rules (PROTOCOL.md, "Moderation"): clients rely on these.
const (
	lobbyMost       = 100             // who wait, beyond whom nobody may knock
	lobbyPerNetwork = 50              // of them from one network: a school is one, and others must get a turn
	earlyPerNetwork = 100             // who wait from one network while there is no moderator to look at them
	earlyMost       = 500             // who wait then from everywhere
	crowdedWait     = 5 * time.Second // what those beyond are told to wait
	warnTime        = time.Minute     // between two warnings of a full lobby
	mostGrants      = 16              // moderators who can be knocked at (wire.Waiting)
	knockRate       = 1               // a second
	knockBurst      = 40              // at once: every moderator who comes is knocked at anew
	actRate         = 10              // orders a second
	actBurst        = 80              // at once: a moderator puts a whole crowd out, with a Policy before each
	unmoderatedTime = 5 * time.Minute // a locked meeting without a moderator ends then
	keepTime        = time.Minute     // rules outlive the last person
	clockTime       = 24 * time.Hour  // how wrong a moderator's clock may be in Admit.Until: clients allow it too
)

// Ours: bounds on what rules take.
const (
	mostTickets   = 1024     // tickets bound to a device in one room
	mostDismissed = 64       // as in wire.Policy
	keptRooms     = 1024     // rooms whose rules are kept without anybody in them
	admissions    = 40 << 10 // bytes of Admit statements that one commit is to carry: 48 KiB fit
)

// window is the least time between two commits of a group of n members.
func window(n int) time.Duration {
	return min(max(time.Duration(n)*windowPerMember, windowLeast), windowMost)
}
