package signaling

import (
	"bytes"
	"crypto/ed25519"
	"slices"
	"testing"
	"time"

	"paravent/signaling/wire"
)

// full is a Join with every proof there is.
func (k *keys) full(nonce []byte, name string) *wire.Join {
	k.t.Helper()
	j := k.proof(nonce, name)
	generation, words := keyOf("generation 2"), keyOf("passphrase")
	j.Generation = &wire.GenerationProof{
		Number: 2, Key: public(generation), Signature: k.prove(generation, generationProofLabel, nonce, name),
	}
	j.Passphrase = &wire.PassphraseProof{Key: public(words), Signature: k.prove(words, passphraseProofLabel, nonce, name)}
	j.Ticket = k.show(k.ticket("ticket", ticketViewer, time.Time{}, time.Time{}), nonce, name, "ticket", "device")
	if j.Moderator != nil {
		signed := k.signed(name, rules(7))
		j.Policy = &signed
	}
	return j
}

func TestAJoinProvesWhatItHolds(t *testing.T) {
	k, nonce := newKeys(t), random(wire.NonceSize)
	e, code := prove(k.full(nonce, "A"), nonce, nil, time.Now())
	if code != "" {
		t.Fatal(code)
	}
	if e.room != roomID(k.room) || e.moderators != moderatorsID(k.moderators) || e.person != named("A") {
		t.Error("another room or person")
	}
	if g := e.moderator; g == nil || !g.holder || !bytes.Equal(g.key[:], public(keyOf("A"))) || g.person != named("A") {
		t.Errorf("moderator %+v", g)
	}
	if g := e.generation; g == nil || g.Number != 2 || !bytes.Equal(g.Key, public(keyOf("generation 2"))) {
		t.Errorf("generation %+v", g)
	}
	if e.passphrase == nil || !bytes.Equal(e.passphrase[:], public(keyOf("passphrase"))) {
		t.Errorf("passphrase %v", e.passphrase)
	}
	if s := e.ticket; s == nil || !s.viewer || s.many || !bytes.Equal(s.key[:], public(keyOf("ticket"))) ||
		!bytes.Equal(s.device[:], public(keyOf("device"))) {
		t.Errorf("ticket %+v", s)
	}
	if p, ok := e.policy.statement.(*wire.Policy); !ok || p.Version != 7 || e.policy.seq != 7 {
		t.Errorf("policy %+v", e.policy)
	}
	if e.host {
		t.Error("a host token out of nothing")
	}
	bare, code := prove(k.proof(nonce, "b"), nonce, nil, time.Now())
	if code != "" || bare.moderator != nil || bare.generation != nil || bare.passphrase != nil || bare.ticket != nil || bare.policy != nil {
		t.Errorf("%q, %+v: proves what it does not hold", code, bare)
	}
}

func TestFalseProofsAreRefused(t *testing.T) {
	k, other, nonce := newKeys(t), newKeys(t), random(wire.NonceSize)
	theirs := other.full(nonce, "A") // true, in another room
	expired := k.appoint("A", k.kem, time.Now().Add(-time.Minute))
	text := k.signed("A", &wire.End{Seq: 1})
	for name, c := range map[string]struct {
		code  wire.Code
		spoil func(j *wire.Join)
	}{
		"another room":                   {wire.CodeProof, func(j *wire.Join) { j.Room = other.room }},
		"other moderators":               {wire.CodeProof, func(j *wire.Join) { j.Moderators = other.moderators }},
		"another join key":               {wire.CodeProof, func(j *wire.Join) { j.JoinKey = public(other.join) }},
		"signed with another key":        {wire.CodeProof, func(j *wire.Join) { j.JoinSignature = theirs.JoinSignature }},
		"another person":                 {wire.CodeProof, func(j *wire.Join) { j.Person = random(16) }},
		"the moderator's proof as one's": {wire.CodeProof, func(j *wire.Join) { j.JoinSignature = j.Moderator.Signature }},
		"signature of zeros":             {wire.CodeProof, func(j *wire.Join) { j.JoinSignature = make([]byte, 64) }},
		"key of zeros":                   {wire.CodeProof, func(j *wire.Join) { j.JoinKey = make([]byte, 32) }},

		"a moderator of another room":          {wire.CodeProof, func(j *wire.Join) { j.Moderator = theirs.Moderator }},
		"a grant for somebody else":            {wire.CodeProof, func(j *wire.Join) { j.Moderator.Grant = k.grant("B") }},
		"a grant that is past":                 {wire.CodeProof, func(j *wire.Join) { j.Moderator.Grant = expired }},
		"a grant that was changed":             {wire.CodeProof, func(j *wire.Join) { j.Moderator.Grant[grantNotAfter] ^= 1 }},
		"a grant with a copied signature":      {wire.CodeProof, func(j *wire.Join) { j.Moderator.Signature = random(64) }},
		"the join proof as the moderator's":    {wire.CodeProof, func(j *wire.Join) { j.Moderator.Signature = j.JoinSignature }},
		"rules of another room":                {wire.CodeProof, func(j *wire.Join) { j.Policy = theirs.Policy }},
		"rules that nobody signed":             {wire.CodeProof, func(j *wire.Join) { j.Policy.Signature = random(64) }},
		"an order in place of rules":           {wire.CodeProof, func(j *wire.Join) { j.Policy = &text }},
		"a generation with another key":        {wire.CodeGeneration, func(j *wire.Join) { j.Generation.Key = public(k.join) }},
		"the join proof as the generation's":   {wire.CodeGeneration, func(j *wire.Join) { j.Generation.Signature = j.JoinSignature }},
		"a passphrase whose key one knows":     {wire.CodePassphrase, func(j *wire.Join) { j.Passphrase.Signature = random(64) }},
		"the generation's as the passphrase's": {wire.CodePassphrase, func(j *wire.Join) { j.Passphrase.Signature = j.Generation.Signature }},
		"a ticket of another room":             {wire.CodeTicket, func(j *wire.Join) { j.Ticket = theirs.Ticket }},
		"a ticket that was seen":               {wire.CodeTicket, func(j *wire.Join) { j.Ticket.Signature = random(64) }},
		"a ticket on another device":           {wire.CodeTicket, func(j *wire.Join) { j.Ticket.Device = public(keyOf("phone")) }},
		"a device that was seen":               {wire.CodeTicket, func(j *wire.Join) { j.Ticket.DeviceSignature = j.Ticket.Signature }},
		"a ticket without its end":             {wire.CodeTicket, func(j *wire.Join) { j.Ticket.Ticket = j.Ticket.Ticket[:ticketEnd-1] }},
	} {
		j := k.full(nonce, "A")
		if _, code := prove(j, nonce, nil, time.Now()); code != "" {
			t.Fatal("the true proofs are refused")
		}
		c.spoil(j)
		if e, code := prove(j, nonce, nil, time.Now()); code != c.code || e != nil {
			t.Errorf("%s: %q, want %q", name, code, c.code)
		}
	}
	if _, code := prove(k.full(nonce, "A"), random(wire.NonceSize), nil, time.Now()); code != wire.CodeProof {
		t.Error("proofs for another connection: believed")
	}
}

// TestRulesComeFromModerators says which rules a Join may bring: nobody's but
// a moderator's, and those whose author's grant is past have no effect.
func TestRulesComeFromModerators(t *testing.T) {
	k, nonce := newKeys(t), random(wire.NonceSize)
	signed := k.signed("B", rules(3)) // who brings them need not have made them
	j := k.proof(nonce, "A")
	j.Policy = &signed
	if e, code := prove(j, nonce, nil, time.Now()); code != "" || e.policy == nil {
		t.Errorf("%q, %+v: want the rules of another moderator", code, e)
	}
	j = k.proof(nonce, "a")
	j.Policy = &signed
	if e, code := prove(j, nonce, nil, time.Now()); code != "" || e.policy != nil {
		t.Errorf("%q, %+v: a participant brings rules", code, e)
	}
	late := time.Now().Add(30 * time.Minute)
	j = k.proof(nonce, "A")
	old := signed
	old.Grant = k.appoint("B", k.kem, time.Now().Add(20*time.Minute))
	j.Policy = &old
	if e, code := prove(j, nonce, nil, late); code != "" || e.policy != nil {
		t.Errorf("%q, %+v: want the old rules left out", code, e)
	}
}

func TestGrantsHoldForATime(t *testing.T) {
	k, now := newKeys(t), time.Now().Truncate(time.Millisecond)
	raw := k.appoint("a", random(32), now)
	g, err := readGrant(raw, roomID(k.room), moderatorsID(k.moderators))
	if err != nil || g.holder {
		t.Fatalf("%v, %+v", err, g)
	}
	if !g.holds(now) || g.holds(now.Add(time.Millisecond)) {
		t.Error("want it to hold up to its time, and no longer")
	}
	if _, err := readGrant(raw, roomID(random(16)), moderatorsID(k.moderators)); err == nil {
		t.Error("it holds for another room of the same moderators")
	}
	for i := range raw { // every byte counts
		bad := slices.Clone(raw)
		bad[i] ^= 1
		if _, err := readGrant(bad, roomID(k.room), moderatorsID(k.moderators)); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
}

func TestTicketsHoldForATime(t *testing.T) {
	k, now := newKeys(t), time.Now().Truncate(time.Millisecond)
	read := func(notBefore, notAfter time.Time) *ticket {
		s, err := readTicket(k.ticket("t", ticketMany, notBefore, notAfter), roomID(k.room), moderatorsID(k.moderators))
		if err != nil || !s.many || s.viewer {
			t.Fatalf("%v, %+v", err, s)
		}
		return s
	}
	for name, c := range map[string]struct {
		ticket *ticket
		want   error
	}{
		"always":         {read(time.Time{}, time.Time{}), nil},
		"from now":       {read(now, time.Time{}), nil},
		"up to now":      {read(time.Time{}, now), nil},
		"in a minute":    {read(now.Add(time.Minute), time.Time{}), refusal{wire.CodeEarly, time.Minute}},
		"in a year":      {read(now.AddDate(1, 0, 0), time.Time{}), refusal{wire.CodeEarly, mostWait * time.Millisecond}},
		"until just now": {read(time.Time{}, now.Add(-time.Millisecond)), refusal{code: wire.CodeLate}},
		"never":          {read(now.Add(time.Second), now.Add(-time.Second)), refusal{wire.CodeEarly, time.Second}},
	} {
		if err := c.ticket.holds(now); err != c.want {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestTicketsAreExactlySo(t *testing.T) {
	k := newKeys(t)
	good := k.ticket("t", 0, time.Time{}, time.Time{})
	said := good[:ticketSignature]
	change := func(at int, to byte) []byte {
		bad := slices.Clone(said)
		bad[at] = to
		return k.signTicket(bad)
	}
	for name, raw := range map[string][]byte{
		"another version": change(0, 2),
		"an unknown flag": change(ticketFlags, 4),
		"another label":   change(ticketLabelSize+1, labelBox-1),
		"no label":        k.signTicket(slices.Concat(said[:ticketLabelSize], []byte{0, 0})),
		"a longer label":  k.signTicket(slices.Concat(said[:ticketLabelSize], []byte{0, labelBox + 1}, random(labelBox+1))),
		"another KEM key": change(ticketKEM, said[ticketKEM]^1),
		"something more":  append(slices.Clone(good), 0),
		"nothing":         {},
	} {
		if _, err := readTicket(raw, roomID(k.room), moderatorsID(k.moderators)); err == nil {
			t.Errorf("%s: want it refused", name)
		}
	}
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 0x80
		if _, err := readTicket(bad, roomID(k.room), moderatorsID(k.moderators)); err == nil {
			t.Errorf("byte %d may be changed", i)
		}
	}
}

func TestStatementsAreReadOnce(t *testing.T) {
	k := newKeys(t)
	id := named("b")
	read := func(s wire.Signed) (*order, error) {
		return readSigned(&s, roomID(k.room), moderatorsID(k.moderators))
	}
	for i, statement := range []wire.Statement{
		rules(1), &wire.Admit{Seq: 2, People: []wire.Admitted{{Person: id[:], Key: random(32)}}}, &wire.Deny{Seq: 3, Person: id[:]},
		&wire.Note{Seq: 4, Person: id[:], Box: []byte{1}}, &wire.Remove{Seq: 5, Person: id[:], How: "ban"},
		&wire.Stop{Seq: 6, Source: "hand"}, &wire.Appoint{Seq: 7, Grant: k.appoint("b", random(32), time.Now())}, &wire.End{Seq: 8},
	} {
		o, err := read(k.signed("A", statement))
		if err != nil || o.seq != uint64(i+1) || o.grant.person != named("A") {
			t.Errorf("%T: %v, %+v", statement, err, o)
			continue
		}
		if _, appoints := statement.(*wire.Appoint); appoints != (o.appointed != nil) || appoints && o.appointed.person != id {
			t.Errorf("%T appoints %+v", statement, o.appointed)
		}
	}
	other := newKeys(t)
	unsigned, foreign, nested := k.signed("A", &wire.End{}), other.signed("A", &wire.End{}), k.signed("A", &wire.Appoint{Grant: other.grant("b")})
	unsigned.Signature = ed25519.Sign(keyOf("b"), []byte(unsigned.Statement))
	for name, s := range map[string]wire.Signed{
		"signed by another": unsigned, "of another room": foreign, "appoints in another room": nested,
		"no statement": k.signText("A", `{"t":"ping"}`), "not JSON": k.signText("A", `end`), "half": k.signText("A", `{"t":"end","seq":1`),
		"with more": k.signText("A", `{"t":"end","seq":1,"x":2}`), "empty": k.signText("A", ``),
	} {
		if _, err := read(s); err == nil {
			t.Errorf("%s: want it refused", name)
		}
	}
}

func FuzzReadGrant(f *testing.F) {
	k := newKeys(f)
	f.Add(k.grant("A"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		g, err := readGrant(raw, roomID(k.room), moderatorsID(k.moderators))
		if (g == nil) == (err == nil) {
			t.Fatal("want a grant or an error")
		}
	})
}

func FuzzReadTicket(f *testing.F) {
	k := newKeys(f)
	f.Add(k.ticket("t", 3, time.Now(), time.Now()))
	f.Fuzz(func(t *testing.T, raw []byte) {
		// What a moderator signs by mistake must not do harm either.
		for _, raw := range [][]byte{raw, k.signTicket(slices.Clone(raw))} {
			s, err := readTicket(raw, roomID(k.room), moderatorsID(k.moderators))
			if (s == nil) == (err == nil) {
				t.Fatal("want a ticket or an error")
			}
			if s != nil {
				_ = s.holds(time.Now())
			}
		}
	})
}

func FuzzReadSigned(f *testing.F) {
	k := newKeys(f)
	s := k.signed("A", rules(1))
	f.Add(s.Statement, s.Grant, s.Signature)
	f.Fuzz(func(t *testing.T, text string, grant, signature []byte) {
		loose := wire.Signed{Statement: text, Grant: grant, Signature: signature}
		for _, s := range []wire.Signed{loose, k.signText("A", text)} {
			o, err := readSigned(&s, roomID(k.room), moderatorsID(k.moderators))
			if (o == nil) == (err == nil) {
				t.Fatal("want an order or an error")
			}
		}
	})
}

func FuzzReadHost(f *testing.F) {
	key := keyOf("server")
	f.Add(HostToken(key, [8]byte{1}, time.Now().Add(time.Hour)))
	f.Fuzz(func(t *testing.T, token []byte) {
		if readHost(token, ed25519.PublicKey(public(keyOf("another"))), time.Now()) {
			t.Fatal("a token of another server holds")
		}
		_ = readHost(token, ed25519.PublicKey(public(key)), time.Now())
	})
}

func TestHostTokens(t *testing.T) {
	key, now := keyOf("server"), time.Now()
	token := HostToken(key, [8]byte{1, 2, 3}, now.Add(time.Hour))
	if len(token) != 80 || !readHost(token, public(key), now) {
		t.Fatal("want a token of 80 bytes that holds")
	}
	for name, holds := range map[string]bool{
		"past":                  readHost(token, public(key), now.Add(time.Hour+time.Second)),
		"another server's":      readHost(token, public(keyOf("another")), now),
		"none":                  readHost(nil, public(key), now),
		"of a server with none": readHost(token, nil, now),
		"with something more":   readHost(append(slices.Clone(token), 0), public(key), now),
	} {
		if holds {
			t.Errorf("%s: holds", name)
		}
	}
	for i := range token {
		bad := slices.Clone(token)
		bad[i] ^= 1
		if readHost(bad, public(key), now) {
			t.Errorf("byte %d may be changed", i)
		}
	}
}

// TestNothingIsProvedByAccident: of all the signatures in a Join none does for
// another, so that whoever has one has no other.
func TestNothingIsProvedByAccident(t *testing.T) {
	labels := []string{
		roomLabel, moderatorsLabel, markLabel, grantLabel, statementLabel, ticketGrantLabel, joinProofLabel,
		moderatorProofLabel, generationProofLabel, passphraseProofLabel, ticketProofLabel, deviceProofLabel, hostLabel,
	}
	for i, a := range labels {
		for j, b := range labels {
			if i != j && len(a) <= len(b) && b[:len(a)] == a {
				t.Errorf("%q begins with %q", b, a)
			}
		}
	}
}
