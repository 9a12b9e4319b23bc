package engine

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"sync"
	"testing"
	"time"

	"paravent/sfu/datagram"
	"paravent/sfu/srtp"
)

// bench makes lanes on a loopback port whose loops do not run.
func bench(t testing.TB, lanes int) []*lane {
	t.Helper()
	port, err := datagram.Listen(netip.MustParseAddrPort("127.0.0.1:0"), datagram.Options{Sockets: lanes})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = port.Close() })
	c := clock{time.Now()}
	return newLanes(c, newPort(port.Sockets()[0].SendOne, nil, c.now), port.Sockets())
}

// runs lets a lane's loop run until the test ends.
func runs(t *testing.T, l *lane) {
	t.Helper()
	var loop sync.WaitGroup
	loop.Go(l.run)
	t.Cleanup(func() {
		l.stop()
		loop.Wait()
	})
}

func TestDoKeepsOrder(t *testing.T) {
	l := bench(t, 1)[0]
	runs(t, l)
	const each, givers = 1000, 4
	var all [givers][]int
	var givings, carried sync.WaitGroup
	carried.Add(each * givers)
	for g := range givers {
		givings.Go(func() {
			for i := range each {
				l.Do(func() {
					defer carried.Done()
					all[g] = append(all[g], i)
					if i%3 == 0 { // in the lane it is allowed, too
						carried.Add(1)
						l.Do(carried.Done)
					}
				})
			}
		})
	}
	givings.Wait()
	carried.Wait()
	for g := range all {
		if len(all[g]) != each || !slices.IsSorted(all[g]) {
			t.Errorf("of %d, %d came, in another order", g, len(all[g]))
		}
	}
}

func TestDoAfterTheEnd(t *testing.T) {
	l := bench(t, 1)[0]
	ran := 0
	l.Do(func() { ran++ })
	l.quit.Store(true)
	l.run()
	l.Do(func() { ran++ })
	l.empty()
	if ran != 1 {
		t.Errorf("%d were carried out", ran)
	}
}

// What goes wrong in one piece of work stays there.
func TestLaneSurvives(t *testing.T) {
	l := bench(t, 1)[0]
	runs(t, l)
	done := make(chan struct{})
	l.Do(func() { panic("on purpose") })
	l.Do(func() { close(done) })
	wait(t, "what came after it", done)
}

func TestAtWaits(t *testing.T) {
	l := bench(t, 1)[0]
	runs(t, l)
	came := make(chan time.Duration, 2)
	var asked time.Duration
	l.Do(func() {
		asked = l.Now()
		l.At(asked+30*time.Millisecond, func() { came <- l.Now() })
		l.At(asked+10*time.Millisecond, func() { came <- l.Now() })
	})
	for _, after := range []time.Duration{10 * time.Millisecond, 30 * time.Millisecond} {
		if at := wait(t, "timer", came); at < asked+after {
			t.Errorf("%v too early", asked+after-at)
		}
	}
}

// FuzzTimers holds that timers come in the order of their moments, and of those
// in the order they were added, whenever it is looked.
func FuzzTimers(f *testing.F) {
	f.Add([]byte{5, 3, 5, 0x80, 1, 9, 0x84, 4, 0xff})
	f.Fuzz(func(t *testing.T, script []byte) {
		type want struct {
			when time.Duration
			n    int
		}
		var q timers
		var waiting []want
		var came []int
		for n, b := range script {
			when := time.Duration(b & 0x7f)
			if b < 0x80 {
				q.add(when, func() { came = append(came, n) })
				waiting = append(waiting, want{when, n})
				continue
			}
			came = came[:0]
			q.run(when)
			slices.SortStableFunc(waiting, func(a, b want) int { return int(a.when - b.when) })
			var due []int
			for len(waiting) > 0 && waiting[0].when <= when {
				due, waiting = append(due, waiting[0].n), waiting[1:]
			}
			if !slices.Equal(came, due) {
				t.Fatalf("%v came, not %v", came, due)
			}
			if next, ok := q.next(); ok != (len(waiting) > 0) || ok && next != waiting[0].when {
				t.Fatalf("the next is at %v", next)
			}
		}
	})
}

// A timer that is added by one that is due comes with the next look.
func TestTimersDoNotLoop(t *testing.T) {
	var q timers
	ran := 0
	var again func()
	again = func() {
		ran++
		q.add(0, again)
	}
	q.add(0, again)
	q.run(time.Second)
	q.run(time.Second)
	if ran != 2 {
		t.Errorf("it came %d times", ran)
	}
}

// shelfful is a media half that keeps what it is given.
type shelfful struct {
	bursts   [][]arrived
	controls int
}

func (*shelfful) begin(*lane)                       {}
func (*shelfful) admits([]byte, time.Duration) bool { return true }
func (s *shelfful) receive(burst []arrived, _ time.Duration) {
	var kept []arrived
	for _, a := range burst {
		kept = append(kept, arrived{bytes.Clone(a.bytes), a.index, a.came})
	}
	s.bursts = append(s.bursts, kept)
}
func (s *shelfful) control([]byte, time.Duration) { s.controls++ }
func (*shelfful) tick(time.Duration) bool         { return false }
func (*shelfful) end()                            {}

// keyed makes a connection that is there already, at home in a lane, and what
// its client seals with.
func keyed(t testing.TB, home *lane, at netip.AddrPort, m media) (*connection, *srtp.Sealer) {
	t.Helper()
	const profile = srtp.AEADAES128GCM
	client, server, err := srtp.Split(profile, bytes.Repeat([]byte{byte(at.Port())}, profile.KeyingMaterial()))
	if err != nil {
		t.Fatal(err)
	}
	c := &connection{media: m}
	if c.opener, err = srtp.NewOpener(profile, client, maxStreams); err != nil {
		t.Fatal(err)
	}
	seals, err := srtp.NewSealer(profile, client)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := srtp.NewSealer(profile, server)
	if err != nil {
		t.Fatal(err)
	}
	sealers := make([]*srtp.Sealer, len(home.all))
	for i := range sealers {
		sealers[i] = ours.Share()
	}
	c.ways.Store(&way{to: at, sealers: sealers})
	c.home.Store(home)
	for _, l := range home.all {
		l.enter(at, c)
	}
	return c, seals
}

// sealed is a packet of a client.
func sealed(t testing.TB, s *srtp.Sealer, ssrc uint32, seq uint16) []byte {
	t.Helper()
	b := make([]byte, 12, 200)
	b[0], b[1] = 0x80, 96
	binary.BigEndian.PutUint16(b[2:], seq)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	if b = s.SealRTP(b, 12, []byte("payload"), uint64(seq)); b == nil {
		t.Fatal("not sealed")
	}
	return b
}

func TestBurstsByStream(t *testing.T) {
	l := bench(t, 1)[0]
	one, other := &shelfful{}, &shelfful{}
	_, sealsOne := keyed(t, l, from(1), one)
	_, sealsOther := keyed(t, l, from(2), other)
	for seq := range uint16(3) {
		l.sort(sealed(t, sealsOne, 10, seq), from(1))
		l.sort(sealed(t, sealsOther, 10, seq), from(2))
		l.sort(sealed(t, sealsOne, 11, seq), from(1))
	}
	again := sealed(t, sealsOne, 11, 3)
	l.sort(bytes.Clone(again), from(1))
	l.sort(again, from(1))
	forged := sealed(t, sealsOne, 11, 4)
	forged[len(forged)-1]++
	l.sort(forged, from(1))
	l.sort(sealed(t, sealsOne, 11, 4), from(3))
	l.sort([]byte{0x80, 96}, from(1))
	l.sort([]byte{70}, from(1))
	l.sort(nil, from(1))
	l.groups.deliver(l.now)
	if len(one.bursts) != 2 || len(one.bursts[0]) != 3 || len(one.bursts[1]) != 4 || len(other.bursts) != 1 {
		t.Fatalf("bursts are %v and %v", one.bursts, other.bursts)
	}
	for seq, a := range one.bursts[1] {
		if a.index != uint64(seq) || !bytes.Equal(a.bytes[12:], []byte("payload")) {
			t.Errorf("packet %d is %v", seq, a)
		}
	}
	want := tally{unknown: 1, forged: 1, replayed: 1, malformed: 3}
	if l.tally != want {
		t.Errorf("the tally is %+v", l.tally)
	}
	// More streams than are gathered at once: nothing is lost.
	one.bursts = nil
	for ssrc := range uint32(3 * maxGroups) {
		l.sort(sealed(t, sealsOne, 100+ssrc, 0), from(1))
	}
	l.groups.deliver(l.now)
	if len(one.bursts) != 3*maxGroups {
		t.Errorf("%d bursts", len(one.bursts))
	}
}

func TestParcelsReachTheHome(t *testing.T) {
	lanes := bench(t, 2)
	if len(lanes) < 2 {
		return // this system cannot share a port: there is one lane
	}
	home, other := lanes[0], lanes[1]
	m := &shelfful{}
	_, seals := keyed(t, home, from(1), m)
	for seq := range uint16(5) {
		other.sort(sealed(t, seals, 10, seq), from(1))
	}
	other.dispatch()
	home.empty()
	if len(m.bursts) != 1 || len(m.bursts[0]) != 5 {
		t.Fatalf("bursts are %v", m.bursts)
	}
	// A home that is far behind is not buried.
	for seq := range uint16(2 * maxParcels) {
		other.sort(sealed(t, seals, 11, seq), from(1))
		other.dispatch()
	}
	if other.tally.unknown != maxParcels || home.coming.Load() != maxParcels {
		t.Errorf("%d packets were lost, %d parcels wait", other.tally.unknown, home.coming.Load())
	}
	home.empty()
	if home.coming.Load() != 0 {
		t.Error("parcels are left")
	}
}

// Nobody takes another's place by claiming to be there.
func TestAddressesAreKept(t *testing.T) {
	l := bench(t, 1)[0]
	first, _ := keyed(t, l, from(1), &shelfful{})
	second, _ := keyed(t, l, from(1), &shelfful{})
	if l.connections[from(1)] != first {
		t.Error("the address was taken")
	}
	l.forget(from(1), second)
	if l.connections[from(1)] != first {
		t.Error("the address was forgotten")
	}
	first.over.Store(true)
	l.enter(from(1), second)
	if l.connections[from(1)] != second {
		t.Error("an address that is free was not taken")
	}
}

// What is larger than anything that we speak is not looked at, well sealed or
// not, whether it comes in one piece or in many.
func TestGiants(t *testing.T) {
	l := bench(t, 1)[0]
	m := &shelfful{}
	_, seals := keyed(t, l, from(1), m)
	for i, size := range []int{largest - 28, largest - 27, 60_000} { // 12 of header, 16 of tag
		b := make([]byte, 12, size+100)
		b[0], b[1], b[3], b[11] = 0x80, 96, byte(i), 10
		l.sort(seals.SealRTP(b, 12, make([]byte, size), uint64(i)), from(1))
	}
	for _, first := range []byte{0, 22, 128, 200} {
		l.sort(append([]byte{first}, make([]byte, largest)...), from(1))
	}
	l.groups.deliver(l.now)
	if len(m.bursts) != 1 || len(m.bursts[0]) != 1 || l.tally != (tally{malformed: 6}) {
		t.Errorf("%d bursts, %+v", len(m.bursts), l.tally)
	}
}

// Who comes from an address that somebody still has, gets what comes from there
// once they have left: its own handshake shows that they have.
func TestAddressOfOneWhoLeft(t *testing.T) {
	s := newStage(t, srtp.AEADAES128GCM, bench(t, 1)[0].socket)
	connect := func(at netip.AddrPort) *connection {
		theirs, _ := s.connect(&shelfful{})
		c := theirs.c
		c.begin, c.at, c.entered = func(*lane) {}, netip.AddrPort{}, nil
		c.move(candidate(t, at))
		return c
	}
	look := func(what string, want *connection) {
		t.Helper()
		for _, l := range s.lanes {
			l.empty()
			if l.connections[from(9)] != want {
				t.Errorf("%s: another has the address", what)
			}
		}
	}
	one, other := connect(from(9)), connect(from(9))
	look("both are there", one)
	one.end()
	look("one has left", nil)
	if !other.unlock(nil, other.keys) {
		t.Fatal("it is over")
	}
	look("the other has its keys", other)
	other.end()
	look("nobody is there", nil)
	s.whole.running.Wait()
}

// The path of a packet to a stream costs no memory.
func TestReceivingDoesNotAllocate(t *testing.T) {
	l := bench(t, 1)[0]
	_, seals := keyed(t, l, from(1), &idle{})
	var seq uint16
	var packets [][]byte
	for range 2000 {
		packets = append(packets, sealed(t, seals, 10, seq))
		seq++
	}
	next := 0
	n := testing.AllocsPerRun(1000, func() {
		l.sort(packets[next], from(1))
		next++
		l.groups.deliver(l.now)
	})
	if n != 0 {
		t.Errorf("%v allocations a packet", n)
	}
}

// idle takes everything and does nothing.
type idle struct{ shelfful }

func (*idle) receive([]arrived, time.Duration) {}

// FuzzSort gives a lane datagrams of every kind, such that open and such that do
// not: what comes through has the form of RTP, and comes at most once.
func FuzzSort(f *testing.F) {
	f.Add([]byte{1, 20, 0x80, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4, 5, 6, 7, 8})
	f.Add([]byte{2, 8, 0x80, 200, 0, 1, 0, 0, 0, 9, 0, 3, 22, 254, 253})
	f.Fuzz(func(t *testing.T, script []byte) {
		l := bench(t, 1)[0]
		m := &shelfful{}
		_, seals := keyed(t, l, from(1), m)
		for len(script) > 2 {
			how, size := script[0], int(script[1])
			script = script[2:]
			b := bytes.Clone(script[:min(size, len(script))])
			script = script[len(b):]
			if how&1 != 0 && len(b) >= 12 {
				b = seals.SealRTP(append(make([]byte, 0, 512), b...), 12, nil, uint64(binary.BigEndian.Uint16(b[2:])))
			} else if how&2 != 0 {
				b = seals.SealRTCP(nil, b)
			}
			l.sort(b, from(int(how>>4&1)+1))
		}
		l.groups.deliver(l.now)
		seen := map[[2]uint64]bool{}
		for _, burst := range m.bursts {
			for _, a := range burst {
				key := [2]uint64{uint64(binary.BigEndian.Uint32(a.bytes[8:])), a.index}
				if len(a.bytes) < 12 || a.bytes[0]>>6 != 2 || seen[key] {
					t.Fatal("a packet that is none, or came before")
				}
				seen[key] = true
			}
		}
	})
}

func BenchmarkReceive(b *testing.B) {
	l := bench(b, 1)[0]
	_, seals := keyed(b, l, from(1), &idle{})
	packet := make([]byte, 1200)
	packet[0], packet[1] = 0x80, 96
	room := make([]byte, 0, 1300)
	var seq uint64
	b.SetBytes(int64(len(packet)))
	for b.Loop() {
		b.StopTimer()
		binary.BigEndian.PutUint16(packet[2:], uint16(seq))
		p := seals.SealRTP(append(room, packet[:12]...), 12, packet[12:], seq)
		seq++
		b.StartTimer()
		l.sort(p, from(1))
		l.groups.deliver(l.now)
	}
}

// A client may send before we know that the handshake is done.
func TestEarlyPacketsWait(t *testing.T) {
	l := bench(t, 1)[0]
	m := &shelfful{}
	c, seals := keyed(t, l, from(1), m)
	c.keys = &keys{opener: c.opener}
	c.home.Store(nil)
	began := false
	c.begin = func(home *lane) { began = home == l && len(m.bursts) == 0 }
	for seq := range uint16(2 * maxEarly) {
		l.sort(sealed(t, seals, 10, seq), from(1))
	}
	c.arrive(l)
	l.groups.deliver(l.now)
	if !began || len(m.bursts) != 1 || len(m.bursts[0]) != maxEarly {
		t.Errorf("it began: %v, bursts are %v", began, m.bursts)
	}
}
