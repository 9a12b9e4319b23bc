import assert from "node:assert/strict"
import test from "node:test"
import type { Pixels } from "./port.ts"
import { brightness, halvings, leaves, lit } from "./sight.ts"

function grey(width: number, height: number, value: (x: number, y: number) => number): Pixels {
  const data = new Uint8ClampedArray(width * height * 4)
  for (let i = 0; i < width * height; i++) data.fill(value(i % width, Math.floor(i / width)), i * 4, i * 4 + 3)
  return { data, width, height }
}

test("frames leave in their own size, or as large as 1280 x 720 in the same shape, in even numbers", () => {
  assert.deepEqual(leaves(640, 360), [640, 360])
  assert.deepEqual(leaves(1280, 720), [1280, 720])
  assert.deepEqual(leaves(1920, 1080), [1280, 720])
  assert.deepEqual(leaves(1080, 1920), [720, 1280])
  assert.deepEqual(leaves(1600, 1200), [960, 720])
  assert.deepEqual(leaves(641, 359), [642, 360])
})

test("a frame is drawn to no less than half its size at once", () => {
  assert.deepEqual(
    [320, 640, 1280, 1282, 1920, 2560, 3840].map((width) => halvings(width, 640)),
    [0, 0, 0, 1, 1, 1, 2],
  )
})

test("brightness is where it is in the picture", () => {
  const { luma } = brightness(grey(640, 360, (x, y) => (x < 320 ? 40 : 200) + (y < 180 ? 0 : 20)))
  assert.equal(luma.length, 32 * 18)
  assert.deepEqual([luma[0], luma[31], luma[17 * 32], luma[17 * 32 + 31]], [40, 200, 60, 220])
})

test("noise is what trembles everywhere, not an edge or a patterned jumper", () => {
  assert.equal(brightness(grey(640, 360, () => 90)).noise, 0)
  assert.equal(brightness(grey(640, 360, (x) => (x < 320 ? 0 : 255))).noise, 0)
  assert.equal(brightness(grey(640, 360, (x) => (x < 400 ? 90 : (x % 2) * 200))).noise, 0)
  assert.ok(brightness(grey(640, 360, (x, y) => 60 + ((x * 7 + y * 13) % 2) * 30)).noise > 20)
})

test("a dark picture is made brighter for the networks, and a bright one is left as it is", () => {
  const dark = grey(32, 18, (x) => x * 4)
  assert.equal(lit(dark, 1), dark)
  const { data } = lit(dark, 4)
  assert.deepEqual([data[4], data[4 * 10], data[4 * 31]], [16, 160, 255])
})
