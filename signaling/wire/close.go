package wire

// Subprotocol is the WebSocket subprotocol (RFC 6455, section 1.9) that every
// connection must ask for.
const Subprotocol = "paravent.1"

// Close is the status code (RFC 6455, section 7.4.2: 4000 to 4999 are an
// application's own) with which the server ends a connection.
type Close int

// Why the server closes a connection. After Leave it is 1000.
const (
	CloseMalformed  Close = 4000 // a frame that is no message, or a message that cannot come at this point
	CloseRefused    Close = 4001 // after Refused, which says why
	CloseSlow       Close = 4002 // it did not read what it was sent
	CloseRemoved    Close = 4003 // a moderator put the person out: Over has said how
	CloseReplaced   Close = 4004 // another connection took the stay over, or its ticket was shown anew
	CloseFlood      Close = 4005 // more messages than anybody needs
	CloseLate       Close = 4006 // no Join or Resume in time
	CloseRestarting Close = 4007 // the server is going down
	CloseEnded      Close = 4008 // the meeting is over, or the stay's resume token was shown twice: Over has said which
)

// Closing is a close code with its name.
type Closing struct {
	Name string
	Code Close
}

// Closings returns all close codes in order.
func Closings() []Closing {
	return []Closing{
		{"malformed", CloseMalformed},
		{"refused", CloseRefused},
		{"slow", CloseSlow},
		{"removed", CloseRemoved},
		{"replaced", CloseReplaced},
		{"flood", CloseFlood},
		{"late", CloseLate},
		{"restarting", CloseRestarting},
		{"ended", CloseEnded},
	}
}
