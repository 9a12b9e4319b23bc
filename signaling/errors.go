package signaling

import (
	"errors"
	"time"

	"paravent/signaling/wire"
)

// refusal is the only kind of error a browser is ever told. It is a code and
// a time to wait, and nothing else: no sentence, no name, no address can leak
// through it.
type refusal struct {
	code wire.Code
	wait time.Duration // before the next try; 0: none
}

func (r refusal) Error() string { return "signaling: refused: " + string(r.code) }

// message is what the browser is told. A wait is rounded up, so that whoever
// keeps to it does not come too early.
func (r refusal) message() *wire.Refused {
	ms := (r.wait + time.Millisecond - 1).Milliseconds()
	return &wire.Refused{Code: r.code, WaitMs: int(min(max(0, ms), mostWait))}
}

// errOver says that a room had ended before it could be asked.
var errOver = errors.New("signaling: want a room that has not ended")

// errClosed says that a connection has been closed already, by the room.
var errClosed = errors.New("signaling: want a connection that has not been closed")

// ended is why the server closes a connection.
type ended wire.Close

func (ended) Error() string { return "signaling: connection closed by the server" }

// Close codes of the WebSocket protocol itself (RFC 6455, section 7.4.1).
const (
	closeNormal   wire.Close = 1000 // after Leave
	closeInternal wire.Close = 1011 // a fault of ours
)
