package description

import (
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// mutate changes a description as no browser would: lines vanish, come twice,
// stand elsewhere, and numbers are others.
func mutate(r *rand.Rand, text string) string {
	lines := strings.SplitAfter(text, "\n")
	numbers := regexp.MustCompile(`\d+`)
	for range 1 + r.IntN(3) {
		i, j := r.IntN(len(lines)), r.IntN(len(lines))
		switch r.IntN(5) {
		case 0:
			lines = append(lines[:i:i], lines[i+1:]...)
		case 1:
			lines = append(lines[:i:i], append([]string{lines[j]}, lines[i:]...)...)
		case 2:
			lines[i], lines[j] = lines[j], lines[i]
		default:
			other := numbers.FindString(lines[j])
			if at := numbers.FindStringIndex(lines[i]); at != nil && other != "" {
				lines[i] = lines[i][:at[0]] + other + lines[i][at[1]:]
			}
		}
		if len(lines) == 0 {
			break
		}
	}
	return strings.Join(lines, "")
}

// Whatever becomes of what browsers write, an offer that is accepted is
// answered as it should be, and an answer stays within our offer.
func TestMutatedDescriptions(t *testing.T) {
	names, err := filepath.Glob("testdata/*.sdp")
	if err != nil || len(names) != 26 {
		t.Fatalf("%v: %d recordings", err, len(names))
	}
	r := rand.New(rand.NewPCG(1, 2))
	_, slots := NewOffer(local(), 25, 16, counter(1))
	accepted, refused := 0, 0
	for _, name := range names {
		text := recorded(t, strings.TrimSuffix(filepath.Base(name), ".sdp"))
		for range 60 {
			changed := mutate(r, text)
			var err error
			if strings.HasSuffix(name, "answer.sdp") {
				_, err = agreed(t, changed, slots)
			} else {
				_, err = answered(t, changed)
			}
			if err == nil {
				accepted++
			} else {
				refused++
			}
		}
	}
	if accepted < 100 || refused < 100 {
		t.Errorf("%d accepted, %d refused", accepted, refused)
	}
}
