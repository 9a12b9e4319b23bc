// Package subject is the media half of a server, the router and a transport, in
// a process of its own, so that it alone can be measured: its CPU time, its
// memory, its system calls. It is told what to do by lines of JSON on its
// standard input and answers on its standard output. It listens on loopback.
package subject

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"time"

	"paravent/sfu/transport"
)

// Variable says in the environment of a process that it is to be a subject, and
// which.
const Variable = "PARAVENT_SUBJECT"

// answerTime is how long anything may take on a busy machine.
const answerTime = 30 * time.Second

// request is a line for the subject.
type request struct {
	Number    uint64
	Do        string
	Peer      uint64 `json:",omitempty"`
	Text      string `json:",omitempty"`
	Slot      string `json:",omitempty"`
	Publisher uint64 `json:",omitempty"`
}

// answer is a line from it: the answer to a request, or what happened.
type answer struct {
	Number uint64 `json:",omitempty"` // of the request; 0: none
	Text   string `json:",omitempty"`
	Fault  string `json:",omitempty"`
	Usage  *Usage `json:",omitempty"`
}

// Usage is what a subject has used since it began, and holds.
type Usage struct {
	CPU         time.Duration
	Switches    uint64 // of context
	Mallocs     uint64
	Bytes       uint64 // allocated, in all
	Heap        uint64 // bytes in use
	Stack       uint64
	Goroutines  int
	Descriptors int // files; 0: not known
	Counts      transport.Counts
	Lost        int // connections
	Shown       int // slots that show something
}

// Forwards counts packets that were written.
func (u Usage) Forwards() uint64 { return u.Counts.Sealed }

// Options say what a subject is.
type Options struct {
	Transport string // engine or pion
	Lanes     int    // of the engine; 0: as many as cores
	Profile   string // file for a CPU profile of its whole life; empty: none
}

// Subject is a running one. Safe for concurrent use.
type Subject struct {
	process *exec.Cmd
	in      io.WriteCloser
	read    chan struct{} // closed when it says nothing any more
	writing sync.Mutex    // held to write a line; whoever waits for that must not keep answers from being read

	mu      sync.Mutex // guards what follows
	last    uint64
	waiting map[uint64]chan answer
}

var (
	errGone  = errors.New("subject: want a process that answers")
	errFault = errors.New("subject: want what can be done")
)

// Start starts this program again, with arguments that bring it to Run.
func Start(o Options, arguments ...string) (*Subject, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s := &Subject{process: exec.Command(program, arguments...), read: make(chan struct{}), waiting: map[uint64]chan answer{}} //nolint:gosec,noctx // ourselves; ended by Close
	text, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	s.process.Env = append(os.Environ(), Variable+"="+string(text))
	s.process.Stderr = os.Stderr
	if s.in, err = s.process.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := s.process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.process.Start(); err != nil {
		return nil, err
	}
	go s.listen(out)
	return s, nil
}

// PID is the number of the process.
func (s *Subject) PID() int { return s.process.Process.Pid }

func (s *Subject) listen(out io.Reader) {
	defer close(s.read)
	lines := json.NewDecoder(bufio.NewReader(out))
	for {
		var a answer
		if lines.Decode(&a) != nil {
			return
		}
		s.mu.Lock()
		to := s.waiting[a.Number]
		delete(s.waiting, a.Number)
		s.mu.Unlock()
		if to != nil {
			to <- a
		}
	}
}

// ask makes a request and waits for the answer.
func (s *Subject) ask(r request) (answer, error) {
	reply := make(chan answer, 1)
	s.mu.Lock()
	s.last++
	r.Number = s.last
	s.waiting[r.Number] = reply
	s.mu.Unlock()
	text, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	s.writing.Lock()
	_, err = s.in.Write(append(text, '\n'))
	s.writing.Unlock()
	if err != nil {
		return answer{}, err
	}
	patience := time.NewTimer(answerTime)
	defer patience.Stop()
	select {
	case a := <-reply:
		if a.Fault != "" {
			return a, errFault
		}
		return a, nil
	case <-s.read:
	case <-patience.C:
	}
	return answer{}, errGone
}

func (s *Subject) tell(r request) error {
	_, err := s.ask(r)
	return err
}

// Open implements crowd.Server, like the following.
func (s *Subject) Open(id uint64) error { return s.tell(request{Do: "open", Peer: id}) }

// Publish gives an offer and returns the answer.
func (s *Subject) Publish(id uint64, offer string) (string, error) {
	a, err := s.ask(request{Do: "publish", Peer: id, Text: offer})
	return a.Text, err
}

// Subscribe returns an offer.
func (s *Subject) Subscribe(id uint64) (string, error) {
	a, err := s.ask(request{Do: "subscribe", Peer: id})
	return a.Text, err
}

// Answer answers it.
func (s *Subject) Answer(id uint64, text string) error {
	return s.tell(request{Do: "answer", Peer: id, Text: text})
}

// Watch shows a track in a slot.
func (s *Subject) Watch(id uint64, slot string, publisher uint64, mid string) error {
	return s.tell(request{Do: "watch", Peer: id, Slot: slot, Publisher: publisher, Text: mid})
}

// Leave ends a person.
func (s *Subject) Leave(id uint64) error { return s.tell(request{Do: "leave", Peer: id}) }

// Usage asks what was used so far. With tidy, all that is unused is freed
// before.
func (s *Subject) Usage(tidy bool) (Usage, error) {
	a, err := s.ask(request{Do: "usage", Text: strconv.FormatBool(tidy)})
	if err == nil && a.Usage == nil {
		err = errGone
	}
	if err != nil {
		return Usage{}, err
	}
	return *a.Usage, nil
}

// Profile begins a CPU profile in a file; with no name the present one ends.
func (s *Subject) Profile(file string) error { return s.tell(request{Do: "profile", Text: file}) }

// Heap writes what is in memory to a file.
func (s *Subject) Heap(file string) error { return s.tell(request{Do: "heap", Text: file}) }

// Close ends the process.
func (s *Subject) Close() error {
	_ = s.in.Close()
	<-s.read
	return s.process.Wait()
}
