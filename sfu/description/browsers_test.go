package description

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"paravent/sfu/transport"
)

// recorded reads what a browser wrote.
func recorded(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".sdp"))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// summary says of each section what matters most of it: + for sent, - for not,
// x for stopped, then the layers and how many streams are announced.
func summary(o *Offer) string {
	var all []string
	for _, s := range o.Sections {
		sign := "-"
		switch {
		case s.Stopped:
			sign = "x"
		case s.Sends:
			sign = "+"
		}
		all = append(all, fmt.Sprint(sign, s.Mid, strings.Join(s.Layers, ""), len(s.Streams)))
	}
	return strings.Join(all, " ")
}

func TestOffersOfBrowsers(t *testing.T) {
	for name, want := range map[string][]string{
		"chromium-plain": {"+01 +11", "+01 +11 +21 +31", "+01 -11 x20 +31", "+01 +11 +41 +31"},
		"chromium-vp8": {
			"+01 +1qhf0", "+01 +1qhf0 +21 +31", "+01 +1qhf0 +21 +31 +41", "+01 +1qhf0 +21 +31 +41",
			"+01 -1qhf0 x20 +31 +41", "+01 +1qhf0 +51 +31 +41",
		},
		"chromium-vp9":  {"+01 +1qhf0"},
		"chromium-av1":  {"+01 +1qhf0"},
		"firefox-plain": {"+01 +11", "+01 +11 +21 +31", "+01 -11 x20 +31", "+01 +11 x20 +31 +41"},
		"firefox-vp8": {
			"+01 +1qhf3", "+01 +1qhf3 +21 +31", "+01 +1qhf3 +21 +31 +41", "+01 +1qhf3 +21 +31 +41",
			"+01 -11 x20 +31 +41", "+01 +11 x20 +31 +41 +51",
		},
		"firefox-vp9": {"+01 +1qhf3"},
		"firefox-av1": {"+01 +1qhf3"},
	} {
		var before *Offer
		for i := range want {
			o := read(t, recorded(t, fmt.Sprint(name, "-", i+1)))
			if got := summary(o); got != want[i] {
				t.Errorf("%s-%d: want %s, have %s", name, i+1, want[i], got)
			}
			if before != nil && o.Follows(before) != nil {
				t.Errorf("%s-%d does not follow", name, i+1)
			}
			if !o.Mixed || o.Extensions.Mid == 0 || o.Extensions.TransportCC == 0 {
				t.Errorf("%s-%d: extensions %+v, mixed %v", name, i+1, o.Extensions, o.Mixed)
			}
			fits(t, o, o.Answer(local()))
			before = o
		}
	}
}

func TestFormatsOfBrowsers(t *testing.T) {
	for name, want := range map[string][transport.Codecs]transport.Formats{
		"chromium-plain-1": {transport.VP8: {Media: 96, RTX: 97}, transport.VP9: {Media: 98, RTX: 99}, transport.AV1: {Media: 45, RTX: 46}},
		"firefox-plain-1":  {transport.VP8: {Media: 120, RTX: 124}, transport.VP9: {Media: 121, RTX: 125}, transport.AV1: {Media: 99, RTX: 100}},
		"chromium-vp9-1":   {transport.VP9: {Media: 98}},
		"firefox-av1-1":    {transport.AV1: {Media: 99}},
	} {
		if got := read(t, recorded(t, name)).Sections[1].Formats; got != want {
			t.Errorf("%s: want %v, have %v", name, want, got)
		}
	}
	camera := read(t, recorded(t, "firefox-plain-1")).Sections[1]
	if len(camera.Streams) != 1 || camera.Streams[0].RTX == 0 {
		t.Errorf("want the retransmissions announced: %v", camera.Streams)
	}
	if got := read(t, recorded(t, "chromium-vp8-1")).Sections[1].Extensions; got != (Extensions{Mid: 4, RID: 10, Repaired: 11, TransportCC: 3, Dependency: 12}) {
		t.Errorf("extensions %+v", got)
	}
	// A layer that is off stays off, or Chromium would turn it on again.
	if a := read(t, recorded(t, "chromium-vp8-3")).Answer(local()); !strings.Contains(a, "a=simulcast:recv q;~h;~f\r\n") {
		t.Errorf("layers that are off were answered with\n%s", a)
	}
}

func TestAnswersOfBrowsers(t *testing.T) {
	_, slots := NewOffer(local(), 25, 16, counter(1))
	for name, dependency := range map[string]uint8{"chromium-answer": 3, "firefox-answer": 0} {
		a, err := ReadAnswer(recorded(t, name), slots)
		if err != nil {
			t.Fatal(name, err)
		}
		if !a.Mixed || len(a.Fingerprints) != 1 || a.Ufrag == "" || len(a.Slots) != 41 {
			t.Errorf("%s: %+v", name, a)
		}
		for i, s := range a.Slots {
			want := Agreed{Extensions: Extensions{Mid: 1, TransportCC: 2}}
			want.SSRC, want.RTX, want.Types[transport.Opus].Media = slots[i].SSRC, slots[i].RTX, 111
			if slots[i].Video {
				want.Types = [transport.Codecs]transport.Formats{
					transport.VP8: {Media: 96, RTX: 97}, transport.VP9: {Media: 98, RTX: 99}, transport.AV1: {Media: 100, RTX: 101},
				}
				want.Extensions.Dependency, want.Dependency = dependency, dependency != 0
			}
			if s != want {
				t.Errorf("%s, slot %d: want %+v, have %+v", name, i, want, s)
			}
		}
	}
}

// fits checks an answer against what RFC 3264, section 6, and RFC 8829,
// section 5.3, ask of one: as many sections, of the same kind and name, with
// nothing in them that was not offered, and towards us alone.
func fits(t testing.TB, o *Offer, answer string) {
	t.Helper()
	if strings.ContainsFunc(strings.ReplaceAll(answer, "\r\n", ""), func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("want printable lines\n%s", answer)
	}
	a, err := parse(answer, MaxOffer, MaxSections)
	if err != nil || len(a.parts) != len(o.Sections) {
		t.Fatalf("%v: want %d sections\n%s", err, len(o.Sections), answer)
	}
	if !a.session.has("ice-lite") {
		t.Fatal("want a lite agent")
	}
	delete(a.session, "ice-lite")
	end, err := a.remote("passive")
	if err != nil || end.Ufrag != local().Ufrag || end.Pwd != local().Pwd || end.Fingerprints[0] != local().Fingerprint {
		t.Fatalf("%v: want our end, have %+v", err, end)
	}
	if mixed, _ := a.mixed(); mixed != o.Mixed {
		t.Fatalf("mixed %v", mixed)
	}
	candidates := 0
	for i := range a.parts {
		p, s := &a.parts[i], &o.Sections[i]
		direction, ok := p.direction()
		if p.mid != s.Mid || p.video != s.Video || p.protocol != s.protocol || p.active == s.Stopped || !ok || (direction == "recvonly") != s.Sends {
			t.Fatalf("section %d: %+v answers %+v", i, p, s)
		}
		candidates += len(p.attributes["candidate"])
		if s.Stopped {
			continue
		}
		formats, ok := p.formats()
		if !ok || len(formats) != len(s.preference) || !p.has("rtcp-mux") || p.has("rtcp-rsize") != s.reduced {
			t.Fatalf("section %d: %+v answers %+v", i, p, s)
		}
		for j, f := range formats {
			offered := s.preference[j]
			if f.codec == transport.Opus && p.attributes["fmtp"][0] != decimal(f.media)+" "+OpusFormat {
				t.Fatalf("Opus is answered with %v", p.attributes["fmtp"])
			}
			if f != offered {
				t.Fatalf("section %d: %+v answers %+v", i, f, offered)
			}
		}
		extensions, _, ok := p.extensions("recvonly", o.Mixed)
		if !ok || extensions != s.Extensions {
			t.Fatalf("section %d: %+v answers %+v", i, extensions, s.Extensions)
		}
		var rids []string
		for _, l := range s.Layers {
			rids = append(rids, l+" recv")
		}
		if !slices.Equal(p.attributes["rid"], rids) || p.has("simulcast") != (rids != nil) {
			t.Fatalf("section %d: %v answers %v", i, p.attributes["rid"], s.Layers)
		}
	}
	if candidates != len(local().Candidates) {
		t.Fatalf("%d candidates", candidates)
	}
}

// answered reads an offer, and holds that what is accepted is within limits,
// follows itself, and is answered with nothing that was not offered.
func answered(t testing.TB, text string) (*Offer, error) {
	t.Helper()
	o, err := ReadOffer(text)
	if err != nil {
		if err != ErrRefused || o != nil {
			t.Fatalf("refused with %v", err)
		}
		return nil, err
	}
	if len(o.Sections) > MaxSections || len(o.Fingerprints) == 0 || len(o.Fingerprints) > maxFingerprints {
		t.Fatalf("%d sections, %d fingerprints", len(o.Sections), len(o.Fingerprints))
	}
	for _, s := range o.Sections {
		if len(s.Layers) > MaxLayers || len(s.Streams) > 2*MaxLayers || s.Sends && s.Layers == nil && len(s.Streams) != 1 {
			t.Fatalf("%+v", s)
		}
	}
	if o.Follows(o) != nil {
		t.Fatal("want an offer that follows itself")
	}
	fits(t, o, o.Answer(local()))
	return o, nil
}

// agreed reads an answer, and holds that nothing is agreed on that was not
// offered.
func agreed(t testing.TB, text string, slots []Slot) (*Answer, error) {
	t.Helper()
	a, err := ReadAnswer(text, slots)
	if err != nil {
		if err != ErrRefused || a != nil {
			t.Fatalf("refused with %v", err)
		}
		return nil, err
	}
	if strings.Contains(text, "\na=setup:passive\r\n") {
		t.Fatal("a client that would be the DTLS server")
	}
	if len(a.Slots) != len(slots) {
		t.Fatalf("%d slots of %d", len(a.Slots), len(slots))
	}
	for i, got := range a.Slots {
		formats, extensions := offered(slots[i].Video)
		for c, f := range got.Types {
			of := slices.IndexFunc(formats, func(o format) bool { return int(o.codec) == c })
			if f != (transport.Formats{}) && (of < 0 || f.Media != formats[of].media || f.RTX != 0 && f.RTX != formats[of].rtx) {
				t.Fatalf("slot %d: %+v", i, got)
			}
		}
		if got.SSRC != slots[i].SSRC || got.RTX != 0 && got.RTX != slots[i].RTX || !extensions.covers(got.Extensions) {
			t.Fatalf("slot %d: %+v", i, got)
		}
	}
	return a, nil
}

func FuzzReadOffer(f *testing.F) {
	f.Add(offer)
	f.Add(simulcast.Replace(offer))
	f.Add(recorded(f, "firefox-vp9-1"))
	f.Fuzz(func(t *testing.T, text string) { _, _ = answered(t, text) })
}

func FuzzReadAnswer(f *testing.F) {
	_, slots := NewOffer(local(), 25, 16, counter(1))
	f.Add(answer, 1, 1)
	f.Add(strings.NewReplacer("a=ice-lite\r\n", "", "passive", "active").Replace(read(f, offer).Answer(local())), 24, 1)
	f.Fuzz(func(t *testing.T, text string, video, audio int) {
		first, last := min(max(25-video, 0), 25), 25+min(max(audio, 0), 16)
		_, _ = agreed(t, text, slots[first:last])
	})
}
