package signaling

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"paravent/signaling/wire"
)

// One more who comes into a room of five hundred is told of to the others once,
// and nothing that it asks for itself reaches any of them.
func TestOneMoreIsToldToTheOthersOnce(t *testing.T) {
	inHouse(t, Limits{}, func(h *house) {
		names := []string{"A"}
		for i := range mostPeople - 2 {
			names = append(names, fmt.Sprint("p", i))
		}
		all := h.come(names...)
		a := all[0]
		a.say(&wire.Ready{})
		told := func() (others map[string]int) {
			synctest.Wait()
			others = map[string]int{}
			for _, v := range all {
				frames, code := v.mail.take()
				if code != 0 {
					t.Fatalf("%s was closed with %d", v.name, code)
				}
				for _, frame := range frames {
					m, err := wire.DecodeServer(frame)
					if err != nil {
						t.Fatal(err)
					}
					others[fmt.Sprintf("%T", m)]++
				}
			}
			return others
		}
		synctest.Wait()
		for _, v := range all {
			v.mail.take() // how they came in
		}
		h.media.asked()

		last := h.come("last")[0]
		if n := told(); len(n) != 1 || n["*wire.Arrived"] != len(all) {
			t.Errorf("others were told %v", n)
		}
		h.media.want(t, fmt.Sprint("open ", mostPeople))
		if got := last.got(); len(got) != 1 {
			t.Errorf("the newcomer was told %d messages", len(got))
		}

		who := named("A")
		last.say(&wire.Ready{})
		last.say(&wire.Subscribe{Pictures: 49})
		last.say(&wire.Answer{SDP: "answer"})
		for i := range 49 {
			last.say(&wire.Watch{Slot: fmt.Sprint(i), Person: who[:], Mid: "0", Size: "small", Priority: "low"})
		}
		synctest.Wait()
		asked := h.media.asked()
		another := func(call string) bool { return strings.Fields(call)[1] != fmt.Sprint(mostPeople) }
		if len(asked) != 51 || slices.ContainsFunc(asked, another) {
			t.Errorf("the media plane was asked %q", asked)
		}
		h.media.of(mostPeople).Shown("0", 1, "0")
		if n := told(); len(n) != 0 {
			t.Errorf("others were told %v", n)
		}
	})
}
