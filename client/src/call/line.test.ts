import assert from "node:assert/strict"
import test, { mock } from "node:test"
import { Line } from "./line.ts"

/** A line on a page of its own, where things happen as they are told to. */
function start() {
  mock.timers.enable({ apis: ["setTimeout", "setInterval"] })
  const sockets: { onclose?: (e: { code: number }) => void }[] = []
  const listeners = new Map<string, () => void>()
  let now = 0
  class FakeSocket {
    static readonly OPEN = 1
    readyState = 1
    onclose?: (e: { code: number }) => void
    constructor() {
      sockets.push(this)
    }
    send(): void {}
    close(): void {}
  }
  Object.assign(globalThis, {
    WebSocket: FakeSocket,
    performance: { now: () => now },
    addEventListener: (name: string, f: () => void) => listeners.set(name, f),
    removeEventListener: (name: string) => listeners.delete(name),
  })
  const said: string[] = []
  const line = new Line("wss://x/signaling", {
    message: () => undefined,
    lost: () => said.push("lost"),
    gone: (why) => said.push(why),
  })
  return {
    line,
    said,
    sockets,
    listeners,
    happen: (name: string) => listeners.get(name)?.(),
    lose: () => sockets.at(-1)?.onclose?.({ code: 1006 }),
    pass: (ms: number) => {
      now += ms
      mock.timers.tick(ms)
    },
    stop: () => {
      line.close()
      mock.timers.reset()
    },
  }
}

test("a broken connection is made anew at once, and sooner than planned once the device is online", () => {
  const s = start()
  s.lose()
  s.pass(0)
  assert.equal(s.sockets.length, 2)
  assert.deepEqual(s.said, ["lost"])
  s.lose()
  s.pass(200)
  assert.equal(s.sockets.length, 2, "then it waits")
  s.happen("online")
  assert.equal(s.sockets.length, 3)
  s.stop()
})

test("a page that is being left leaves the way back to the next one", () => {
  const s = start()
  s.happen("beforeunload")
  s.pass(100)
  s.lose()
  s.pass(5000)
  s.happen("online")
  assert.equal(s.sockets.length, 1, "it may go at any moment")
  s.pass(5000)
  assert.equal(s.sockets.length, 2, "it did not go")
  s.stop()
  assert.equal(s.listeners.size, 0, "and nothing of it is left")
})
