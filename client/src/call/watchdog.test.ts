import assert from "node:assert/strict"
import test from "node:test"
import { cameraBudget, downscale } from "./quality.ts"
import { Watchdog } from "./watchdog.ts"

const looks = (...all: [bytes: number, frames: number | null, passed: number, dropped?: number][]): boolean[] => {
  const dog = new Watchdog()
  return all.map(([bytes, frames, passed, dropped = 0]) => dog.look([{ id: "x", bytes, frames }], [{ id: "x", passed, dropped }]))
}

test("frames that were all sealed are no alarm", () => {
  assert.deepEqual(looks([1000, 30, 30], [2000, 60, 61], [3000, 90, 90]), [false, false, false])
})

test("sending with a transform that never saw a frame is an alarm at the second look", () => {
  assert.deepEqual(looks([1000, 3, 0], [2000, 6, 0]), [false, true])
})

test("more frames sent than sealed is an alarm at the second look", () => {
  assert.deepEqual(looks([1000, 30, 30], [2000, 60, 40], [3000, 90, 40]), [false, false, true])
})

test("frames dropped for want of a key are no alarm, but bytes of them are", () => {
  assert.deepEqual(looks([0, 10, 0, 10], [0, 20, 0, 20], [900, 50, 30, 20]), [false, false, false])
  assert.deepEqual(looks([500, 10, 0, 10], [900, 20, 0, 20]), [false, true])
})

test("audio: bytes that no sealed frame explains are an alarm, empty probes are not", () => {
  assert.deepEqual(looks([1000, null, 10], [2000, null, 20], [2000, null, 20]), [false, false, false])
  assert.deepEqual(looks([1000, null, 10], [2000, null, 10], [3000, null, 10]), [false, false, true])
})

test("one look alone is no alarm", () => {
  assert.deepEqual(looks([1000, 40, 30], [2000, 60, 62], [2000, 70, 62]), [false, false, false])
})

test("a sender that sends nothing is no alarm", () => {
  assert.deepEqual(looks([0, 0, 0], [0, 0, 0], [0, 0, 0]), [false, false, false])
})

test("the more people, the less each camera sends; pictures are never scaled up", () => {
  const budgets = [2, 4, 7, 12].map(cameraBudget)
  for (const [i, b] of budgets.entries()) {
    const next = budgets[i + 1]
    if (next !== undefined) assert.ok(next.maxBitrate < b.maxBitrate && next.height < b.height)
    assert.ok(downscale(240, b) === 1)
  }
  assert.equal(downscale(720, cameraBudget(7)), 2)
})
