import assert from "node:assert/strict"
import test from "node:test"
import { COVER_MS, LOADING_MS, Silence, STOP_MS, Tries } from "./silence.ts"

test("a worker that is silent is covered for, and given up", () => {
  const silence = new Silence(0)
  silence.ready(1000)
  assert.equal(silence.look(1000 + COVER_MS - 1), "well")
  assert.equal(silence.look(1000 + COVER_MS), "cover")
  assert.equal(silence.look(1000 + STOP_MS - 1), "cover")
  assert.equal(silence.look(1000 + STOP_MS), "stop")
  silence.hear(1000 + STOP_MS)
  assert.equal(silence.look(1001 + STOP_MS), "well")
})

test("after a page has stood still itself, what waits to be heard is heard before anything is given up", () => {
  const silence = new Silence(0)
  silence.ready(0)
  const woken = 60_000
  assert.equal(silence.look(woken), "cover")
  assert.equal(silence.look(woken + 1), "cover", "still silent")
  assert.equal(silence.look(woken + STOP_MS - COVER_MS), "stop", "and for good")
  silence.hear(2 * woken - 1)
  assert.equal(silence.look(2 * woken), "well")
})

test("one that loads has longer, but not for ever", () => {
  const silence = new Silence(0)
  assert.equal(silence.look(LOADING_MS - 1), "well")
  silence.hear(LOADING_MS - 1)
  assert.equal(silence.look(LOADING_MS), "well")
  assert.equal(silence.look(2 * LOADING_MS), "stop")
})

test("what broke begins anew after 1, 5 and then 20 s", () => {
  const tries = new Tries()
  assert.deepEqual(
    [10, 20, 30, 40].map((now) => tries.failed(now)),
    [1000, 5000, 20_000, 20_000],
  )
})

test("after a good minute it is the first failure again, sooner it is not", () => {
  const tries = new Tries()
  tries.failed(0)
  tries.good(1000)
  assert.equal(tries.failed(2000), 5000)
  tries.good(3000)
  assert.equal(tries.failed(63_000), 1000)
})
