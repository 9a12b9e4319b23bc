package mls

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"math/rand/v2"
	"testing"
)

var testPSK = PSK{ID: []byte("psk"), Secret: bytes.Repeat([]byte{7}, 32)}

func lookup([]byte) []byte { return testPSK.Secret }

func newOwn(name string) *Own {
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		panic(err)
	}
	return must(NewKeyPackage([]byte(name), key))
}

// groupOf returns a group of n members who have come in by the commits of the
// first; all of them if everybody is set, else the first two and the last.
func groupOf(n int, everybody bool) []*Group {
	groups := []*Group{must(Found([]byte("group"), newOwn("0")))}
	for joined := 1; joined < n; {
		c := &Change{PSK: testPSK}
		var owns []*Own
		for ; joined < n && len(owns) < 64; joined++ {
			own := newOwn("member")
			owns = append(owns, own)
			c.Adds = append(c.Adds, own.pub)
		}
		made := must(groups[0].Commit(c))
		groups = follow(groups, made)
		for i, own := range owns {
			if everybody || len(groups) < 2 || joined == n && i == len(owns)-1 {
				groups = append(groups, must(must(OpenWelcome(made.Welcome, []*Own{own})).Join(lookup)))
			}
		}
	}
	return groups
}

// follow has everybody but the author, who is the first, process a commit.
func follow(groups []*Group, made *Pending) []*Group {
	next := []*Group{made.Next}
	for _, g := range groups[1:] {
		next = append(next, must(g.Process(must(ReadCommit(made.Commit)), lookup)))
	}
	return next
}

// forge makes a commit without a path, whatever it proposes, with every tag and
// signature right.
func forge(g *Group, proposals ...proposal) (*publicMessage, *Group) {
	content := &commitContent{proposals: proposals}
	m := &publicMessage{content: &framedContent{
		groupID: g.ID(), epoch: g.Epoch(), sender: sender{senderMember, g.own},
		kind: contentCommit, body: content.append(nil), commit: content,
	}}
	m.sign(g.signer, g.encoded())
	m.confirmationTag = make([]byte, hashSize)
	var next *Group
	if a, err := g.apply(proposals, g.own); err == nil {
		if psk, err := pskSecret(a.psks, lookup); err == nil {
			next = must(g.succeed(m, a.tree, g.keys, make([]byte, hashSize), psk)).next
			m.confirmationTag = next.tag
		}
	}
	m.membershipTag = m.tag(g.secrets.membership, g.encoded())
	return m, next
}

func pskFor(id []byte) proposal {
	return pskProposal{pskID{kind: pskExternal, id: id, nonce: random(hashSize)}}
}

func TestForgedCommitsAreRefused(t *testing.T) {
	groups := groupOf(4, true)
	by, g := groups[1], groups[2]
	stranger := newOwn("5")
	unsigned := &KeyPackage{version10, suite1, stranger.pub.initKey, stranger.pub.leafNode, nil, random(64)}
	twice := newOwn("6")
	twice.pub.leafNode.encryptionKey = by.tree.leafAt(3).encryptionKey
	twice.pub.leafNode.signature = signWithLabel(twice.signer, leafLabel, twice.pub.leafNode.signed(nil, 0))
	twice.pub.signature = signWithLabel(twice.signer, keyPackageLabel, twice.pub.appendUnsigned(nil))
	long := pskProposal{pskID{kind: pskExternal, id: testPSK.ID, nonce: random(31)}}
	for name, c := range map[string]struct {
		proposals []proposal
		kind      error
	}{
		"a Remove without a path":       {[]proposal{removeProposal{3}, pskFor(testPSK.ID)}, ErrInvalid},
		"nothing, without a path":       {nil, ErrInvalid},
		"a Remove of the committer":     {[]proposal{removeProposal{by.own}}, ErrInvalid},
		"a Remove of nobody":            {[]proposal{removeProposal{9}}, ErrInvalid},
		"two Removes of one":            {[]proposal{removeProposal{3}, removeProposal{3}}, ErrInvalid},
		"a key package nobody signed":   {[]proposal{addProposal{unsigned}, pskFor(testPSK.ID)}, ErrInvalid},
		"a member's encryption key":     {[]proposal{addProposal{twice.pub}, pskFor(testPSK.ID)}, ErrInvalid},
		"one newcomer twice":            {[]proposal{addProposal{stranger.pub}, addProposal{stranger.pub}, pskFor(testPSK.ID)}, ErrInvalid},
		"a nonce of another size":       {[]proposal{addProposal{stranger.pub}, long}, ErrInvalid},
		"a reference":                   {[]proposal{reference{random(32)}}, ErrUnsupported},
		"an Update":                     {[]proposal{otherProposal{g.tree.leafAt(1).append([]byte{0, proposalUpdate})}}, ErrUnsupported},
		"a change of the group context": {[]proposal{otherProposal{[]byte{0, proposalGroupContextExtensions, 0}}}, ErrUnsupported},
		"a resumption psk":              {[]proposal{addProposal{stranger.pub}, pskProposal{pskID{kind: pskResumption, usage: 1, id: g.ID(), nonce: random(32)}}}, ErrUnsupported},
	} {
		m, _ := forge(by, c.proposals...)
		read, err := ReadCommit(m.append(header(formatPublic)))
		if err != nil {
			t.Errorf("%s: not read: %v", name, err)
			continue
		}
		if next, err := g.Process(read, lookup); !errors.Is(err, c.kind) || next != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	// The forgery itself is sound: what needs no path is taken.
	m, next := forge(by, addProposal{stranger.pub}, pskFor(testPSK.ID))
	same(t, "authenticator", must(g.Process(must(ReadCommit(m.append(header(formatPublic)))), lookup)).Authenticator(), next.Authenticator())
	if _, err := g.Process(must(ReadCommit(m.append(header(formatPublic)))), func([]byte) []byte { return random(32) }); !errors.Is(err, ErrInvalid) {
		t.Error("another psk leads to the same epoch: ", err)
	}
}

// TestTheRemovedAreShutOut computes the next epoch as somebody does who has the
// last epoch's secrets, the PSK, the commit and all that is public: right for a
// commit without a path, and wrong for a Remove.
func TestTheRemovedAreShutOut(t *testing.T) {
	guess := func(before *Group, after *Group, message []byte) []byte {
		c := must(ReadCommit(message))
		var ids []pskID
		for _, p := range c.message.content.commit.proposals {
			if p, ok := p.(pskProposal); ok {
				ids = append(ids, p.id)
			}
		}
		context := after.encoded()
		joiner := must(joinerSecret(before.secrets.init, make([]byte, hashSize), context))
		return must(schedule(joiner, must(pskSecret(ids, lookup)), context)).authenticator
	}
	for n := 2; n < 6; n++ {
		groups := groupOf(n, true)
		adding := must(groups[0].Commit(&Change{PSK: testPSK, Adds: []*KeyPackage{newOwn("x").pub}}))
		same(t, "the guess", guess(groups[1], adding.Next, adding.Commit), adding.Next.Authenticator())

		removed := groups[n-1]
		removing := must(groups[0].Commit(&Change{PSK: testPSK, Removes: []uint32{removed.own}}))
		if bytes.Equal(guess(removed, removing.Next, removing.Commit), removing.Next.Authenticator()) {
			t.Error("who is removed knows the next epoch")
		}
		if _, err := removed.Process(must(ReadCommit(removing.Commit)), lookup); !errors.Is(err, ErrRemoved) {
			t.Error(err)
		}
		// Nor the ones after, when the committer is left alone.
		alone := removing.Next
		empty := must(alone.Commit(&Change{PSK: testPSK}))
		if bytes.Equal(guess(alone, empty.Next, empty.Commit), empty.Next.Authenticator()) {
			t.Error("an epoch without a secret of its own")
		}
	}
}

func TestTurnedBits(t *testing.T) {
	groups := groupOf(5, true)
	added := newOwn("x")
	made := must(groups[0].Commit(&Change{PSK: testPSK, Adds: []*KeyPackage{added.pub}, Removes: []uint32{2}, AuthenticatedData: []byte("said")}))
	for i := range made.Commit {
		turned := bytes.Clone(made.Commit)
		turned[i] ^= 1 << rand.IntN(8)
		c, err := ReadCommit(turned)
		if err != nil {
			continue
		}
		if next, err := groups[3].Process(c, lookup); err == nil || next != nil {
			t.Fatalf("byte %d turned, and taken", i)
		}
	}
	for i := range made.Welcome {
		turned := bytes.Clone(made.Welcome)
		turned[i] ^= 1 << rand.IntN(8)
		w, err := OpenWelcome(turned, []*Own{added})
		if err != nil {
			continue
		}
		if g, err := w.Join(lookup); err == nil || g != nil {
			t.Fatalf("byte %d of a welcome turned, and taken", i)
		}
	}
}

func TestKeyPackages(t *testing.T) {
	own := newOwn("x")
	if k := must(ReadKeyPackage(own.Message())); !k.Leaf().Plain || string(k.Leaf().Identity) != "x" {
		t.Error("a sound key package looks otherwise")
	}
	low := make([]byte, kemSize)
	for name, change := range map[string]func(*KeyPackage){
		"an init key of low order": func(k *KeyPackage) { k.initKey = low },
		"a leaf key of low order":  func(k *KeyPackage) { k.leafNode.encryptionKey = low },
		"one key for both":         func(k *KeyPackage) { k.initKey = k.leafNode.encryptionKey },
		"another suite":            func(k *KeyPackage) { k.suite = 2 },
		"a leaf of a commit":       func(k *KeyPackage) { k.leafNode.source = sourceCommit },
		"no suites":                func(k *KeyPackage) { k.leafNode.capabilities.suites = nil },
		"an unknown extension":     func(k *KeyPackage) { k.leafNode.extensions = []extension{{99, nil}} },
	} {
		own := newOwn("x")
		change(own.pub)
		own.pub.leafNode.signature = signWithLabel(own.signer, leafLabel, own.pub.leafNode.signed(nil, 0))
		own.pub.signature = signWithLabel(own.signer, keyPackageLabel, own.pub.appendUnsigned(nil))
		if _, err := ReadKeyPackage(own.Message()); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
}

func TestErase(t *testing.T) {
	groups := groupOf(3, true)
	g := groups[1]
	next := must(g.Process(must(ReadCommit(must(groups[0].Commit(&Change{PSK: testPSK})).Commit)), lookup))
	leaf := next.keys[nodeOf(next.own)]
	g.Erase(next)
	if bytes.Equal(leaf, make([]byte, len(leaf))) {
		t.Fatal("a key in use is erased")
	}
	next.Erase(nil)
	for _, secret := range append(g.secrets.all(), append(next.secrets.all(), leaf)...) {
		if !bytes.Equal(secret, make([]byte, len(secret))) {
			t.Error("a secret is left")
		}
	}
}
