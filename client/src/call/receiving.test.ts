import assert from "node:assert/strict"
import test, { mock } from "node:test"
import { Receiving } from "./receiving.ts"
import type { Wanted } from "./room.ts"
import type { Wish } from "./slots.ts"
import type { Showing, Subscribe } from "./subscribe.ts"

/** A subscribe connection of which the test says how far it is. */
class FakeSubscribe {
  alive = false
  closed = false
  retired = false
  shows: Wanted[] = []
  wishes = 0
  repeated = 0
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
  want = (): void => void this.wishes++
  offered = async (): Promise<void> => undefined
  opened = (): void => undefined
  repeat = (): void => void this.repeated++
  hears = (person: string): boolean => this.shows.some((w) => w.person === person && w.kind === "audio")
  speaker = (id: string): Wanted | null => (id.startsWith(this.name) ? (this.shows[0] ?? null) : null)
  showing = (): Showing[] => this.shows.map((wanted) => ({ wanted, stream: this.name as unknown as MediaStream }))
  retire = (): void => {
    this.retired = true
  }
  close = (): void => {
    this.closed = true
  }
}

const picture = (leaf: number): Wanted => ({ person: `p${leaf}`, leaf, context: 1, mid: "1", kind: "video" })
const sound = (leaf: number): Wanted => ({ person: `p${leaf}`, leaf, context: 0, mid: "0", kind: "audio" })
const wish = (...wanted: Wanted[]): Wish => ({
  wanted,
  claimOf: () => ({ size: "small", priority: "low" }),
  seen: () => true,
  voiceOf: () => 0,
})

function start() {
  const made: FakeSubscribe[] = []
  const asked: number[] = []
  const receiving = new Receiving(
    () => {
      const one = new FakeSubscribe(`s${made.length}`)
      made.push(one)
      return one as unknown as Subscribe
    },
    { subscribe: (pictures) => void asked.push(pictures), changed: () => undefined },
  )
  const plays = (): string[] => receiving.showing().map((s) => `${s.wanted.kind} ${s.wanted.person} ${String(s.stream)}`)
  const nth = (i: number): FakeSubscribe => {
    const one = made[i]
    assert.ok(one)
    return one
  }
  return { receiving, made, asked, plays, nth }
}

test("49 slots are asked for once more than 25 pictures are seen, and from then on", () => {
  const s = start()
  s.receiving.start()
  s.receiving.want(wish(), 25)
  assert.deepEqual(s.asked, [25])
  s.receiving.want(wish(), 26)
  assert.deepEqual(s.asked, [25, 49])
  s.receiving.want(wish(), 3)
  s.receiving.want(wish(), 48)
  assert.deepEqual(s.asked, [25, 49], "nothing goes back and forth")
  s.receiving.start() // it was lost
  assert.deepEqual(s.asked, [25, 49, 49])
  s.receiving.close()
})

test("who comes into a call that shows more from the start asks once", () => {
  const s = start()
  s.receiving.want(wish(), 40)
  s.receiving.start()
  assert.deepEqual(s.asked, [49])
  assert.equal(s.nth(0).wishes, 1, "what is wanted is wanted of the connection that comes later, too")
  s.receiving.close()
})

test("the new connection takes over when it is there: sound at once, pictures as they move", () => {
  mock.timers.enable({ apis: ["setTimeout"] })
  const s = start()
  s.receiving.want(wish(sound(1), picture(1), picture(2)), 2)
  s.receiving.start()
  const old = s.nth(0)
  old.alive = true
  old.shows = [sound(1), picture(1), picture(2)]
  const all = ["audio p1 s0", "video p1 s0", "video p2 s0"]
  assert.deepEqual(s.plays(), all)

  s.receiving.want(wish(sound(1), picture(1), picture(2)), 26)
  s.receiving.offered("v=0")
  const next = s.nth(1)
  assert.ok(old.retired && !old.closed)
  next.shows = [sound(1)] // it has a slot, and nothing comes yet
  assert.deepEqual(s.plays(), all)
  assert.ok(s.receiving.hears("p1"))
  assert.equal(s.receiving.speaker("s0.1")?.person, "p1")

  next.alive = true
  assert.deepEqual(s.plays(), ["audio p1 s1", "video p1 s0", "video p2 s0"])
  next.shows = [sound(1), picture(1)]
  assert.deepEqual(s.plays(), ["audio p1 s1", "video p1 s1", "video p2 s0"])
  s.receiving.want(wish(sound(1), picture(1)), 1)
  assert.deepEqual(s.plays(), ["audio p1 s1", "video p1 s1"], "who has left does not stay as a picture")
  mock.timers.tick(3000)
  assert.ok(old.closed)
  assert.deepEqual(s.plays(), ["audio p1 s1", "video p1 s1"])
  s.receiving.close()
  assert.ok(next.closed)
  mock.timers.reset()
})

test("what was lost shows nothing, and is closed when the server has answered", () => {
  const s = start()
  s.receiving.want(wish(picture(1)), 1)
  s.receiving.start()
  s.nth(0).shows = [picture(1)]
  s.receiving.revive() // it is not alive
  assert.deepEqual(s.plays(), [])
  assert.ok(!s.nth(0).closed)
  s.receiving.offered("v=0")
  assert.ok(s.nth(0).closed)
  s.nth(1).alive = true
  s.receiving.revive()
  assert.deepEqual([s.made.length, s.nth(1).repeated], [2, 1])
  s.receiving.close()
})
