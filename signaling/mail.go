package signaling

import (
	"sync"

	"paravent/signaling/wire"
)

// mail is what one browser still has to be told: frames in order, and after
// the last of them perhaps a close code. The room fills it and never waits;
// the connection's writer empties it. Safe for concurrent use.
type mail struct {
	wake chan struct{} // holds one token when there is something to take

	mu     sync.Mutex // guards what follows; nothing is called while it is held
	frames [][]byte
	bytes  int
	code   wire.Close // not 0: nothing is added any more
}

func newMail() *mail { return &mail{wake: make(chan struct{}, 1)} }

// put adds a frame, which must not be changed afterwards. It reports false
// when the browser lags too far behind. After end it does nothing.
func (m *mail) put(frame []byte) bool {
	m.mu.Lock()
	full := len(m.frames) >= mailFrames || m.bytes+len(frame) > mailBytes
	ended := m.code != 0
	if !full && !ended {
		m.frames = append(m.frames, frame)
		m.bytes += len(frame)
	}
	m.mu.Unlock()
	if full || ended {
		return ended
	}
	m.ring()
	return true
}

// end closes the connection with a code once it has been told the rest; one
// that was too slow is spared the rest. The first code stays.
func (m *mail) end(code wire.Close) {
	m.mu.Lock()
	if m.code == 0 {
		m.code = code
		if code == wire.CloseSlow {
			m.frames = nil
		}
	}
	m.mu.Unlock()
	m.ring()
}

// ended says whether end has been called.
func (m *mail) ended() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.code != 0
}

// take empties the mail. A code that is not 0 comes with the last frames.
func (m *mail) take() (frames [][]byte, code wire.Close) {
	m.mu.Lock()
	defer m.mu.Unlock()
	frames, m.frames, m.bytes = m.frames, nil, 0
	return frames, m.code
}

func (m *mail) ring() {
	select {
	case m.wake <- struct{}{}:
	default:
	}
}
