/** What the server could learn if it listened to every packet: nothing, whatever happens to transforms and keys. */

import assert from "node:assert/strict"
import test, { after } from "node:test"
import { Browsers, KINDS } from "./harness/browsers.ts"
import { ask, chooseCodec, inCall, Meeting, turn } from "./harness/meeting.ts"
import type { Person } from "./harness/person.ts"
import { type Heard, Server, TAPPED } from "./harness/server.ts"

const browsers = new Browsers()

after(() => browsers.close())

/** Runs a case on a fresh tapped server. */
async function tapped(run: (server: Server, meeting: Meeting) => Promise<void>): Promise<void> {
  const server = await Server.start({ binary: TAPPED })
  try {
    await run(server, new Meeting(server, browsers))
    await server.stop()
  } finally {
    server.kill()
  }
}

const video = (h: Heard): boolean => h.codec !== "opus"
const sum = (all: readonly Heard[], of: (h: Heard) => number): number => all.reduce((n, h) => n + of(h), 0)

/** Frames that this person has sealed. */
const sealed = async (person: Person): Promise<number> =>
  (await person.counts()).filter((c) => c.side === "send" && /^p\d+\./.test(c.id)).reduce((n, c) => n + c.passed, 0)

/** Frames that this person has opened. */
const opened = async (person: Person): Promise<number> =>
  (await person.counts()).filter((c) => c.side === "receive" && /^s\d+\./.test(c.id)).reduce((n, c) => n + c.passed, 0)

/** Nothing clear has been heard, and what was heard looks like chance behind its headers. */
function blind(all: readonly Heard[]): void {
  for (const h of all) {
    assert.equal(h.clear, 0, `frames that are not sealed: ${JSON.stringify(h)}`)
    assert.equal(h.marked, 0, `marks of clear frames: ${JSON.stringify(h)}`)
    assert.ok(h.chance < 60, `the first bytes of ciphertext have a pattern: ${JSON.stringify(h)}`)
    for (const size of h.sizes) assert.equal(size % 96, 0, "audio is padded")
    assert.ok(h.sizes.length <= 2, `sizes of audio tell nothing: ${h.sizes}`)
  }
}

for (const codec of ["VP8", "VP9", "AV1"] as const) {
  test(`the server hears every frame of ${codec} and Opus sealed, and no other`, async () => {
    await tapped(async (server, meeting) => {
      const ada = await meeting.host("chromium", { number: 91, name: "Ada" }, {})
      const bob = await meeting.guest("firefox", { number: 92, name: "Bob" }, {})
      for (const person of [ada, bob]) {
        await person.seesPeople("Ada", "Bob")
        await chooseCodec(person, codec)
      }
      for (let i = 0; i < 2; i++) {
        for (const person of [ada, bob]) await person.click("Turn on camera")
        for (const person of [ada, bob]) await person.click("Turn off camera")
      }
      for (const person of [ada, bob]) {
        await turn(person, "camera", true)
        await turn(person, "microphone", true)
      }
      await ada.sees(bob)
      await bob.sees(ada)
      await ada.until("enough is sent to judge", async () => {
        const all = await server.heard()
        const of = (kind: boolean): Heard[] => all.filter((h) => video(h) === kind && h.sealed >= 60)
        return of(true).length >= 2 && of(false).length >= 2
      })
      // Whatever reached anybody was heard: no stream passes the tap by.
      const reached = (await opened(ada)) + (await opened(bob))
      const all = await server.heard()
      const heard = sum(all, (h) => h.sealed + h.torn)
      assert.ok(reached <= heard + sum(all, (h) => h.late), `${reached} frames were opened, but ${JSON.stringify(all)} was heard`)
      // Whatever was heard had been sealed. A browser may seal frames that it never sends: those in its queue when a camera goes off.
      await ada.until("no more is heard than was sealed", async () => heard <= (await sealed(ada)) + (await sealed(bob)))
      assert.deepEqual([...new Set(all.map((h) => h.codec))].sort(), ["opus", codec].sort())
      blind(all)
      await meeting.end()
    })
  })
}

/** Takes the transforms of the publish connection away, behind the page's back. */
const WITHOUT_TRANSFORMS = `{
  const taken = new WeakSet()
  const Real = RTCRtpScriptTransform
  window.RTCRtpScriptTransform = class extends Real {
    constructor(worker, options) {
      super(worker, options)
      if (options.side === "send" && /^p/.test(options.id)) taken.add(this)
    }
  }
  const real = Object.getOwnPropertyDescriptor(RTCRtpSender.prototype, "transform")
  Object.defineProperty(RTCRtpSender.prototype, "transform", {
    ...real,
    set(transform) {
      if (!taken.has(transform)) real.set.call(this, transform)
    },
  })
}`

test("Chromium sends nothing when its transforms are not attached", async () => {
  await tapped(async (server, meeting) => {
    const ada = await meeting.host("chromium", { number: 93, name: "Ada" }, {})
    const bob = await meeting.arrive("chromium", { number: 94, name: "Bob", scripts: [WITHOUT_TRANSFORMS] })
    await meeting.enter(bob)
    await bob.until("stops the call", async () => (await bob.text()).includes("Paravent has stopped the call"))
    await ada.seesPeople("Ada")
    assert.deepEqual(await server.heard(), [])
    await meeting.end()
  })
})

test("Firefox, which would send clear frames then, ends the call; the tap knows clear frames when it hears them", async () => {
  await tapped(async (server, meeting) => {
    await meeting.host("chromium", { number: 95, name: "Ada" }, {})
    const bob = await meeting.arrive("firefox", { number: 96, name: "Bob", scripts: [WITHOUT_TRANSFORMS] })
    await meeting.enter(bob)
    await bob.until("stops the call", async () => (await bob.text()).includes("Paravent has stopped the call"))
    const states = await bob.page.evaluate(() => window.probe.tracks.map((t) => t.readyState))
    assert.ok(
      states.every((s) => s === "ended"),
      "every device is off",
    )
    const open = await bob.page.evaluate(() => window.probe.peers.filter((p) => p.signalingState !== "closed").length)
    assert.equal(open, 0, "every connection is closed")
    const all = await server.heard()
    assert.ok(
      all.length > 0 && sum(all, (h) => h.clear) > sum(all, (h) => h.sealed),
      `the tap sees clear frames for what they are: ${JSON.stringify(all)}`,
    )
    await meeting.end()
  })
})

/** Lets a page never see messages of the types in window.unheard. */
const DEAF = `{
  window.unheard = []
  const Real = WebSocket
  window.WebSocket = class extends Real {
    constructor(address, protocols) {
      super(address, protocols)
      this.addEventListener("message", (e) => {
        if (window.unheard.includes(JSON.parse(e.data).t)) e.stopImmediatePropagation()
      })
    }
  }
}`

const deafen = (person: Person): Promise<void> =>
  person.page.evaluate(() => {
    ;(window as unknown as { unheard: string[] }).unheard.push("welcome", "committed", "regroup")
  })

for (const kind of KINDS) {
  test(`a newcomer in ${kind} who gets no keys sends nothing, sees nothing and hears nothing`, async () => {
    await tapped(async (server, meeting) => {
      const ada = await meeting.host("chromium", { number: 97, name: "Ada" })
      const bob = await meeting.arrive(kind, { number: 98, name: "Bob", scripts: [DEAF] })
      await bob.open(meeting.links.participant)
      await bob.find("textbox", "Your name")
      await deafen(bob)
      await ask(bob)
      await meeting.admit(bob)
      await bob.until("waits for keys", async () => (await bob.text()).includes("Exchanging keys"))
      await ada.until("sends on", async () => sum(await server.heard(), (h) => h.sealed) >= 100)
      assert.equal(await bob.has("button", "End-to-end encrypted"), false, "the page does not claim to be secure")
      assert.deepEqual(await bob.tiles(), [])
      assert.equal(await sealed(bob), 0)
      for (const s of await bob.streams()) {
        if (s.side === "send") assert.equal(s.packets, 0, `nothing is sent: ${JSON.stringify(s)}`)
        else assert.equal(s.kind === "video" ? s.frames : s.energy, 0, `nothing is played: ${JSON.stringify(s)}`)
      }
      blind(await server.heard())
      await meeting.end()
    })
  })

  test(`a member in ${kind} who misses every change of keys is silent to the others, never clear`, async () => {
    await tapped(async (server, meeting) => {
      const ada = await meeting.arrive(kind, { number: 99, name: "Ada", scripts: [DEAF] })
      const maker = await meeting.host("chromium", { number: 100, name: "Eve" }, {})
      await meeting.enter(ada)
      await inCall(ada)
      await maker.sees(ada)
      await deafen(ada)
      const bob = await meeting.guest("chromium", { number: 101, name: "Bob" })
      await maker.sees(bob)
      await bob.until("gets frames of nobody it has keys for", async () => (await server.heard()).filter((h) => h.sealed >= 30).length >= 2)
      const tile = (await ada.tiles()).find((t) => t.name === "Bob")
      assert.equal(tile, undefined, "who misses the keys does not see the newcomer")
      blind(await server.heard())
      await meeting.end()
    })
  })
}
