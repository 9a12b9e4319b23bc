package server

import (
	"reflect"
	"testing"

	"paravent/sfu"
	"paravent/signaling"
)

// heard writes down what a room is told.
type heard struct{ all []any }

func (h *heard) Published(answer string) { h.all = append(h.all, "published", answer) }

func (h *heard) Offered(offer string)                     { h.all = append(h.all, "offered", offer) }
func (h *heard) Tracks(tracks []signaling.MediaTrack)     { h.all = append(h.all, tracks) }
func (h *heard) Wanted(mid string, s signaling.MediaSize) { h.all = append(h.all, mid, s) }
func (h *heard) Lost(c signaling.Connection)              { h.all = append(h.all, c) }

func (h *heard) Shown(slot string, publisher signaling.PeerID, mid string) {
	h.all = append(h.all, slot, publisher, mid)
}

func TestRoomsHearWhatTheSFUSays(t *testing.T) {
	room := &heard{}
	e := ear{room}
	e.Published("a")
	e.Offered("b")
	e.Tracks([]sfu.Track{{Mid: "0"}, {Mid: "1", Video: true}})
	e.Shown("7", 42, "1")
	e.Wanted("1", 0)
	e.Wanted("1", 3)
	e.Lost(sfu.PublishConnection)
	e.Lost(sfu.SubscribeConnection)
	want := []any{
		"published", "a", "offered", "b",
		[]signaling.MediaTrack{{Mid: "0", Kind: "audio"}, {Mid: "1", Kind: "video"}},
		"7", signaling.PeerID(42), "1",
		"1", signaling.MediaNone, "1", signaling.MediaLarge,
		signaling.PublishConnection, signaling.SubscribeConnection,
	}
	if !reflect.DeepEqual(room.all, want) {
		t.Errorf("%v, want %v", room.all, want)
	}
}
