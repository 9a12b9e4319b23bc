package signaling

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"paravent/signaling/wire"
)

func start() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

func entrantOf(name, keyPackage string) entrant {
	return entrant{id: named(name), desktop: true, keyPackage: []byte(keyPackage)}
}

// groupOf makes a group of members and goes on to a quiet moment.
func groupOf(names ...string) (*group, time.Time) {
	g, now := &group{}, start()
	for _, name := range names {
		g.join(entrantOf(name, "kp"), now)
	}
	for _, s := range g.seats {
		s.member, s.keyPackage = true, nil
	}
	g.opened = false
	g.committed = now
	return g, now.Add(windowMost)
}

// asked writes whom the group asks for what at a time: "a: +b -c".
func asked(g *group, now time.Time) string {
	g.lapse(now)
	n, _ := g.next(now)
	if n == nil {
		return ""
	}
	out := nameOf(n.nominee[:]) + ":"
	for _, s := range n.adds {
		out += " +" + nameOf(s.id[:])
	}
	for _, s := range n.removes {
		out += " -" + nameOf(s.id[:])
	}
	return out
}

func offer(epoch uint64, changes string) *wire.Commit {
	c := &wire.Commit{Epoch: epoch, Commit: []byte("commit")}
	for f := range strings.FieldsSeq(changes) {
		id := named(f[1:])
		if f[0] == '+' {
			c.Adds, c.Welcome = append(c.Adds, id[:]), []byte("welcome")
		} else {
			c.Removes = append(c.Removes, id[:])
		}
	}
	return c
}

func TestWindow(t *testing.T) {
	for n, want := range map[int]time.Duration{
		1: windowLeast, 15: windowLeast, 16: 160 * time.Millisecond, 300: windowMost, 500: windowMost,
	} {
		if got := window(n); got != want {
			t.Errorf("window(%d) = %v, want %v", n, got, want)
		}
	}
}

func TestJoinsAreBatchedButTheFirstIsNot(t *testing.T) {
	g, now := groupOf("a", "b")
	g.join(entrantOf("c", "kp"), now)
	if got := asked(g, now); got != "a: +c" {
		t.Fatalf("asked %q, want the join at once", got)
	}
	g.join(entrantOf("d", "kp"), now)
	if got := asked(g, now); got != "" {
		t.Fatalf("asked %q while a commit is under way", got)
	}
	if !g.commit(named("a"), offer(0, "+c"), now).accepted {
		t.Fatal("the commit was refused")
	}
	if got := asked(g, now.Add(windowLeast-1)); got != "" {
		t.Fatalf("asked %q within the window", got)
	}
	g.join(entrantOf("e", "kp"), now)
	if got := asked(g, now.Add(windowLeast)); got != "b: +d +e" {
		t.Fatalf("asked %q after the window", got)
	}
}

func TestAtMostSixtyFourAdds(t *testing.T) {
	g, now := groupOf("a")
	for i := range 100 {
		g.join(entrantOf(fmt.Sprint("p", i), "kp"), now)
	}
	n, _ := g.next(now)
	if len(n.adds) != addsPerCommit || nameOf(n.adds[0].id[:]) != "p0" {
		t.Fatalf("%d adds", len(n.adds))
	}
}

func TestNominationGoesRound(t *testing.T) {
	g, now := groupOf("a", "b", "c")
	g.seat(named("b")).desktop = false
	order := ""
	for range 4 {
		now = now.Add(rekeyTime)
		order += asked(g, now)[:1]
		id := g.nomination.nominee
		g.commit(id, offer(g.epoch, ""), now)
	}
	if order != "acac" {
		t.Errorf("desktops: %q, want acac", order)
	}
	g.lose(named("c"))
	order = ""
	for range 4 {
		now = now.Add(rekeyTime)
		order += asked(g, now)[:1]
		g.commit(g.nomination.nominee, offer(g.epoch, ""), now)
	}
	if order != "abab" {
		t.Errorf("one desktop and a phone: %q, want abab", order)
	}
}

func TestViewersAreAskedLast(t *testing.T) {
	g, now := groupOf("a", "v", "w")
	g.seat(named("v")).viewer, g.seat(named("w")).viewer = true, true
	order := ""
	for range 3 {
		now = now.Add(rekeyTime)
		order += asked(g, now)[:1]
		g.commit(g.nomination.nominee, offer(g.epoch, ""), now)
	}
	if order != "aaa" {
		t.Errorf("asked %q, want a each time", order)
	}
	g.lose(named("a"))
	now = now.Add(rekeyTime)
	if got := asked(g, now); got != "v:" {
		t.Errorf("asked %q, want a viewer when there is nobody else", got)
	}
}

func TestAdmissionsOfOneCommitAreBounded(t *testing.T) {
	g, now := groupOf("a")
	great := func() *wire.Signed { return &wire.Signed{Statement: strings.Repeat("x", 16000)} }
	shared := great()
	for i := range 8 {
		e := entrantOf(fmt.Sprint("p", i), "kp")
		if e.admission = shared; i >= 4 {
			e.admission = great()
		}
		g.join(e, now)
	}
	if got := asked(g, now); got != "a: +p0 +p1 +p2 +p3 +p4" {
		t.Fatalf("asked %q, want what two statements cover", got)
	}
	if n := len(distinct(g.nomination.adds)); n != 2 {
		t.Errorf("%d statements", n)
	}
	g.commit(named("a"), offer(0, "+p0 +p1 +p2 +p3 +p4"), now)
	if got := asked(g, now.Add(windowMost)); got != "p0: +p5 +p6" {
		t.Fatalf("asked %q, want the next ones", got)
	}
}

func TestSilentNomineeIsFollowedByTheNext(t *testing.T) {
	g, now := groupOf("a", "b", "c")
	g.leave(named("c"), true)
	if got := asked(g, now); got != "a: -c" {
		t.Fatalf("asked %q", got)
	}
	if got := asked(g, now.Add(nominationTime-1)); got != "" {
		t.Fatalf("asked %q before the deadline", got)
	}
	now = now.Add(nominationTime)
	if got := asked(g, now); got != "b: -c" {
		t.Fatalf("asked %q after the deadline", got)
	}
	if !g.commit(named("a"), offer(0, "-c"), now).accepted {
		t.Fatal("the first nominee's late commit was refused")
	}
	if g.commit(named("b"), offer(0, "-c"), now).accepted {
		t.Fatal("a second commit for the epoch was accepted")
	}
}

func TestCommitsThatAreRefused(t *testing.T) {
	for name, c := range map[string]struct {
		author string
		commit *wire.Commit
	}{
		"old epoch":               {"a", offer(4, "")},
		"future epoch":            {"a", offer(6, "")},
		"not a member":            {"e", offer(5, "")},
		"nobody":                  {"zz", offer(5, "")},
		"a connection that broke": {"d", offer(5, "")},
		"adds nobody waiting":     {"a", offer(5, "+zz")},
		"adds a member":           {"a", offer(5, "+b")},
		"adds twice":              {"a", offer(5, "+e +e")},
		"removes a member":        {"a", offer(5, "-b")},
		"removes itself":          {"a", offer(5, "-a")},
		"removes twice":           {"a", offer(5, "-c -c")},
		"removes nobody":          {"a", offer(5, "-zz")},
		"adds without welcome":    {"a", &wire.Commit{Epoch: 5, Adds: offer(5, "+e").Adds}},
		"welcome without adds":    {"a", &wire.Commit{Epoch: 5, Welcome: []byte("w")}},
		"half of a resync":        {"a", offer(5, "+f")},
		"by one being resynced":   {"f", offer(5, "")},
	} {
		t.Run(name, func(t *testing.T) {
			g, now := groupOf("a", "b", "c", "d", "f")
			g.epoch = 5
			g.leave(named("c"), true)
			g.lose(named("d"))
			g.join(entrantOf("e", "kp"), now)
			g.resync(named("f"), []byte("kp"))
			if g.commit(named(c.author), c.commit, now).accepted || g.epoch != 5 {
				t.Fatal("accepted")
			}
			if !g.commit(named("a"), offer(5, "+e -c"), now).accepted {
				t.Fatal("a good commit was refused after it")
			}
		})
	}
}

func TestUnaskedCommitsAreBoundToTheWindow(t *testing.T) {
	g, now := groupOf("a", "b")
	if !g.commit(named("b"), offer(0, ""), now).accepted {
		t.Fatal("refused in a quiet group")
	}
	if g.commit(named("b"), offer(1, ""), now.Add(windowLeast-1)).accepted {
		t.Fatal("accepted within the window")
	}
}

func TestPersonNobodyCanAddMustGo(t *testing.T) {
	g, now := groupOf("a", "b", "c")
	g.join(entrantOf("x", "not a key package"), now)
	for strike := 1; ; strike++ {
		now = now.Add(windowMost)
		if asked(g, now) == "" {
			t.Fatal("nobody was asked")
		}
		r := g.commit(g.nomination.nominee, offer(g.epoch, ""), now)
		if !r.accepted {
			t.Fatal("refused")
		}
		if len(r.expelled) > 0 {
			if strike != commitStrikes || r.expelled[0] != named("x") {
				t.Fatalf("expelled %v after %d", r.expelled, strike)
			}
			return
		}
	}
}

func TestLeafNobodyCanFindCountsAsRemoved(t *testing.T) {
	g, now := groupOf("a", "b", "c")
	g.leave(named("c"), true)
	for range commitStrikes {
		now = now.Add(windowMost)
		asked(g, now)
		g.commit(g.nomination.nominee, offer(g.epoch, ""), now)
	}
	if g.seat(named("c")) != nil {
		t.Fatal("still waiting for the removal")
	}
}

func TestAddsAreTriedAloneWhenNomineesStaySilent(t *testing.T) {
	g, now := groupOf("a", "b")
	for i := range 4 {
		g.join(entrantOf(fmt.Sprint("p", i), "kp"), now)
	}
	sizes, last := []int{}, ""
	for range 9 {
		asked(g, now)
		sizes = append(sizes, len(g.nomination.adds))
		last = nameOf(g.nomination.adds[0].id[:])
		now = now.Add(nominationTime)
	}
	if !slices.Equal(sizes, []int{4, 4, 4, 4, 4, 2, 1, 1, 1}) || last != "p2" {
		t.Errorf("asked for %v, in the end for %s", sizes, last)
	}
}

func TestRekeyOfAQuietGroup(t *testing.T) {
	g, now := groupOf("a", "b")
	begin := g.committed
	if got := asked(g, now); got != "" {
		t.Fatalf("asked %q", got)
	}
	if got := asked(g, begin.Add(rekeyTime)); got != "a:" {
		t.Fatalf("asked %q after ten minutes", got)
	}
	alone, now := groupOf("a")
	if got := asked(alone, now.Add(rekeyTime)); got != "" {
		t.Fatalf("asked %q of one who is alone", got)
	}
}

func TestLogIsBounded(t *testing.T) {
	g, now := groupOf("a", "b")
	for range logMessages + 10 {
		g.epoch++
		g.record([]byte("commit"), now)
	}
	if len(g.log) != logMessages {
		t.Errorf("%d messages kept", len(g.log))
	}
	for range 10 {
		g.epoch++
		g.record(make([]byte, logBytes/4), now)
	}
	if len(g.log) != 4 || g.logged != logBytes {
		t.Errorf("%d messages of %d bytes kept", len(g.log), g.logged)
	}
	g.epoch++
	g.record(nil, now.Add(logTime+1))
	if len(g.log) != 1 || g.logged != 0 {
		t.Errorf("%d messages of %d bytes kept", len(g.log), g.logged)
	}
}

// world is a group and browsers that follow it, as the protocol tells them to.
type world struct {
	t       testing.TB
	g       *group
	now     time.Time
	rng     *rand.Rand
	group   int // how many groups have been founded
	epoch   uint64
	people  map[personID]*browser
	arrived int
}

type browser struct {
	id        personID
	connected bool
	inGroup   int // which group its state belongs to; 0: none
	epoch     uint64
	mustSync  bool // was told to forget the group
}

func (w *world) failf(format string, args ...any) {
	w.t.Helper()
	w.t.Fatalf(format, args...)
}

func (w *world) pick(fits func(*browser) bool) *browser {
	var all []*browser
	for _, s := range w.people {
		if fits(s) {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	slices.SortFunc(all, func(a, b *browser) int { return slices.Compare(a.id[:], b.id[:]) })
	return all[w.rng.IntN(len(all))]
}

func online(b *browser) bool  { return b.connected }
func offline(b *browser) bool { return !b.connected }

// founds makes the browser the first of a new group.
func (w *world) founds(b *browser) {
	w.group++
	w.epoch = 0
	b.inGroup, b.epoch, b.mustSync = w.group, 0, false
}

// act lets something happen.
func (w *world) act(kind byte) {
	switch kind % 10 {
	case 0:
		w.arrived++
		b := &browser{id: named(fmt.Sprint("p", w.arrived)), connected: true}
		w.people[b.id] = b
		if w.g.join(entrant{id: b.id, desktop: w.rng.IntN(2) == 0, viewer: w.rng.IntN(4) == 0, keyPackage: []byte("kp")}, w.now) {
			w.founds(b)
		}
	case 1:
		if b := w.pick(online); b != nil {
			delete(w.people, b.id)
			w.g.leave(b.id, true)
		}
	case 2:
		if b := w.pick(online); b != nil {
			b.connected = false
			w.g.lose(b.id)
		}
	case 3:
		if b := w.pick(offline); b != nil {
			w.resume(b)
		}
	case 4:
		if b := w.pick(offline); b != nil { // told Left, may resume all the same
			w.g.leave(b.id, false)
		}
	case 5:
		if b := w.pick(online); b != nil && w.g.member(b.id) {
			b.inGroup, b.mustSync = 0, false
			w.g.resync(b.id, []byte("kp"))
		}
	case 6:
		w.answer(w.rng.IntN(3) == 0)
	case 7:
		if b := w.pick(online); b != nil { // unasked, at random
			w.commit(b.id, &wire.Commit{Epoch: w.g.epoch - uint64(w.rng.IntN(2))})
		}
	default:
		w.now = w.now.Add(time.Duration(w.rng.IntN(2000)) * time.Millisecond)
	}
	w.settle()
}

func (w *world) resume(b *browser) {
	b.connected = true
	missed, member, found := w.g.resume(entrant{id: b.id, desktop: true, keyPackage: []byte("kp")}, b.epoch, w.now)
	if !member {
		b.inGroup = 0
	}
	for _, frame := range missed {
		w.follow(b, binary.BigEndian.Uint64(frame))
	}
	if found {
		w.founds(b)
	}
}

// follow applies a commit at a browser; it must fit.
func (w *world) follow(b *browser, epoch uint64) {
	if b.inGroup == 0 {
		return // it has said that it cannot follow
	}
	if b.inGroup != w.group || b.epoch != epoch {
		w.failf("%s in group %d at epoch %d got the commit of group %d for epoch %d",
			nameOf(b.id[:]), b.inGroup, b.epoch, w.group, epoch)
	}
	b.epoch++
}

// answer lets the nominee answer, with all that was asked or half.
func (w *world) answer(half bool) {
	n := w.g.nomination
	if n == nil {
		return
	}
	c := &wire.Commit{Epoch: n.epoch}
	for _, s := range n.removes {
		c.Removes = append(c.Removes, s.id[:])
	}
	if !half {
		for _, s := range n.adds {
			c.Adds, c.Welcome = append(c.Adds, s.id[:]), []byte("w")
		}
	}
	w.commit(n.nominee, c)
}

func (w *world) commit(author personID, c *wire.Commit) {
	r := w.g.commit(author, c, w.now)
	if !r.accepted {
		return
	}
	w.g.record(binary.BigEndian.AppendUint64(nil, c.Epoch), w.now)
	if w.epoch++; w.g.epoch != w.epoch || c.Epoch+1 != w.epoch {
		w.failf("epoch %d followed %d", w.g.epoch, c.Epoch)
	}
	for _, id := range r.told {
		if b := w.people[id]; b != nil && b.connected {
			w.follow(b, c.Epoch)
		}
	}
	for _, id := range r.welcomed {
		if b := w.people[id]; b != nil && b.connected {
			b.inGroup, b.epoch, b.mustSync = w.group, w.epoch, false
		}
	}
	for _, id := range r.expelled {
		delete(w.people, id)
		w.g.leave(id, true)
	}
}

// settle does what the room does after every event, and looks at what the
// group says.
func (w *world) settle() {
	w.g.lapse(w.now)
	if founder, forget, _ := w.g.regroup(w.now); founder != nil {
		w.founds(w.people[founder.id])
		for _, id := range forget {
			w.people[id].inGroup, w.people[id].mustSync = 0, true
		}
	}
	n, _ := w.g.next(w.now)
	if n != nil {
		w.check(n)
	}
	seen := make(map[personID]bool)
	for _, s := range w.g.seats {
		if seen[s.id] {
			w.failf("two seats for one person")
		}
		seen[s.id] = true
		if b := w.people[s.id]; s.connected != (b != nil && b.connected) {
			w.failf("%s: connected %v", nameOf(s.id[:]), s.connected)
		}
	}
}

func (w *world) check(n *nomination) {
	if s := w.g.seat(n.nominee); s == nil || !s.usable() || n.epoch != w.g.epoch || len(n.adds) > addsPerCommit {
		w.failf("an impossible nomination")
	}
	for _, s := range n.adds {
		if !s.joins() || s.member != slices.Contains(n.removes, s) {
			w.failf("an add that is not waiting, or a member that is not removed")
		}
	}
	for _, s := range n.removes {
		if !s.member || s.id == n.nominee {
			w.failf("a removal of nobody, or of the nominee")
		}
	}
}

// calm lets everybody come back and every nominee answer, and wants all to be
// in one group at one epoch.
func (w *world) calm() {
	for _, b := range w.people {
		if !b.connected {
			w.resume(b)
		}
		if b.mustSync {
			b.mustSync = false
			w.g.resync(b.id, []byte("kp"))
		}
		w.settle()
	}
	for range 50 {
		w.answer(false)
		w.now = w.now.Add(windowMost)
		w.settle()
		for _, b := range w.people {
			if b.mustSync {
				b.mustSync = false
				w.g.resync(b.id, []byte("kp"))
			}
		}
	}
	for _, b := range w.people {
		if s := w.g.seat(b.id); s == nil || !s.usable() {
			w.failf("%s is not in the group", nameOf(b.id[:]))
		}
		if b.inGroup != w.group || b.epoch != w.epoch {
			w.failf("%s is in group %d at epoch %d, want %d at %d", nameOf(b.id[:]), b.inGroup, b.epoch, w.group, w.epoch)
		}
	}
	if len(w.people) > 0 && len(w.g.seats) != len(w.people) {
		w.failf("%d seats for %d people", len(w.g.seats), len(w.people))
	}
}

func live(t testing.TB, seed uint64, acts []byte) {
	t.Helper()
	w := &world{
		t: t, g: &group{}, now: start(), rng: rand.New(rand.NewPCG(seed, 1)), people: make(map[personID]*browser),
	}
	for _, kind := range acts {
		w.act(kind)
	}
	w.calm()
}

func TestOneOrderUnderRandomEvents(t *testing.T) {
	for seed := range uint64(300) {
		rng := rand.New(rand.NewPCG(seed, 0))
		acts := make([]byte, 400)
		for i := range acts {
			acts[i] = byte(rng.IntN(256))
		}
		live(t, seed, acts)
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// FuzzGroup holds that whatever happens in whatever order, everybody who
// follows the protocol sees one order of commits, one epoch after the other,
// and that in the end everybody is in the group.
func FuzzGroup(f *testing.F) {
	f.Add(uint64(1), []byte{0, 0, 6, 8, 0, 2, 6, 3, 5, 6})
	f.Add(uint64(2), []byte{0, 0, 0, 6, 2, 4, 8, 3, 9, 6, 7, 1, 6})
	f.Add(uint64(3), []byte("0123456789012345678901234567890123456789"))
	f.Fuzz(func(t *testing.T, seed uint64, acts []byte) {
		if len(acts) < 2000 {
			live(t, seed, acts)
		}
	})
}
