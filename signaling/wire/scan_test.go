package wire

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

// FuzzText compares our strings with those of encoding/json, which differs
// only where it mends half surrogate pairs and we refuse them.
func FuzzText(f *testing.F) {
	for _, s := range []string{`""`, `"a\"b"`, `"\ud83d\ude00"`, `"\u00e9\n"`, `"\`, "\"\x01\"", `"\u12`, `"é"`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if !utf8.Valid(in) {
			return
		}
		s := &scanner{in: in}
		got := string(s.text())
		if s.peek(); s.err != nil || s.at != len(in) {
			return
		}
		var want string
		if err := json.Unmarshal(in, &want); err != nil || got != want {
			t.Fatalf("%q, want %q (%v)", got, want, err)
		}
		var again string
		if err := json.Unmarshal(appendText(nil, got), &again); err != nil || again != got {
			t.Fatalf("written as %q (%v)", again, err)
		}
	})
}
