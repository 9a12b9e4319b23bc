/** The door: early arrivals, knocking, admitting and denying, the lock, back to the lobby, and moderators who vanish meanwhile. */

import assert from "node:assert/strict"
import test from "node:test"
import { admit, ask, inCall, join, member, newMeeting, press, reads, say, waiting } from "./harness/meeting.ts"
import { closePeople, devicesOff, holds, lobbyOf, outside } from "./harness/moderate.ts"
import { listed, panel, told } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

const SLOW_MS = 10_000 // that whoever was denied has to wait; a machine that stands still may let it pass

/** Counts the sounds that the page itself makes. */
const BELL = `{
  window.rang = 0
  const start = AudioScheduledSourceNode.prototype.start
  AudioScheduledSourceNode.prototype.start = function (...when) {
    if (this instanceof OscillatorNode && this.context.state !== "closed") window.rang++
    return start.apply(this, when)
  }
}`
const rang = (person: Person): Promise<number> => person.page.evaluate(() => (window as unknown as { rang: number }).rang)

/** What a screen reader says after the name of the button "People". */
const badge = (person: Person): Promise<string> =>
  person.page.evaluate(() => {
    const button = document.getElementById("open-people")
    return document.getElementById(button?.getAttribute("aria-describedby") ?? "")?.textContent ?? ""
  })

test("who comes early waits for a moderator, is seen and heard to knock, written to, denied and admitted", async () => {
  const meeting = at.meeting()
  const ada = await meeting.arrive("chromium", { number: 121, name: "Ada", scripts: [BELL] })
  meeting.links = await newMeeting(ada, at.server.origin)
  const bob = await meeting.arrive("firefox", { number: 122, name: "Marker-Name-Bilby" })
  await bob.open(meeting.links.participant)
  await ask(bob, {})
  await told("Waiting for the moderator", bob)

  await ada.click("Start as moderator")
  await join(ada, {})
  await inCall(ada)
  await told("Waiting to be let in", bob)
  await told("Marker-Name-Bilby is waiting", ada)
  await ada.until("sees the number of those who wait", async () => (await badge(ada)) === "1 person is waiting")
  await ada.find("button", "Admit")
  await ada.until("hears the knock", async () => (await rang(ada)) > 0)
  await outside(bob)

  await ada.click("Show")
  await press(await waiting(ada, bob.name), "Write")
  await ada.type(`Message to \u2068${bob.name}\u2069`, "Five minutes, please")
  await press(await waiting(ada, bob.name), "Send")
  await told("Five minutes, please", bob)
  await told("From a moderator:", bob)

  const line = await waiting(ada, bob.name)
  const denied = Date.now()
  await press(line, "Deny")
  await told("You were not let in", bob)
  await outside(bob)
  await bob.click("Ask again")
  // On a slow machine the time to wait may be over before anybody can see it.
  const slowed = await bob.until("has to wait, knocks again, or may", async () => {
    const text = await bob.text()
    if (text.includes("You can try again in")) return "slowed"
    if (text.includes("Waiting to be let in")) return "knocks"
    return Date.now() - denied > SLOW_MS && (await bob.has("button", "Ask to join")) && "may"
  })
  assert.ok(slowed === "slowed" || Date.now() - denied > SLOW_MS, "whoever was denied has to wait")
  await listed(`Ada has denied entry to ${bob.name}`, ada)
  if (slowed !== "knocks") {
    await ada.until("sees nobody wait", async () => (await lobbyOf(ada)).length === 0)
    await bob.until("may ask again", async () => !(await bob.text()).includes("You can try again in"))
    await bob.click("Ask to join")
  }

  await closePeople(ada)
  await ada.click("Admit")
  await inCall(bob)
  for (const person of [ada, bob]) await person.seesPeople("Ada", bob.name)
  await listed(`Ada has admitted ${bob.name}`, ada)
  const [went, came] = [await bob.sent(), await ada.page.evaluate(() => window.probe.got)]
  for (const text of [...went, ...came]) assert.ok(!holds(text, Buffer.from("Marker-Name-Bilby")), "a name in clear")
  for (const text of await ada.sent()) assert.ok(!holds(text, Buffer.from("Five minutes")), "a message in clear")
  await meeting.end()
})

test("two moderators see everybody who waits; one admits all; nobody passes the lock but by the moderator link", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("firefox", { number: 123, name: "Ada" }, {})
  const mia = await meeting.arrive("chromium", { number: 124, name: "Mia" })
  await mia.open(meeting.links.moderator)
  await join(mia, {})
  await inCall(mia)
  const bob = await meeting.arrive("firefox", { number: 125, name: "Bob" })
  const eve = await meeting.arrive("chromium", { number: 126, name: "Eve" })
  for (const person of [bob, eve]) {
    await person.open(meeting.links.participant)
    await ask(person, person === bob ? { camera: true, microphone: true } : {})
  }
  for (const moderator of [ada, mia]) for (const person of [bob, eve]) await waiting(moderator, person.name)
  await mia.click("Admit all")
  for (const person of [bob, eve]) await inCall(person)
  for (const person of [ada, mia, bob, eve]) await person.seesPeople("Ada", "Mia", "Bob", "Eve")
  for (const moderator of [ada, mia])
    await moderator.until("sees that nobody waits", async () => (await moderator.text()).includes("Nobody is waiting."))
  await listed("Mia has admitted Bob, Eve", ada)

  await ada.click("Lock meeting")
  await mia.find("button", "Unlock meeting")
  await listed("Ada has locked the meeting", eve)
  const zoe = await meeting.arrive("chromium", { number: 127, name: "Zoe" })
  await zoe.open(meeting.links.participant)
  await ask(zoe, {})
  await told("The meeting is locked", zoe)
  const max = await meeting.arrive("chromium", { number: 128, name: "Max" })
  await max.open(meeting.links.moderator)
  await join(max, {})
  await inCall(max)
  for (const moderator of [ada, mia, max]) {
    await moderator.seesPeople("Ada", "Mia", "Bob", "Eve", "Max")
    await panel(moderator, "People")
    await told("Locked: only somebody with the moderator link comes in.", moderator)
    assert.deepEqual(await lobbyOf(moderator), [], "whoever waits at a lock is not shown")
  }
  await outside(zoe)
  await mia.click("Unlock meeting")
  await told("Waiting to be let in", zoe)
  for (const moderator of [ada, mia]) await waiting(moderator, "Zoe")
  await admit(max, "Zoe")
  await inCall(zoe)
  await eve.seesPeople("Ada", "Mia", "Bob", "Eve", "Max", "Zoe")

  // Back to the lobby, by one of three moderators.
  const [first] = (await bob.tiles()).filter((t) => t.name === "Bob")
  await press(await member(mia, "Bob"), "Back to lobby")
  await told("Waiting to be let in", bob)
  await devicesOff(bob)
  await eve.seesPeople("Ada", "Mia", "Eve", "Max", "Zoe")
  await listed("Mia has sent Bob back to the lobby", eve)
  assert.deepEqual(await bob.tiles(), [])
  await admit(ada, "Bob")
  await inCall(bob)
  await bob.seesPeople("Ada", "Mia", "Bob", "Eve", "Max", "Zoe")
  await bob.find("button", "Turn on camera")
  await bob.find("button", "Turn on microphone")
  assert.notEqual((await bob.tileOf("Bob"))?.person, first?.person, "who comes back is somebody new")
  await say(bob, "here again")
  await reads(eve, "here again")
  await meeting.end()
})

/** From window.dying on this page's commits that add somebody never reach the server, as if the browser ended right before. */
const DYING = `{
  window.dying = false
  const Real = Object.getPrototypeOf(WebSocket.prototype)
  const send = Real.send
  Real.send = function (text) {
    if (window.dying && String(text).startsWith('{"t":"commit"')) { window.died = true; return }
    return send.call(this, text)
  }
}`

/** Admits somebody, and the browser ends before the newcomer is in the group. */
async function dieAdmitting(moderator: Person, name: string): Promise<void> {
  await waiting(moderator, name)
  await moderator.page.evaluate(() => Object.assign(window, { dying: true }))
  await admit(moderator, name)
  await moderator.until("has sent the admission", async () => (await moderator.sent()).some((text) => text.includes('\\"t\\":\\"admit\\"')))
  await moderator.leaveWindow()
}

test("a moderator's browser that dies in the middle of an admission leaves nobody stuck", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 129, name: "Ada", scripts: [DYING] }, {})
  const mia = await meeting.arrive("chromium", { number: 130, name: "Mia", scripts: [DYING] })
  await mia.open(meeting.links.moderator)
  await join(mia, {})
  await inCall(mia)
  const bob = await meeting.arrive("firefox", { number: 131, name: "Bob" })
  const gone = (person: Person): unknown => meeting.people.splice(meeting.people.indexOf(person), 1)
  await bob.open(meeting.links.participant)
  await ask(bob, {})
  await dieAdmitting(ada, "Bob")
  gone(ada)
  await inCall(bob)
  await bob.until("sees Mia", async () => (await bob.tileOf("Mia")) !== undefined)

  // Now the only moderator: who is in lets in whom she has admitted.
  const eve = await meeting.arrive("chromium", { number: 132, name: "Eve" })
  await eve.open(meeting.links.participant)
  await ask(eve, {})
  await dieAdmitting(mia, "Eve")
  gone(mia)
  await inCall(eve)
  for (const person of [bob, eve]) await person.seesPeople("Bob", "Eve")

  const max = await meeting.arrive("firefox", { number: 133, name: "Max" })
  await max.open(meeting.links.moderator)
  await join(max, {})
  await inCall(max)
  for (const person of [bob, eve, max]) await person.seesPeople("Bob", "Eve", "Max")
  await say(eve, "all here")
  for (const person of [bob, max]) await reads(person, "all here")
  await meeting.end()
})
