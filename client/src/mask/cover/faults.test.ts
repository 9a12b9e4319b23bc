import assert from "node:assert/strict"
import test from "node:test"
import { Camera, FACE, HEIGHT, still, WIDTH } from "./camera.ts"
import type { Face } from "./cover.ts"
import { Policy } from "./policy.ts"

test("rule 8: after a fault all is covered until a new frame was searched by all networks", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  const before = camera.n - 1
  camera.policy.fault()
  camera.policy.full(before, [FACE])
  const id = camera.n
  camera.frames(6, [FACE], { full: null })
  for (let i = before - 1; i <= id; i++) assert.equal(camera.why(i), "checking")
  camera.policy.full(id, [FACE])
  camera.frames(6, [FACE])
  assert.equal(camera.why(camera.n - 4), "open")
})

test("rule 8: a fault while no frame waits is none the less one", () => {
  const camera = new Camera()
  camera.frames(20, [FACE])
  camera.wait(500)
  camera.policy.fault()
  const id = camera.frame([FACE], { full: null })
  camera.frames(5, [FACE], { full: null })
  assert.equal(camera.why(id), "checking")
})

test("rule 8: numbers that are none, sizes below nothing and hosts of boxes are faults", () => {
  const bad: Face[][] = [
    [{ ...FACE, x: Number.NaN }],
    [{ ...FACE, width: Number.POSITIVE_INFINITY }],
    [{ ...FACE, height: -1 }],
    [{ ...FACE, score: Number.NaN }],
    Array.from({ length: 300 }, () => FACE),
  ]
  for (const faces of bad) {
    const camera = new Camera()
    camera.frames(20, [FACE])
    const id = camera.frame(faces)
    camera.frames(6, [FACE], { full: null })
    assert.equal(camera.why(id), "checking")
    assert.equal(camera.why(id + 1), "checking")
  }
})

test("rule 8: frames of no size, without a brightness or a time are covered", () => {
  for (const change of [{ width: 0 }, { height: 0 }, { light: new Uint8Array(3).fill(100) }]) {
    const camera = new Camera()
    camera.frames(20, [FACE])
    const id = camera.frame([FACE], change)
    camera.frames(6, [FACE], { full: null })
    assert.equal(camera.why(id), "checking")
    assert.equal(camera.why(id + 1), "checking", "and the next one begins anew")
  }
  const policy = new Policy()
  policy.arrive({ id: 0, at: Number.NaN, width: WIDTH, height: HEIGHT, luma: still })
  policy.arrive({ id: 1, at: 5, width: WIDTH, height: HEIGHT, luma: still })
  assert.deepEqual(
    policy.release(1000).map(({ cover }) => cover.all),
    [true, true],
  )
})
