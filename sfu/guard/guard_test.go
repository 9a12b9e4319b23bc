package guard

import (
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestDo(t *testing.T) {
	if err := Do(func() error { return nil }); err != nil {
		t.Errorf("%v of what went well", err)
	}
	if err := Do(func() error { return io.EOF }); !errors.Is(err, io.EOF) {
		t.Errorf("%v, want what was returned", err)
	}
	if err := Do(func() error { panic("what a peer sent") }); !errors.Is(err, ErrBroken) {
		t.Errorf("%v of a panic", err)
	}
}

func TestEnd(t *testing.T) {
	ended := 0
	end := func() { ended++ }
	func() {
		defer End(end)
	}()
	if ended != 0 {
		t.Error("ended without a panic")
	}
	func() {
		defer End(end)
		panic("what a peer sent")
	}()
	if ended != 1 {
		t.Errorf("ended %d times", ended)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const patience = 10 * time.Second
		var group sync.WaitGroup
		if !Wait(&group, patience) {
			t.Error("nothing is not done")
		}
		quit := make(chan struct{})
		group.Go(func() {
			select {
			case <-time.After(patience - 1):
			case <-quit:
			}
		})
		begun := time.Now()
		if !Wait(&group, patience) || time.Since(begun) != patience-1 {
			t.Errorf("given up after %v", time.Since(begun))
		}
		group.Go(func() { <-quit })
		begun = time.Now()
		if Wait(&group, patience) || time.Since(begun) != patience {
			t.Errorf("waited for %v", time.Since(begun))
		}
		close(quit)
	})
}
