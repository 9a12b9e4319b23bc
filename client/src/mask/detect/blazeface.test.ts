import assert from "node:assert/strict"
import test from "node:test"
import { facesOf, SIDE } from "./blazeface.ts"

const WHOLE = { scale: 1, left: 0, top: 0 }
/** No face anywhere, but the anchor's: a box of 10 x 20 pixels in the middle of its cell. */
function answer(anchor: number): [scores: Float32Array, boxes: Float32Array] {
  const boxes = new Float32Array(896 * 16)
  boxes.set([0, 0, 10, 20], 16 * anchor)
  return [new Float32Array(896).fill(-9).with(anchor, 9), boxes]
}
const middle = ({ x, width }: { x: number; width: number }): number => x + width / 2

test("two anchors in each fine cell, then six in each coarse one", () => {
  const of = (anchor: number) => facesOf(...answer(anchor), WHOLE, 0.5)
  assert.deepEqual(
    [0, 1, 2, 31, 511, 512, 517, 518, 895].map((anchor) => of(anchor).map(middle)),
    [[4], [4], [12], [SIDE - 4], [SIDE - 4], [8], [8], [24], [SIDE - 8]],
  )
})

test("a box grows from the face's middle to all of it, and returns to the picture it came from", () => {
  const [face] = facesOf(...answer(0), WHOLE, 0.5)
  assert.ok(face && face.width > 10 && face.height > 20 && face.y < 4 - 10, "more at the top than the network says")
  const [placed] = facesOf(...answer(0), { scale: 0.5, left: 2, top: 0 }, 0.5)
  assert.ok(placed && Math.abs(placed.x - (face.x - 2) * 2) < 1e-6 && Math.abs(placed.height - face.height * 2) < 1e-6)
})

test("what scores less is none", () => {
  const [scores, boxes] = answer(100)
  const just = Math.log(0.3 / 0.7)
  assert.equal(facesOf(scores.with(100, just + 0.01), boxes, WHOLE, 0.3).length, 1)
  assert.equal(facesOf(scores.with(100, just - 0.01), boxes, WHOLE, 0.3).length, 0)
})

test("answers of another size, and answers that are no numbers, are refused", () => {
  const [scores, boxes] = answer(3)
  assert.throws(() => facesOf(scores.subarray(1), boxes, WHOLE, 0.5), RangeError)
  assert.throws(() => facesOf(scores, boxes.subarray(16), WHOLE, 0.5), RangeError)
  for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]) {
    assert.throws(() => facesOf(scores.with(800, bad), boxes, WHOLE, 0.5), RangeError)
    assert.throws(() => facesOf(scores, boxes.with(16 * 3 + 2, bad), WHOLE, 0.5), RangeError)
  }
})
