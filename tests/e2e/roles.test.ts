/** Moderators, co-moderators, viewers, and what happens when nobody moderates. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { admit, ask, inCall, join, reads, say, waiting } from "./harness/meeting.ts"
import { invite, listed, more, panel, plain, sentPackets, told } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"

const at = stage()

/** Waits until the tile of somebody says so. */
const marked = (person: Person, name: string, words: string, is = true): Promise<unknown> =>
  person.until(`sees ${name} ${is ? "" : "no more "}marked "${words}"`, async () => {
    const tile = await person.tileOf(name)
    return tile !== undefined && tile.text.split("\n").some((line) => line.trim() === words) === is
  })

for (const [one, other] of [KINDS, [...KINDS].reverse()]) {
  test(`a co-moderator in ${other} admits, is withdrawn, is made one again and goes on alone`, async () => {
    assert.ok(one !== undefined && other !== undefined)
    const meeting = at.meeting()
    const ada = await meeting.host(one, { number: 131, name: "Ada" }, {})
    const bob = await meeting.guest(other, { number: 132, name: "Bob" }, {})
    await marked(bob, "Ada", "Moderator")

    await more(ada, "Bob", "Make co-moderator")
    await told("Ada has made you a co-moderator", bob)
    for (const person of [ada, bob]) await marked(person, "Bob", "Co-moderator")
    const eve = await meeting.arrive(one, { number: 133, name: "Eve" })
    await eve.open(meeting.links.participant)
    await ask(eve, {})
    await admit(bob, "Eve")
    await inCall(eve)
    for (const person of [ada, bob, eve]) await person.seesPeople("Ada", "Bob", "Eve")
    await marked(eve, "Bob", "Co-moderator")

    await more(ada, "Bob", "Withdraw co-moderator")
    await told("Ada has withdrawn your co-moderator role", bob)
    for (const person of [ada, bob, eve]) await marked(person, "Bob", "Co-moderator", false)
    const fay = await meeting.arrive(other, { number: 134, name: "Fay" })
    await fay.open(meeting.links.participant)
    await ask(fay, {})
    await waiting(ada, "Fay")
    await panel(bob, "People")
    assert.equal(await bob.has("heading", "Lobby"), false, "who moderates no more sees no lobby")
    assert.ok(!(await bob.text()).includes("Fay"), "nor who waits in it")

    await more(ada, "Bob", "Make co-moderator")
    await waiting(bob, "Fay")
    await listed("Ada has made Bob a co-moderator", eve)
    await ada.click("Leave")
    for (const person of [bob, eve]) await person.seesPeople("Bob", "Eve")
    await admit(bob, "Fay")
    await inCall(fay)
    await marked(fay, "Bob", "Co-moderator")

    // The last moderator goes: nobody new comes in, and everybody is told how long it goes on.
    await bob.click("Leave")
    for (const person of [eve, fay]) {
      await told("No moderator is in the meeting. Nobody new comes in, and it will end.", person)
      assert.match(plain(await person.text()), /Time left: (5 minutes|[1-4] minutes?)/)
    }
    const gil = await meeting.arrive(one, { number: 135, name: "Gil" })
    await gil.open(meeting.links.participant)
    await ask(gil, {})
    await told("Waiting for the moderator", gil)
    await ada.click("Join again")
    await join(ada, {})
    await inCall(ada)
    for (const person of [eve, fay])
      await person.until(
        "is no longer told that nobody moderates",
        async () => !(await person.text()).includes("No moderator is in the meeting"),
      )
    await admit(ada, "Gil")
    await inCall(gil)
    await gil.seesPeople("Ada", "Eve", "Fay", "Gil")
    await meeting.end()
  })
}

for (const kind of KINDS) {
  test(`a viewer in ${kind} sees and hears, sends nothing, and is shown as one`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 136, name: "Ada" })
    await panel(ada, "People")
    const link = await invite(ada, { label: "the press", viewer: true })
    const vic = await meeting.arrive(kind, { number: 137, name: "Vic" })
    await vic.open(link)
    await told("You watch and listen", vic)
    assert.equal(await vic.has("button", "Turn on camera"), false)
    await ask(vic, {})
    const line = await waiting(ada, "Vic")
    const words = plain(await line.evaluate((e) => e.textContent))
    assert.match(words, /Invitation for the press/)
    assert.match(words, /Viewer/)
    await admit(ada, "Vic")
    await inCall(vic)
    await vic.sees(ada)
    await vic.hears(ada)
    await marked(ada, "Vic", "Viewer")
    for (const name of ["Turn on microphone", "Turn on camera", "Share screen"])
      assert.equal(await vic.has("button", name), false, `a viewer has no button "${name}"`)
    await say(ada, "for all to read")
    await panel(vic, "Chat")
    await told("for all to read", vic)
    await told("Viewers can read the chat but not write.", vic)
    assert.equal(await vic.has("textbox", "Message"), false)
    await vic.click("Raise hand")
    await told("Hand raised, number 1", ada)
    assert.deepEqual(await vic.page.evaluate(() => window.probe.asked), [], "no device was asked for")
    assert.equal(await sentPackets(vic), 0, "nothing was sent")
    await reads(ada, "for all to read")
    await meeting.end()
  })
}

test("a finger sees with its first tap what becomes of a meeting without moderators, and leaves with the second", async () => {
  const meeting = at.meeting()
  const viewport = { width: 390, height: 760, isMobile: true, hasTouch: true }
  const ada = await meeting.host("chromium", { number: 138, name: "Ada", viewport }, {})
  const bob = await meeting.guest("firefox", { number: 139, name: "Bob" }, {})
  await panel(ada, "People")
  await ada.click("Close")
  const tap = async (): Promise<void> => (await ada.find("button", "Leave")).tap()
  await tap()
  await told("If you leave, nobody new comes in and the meeting ends after 5 minutes", ada)
  await bob.seesPeople("Ada", "Bob")
  await tap()
  await ada.find("heading", "You have left the meeting")
  await bob.seesPeople("Bob")
  await meeting.end()
})
