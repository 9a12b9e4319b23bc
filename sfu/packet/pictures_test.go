package packet

import "testing"

func TestPictures(t *testing.T) {
	type step struct {
		begin, drop bool
		in          uint16
		tl0         uint8
		want        uint16
		wantTL0     uint8
		lost        bool
	}
	for name, c := range map[string]struct {
		constant bool
		steps    []step
	}{
		"a picture that is left out leaves no gap": {steps: []step{{begin: true, in: 9, want: 1, wantTL0: 1}, {in: 10, drop: true}, {in: 11, tl0: 1, want: 2, wantTL0: 2}}},
		"one that is lost does":                    {steps: []step{{begin: true, in: 9, want: 1, wantTL0: 1}, {in: 11, tl0: 1, want: 3, wantTL0: 2}, {in: 10, want: 2, wantTL0: 1}}},
		"all packets of one have its number":       {steps: []step{{begin: true, in: 9, want: 1, wantTL0: 1}, {in: 9, want: 1, wantTL0: 1}, {in: 10, want: 2, wantTL0: 1}, {in: 9, want: 1, wantTL0: 1}}},
		"late and left out":                        {steps: []step{{begin: true, in: 9, want: 1, wantTL0: 1}, {in: 11, want: 3, wantTL0: 1}, {in: 10, drop: true}, {in: 10, lost: true}, {in: 12, want: 4, wantTL0: 1}}},
		"left out stays left out":                  {steps: []step{{begin: true, in: 9, want: 1, wantTL0: 1}, {in: 10, drop: true}, {in: 10, lost: true}, {in: 11, want: 2, wantTL0: 1}}},
		"before the beginning":                     {steps: []step{{begin: true, in: 9, want: 1, wantTL0: 1}, {in: 8, lost: true}}},
		"too late":                                 {steps: []step{{begin: true, in: 0, want: 1, wantTL0: 1}, {in: 64, want: 65, wantTL0: 1}, {in: 65, want: 66, wantTL0: 1}, {in: 1, lost: true}, {in: 2, want: 3, wantTL0: 1}}},
		"a leap closes up":                         {steps: []step{{begin: true, in: 0, want: 1, wantTL0: 1}, {in: 500, want: 2, wantTL0: 1}, {in: 499, lost: true}, {in: 501, want: 3, wantTL0: 1}}},
		"another stream goes on":                   {steps: []step{{begin: true, in: 65535, tl0: 255, want: 1, wantTL0: 1}, {in: 0, want: 2, wantTL0: 2}, {begin: true, in: 500, tl0: 9, want: 3, wantTL0: 3}, {in: 501, tl0: 10, want: 4, wantTL0: 4}}},
		"by a constant":                            {constant: true, steps: []step{{begin: true, in: 9, want: 1, wantTL0: 1}, {in: 10, drop: true}, {in: 11, want: 3, wantTL0: 1}, {in: 10, want: 2, wantTL0: 1}, {begin: true, in: 4, tl0: 7, want: 4, wantTL0: 2}}},
	} {
		t.Run(name, func(t *testing.T) {
			var p Pictures
			for i, s := range c.steps {
				m := Marks{Picture: s.in, TL0: s.tl0, pictureAt: 2, tl0At: 4, wide: true, compact: !c.constant}
				if s.begin {
					p.Begin(&m)
				}
				if s.drop {
					p.Drop(&m)
					continue
				}
				n, ok := p.Next(&m)
				if ok == s.lost || ok && (n.Picture != s.want || n.TL0 != s.wantTL0) {
					t.Fatalf("step %d: %+v %v, want %d %d", i, n, ok, s.want, s.wantTL0)
				}
				if again, known := p.Look(&m); known != ok || again != n {
					t.Fatalf("step %d: %+v looked up as %+v", i, n, again)
				}
			}
		})
	}
}

// TestPicturesWithoutNumbers: a stream that has none leaves them alone.
func TestPicturesWithoutNumbers(t *testing.T) {
	var p Pictures
	m := Marks{Picture: 5, pictureAt: 2, compact: true}
	p.Begin(&m)
	p.Next(&m)
	none := Marks{compact: true}
	p.Begin(&none)
	for range 3 {
		if _, ok := p.Next(&none); !ok {
			t.Fatal("refused")
		}
	}
	p.Begin(&m)
	if n, ok := p.Next(&m); !ok || n.Picture != 2 {
		t.Fatalf("goes on with %+v", n)
	}
}

// FuzzPictures holds that no two pictures get one number, and that those that
// are forwarded keep their order.
func FuzzPictures(f *testing.F) {
	f.Add(uint16(10), []byte{0, 1, 0, 1, 1, 1, 2, 3, 0, 1, 4, 200, 0, 1})
	f.Add(uint16(65530), []byte{0, 1, 1, 1, 3, 2, 0, 1, 2, 1, 0, 9, 2, 5, 3, 1, 0, 1, 5, 70, 2, 60})
	f.Fuzz(func(t *testing.T, first uint16, steps []byte) {
		var p Pictures
		type picture struct{ stream, number int }
		given := map[uint16]picture{}
		is := map[picture]uint16{}
		at := picture{number: int(first)}
		begin := func() {
			p.Begin(&Marks{Picture: uint16(at.number), pictureAt: 2, compact: true})
		}
		begin()
		steps = steps[:min(len(steps), 800)]
		for i := 0; i+1 < len(steps); i += 2 {
			in := at
			far := int(steps[i+1])
			drop := false
			switch steps[i] % 6 {
			case 0:
				at.number += far
				in = at
			case 1:
				at.number += far
				in, drop = at, true
			case 2:
				in.number -= far
			case 3:
				at = picture{at.stream + 1, int(first) * far}
				begin()
				in = at
			case 4:
				in.number, drop = in.number-far, true
			case 5:
				at.number += 60 + far
				in = at
			}
			m := Marks{Picture: uint16(in.number), pictureAt: 2, compact: true}
			if drop {
				p.Drop(&m)
				continue
			}
			n, ok := p.Next(&m)
			if !ok {
				continue
			}
			if before, known := given[n.Picture]; known && before != in {
				t.Fatalf("%+v and %+v are both %d", before, in, n.Picture)
			}
			if before, known := is[in]; known && before != n.Picture {
				t.Fatalf("%+v is %d and %d", in, before, n.Picture)
			}
			for other, number := range is {
				if other.stream == in.stream && other.number < in.number && int16(number-n.Picture) >= 0 ||
					other.stream < in.stream && int16(number-n.Picture) >= 0 {
					t.Fatalf("%+v is %d, %+v is %d", other, number, in, n.Picture)
				}
			}
			given[n.Picture], is[in] = in, n.Picture
		}
	})
}
