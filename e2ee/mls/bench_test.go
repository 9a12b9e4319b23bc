package mls

import (
	"fmt"
	"testing"
)

// The groups are as they are after everybody has come in by the commits of one
// member: their trees are as blank as they get.

func benchmarkGroups(b *testing.B, run func(b *testing.B, groups []*Group)) {
	b.Helper()
	for _, n := range []int{10, 50, 250} {
		groups := groupOf(n, false)
		b.Run(fmt.Sprintf("n=%d", n), func(b *testing.B) { run(b, groups) })
	}
}

func changes(groups []*Group) map[string]*Change {
	return map[string]*Change{
		"add":     {PSK: testPSK, Adds: []*KeyPackage{newOwn("x").pub}},
		"remove":  {PSK: testPSK, Removes: []uint32{groups[len(groups)-1].own}},
		"refresh": {PSK: testPSK},
	}
}

func BenchmarkCommit(b *testing.B) {
	benchmarkGroups(b, func(b *testing.B, groups []*Group) {
		b.Helper()
		for name, c := range changes(groups) {
			b.Run(name, func(b *testing.B) {
				var made *Pending
				for b.Loop() {
					made = must(groups[0].Commit(c))
				}
				b.ReportMetric(float64(len(made.Commit)), "commit-B")
				b.ReportMetric(float64(len(made.Welcome)), "welcome-B")
			})
		}
	})
}

func BenchmarkProcess(b *testing.B) {
	benchmarkGroups(b, func(b *testing.B, groups []*Group) {
		b.Helper()
		for name, c := range changes(groups) {
			made := must(groups[0].Commit(c))
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					must(groups[1].Process(must(ReadCommit(made.Commit)), lookup))
				}
			})
		}
	})
}

func BenchmarkJoin(b *testing.B) {
	benchmarkGroups(b, func(b *testing.B, groups []*Group) {
		b.Helper()
		own := newOwn("x")
		made := must(groups[0].Commit(&Change{PSK: testPSK, Adds: []*KeyPackage{own.pub}}))
		for b.Loop() {
			must(must(OpenWelcome(made.Welcome, []*Own{own})).Join(lookup))
		}
	})
}
