package group

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"slices"
	"testing"
	"time"

	"paravent/e2ee/link"
	"paravent/e2ee/mls"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

// sent is a commit as a member may make it who does not keep to the rules.
type sent struct {
	adds    []*person // with fresh KeyPackages
	removes []*person
	said    *said
	raw     []byte // instead of said
	psk     *mls.PSK
}

// send makes the commit.
func (r *room) send(by *person, what sent) []byte {
	r.t.Helper()
	c := &mls.Change{PSK: mls.PSK{ID: pskID(0), Secret: by.links.psk(0, by.Policy())}, AuthenticatedData: what.raw}
	if what.said != nil {
		c.AuthenticatedData = must(modes().enc.Marshal(what.said))
	}
	if what.psk != nil {
		c.PSK = *what.psk
	}
	for _, p := range what.adds {
		c.Adds = append(c.Adds, must(mls.ReadKeyPackage(must(p.KeyPackage()))))
	}
	for _, p := range what.removes {
		c.Removes = append(c.Removes, p.present.group.Own())
	}
	return must(by.present.group.Commit(c)).Commit
}

// refuse checks that p does not take a commit, and stays what it was.
func (r *room) refuse(name string, p *person, commit []byte) {
	r.t.Helper()
	before := p.present
	step := must(p.Committed(&wire.Committed{Epoch: p.Number(), Commit: commit}, now))
	if step.Epoch != nil || step.Forget || step.Resync == nil || p.present != before {
		r.t.Errorf("%s: taken", name)
	}
	p.lost = time.Time{}
}

// take checks that p would take a commit, which is not kept.
func (r *room) take(name string, p *person, commit []byte) {
	r.t.Helper()
	if _, _, err := p.follow(&wire.Committed{Epoch: p.Number(), Commit: commit}, now); err != nil {
		r.t.Errorf("%s: %v", name, err)
	}
}

// meeting is a room with three people beside the chair.
func meeting(t *testing.T) (*room, []*person) {
	t.Helper()
	r := newRoom(t)
	r.open()
	people := r.guests(3)
	r.order(r.ask(r.chair, &wire.Nominate{Adds: adding(people...)}), []*person{r.chair}, people)
	return r, people
}

func TestRefusedForm(t *testing.T) {
	r, people := meeting(t)
	by, p := people[0], people[1]
	other := must(link.New([32]byte{9}, [32]byte{10}))
	stranger := r.person(&link.Link{Secret: other.Secret, Moderators: r.link.Moderators}, Participant)
	guest, twin := r.guest(), r.guest()
	twin.Stay = must(New(r.participant(), nil, Self{p.id, twin.key, Participant}))
	changed := &said{Reason: change}
	r.take("somebody comes", p, r.send(by, sent{adds: []*person{guest}, said: changed}))
	r.take("nobody comes", p, r.send(by, sent{said: &said{}}))
	for name, what := range map[string]sent{
		"a leaf of another link":        {adds: []*person{stranger}, said: changed},
		"a member's id":                 {adds: []*person{twin}, said: changed},
		"somebody comes unsaid":         {adds: []*person{guest}, said: &said{Reason: refresh}},
		"a change without anybody":      {said: changed},
		"a rotation without a link":     {said: &said{Reason: rotate}},
		"a rotation with a made-up one": {said: &said{Reason: rotate, Generation: random(generationSize)}},
		"a link without a rotation":     {said: &said{Generation: random(generationSize)}},
		"an unknown reason":             {said: &said{Reason: 3}},
		"no authenticated data":         {raw: []byte{}},
		"another spelling":              {raw: []byte("\xa3aa\x80ak\x80ar\x18\x00")},
		"another order":                 {raw: []byte("\xa3ak\x80aa\x80ar\x00")},
		"one member more":               {raw: []byte("\xa4aa\x80ab\x00ak\x80ar\x00")},
		"one member less":               {raw: []byte("\xa2aa\x80ar\x00")},
		"an empty link":                 {raw: []byte("\xa4aa\x80ag\x40ak\x80ar\x00")},
		"nothing for admissions":        {raw: []byte("\xa3aa\xf6ak\x80ar\x00")},
		"an empty admission":            {said: &said{Admissions: [][]byte{{}}}},
		"too many kicks":                {said: &said{Kicks: slices.Repeat([][]byte{{1}}, 65)}},
		"the psk of another generation": {said: &said{}, psk: &mls.PSK{ID: pskID(1), Secret: by.links.first}},
		"another psk under the name":    {said: &said{}, psk: &mls.PSK{ID: pskID(0), Secret: random(32)}},
		"another name":                  {said: &said{}, psk: &mls.PSK{ID: []byte("psk"), Secret: by.links.first}},
	} {
		r.refuse(name, p, r.send(by, what))
	}
	if r.refuse("no commit", p, []byte("commit")); p.Number() != 1 {
		t.Error("the epoch has changed")
	}
	r.refuse("a commit too large", p, make([]byte, commitMax+1))
}

func TestAdmission(t *testing.T) {
	r, people := meeting(t)
	by, p := people[0], people[1]
	r.rule(func(p *wire.Policy) { p.Lobby = true }, people...)
	guest, viewer, wrong := r.guest(), r.person(r.participant(), Viewer), r.guest()
	entry := func(s wire.Signed) []byte { return must(moderation.Entry(&s)) }
	with := func(admissions ...[]byte) *said { return &said{Reason: change, Admissions: admissions} }
	admitted := entry(r.admit(guest, viewer))
	appointed := must(moderation.NewGrant(r.moderator, r.chair.room, guest.id, guest.publicKey(), moderation.Key{1}, now.Add(time.Hour)))
	own := func(when time.Time) []byte {
		return moderation.NewOwnGrant(r.moderator, r.chair.room, guest.id, guest.publicKey(), when)
	}
	late := must(moderation.Sign(&wire.Admit{
		Seq: 99, Until: uint64(now.Add(-25 * time.Hour).UnixMilli()),
		People: []wire.Admitted{{Person: guest.id[:], Key: guest.key[32:]}},
	}, r.grant(), r.chair.key, r.chair.room))
	forged := r.admit(guest)
	forged.Signature = random(64)

	r.take("admitted", p, r.send(by, sent{adds: []*person{guest, viewer}, said: with(admitted)}))
	r.take("with a grant", p, r.send(by, sent{adds: []*person{guest}, said: with(appointed)}))
	r.take("a holder", p, r.send(by, sent{adds: []*person{guest}, said: with(own(now))}))
	for name, what := range map[string]sent{
		"not admitted":              {adds: []*person{guest}, said: with()},
		"one of two not admitted":   {adds: []*person{guest, wrong}, said: with(admitted)},
		"admitted somebody else":    {adds: []*person{wrong}, said: with(admitted)},
		"an admission of nobody":    {said: &said{Admissions: [][]byte{admitted}}},
		"an admission too many":     {adds: []*person{guest}, said: with(admitted, entry(r.admit(wrong)))},
		"an admission long past":    {adds: []*person{guest}, said: with(entry(*late))},
		"a grant long past":         {adds: []*person{guest}, said: with(own(now.Add(-25 * time.Hour)))},
		"a forged admission":        {adds: []*person{guest}, said: with(entry(forged))},
		"a grant for somebody else": {adds: []*person{wrong}, said: with(appointed)},
		"an order of another kind":  {adds: []*person{guest}, said: with(entry(*r.sign(&wire.End{Seq: 100})))},
		"an admission as a kick":    {said: &said{Kicks: [][]byte{admitted}}},
	} {
		r.refuse(name, p, r.send(by, what))
	}

	// The nominee leaves out whom nobody has admitted, and finds out what covers the others.
	made := r.ask(by, &wire.Nominate{Adds: adding(guest, wrong, viewer), Admissions: []wire.Signed{r.admit(viewer), forged}, Grants: [][]byte{appointed}})
	if !slices.EqualFunc(made.Adds, ids(guest, viewer), bytes.Equal) {
		t.Error("the nominee adds others")
	}
	r.order(made, append(people, r.chair), []*person{guest, viewer})

	mark := moderation.Mark(wrong.key[32:])
	r.rule(func(p *wire.Policy) { p.Barred = [][]byte{mark[:]} }, people...)
	r.refuse("a barred key, though admitted", p, r.send(by, sent{adds: []*person{wrong}, said: with(entry(r.admit(wrong)))}))
	dismissed := moderation.Mark(guest.key[32:])
	r.rule(func(p *wire.Policy) { p.Dismissed = [][]byte{dismissed[:]} }, people...)
	r.refuse("a dismissed moderator's word", p, r.send(by, sent{adds: []*person{r.guest()}, said: with(appointed)}))
}

// Rules that come between a commit and its turn count for its author as for
// everybody else.
func TestRulesComeFirst(t *testing.T) {
	r, people := meeting(t)
	guest := r.guest()
	made := r.ask(people[0], &wire.Nominate{Adds: adding(guest)})
	mark := moderation.Mark(guest.key[32:])
	r.rule(func(p *wire.Policy) { p.Barred = [][]byte{mark[:]} }, people...)
	for _, p := range people {
		r.refuse("somebody barred meanwhile", p, made.Commit)
	}
}

func TestViewers(t *testing.T) {
	r, people := meeting(t)
	viewer := r.person(r.participant(), Viewer)
	r.order(r.ask(people[0], &wire.Nominate{Adds: adding(viewer)}), append(people, r.chair), []*person{viewer})
	if s := r.chair.epoch.Added[0]; s.Role != Viewer || s.Person != viewer.id {
		t.Error("the role is not told")
	}
	// A viewer's keys with a participant's role: the leaf's MAC is another.
	key := slices.Clone(viewer.identity)
	key[0] = byte(Participant)
	own := must(mls.NewKeyPackage(key, viewer.key))
	if _, err := people[0].ReadKeyPackage(own.Message()); !errors.Is(err, errProfile) {
		t.Error("a viewer makes itself a participant: ", err)
	}
	if seat := must(people[0].ReadKeyPackage(must(viewer.KeyPackage()))); seat.Role != Viewer || seat.Person != viewer.id {
		t.Error("another owner")
	}
}

func TestKicks(t *testing.T) {
	r, people := meeting(t)
	target := people[2]
	order := r.sign(&wire.Remove{Seq: r.next(), Person: target.id[:], How: "remove"})
	people[0].Know(order, now)
	made := r.ask(people[0], &wire.Nominate{Removes: ids(target)})
	step := must(people[1].Committed(&wire.Committed{Epoch: made.Epoch, Commit: made.Commit}, now))
	if step.Epoch == nil || len(step.Epoch.Kicks) != 1 || step.Epoch.Kicks[0].Statement != order.Statement {
		t.Fatal("the order does not come with the commit")
	}
	kick := must(moderation.Entry(order))
	r.refuse("a kick of nobody who goes", r.chair, r.send(people[0], sent{said: &said{Kicks: [][]byte{kick}}}))
}

func TestManyComeAtOnce(t *testing.T) {
	r := newRoom(t)
	crowd := r.guests(AddsMax)
	n := &wire.Nominate{Adds: adding(crowd...)}
	for _, p := range crowd {
		n.Admissions = append(n.Admissions, r.admit(p)) // one statement each: together beyond what a commit may say
	}
	made := r.ask(r.chair, n)
	if len(made.Adds) == 0 || len(made.Commit) > commitMax {
		t.Fatalf("%d of %d added in %d bytes", len(made.Adds), AddsMax, len(made.Commit))
	}
	r.order(made, []*person{r.chair}, crowd[:len(made.Adds)])
}

func TestUnsoundNewcomersAreLeftOut(t *testing.T) {
	r, people := meeting(t)
	guest := r.guest()
	sound := adding(guest)[0]
	for name, a := range map[string]wire.Adding{
		"not a key package":   {Person: guest.id[:], KeyPackage: []byte("key package")},
		"somebody else's":     {Person: r.guest().id[:], KeyPackage: sound.KeyPackage},
		"too large":           {Person: guest.id[:], KeyPackage: make([]byte, keyPackageMax+1)},
		"a member's":          adding(people[1])[0],
		"of another room":     adding(r.person(must(link.New([32]byte{9}, [32]byte{10})), Participant))[0],
		"bytes after its end": {Person: guest.id[:], KeyPackage: append(slices.Clone(sound.KeyPackage), 0)},
	} {
		made := r.ask(people[0], &wire.Nominate{Adds: []wire.Adding{a}})
		if len(made.Adds) != 0 || len(made.Welcome) != 0 {
			t.Errorf("%s: added", name)
		}
		people[0].Rejected(&wire.Rejected{Epoch: made.Epoch})
	}
	twice := r.ask(people[0], &wire.Nominate{Adds: []wire.Adding{sound, sound}})
	if len(twice.Adds) != 1 {
		t.Error("added twice")
	}
}

func TestWelcomeIsForLater(t *testing.T) {
	r, people := meeting(t)
	p := people[0]
	// A branch of the same number: somebody removes and adds p in a group of its own.
	fork := r.send(people[1], sent{said: &said{}})
	r.take("the branch", p, fork)
	n := &wire.Nominate{Adds: adding(p), Removes: ids(p), Epoch: people[1].Number()}
	made := people[1].Nominate(n, now)
	refresh := r.ask(r.chair, &wire.Nominate{})
	r.order(refresh, []*person{r.chair, p}, nil)
	before := p.present
	step := must(p.Welcome(&wire.Welcome{Epoch: made.Epoch + 1, Welcome: made.Welcome}, now))
	if step != (Step{}) || p.present != before {
		t.Error("a member goes to another branch of its epoch")
	}
	if step := must(p.Welcome(&wire.Welcome{Epoch: made.Epoch + 7, Welcome: made.Welcome}, now)); step != (Step{}) {
		t.Error("a welcome with another number is taken")
	}
}

func TestErase(t *testing.T) {
	r, people := meeting(t)
	p := people[0]
	key := p.self.Key
	p.Erase()
	if !bytes.Equal(key, make(ed25519.PrivateKey, len(key))) || p.Number() != 0 || r.chair.Number() != 1 {
		t.Error("keys are left")
	}
}

func FuzzSaid(f *testing.F) {
	f.Add([]byte("\xa3aa\x80ak\x80ar\x00"))
	f.Add(must((&said{Reason: rotate, Generation: make([]byte, generationSize)}).encode()))
	f.Add(must((&said{Admissions: [][]byte{{1, 2}}, Kicks: [][]byte{{3}}, Reason: change}).encode()))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeSaid(b)
		if err != nil {
			return
		}
		if again, err := s.encode(); err != nil || !bytes.Equal(again, b) {
			t.Fatal("a second encoding")
		}
	})
}
