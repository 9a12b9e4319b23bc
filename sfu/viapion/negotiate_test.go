package viapion

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"paravent/sfu/description"
	"paravent/sfu/transport"
)

func FuzzAnswer(f *testing.F) {
	f.Add("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=setup:active\r\na=rtpmap:111 opus/48000/2\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		readTypes(text)
		if strings.Contains(withoutCandidates(text), "\na=candidate:") {
			t.Fatal("candidates are left")
		}
	})
}

// Answers are read as answers to the engine's offer: so pion's has the same
// sections with the same numbers. It sends no sound again: it would have to be
// sealed anew under its old number.
func TestPionOffersWhatTheEngineOffers(t *testing.T) {
	d, err := newTransport(t).Subscribe(2, 1, &receiver{})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	pions, _, err := d.Offer(nil)
	if err != nil {
		t.Fatal(err)
	}
	engines, _ := description.NewOffer(&description.Local{}, 2, 1, func() uint32 { return 1 })
	sections := func(offer string) (all [][]string) {
		for _, section := range strings.Split(offer, "\nm=")[1:] {
			var told []string
			for line := range strings.Lines("m=" + section) {
				name, _, _ := strings.Cut(strings.TrimSpace(line), ":")
				if slices.Contains([]string{"a=mid", "a=rtpmap", "a=rtcp-fb", "a=extmap", "a=rtcp-mux"}, name) || strings.HasPrefix(name, "m=") {
					told = append(told, line)
				}
			}
			slices.Sort(told)
			all = append(all, told)
		}
		return all
	}
	engines = strings.ReplaceAll(engines, "a=rtcp-fb:111 nack\r\n", "")
	if got, want := sections(pions), sections(engines); !reflect.DeepEqual(got, want) {
		t.Fatalf("%q, want %q", got, want)
	}
}

func TestTypesAndFormats(t *testing.T) {
	answer := withOpusFormat("m=audio 9 UDP/TLS/RTP/SAVPF 109\r\na=rtpmap:109 opus/48000/2\r\na=fmtp:109 stereo=1\r\n" +
		"m=video 9 UDP/TLS/RTP/SAVPF 120 124\r\na=rtpmap:120 VP8/90000\r\na=rtpmap:124 rtx/90000\r\na=fmtp:124 apt=120\r\n")
	types := readTypes(answer)
	if types[109] != transport.Opus || types[120] != transport.VP8 || types[124] != transport.NoCodec {
		t.Fatal("types")
	}
	if strings.Contains(answer, "stereo=1") || !strings.Contains(answer, "a=fmtp:109 "+description.OpusFormat+"\r\n") || !strings.Contains(answer, "a=fmtp:124 apt=120") {
		t.Fatal(answer)
	}
	if n, ok := repairs("apt=96"); !ok || n != 96 {
		t.Fatal("apt")
	}
	for _, bad := range []string{"", "apt=", "apt=200", "x=1"} {
		if _, ok := repairs(bad); ok {
			t.Fatal(bad)
		}
	}
}
