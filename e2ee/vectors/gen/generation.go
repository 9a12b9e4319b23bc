package main

import (
	"bytes"
	"crypto/ed25519"
	"slices"

	"paravent/e2ee/link"
	"paravent/e2ee/moderation"
	"paravent/signaling/wire"
)

type generationCase struct {
	Verdict  string          `json:"verdict"`
	Name     string          `json:"name"`
	Sealed   hexBytes        `json:"sealed"`   // "g" of authenticated data
	Exported hexBytes        `json:"exported"` // by the epoch, for the number in it
	GroupID  hexBytes        `json:"groupId"`
	Present  uint32          `json:"present"` // generation of the group
	Wanted   *generationKey  `json:"wanted"`  // by the rules; null: none
	Opened   *generationMade `json:"opened,omitempty"`
}

type generationKey struct {
	Number uint64   `json:"number"`
	Key    hexBytes `json:"key"`
}

type generationMade struct {
	Moderator hexBytes `json:"moderator"` // M, from which the secret follows
	Number    uint32   `json:"number"`
	Secret    hexBytes `json:"secret"`
}

func generations() (*file, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	g, err := link.NewGeneration(*h.link.Moderator, 2)
	if err != nil {
		return nil, err
	}
	join, err := g.Join()
	if err != nil {
		return nil, err
	}
	exported, group, nonce, other := secret("exported"), secret("group"), secret("generation nonce"), secret("other")
	sealed, err := moderation.SealGeneration(g, exported[:16], group, bytes.NewReader(nonce[:]))
	if err != nil {
		return nil, err
	}
	good := generationCase{
		Sealed: sealed, Exported: exported[:16], GroupID: group[:], Present: 1, Wanted: &generationKey{2, hexBytes(join[ed25519.SeedSize:])},
	}
	f := &file{About: "New link generations (PROTOCOL.md, Link generations): what a member makes of one; forged does not open, refused must not follow."}
	add := func(verdict, name string, change func(*generationCase)) {
		c := good
		c.Verdict, c.Name = verdict, name
		change(&c)
		if verdict == "forged" != failsToOpen(&c) || verdict == "ok" != follows(g, &c) {
			err = errReference
		}
		f.Cases = append(f.Cases, c)
	}
	add("ok", "the next", func(c *generationCase) { c.Opened = &generationMade{h.link.Moderator[:], 2, g.Secret[:]} })
	add("refused", "one too far", func(c *generationCase) { c.Present = 0 })
	add("refused", "the present one", func(c *generationCase) { c.Present = 2 })
	add("refused", "rules that name none", func(c *generationCase) { c.Wanted = nil })
	add("refused", "rules that name another number", func(c *generationCase) { c.Wanted = &generationKey{3, c.Wanted.Key} })
	add("refused", "rules that name another key", func(c *generationCase) { c.Wanted = &generationKey{2, other[:]} })
	add("forged", "another epoch", func(c *generationCase) { c.Exported = other[:16] })
	add("forged", "another group", func(c *generationCase) { c.GroupID = other[:] })
	add("forged", "nonce changed", func(c *generationCase) { c.Sealed = flip(sealed, 8*4) })
	add("forged", "secret changed", func(c *generationCase) { c.Sealed = flip(sealed, 8*20) })
	add("forged", "tag changed", func(c *generationCase) { c.Sealed = flip(sealed, 8*63) })
	add("forged", "number 0", func(c *generationCase) { c.Sealed = slices.Concat(make([]byte, 4), sealed[4:]) })
	add("forged", "nothing", func(c *generationCase) { c.Sealed = nil })
	add("forged", "one byte short", func(c *generationCase) { c.Sealed = sealed[:63] })
	add("forged", "one byte long", func(c *generationCase) { c.Sealed = append(slices.Clone(sealed), 0) })
	return f, err
}

func failsToOpen(c *generationCase) bool {
	_, err := moderation.OpenGeneration(c.Sealed, c.Exported, [32]byte(c.GroupID))
	return err != nil
}

func follows(g *link.Generation, c *generationCase) bool {
	var wanted *wire.Generation
	if c.Wanted != nil {
		wanted = &wire.Generation{Number: c.Wanted.Number, Key: c.Wanted.Key}
	}
	return !failsToOpen(c) && moderation.Follows(g, c.Present, wanted)
}
