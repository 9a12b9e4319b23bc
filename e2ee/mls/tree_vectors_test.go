package mls

import (
	"crypto/ed25519"
	"testing"
)

// signerFrom takes the private keys of the vectors, which are seeds.
func signerFrom(seed []byte) ed25519.PrivateKey { return ed25519.NewKeyFromSeed(seed) }

func treeOf(t *testing.T, b []byte) *tree {
	t.Helper()
	tr, err := readTree(b)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "the tree encoded again", tr.encode(), b)
	return tr
}

// TestTreeOperations applies Adds and Removes. The profile has no Update, so
// that one of the five vectors is left out.
func TestTreeOperations(t *testing.T) {
	type file struct {
		Proposal   unhex
		Sender     uint32 `json:"proposal_sender"`
		Before     unhex  `json:"tree_before"`
		After      unhex  `json:"tree_after"`
		HashBefore unhex  `json:"tree_hash_before"`
		HashAfter  unhex  `json:"tree_hash_after"`
	}
	ran, updates := 0, 0
	for _, v := range vectors[file](t, "tree-operations") {
		tr := treeOf(t, v.Before)
		same(t, "hash before", tr.rootHash(), v.HashBefore)
		switch p := must(decode(v.Proposal, "a proposal", (*reader).proposal)).(type) {
		case addProposal:
			tr.add(p.keyPackage.leafNode)
		case removeProposal:
			tr.remove(p.leaf)
		case otherProposal:
			updates++
			continue
		default:
			t.Fatal("an unknown proposal")
		}
		ran++
		same(t, "after", tr.encode(), v.After)
		same(t, "hash after", tr.rootHash(), v.HashAfter)
	}
	t.Logf("%d run, %d with Update left out", ran, updates)
}

func TestTreeValidation(t *testing.T) {
	type file struct {
		Tree        unhex
		GroupID     unhex         `json:"group_id"`
		Hashes      []unhex       `json:"tree_hashes"`
		Resolutions [][]nodeIndex `json:"resolutions"`
	}
	for _, v := range vectors[file](t, "tree-validation") {
		tr := treeOf(t, v.Tree)
		for i, want := range v.Hashes {
			same(t, "hash", tr.hash(nodeIndex(i)), want)
		}
		for i, want := range v.Resolutions {
			got := tr.resolution(nodeIndex(i))
			if len(got) != len(want) {
				t.Fatalf("resolution of %d: %v, want %v", i, got, want)
			}
			for j := range got {
				if got[j] != want[j] {
					t.Fatalf("resolution of %d: %v, want %v", i, got, want)
				}
			}
		}
		context := &groupContext{groupID: v.GroupID, treeHash: tr.rootHash()}
		if err := tr.check(context); err != nil {
			t.Error(err)
		}
		context.groupID = []byte("another group")
		context.treeHash = hash(nil)
		if tr.check(context) == nil {
			t.Error("a tree of another group passes")
		}
	}
}

type treeKEMVector struct {
	Confirmed unhex `json:"confirmed_transcript_hash"`
	Epoch     uint64
	GroupID   unhex `json:"group_id"`
	Tree      unhex `json:"ratchet_tree"`
	Leaves    []struct {
		Index       uint32
		Encryption  unhex `json:"encryption_priv"`
		Signature   unhex `json:"signature_priv"`
		PathSecrets []struct {
			Node   nodeIndex
			Secret unhex `json:"path_secret"`
		} `json:"path_secrets"`
	} `json:"leaves_private"`
	Paths []struct {
		Sender       uint32
		Path         unhex    `json:"update_path"`
		Secrets      []*unhex `json:"path_secrets"`
		CommitSecret unhex    `json:"commit_secret"`
		HashAfter    unhex    `json:"tree_hash_after"`
	} `json:"update_paths"`
}

// member returns the group as the i-th holder of private keys sees it.
func (v *treeKEMVector) member(t *testing.T, i int) *Group {
	t.Helper()
	tr := treeOf(t, v.Tree)
	l := v.Leaves[i]
	g := &Group{tree: tr, own: l.Index, signer: signerFrom(l.Signature), keys: map[nodeIndex][]byte{nodeOf(l.Index): l.Encryption}}
	g.context = groupContext{version10, suite1, v.GroupID, v.Epoch - 1, tr.rootHash(), v.Confirmed, nil}
	for _, p := range l.PathSecrets {
		c := must(climb(p.Secret, 1))
		same(t, "key of a path", c.pairs[0].public, tr.nodes[p.Node].encryptionKey())
		g.keys[p.Node] = c.pairs[0].private
	}
	return g
}

func TestTreeKEM(t *testing.T) {
	for _, v := range vectors[treeKEMVector](t, "treekem") {
		for _, p := range v.Paths {
			path := must(decode(p.Path, "a path", (*reader).updatePath))
			for i, l := range v.Leaves {
				if l.Index == p.Sender {
					continue
				}
				g := v.member(t, i)
				// Here path secrets are sealed for the epoch given, which provisional counts up to.
				a := &applied{tree: g.tree.clone()}
				g.context.epoch = v.Epoch
				steps, err := a.tree.merge(path, p.Sender, &g.context, nil)
				if err != nil {
					t.Fatal(err)
				}
				context := g.context
				context.treeHash = a.tree.rootHash()
				same(t, "hash after", context.treeHash, p.HashAfter)
				above, secret, err := a.tree.open(path, steps, g.own, g.keys, nil, context.append(nil))
				if err != nil {
					t.Fatal(err)
				}
				same(t, "path secret", secret, *p.Secrets[l.Index])
				_, c, err := a.tree.climbKnown(above, secret)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "commit secret", c.commitSecret, p.CommitSecret)
			}
		}
		v.renewed(t)
	}
}

// renewed makes a path of each member's own; all others must come to the same
// commit secret.
func (v *treeKEMVector) renewed(t *testing.T) {
	t.Helper()
	for i := range v.Leaves {
		by := v.member(t, i)
		a := &applied{tree: by.tree.clone()}
		p, path, err := by.path(a)
		if err != nil {
			t.Fatal(err)
		}
		for j := range v.Leaves {
			if i == j {
				continue
			}
			g := v.member(t, j)
			c, err := g.receive(path, by.own, &applied{tree: g.tree.clone()}, g.keys)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "commit secret", c.commitSecret, p.climbed.commitSecret)
		}
	}
}
