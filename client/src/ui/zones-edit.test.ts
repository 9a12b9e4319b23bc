import assert from "node:assert/strict"
import test from "node:test"
import type { Point, Zone } from "../mask/treatment.ts"
import {
  added,
  boundsOf,
  CORNERS_MAX,
  clicked,
  cornerMoved,
  covers,
  coversAll,
  dragged,
  grip,
  keyed,
  MIDDLE,
  mirrored,
  moved,
  rectangle,
  resized,
  STEP,
  without,
  ZONES_MAX,
} from "./zones-edit.ts"

const p = (x: number, y: number): Point => ({ x, y })
const reach = { x: 0.02, y: 0.04 }
const close = (a: number, b: number): void => assert.ok(Math.abs(a - b) < 1e-9, `${a} is not ${b}`)
const bounds = (zones: readonly Zone[], id = 1): number[] => {
  const { x, y, width, height } = boundsOf(zones.find((zone) => zone.id === id)?.corners ?? [])
  return [x, y, width, height].map((v) => Math.round(v * 1000) / 1000)
}
const one = added([], rectangle(p(0.2, 0.2), p(0.4, 0.6)))
const two = added(one, [p(0.3, 0.3), p(0.9, 0.3), p(0.6, 0.9)])

test("a drag makes a rectangle, in whichever direction, within the picture", () => {
  assert.deepEqual(rectangle(p(0.8, 0.9), p(0.2, -3)), [p(0.2, 0), p(0.8, 0), p(0.8, 0.9), p(0.2, 0.9)])
})

test("a zone more has an id of its own, also after one was removed", () => {
  assert.deepEqual(
    two.map((zone) => zone.id),
    [1, 2],
  )
  assert.deepEqual(
    added(without(two, 1), MIDDLE).map((zone) => zone.id),
    [2, 3],
  )
})

test("what is too small, has too few corners or is one too many is no zone", () => {
  assert.deepEqual(added([], rectangle(p(0.2, 0.2), p(0.21, 0.9))), [])
  assert.deepEqual(added([], [p(0, 0), p(1, 1)]), [])
  assert.deepEqual(
    added(
      [],
      Array.from({ length: CORNERS_MAX + 1 }, (_, i) => p(i / 40, (i % 2) / 2)),
    ),
    [],
  )
  let many: readonly Zone[] = []
  for (let i = 0; i < ZONES_MAX + 3; i++) many = added(many, MIDDLE)
  assert.equal(many.length, ZONES_MAX)
})

test("mirroring twice is nothing, and once swaps left and right alone", () => {
  const [zone] = mirrored(one)
  close(boundsOf(zone?.corners ?? []).x, 0.6)
  close(boundsOf(zone?.corners ?? []).y, 0.2)
  mirrored(mirrored(two)).forEach((z, i) => {
    z.corners.forEach((c, k) => {
      close(c.x, two[i]?.corners[k]?.x ?? Number.NaN)
    })
  })
})

test("a zone is moved as a whole and stops at the edge in its shape", () => {
  assert.deepEqual(bounds(moved(one, 1, p(0.1, -0.1))), [0.3, 0.1, 0.2, 0.4])
  assert.deepEqual(bounds(moved(one, 1, p(9, 9))), [0.8, 0.6, 0.2, 0.4])
  assert.deepEqual(bounds(moved(one, 1, p(-9, -9))), [0, 0, 0.2, 0.4])
  assert.deepEqual(moved(two, 1, p(0.1, 0))[1], two[1], "the others stay")
})

test("a zone is resized towards the lower right, never to nothing and never beyond the edge", () => {
  assert.deepEqual(bounds(resized(one, 1, p(0.1, -0.1))), [0.2, 0.2, 0.3, 0.3])
  assert.deepEqual(bounds(resized(one, 1, p(-9, 9))), [0.2, 0.2, 0.03, 0.8])
  assert.deepEqual(bounds(resized(two, 2, p(0.1, 0)), 2), [0.3, 0.3, 0.7, 0.6], "a polygon by its bounds")
})

test("a corner moves alone, within the picture", () => {
  const [zone] = cornerMoved(one, 1, 2, p(0.9, 0.1))
  assert.deepEqual(zone?.corners[2], p(1, 0.7))
  assert.deepEqual(zone?.corners[0], one[0]?.corners[0])
})

test("inside and outside, also of a shape that is dented", () => {
  const dented = [p(0, 0), p(1, 0), p(1, 1), p(0.5, 0.3), p(0, 1)]
  assert.ok(covers(dented, p(0.1, 0.5)) && covers(dented, p(0.9, 0.5)) && covers(dented, p(0.5, 0.2)))
  assert.ok(!covers(dented, p(0.5, 0.8)) && !covers(dented, p(1.1, 0.5)))
})

test("a finger grips a corner of the selected zone first, then the newest zone, then nothing", () => {
  assert.deepEqual(grip(two, 1, p(0.41, 0.62), reach), { zone: 1, corner: 2 })
  assert.deepEqual(grip(two, 2, p(0.41, 0.62), reach), null, "corners of others are not seen")
  assert.deepEqual(grip(two, null, p(0.35, 0.32), reach), { zone: 2, corner: null })
  assert.deepEqual(grip(two, null, p(0.25, 0.5), reach), { zone: 1, corner: null })
  assert.deepEqual(dragged(two, { zone: 1, corner: 0 }, p(0.1, 0)), cornerMoved(two, 1, 0, p(0.1, 0)))
  assert.deepEqual(dragged(two, { zone: 1, corner: null }, p(0.1, 0)), moved(two, 1, p(0.1, 0)))
})

test("a polygon is closed on its first corner, not before it is one, and by its last possible corner", () => {
  let draft: readonly Point[] = []
  for (const at of [p(0.1, 0.1), p(0.5, 0.1), p(0.11, 0.1), p(0.5, 0.5)]) ({ draft } = clicked(draft, at, reach))
  assert.equal(draft.length, 4, "with two corners the first is a place as any other")
  assert.deepEqual(clicked(draft, p(0.12, 0.13), reach), { draft, closed: true })
  assert.deepEqual(clicked(draft, p(0.2, 2), reach), { draft: [...draft, p(0.2, 1)], closed: false })
  const long = Array.from({ length: CORNERS_MAX - 1 }, (_, i) => p(i / 40, 0.5))
  assert.ok(clicked(long, p(0.9, 0.9), reach).closed)
})

test("keys move, resize and delete what has the focus; others are not ours", () => {
  const whole = { zone: 1, corner: null }
  assert.deepEqual(keyed(one, whole, "ArrowRight", false), moved(one, 1, p(STEP, 0)))
  assert.deepEqual(keyed(one, whole, "ArrowDown", true), resized(one, 1, p(0, STEP)))
  assert.deepEqual(keyed(one, { zone: 1, corner: 1 }, "ArrowUp", true), cornerMoved(one, 1, 1, p(0, -STEP)))
  assert.deepEqual(keyed(two, whole, "Delete", false), without(two, 1))
  assert.equal(keyed(one, { zone: 1, corner: 1 }, "Delete", false)?.[0]?.corners.length, 3)
  assert.deepEqual(keyed(two, { zone: 2, corner: 1 }, "Backspace", false), without(two, 2), "of a triangle nothing is left")
  for (const key of ["Tab", "Enter", "a", "Escape"]) assert.equal(keyed(one, whole, key, false), null)
})

test("everything except nothing is everything", () => {
  assert.ok(coversAll({ zones: [], inverse: true }))
  assert.ok(!coversAll({ zones: one, inverse: true }) && !coversAll({ zones: [], inverse: false }))
})
