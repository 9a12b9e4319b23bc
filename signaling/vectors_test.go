package signaling

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"
	"time"

	"paravent/signaling/wire"
)

// text is a byte string in hex, as the vectors have them.
type text []byte

func (x *text) UnmarshalText(from []byte) (err error) {
	*x, err = hex.DecodeString(string(from))
	return err
}

// vectors reads the examples of a format that all implementations share.
func vectors[C any](t *testing.T, name string) []C {
	t.Helper()
	file, err := os.ReadFile("../e2ee/vectors/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases []C }
	if err := json.Unmarshal(file, &all); err != nil {
		t.Fatal(err)
	}
	if len(all.Cases) == 0 {
		t.Fatal("no examples")
	}
	return all.Cases
}

func TestGrantsOfTheVectors(t *testing.T) {
	for _, c := range vectors[struct {
		Verdict, Server, Name   string
		Grant, Room, Moderators text
		Now                     int64
		Made                    struct {
			Person, Key, Kem, Mark text
			NotAfter               uint64
			Holder                 bool
		}
	}](t, "grant") {
		want := c.Server
		if want == "" {
			want = c.Verdict
		}
		g, err := readGrant(c.Grant, roomID(c.Room), moderatorsID(c.Moderators))
		if ok := err == nil && g.holds(time.UnixMilli(c.Now)); ok != (want == "ok") {
			t.Errorf("%s: %v, want %s", c.Name, err, want)
		}
		if want != "ok" {
			continue
		}
		mark := markOf(g.key)
		if hex.EncodeToString(g.person[:]) != hex.EncodeToString(c.Made.Person) || string(g.key[:]) != string(c.Made.Key) ||
			string(g.kem[:]) != string(c.Made.Kem) || g.notAfter != c.Made.NotAfter || g.holder != c.Made.Holder || string(mark[:]) != string(c.Made.Mark) {
			t.Errorf("%s: read as %+v", c.Name, g)
		}
	}
}

func TestStatementsOfTheVectors(t *testing.T) {
	for _, c := range vectors[struct {
		Verdict, Server, Name string
		Signed                struct {
			Statement        string
			Grant, Signature text
		}
		Room, Moderators text
		Now              int64
		Seq              uint64
	}](t, "statement") {
		want := c.Server
		if want == "" {
			want = c.Verdict
		}
		s := wire.Signed{Statement: c.Signed.Statement, Grant: c.Signed.Grant, Signature: c.Signed.Signature}
		o, err := readSigned(&s, roomID(c.Room), moderatorsID(c.Moderators))
		if ok := err == nil && o.holds(time.UnixMilli(c.Now)); ok != (want == "ok") {
			t.Errorf("%s: %v, want %s", c.Name, err, want)
		}
		if want == "ok" && err == nil && o.seq != c.Seq {
			t.Errorf("%s: number %d, want %d", c.Name, o.seq, c.Seq)
		}
	}
}

func TestTicketsOfTheVectors(t *testing.T) {
	for _, c := range vectors[struct {
		Verdict, Server, Name    string
		Ticket, Room, Moderators text
		Made                     struct {
			Key                 text
			Viewer, Many        bool
			NotBefore, NotAfter uint64
		}
		Proof *struct {
			Nonce, Person, Device, Signature, DeviceSignature text
		}
		Times []struct {
			Verdict string
			Now     int64
		}
	}](t, "ticket") {
		want := c.Server
		if want == "" {
			want = c.Verdict
		}
		read, err := readTicket(c.Ticket, roomID(c.Room), moderatorsID(c.Moderators))
		if err == nil && c.Proof != nil {
			e := &entry{room: roomID(c.Room), moderators: moderatorsID(c.Moderators)}
			p := prover{nonce: c.Proof.Nonce, room: c.Room, person: c.Proof.Person}
			if !e.proveTicket(p, &wire.TicketProof{
				Ticket: c.Ticket, Signature: c.Proof.Signature, Device: c.Proof.Device, DeviceSignature: c.Proof.DeviceSignature,
			}) {
				err = errTicket
			}
		}
		if (err == nil) != (want == "ok") {
			t.Errorf("%s: %v, want %s", c.Name, err, want)
		}
		if err != nil || want != "ok" {
			continue
		}
		if string(read.key[:]) != string(c.Made.Key) || read.viewer != c.Made.Viewer || read.many != c.Made.Many ||
			read.notBefore != c.Made.NotBefore || read.notAfter != c.Made.NotAfter {
			t.Errorf("%s: read as %+v", c.Name, read)
		}
		for _, at := range c.Times {
			if got := verdict(read.holds(time.UnixMilli(at.Now))); got != at.Verdict {
				t.Errorf("%s at %d: %s, want %s", c.Name, at.Now, got, at.Verdict)
			}
		}
	}
}

// verdict is a refusal in a word.
func verdict(err error) string {
	if no, ok := err.(refusal); ok {
		return string(no.code)
	}
	return "ok"
}
