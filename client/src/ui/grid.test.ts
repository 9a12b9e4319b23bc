import assert from "node:assert/strict"
import test from "node:test"
import { type Box, capacity, even, GAP, grid, MOST_TILES, spotlight } from "./grid.ts"

/** Numbers that look random and are the same in every run (xorshift32). */
function random(seed: number): (from: number, to: number) => number {
  let x = seed
  return (from, to) => {
    x ^= x << 13
    x ^= x >>> 17
    x ^= x << 5
    return from + ((x >>> 0) % (to - from + 1))
  }
}

const apart = (a: Box, b: Box): boolean => a.x + a.width <= b.x || b.x + b.width <= a.x || a.y + a.height <= b.y || b.y + b.height <= a.y

function check(boxes: readonly Box[], w: number, what: string): void {
  boxes.forEach((a, i) => {
    assert.ok(a.width > 0 && a.height > 0, `${what}: tile ${i} is empty`)
    assert.ok(a.x >= 0 && a.y >= 0 && a.x + a.width <= w, `${what}: tile ${i} leaves the stage`)
    boxes.forEach((b, j) => {
      assert.ok(i >= j || apart(a, b), `${what}: tiles ${i} and ${j} overlap`)
    })
  })
}

const bottom = (boxes: readonly Box[]): number => Math.max(...boxes.map((b) => b.y + b.height))

test("tiles never overlap nor leave the stage sideways, and leave it below only when they are small", () => {
  const pick = random(1)
  for (let i = 0; i < 4000; i++) {
    const [n, w, h] = [pick(1, 40), pick(200, 2600), pick(120, 1600)]
    const boxes = even(n, w, h)
    assert.equal(boxes.length, n)
    check(boxes, w, `${n} in ${w}×${h}`)
    if (bottom(boxes) > h) assert.ok((boxes[0]?.width ?? 0) < 88 * 2 + GAP, `${n} in ${w}×${h} scrolls with large tiles`)
  }
})

test("a large tile and its strip never overlap", () => {
  const pick = random(2)
  for (let i = 0; i < 4000; i++) {
    const [n, w, h] = [pick(1, 26), pick(280, 2600), pick(240, 1600)]
    const large = pick(0, n - 1)
    const boxes = spotlight(n, large, w, h)
    assert.equal(boxes.length, n)
    check(boxes, w, `${n} in ${w}×${h}`)
    const area = (b: Box | undefined): number => (b === undefined ? 0 : b.width * b.height)
    boxes.forEach((b, j) => {
      assert.ok(j === large || area(b) < area(boxes[large]), `${n} in ${w}×${h}: tile ${j} is larger than the large one`)
    })
  }
})

test("on a wide stage tiles are 16:9 and no other number of columns would make them more than 3 % larger", () => {
  const pick = random(3)
  for (let i = 0; i < 4000; i++) {
    const [n, h] = [pick(1, 12), pick(400, 1400)]
    const w = pick(h, 2600)
    const { width, height } = grid(n, w, h)
    assert.ok(Math.abs(width / height - 16 / 9) < 0.03, `${n} in ${w}×${h}: ${width}×${height}`)
    for (let columns = 1; columns <= n; columns++) {
      const rows = Math.ceil(n / columns)
      const exact = Math.min((w - GAP * (columns - 1)) / columns, (((h - GAP * (rows - 1)) / rows) * 16) / 9)
      assert.ok(exact * exact <= width * width * 1.03, `${n} in ${w}×${h}: ${columns} columns are better`)
    }
  }
})

test("a large screen has 49 tiles on a page, a laptop more than 25, a phone far fewer", () => {
  assert.equal(capacity(1828, 880).even, MOST_TILES)
  const laptop = capacity(1274, 590).even
  assert.ok(laptop > 25 && laptop < MOST_TILES, `${laptop}`)
  const phone = capacity(374, 620).even
  assert.ok(phone >= 9 && phone <= 16, `${phone}`)
})

test("what a page has room for fits on it, and can be made out", () => {
  const pick = random(4)
  for (let i = 0; i < 4000; i++) {
    const [w, h] = [pick(560, 2600), pick(320, 1600)]
    const most = capacity(w, h)
    assert.ok(most.even >= 9 && most.even <= MOST_TILES && most.spotlight >= 10 && most.spotlight <= MOST_TILES)
    const boxes = even(most.even, w, h)
    assert.ok(bottom(boxes) <= h, `${most.even} in ${w}×${h}`)
    const { width, height } = boxes[0] ?? { width: 0, height: 0 }
    assert.ok(width * height >= 0.9 * 160 * 90, `${most.even} in ${w}×${h}: ${width}×${height}`)
  }
})

const usual: readonly [string, number, number, number, number, number][] = [
  ["two side by side on a desktop", 2, 1248, 640, 2, 1],
  ["four in a square", 4, 1248, 640, 2, 2],
  ["nine", 9, 1248, 640, 3, 3],
  ["twelve", 12, 1248, 640, 4, 3],
  ["two above one another on a phone", 2, 374, 680, 1, 2],
  ["four on a phone", 4, 374, 680, 2, 2],
]
for (const [name, n, w, h, columns, rows] of usual) {
  test(name, () => {
    const g = grid(n, w, h)
    assert.deepEqual([g.columns, g.rows], [columns, rows])
  })
}
