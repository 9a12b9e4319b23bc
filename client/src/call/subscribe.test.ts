import assert from "node:assert/strict"
import test, { mock } from "node:test"
import type { ToMedia } from "../../../e2ee/worker/port.ts"
import { type Claim, SOUND } from "./claims.ts"
import type { Wanted } from "./room.ts"
import { chosen, type Slot } from "./slots.ts"
import { Subscribe } from "./subscribe.ts"
import { Voices } from "./voices.ts"

class FakeConnection {
  static last: FakeConnection
  connectionState = "connected"
  ontrack: ((event: object) => void) | null = null
  constructor() {
    FakeConnection.last = this
  }
  setRemoteDescription = async () => undefined
  createAnswer = async () => ({ type: "answer", sdp: "v=0\r\n" })
  setLocalDescription = async () => undefined
  close(): void {}
}

const wanted = (person: string, leaf: number) => ({ person, leaf, context: 1, mid: "1", kind: "video" }) as const

/** A connection with video slots of these media ids. */
async function start(...mids: string[]) {
  Object.assign(globalThis, {
    RTCPeerConnection: FakeConnection,
    RTCRtpScriptTransform: class {},
    MediaStream: class {},
  })
  const binds: Extract<ToMedia, { do: "bind" }>[] = []
  const watches: string[] = []
  const subscribe = new Subscribe({} as Worker, (m) => m.do === "bind" && binds.push(m), {
    answer: () => undefined,
    watch: (slot, w, { size, priority }) => void watches.push(`${slot} ${w === null ? "" : `${w.person} ${size} ${priority}`}`),
    changed: () => undefined,
    failed: () => undefined,
  })
  const track = (mid: string): void => FakeConnection.last.ontrack?.({ transceiver: { mid, receiver: {} }, track: { kind: "video" } })
  for (const mid of mids) track(mid)
  await subscribe.offered("v=0\r\n")
  const people = (): string[] => subscribe.showing().map((s) => s.wanted.person)
  const want = (all: readonly Wanted[], claims: Readonly<Record<string, Claim>> = {}): void =>
    subscribe.want({ wanted: all, claimOf: (w) => claims[w.person] ?? PLAIN, seen: () => true, voiceOf: () => 0 })
  return { subscribe, binds, watches, track, people, want }
}

/** How many messages may be sent from now on until it is asked: the machine may be slow. */
function allowance(): () => number {
  const since = performance.now()
  return () => 101 + (25 * (performance.now() - since)) / 1000
}

const PLAIN: Claim = { size: "medium", priority: "low" }
const GRAND: Claim = { size: "large", priority: "high" }

test("a slot shows one person, however often the server offers it", async () => {
  const { subscribe, want, binds, track, people } = await start("1")
  track("1")
  want([wanted("anna", 1), wanted("bert", 2)])
  assert.deepEqual(
    binds.map((b) => b.from?.leaf),
    [1],
  )
  subscribe.opened(binds[0]?.id ?? "", 1)
  assert.deepEqual(people(), ["anna"])
  subscribe.close()
})

test("a frame of whoever was bound before does not show the slot of the next", async () => {
  const { subscribe, want, binds, people } = await start("1")
  want([wanted("anna", 1)])
  want([wanted("bert", 2)])
  const last = binds.at(-1)
  assert.ok(last)
  subscribe.opened(last.id, last.turn - 1) // was on its way
  assert.deepEqual(people(), [])
  subscribe.opened(last.id, last.turn)
  assert.deepEqual(people(), ["bert"])
  subscribe.close()
})

test("somebody who turns tracks on and off all the time does not make this person flood the server", async () => {
  const { subscribe, want, binds, watches } = await start("1", "2", "3", "4")
  const most = allowance()
  for (let i = 0; i < 500; i++) want(i % 2 === 0 ? [wanted("anna", 1)] : [])
  assert.equal(binds.length, 500, "frames follow at once")
  assert.ok(watches.length <= most(), `${watches.length} messages at once`)
  subscribe.close()
})

test("another size is told for the slot that shows the picture, which goes on", async () => {
  const { subscribe, want, binds, watches, people } = await start("1", "2")
  want([wanted("anna", 1), wanted("bert", 2)])
  for (const { id, turn } of binds) subscribe.opened(id, turn)
  assert.deepEqual(watches.splice(0), ["1 anna medium low", "2 bert medium low"])
  want([wanted("anna", 1), wanted("bert", 2)], { bert: GRAND })
  assert.deepEqual(watches.splice(0), ["2 bert large high"])
  want([wanted("anna", 1), wanted("bert", 2)], { bert: GRAND })
  assert.deepEqual(watches.splice(0), [], "nothing is told twice")
  assert.equal(binds.length, 2, "no slot is bound anew")
  assert.deepEqual(people().sort(), ["anna", "bert"])
  subscribe.repeat()
  assert.deepEqual(watches.splice(0).sort(), ["1 anna medium low", "2 bert large high"], "what may have been lost is told again")
  want([])
  want([wanted("bert", 2)])
  assert.ok(watches.some((w) => /bert medium low$/.test(w)))
  subscribe.close()
})

test("sizes that change all the time do not flood the server, and the last one is told", async () => {
  mock.timers.enable({ apis: ["setTimeout"] })
  const { subscribe, want, watches } = await start("1")
  const most = allowance()
  for (let i = 0; i < 500; i++) want([wanted("anna", 1)], i % 2 === 0 ? {} : { anna: GRAND })
  assert.ok(watches.length <= most(), `${watches.length} messages at once`)
  mock.timers.reset()
  subscribe.close()
})

test("when there are more pictures than slots, the important ones are shown, and those that are shown stay", () => {
  const slot = (mid: string, shows: Wanted | null): Slot => ({ mid, kind: "video", shows })
  const [anna, bert, carl, dora] = ["anna", "bert", "carl", "dora"].map((p, i) => wanted(p, i))
  assert.ok(anna && bert && carl && dora)
  const all = [anna, bert, carl, dora]
  const pick = (slots: readonly Slot[], claims: Readonly<Record<string, Claim>>): string[] =>
    chosen(slots, { wanted: all, claimOf: (w) => claims[w.person] ?? PLAIN, seen: () => true, voiceOf: () => 0 }).map((w) => w.person)
  const two = [slot("1", null), slot("2", null)]
  assert.deepEqual(pick(two, {}), ["anna", "bert"])
  assert.deepEqual(pick([slot("1", carl), slot("2", dora)], {}), ["carl", "dora"], "nobody is put out without need")
  assert.deepEqual(pick([slot("1", carl), slot("2", dora)], { anna: GRAND }), ["anna", "carl"])
  assert.deepEqual(pick([slot("1", carl), slot("2", dora)], { dora: { size: "small", priority: "low" } }), ["anna", "carl"])
  assert.deepEqual(pick([...two, slot("3", null), slot("4", null)], {}), ["anna", "bert", "carl", "dora"])
})

test("pictures that nobody sees come last, and have no slots beyond the usual ones", () => {
  const people = Array.from({ length: 60 }, (_, i) => wanted(`p${i}`, i))
  const pick = (slots: number, shown: readonly Wanted[], seen: (i: number) => boolean): number[] => {
    const all = Array.from({ length: slots }, (_, i): Slot => ({ mid: `${i}`, kind: "video", shows: shown[i] ?? null }))
    const got = chosen(all, { wanted: people, claimOf: () => PLAIN, seen: (w) => seen(w.leaf), voiceOf: () => 0 })
    return got.map((w) => w.leaf)
  }
  const from = (first: number, last: number): number[] => Array.from({ length: last - first + 1 }, (_, i) => first + i)
  assert.deepEqual(
    pick(25, [], () => true),
    from(0, 24),
  )
  assert.deepEqual(
    pick(25, people, (i) => i >= 35),
    from(35, 59),
    "a page is turned: what is on it goes before what was shown",
  )
  assert.deepEqual(
    pick(25, people, (i) => i < 9),
    from(0, 24),
    "what is not seen may wait where there is room",
  )
  assert.deepEqual(
    pick(49, people, (i) => i < 48),
    from(0, 47),
  )
  assert.deepEqual(
    pick(49, people, (i) => i >= 50),
    [...from(0, 14), ...from(50, 59)],
    "on the last page",
  )
})

test("when more microphones are open than there are slots, those are heard who spoke last", () => {
  const slot = (mid: string, shows: Wanted | null): Slot => ({ mid, kind: "audio", shows })
  const sounds = ["anna", "bert", "carl", "dora"].map((p, i): Wanted => ({ ...wanted(p, i), context: 0, kind: "audio" }))
  const [anna, bert, carl] = sounds
  assert.ok(anna && bert && carl)
  const voices = new Voices()
  const pick = (now: number, ...slots: readonly Slot[]): string[] =>
    chosen(slots, { wanted: sounds, claimOf: () => SOUND, seen: () => true, voiceOf: (w) => voices.claim(w.person, now) }).map(
      (w) => w.person,
    )
  const shown = [slot("1", bert), slot("2", carl)]
  assert.deepEqual(pick(0, slot("1", null), slot("2", null)), ["anna", "bert"])
  assert.deepEqual(pick(0, ...shown), ["bert", "carl"], "nobody is put out without need")
  voices.hear("carl", 1000)
  voices.tell("anna", 5000)
  assert.deepEqual(pick(5000, ...shown), ["anna", "carl"], "who spoke longest ago makes room")
  voices.tell("bert", 7000)
  voices.tell("dora", 7000)
  voices.hear("carl", 6500)
  assert.deepEqual(pick(7000, slot("1", anna), slot("2", carl)), ["bert", "carl"], "whoever speaks is not cut off")
  assert.deepEqual([...voices.speaking(7000)], ["carl"])
  voices.keep(new Set(["bert"]))
  assert.deepEqual([...voices.speaking(7000)], [])
  assert.deepEqual(pick(7000, slot("1", anna), slot("2", carl)), ["anna", "bert"], "whoever left is forgotten")
})
