package wire

import (
	"slices"
	"strings"
	"testing"
)

// everyField lists the fields of what may be said, with what they hold, as
// "message.field", lists and objects gone into.
func everyField(all []Message) map[string]*Shape {
	out := make(map[string]*Shape)
	var walk func(path string, s *Shape)
	walk = func(path string, s *Shape) {
		out[path] = s
		if s.Elem != nil {
			walk(path, s.Elem)
		}
		for _, f := range s.Fields {
			walk(path+"."+f.Name, f.Shape)
		}
	}
	for _, m := range all {
		walk(m.T, m.Shape)
	}
	return out
}

func names(all []Message) []string {
	var out []string
	for _, m := range all {
		out = append(out, m.T)
	}
	return out
}

// TestNothingTurnsADeviceOn holds that what a server or a moderator can say is
// this and no more: nothing of it turns a microphone or a camera on. Whoever
// adds to the lists must think of that.
func TestNothingTurnsADeviceOn(t *testing.T) {
	orders := []string{"policy", "admit", "deny", "note", "remove", "stop", "appoint", "end"}
	if got := names(Statements()); !slices.Equal(got, orders) {
		t.Errorf("a moderator can order %q", got)
	}
	told := []string{
		"challenge", "refused", "waiting", "joined", "resumed", "arrived", "away", "back", "left", "nominate", "committed",
		"rejected", "welcome", "regroup", "relayed", "published", "offered", "tracks", "shown", "wanted", "lost", "knocked",
		"unknocked", "acted", "moderated", "over", "warned", "pong",
	}
	if got := names(ServerMessages()); !slices.Equal(got, told) {
		t.Errorf("a server can say %q", got)
	}
	for path, s := range everyField(Statements()) {
		if !strings.HasPrefix(path, "policy.") && s.Kind == Bool && path != "admit.people.viewer" {
			t.Errorf("%s: something to switch", path)
		}
	}
	stop := everyField(Statements())["stop"]
	if len(stop.Fields) != 3 || stop.Fields[2].Name != "source" || stop.Fields[1].Name != "person" {
		t.Error("a Stop says more than whom and what")
	}
}

// TestNoFieldCouldHoldAnAddress holds that nothing anybody is told has room for
// the address or the place of somebody else: every text is a fixed word, a
// media id, what the server says of its own connections, or what a moderator
// signed; every byte string is a key, an id, or sealed or signed by a browser.
func TestNoFieldCouldHoldAnAddress(t *testing.T) {
	texts := map[string]bool{
		"published.sdp": true, "offered.sdp": true, // to the one whose connection it is
		"shown.slot": true, "shown.mid": true, "wanted.mid": true, "tracks.tracks.mid": true,
		"joined.people.tracks.mid": true, "resumed.people.tracks.mid": true, "arrived.person.tracks.mid": true,
		"joined.policy.statement": true, "resumed.policy.statement": true, "acted.signed.statement": true,
		"nominate.admissions.statement": true,
	}
	bytes := []string{
		"nonce", "token", "person", "id", "from", // random
		"keyPackage", "commit", "welcome", "body", "sealed", "ticket", // made by browsers
		"grants", "grant", "signature", "removes",
	}
	for path, s := range everyField(ServerMessages()) {
		last := path[strings.LastIndex(path, ".")+1:]
		switch {
		case s.Kind == Text && s.Enum == nil && !texts[path]:
			t.Errorf("%s: a text that could say anything", path)
		case s.Kind == Text && strings.HasSuffix(path, "mid") && s.Max > 8:
			t.Errorf("%s: as long as an address", path)
		case s.Kind == Bytes && !slices.Contains(bytes, last):
			t.Errorf("%s: bytes that nobody has explained", path)
		}
		for _, word := range []string{"address", "ip", "port", "host", "network", "place", "country", "city", "agent"} {
			if strings.EqualFold(last, word) {
				t.Errorf("%s: by its name it tells where somebody is", path)
			}
		}
	}
	for message, want := range map[string]string{ // what moderators are told of others
		"knocked":   "person keyPackage sealed ticket",
		"unknocked": "person",
		"warned":    "of person",
		"arrived":   "person",
	} {
		var got []string
		for _, m := range ServerMessages() {
			if m.T == message {
				for _, f := range m.Shape.Fields {
					got = append(got, f.Name)
				}
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s tells %q, want %q", message, got, want)
		}
	}
	person := everyField(ServerMessages())["arrived.person"]
	var of []string
	for _, f := range person.Fields {
		of = append(of, f.Name)
	}
	if strings.Join(of, " ") != "id moderator viewer away tracks" {
		t.Errorf("of a person one is told %q", of)
	}
}
