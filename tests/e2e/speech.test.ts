/** Who may speak: mute, stop, "speak only when allowed", and a page that does not obey. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { member, press, turn } from "./harness/meeting.ts"
import { asked, listed, more, panel, received, rests, rule, told } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { type Server, TAPPED } from "./harness/server.ts"
import { stage } from "./harness/stage.ts"
import { MEDIA_MS, until } from "./harness/wait.ts"

const at = stage(async () => ({ binary: TAPPED }))
const lying = stage(async () => ({ binary: TAPPED, flags: ["-let-speak"] }))

/** A screen for a browser that has none. */
const SCREEN = `if (navigator.mediaDevices) navigator.mediaDevices.getDisplayMedia = async () => {
  const canvas = document.createElement("canvas")
  canvas.width = 320
  canvas.height = 180
  const brush = canvas.getContext("2d")
  let at = 0
  setInterval(() => {
    brush.fillStyle = at++ % 2 ? "#d00000" : "#0000d0"
    brush.fillRect(0, 0, 320, 180)
  }, 100)
  return canvas.captureStream()
}`

const seesScreen = (person: Person): Promise<boolean> =>
  person.page.evaluate(() => (document.querySelector<HTMLVideoElement>("[data-screen] video")?.videoWidth ?? 0) > 0)

for (const kind of KINDS) {
  test(`what moderators turn off in ${kind} goes off, and nothing they order turns anything on`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 121, name: "Ada" }, { microphone: true })
    const eve = await meeting.guest("chromium", { number: 122, name: "Eve" }, {})
    const bob = await meeting.guest(kind, { number: 123, name: "Bob", scripts: [SCREEN] })
    await ada.sees(bob)
    await ada.hears(bob)
    let devices = await asked(bob)

    await press(await member(ada, "Bob"), "Mute")
    await told("Ada has muted you", bob)
    await bob.find("button", "Turn on microphone")
    await rests(
      "sound of Bob",
      () => received(ada, "audio"),
      () => ada.sees(bob),
    )
    assert.equal(await asked(bob), devices, "muting asks for no device")
    await turn(bob, "microphone", true)
    await ada.hears(bob)
    devices = await asked(bob)

    await more(ada, "Bob", "Stop video")
    await told("Ada has stopped your video", bob)
    await bob.find("button", "Turn on camera")
    await ada.seesNoPictureOf(bob)

    await bob.click("Share screen")
    await ada.until("sees the screen", () => seesScreen(ada))
    await more(ada, "Bob", "Stop sharing")
    await told("Ada has stopped your screen sharing", bob)
    await bob.find("button", "Share screen")
    await ada.until("sees no screen", () => ada.page.evaluate(() => document.querySelector("[data-screen]") === null))

    await panel(ada, "People")
    await ada.click("Mute all")
    await told("Ada has muted everybody", bob)
    await bob.find("button", "Turn on microphone")
    assert.ok(await ada.has("button", "Turn off microphone"), "moderators are not muted with all")
    assert.equal(await asked(bob), devices, "no order asks for a device")

    await rule(ada, "Speak only when allowed")
    await told("You are muted until a moderator allows you to speak.", bob)
    await bob.click("Turn on microphone")
    await told("You may not speak until a moderator allows it.", bob)
    assert.ok(await bob.has("button", "Turn on microphone"), "the microphone stays off")
    assert.equal(await asked(bob), devices, "nobody asks for a microphone that may not be on")

    await bob.click("Ask to speak")
    await told("You have asked to speak.", bob)
    await told("Hand raised, number 1", ada)
    await more(ada, "Bob", "Allow to speak")
    await told("You may speak now. Your microphone is still off.", bob)
    assert.ok(await bob.has("button", "Turn on microphone"), "being allowed turns nothing on")
    assert.equal(await asked(bob), devices, "nor does it ask for a device")
    await turn(bob, "microphone", true)
    await ada.hears(bob)
    devices = await asked(bob)

    await more(ada, "Bob", "Do not allow to speak")
    await bob.find("button", "Turn on microphone")
    assert.equal(await asked(bob), devices)
    await listed("Ada has muted you", bob)
    for (const line of [
      "Ada has muted Bob",
      "Ada has stopped the video of Bob",
      "Ada has allowed Bob to speak",
      "Ada does not allow Bob to speak",
    ])
      await listed(line, eve)
    await meeting.end()
  })
}

/** A page that goes on sending what it was told to turn off, and goes on saying that it sends it. */
const HOSTILE = `{
  const replace = RTCRtpSender.prototype.replaceTrack
  RTCRtpSender.prototype.replaceTrack = function (track) { return track === null ? Promise.resolve() : replace.call(this, track) }
  MediaStreamTrack.prototype.stop = () => {}
  const Real = Object.getPrototypeOf(Worker.prototype)
  const post = Real.postMessage
  let mid = ""
  Real.postMessage = function (message, ...rest) {
    const media = message?.do === "say" ? message.message.media : undefined
    if (media?.microphone) mid = media.microphone
    if (media === undefined) return post.call(this, message, ...rest)
    return post.call(this, { ...message, message: { ...message.message, media: { ...media, microphone: mid } } }, ...rest)
  }
}`

/** Packets of sound that a server has been sent. */
const reaching = async (server: Server): Promise<number> =>
  (await server.heard()).reduce((sum, h) => (h.codec === "opus" ? sum + h.packets : sum), 0)

for (const [kind, where, how] of [
  ["chromium", at, "stops it"],
  ["firefox", lying, "lets it through"],
] as const) {
  test(`nobody hears a page in ${kind} that goes on sending although it may not speak, if the server ${how}`, async () => {
    const meeting = where.meeting()
    const ada = await meeting.host("chromium", { number: 124, name: "Ada" }, {})
    const eve = await meeting.guest("firefox", { number: 125, name: "Eve" }, {})
    const mallory = await meeting.guest(kind, { number: 126, name: "Mallory", scripts: [HOSTILE] }, { microphone: true })
    for (const person of [ada, eve]) await person.hears(mallory)

    await rule(ada, "Speak only when allowed")
    await told("You are muted until a moderator allows you to speak.", mallory)
    const more = async (): Promise<number> => {
      const before = await reaching(where.server)
      return until("Mallory goes on sending", async () => (await reaching(where.server)) > before + 100 && before, MEDIA_MS)
    }
    for (const person of [ada, eve]) await rests(`sound of Mallory at ${person.name}`, () => received(person, "audio"), more)
    const energy = async (): Promise<number> =>
      (await Promise.all([ada, eve].map((p) => p.streams()))).flat().reduce((sum, s) => (s.side === "receive" ? sum + s.energy : sum), 0)
    await rests("what is decoded of sound", energy, more)
    await meeting.end()
  })
}
