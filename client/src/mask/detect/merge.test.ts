import assert from "node:assert/strict"
import test from "node:test"
import { iou } from "../cover/boxes.ts"
import { best, joined } from "./merge.ts"

const at = (x: number, width: number, score: number) => ({ x, y: 0, width, height: 10, score })

test("boxes that only touch share nothing, and a box shares all of itself", () => {
  assert.equal(iou(at(0, 10, 1), at(10, 10, 1)), 0)
  assert.equal(iou(at(0, 10, 1), at(0, 10, 1)), 1)
  assert.equal(iou(at(0, 10, 1), at(5, 10, 1)), 1 / 3)
})

test("of one face's boxes the best stays, whatever the order; another face stays too", () => {
  const [good, worse, other] = [at(0, 10, 0.9), at(1, 10, 0.5), at(40, 10, 0.2)]
  assert.deepEqual(best([worse, other, good], 0.3), [good, other])
})

test("joining two networks' boxes uncovers nothing that one of them covered", () => {
  const faces = joined([at(2, 10, 0.5), at(0, 10, 0.9), at(40, 10, 0.3)], 0.4)
  assert.deepEqual(faces, [at(0, 12, 0.9), at(40, 10, 0.3)])
})

test("a weak box stays weak alone, and is weak no more with another network's", () => {
  const weak = { x: 100, y: 100, width: 100, height: 100, score: 0.35, weak: true }
  const other = { x: 105, y: 100, width: 100, height: 100, score: 0.25 }
  assert.deepEqual(joined([weak], 0.4), [weak])
  assert.deepEqual(joined([weak, other], 0.4), [{ x: 100, y: 100, width: 105, height: 100, score: 0.35 }])
})
