import assert from "node:assert/strict"
import test from "node:test"
import { CAMERA, SCREEN } from "../../../e2ee/worker/port.ts"
import { type Claim, claim, type Occasion } from "./claims.ts"
import type { Drawing } from "./state.ts"

const drawn = (height: number, more: Partial<Drawing> = {}): Drawing => ({ person: "a", of: "camera", height, large: false, ...more })
const of = (drawing: Drawing | undefined, more: Partial<Occasion> = {}): string => {
  const { size, priority } = claim({ context: CAMERA, drawing, before: undefined, ...more })
  return `${size} ${priority}`
}

test("a picture is claimed as large as it is drawn", () => {
  const rows: readonly [number, string][] = [
    [90, "small low"],
    [225, "small low"],
    [226, "medium low"],
    [450, "medium low"],
    [451, "large low"],
    [2000, "large low"],
    [0, "small low"],
  ]
  for (const [height, expected] of rows) assert.equal(of(drawn(height)), expected, `${height} pixels`)
})

test("what is large comes first, then screens, then the others", () => {
  assert.equal(of(drawn(800, { large: true })), "large high")
  assert.equal(of(drawn(200, { of: "screen" }), { context: SCREEN }), "small medium")
  assert.equal(of(drawn(700, { of: "screen", large: true }), { context: SCREEN }), "large high")
  assert.equal(of(drawn(0, { large: true })), "small low", "nobody sees it")
})

test("before it is drawn: a screen is awaited large, and what was claimed stays", () => {
  assert.equal(of(undefined), "medium low")
  assert.equal(of(undefined, { context: SCREEN }), "large high")
  assert.equal(of(undefined, { before: { size: "small", priority: "high" } }), "small high")
})

test("a window that is resized by a little does not change anything", () => {
  let before: Claim | undefined
  const sizes: string[] = []
  for (const height of [440, 460, 440, 480, 500, 460, 440, 410, 390, 240, 210, 200, 230, 250]) {
    before = claim({ context: CAMERA, drawing: drawn(height), before })
    sizes.push(before.size)
  }
  const [m, l, s] = ["medium", "large", "small"] as const
  assert.deepEqual(sizes, [m, m, m, m, l, l, l, l, m, m, m, s, s, m])
})
