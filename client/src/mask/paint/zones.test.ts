import assert from "node:assert/strict"
import test from "node:test"
import type { Box, Point, Zone } from "../treatment.ts"
import { personBoxes } from "./person.ts"
import { zoneBoxes } from "./zones.ts"

const [W, H] = [64, 36]

function covered(boxes: readonly Box[]): Uint8Array {
  const pixels = new Uint8Array(W * H)
  for (const { x, y, width, height } of boxes) {
    for (const n of [x, y, width, height]) assert.ok(Number.isInteger(n) && n >= 0)
    assert.ok(x + width <= W && y + height <= H)
    for (let row = y; row < y + height; row++) pixels.fill(1, row * W + x, row * W + x + width)
  }
  return pixels
}

/** Whether a point lies in a polygon. */
const holds = (corners: readonly Point[], px: number, py: number): boolean => {
  let inside = false
  corners.forEach((a, i) => {
    const b = corners[(i + 1) % corners.length] ?? a
    if (a.y > py !== b.y > py && px < ((b.x - a.x) * (py - a.y)) / (b.y - a.y) + a.x) inside = !inside
  })
  return inside
}

/** How much of each pixel lies in a polygon, of 8 x 8 points. */
function touched({ corners }: Zone): Uint8Array {
  const pixels = new Uint8Array(W * H)
  for (let i = 0; i < W * 8; i++) {
    for (let j = 0; j < H * 8; j++) {
      if (!holds(corners, (i + 0.5) / (W * 8), (j + 0.5) / (H * 8))) continue
      const at = (j >> 3) * W + (i >> 3)
      pixels[at] = (pixels[at] ?? 0) + 1
    }
  }
  return pixels
}

/** Numbers that only look random, the same each time. */
function* numbers(): Generator<number, never> {
  for (let n = 1; ; n = (n * 48271) % 2147483647) yield n / 2147483647
}

function shapes(): Zone[] {
  const next = numbers()
  const one = (): Point => ({ x: next.next().value, y: next.next().value })
  return Array.from({ length: 25 }, (_, id) => {
    const centre = one()
    const count = 3 + (id % 6)
    const corners = Array.from({ length: count }, (__, i) => {
      const away = 0.1 + 0.4 * next.next().value
      const turn = (2 * Math.PI * i) / count
      return { x: centre.x + away * Math.cos(turn), y: centre.y + away * Math.sin(turn) }
    })
    return { id: id + 1, corners }
  })
}

test("every pixel that a zone touches is covered, and hardly any other", () => {
  for (const zone of shapes()) {
    const inside = touched(zone)
    const pixels = covered(zoneBoxes({ zones: [zone], inverse: false }, W, H))
    let more = 0
    pixels.forEach((on, i) => {
      if ((inside[i] ?? 0) > 0) assert.equal(on, 1, `zone ${zone.id}, pixel ${i % W}, ${Math.floor(i / W)}`)
      else more += on
    })
    assert.ok(more < 500, `zone ${zone.id} covers ${more} pixels too many`)
  }
})

test("everything except zones: no pixel is left open that is not wholly in one", () => {
  for (const zone of shapes()) {
    const inside = touched(zone)
    const pixels = covered(zoneBoxes({ zones: [zone], inverse: true }, W, H))
    let open = 0
    pixels.forEach((on, i) => {
      if (on === 0) assert.equal(inside[i], 64, `zone ${zone.id}, pixel ${i % W}, ${Math.floor(i / W)}`)
      open += 1 - on
    })
    const whole = inside.reduce((n, part) => n + (part === 64 ? 1 : 0), 0)
    assert.ok(open > whole * 0.4 - 40, `zone ${zone.id} leaves ${open} of ${whole}`)
  }
})

test("without a zone nothing is covered, and everything but nothing is everything", () => {
  assert.equal(covered(zoneBoxes({ zones: [], inverse: false }, W, H)).indexOf(1), -1)
  assert.equal(covered(zoneBoxes({ zones: [], inverse: true }, W, H)).indexOf(0), -1)
})

test("a person is covered wherever they are likely, and a block further", () => {
  const likely = new Uint8Array(8 * 4)
  likely[1 * 8 + 3] = 200
  const pixels = covered(personBoxes({ columns: 8, rows: 4, likely }, W, H))
  for (let y = 0; y < H; y++) {
    for (let x = 0; x < W; x++) {
      const near = x >= 24 - 8 && x < 32 + 8 && y >= 9 - 8 && y < 18 + 8
      if (near) assert.equal(pixels[y * W + x], 1, `${x}, ${y}`)
    }
  }
  assert.equal(pixels[H * W - 1], 0)
})

test("a silhouette that is too short covers what it does not tell", () => {
  const pixels = covered(personBoxes({ columns: 2, rows: 2, likely: Uint8Array.of(0, 0) }, W, H))
  assert.equal(pixels[H * W - 1], 1)
})
