import assert from "node:assert/strict"
import test from "node:test"
import { Watchdog } from "./watchdog.ts"

const looks = (...all: [bytes: number, frames: number | null, passed: number, dropped?: number][]): boolean[] => {
  const dog = new Watchdog()
  return all.map(([bytes, frames, passed, dropped = 0]) =>
    dog.look([{ id: "x", ssrc: 1, bytes, frames }], [{ id: "x", ssrc: 1, came: passed + dropped, passed }]),
  )
}

test("frames that were all sealed are no alarm", () => {
  assert.deepEqual(looks([1000, 30, 30], [2000, 60, 61], [3000, 90, 90]), [false, false, false])
})

test("sending with a transform that never saw a frame is an alarm at the second look", () => {
  assert.deepEqual(looks([1000, 3, 0], [2000, 6, 0]), [false, true])
})

test("more frames sent than sealed is an alarm once they have had a look to be sealed in, and one more", () => {
  assert.deepEqual(looks([1000, 30, 30], [2000, 60, 40], [3000, 90, 40], [4000, 120, 40]), [false, false, false, true])
  assert.deepEqual(looks([1000, 40, 30], [1000, 40, 30], [1000, 40, 30]), [false, false, true], "a few are enough, and are not forgotten")
})

test("frames that wait for their turn on a slow machine are no alarm", () => {
  assert.deepEqual(looks([900, 40, 30], [1900, 70, 55], [2900, 100, 80], [3900, 130, 105]), [false, false, false, false])
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

test("each layer answers for itself: what others have sealed covers up nothing", () => {
  const sent = (frames: number): { id: string; ssrc: number; bytes: number; frames: number }[] =>
    [1, 2, 3].map((ssrc) => ({ id: "x", ssrc, bytes: frames * 100, frames }))
  const seen = (...passed: number[]) => passed.map((n, i) => ({ id: "x", ssrc: i + 1, came: n, passed: n }))
  const [honest, clear, unknown] = [new Watchdog(), new Watchdog(), new Watchdog()]
  const all = [30, 60, 90, 120].map((n) => [
    honest.look(sent(n), seen(n, n, n)),
    clear.look(sent(n), seen(2 * n, 2 * n, 10)),
    unknown.look(sent(n), seen(2 * n, 2 * n)),
  ])
  assert.deepEqual(all, [
    [false, false, false],
    [false, false, true],
    [false, true, true],
    [false, true, true],
  ])
})

test("a layer that stops, and goes on later, is no alarm", () => {
  const dog = new Watchdog()
  for (const [small, large] of [
    [30, 30],
    [60, 31],
    [90, 31],
    [120, 60],
  ] as const) {
    const sent = [
      { id: "x", ssrc: 1, bytes: 10 * small, frames: small },
      { id: "x", ssrc: 2, bytes: 90 * large, frames: large },
    ]
    assert.equal(
      dog.look(
        sent,
        sent.map(({ id, ssrc, frames }) => ({ id, ssrc, came: frames, passed: frames })),
      ),
      false,
    )
  }
})
