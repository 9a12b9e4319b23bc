package signaling

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"errors"
	"time"

	"paravent/signaling/wire"
)

// publicKey is an Ed25519 or X25519 key.
type publicKey [wire.KeySize]byte

// moderatorsID stands for the keys of a room's moderators (e2ee/PROTOCOL.md,
// "Link"): the room id is made of it, so one room has one.
type moderatorsID [wire.RoomSize]byte

// mark stands for a key in the lists of a Policy.
type mark [wire.MarkSize]byte

// markOf is the mark of a signature, ticket or device key.
func markOf(key publicKey) mark { return mark(digest(markLabel, key[:])[:wire.MarkSize]) }

// grant says that a person may moderate (e2ee/PROTOCOL.md, "Grants"). It is
// not to be changed.
type grant struct {
	raw      []byte // as it came, 216 bytes
	person   personID
	key      publicKey // of the person's leaf and its statements
	kem      publicKey // knocks are sealed to it
	notAfter uint64    // ms since 1970
	holder   bool      // made by the moderator link for itself: nobody can withdraw it
}

// Where the parts of a grant are.
const (
	grantKEM       = wire.KeySize // of the moderators; their signature key comes first
	grantPerson    = grantKEM + wire.KeySize
	grantKey       = grantPerson + wire.PersonSize
	grantOwnKEM    = grantKey + wire.KeySize
	grantNotAfter  = grantOwnKEM + wire.KeySize
	grantSignature = grantNotAfter + 8
)

var errGrant = errors.New("signaling: want a grant of this room's moderators")

// readGrant reads a grant for a room whose moderators' keys hash to
// moderators. It keeps raw. Whether the grant holds at this time is asked with
// holds, and whether it was withdrawn of the Policy.
func readGrant(raw []byte, room roomID, moderators moderatorsID) (*grant, error) {
	if len(raw) != wire.GrantSize || !isModerators(moderators, raw[:grantKEM], raw[grantKEM:grantPerson]) {
		return nil, errGrant
	}
	signed := bytes.Join([][]byte{[]byte(grantLabel), room[:], raw[grantPerson:grantSignature]}, nil)
	if !ed25519.Verify(raw[:grantKEM], signed, raw[grantSignature:]) {
		return nil, errGrant
	}
	g := &grant{
		raw:      raw,
		person:   personID(raw[grantPerson:]),
		key:      publicKey(raw[grantKey:]),
		kem:      publicKey(raw[grantOwnKEM:]),
		notAfter: binary.BigEndian.Uint64(raw[grantNotAfter:]),
	}
	if g.notAfter > wire.MaxInteger { // a time that browsers cannot hold exactly
		return nil, errGrant
	}
	g.holder = bytes.Equal(g.kem[:], raw[grantKEM:grantPerson])
	return g, nil
}

// isModerators says whether these are the keys that a moderatorsID stands for.
func isModerators(id moderatorsID, signatureKey, kemKey []byte) bool {
	return moderatorsID(digest(moderatorsLabel, signatureKey, kemKey)[:wire.RoomSize]) == id
}

// holds says whether the grant is not past.
func (g *grant) holds(now time.Time) bool { return milliseconds(now) <= g.notAfter }

// milliseconds is a time as it stands in what is signed: since 1970.
func milliseconds(t time.Time) uint64 { return uint64(max(0, t.UnixMilli())) }
