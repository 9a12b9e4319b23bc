package link

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"strings"
	"testing"
)

type ticketVector struct {
	Verdict, Name            string
	Ticket, Room, Moderators unhex
	Made                     struct {
		Moderator, Secret, Key, LabelBox unhex
		Viewer, Many                     bool
		NotBefore, NotAfter              uint64
		Label                            *string
	}
	Proof struct{ Nonce, Person, DeviceSeed, Device, Signature, DeviceSignature unhex }
}

func TestTicketVectors(t *testing.T) {
	for _, v := range cases[ticketVector](t, "ticket.json") {
		t.Run(v.Verdict+"/"+v.Name, func(t *testing.T) {
			i, err := ReadTicket(v.Ticket, [16]byte(v.Room), [16]byte(v.Moderators))
			if v.Verdict != "ok" {
				if !errors.Is(err, ErrTicket) || i != nil {
					t.Errorf("%+v, %v: want ErrTicket", i, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			checkTicket(t, &v, i)
		})
	}
}

func checkTicket(t *testing.T, v *ticketVector, i *Invitation) {
	t.Helper()
	made, p := v.Made, v.Proof
	equal(t, "key", i.Key, made.Key)
	equal(t, "label box", i.LabelBox, made.LabelBox)
	if i.Viewer != made.Viewer || i.Many != made.Many || i.NotBefore != made.NotBefore || i.NotAfter != made.NotAfter {
		t.Errorf("read as %+v", i)
	}
	m, err := NewModerator([32]byte(made.Moderator))
	if err != nil {
		t.Fatal(err)
	}
	label, err := i.OpenLabel(m, [16]byte(v.Room))
	if (err == nil) != (made.Label != nil) || err == nil && label != *made.Label {
		t.Errorf("label %q, %v", label, err)
	}
	again, err := i.Sign(m, [16]byte(v.Room))
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "ticket", again, v.Ticket)
	ticket := &Ticket{Secret: [16]byte(made.Secret)}
	key, err := ticket.Key()
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "derived key", public(key), made.Key)
	proves(t, TicketProof, key, p.Signature, p.Nonce, v.Room, p.Person, p.Device)
	proves(t, DeviceProof, ed25519.NewKeyFromSeed(p.DeviceSeed), p.DeviceSignature, p.Nonce, v.Room, p.Person, made.Key)
}

func TestATicketIsReadAsItWasMade(t *testing.T) {
	l, err := New([32]byte{1}, [32]byte{2})
	if err != nil {
		t.Fatal(err)
	}
	m, err := NewModerator(*l.Moderator)
	if err != nil {
		t.Fatal(err)
	}
	room, err := l.Room()
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := NewTicket(m, room.ID, Invitation{Viewer: true, NotAfter: 7}, "Ada 🙂", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	i, err := ReadTicket(ticket.Signed, room.ID, l.Moderators)
	if err != nil || !i.Viewer || i.Many || i.NotBefore != 0 || i.NotAfter != 7 {
		t.Fatalf("%+v, %v", i, err)
	}
	if label, err := i.OpenLabel(m, room.ID); err != nil || label != "Ada 🙂" {
		t.Errorf("%q, %v", label, err)
	}
	other, err := NewModerator([32]byte{3})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.OpenLabel(other, room.ID); !errors.Is(err, ErrTicket) {
		t.Errorf("opened by others: %v", err)
	}
	l.Moderator, l.Ticket = nil, ticket
	text := l.Participant("https://meet.example")
	if _, again, err := Parse(text); err != nil || again.Ticket == nil || !bytes.Equal(again.Ticket.Signed, ticket.Signed) {
		t.Errorf("not a link: %v", err)
	}
	for name, c := range map[string]struct {
		label string
		what  Invitation
	}{
		"a label of 64 bytes":          {strings.Repeat("x", 64), Invitation{}},
		"a label that is not UTF-8":    {"\xff", Invitation{}},
		"a time of 2^53":               {"", Invitation{NotBefore: 1 << 53}},
		"an end before the beginning":  {"", Invitation{NotBefore: 7, NotAfter: 6}},
		"an end that is the beginning": {"", Invitation{NotBefore: 7, NotAfter: 7}},
	} {
		if _, err := NewTicket(m, room.ID, c.what, c.label, rand.Reader); !errors.Is(err, ErrSize) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzTicket(f *testing.F) {
	all := cases[ticketVector](f, "ticket.json")
	for _, v := range all {
		f.Add([]byte(v.Ticket))
	}
	m, err := NewModerator([32]byte(all[0].Made.Moderator))
	if err != nil {
		f.Fatal(err)
	}
	room, moderators := [16]byte(all[0].Room), [16]byte(all[0].Moderators)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) > ed25519.SignatureSize { // signed by mistake
			said := b[:len(b)-ed25519.SignatureSize]
			b = append(bytes.Clone(said), ed25519.Sign(m.Signature, append([]byte(ticketLabel+string(room[:])), said...))...)
		}
		i, err := ReadTicket(b, room, moderators)
		if (i == nil) == (err == nil) {
			t.Fatal("want a ticket or an error")
		}
		if i == nil {
			return
		}
		if again, err := i.Sign(m, room); err == nil && !bytes.Equal(again, b) {
			t.Fatal("a second spelling of one ticket")
		}
		_, _ = i.OpenLabel(m, room)
	})
}
