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
