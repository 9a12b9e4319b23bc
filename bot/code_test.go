package bot

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
)

type unhex []byte

func (h *unhex) UnmarshalText(text []byte) (err error) {
	*h, err = hex.DecodeString(string(text))
	return err
}

func TestSafetyCodeVectors(t *testing.T) {
	b, err := os.ReadFile("../e2ee/vectors/safety.json")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Emoji []string
		Codes []struct {
			Authenticator, GroupID unhex
			Emoji                  []int
			Digits                 string
		}
		Leaves []struct {
			SignatureKey unhex
			Emoji        []int
		}
	}
	if err := json.Unmarshal(b, &file); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(file.Emoji, symbols[:]) || len(file.Codes) == 0 || len(file.Leaves) == 0 {
		t.Fatal("another table")
	}
	named := func(numbers []int) (all []string) {
		for _, n := range numbers {
			all = append(all, file.Emoji[n])
		}
		return all
	}
	for _, v := range file.Codes {
		code, err := newCode(7, [32]byte(v.Authenticator), [32]byte(v.GroupID))
		if err != nil || code.Digits != v.Digits || !slices.Equal(code.Emoji, named(v.Emoji)) || code.Epoch != 7 {
			t.Errorf("%+v, %v", code, err)
		}
	}
	for _, v := range file.Leaves {
		if got := emojiOf(v.SignatureKey); got != strings.Join(named(v.Emoji), "") {
			t.Errorf("%s", got)
		}
	}
}

func TestTextOfOthersIsCleaned(t *testing.T) {
	for name, want := range map[string]string{
		"  Ann \t\n Lee ":                 "Ann Lee",
		"A\u202eB\u200b\u2066C\U000e0041": "ABC",
		"e\u0301":                         "é",
		"\u3164\u2800":                    "",
		strings.Repeat("x", 100):          strings.Repeat("x", 64),
	} {
		if got := cleanName(name); got != want {
			t.Errorf("%q is shown as %q, want %q", name, got, want)
		}
	}
	if got := cleanText("a\r\nb\tc\x00\u202ed👍🏽"); got != "a\nb\tcd👍🏽" {
		t.Errorf("%q", got)
	}
	if got := normal(strings.Repeat("é", 300)); len(got) != 512 {
		t.Errorf("%d bytes", len(got))
	}
	if got := normal("\xff" + strings.Repeat("x", 511) + "é"); len(got) != 511 {
		t.Errorf("%d bytes", len(got))
	}
}

func FuzzCleanName(f *testing.F) {
	f.Add("A\u202eB\xff")
	f.Fuzz(func(t *testing.T, name string) {
		clean := cleanName(name)
		if cleanName(clean) != clean {
			t.Error("cleaned twice is another name")
		}
		for _, c := range clean {
			if within(harmful, c) || within(unseen, c) {
				t.Errorf("%U is left", c)
			}
		}
	})
}
