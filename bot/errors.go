package bot

import (
	"errors"
	"fmt"
	"time"

	"paravent/signaling/wire"
)

var (
	// ErrLink is returned for what is not a link.
	ErrLink = errors.New("bot: want a link of a meeting")
	// ErrLeft is the end of a person who has left.
	ErrLeft = errors.New("bot: the person has left")
	// ErrConnection is the end of a person whose connection broke and could not
	// be made anew within the time in which a stay can go on.
	ErrConnection = errors.New("bot: the connection is lost")
	// ErrProtocol is the end when server and client do not understand each other.
	ErrProtocol = errors.New("bot: the server speaks another protocol")
	// ErrReplaced is the end when the stay goes on on another connection.
	ErrReplaced = errors.New("bot: the stay goes on elsewhere")
	// ErrRestarting is the end when the server goes down. Join again later.
	ErrRestarting = errors.New("bot: the server restarts")
	// ErrRemoved is the end when a moderator put the person out.
	ErrRemoved = errors.New("bot: removed by a moderator")
	// ErrBanned is the end when a moderator put the person out for good.
	ErrBanned = errors.New("bot: banned by a moderator")
	// ErrLobby is the end when a moderator sent the person back to where people
	// wait: join again.
	ErrLobby = errors.New("bot: sent back to the lobby by a moderator")
	// ErrEnded is the end when a moderator ended the meeting for everybody.
	ErrEnded = errors.New("bot: the meeting has ended")
	// ErrUnmoderated is the end when no moderator was in for too long.
	ErrUnmoderated = errors.New("bot: the meeting has ended without a moderator")
	// ErrReplayed is the end when a used resume token was shown: there are two
	// copies of the stay, and both have ended.
	ErrReplayed = errors.New("bot: a copy of the stay was used")
	// ErrFault is the end when keys or memory are in a state that no input
	// explains. Nothing is sent any more.
	ErrFault = errors.New("bot: fault")

	// ErrNoKeys is returned when there is no group to seal for, as for a moment
	// after a resync. Nothing was sent.
	ErrNoKeys = errors.New("bot: no keys")
	// ErrLong is returned for text beyond its limit.
	ErrLong = errors.New("bot: too long")
	// ErrUnknown is returned for a person who is not there.
	ErrUnknown = errors.New("bot: unknown person")
	// ErrForbidden is returned for what the rules of the room do not let this
	// person do: orders of somebody who is no moderator among them.
	ErrForbidden = errors.New("bot: forbidden by the rules of the room")
	// ErrViewer is returned to viewers, who only receive.
	ErrViewer = errors.New("bot: viewers send nothing")
	// ErrUnconfirmed is returned for an order that did not come back within 5 s:
	// the server may not have carried it out.
	ErrUnconfirmed = errors.New("bot: order not confirmed")
	// ErrCodec is returned for a codec that a source cannot have.
	ErrCodec = errors.New("bot: want Opus for sound and VP8 for pictures")
	// ErrMedia is returned when a media connection cannot be made.
	ErrMedia = errors.New("bot: no media connection")
	// ErrFull is returned when no slot of the subscribe connection is free.
	ErrFull = errors.New("bot: no slot is free")
	// ErrStopped is returned by a track or view that has ended.
	ErrStopped = errors.New("bot: stopped")
)

// RefusedError is the error of Join, and the end of a person, when the server lets
// it in no more.
type RefusedError struct {
	Code wire.Code     // see signaling/PROTOCOL.md, "Entering"
	Wait time.Duration // before the next try; 0: no longer than it takes
}

// Error says which refusal it is.
func (r *RefusedError) Error() string { return fmt.Sprintf("bot: refused: %s", r.Code) }

// endOf is the end that Over tells.
func endOf(why string) error {
	switch why {
	case "removed":
		return ErrRemoved
	case "banned":
		return ErrBanned
	case "lobby":
		return ErrLobby
	case "ended":
		return ErrEnded
	case "unmoderated":
		return ErrUnmoderated
	case "replayed":
		return ErrReplayed
	default:
		return ErrProtocol
	}
}

// endAt is the end that a close code says, or nil when the stay can go on.
func endAt(code wire.Close) error {
	switch code {
	case wire.CloseMalformed, wire.CloseLate, wire.CloseFlood:
		return ErrProtocol
	case wire.CloseRemoved:
		return ErrRemoved
	case wire.CloseReplaced:
		return ErrReplaced
	case wire.CloseRestarting:
		return ErrRestarting
	case wire.CloseEnded:
		return ErrEnded
	case wire.CloseRefused, wire.CloseSlow:
		return nil
	default:
		return nil
	}
}
