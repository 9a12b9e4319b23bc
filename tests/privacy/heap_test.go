package privacy

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
)

// heapDump is what debug.WriteHeapDump wrote, read from the front. Its format
// is told in go.dev/wiki/heapdump15-through-heapdump17.
type heapDump struct {
	t    *testing.T
	rest []byte
}

// part is a piece of memory in use, and what it is.
type part struct {
	what string
	body []byte
}

func (d *heapDump) number() uint64 {
	n, size := binary.Uvarint(d.rest)
	if size <= 0 {
		d.t.Fatal("the heap dump ends early")
	}
	d.rest = d.rest[size:]
	return n
}

func (d *heapDump) skip(numbers int) {
	for range numbers {
		d.number()
	}
}

func (d *heapDump) bytes() []byte {
	n := d.number()
	if n > uint64(len(d.rest)) {
		d.t.Fatal("the heap dump ends early")
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

// fields steps over where the pointers are.
func (d *heapDump) fields() {
	for d.number() != 0 {
		d.number()
	}
}

// parts returns all memory that is in use: objects, the variables of packages
// and the frames of goroutines, up to the figures that follow them.
func (d *heapDump) parts() (all []part) {
	header := []byte("go1.7 heap dump\n")
	if !bytes.HasPrefix(d.rest, header) {
		d.t.Fatal("not a heap dump")
	}
	d.rest = d.rest[len(header):]
	for {
		switch tag := d.number(); tag {
		case 1: // object
			d.skip(1)
			b := d.bytes()
			d.fields()
			all = append(all, part{fmt.Sprintf("an object of %d bytes", len(b)), b})
		case 2: // other root
			d.bytes()
			d.skip(1)
		case 3: // type
			d.skip(2)
			d.bytes()
			d.skip(1)
		case 4: // goroutine
			d.skip(8)
			d.bytes()
			d.skip(4)
		case 5: // frame
			d.skip(3)
			b := d.bytes()
			d.skip(3)
			name := d.bytes()
			d.fields()
			all = append(all, part{frame + string(name), b})
		case 6: // parameters
			d.skip(4)
			d.bytes()
			d.bytes()
			d.skip(1)
		case 7, 11: // finalizer
			d.skip(5)
		case 8: // itab
			d.skip(2)
		case 9: // thread
			d.skip(3)
		case 12, 13: // data, bss
			d.skip(1)
			b := d.bytes()
			d.fields()
			all = append(all, part{"a variable of a package", b})
		case 14: // defer
			d.skip(7)
		case 15: // panic
			d.skip(6)
		case 0, 10: // the end, or figures
			return all
		default:
			d.t.Fatalf("the heap dump has a record of kind %d", tag)
		}
	}
}

// frame is what the name of a part begins with that is a goroutine's.
const frame = "a frame of "

// found tells where markers stand in a dump: what is in use, and what is not
// quite. A frame has room for variables that are not set yet, or no longer
// needed, and the runtime makes stacks of memory that held something else
// without clearing it: what stands in frames is told apart.
func (m markers) found(parts []part) (inUse, inFrames []string) {
	for name, b := range m {
		for _, p := range parts {
			if !bytes.Contains(p.body, b) {
				continue
			}
			if said := name + " in " + p.what; strings.HasPrefix(p.what, frame) {
				inFrames = append(inFrames, said)
			} else {
				inUse = append(inUse, said)
			}
		}
	}
	return inUse, inFrames
}
