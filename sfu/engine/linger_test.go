package engine

import "testing"

// frame is a group whose last packet has so many bytes.
func frame(g *groups, size int, marker bool) {
	b := make([]byte, size)
	if marker {
		b[1] = 0x80
	}
	g.all[g.used].burst = []arrived{{bytes: make([]byte, lingerSize)}, {bytes: b}}
	g.used++
}

func TestLingerForFramesAlone(t *testing.T) {
	wide := func() linger { return linger{width: lingerWidth} }
	for name, c := range map[string]struct {
		fill func(g *groups)
		by   linger
		want bool
	}{
		"nothing":       {func(*groups) {}, wide(), false},
		"a frame":       {func(g *groups) { frame(g, lingerSize, false) }, wide(), true},
		"a whole frame": {func(g *groups) { frame(g, lingerSize, true) }, wide(), false},
		"sound":         {func(g *groups) { frame(g, 200, false) }, wide(), false},
		"sound and a frame": {func(g *groups) {
			frame(g, 200, false)
			frame(g, lingerSize, false)
		}, wide(), true},
		"few viewers": {func(g *groups) { frame(g, lingerSize, false) }, linger{width: lingerWidth - 1}, false},
	} {
		var g groups
		c.fill(&g)
		if got := c.by.wanted(&g); got != c.want {
			t.Error(name, got)
		}
	}
}

// Where frames come slowly it is tried now and then only.
func TestLingerInVain(t *testing.T) {
	var g groups
	frame(&g, lingerSize, false)
	by, tries := linger{width: 50}, 0
	for range 10 * (lingerDoubt + 1) {
		if by.wanted(&g) {
			tries++
			by.tried(false)
		}
	}
	if tries != 10 {
		t.Error(tries)
	}
	by = linger{}
	by.learn(&tally{opened: 2, sealed: 100})
	by.learn(&tally{opened: 2, sealed: 100}) // a turn of nothing
	if by.width != 50 {
		t.Error(by.width)
	}
}
