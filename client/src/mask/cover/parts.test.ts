import assert from "node:assert/strict"
import test from "node:test"
import { clip, dilate, iou, nested, sane, snap, union } from "./boxes.ts"
import { Cadence } from "./cadence.ts"
import type { Silhouette } from "./cover.ts"
import { AHEAD, AWAITED_MS, DELAY_MS, LATE_MS, MOST_WAITING, turn } from "./delay.ts"
import { gain, Light } from "./light.ts"
import { cut, same, whole } from "./scene.ts"
import { people, Second } from "./second.ts"
import { Steady } from "./steady.ts"

const box = (x: number, y: number, width: number, height: number) => ({ x, y, width, height })

test("boxes: union, overlap, margins, grid and edge", () => {
  assert.deepEqual(union(box(0, 0, 10, 10), box(20, 5, 10, 10)), box(0, 0, 30, 15))
  assert.equal(iou(box(0, 0, 10, 10), box(5, 0, 10, 10)), 1 / 3)
  assert.equal(iou(box(0, 0, 0, 0), box(0, 0, 0, 0)), 0)
  assert.equal(nested(box(0, 0, 100, 100), box(90, 0, 20, 10)), 0.5)
  assert.deepEqual(dilate(box(100, 100, 100, 100), 0), box(80, 70, 140, 150))
  assert.deepEqual(dilate(box(100, 100, 100, 100), 0.5), box(30, 20, 240, 250))
  assert.deepEqual(snap(box(15, 16, 2, 16)), box(0, 16, 32, 16))
  assert.deepEqual(snap(box(-1, -17, 2, 2)), box(-16, -32, 32, 32))
  assert.deepEqual(clip(box(-16, 350, 32, 32), 640, 360), box(0, 350, 16, 10))
  assert.equal(clip(box(-16, 0, 16, 16), 640, 360), null)
  assert.deepEqual([box(0, 0, 0, 0), box(Number.NaN, 0, 1, 1), box(0, 0, -1, 1), box(0, Number.NEGATIVE_INFINITY, 1, 1)].map(sane), [
    true,
    false,
    false,
    false,
  ])
})

test("a cover goes outward at once, inward after half a second, and forgets tracks that ended", () => {
  const steady = new Steady()
  const show = (width: number, at: number) => steady.show([{ ...box(100, 100, width, 50), track: 1 }], at, 640, 360)[0]?.width
  assert.equal(show(60, 0), 64)
  assert.equal(show(70, 30), 80)
  assert.equal(show(50, 60), 80)
  assert.equal(show(50, 529), 80)
  assert.equal(show(50, 530), 64)
  assert.equal(show(200, 600), 208)
  assert.deepEqual(steady.show([], 650, 640, 360), [])
  assert.equal(show(50, 660), 64)
})

test("a cover that trembles at a line of the grid stays, whatever the rate of the camera", () => {
  for (const step of [1, 8, 33, 100, 400]) {
    const steady = new Steady()
    const widths = Array.from(
      { length: 200 },
      (_, n) => steady.show([{ ...box(96, 96, n % 2 ? 63 : 65, 50), track: 1 }], n * step, 640, 360)[0]?.width,
    )
    assert.deepEqual(new Set(widths), new Set([80]), `every ${step} ms`)
  }
})

test("a cover that needed its room until just now keeps it for half a second, at a fast camera too", () => {
  const steady = new Steady()
  let width: number | undefined
  for (let at = 0; at <= 38; at += 2) steady.show([{ ...box(96, 96, 200, 50), track: 1 }], at, 640, 360)
  for (let at = 40; at < 538; at += 2) width = steady.show([{ ...box(96, 96, 190, 50), track: 1 }], at, 640, 360)[0]?.width
  assert.equal(width, 208)
})

test("a large cover of which networks take turns to want more stays as large as the largest", () => {
  const steady = new Steady()
  const widths = Array.from(
    { length: 60 },
    (_, n) => steady.show([{ ...box(96, 96, n % 3 ? 240 : 272, 192), track: 1 }], n * 33, 640, 360)[0]?.width,
  )
  assert.deepEqual(new Set(widths), new Set([272]))
})

test("a cover that moves by more than a cell of the grid does not trail behind", () => {
  const steady = new Steady()
  for (let n = 0; n < 10; n++) {
    const [shown] = steady.show([{ ...box(32 * n, 96, 64, 64), track: 1 }], n * 33, 640, 360)
    assert.deepEqual(shown, { ...(n === 0 ? box(0, 96, 64, 64) : box(32 * n - 16, 96, 80, 64)), track: 1 })
  }
})

test("a cover outside the frame is none", () => {
  assert.deepEqual(new Steady().show([{ ...box(-100, 0, 50, 50), track: 1 }], 0, 640, 360), [])
})

test("scenes: a cut differs everywhere, a small face somewhere, noise nowhere", () => {
  const grid = new Uint8Array(576).fill(100)
  const noise = grid.map((_, i) => 100 + (i % 3))
  const face = grid.slice()
  face[77] = 110
  assert.deepEqual(
    [
      same(grid, noise),
      same(grid, face),
      cut(grid, face),
      cut(
        grid,
        grid.map(() => 130),
      ),
    ],
    [true, false, false, true],
  )
  assert.deepEqual([whole(grid), whole(new Uint8Array(10))], [true, false])
})

test("dark frames are brightened fourfold at most, and dark is left later than entered", () => {
  const grid = (bright: number) => new Uint8Array(576).fill(bright)
  assert.deepEqual([gain(grid(0)), gain(grid(20)), gain(grid(55)), gain(grid(200))], [4, 4, 2, 1])
  const light = new Light()
  assert.deepEqual(
    [10, 9, 10, 12, 13, 10].map((bright) => light.dark(grid(bright), 0)),
    [false, true, true, true, false, false],
  )
  assert.deepEqual([light.dark(grid(120), 25), light.dark(grid(120), 20), light.dark(grid(120), 17)], [true, true, false])
})

const silhouette = (...rows: string[]): Silhouette => ({
  columns: (rows[0] ?? "").length,
  rows: rows.length,
  likely: Uint8Array.from(rows.join(""), (cell) => (cell === "#" ? 200 : 50)),
})

test("people are cells that touch, and many enough", () => {
  const [one, two] = people(silhouette("##....####", "##....#...", "......#.#.", ".........."), 100, 40)
  assert.deepEqual([one, two], [box(0, 0, 20, 20), box(60, 0, 40, 30)])
  assert.equal(people(silhouette("##....####", "##....#...", "......#.#.", ".........."), 100, 40).length, 2)
})

test("a person is covered at the top after 15 looks without a face there, until there is one", () => {
  const person = silhouette("..........", "..####....", "..####....", "..####....", "..####....")
  let tracks = 0
  const second = new Second(() => ++tracks)
  const see = (look: number, covers: Parameters<Second["see"]>[1]) => {
    second.see(person, covers, look, 100, 50)
    return second.covers()
  }
  const top = [{ ...box(20, 10, 40, 16), track: 1 }]
  assert.deepEqual(see(0, []), [])
  assert.deepEqual(see(14, []), [])
  assert.deepEqual(see(15, []), top)
  assert.deepEqual(see(30, [box(30, 40, 10, 10)]), top, "a box on the legs is no face")
  assert.deepEqual(see(45, [box(80, 10, 10, 10)]), top, "nor is one beside")
  assert.deepEqual(see(60, [box(30, 10, 10, 10)]), [])
  assert.deepEqual(see(75, []), [], "and the patience begins anew")
})

test("a person whom one silhouette misses stays covered, and one who moves is covered where they were as well", () => {
  const left = silhouette("..........", "..####....", "..####....", "..####....", "..####....")
  const right = silhouette("..........", "....####..", "....####..", "....####..", "....####..")
  const nobody = silhouette("..........", "..........", "..........", "..........", "..........")
  let tracks = 0
  const second = new Second(() => ++tracks)
  const see = (who: typeof left, look: number) => {
    second.see(who, [], look, 100, 50)
    return second.covers()
  }
  const top = { ...box(20, 10, 40, 16), track: 1 }
  see(left, 0)
  assert.deepEqual(see(left, 15), [top])
  assert.deepEqual(see(nobody, 30), [top])
  assert.deepEqual(see(left, 45), [top], "without patience anew")
  assert.deepEqual(see(right, 60), [{ ...box(20, 10, 60, 16), track: 1 }])
  assert.deepEqual(see(nobody, 75), [{ ...box(20, 10, 60, 16), track: 1 }])
  assert.deepEqual(see(nobody, 90), [])
})

const QUIET = { same: true, speed: 0, urgent: false, free: true, body: false }
const count = (cadence: Cadence, frames: number, frame: typeof QUIET) => {
  const wants = Array.from({ length: frames }, () => cadence.next(frame))
  return (["fast", "short", "full", "person"] as const).map((net) => wants.filter((want) => want[net]).length)
}

test("motion: the fast network at each frame, close-ups at each third, all at each sixth, people at each fifteenth", () => {
  assert.deepEqual(count(new Cadence(), 90, { ...QUIET, same: false }), [90, 30, 15, 6])
  assert.deepEqual(count(new Cadence(), 90, { ...QUIET, speed: 0.11 }), [90, 30, 15, 6])
})

test("a still scene is given a quarter, and motion is seen at once", () => {
  const cadence = new Cadence()
  count(cadence, 30, QUIET)
  assert.deepEqual(count(cadence, 120, QUIET), [30, 10, 5, 2])
  assert.equal(cadence.next({ ...QUIET, same: false }).fast, true)
  assert.deepEqual(count(cadence, 14, QUIET)[0], 14, "and the scene must be still again for a while")
})

test("all networks look at once when a still scene changes, or as soon as they can, and then as ever", () => {
  const moved = { ...QUIET, same: false }
  const cadence = new Cadence()
  count(cadence, 36, QUIET)
  while (!cadence.next(QUIET).full);
  const looks = [false, true, true, true, true, true, true, true].map((free) => cadence.next({ ...moved, free }))
  assert.deepEqual(
    looks.map(({ full }) => full),
    [false, true, false, false, false, false, false, true],
  )
  assert.deepEqual(
    looks.map(({ awaited }) => awaited),
    [true, true, false, false, false, false, false, false],
  )
})

test("a busy worker is given nothing, and a scene that nobody has searched all as soon as it can", () => {
  const cadence = new Cadence()
  assert.deepEqual(count(cadence, 60, { ...QUIET, free: false }).slice(2), [0, 0])
  assert.equal(cadence.next({ ...QUIET, urgent: true }).full, true)
  assert.equal(cadence.next({ ...QUIET, urgent: true }).full, true)
})

test("where whole persons are covered, each frame that is searched is searched for people", () => {
  const [fast, , , person] = count(new Cadence(), 90, { ...QUIET, body: true, free: false })
  assert.equal(fast, person)
})

test("a frame's turn: its delay, younger results, its own result, and no end of waiting", () => {
  const frame = { waited: 0, ahead: 0, known: true, covered: false, awaited: false, waiting: 3 }
  assert.equal(turn(frame), "stay")
  assert.equal(turn({ ...frame, ahead: AHEAD }), "go")
  assert.equal(turn({ ...frame, waited: DELAY_MS }), "go")
  assert.equal(turn({ ...frame, known: false, ahead: AHEAD, waited: DELAY_MS }), "stay")
  assert.equal(turn({ ...frame, known: false, waited: LATE_MS }), "late")
  assert.equal(turn({ ...frame, known: false, covered: true, waited: DELAY_MS }), "go")
  assert.equal(turn({ ...frame, covered: true, ahead: AHEAD }), "stay", "it is given the chance to be searched in time")
  assert.equal(turn({ ...frame, awaited: true, ahead: AHEAD, waited: AWAITED_MS - 1 }), "stay")
  assert.equal(turn({ ...frame, awaited: true, waited: AWAITED_MS }), "go")
  assert.equal(turn({ ...frame, awaited: true, covered: true, waited: DELAY_MS }), "go")
  assert.equal(turn({ ...frame, awaited: true, waiting: MOST_WAITING + 1 }), "go")
  assert.equal(turn({ ...frame, waiting: MOST_WAITING + 1 }), "go")
  assert.equal(turn({ ...frame, waiting: MOST_WAITING + 1, known: false }), "late")
})
