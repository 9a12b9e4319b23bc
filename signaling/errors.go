package signaling

import (
	"errors"

	"paravent/signaling/wire"
)

// refusal is the only kind of error a browser is ever told. It is a code and
// nothing else: no sentence, no name, no address can leak through it.
type refusal wire.Code

func (r refusal) Error() string { return "signaling: refused: " + string(r) }

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
