package mls

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// The published vectors of RFC 9420 (mlswg/mls-implementations, suite 1) stand
// beside the repository, not in it. Without them the vectors of our own
// (own_test.go) are what runs.
const published = "../../../shared/vectors/rfc9420"

type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

// vectors reads a published file; nil when the folder is not there, which the
// test says.
func vectors[T any](t *testing.T, name string) []T {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(published, name+".json"))
	if errors.Is(err, os.ErrNotExist) {
		t.Log("not run: the published vectors do not stand beside the repository")
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got %x, want %x", what, got, want)
	}
}

// must returns v, which a sound input gives.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestTreeMath(t *testing.T) {
	type tm struct {
		Leaves  int          `json:"n_leaves"`
		Nodes   int          `json:"n_nodes"`
		Root    nodeIndex    `json:"root"`
		Left    []*nodeIndex `json:"left"`
		Right   []*nodeIndex `json:"right"`
		Parent  []*nodeIndex `json:"parent"`
		Sibling []*nodeIndex `json:"sibling"`
	}
	for _, v := range vectors[tm](t, "tree-math") {
		if rootOf(v.Leaves) != v.Root || len(newTree(v.Leaves).nodes) != v.Nodes {
			t.Errorf("%d leaves: another root or size", v.Leaves)
		}
		check := func(what string, want []*nodeIndex, has func(nodeIndex) bool, of func(nodeIndex) nodeIndex) {
			for i, w := range want {
				x := nodeIndex(i)
				if has(x) != (w != nil) || w != nil && of(x) != *w {
					t.Errorf("%s of %d with %d leaves", what, i, v.Leaves)
				}
			}
		}
		parent := func(x nodeIndex) bool { return !x.isLeaf() }
		below := func(x nodeIndex) bool { return x != v.Root }
		check("left", v.Left, parent, nodeIndex.left)
		check("right", v.Right, parent, nodeIndex.right)
		check("parent", v.Parent, below, nodeIndex.parent)
		check("sibling", v.Sibling, below, nodeIndex.sibling)
	}
}

func TestDeserialization(t *testing.T) {
	type header struct {
		Header unhex `json:"vlbytes_header"`
		Length int   `json:"length"`
	}
	for _, v := range vectors[header](t, "deserialization") {
		r := &reader{b: v.Header}
		if n := r.length(); r.bad || n != v.Length {
			t.Errorf("%x: %d, want %d", v.Header, n, v.Length)
		}
		same(t, "the header again", appendLength(nil, v.Length), v.Header)
	}
}

type cryptoVector struct {
	RefHash struct {
		Label      string
		Out, Value unhex
	} `json:"ref_hash"`
	ExpandWithLabel struct {
		Secret, Context, Out unhex
		Label                string
		Length               int
	} `json:"expand_with_label"`
	DeriveSecret struct {
		Secret, Out unhex
		Label       string
	} `json:"derive_secret"`
	DeriveTreeSecret struct {
		Secret, Out unhex
		Label       string
		Generation  uint32
		Length      int
	} `json:"derive_tree_secret"`
	SignWithLabel struct {
		Priv, Pub, Content, Signature unhex
		Label                         string
	} `json:"sign_with_label"`
	EncryptWithLabel struct {
		Priv, Pub, Context, Plaintext, Ciphertext unhex
		KEMOutput                                 unhex `json:"kem_output"`
		Label                                     string
	} `json:"encrypt_with_label"`
}

func TestCryptoBasics(t *testing.T) {
	for _, v := range vectors[cryptoVector](t, "crypto-basics") {
		same(t, "RefHash", refHash(v.RefHash.Label, v.RefHash.Value), v.RefHash.Out)
		e := v.ExpandWithLabel
		same(t, "ExpandWithLabel", must(expandWithLabel(e.Secret, e.Label, e.Context, e.Length)), e.Out)
		d := v.DeriveSecret
		same(t, "DeriveSecret", must(deriveSecret(d.Secret, d.Label)), d.Out)
		ts := v.DeriveTreeSecret
		same(t, "DeriveTreeSecret", must(expandWithLabel(ts.Secret, ts.Label, appendU32(nil, ts.Generation), ts.Length)), ts.Out)
		s := v.SignWithLabel
		key := signerFrom(s.Priv)
		same(t, "public key", publicOf(key), s.Pub)
		same(t, "SignWithLabel", signWithLabel(key, s.Label, s.Content), s.Signature)
		if !verifyWithLabel(s.Pub, s.Label, s.Content, s.Signature) || verifyWithLabel(s.Pub, s.Label+"x", s.Content, s.Signature) {
			t.Error("VerifyWithLabel")
		}
		c := v.EncryptWithLabel
		same(t, "DecryptWithLabel", must(decryptWithLabel(c.Priv, c.Label, c.Context, sealed{c.KEMOutput, c.Ciphertext})), c.Plaintext)
		again := must(encryptWithLabel(c.Pub, c.Label, c.Context, c.Plaintext))
		same(t, "EncryptWithLabel", must(decryptWithLabel(c.Priv, c.Label, c.Context, again)), c.Plaintext)
	}
}

type epochVector struct {
	CommitSecret            unhex `json:"commit_secret"`
	ConfirmationKey         unhex `json:"confirmation_key"`
	ConfirmedTranscriptHash unhex `json:"confirmed_transcript_hash"`
	EncryptionSecret        unhex `json:"encryption_secret"`
	EpochAuthenticator      unhex `json:"epoch_authenticator"`
	Exporter                struct {
		Label           string
		Context, Secret unhex
		Length          int
	}
	ExporterSecret   unhex `json:"exporter_secret"`
	ExternalSecret   unhex `json:"external_secret"`
	ExternalPub      unhex `json:"external_pub"`
	GroupContext     unhex `json:"group_context"`
	InitSecret       unhex `json:"init_secret"`
	JoinerSecret     unhex `json:"joiner_secret"`
	MembershipKey    unhex `json:"membership_key"`
	PSKSecret        unhex `json:"psk_secret"`
	ResumptionPSK    unhex `json:"resumption_psk"`
	SenderDataSecret unhex `json:"sender_data_secret"`
	TreeHash         unhex `json:"tree_hash"`
	WelcomeSecret    unhex `json:"welcome_secret"`
}

func TestKeySchedule(t *testing.T) {
	type file struct {
		GroupID unhex `json:"group_id"`
		Initial unhex `json:"initial_init_secret"`
		Epochs  []epochVector
	}
	for _, v := range vectors[file](t, "key-schedule") {
		init := []byte(v.Initial)
		for i, e := range v.Epochs {
			c := groupContext{version10, suite1, v.GroupID, uint64(i), e.TreeHash, e.ConfirmedTranscriptHash, nil}
			context := c.append(nil)
			same(t, "group context", context, e.GroupContext)
			joiner := must(joinerSecret(init, e.CommitSecret, context))
			same(t, "joiner", joiner, e.JoinerSecret)
			same(t, "welcome", must(welcomeSecret(joiner, e.PSKSecret)), e.WelcomeSecret)
			s := must(schedule(joiner, e.PSKSecret, context))
			same(t, "init", s.init, e.InitSecret)
			same(t, "exporter", s.exporter, e.ExporterSecret)
			same(t, "authenticator", s.authenticator, e.EpochAuthenticator)
			same(t, "confirmation", s.confirmation, e.ConfirmationKey)
			same(t, "membership", s.membership, e.MembershipKey)
			same(t, "exported", must(export(s.exporter, e.Exporter.Label, e.Exporter.Context, e.Exporter.Length)), e.Exporter.Secret)
			checkUnused(t, must(epochSecret(joiner, e.PSKSecret, context)), &e)
			init = s.init
		}
	}
}

// checkUnused derives the secrets that the profile has no use for.
func checkUnused(t *testing.T, epoch []byte, e *epochVector) {
	t.Helper()
	external := must(deriveSecret(epoch, "external"))
	same(t, "external", external, e.ExternalSecret)
	same(t, "external key", must(deriveKeyPair(external)).public, e.ExternalPub)
	same(t, "encryption", must(deriveSecret(epoch, "encryption")), e.EncryptionSecret)
	same(t, "resumption", must(deriveSecret(epoch, "resumption")), e.ResumptionPSK)
	same(t, "sender data", must(deriveSecret(epoch, "sender data")), e.SenderDataSecret)
}

func TestPSKSecret(t *testing.T) {
	type file struct {
		PSKs []struct {
			ID    unhex `json:"psk_id"`
			PSK   unhex
			Nonce unhex `json:"psk_nonce"`
		}
		Secret unhex `json:"psk_secret"`
	}
	for _, v := range vectors[file](t, "psk_secret") {
		known := map[string][]byte{}
		var ids []pskID
		for _, p := range v.PSKs {
			known[string(p.ID)] = p.PSK
			ids = append(ids, pskID{kind: pskExternal, id: p.ID, nonce: p.Nonce})
		}
		secret, err := pskSecret(ids, func(id []byte) []byte { return known[string(id)] })
		if err != nil {
			t.Fatal(err)
		}
		same(t, "psk_secret", secret, v.Secret)
	}
}

func TestTranscriptHashes(t *testing.T) {
	type file struct {
		Key       unhex `json:"confirmation_key"`
		Content   unhex `json:"authenticated_content"`
		Before    unhex `json:"interim_transcript_hash_before"`
		Confirmed unhex `json:"confirmed_transcript_hash_after"`
		Interim   unhex `json:"interim_transcript_hash_after"`
	}
	for _, v := range vectors[file](t, "transcript-hashes") {
		var format uint16
		m, err := decode(v.Content, "authenticated content", func(r *reader) *publicMessage {
			format = r.u16()
			return &publicMessage{content: r.framedContent(), signature: r.opaque(), confirmationTag: r.opaque()}
		})
		if err != nil {
			t.Fatal(err)
		}
		confirmed := confirmedHash(v.Before, format, m.content, m.signature)
		same(t, "confirmed", confirmed, v.Confirmed)
		same(t, "tag", mac(v.Key, confirmed), m.confirmationTag)
		same(t, "interim", interimHash(confirmed, m.confirmationTag), v.Interim)
	}
}

// TestSecretTree derives the first keys that table 4 leads to with the KDF of
// this package. The profile has no private messages, so the tree of section 9
// itself is not part of it.
func TestSecretTree(t *testing.T) {
	type file struct {
		Encryption unhex `json:"encryption_secret"`
		SenderData struct {
			Secret     unhex `json:"sender_data_secret"`
			Ciphertext unhex
			Key, Nonce unhex
		} `json:"sender_data"`
	}
	for _, v := range vectors[file](t, "secret-tree") {
		sample := v.SenderData.Ciphertext[:min(hashSize, len(v.SenderData.Ciphertext))]
		same(t, "key", must(expandWithLabel(v.SenderData.Secret, "key", sample, keySize)), v.SenderData.Key)
		same(t, "nonce", must(expandWithLabel(v.SenderData.Secret, "nonce", sample, nonceSize)), v.SenderData.Nonce)
	}
}
