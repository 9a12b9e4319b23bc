import assert from "node:assert/strict"
import test from "node:test"
import { CAMERA_LADDER, cameraBudget, encodings, linesOf, SCREEN_BUDGET, SCREEN_LADDER, type Sending, type Size, wayOf } from "./quality.ts"

const camera: Sending = {
  way: "simulcast",
  ladder: CAMERA_LADDER,
  budget: cameraBudget(2),
  captured: 720,
  wanted: "large",
  scalable: true,
}

/** Lines of what is sent of a source. */
const heights = (sending: Sending): number[] =>
  encodings(sending)
    .filter((e) => e.active)
    .map((e) => sending.captured / e.scaleResolutionDownBy)

test("a camera is sent in three layers, the smallest first, each twice as high as the one before", () => {
  assert.deepEqual(heights(camera), [180, 360, 720])
  const all = encodings(camera)
  assert.deepEqual(
    all.map((e) => e.rid),
    ["q", "h", "f"],
  )
  for (const [i, [least, most]] of [
    [120_000, 155_000],
    [400_000, 510_000],
    [1_500_000, 1_700_000],
  ].entries()) {
    const rate = all[i]?.maxBitrate ?? 0
    assert.ok(least !== undefined && most !== undefined && least <= rate && rate <= most, `${rate} bit/s of layer ${i}`)
  }
})

test("what nobody wants is not encoded", () => {
  const rows: readonly [Size, readonly number[]][] = [
    ["none", []],
    ["small", [180]],
    ["medium", [180, 360]],
    ["large", [180, 360, 720]],
  ]
  for (const [wanted, lines] of rows) {
    assert.deepEqual(heights({ ...camera, wanted }), lines)
    const svc = encodings({ ...camera, way: "svc", wanted })
    assert.equal(svc.length, 1)
    assert.equal(svc[0]?.active, wanted !== "none")
    if (wanted !== "none") assert.equal(720 / (svc[0]?.scaleResolutionDownBy ?? 0), lines.at(-1))
  }
})

test("spatial layers: as many as are wanted, in one stream", () => {
  const modes = (["small", "medium", "large"] as const).map((wanted) => encodings({ ...camera, way: "svc", wanted })[0]?.scalabilityMode)
  assert.deepEqual(modes, ["L1T3", "L2T3_KEY", "L3T3_KEY"])
  assert.equal(encodings({ ...camera, way: "svc" })[0]?.rid, undefined)
  assert.equal(encodings({ ...camera, way: "svc", captured: 360 })[0]?.scalabilityMode, "L2T3_KEY")
})

test("one layer alone is the largest that is wanted", () => {
  for (const [wanted, lines] of [
    ["none", []],
    ["small", [180]],
    ["large", [720]],
  ] as const) {
    assert.deepEqual(heights({ ...camera, way: "single", wanted }), lines)
    const [only] = encodings({ ...camera, way: "single", wanted })
    assert.ok(only !== undefined && !("rid" in only) && !("scalabilityMode" in only))
  }
})

test("spatial layers where the browser makes them, one layer where several come out wrong", () => {
  const ways = (codec: "VP8" | "VP9" | "AV1"): string[] =>
    [true, false].flatMap((scalable) => [true, false].map((screen) => wayOf(codec, { scalable, screen })))
  assert.deepEqual(ways("VP8"), ["simulcast", "simulcast", "simulcast", "simulcast"])
  assert.deepEqual(ways("VP9"), ["simulcast", "svc", "single", "single"])
  assert.deepEqual(ways("AV1"), ["simulcast", "svc", "simulcast", "simulcast"])
})

test("a small camera has fewer layers, and its sizes mean the same", () => {
  assert.deepEqual(heights({ ...camera, captured: 360 }), [180, 360])
  assert.deepEqual(heights({ ...camera, captured: 360, wanted: "medium" }), [180, 360])
  assert.deepEqual(heights({ ...camera, captured: 360, wanted: "small" }), [180])
  assert.deepEqual(heights({ ...camera, captured: 240 }), [240])
  assert.deepEqual(heights({ ...camera, captured: 240, wanted: "none" }), [])
})

test("there are always as many encodings as were negotiated, and none is ever scaled up", () => {
  for (const ladder of [CAMERA_LADDER, SCREEN_LADDER]) {
    for (const wanted of ["none", "small", "medium", "large"] as const) {
      for (let captured = 0; captured < 3000; captured += 37) {
        const all = encodings({ ...camera, ladder, captured, wanted })
        assert.equal(all.length, ladder.rids.length)
        assert.ok(all.every((e) => e.scaleResolutionDownBy >= 1 && e.maxBitrate > 0))
        assert.equal(all[0]?.active, wanted !== "none")
      }
    }
  }
})

test("a camera of more lines than the budget is scaled down; one not known yet counts as large", () => {
  assert.deepEqual(heights({ ...camera, captured: 1440 }), [180, 360, 720])
  assert.deepEqual(encodings({ ...camera, captured: 0 }), encodings(camera))
})

test("a screen has all its lines, and half of them where these can still be read", () => {
  const screen = { ...camera, ladder: SCREEN_LADDER, budget: SCREEN_BUDGET }
  assert.deepEqual(heights({ ...screen, captured: 1080 }), [540, 1080])
  assert.deepEqual(heights({ ...screen, captured: 720 }), [360, 720])
  assert.deepEqual(heights({ ...screen, captured: 600 }), [600])
  assert.deepEqual(heights({ ...screen, captured: 1080, wanted: "small" }), [540])
})

test("a browser that knows no scalability modes is not told of any", () => {
  for (const e of encodings({ ...camera, scalable: false })) assert.equal("scalabilityMode" in e, false)
})

test("pictures of all shapes are counted by their pixels", () => {
  assert.equal(linesOf(1280, 720), 720)
  assert.equal(linesOf(720, 1280), 720)
  assert.equal(linesOf(960, 540), 540)
  assert.equal(linesOf(undefined, 720), 0)
})

test("the more people, the less each camera may send", () => {
  const budgets = [2, 13, 31].map(cameraBudget)
  for (const [i, b] of budgets.entries()) {
    const next = budgets[i + 1]
    if (next !== undefined) assert.ok(next.maxBitrate < b.maxBitrate && next.lines <= b.lines)
  }
})
