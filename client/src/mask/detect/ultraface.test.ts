import assert from "node:assert/strict"
import test from "node:test"
import { anchorsOf, facesOf, planesOf } from "./ultraface.ts"

const SIZE = { width: 320, height: 180 }
const usual = (): number => 0.2

/** Answers of a network that has found nothing. */
function nothing(): { scores: Float32Array; deltas: Float32Array } {
  const n = anchorsOf(SIZE.width, SIZE.height)
  return { scores: new Float32Array(2 * n), deltas: new Float32Array(4 * n) }
}

test("an anchor that the network does not move is where its cell is", () => {
  const { scores, deltas } = nothing()
  const cell = 5 * 40 + 7 // of the finest layer, 40 cells wide
  scores[2 * (3 * cell + 1) + 1] = 0.9
  assert.deepEqual(facesOf(scores, deltas, SIZE, usual), [
    { x: 7.5 * 8 - 8, y: 5.5 * 8 - 8, width: 16, height: 16, score: Math.fround(0.9) },
  ])
})

test("the last anchor is the largest of the last cell", () => {
  const { scores, deltas } = nothing()
  scores[scores.length - 1] = 1
  const [face] = facesOf(scores, deltas, SIZE, usual)
  assert.equal(face?.width, 256)
  assert.deepEqual([(face?.x ?? 0) + 128, (face?.y ?? 0) + 128], [4.5 * 64, 2.5 * 64])
})

test("small faces may need less", () => {
  const { scores, deltas } = nothing()
  scores[1] = 0.15 // 10 of 180 pixels
  scores[scores.length - 1] = 0.15
  const faces = facesOf(scores, deltas, SIZE, (part) => (part < 0.06 ? 0.12 : 0.2))
  assert.deepEqual(
    faces.map((f) => f.width),
    [10],
  )
})

test("answers for another size, and answers that are no numbers, are refused", () => {
  const { scores, deltas } = nothing()
  assert.throws(() => facesOf(scores.subarray(2), deltas, SIZE, usual), RangeError)
  assert.throws(() => facesOf(scores, deltas.subarray(4), SIZE, usual), RangeError)
  for (const bad of [Number.NaN, Number.NEGATIVE_INFINITY])
    assert.throws(() => facesOf(scores.with(7, bad), deltas, SIZE, usual), RangeError)
  const found = scores.with(1, 1)
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => facesOf(found, deltas.with(2, bad), SIZE, usual), RangeError)
})

test("values are given in planes, red first", () => {
  const data = Uint8ClampedArray.of(255, 127, 0, 255, 127, 127, 127, 255)
  assert.deepEqual([...planesOf({ data, width: 2, height: 1 })], [1, 0, 0, 0, -127 / 128, 0])
})
