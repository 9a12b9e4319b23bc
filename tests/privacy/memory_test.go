package privacy

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"
	"time"

	"paravent/server"
	"paravent/signaling/wire"
)

// heapVariable has this test's own binary be a server that writes its heap into
// the file named on each line of its standard input. It is a process of its
// own, so that the people's memory is not in it.
const heapVariable = "PARAVENT_TEST_HEAP"

func heapServer() int {
	report := server.Report{Out: os.Stdout, Err: os.Stderr}
	conf := server.Config{Listen: "127.0.0.1:0", Data: "paravent-data", Rooms: 10, People: 10}
	s, err := server.Open(conf, fstest.MapFS{"index.html": {Data: []byte(page)}})
	if err != nil {
		report.CannotStart(err)
		return 2
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	go func() {
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			err := dumpTo(lines.Text())
			fmt.Println("dumped", err)
		}
	}()
	report.Started(s)
	if s.Serve(ctx) != nil {
		return 1
	}
	return 0
}

// dumpTo collects what nobody needs and writes the rest. Pools let go of what
// they hold at the second collection.
func dumpTo(path string) error {
	for range 3 {
		runtime.GC()
	}
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	debug.WriteHeapDump(file.Fd())
	return file.Close()
}

// markers are what nothing may be left of, by what they are.
type markers map[string][]byte

// add notes bytes, as they are and as they are written on the wire.
func (m markers) add(name string, b []byte) {
	m[name] = b
	if len(b) >= 8 { // of fewer the text may stand anywhere
		m[name+" as text"] = []byte(base64.RawURLEncoding.EncodeToString(b))
	}
}

// addAddress notes an address in the forms in which a program holds one.
func (m markers) addAddress(name, address string) {
	ip := net.ParseIP(address).To16()
	turned := slices.Clone(ip[8:])
	slices.Reverse(turned)
	m[name+"'s address as text"] = []byte(address)
	m[name+"'s address in 16 bytes"] = ip
	m[name+"'s address in 4 bytes"] = ip[12:]
	m[name+"'s address in a register"] = turned // netip.Addr
}

// dump has the server write its heap and reads it.
func (r *running) dump(in io.Writer, path string) []part {
	r.t.Helper()
	if _, err := fmt.Fprintln(in, path); err != nil {
		r.t.Fatal(err)
	}
	if said := r.line(); said != "dumped <nil>" {
		r.t.Fatal(said)
	}
	body, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	return (&heapDump{r.t, body}).parts()
}

// startHeapServer starts this binary as a server, and returns where to ask it
// for its heap.
func startHeapServer(t *testing.T) (*running, io.Writer) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = []string{heapVariable + "=1"}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	return launch(t, t.TempDir(), cmd), in
}

// addPerson notes all that is a person's own.
func (m markers) addPerson(name, address string, b *browser) {
	m.add(name+"'s id", b.person)
	m.add(name+"'s key", public(b.key))
	m.add(name+"'s nonce", b.nonce)
	m.addAddress(name, address)
}

// addToken notes a resume token and what the server keeps of it.
func (m markers) addToken(name string, token []byte) {
	hash := sha256.Sum256(token)
	m.add(name+"'s token", token)
	m.add(name+"'s token, hashed", hash[:])
}

// TestMemoryAfterTheLastLeave searches the heap of a server for the people who
// were there: first while they are, to show that the search finds them, and
// then after the last has left and the minute is over for which the rules of a
// room outlive it.
//
// What this does not show: memory that the collector has freed and nobody has
// used again still has its old bytes until it is used or given back to the
// system; Go neither clears it nor can be asked to. The pools of the libraries
// let go at the second collection, and an idle program collects every two
// minutes. And the goroutine that reads the media socket has the last packet
// and whence it came until the next one, from whomever: the test sends one.
func TestMemoryAfterTheLastLeave(t *testing.T) {
	t.Parallel()
	r, in := startHeapServer(t)
	file := filepath.Join(r.folder, "heap")
	all := markers{"what people sent": []byte(secret)}
	m := newRoom(t)
	all.add("the room", m.id)
	all.add("the moderators' key", public(m.moderator))
	all.add("the link's key", public(m.join))

	const chairAt, guestAt, deniedAt = "127.183.91.201", "127.97.44.18", "127.61.200.77"
	chair := r.dial(chairAt)
	all.addPerson("the chair", chairAt, chair)
	chair.send(chair.proof(m, chair.asModerator(m)))
	all.addToken("the chair", await[*wire.Joined](chair).Token)
	chair.order(m, func(seq uint64) wire.Statement {
		return &wire.Policy{
			Seq: seq, Version: 1, Lobby: true, Chat: true, Unmoderated: "lock", Barred: [][]byte{random(16)},
			Speakers: [][]byte{chair.person}, Silenced: [][]byte{}, Dismissed: [][]byte{},
		}
	})
	ticketKey, device := newKey(), newKey()
	all.add("the guest's ticket", public(ticketKey))
	all.add("the guest's device", public(device))
	guest := r.dial(guestAt)
	all.addPerson("the guest", guestAt, guest)
	guest.send(guest.proof(m, guest.withTicket(m, m.ticket(ticketKey), ticketKey, device)))
	guest.knock(m)
	chair.admit(m, guest)
	all.addToken("the guest", await[*wire.Joined](guest).Token)
	chair.add(guest)
	media(t, r, chair, chairAt)
	media(t, r, guest, guestAt)
	denied := r.dial(deniedAt)
	all.addPerson("the one who was denied", deniedAt, denied)
	denied.send(denied.proof(m))
	denied.knock(m)
	await[*wire.Knocked](chair)

	before, _ := all.found(r.dump(in, file))
	for _, name := range []string{
		"what people sent", "the room", "the chair's id", "the guest's id", "the one who was denied's id", "the guest's ticket",
		"the chair's address in a register", "the guest's address as text", "the guest's token, hashed",
	} {
		if !slices.ContainsFunc(before, func(said string) bool { return strings.HasPrefix(said, name+" in ") }) {
			t.Errorf("%s is not found while it is there: the search is blind", name)
		}
	}

	chair.order(m, func(seq uint64) wire.Statement { return &wire.Deny{Seq: seq, Person: denied.person} })
	denied.refused(wire.CodeDenied)
	_ = guest.conn.NetConn().Close() // breaks, and never comes back
	await[*wire.Away](chair)
	chair.send(&wire.Leave{})
	chair.closed(1000)
	left := time.Now()
	strangers := make([]net.Conn, 16) // by several ports, so that each of the server's goroutines hears one
	for i := range strangers {
		stranger, err := net.Dial("udp", r.address())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = stranger.Close() }()
		strangers[i] = stranger
	}

	for {
		time.Sleep(5 * time.Second) // nothing tells that a timer of the server has run out
		for _, stranger := range strangers {
			if _, err := fmt.Fprint(stranger, "\xffnobody"); err != nil {
				t.Fatal(err)
			}
		}
		still, frames := all.found(r.dump(in, file))
		if len(still) == 0 {
			t.Logf("nothing %v after the last left; in frames: %q", time.Since(left).Round(time.Second), frames)
			break
		}
		if time.Since(left) > 3*time.Minute {
			t.Fatalf("after %v: %q, and %q", time.Since(left).Round(time.Second), still, frames)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	r.stop()
}

// media asks for a connection to receive on and knocks at its port as its
// browser would, from the person's address.
func media(t *testing.T, r *running, b *browser, from string) {
	t.Helper()
	b.send(&wire.Subscribe{})
	offer := await[*wire.Offered](b).SDP
	_, after, ok := strings.Cut(offer, "a=ice-ufrag:")
	ufrag, _, _ := strings.Cut(after, "\r\n")
	if !ok {
		t.Fatal("no ICE in the offer")
	}
	at, err := net.ResolveUDPAddr("udp", r.address())
	if err != nil {
		t.Fatal(err)
	}
	socket, err := net.DialUDP("udp", &net.UDPAddr{IP: net.ParseIP(from)}, at)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = socket.Close() }()
	name := []byte(ufrag + ":abcd") // a binding request with its USERNAME (RFC 8489, section 14.3)
	padded := append(name, make([]byte, -len(name)&3)...)
	request := append([]byte{0, 1, 0, byte(4 + len(padded)), 0x21, 0x12, 0xa4, 0x42}, random(12)...)
	request = append(append(request, 0, 6, 0, byte(len(name))), padded...)
	for range 3 {
		if _, err := socket.Write(request); err != nil {
			t.Fatal(err)
		}
	}
}
