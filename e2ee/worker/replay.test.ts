import assert from "node:assert/strict"
import test from "node:test"
import { Pace, Stuck } from "./pace.ts"
import { ReplayWindow } from "./replay.ts"

test("each counter passes once, in any order within the window", () => {
  const window = new ReplayWindow()
  const rows: readonly [ctr: number, fresh: boolean, why: string][] = [
    [0, true, "the first"],
    [0, false, "again"],
    [5, true, "a gap"],
    [3, true, "late"],
    [3, false, "late, again"],
    [1028, true, "a jump"],
    [5, false, "seen, the oldest in the window"],
    [4, false, "just out of the window"],
    [6, true, "late, still in the window"],
    [1027, true, "one before"],
    [5000, true, "a jump beyond the window"],
    [1028, false, "far out of the window"],
    [4999, true, "nothing stays marked after a jump"],
    [4000, true, "nor here"],
    [3976, false, "out of the window by one"],
    [3977, true, "the very oldest"],
    [0xffffffff, true, "the last counter"],
    [0xffffffff, false, "the last counter, again"],
    [0xfffffffe, true, "the last but one"],
  ]
  for (const [ctr, fresh, why] of rows) {
    assert.equal(window.fresh(ctr), fresh, why)
    assert.equal(window.mark(ctr), fresh, why)
  }
})

test("the window agrees with a set over random counters", () => {
  const window = new ReplayWindow()
  const seen = new Set<number>()
  let greatest = -1
  let random = 1
  for (let i = 0; i < 20000; i++) {
    random = (Math.imul(random, 1103515245) + 12345) >>> 0
    const ctr = Math.max(0, greatest + (random % 1500) - 1400 + (random % 97 === 0 ? 3000 : 0))
    const fresh = !seen.has(ctr) && ctr > greatest - 1024
    assert.equal(window.mark(ctr), fresh)
    if (fresh) seen.add(ctr)
    greatest = Math.max(greatest, ctr)
  }
})

test("pace keeps its distance", () => {
  const pace = new Pace(100)
  assert.equal(pace.wait(1000), 0)
  assert.equal(pace.wait(1030), 70)
  assert.equal(pace.wait(1100), 0)
  assert.equal(pace.wait(1101), 99)
})

test("stuck needs three seconds without a pause", () => {
  const stuck = new Stuck()
  const run = (from: number, to: number, step: number): number => {
    let fired = 0
    for (let t = from; t < to; t += step) if (stuck.seen(t)) fired++
    return fired
  }
  assert.equal(run(0, 2990, 20), 0)
  assert.equal(run(3000, 3050, 20), 1)
  assert.equal(run(3060, 5900, 20), 0)
  stuck.reset()
  assert.equal(run(6000, 8900, 20), 0)
  assert.equal(run(10500, 13400, 20), 0, "a pause starts anew")
  assert.equal(run(20000, 40000, 1500), 0, "single frames are not a stream")
})
