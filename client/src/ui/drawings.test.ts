import assert from "node:assert/strict"
import test, { mock } from "node:test"
import type { Drawing } from "../call/state.ts"
import { Drawings, drawingsOf, type Subject } from "./drawings.ts"
import { even, spotlight } from "./grid.ts"

const subject = (person: string, more: Partial<Subject> = {}): Subject => ({ person, of: "camera", large: false, self: false, ...more })

test("heights are those of the pictures, in device pixels; the own one is left out", () => {
  const boxes = even(4, 1248, 640)
  const heights = drawingsOf([subject("me", { self: true }), subject("a"), subject("b"), subject("c")], {
    boxes,
    from: 0,
    height: 640,
    ratio: 2,
  })
  assert.deepEqual(
    heights.map((d) => d.person),
    ["a", "b", "c"],
  )
  for (const { height } of heights) assert.ok(Math.abs(height - 2 * (boxes[0]?.height ?? 0)) <= 2)
})

test("a picture that is shown whole is as high as its box allows; one that fills it, at least as high as the box", () => {
  const boxes = spotlight(2, 0, 1000, 900)
  const [large, other] = drawingsOf([subject("a", { large: true }), subject("b")], { boxes, from: 0, height: 900, ratio: 1 })
  assert.equal(large?.height, Math.round(((boxes[0]?.width ?? 0) * 9) / 16))
  assert.ok((other?.height ?? 0) >= (boxes[1]?.height ?? 0))
})

test("what the stage is scrolled past is not seen", () => {
  const boxes = even(40, 300, 400)
  const all = boxes.map((_, i) => subject(`p${i}`))
  const seen = (from: number): number[] =>
    drawingsOf(all, { boxes, from, height: 400, ratio: 1 }).flatMap(({ height }, i) => (height > 0 ? [i] : []))
  assert.equal(seen(0)[0], 0)
  assert.ok(!seen(0).includes(39))
  const bottom = (boxes.at(-1)?.y ?? 0) + (boxes.at(-1)?.height ?? 0)
  assert.ok(seen(bottom - 400).includes(39) && !seen(bottom - 400).includes(0))
  assert.deepEqual(
    drawingsOf(all, { boxes, from: 0, height: 0, ratio: 1 }).filter((d) => d.height > 0),
    [],
    "a stage that is not shown",
  )
})

test("whoever is on another page is not seen", () => {
  const told = drawingsOf([subject("a"), subject("b")], { boxes: even(1, 300, 400), from: 0, height: 400, ratio: 1 })
  assert.deepEqual(
    told.map(({ person, height }) => [person, height > 0]),
    [
      ["a", true],
      ["b", false],
    ],
  )
})

test("what changes all the time is told five times a second, and the last of it too", () => {
  mock.timers.enable({ apis: ["setTimeout"] })
  let height = 0
  const told: number[] = []
  const drawings = new Drawings(
    () => [{ person: "a", of: "camera", height, large: false } satisfies Drawing],
    (now) => void told.push(now[0]?.height ?? -1),
  )
  for (height = 100; height < 200; height++) {
    drawings.changed()
    mock.timers.tick(10)
  }
  height = 200
  drawings.changed()
  mock.timers.tick(500)
  assert.equal(told[0], 100, "the first at once")
  assert.equal(told.at(-1), 200)
  assert.ok(told.length <= 7, `${told.length} in a second`)
  drawings.changed()
  mock.timers.tick(500)
  assert.equal(told.filter((h) => h === 200).length, 1, "nothing is told twice")
  drawings.end()
  mock.timers.reset()
})

test("a page that is hidden for a while shows nothing; a glance elsewhere changes nothing", () => {
  mock.timers.enable({ apis: ["setTimeout"] })
  const told: number[] = []
  const drawings = new Drawings(
    () => [{ person: "a", of: "camera", height: 300, large: false } satisfies Drawing],
    (now) => void told.push(now[0]?.height ?? -1),
  )
  drawings.visible(true)
  drawings.visible(false)
  mock.timers.tick(3000)
  drawings.visible(true)
  mock.timers.tick(10_000)
  assert.deepEqual(told, [300])
  drawings.visible(false)
  mock.timers.tick(6000)
  assert.deepEqual(told, [300, 0])
  drawings.visible(true)
  assert.deepEqual(told, [300, 0, 300])
  drawings.end()
  mock.timers.reset()
})
