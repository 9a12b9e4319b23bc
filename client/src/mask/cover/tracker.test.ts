import assert from "node:assert/strict"
import test from "node:test"
import type { Box } from "../treatment.ts"
import { area, contains, dilate, union } from "./boxes.ts"
import { GROWN, HOLD_MOST_MS, LOOK_MS, MISSES_OF_ALL, MOST_TRACKS, Tracker } from "./tracker.ts"

const FACE: Box = { x: 200, y: 100, width: 60, height: 80 }
const at = (x: number): Box => ({ ...FACE, x })

/** What is found, by look; all else is looks that found nothing. */
function tracked(
  found: Record<number, readonly (Box & { weak?: boolean })[]>,
  ms = LOOK_MS,
): { tracker: Tracker; covers: (look: number) => Box[] } {
  let tracks = 0
  const tracker = new Tracker(() => ++tracks)
  for (const [look, faces] of Object.entries(found)) tracker.see(faces, Number(look), Number(look) * ms)
  return { tracker, covers: (look) => tracker.covers(look, look * ms, 640, 360) }
}

test("a face keeps its track as it moves, and two that pass each other are both covered", () => {
  const found: Record<number, Box[]> = {}
  for (let look = 0; look < 30; look++) found[look] = [at(100 + look * 10), { ...at(400 - look * 10), y: 60 }]
  const { covers, tracker } = tracked(found)
  assert.equal(tracker.size, 2)
  for (let look = 0; look < 30; look++) for (const face of found[look] ?? []) assert.ok(covers(look).some((cover) => contains(cover, face)))
})

test("between two finds all of the way is covered", () => {
  const { covers } = tracked({ 0: [at(100)], 3: [at(160)] })
  for (const look of [1, 2]) assert.ok(covers(look).some((cover) => contains(cover, union(at(100), at(160)))))
})

test("a face that is found no more is thought to move on, and to be where it was", () => {
  const { covers } = tracked({ 0: [at(100)], 1: [at(110)], 2: [at(120)] })
  assert.ok(covers(6).some((cover) => contains(cover, union(dilate(at(120), 0), dilate(at(160), 0)))))
})

test("the cover grows with each look that did not find the face, before it came too", () => {
  const { covers } = tracked({ 5: [FACE] })
  const sizes = [0, 1, 4, 5, 6, 7, 14].map((look) => area(covers(look)[0] ?? FACE))
  const [far, nearer, next, own, after, later, last] = sizes as [number, number, number, number, number, number, number]
  assert.ok(far > nearer && nearer > next && next > own && own < after && after < later && later < last, sizes.join())
  assert.ok(covers(10).some((cover) => contains(cover, dilate(FACE, 0.19))))
})

test("as long as the picture is the same, all that was wanted is kept, and no more than that", () => {
  const { tracker } = tracked({ 0: [at(100)], 2: [at(140)], 3: [at(160)], 9: [at(150)] })
  const shown = (look: number, same: number) => tracker.covers(look, look * LOOK_MS, 640, 360, same)[0]
  assert.deepEqual(shown(20, 2), { ...dilate(union(at(140), at(160)), 0), track: 1 })
  assert.deepEqual(shown(8, 3), { ...dilate(at(160), 0), track: 1 }, "not what comes")
  assert.deepEqual(shown(27, 0), { ...dilate(union(at(150), at(160)), 0), track: 1 }, "nor what was long ago")
})

test("a slow camera holds a face for as many looks, a fast one for as long a time", () => {
  const found = { 0: [at(-5)], 1: [at(-5)], 2: [at(-5)] }
  assert.equal(tracked(found, 100).covers(32).length, 1)
  assert.equal(tracked(found, 100).covers(33).length, 0)
  assert.equal(tracked(found, LOOK_MS / 2).covers(60).length, 1)
  assert.equal(tracked(found, LOOK_MS / 2).covers(63).length, 0)
})

test("a face may have moved further the longer it was not found", () => {
  assert.equal(tracked({ 0: [at(100)], 1: [at(180)] }).tracker.size, 2)
  assert.equal(tracked({ 0: [at(100)], 12: [at(180)] }).tracker.size, 1)
})

test("boxes of one face that differ are all covered, and are one track", () => {
  const [wide, high] = [
    { ...FACE, width: 90 },
    { ...FACE, y: 80, height: 120 },
  ]
  const { tracker, covers } = tracked({ 0: [FACE, wide, high] })
  assert.equal(tracker.size, 1)
  assert.ok(contains(covers(0)[0] ?? FACE, union(wide, high)))
})

test("results that come late are taken as if they had come in order", () => {
  const boxes = { 0: [at(100)], 1: [at(110)], 2: [at(120)], 3: [at(130)] }
  const inOrder = tracked(boxes)
  let tracks = 0
  const late = new Tracker(() => ++tracks)
  for (const look of [0, 1, 3, 2] as const) late.see(boxes[look], look, look * LOOK_MS)
  assert.deepEqual(late.covers(4, 4 * LOOK_MS, 640, 360), inOrder.covers(4))
})

test("what is forgotten is what no frame needs: the memory of a long call is bounded", () => {
  let tracks = 0
  const tracker = new Tracker(() => ++tracks)
  for (let look = 0; look < 5000; look++) {
    tracker.see(
      [at(100 + (look % 50)), { ...FACE, x: (look * 97) % 600, y: (look * 31) % 300, width: 20, height: 20 }],
      look,
      look * LOOK_MS,
    )
    tracker.forget(look - 4, (look - 4) * LOOK_MS, 640, 360)
  }
  assert.ok(tracker.size < MOST_TRACKS)
  assert.ok(JSON.stringify(tracker).length < 100_000)
})

test("speed is told in face widths, and a face that trembles has little", () => {
  const run: Record<number, Box[]> = {}
  const tremble: Record<number, Box[]> = {}
  for (let look = 0; look < 10; look++) {
    run[look] = [at(100 + look * 12)]
    tremble[look] = [at(100 + (look % 2) * 4)]
  }
  assert.ok(Math.abs(tracked(run).tracker.speed(9) - 0.2) < 0.01)
  assert.ok(tracked(tremble).tracker.speed(9) < 0.05)
  assert.equal(tracked(run).tracker.speed(20), 0, "one that has vanished has none")
})

test("a face of another picture is let go as early as one that was found once", () => {
  const found = Object.fromEntries(Array.from({ length: 10 }, (_, look) => [look, [FACE]]))
  const kept = tracked(found)
  const { tracker, covers } = tracked(found)
  tracker.cut(30)
  assert.deepEqual([covers(29).length, covers(30).length, kept.covers(30).length], [1, 0, 1])
  tracker.see([FACE], 31, 31 * LOOK_MS)
  assert.equal(covers(80).length, 1, "it is there as well")
})

test("a face that only all networks find stays covered however slow they are, until they do not find it twice", () => {
  let tracks = 0
  const tracker = new Tracker(() => ++tracks)
  const covered = (look: number): number => tracker.covers(look, look * LOOK_MS, 640, 360).length
  tracker.see([FACE], 0, 0, "all")
  for (let look = 1; look < 200; look++) tracker.see([], look, look * LOOK_MS)
  assert.equal(covered(200), 1)
  tracker.see([], 200, 200 * LOOK_MS, "all")
  assert.equal(covered(300), 1)
  tracker.see([], 300, 300 * LOOK_MS, "all")
  assert.equal(covered(300), 0)
})

const LARGE = { x: 150, y: 40, width: 180, height: 230 }

/** Looks, every third of which sees this weakly, and all networks look in every sixth or never. */
function weakly(all: "never" | "sixth"): (look: number) => number {
  let tracks = 0
  const tracker = new Tracker(() => ++tracks)
  return (look) => {
    tracker.see(look % 3 === 0 ? [{ ...LARGE, weak: true }] : [], look, look * LOOK_MS)
    if (all === "sixth" && look % 6 === 0) tracker.see([], look, look * LOOK_MS, "all")
    return tracker.covers(look, look * LOOK_MS, 640, 360).length
  }
}

test("what is seen weakly is covered from the first look on once it is seen in another, and as long as it is", () => {
  const { covers } = tracked({ 3: [{ ...LARGE, weak: true }] })
  assert.equal(covers(3).length, 0)
  const again = tracked({ 3: [{ ...LARGE, weak: true }], 6: [{ ...LARGE, weak: true }] })
  for (const look of [3, 4, 5, 6, 12]) assert.equal(again.covers(look).length, 1)
  const look = weakly("never")
  assert.ok(Array.from({ length: 60 }, (_, n) => look(n)).every((covered, n) => covered === (n < 3 ? 0 : 1)))
})

test("what is seen weakly and not found by all networks is nothing, until it is found surely or they say no more", () => {
  const look = weakly("sixth")
  for (let n = 0; n < 60; n++) assert.equal(look(n), 0)
  let tracks = 0
  const tracker = new Tracker(() => ++tracks)
  const covered = (at: number): number => tracker.covers(at, at * LOOK_MS, 640, 360).length
  for (let n = 0; n <= 6; n += 3) tracker.see([{ ...LARGE, weak: true }], n, n * LOOK_MS)
  tracker.see([], 6, 6 * LOOK_MS, "all")
  assert.equal(covered(6), 0)
  for (let n = 9; n <= 21; n += 3) tracker.see([{ ...LARGE, weak: true }], n, n * LOOK_MS)
  assert.deepEqual([18, 19].map(covered), [0, 1])
  tracker.see([], 21, 21 * LOOK_MS, "all")
  assert.equal(covered(21), 0)
  tracker.see([LARGE], 22, 22 * LOOK_MS)
  assert.equal(covered(22), 1)
  tracker.see([], 22, 22 * LOOK_MS, "all")
  assert.equal(covered(22), 1, "it is sure now")
})

test("a small face in what is seen weakly is a face of its own, and a known face that is seen weakly stays covered", () => {
  const inside = { x: 200, y: 100, width: 30, height: 40 }
  const small = tracked({ 0: [{ ...LARGE, weak: true }, inside] })
  assert.ok(small.covers(0).some((cover) => contains(cover, inside)))
  small.tracker.see([inside], 0, 0, "all")
  assert.equal(small.covers(0).length, 1)
  const known = tracked({ 0: [LARGE], 3: [{ ...LARGE, weak: true }], 6: [{ ...LARGE, weak: true }] })
  known.tracker.see([], 6, 6 * LOOK_MS, "all")
  assert.equal(known.covers(6).length, 1)
})

test("a face that all networks missed is not kept by what is seen weakly", () => {
  const found = Object.fromEntries(Array.from({ length: 4 }, (_, look) => [look, [LARGE]]))
  const { tracker, covers } = tracked(found)
  for (const look of [6, 12]) tracker.see([], look, look * LOOK_MS, "all")
  tracker.see([{ ...LARGE, weak: true }], 13, 13 * LOOK_MS)
  assert.deepEqual(
    [63, 64].map((look) => covers(look).length),
    [1, 0],
  )
})

test("a face does not become as large as what is found around it, which is covered by itself, and not for as long", () => {
  const found: Record<number, Box[]> = Object.fromEntries(Array.from({ length: 20 }, (_, look) => [look, [at(200)]]))
  found[19] = [at(200), { x: 100, y: 20, width: 400, height: 300 }]
  const { covers } = tracked(found)
  assert.ok(covers(19).some((cover) => contains(cover, { x: 100, y: 20, width: 400, height: 300 })))
  assert.ok(covers(30).every((cover) => cover.width < 200))
})

/** Numbers of a run, the same for each seed. */
function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31
    return state / 2 ** 31
  }
}

test("whatever is found: a cover grows to a face on every side at most, never shrinks while it waits, and ends in time", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = random(seed)
    const ms = LOOK_MS * (1 + Math.floor(next() * 4))
    const every = 1 + Math.floor(next() * 6) // all networks
    let tracks = 0
    const tracker = new Tracker(() => ++tracks)
    const face = { x: 60 + next() * 300, y: 40 + next() * 150, width: 20 + next() * 90, height: 20 + next() * 90 }
    const hits = 1 + Math.floor(next() * 8)
    for (let look = 0; look < hits; look++) tracker.see([face], look, look * ms)
    let before = 0
    for (let look = hits; look < 400; look++) {
      tracker.see([], look, look * ms)
      if (look % every === 0) tracker.see([], look, look * ms, "all")
      const [cover] = tracker.covers(look, look * ms, 640, 360)
      const since = (look - hits + 1) * ms
      if (since <= 10 * LOOK_MS) assert.ok(cover, `seed ${seed}: held for the shortest time at least`)
      if (since > HOLD_MOST_MS && Math.floor(look / every) - Math.floor(hits / every) > MISSES_OF_ALL)
        assert.equal(cover, undefined, `seed ${seed}`)
      if (!cover) continue
      assert.ok(area(cover) >= before, `seed ${seed}: look ${look}`)
      assert.ok(contains(dilate(face, GROWN + 1e-9), cover) && contains(cover, dilate(face, 0)), `seed ${seed}: look ${look}`)
      before = area(cover)
    }
  }
})

test("a long time alone does not end a hold: all networks must have looked for the face, and none of them found it since", () => {
  const found = { 0: [FACE], 1: [FACE], 2: [FACE] }
  const { tracker, covers } = tracked(found, 100)
  assert.equal(covers(50).length, 1)
  for (let look = 10; look < 50; look += 10) tracker.see([], look, look * 100, "all")
  assert.equal(covers(50).length, 1)
  tracker.see([], 50, 5000, "all")
  assert.equal(covers(50).length, 0)
  tracker.see([FACE], 51, 5100)
  for (let look = 90; look < 94; look++) tracker.see([], look, look * 100, "all")
  assert.equal(covers(94).length, 1, "what was looked for before it was found says nothing")
})
