// Package group is one person's part in the MLS group of a room, under the
// rules of e2ee/PROTOCOL.md ("Group (MLS)", "Admission", "Link generations"):
// the second implementation, for programs that take part without a browser. It
// is never part of the server.
//
// It does no input or output and has no clock: what the server says goes in,
// what is to be sent and which keys hold comes out. It fails closed: what
// cannot be verified changes nothing. Errors are never caused by what others
// say: after one the stay is of no use any more.
package group

import (
	"crypto/ed25519"

	"paravent/e2ee/link"
	"paravent/signaling/wire"
)

// Sizes in bytes.
const (
	PersonSize  = 16
	GroupSize   = 32 // group id: room[16] || random[16]
	BaseKeySize = 32
)

// Limits of the profile.
const (
	MembersMax = 500
	AddsMax    = 64 // in one commit
	LeafMax    = 1023
)

// Role is what a leaf may do; it is part of its credential.
type Role byte

// The roles. A moderator's leaf is a participant's.
const (
	Participant Role = 1
	Viewer      Role = 2 // receives only: its frames and chat lines count for nothing
)

// Self is who a person is for one stay.
type Self struct {
	Person [PersonSize]byte   // random, made anew for each stay
	Key    ed25519.PrivateKey // the leaf's signature key, made anew for each stay
	Role   Role
}

// Seat is a leaf of the group and whose it is.
type Seat struct {
	Leaf   uint32
	Person [PersonSize]byte
	Key    [ed25519.PublicKeySize]byte
	Role   Role
}

// Epoch is what holds between two commits.
type Epoch struct {
	GroupID       [GroupSize]byte
	Number        uint64
	BaseKey       [BaseKeySize]byte // RFC 9605, section 5.2
	Authenticator [32]byte          // RFC 9420, section 8.7; the safety code follows from it and GroupID
	Leaf          uint32            // this person's own
	Seats         []Seat            // everybody, by leaf

	Added   []Seat   // whom the commit added; after a Welcome, this person
	Removed []uint32 // leaves whose keys of older epochs go at once
	Anew    bool     // by founding or a Welcome, not from the epoch before
	Mine    bool     // by a commit of this person, who then sends each newcomer the policy

	Kicks      []wire.Signed    // Remove statements that came with the commit, verified: as if Acted had brought them
	Generation *link.Generation // the link generation that begins with this epoch, which links made from now on must hold; nil: no change
}

// Step is what came of something the server said. More than one part may be
// set; the zero Step says that nothing changed.
type Step struct {
	Forget bool         // first: all keys of the group are gone, nothing may be sealed until the next epoch
	Epoch  *Epoch       // then: the epoch entered
	Resync *wire.Resync // then: to be sent
}
