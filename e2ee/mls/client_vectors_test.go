package mls

import (
	"bytes"
	"errors"
	"testing"
)

func TestMessages(t *testing.T) {
	for _, v := range vectors[map[string]unhex](t, "messages") {
		public := func(b []byte) []byte {
			return must(readMessage(b, formatPublic, "", (*reader).publicMessage)).append(header(formatPublic))
		}
		inline := func(b []byte) []byte { return must(decode(b, "", (*reader).proposal)).append(nil)[1:] }
		for name, again := range map[string]func([]byte) []byte{
			"mls_welcome": func(b []byte) []byte {
				return must(readMessage(b, formatWelcome, "", (*reader).welcome)).append(header(formatWelcome))
			},
			"mls_group_info": func(b []byte) []byte {
				return must(readMessage(b, formatGroupInfo, "", (*reader).groupInfo)).append(header(formatGroupInfo))
			},
			"mls_key_package": func(b []byte) []byte {
				return must(readMessage(b, formatKeyPackage, "", (*reader).keyPackage)).append(header(formatKeyPackage))
			},
			"ratchet_tree":                      func(b []byte) []byte { return must(readTree(b)).encode() },
			"group_secrets":                     func(b []byte) []byte { return must(decode(b, "", (*reader).groupSecrets)).append(nil) },
			"commit":                            func(b []byte) []byte { return must(decode(b, "", (*reader).commitContent)).append(nil) },
			"public_message_application":        public,
			"public_message_proposal":           public,
			"public_message_commit":             public,
			"add_proposal":                      func(b []byte) []byte { return inline(append([]byte{0, proposalAdd}, b...))[2:] },
			"remove_proposal":                   func(b []byte) []byte { return inline(append([]byte{0, proposalRemove}, b...))[2:] },
			"pre_shared_key_proposal":           func(b []byte) []byte { return inline(append([]byte{0, proposalPSK}, b...))[2:] },
			"update_proposal":                   func(b []byte) []byte { return inline(append([]byte{0, proposalUpdate}, b...))[2:] },
			"re_init_proposal":                  func(b []byte) []byte { return inline(append([]byte{0, proposalReInit}, b...))[2:] },
			"external_init_proposal":            func(b []byte) []byte { return inline(append([]byte{0, proposalExternalInit}, b...))[2:] },
			"group_context_extensions_proposal": func(b []byte) []byte { return inline(append([]byte{0, proposalGroupContextExtensions}, b...))[2:] },
		} {
			if v[name] == nil {
				t.Fatalf("no %s", name)
			}
			same(t, name, again(v[name]), v[name])
		}
		if _, err := ReadCommit(v["private_message"]); !errors.Is(err, ErrMalformed) {
			t.Error("a private message is taken for a commit")
		}
	}
}

// TestMessageProtection reads, verifies and makes public messages. The profile
// has no private ones.
func TestMessageProtection(t *testing.T) {
	type file struct {
		GroupID    unhex `json:"group_id"`
		Epoch      uint64
		TreeHash   unhex `json:"tree_hash"`
		Confirmed  unhex `json:"confirmed_transcript_hash"`
		Priv       unhex `json:"signature_priv"`
		Pub        unhex `json:"signature_pub"`
		Membership unhex `json:"membership_key"`
		Proposal   unhex
		ProposalP  unhex `json:"proposal_pub"`
		Commit     unhex
		CommitP    unhex `json:"commit_pub"`
	}
	for _, v := range vectors[file](t, "message-protection") {
		c := groupContext{version10, suite1, v.GroupID, v.Epoch, v.TreeHash, v.Confirmed, nil}
		context := c.append(nil)
		for _, m := range []struct{ message, body unhex }{{v.ProposalP, v.Proposal}, {v.CommitP, v.Commit}} {
			p := must(readMessage(m.message, formatPublic, "", (*reader).publicMessage))
			same(t, "body", p.content.body, m.body)
			if err := p.verify(v.Membership, context, v.Pub); err != nil {
				t.Error(err)
			}
			if p.verify(v.Membership, append(context, 0), v.Pub) == nil || p.verify(v.Pub, context, v.Pub) == nil {
				t.Error("another context or key passes")
			}
			again := &publicMessage{content: p.content, confirmationTag: p.confirmationTag}
			again.sign(signerFrom(v.Priv), context)
			again.membershipTag = again.tag(v.Membership, context)
			if err := again.verify(v.Membership, context, v.Pub); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestWelcome(t *testing.T) {
	type file struct {
		Init       unhex `json:"init_priv"`
		KeyPackage unhex `json:"key_package"`
		Signer     unhex `json:"signer_pub"`
		Welcome    unhex
	}
	for _, v := range vectors[file](t, "welcome") {
		own := &Own{pub: must(readMessage(v.KeyPackage, formatKeyPackage, "", (*reader).keyPackage)), init: v.Init}
		w, err := OpenWelcome(v.Welcome, []*Own{own})
		if err != nil {
			t.Fatal(err)
		}
		psk := must(pskSecret(w.secrets.psks, nil))
		plain := must(cryptInfo(w.secrets.joiner, psk, w.info, true))
		info := must(decode(plain, "", (*reader).groupInfo))
		if !verifyWithLabel(v.Signer, infoLabel, info.appendUnsigned(nil), info.signature) {
			t.Error("the group info is not signed")
		}
		s := must(schedule(w.secrets.joiner, psk, info.context.append(nil)))
		same(t, "tag", mac(s.confirmation, info.context.confirmedTranscriptHash), info.tag)
	}
}

type passive struct {
	PSKs []struct {
		ID  unhex `json:"psk_id"`
		PSK unhex
	} `json:"external_psks"`
	KeyPackage    unhex  `json:"key_package"`
	SignaturePriv unhex  `json:"signature_priv"`
	Encryption    unhex  `json:"encryption_priv"`
	Init          unhex  `json:"init_priv"`
	Welcome       unhex  `json:"welcome"`
	Tree          *unhex `json:"ratchet_tree"`
	Initial       unhex  `json:"initial_epoch_authenticator"`
	Epochs        []struct {
		Proposals     []unhex
		Commit        unhex
		Authenticator unhex `json:"epoch_authenticator"`
	}
}

func (p *passive) psk(id []byte) []byte {
	for _, k := range p.PSKs {
		if bytes.Equal(k.ID, id) {
			return k.PSK
		}
	}
	return nil
}

// join enters the group of the vector.
func (p *passive) join(t *testing.T) *Group {
	t.Helper()
	own := &Own{
		must(readMessage(p.KeyPackage, formatKeyPackage, "", (*reader).keyPackage)),
		signerFrom(p.SignaturePriv), p.Init, p.Encryption,
	}
	w, err := OpenWelcome(p.Welcome, []*Own{own})
	if err != nil {
		t.Fatal(err)
	}
	var known *tree
	if p.Tree != nil {
		known = treeOf(t, *p.Tree)
	}
	g, err := w.join(p.psk, known)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "authenticator", g.Authenticator(), p.Initial)
	return g
}

// resolve puts the proposals that were sent before in place of references to
// them (section 5.2). Only these vectors have any.
func (p *passive) resolve(t *testing.T, g *Group, sent []unhex, list []proposal) []proposal {
	t.Helper()
	known := map[string]proposal{}
	for _, b := range sent {
		m := must(readMessage(b, formatPublic, "", (*reader).publicMessage))
		if err := m.verify(g.secrets.membership, g.encoded(), g.tree.leafAt(m.content.sender.index).signatureKey); err != nil {
			t.Fatal(err)
		}
		known[string(refHash(labelPrefix+"Proposal Reference", m.appendAuth(m.content.append(appendU16(nil, formatPublic)))))] = m.content.proposal
	}
	var resolved []proposal
	for _, l := range list {
		if ref, ok := l.(reference); ok {
			l = known[string(ref.hash)]
		}
		resolved = append(resolved, l)
	}
	return resolved
}

// follow goes through the epochs; false when a commit proposes what the profile
// does not have, which must be refused.
func (p *passive) follow(t *testing.T, g *Group) bool {
	t.Helper()
	for _, e := range p.Epochs {
		c := must(ReadCommit(e.Commit))
		same(t, "the commit encoded again", c.message.append(header(formatPublic)), e.Commit)
		content := c.message.content.commit
		next, err := g.process(c.message, p.resolve(t, g, e.Proposals, content.proposals), p.psk)
		if errors.Is(err, ErrUnsupported) {
			return false
		}
		if err != nil {
			t.Fatal(err)
		}
		g = next
		same(t, "authenticator", g.Authenticator(), e.Authenticator)
	}
	return true
}

// TestPassiveClients joins and follows. What is left out are epochs that need
// Update, GroupContextExtensions or resumption PSKs, which the profile does not
// have.
func TestPassiveClients(t *testing.T) {
	for _, name := range []string{"passive-client-welcome", "passive-client-handling-commit", "passive-client-random"} {
		t.Run(name, func(t *testing.T) {
			whole, cut, epochs := 0, 0, 0
			for _, v := range vectors[passive](t, name) {
				if v.follow(t, v.join(t)) {
					whole++
					epochs += len(v.Epochs)
				} else {
					cut++
				}
			}
			t.Logf("%d whole with %d epochs; %d joined, and their commits refused, as they propose more than the profile has", whole, epochs, cut)
		})
	}
}
