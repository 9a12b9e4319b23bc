package main

import (
	"crypto/ed25519"
	"strings"

	"paravent/e2ee/link"
)

type passphraseCase struct {
	Verdict string          `json:"verdict"`
	Name    string          `json:"name"`
	Words   string          `json:"words"`
	Salt    hexBytes        `json:"salt"`
	Output  hexBytes        `json:"output,omitempty"` // of Argon2id
	Derived *passphraseMade `json:"derived,omitempty"`
}

type passphraseMade struct {
	Key       hexBytes `json:"key"`     // public key, as in Policy.passphrase
	PassPSK   hexBytes `json:"passPsk"` // pass_psk
	PSK       hexBytes `json:"psk"`     // psk[0] of the room
	Mixed     hexBytes `json:"mixed"`   // psk'[0]
	Nonce     hexBytes `json:"nonce"`
	Room      hexBytes `json:"room"`
	Person    hexBytes `json:"person"`
	Signature hexBytes `json:"signature"` // passphrase proof
}

func passphrases() (*file, error) {
	h, err := newHouse()
	if err != nil {
		return nil, err
	}
	f := &file{About: "Passphrases (PROTOCOL.md, Passphrase): Argon2id and what follows; refused words are none, or too many. Slow on purpose."}
	for _, good := range [][2]string{{"some words", "correct horse"}, {"in compatibility characters, with an accent apart", "ﬁne cafe\u0301"}} {
		c, err := h.goodPassphrase(good[0], good[1])
		if err != nil {
			return nil, err
		}
		f.Cases = append(f.Cases, c)
	}
	for _, bad := range [][2]string{{"none", ""}, {"1025 bytes", strings.Repeat("x", 1025)}, {"1025 bytes once they are normal", strings.Repeat("x", 1023) + "\ufb01"}} {
		if _, err := link.Stretch(bad[1], h.room.PassphraseSalt); err == nil {
			return nil, errReference
		}
		f.Cases = append(f.Cases, passphraseCase{Verdict: "refused", Name: bad[0], Words: bad[1], Salt: h.room.PassphraseSalt})
	}
	return f, nil
}

func (h *house) goodPassphrase(name, words string) (*passphraseCase, error) {
	output, err := link.Stretch(words, h.room.PassphraseSalt)
	if err != nil {
		return nil, err
	}
	p, err := link.NewPassphrase(output)
	if err != nil {
		return nil, err
	}
	mixed, err := p.Mix(h.room.PSK)
	if err != nil {
		return nil, err
	}
	nonce, ada := secret("passphrase nonce"), newSomeone("ada")
	signature, err := link.PassphraseProof.Sign(p.Signature, nonce[:], h.room.ID[:], ada.id[:], nil)
	if err != nil {
		return nil, err
	}
	return &passphraseCase{
		Verdict: "ok", Name: name, Words: words, Salt: h.room.PassphraseSalt, Output: output,
		Derived: &passphraseMade{
			Key: hexBytes(p.Signature[ed25519.SeedSize:]), PassPSK: p.PSK, PSK: h.room.PSK, Mixed: mixed,
			Nonce: nonce[:], Room: h.room.ID[:], Person: ada.id[:], Signature: signature,
		},
	}, nil
}
