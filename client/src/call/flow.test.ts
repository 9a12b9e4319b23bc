import assert from "node:assert/strict"
import test, { mock } from "node:test"
import { Backoff, Flow } from "./flow.ts"
import { Greetings } from "./greetings.ts"

test("a flow allows so many at once, and then so many a second", () => {
  const flow = new Flow(10, 3)
  assert.deepEqual([flow.wait(0), flow.wait(0), flow.wait(0)], [0, 0, 0])
  assert.equal(flow.wait(0), 100)
  assert.equal(flow.wait(50), 50)
  assert.equal(flow.wait(100), 0)
  assert.equal(flow.wait(100), 100)
  assert.deepEqual([flow.wait(9000), flow.wait(9000), flow.wait(9000)], [0, 0, 0])
  assert.ok(flow.wait(9000) > 0)
})

test("a backoff doubles up to its longest", () => {
  const backoff = new Backoff(10, 30)
  const times = Array.from({ length: 200 }, (_, now) => now).filter((now) => backoff.due(now))
  assert.deepEqual(times, [0, 10, 30, 60, 90, 120, 150, 180])
})

test("somebody who comes and goes all the time cannot make this person flood the server", () => {
  mock.timers.enable({ apis: ["setTimeout"] })
  let now = 0
  const said: (string | null)[] = []
  const greetings = new Greetings(
    (to) => said.push(to),
    () => now,
  )
  greetings.greet(["anna"])
  greetings.greet(["bert", "carl"])
  assert.deepEqual(said, ["anna", "bert", "carl"], "a few at once")
  greetings.greet(["a", "b", "c", "d", "e", "f", "g"])
  assert.deepEqual(said.splice(0), ["anna", "bert", "carl", null], "many with one message")
  for (let i = 0; i < 1000; i++) {
    now += 10
    greetings.greet([`p${i % 50}`])
    mock.timers.tick(10)
  }
  assert.ok(said.length <= 20 + 5 * 10, `${said.length} in ten seconds`)
  greetings.greet(["late"])
  now += 5000
  mock.timers.tick(5000)
  assert.ok(said.includes("late") || said.at(-1) === null, "nobody is forgotten")
  const before = said.length
  greetings.greet(null)
  greetings.stop()
  now += 5000
  mock.timers.tick(5000)
  assert.ok(said.length <= before + 1)
  mock.timers.reset()
})
