package sfu

import (
	"slices"
	"testing"
	"time"

	"paravent/sfu/transport"
)

// listening is somebody who hears one voice, and has missed something before.
type listening struct {
	slot  *slot
	out   *fakeViewer
	track *track
	voice *source
	lane  *fakeLane
	count uint16
}

func newListening() *listening {
	l := &listening{}
	l.track, l.voice = newTestTrack(1, false)
	l.slot, l.out = newTestSlot(false)
	l.out.trip = 40 * time.Millisecond
	l.lane = l.voice.feed.lane.(*fakeLane)
	watch(l.slot, l.track)
	l.say(1)
	l.miss(0) // is what makes room
	return l
}

// say sends so many packets, 20 ms apart. The first byte of each is its count.
func (l *listening) say(n int) {
	for range n {
		l.count++
		l.lane.now += 20 * time.Millisecond
		push(l.voice, raw(transport.Opus, l.count, uint32(l.count)*960, []byte{byte(l.count), 7}))
	}
}

// miss has the viewer ask for what was sent as the packets with these places.
func (l *listening) miss(places ...int) {
	var seqs []uint16
	for _, at := range places {
		seqs = append(seqs, uint16(l.out.packets[at].Index))
	}
	l.slot.flow.resend(seqs)
}

func (l *listening) want(t *testing.T, again ...byte) {
	t.Helper()
	if !slices.Equal(l.out.again, again) {
		t.Fatalf("sent again: %v, want %v", l.out.again, again)
	}
}

// Lost sound comes again, once in a round trip and twice in all.
func TestSoundComesAgain(t *testing.T) {
	l := newListening()
	l.say(5)
	l.miss(4, 5) // have only just left
	l.want(t)
	l.miss(2, 3)
	l.want(t, 3, 4)
	l.miss(2, 3)
	l.say(1)
	l.miss(2, 3)
	l.want(t, 3, 4)
	l.say(1)
	l.miss(2)
	l.want(t, 3, 4, 3)
	l.say(2)
	l.miss(2)
	l.want(t, 3, 4, 3)
	l.miss(3)
	l.want(t, 3, 4, 3, 4)
	if len(l.out.packets) != 10 {
		t.Fatalf("%d packets were sealed for 10 that came", len(l.out.packets))
	}
}

// What would not be played any more is not sent, nor what was never sent.
func TestSoundTooLate(t *testing.T) {
	l := newListening()
	l.say(10)
	l.lane.now += soundAge - 10*time.Millisecond
	l.miss(9, 10)
	l.want(t, 11)
	first := uint16(l.out.packets[0].Index)
	l.slot.flow.resend([]uint16{first - 1, first + 11, first + 11 + soundWindow})
	l.say(soundWindow)
	l.miss(10)
	l.want(t, 11)

	far := newListening()
	far.say(4)
	far.out.trip = soundTrip + 1
	far.miss(1)
	far.want(t)
	far.out.trip = 0 // not known
	far.miss(1)
	far.want(t, 2)
}

// Nothing of what was heard before is sent once that has ended.
func TestSoundOfOthersDoesNotComeAgain(t *testing.T) {
	l := newListening()
	l.say(4)
	l.track.silenced.Store(true)
	l.say(2)
	l.miss(3)
	l.want(t)
	l.track.silenced.Store(false)
	l.say(2)
	l.miss(3)
	l.want(t)

	other, voice := newTestTrack(2, false)
	voice.feed.lane.(*fakeLane).now = l.lane.now
	watch(l.slot, other)
	l.miss(4)
	push(voice, raw(transport.Opus, 1, 0, []byte{99}))
	l.miss(4, 5)
	l.want(t)
	watch(l.slot, nil)
	if w := l.slot.flow; w.run != 0 {
		t.Fatal("something is shown")
	}
	l.miss(5, 6)
	l.want(t)
}

// Who asks for everything, always, gets everything twice and no more, and the
// share of the network that repairs may take; nothing is allocated for it.
func TestHostileRequestsForSound(t *testing.T) {
	l := newListening()
	l.say(soundWindow)
	all := make([]uint16, 256)
	for i := range all {
		all[i] = uint16(l.out.packets[1].Index) + uint16(i) - 100
	}
	l.out.again = make([]byte, 0, 100)
	if n := testing.AllocsPerRun(200, func() { l.slot.flow.resend(all) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
	for range 100 {
		l.lane.now += time.Millisecond
		l.slot.flow.resend(all)
	}
	if n := len(l.out.again); n == 0 || n > 2*soundWindow {
		t.Errorf("%d packets were sent again", n)
	}

	poor := newListening()
	poor.slot.way.setRate(1)
	poor.say(soundWindow)
	for range 100 {
		poor.slot.flow.resend(all)
	}
	if n := len(poor.out.again); n > 1 {
		t.Errorf("%d packets were sent again by a network that carries nothing", n)
	}
}

// Who misses nothing costs nothing, and keeping does not allocate.
func TestKeepingSoundCostsLittle(t *testing.T) {
	tr, src := newTestTrack(1, false)
	s, out := newTestSlot(false)
	watch(s, tr)
	push(src, raw(transport.Opus, 1, 0, []byte{1}))
	if out.packets[0].Keep != nil || s.flow.sounds.ring != nil {
		t.Fatal("sound is kept that nobody has asked for")
	}
	s.flow.resend([]uint16{uint16(out.packets[0].Index)})
	out.keeps = false
	seq := uint16(1)
	payload := make([]byte, soundSize+1)
	if n := testing.AllocsPerRun(200, func() {
		seq++
		push(src, raw(transport.Opus, seq, 0, payload))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	// What is too large to be kept is not sent again.
	src.feed.lane.(*fakeLane).now += 100 * time.Millisecond
	s.flow.resend([]uint16{uint16(s.flow.numbers.out)})
	if len(out.again) != 0 {
		t.Error("something is sent again that was not kept")
	}
}

// losing has the viewer report that so much of its sound was lost, and passes a
// second, in which nothing is said.
func (l *listening) losing(part uint8) {
	l.slot.lost.Store(uint32(part) + 1)
	l.lane.pass(reportInterval)
}

// doubles says whether what is said is sent twice.
func (l *listening) doubles(t *testing.T) bool {
	t.Helper()
	l.say(1)
	l.out.again = nil
	l.say(3)
	if n := len(l.out.again); n != 0 && n != 3 {
		t.Fatalf("%d of 3 packets are sent twice", n)
	}
	return len(l.out.again) > 0
}

// deaf is somebody who hears one voice, and asks for nothing that is lost.
func deaf() *listening {
	l := newListening()
	l.slot.flow.sounds = sounds{}
	l.slot.way.doubled = doubled{}
	return l
}

// Who loses sound and does not ask for it is sent each packet once more, before
// the one that follows it.
func TestSoundIsSentTwice(t *testing.T) {
	l := deaf()
	l.losing(twiceLoss - 1)
	if l.doubles(t) || l.slot.flow.sounds.ring != nil {
		t.Fatal("little is lost, and sound is sent twice")
	}
	l.losing(twiceLoss)
	sealed := len(l.out.packets)
	l.say(4)
	from := l.count - 3
	l.want(t, byte(from), byte(from+1), byte(from+2))
	if n := len(l.out.packets) - sealed; n != 4 {
		t.Fatalf("%d packets were sealed for 4 that came", n)
	}
	// A packet that follows late does not bring it along: it would be too late.
	l.lane.now += twiceAfter
	l.say(1)
	l.want(t, byte(from), byte(from+1), byte(from+2))
}

// It ends some time after the last loss, and at once when the viewer asks.
func TestSoundIsSentTwiceForAWhile(t *testing.T) {
	l := deaf()
	l.losing(50)
	for range 100 {
		l.losing(1) // what is sent twice is rarely lost
	}
	if !l.doubles(t) {
		t.Fatal("it ends while something is lost")
	}
	for range int(twiceTime/reportInterval) - 1 {
		l.losing(0)
	}
	if !l.doubles(t) {
		t.Fatal("it ends too early")
	}
	l.losing(1)
	for range int(twiceTime / reportInterval) {
		l.losing(0)
	}
	if l.doubles(t) {
		t.Fatal("it does not end")
	}
	l.losing(1)
	if l.doubles(t) {
		t.Fatal("it begins with little loss")
	}

	l.losing(50)
	if !l.doubles(t) {
		t.Fatal("it does not begin again")
	}
	l.miss(0)
	l.losing(50)
	if l.doubles(t) {
		t.Fatal("the viewer asks, and is sent everything twice")
	}
	l.out.trip = soundTrip + 1 // it asks in vain
	for range int(twiceAsked/reportInterval) + 1 {
		l.miss(0)
		l.losing(50)
	}
	if !l.doubles(t) {
		t.Fatal("the viewer asks in vain, and is not sent everything twice")
	}
}

// It takes no more than half of what repairs may, and nothing is allocated for it.
func TestSoundSentTwiceIsBounded(t *testing.T) {
	poor := deaf()
	poor.losing(50)
	poor.slot.way.setRate(1)
	poor.say(50)
	if n := len(poor.out.again); n > 1 {
		t.Errorf("%d packets were sent twice by a network that carries nothing", n)
	}
	if now := poor.lane.now; !poor.slot.way.repairs.take(1, now+time.Hour) {
		t.Error("nothing is left for other repairs")
	}

	l := deaf()
	l.losing(50)
	l.out.keeps = false
	l.out.again = make([]byte, 0, 1000)
	seq := l.count
	payload := make([]byte, 100)
	if n := testing.AllocsPerRun(200, func() {
		seq++
		l.lane.now += 20 * time.Millisecond
		push(l.voice, raw(transport.Opus, seq, uint32(seq)*960, payload))
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if len(l.out.again) < 190 {
		t.Errorf("%d of 200 packets were sent twice", len(l.out.again))
	}
}

// The pictures of who is sent their sound twice have so much less.
func TestSoundSentTwiceIsCounted(t *testing.T) {
	l := deaf()
	l.voice.feed.rates[0][0].Store(40_000)
	d := &subscribing{slots: []*slot{l.slot}, way: way{}, conn: l.out}
	once := d.sound(l.lane.now)
	d.way.doubled.report(50, l.lane.now)
	if twice := d.sound(l.lane.now); once != 40_000 || twice != 2*once {
		t.Errorf("%d bits, and %d when it is sent twice", once, twice)
	}
}
