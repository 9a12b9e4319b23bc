package signaling

import (
	"bufio"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"paravent/signaling/wire"
)

// BenchmarkRoomJoin measures how long a room takes to let one more person in
// and out again, with a hundred people there who are told of it.
func BenchmarkRoomJoin(b *testing.B) {
	hub := NewHub(newFakeMedia(), Limits{})
	defer hub.Close(b.Context())
	visit := func(name string) (*room, *mail) { return visit(b, hub, name) }
	mails := make([]*mail, 100)
	for i := range mails {
		_, mails[i] = visit(fmt.Sprint("p", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		r, m := visit("visitor")
		r.post(depart{mail: m, code: closeNormal, good: true})
		for _, m := range mails {
			m.take()
		}
	}
}

// BenchmarkRoomWatch measures what a room of five hundred spends on a message
// that it only passes on.
func BenchmarkRoomWatch(b *testing.B) {
	media := newFakeMedia()
	hub := NewHub(media, Limits{})
	defer hub.Close(b.Context())
	var r *room
	var m *mail
	for i := range mostPeople {
		r, m = visit(b, hub, fmt.Sprint("p", i))
	}
	r.post(say{m, &wire.Ready{}})
	id := named("p0")
	watch := &wire.Watch{Slot: "1", Person: id[:], Mid: "0", Size: "large", Priority: "low"}
	for b.Loop() {
		r.post(say{m, watch})
	}
}

// visit lets a moderator into a room.
func visit(b *testing.B, hub *Hub, name string) (*room, *mail) {
	b.Helper()
	id, m := named(name), newMail()
	r, err := hub.enter(enter{
		join:    &wire.Join{Person: id[:], KeyPackage: make([]byte, 300)},
		entry:   &entry{moderator: &grant{raw: make([]byte, wire.GrantSize)}},
		mail:    m,
		verdict: make(chan error, 1),
	})
	if err != nil {
		b.Fatal(err)
	}
	return r, m
}

// TestMemoryPerPerson prints what one idle person costs the server: heap and
// stacks with a thousand of them in twenty rooms, each on a socket of its own,
// over a media plane that keeps nothing. The browsers' ends of the sockets are
// in this process too and are counted in, but keep no buffers.
func TestMemoryPerPerson(t *testing.T) {
	const rooms, each = 20, 50
	s := newServer(t, Limits{})
	before := memory()
	var ends []net.Conn
	for range rooms {
		s.keys = newKeys(t)
		for i := range each {
			ends = append(ends, s.bare(fmt.Sprint("P", i)))
			if i%10 == 0 {
				alive(t, ends)
			}
		}
	}
	alive(t, ends)
	if c := s.hub.Counts(); c != (Counts{Rooms: rooms, People: rooms * each}) {
		t.Fatalf("%+v", c)
	}
	perPerson := float64(memory()-before) / (rooms * each) / 1024
	for _, end := range ends {
		_ = end.Close()
	}
	fmt.Printf("figure server_memory_per_person_kb %.1f\n", perPerson)
	if perPerson > 100 {
		t.Errorf("%.1f KiB a person, want less than 100", perPerson)
	}
}

// alive says on each socket that its end is there, as a browser's network
// layer would: a slow machine takes longer to join them all than silenceTime.
func alive(t *testing.T, ends []net.Conn) {
	t.Helper()
	pong := []byte{0x80 | websocket.PongMessage, 0x80, 0, 0, 0, 0} // empty; mask of zeros
	for _, end := range ends {
		if _, err := end.Write(pong); err != nil {
			t.Fatal(err)
		}
	}
}

func memory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}

// bare joins over a socket without a WebSocket library on the browser's end.
func (s *server) bare(name string) net.Conn {
	s.t.Helper()
	end, err := net.Dial("tcp", strings.TrimPrefix(s.url, "ws://"))
	if err != nil {
		s.t.Fatal(err)
	}
	const key = "AAAAAAAAAAAAAAAAAAAAAA=="
	_, _ = fmt.Fprintf(end, "GET / HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Protocol: %s\r\n\r\n", key, wire.Subprotocol)
	reader := bufio.NewReader(end)
	res, err := http.ReadResponse(reader, nil)
	if err != nil || res.Header.Get("Sec-WebSocket-Accept") != accept(key) {
		s.t.Fatalf("no WebSocket: %v", err)
	}
	_ = res.Body.Close()
	challenge, ok := readFrame(s.t, reader).(*wire.Challenge)
	if !ok {
		s.t.Fatal("no challenge")
	}
	frame, err := wire.EncodeClient(s.keys.proof(challenge.Nonce, name))
	if err != nil {
		s.t.Fatal(err)
	}
	header := []byte{0x80 | websocket.TextMessage, 0x80 | 126, byte(len(frame) >> 8), byte(len(frame)), 0, 0, 0, 0} // mask of zeros
	_, _ = end.Write(append(header, frame...))
	if _, ok := readFrame(s.t, reader).(*wire.Joined); !ok {
		s.t.Fatal("not let in")
	}
	return end
}

func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")) // RFC 6455, section 1.3
	return base64.StdEncoding.EncodeToString(sum[:])
}

// readFrame reads a short message of the server.
func readFrame(t testing.TB, r *bufio.Reader) wire.ServerMessage {
	t.Helper()
	var header [4]byte
	_, err := io.ReadFull(r, header[:2])
	n := int(header[1])
	if n == 126 {
		_, err = io.ReadFull(r, header[2:])
		n = int(header[2])<<8 | int(header[3])
	}
	frame := make([]byte, n)
	if _, more := io.ReadFull(r, frame); err != nil || more != nil || n > 1<<16 {
		t.Fatal("no frame", err, more)
	}
	m, err := wire.DecodeServer(frame)
	if err != nil {
		t.Fatal(err)
	}
	return m
}
