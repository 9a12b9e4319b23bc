package link

import (
	"errors"
	"testing"
)

type passphraseVector struct {
	Verdict, Name, Words string
	Salt, Output         unhex
	Derived              struct{ Key, PassPSK, PSK, Mixed, Nonce, Room, Person, Signature unhex }
}

func TestPassphraseVectors(t *testing.T) {
	for _, v := range cases[passphraseVector](t, "passphrase.json") {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			output, err := Stretch(v.Words, v.Salt)
			if v.Verdict != "ok" {
				if !errors.Is(err, ErrSize) || output != nil {
					t.Errorf("%x, %v: want ErrSize", output, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "Argon2id", output, v.Output)
			p, err := NewPassphrase(output)
			if err != nil {
				t.Fatal(err)
			}
			d := v.Derived
			equal(t, "key", public(p.Signature), d.Key)
			equal(t, "pass_psk", p.PSK, d.PassPSK)
			mixed, err := p.Mix(d.PSK)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "psk'", mixed, d.Mixed)
			proves(t, PassphraseProof, p.Signature, d.Signature, d.Nonce, d.Room, d.Person, nil)
		})
	}
}

func TestPassphraseSizes(t *testing.T) {
	if _, err := Stretch("x", make([]byte, 15)); !errors.Is(err, ErrSize) {
		t.Errorf("a short salt: %v", err)
	}
	if _, err := NewPassphrase(make([]byte, 31)); !errors.Is(err, ErrSize) {
		t.Errorf("a short output: %v", err)
	}
}
