package privacy

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"paravent/signaling/wire"
)

// hostToken has the program make a host token for the server in folder.
func hostToken(t *testing.T, folder string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), append([]string{"token"}, args...)...)
	cmd.Dir, cmd.Env = folder, []string{}
	out, err := cmd.Output()
	text, whole := strings.CutSuffix(string(out), "\n")
	token, bad := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(text, "h1."))
	if err != nil || !whole || bad != nil || len(token) != 80 {
		t.Fatalf("%v: %q is no host token", err, out)
	}
	return token
}

// TestAWholeMeetingLeavesNothing opens a room with a host token, lets people
// in, turns others away, puts them out, misbehaves in every way it can think
// of, and then looks at what the program said and wrote.
func TestAWholeMeetingLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	token, foreign := hostToken(t, folder), hostToken(t, t.TempDir())
	r := start(t, folder, "-hosts", "token")
	r.leaves = []string{"paravent-data/certificate.pem", "paravent-data/host.key", "paravent-data/key.pem"}
	m := newRoom(t)
	chair := open(t, r, m, token, foreign)
	meet(t, r, m, chair)
	restrict(t, r, m, chair)
	replay(t, r, m, chair)
	disturb(t, r)

	// One leaves without a word, the other is told that the server restarts.
	last := r.dial("127.0.9.1")
	last.send(last.proof(m, last.asModerator(m)))
	chair.add(last)
	_ = last.conn.NetConn().Close()
	if got := await[*wire.Away](chair); !bytes.Equal(got.Person, last.person) {
		t.Error("somebody else is away")
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		chair.closed(wire.CloseRestarting)
	}()
	r.stop()
	<-done
}

// open has the room opened by somebody with a host token, and by nobody else.
func open(t *testing.T, r *running, m *room, token, foreign []byte) *browser {
	t.Helper()
	for _, host := range [][]byte{nil, foreign, []byte(secret)} {
		b := r.dial("127.0.0.1")
		b.send(b.proof(m, b.asModerator(m), withHost(host)))
		b.refused(wire.CodeHost)
	}
	chair := r.dial("127.0.0.1")
	chair.send(chair.proof(m, chair.asModerator(m), withHost(token)))
	if !await[*wire.Joined](chair).Found {
		t.Fatal("the first one founds the group")
	}
	chair.send(&wire.Ready{Epoch: 0})
	return chair
}

// meet lets one in, turns one away, and talks.
func meet(t *testing.T, r *running, m *room, chair *browser) {
	t.Helper()
	denied := r.dial("127.0.2.1")
	denied.send(denied.proof(m))
	denied.knock(m)
	await[*wire.Knocked](chair)
	chair.order(m, func(seq uint64) wire.Statement {
		return &wire.Note{Seq: seq, Person: denied.person, Box: []byte(secret)}
	})
	await[*wire.Acted](denied)
	const slowed = 10 * time.Second // that others from there have to wait
	since := time.Now()
	chair.order(m, func(seq uint64) wire.Statement { return &wire.Deny{Seq: seq, Person: denied.person} })
	denied.refused(wire.CodeDenied)
	again := r.dial("127.0.2.2") // from the same network
	again.send(again.proof(m))
	if time.Since(since) < slowed { // else the machine stood still, and the answer may be another
		again.refused(wire.CodeThrottled)
	}

	guest := r.dial("127.0.3.1")
	guest.send(guest.proof(m))
	guest.knock(m)
	chair.admit(m, guest)
	await[*wire.Joined](guest)
	chair.add(guest)
	epoch := await[*wire.Welcome](guest).Epoch
	body := bytes.Repeat([]byte(secret), 16<<10/len(secret)) // as long as chat may be
	guest.send(&wire.Ready{Epoch: epoch}, &wire.Data{Body: body}, &wire.Data{To: chair.person, Body: []byte(secret)})
	for _, want := range [][]byte{body, []byte(secret)} {
		if got := await[*wire.Relayed](chair); !bytes.Equal(got.Body, want) || !bytes.Equal(got.From, guest.person) {
			t.Error("a data message was changed on its way")
		}
	}
	// SDP that is none, an answer that nobody asked for, tracks of nobody.
	guest.send(&wire.Publish{SDP: "v=0\r\no=" + secret}, &wire.Subscribe{}, &wire.Answer{SDP: secret},
		&wire.Watch{Slot: "0", Person: chair.person, Mid: "none", Size: "large", Priority: "medium"}, &wire.Watch{Slot: "nowhere", Mid: "", Size: "large", Priority: "medium"}, &wire.Ping{})
	await[*wire.Pong](guest)

	chair.order(m, func(seq uint64) wire.Statement { return &wire.Stop{Seq: seq, Source: "microphone"} })
	chair.order(m, func(seq uint64) wire.Statement {
		return &wire.Remove{Seq: seq, Person: guest.person, How: "remove"}
	})
	if why := await[*wire.Over](guest).Why; why != "removed" {
		t.Errorf("over because of %q", why)
	}
	guest.closed(wire.CloseRemoved)
}

// restrict wants a passphrase and tickets from now on, lets one in who has
// both, and bans it.
func restrict(t *testing.T, r *running, m *room, chair *browser) {
	t.Helper()
	words, ticketKey, device := newKey(), newKey(), newKey()
	ticket := m.ticket(ticketKey)
	policy := func(barred ...[]byte) func(seq uint64) wire.Statement {
		return func(seq uint64) wire.Statement {
			return &wire.Policy{
				Seq: seq, Version: uint64(1 + len(barred)), Lobby: true, Chat: true, Tickets: true, Unmoderated: "lock", Passphrase: public(words),
				Speakers: [][]byte{}, Silenced: [][]byte{}, Dismissed: [][]byte{}, Barred: barred, Banned: len(barred) > 0,
			}
		}
	}
	chair.order(m, policy())
	await[*wire.Acted](chair)
	come := func(from string, key ed25519.PrivateKey, device ed25519.PrivateKey) *browser {
		b := r.dial(from)
		b.send(b.proof(m, b.withPassphrase(m, key), b.withTicket(m, ticket, ticketKey, device)))
		return b
	}
	bare := r.dial("127.0.4.1")
	bare.send(bare.proof(m))
	bare.refused(wire.CodeTicket)
	come("127.0.4.1", newKey(), device).refused(wire.CodePassphrase)
	guest := come("127.0.4.1", words, device)
	guest.knock(m)
	chair.admit(m, guest)
	await[*wire.Joined](guest)
	chair.add(guest)
	come("127.0.5.1", words, newKey()).refused(wire.CodeUsed)
	chair.order(m, policy(short("paravent mark v1", public(ticketKey))))
	chair.order(m, func(seq uint64) wire.Statement { return &wire.Remove{Seq: seq, Person: guest.person, How: "ban"} })
	guest.closed(wire.CloseRemoved)
	come("127.0.4.1", words, device).refused(wire.CodeBarred)
}

// replay shows a resume token that has been used.
func replay(t *testing.T, r *running, m *room, chair *browser) {
	t.Helper()
	b := r.dial("127.0.6.1")
	b.send(b.proof(m, b.asModerator(m)))
	token := await[*wire.Joined](b).Token
	_ = b.conn.NetConn().Close()
	again := r.dial("127.0.6.1")
	again.send(&wire.Resume{Token: token, KeyPackage: []byte(secret)})
	await[*wire.Resumed](again)
	thief := r.dial("127.0.7.1")
	thief.send(&wire.Resume{Token: token, KeyPackage: []byte(secret)})
	thief.refused(wire.CodeExpired)
	if why := await[*wire.Over](again).Why; why != "replayed" {
		t.Errorf("over because of %q", why)
	}
	again.closed(wire.CloseEnded)
	if warned := await[*wire.Warned](chair); warned.Of != "replay" || !bytes.Equal(warned.Person, b.person) {
		t.Errorf("the moderator is warned of %q", warned.Of)
	}
}

// disturb sends what no browser sends, to every door.
func disturb(t *testing.T, r *running) {
	t.Helper()
	for name, c := range map[string]struct {
		kind  int
		frame []byte
		code  wire.Close
	}{
		"no JSON":       {websocket.TextMessage, []byte(secret), wire.CloseMalformed},
		"unknown type":  {websocket.TextMessage, []byte(`{"t":"` + secret + `"}`), wire.CloseMalformed},
		"unknown field": {websocket.TextMessage, []byte(`{"t":"ping","` + secret + `":1}`), wire.CloseMalformed},
		"binary":        {websocket.BinaryMessage, []byte(secret), wire.CloseMalformed},
		"deep nesting":  {websocket.TextMessage, []byte(strings.Repeat("[", 100_000)), wire.CloseMalformed},
		"too early":     {websocket.TextMessage, []byte(`{"t":"ready","epoch":0}`), wire.CloseMalformed},
	} {
		b := r.dial("127.0.0.1")
		if err := b.conn.WriteMessage(c.kind, c.frame); err != nil {
			t.Fatal(err)
		}
		if got := b.code(); got != c.code {
			t.Errorf("%s: close code %d, want %d", name, got, c.code)
		}
	}
	// Neither TLS, nor HTTP, nor STUN.
	for _, garbage := range []string{secret, "GET / HTTP/1.1\r\nHost: " + secret + "\r\n\r\n", "\x16\x03\x01" + secret, ""} {
		conn, err := net.DialTimeout("tcp", r.address(), patience)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, garbage)
		_ = conn.Close()
		media, err := net.Dial("udp", r.address())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(media, garbage)
		_ = media.Close()
	}
	client := &http.Client{Timeout: patience, Transport: &http.Transport{TLSClientConfig: r.trust(), ForceAttemptHTTP2: true, DisableKeepAlives: true}}
	for _, path := range []string{"/" + secret, "/signaling?" + secret, "/..%2f" + secret, "/%00"} {
		response, err := client.Post("https://"+r.address()+path, "text/plain", strings.NewReader(secret))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode < 400 || bytes.Contains(body, []byte(secret)) || response.Header.Get("Content-Security-Policy") == "" {
			t.Errorf("%s: %d, %q", path, response.StatusCode, body)
		}
	}
}
