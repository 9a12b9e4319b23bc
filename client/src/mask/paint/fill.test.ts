import assert from "node:assert/strict"
import test from "node:test"
import type { Box, Fill } from "../treatment.ts"
import { BLOCK, block, Filler, type Surface } from "./fill.ts"

/** Notes every rectangle, and paints it into pixels. */
class Page implements Surface {
  fillStyle: string | CanvasGradient | CanvasPattern = ""
  readonly pixels: string[] = Array.from({ length: 100 * 60 }, () => "seen")
  round = 0
  fillRect(x: number, y: number, width: number, height: number): void {
    for (const n of [x, y, width, height]) assert.ok(Number.isInteger(n), "an edge within a pixel would blend")
    for (let row = Math.max(0, y); row < Math.min(60, y + height); row++)
      for (let column = Math.max(0, x); column < Math.min(100, x + width); column++)
        this.pixels[row * 100 + column] = String(this.fillStyle)
  }
  beginPath(): void {}
  ellipse(): void {}
  fill(): void {
    this.round++
  }
}

const FILLS: readonly Fill[] = ["pattern", "flat", "avatar"]
const painted = (fill: Fill, box: Box, track = 1, seed = 7): Page => {
  const page = new Page()
  new Filler(seed).box(page, box, fill, track)
  return page
}

test("every pixel that a box touches is painted, opaque, and no other", () => {
  for (const fill of FILLS) {
    const { pixels } = painted(fill, { x: 10.6, y: 5.2, width: 40.5, height: 30.1 })
    pixels.forEach((pixel, i) => {
      const [x, y] = [i % 100, Math.floor(i / 100)]
      const inside = x >= 10 && x < 52 && y >= 5 && y < 36
      assert.equal(pixel !== "seen", inside, `${fill} at ${x}, ${y}`)
      if (inside) assert.match(pixel, /^#[0-9a-f]{6}$/)
    })
  }
})

test("a fill moves with its mask and stays the same, for its track and this seed alone", () => {
  const at = (x: number, track: number, seed: number): string[] =>
    painted("pattern", { x, y: 0, width: 48, height: 48 }, track, seed).pixels.filter((p) => p !== "seen")
  assert.deepEqual(at(0, 1, 7), at(16, 1, 7))
  assert.notDeepEqual(at(0, 1, 7), at(0, 2, 7))
  assert.notDeepEqual(at(0, 1, 7), at(0, 1, 8))
})

test("all colours of the palette occur about as often", () => {
  const counts = new Map<string, number>()
  for (let i = 0; i < 6000; i++) {
    const colour = block(12345, 3, i % 77, Math.floor(i / 77))
    counts.set(colour, (counts.get(colour) ?? 0) + 1)
  }
  assert.equal(counts.size, 6)
  for (const n of counts.values()) assert.ok(n > 800 && n < 1200, String(n))
})

test("a box beyond the frame's edges is painted as far as there is a frame", () => {
  for (const fill of FILLS) {
    const { pixels } = painted(fill, { x: -BLOCK * 2, y: -8, width: 200, height: 100 })
    assert.ok(pixels.every((p) => p !== "seen"))
  }
})

test("an avatar stands where a face was, and not on what belongs to none", () => {
  const box = { x: 0, y: 0, width: 64, height: 48 }
  assert.equal(painted("avatar", box).round, 2)
  assert.equal(painted("avatar", box, 0).round, 0)
})
