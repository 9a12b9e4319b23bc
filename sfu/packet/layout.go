package packet

import "math/bits"

const (
	maxSpatial  = 4  // spatial layers (AV1 RTP specification, appendix A.3)
	maxTemporal = 8  // temporal layers (there)
	maxTargets  = 32 // decode targets (there)
)

// targets is a set of decode targets. A decode target is what a viewer may
// want to be shown: a spatial layer with a frame rate. The higher of two is the
// one of more spatial layers, and among those the one of more temporal layers.
type targets uint32

func (t targets) has(i int) bool { return i >= 0 && t>>i&1 != 0 }

// highest is -1 for none.
func (t targets) highest() int { return bits.Len32(uint32(t)) - 1 }

func (t targets) lowest() int { return bits.TrailingZeros32(uint32(t)) }

// layout says which layers the targets of a stream are of.
type layout struct {
	spatial, temporal [maxTargets]uint8
	within            [maxSpatial][maxTemporal]targets // those of these layers at most
	order             [maxTargets]uint8                // place of what the stream calls target i
	count             int
}

// fit is the set of targets of these layers at most.
func (l *layout) fit(spatial, temporal uint8) targets {
	return l.within[min(spatial, maxSpatial-1)][min(temporal, maxTemporal-1)]
}

// of is the set of targets of exactly this spatial layer, and these temporal
// layers at most.
func (l *layout) of(spatial, temporal uint8) targets {
	all := l.fit(spatial, temporal)
	if spatial > 0 {
		all &^= l.fit(spatial-1, maxTemporal-1)
	}
	return all
}

// makeLayout orders the targets of a stream, which are of these layers.
func makeLayout(spatial, temporal []uint8) (l layout) {
	rank := func(i int) int { return (int(spatial[i])*maxTemporal+int(temporal[i]))*maxTargets + i }
	l.count = min(len(spatial), maxTargets)
	for i := range l.count {
		place := uint8(0)
		for j := range l.count {
			if rank(j) < rank(i) {
				place++
			}
		}
		l.order[i] = place
		l.spatial[place], l.temporal[place] = spatial[i], temporal[i]
		for s := spatial[i]; s < maxSpatial; s++ {
			for t := temporal[i]; t < maxTemporal; t++ {
				l.within[s][t] |= 1 << place
			}
		}
	}
	return l
}

// VP8 and VP9 do not name their targets. They have one for each combination of
// so many layers; what is of higher ones belongs to none.
const (
	gridSpatial  = 4
	gridTemporal = 4
	gridBase     = targets(0x1111) // those of the slowest temporal layer
	gridAll      = targets(0xffff)
)

// grid is the layout of VP8 and VP9: target 4 s + t is of layers s and t.
var grid = makeGrid() //nolint:gochecknoglobals // a table

func makeGrid() layout {
	var spatial, temporal []uint8
	for s := range uint8(gridSpatial) {
		for t := range uint8(gridTemporal) {
			spatial, temporal = append(spatial, s), append(temporal, t)
		}
	}
	return makeLayout(spatial, temporal)
}

// gridFrom is the set of targets of spatial layer s that a frame of temporal layer
// t is part of.
func gridFrom(s, t uint8) targets {
	if s >= gridSpatial || t >= gridTemporal {
		return 0
	}
	return (0xf << t & 0xf) << (gridTemporal * s)
}

// gridAbove is the same of spatial layer s and those above.
func gridAbove(s, t uint8) targets {
	return gridFrom(0, t) * gridBase & gridAll &^ (1<<(gridTemporal*s) - 1)
}
