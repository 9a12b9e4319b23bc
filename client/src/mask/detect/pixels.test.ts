import assert from "node:assert/strict"
import test from "node:test"
import type { Pixels } from "../port.ts"
import { halved, Scaler } from "./pixels.ts"

/** A picture of one red value for each pixel. */
function red(width: number, height: number, value: (x: number, y: number) => number): Pixels {
  const data = new Uint8ClampedArray(width * height * 4)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) data[4 * (y * width + x)] = value(x, y)
  return { data, width, height }
}

test("half a picture is the mean of four pixels, without the odd ones", () => {
  const half = halved(red(5, 3, (x, y) => 10 * x + y))
  assert.deepEqual([half.width, half.height], [2, 1])
  assert.deepEqual([half.data[0], half.data[4]], [6, 26]) // 5.5 and 25.5
})

test("a picture is fitted in whole, in the middle, and the rest is empty", () => {
  const planes = new Float32Array(3 * 64)
  const fit = new Scaler(8, 8).fill(
    planes,
    red(16, 8, () => 200),
    1,
    -5,
  )
  assert.deepEqual(fit, { scale: 0.5, left: 0, top: 2 })
  const rows = Array.from({ length: 8 }, (_, y) => planes[y * 8 + 3])
  assert.deepEqual(rows, [-5, -5, 195, 195, 195, 195, -5, -5])
})

test("what is made smaller keeps its mean, whatever the sizes", () => {
  const picture = red(37, 23, (x, y) => (x * 7 + y * 13) % 256)
  const planes = new Float32Array(3 * 9 * 5)
  new Scaler(9, 5).fill(planes, picture, 1, 0, true)
  const mean = (of: ArrayLike<number>): number => Array.from(of).reduce((a, b) => a + b, 0) / of.length
  assert.ok(Math.abs(mean(planes.subarray(0, 45)) - mean(Array.from({ length: 37 * 23 }, (_, i) => picture.data[4 * i] ?? 0))) < 0.01)
})

test("what is made larger has no holes", () => {
  const planes = new Float32Array(3 * 64 * 36)
  new Scaler(64, 36).fill(
    planes,
    red(10, 7, () => 100),
    1,
    0,
    true,
  )
  assert.ok(planes.subarray(0, 64 * 36).every((v) => Math.abs(v - 100) < 0.01))
})
