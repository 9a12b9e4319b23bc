/** What opens the door besides the link: passphrase, personal invitations, their times, all at once, and the operator's token. */

import assert from "node:assert/strict"
import { execFile } from "node:child_process"
import { join as pathOf } from "node:path"
import test from "node:test"
import { promisify } from "node:util"
import { KINDS } from "./harness/browsers.ts"
import { admit, ask, codeOf, inCall, join, Meeting, newMeeting, press, reads, say, waiting } from "./harness/meeting.ts"
import {
  compare,
  invitation,
  invite,
  moment,
  panel,
  plain,
  planned,
  received,
  rests,
  toggle,
  told,
  unfold,
  wrongClock,
} from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { BINARY, Server } from "./harness/server.ts"
import { stage } from "./harness/stage.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()
const DAY = 24 * 60 * 60_000

/** The moderator's link opens the meeting. */
async function moderate(meeting: Meeting, kind: "chromium" | "firefox", number: number, devices = {}): Promise<Person> {
  const ada = await meeting.arrive(kind, { number, name: "Ada" })
  await ada.open(meeting.links.moderator)
  await join(ada, devices)
  await inCall(ada)
  return ada
}

for (const kind of KINDS) {
  test(`a passphrase in ${kind}: wrong ones are told and slowed down, the right one opens, a reload comes back`, async () => {
    const meeting = at.meeting()
    const maker = await meeting.arrive("chromium", { number: 151, name: "Maker" })
    meeting.links = await planned(maker, at.server.origin, async () => {
      await unfold(maker, "Options")
      await maker.type("Passphrase", "three green apples")
      await toggle(maker, "Lobby")
    })
    const ada = await moderate(meeting, "chromium", 152)
    const bob = await meeting.arrive(kind, { number: 153, name: "Bob" })
    await bob.open(meeting.links.participant)
    await ask(bob, {})
    await told("This meeting has a passphrase. Whoever invited you knows it.", bob)
    const waits = async (): Promise<boolean> => (await bob.text()).includes("You can try again in")
    const tryOut = async (words: string): Promise<void> => {
      await bob.until("may try", async () => !(await waits()))
      await bob.type("Passphrase", words)
      await bob.click("Ask to join")
    }
    const refusals = (): Promise<number> => bob.page.evaluate(() => window.probe.got.filter((text) => text.includes('"refused"')).length)
    let slowed = false
    for (let i = 0; i < 6 && !slowed; i++) {
      const before = await refusals()
      await tryOut("three red apples")
      await bob.until("is refused", async () => (await refusals()) > before)
      await told("That is not the passphrase. Look at capitals, spaces and hyphens.", bob)
      slowed = await waits()
    }
    assert.ok(slowed, "whoever guesses has to wait")
    await tryOut("three green apples")
    await inCall(bob)
    await bob.page.reload({ waitUntil: "load", timeout: PAGE_MS })
    await inCall(bob)
    for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
    await say(bob, "back again")
    await reads(ada, "back again")
    await meeting.end()
  })
}

test("a personal invitation opens in one browser, names its guest to the moderator, and can be withdrawn", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 154, name: "Ada" }, {})
  await panel(ada, "People")
  const link = await invite(ada, { label: "Bob the baker" })
  let bob = await meeting.arrive("firefox", { number: 155, name: "Bob" })
  await bob.open(link)
  await told("This invitation is bound to this browser. It will not work in another one.", bob)
  await ask(bob, {})
  const line = await waiting(ada, "Bob")
  assert.match(plain(await line.evaluate((e) => e.textContent)), /Invitation for Bob the baker/)
  await admit(ada, "Bob")
  await inCall(bob)

  const other = await meeting.arrive("chromium", { number: 156, name: "Mallory" })
  await other.open(link)
  await ask(other, {})
  await told("This invitation is in use elsewhere", other)
  for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")

  // The tab is closed, the browser is the same.
  const again = await bob.reopen({ number: 155, name: "Bobby" })
  meeting.people.splice(meeting.people.indexOf(bob), 1, again)
  bob = again
  await bob.open(link)
  await ask(bob, {})
  await admit(ada, "Bobby")
  await inCall(bob)
  for (const person of [ada, bob]) await person.seesPeople("Ada", "Bobby")

  await bob.click("Leave")
  await bob.find("button", "Join again")
  await panel(ada, "People")
  await unfold(ada, "Personal invitations")
  for (let i = 0; i < 2; i++) await press(await invitation(ada, "Bob the baker"), "Revoke")
  await told("Revoked", ada)
  await bob.click("Join again")
  await ask(bob, {})
  await told("This invitation was withdrawn", bob)
  await ada.seesPeople("Ada")
  await meeting.end()
})

test("an invitation opens within its time only, and so does the link of a meeting with times", async () => {
  const now = Date.now()
  const meeting = at.meeting()
  // Nobody can make what has expired: whoever made it did so two days ago.
  const maker = await meeting.arrive("chromium", { number: 157, name: "Maker", scripts: [wrongClock(-2 * DAY)] })
  meeting.links = await newMeeting(maker, at.server.origin)
  const past = await invite(maker, { label: "past", until: now - DAY })
  const future = await invite(maker, { label: "future", from: now + DAY, until: now + 2 * DAY })
  await moderate(meeting, "chromium", 158)
  const bob = await meeting.arrive("firefox", { number: 159, name: "Bob" })
  for (const [link, words] of [
    [past, "This invitation has expired"],
    [future, "It is too early"],
  ] as const) {
    await bob.open("about:blank")
    await bob.open(link)
    await ask(bob, {})
    await told(words, bob)
  }
  await meeting.end()

  for (const [from, until, words] of [
    [now - 3 * DAY, now - DAY, "This invitation has expired"],
    [now + DAY, now + 2 * DAY, "It is too early"],
    [now - DAY, now + DAY, "Waiting to be let in"],
  ] as const) {
    const next = at.meeting()
    const author = await next.arrive("chromium", { number: 157, name: "Maker", scripts: [wrongClock(-2 * DAY)] })
    next.links = await planned(author, at.server.origin, async () => {
      await unfold(author, "Options")
      await moment(author, "From", from)
      await moment(author, "Until", until)
    })
    await moderate(next, "chromium", 158)
    const eve = await next.arrive("firefox", { number: 160, name: "Eve" })
    await eve.open(next.links.participant)
    await ask(eve, {})
    await told(words, eve)
    await next.end()
  }
})

test("high protection: invitation, passphrase, admission, and no media before the safety code was compared", async () => {
  const meeting = at.meeting()
  const maker = await meeting.arrive("chromium", { number: 161, name: "Maker" })
  let passphrase = ""
  meeting.links = await planned(maker, at.server.origin, async () => {
    await unfold(maker, "Options")
    await toggle(maker, "High protection")
    passphrase = await (await maker.find("textbox", "Passphrase")).evaluate((e) => (e as HTMLInputElement).value)
  })
  assert.match(passphrase, /\S{8,}/, "a passphrase is suggested")
  const invitations = [await invite(maker, { label: "Bob" }), await invite(maker, { label: "Eve" })]
  const ada = await moderate(meeting, "chromium", 162, { camera: true, microphone: true })
  const come = async (kind: "chromium" | "firefox", number: number, name: string, link = ""): Promise<Person> => {
    const person = await meeting.arrive(kind, { number, name })
    await person.open(link)
    await ask(person)
    await told("This meeting has a passphrase.", person)
    await person.type("Passphrase", passphrase)
    await person.click("Ask to join")
    await admit(ada, name)
    await inCall(person)
    return person
  }

  const eve = await meeting.arrive("firefox", { number: 164, name: "Eve" })
  await eve.open(meeting.links.participant)
  await ask(eve, {})
  await told("This meeting wants a personal invitation", eve)

  const bob = await come("firefox", 163, "Bob", invitations[0])
  const media = async (person: Person): Promise<number> => (await received(person, "audio")) + (await received(person, "video"))
  for (const person of [ada, bob]) {
    await told("Nobody hears or sees you before you have compared the safety code with the others.", person)
    await person.seesPeople("Ada", "Bob")
  }
  await say(ada, "nobody is seen yet")
  await reads(bob, "nobody is seen yet")
  assert.deepEqual([await media(ada), await media(bob)], [0, 0], "no media before the comparison")
  assert.equal(await codeOf(ada), await codeOf(bob))
  await compare(ada)
  await bob.sees(ada)
  assert.equal(await media(ada), 0, "who has not compared sends nothing, whatever the others did")
  await compare(bob)
  await ada.sees(bob)
  await ada.hears(bob)

  // Somebody who comes later makes everybody compare again.
  const fay = await come("chromium", 165, "Fay", invitations[1])
  await told("Nobody hears or sees you before you have compared the safety code with the others.", ada, bob, fay)
  let line = 0
  for (const person of [ada, bob, fay])
    await rests(
      `media at ${person.name}`,
      () => media(person),
      async () => {
        await say(ada, `line ${++line}`)
        await reads(person, `line ${line}`)
      },
    )
  for (const person of [ada, bob, fay]) await compare(person)
  for (const person of [ada, bob]) await person.sees(fay)
  await fay.sees(ada)
  await fay.sees(bob)
  await meeting.end()
})

test("where the operator wants it, only who has a host token opens a meeting", async () => {
  const server = await Server.start({ flags: ["-hosts", "token"] })
  try {
    const { stdout } = await promisify(execFile)(BINARY, ["token", "-data", pathOf(server.folder, "paravent-data")])
    const meeting = new Meeting(server, at.browsers)
    const ada = await meeting.arrive("firefox", { number: 166, name: "Ada" })
    meeting.links = await newMeeting(ada, server.origin)
    await ada.click("Start as moderator")
    await join(ada, {})
    await told("On this server only those may open a meeting who have a host token of its operator.", ada)
    await ada.type("Host token", `h1.${"A".repeat(104)}`)
    await ada.click("Join")
    await told("This host token does not hold here, or holds no more.", ada)
    await ada.type("Host token", stdout.trim())
    await ada.click("Join")
    await inCall(ada)
    const bob = await meeting.arrive("chromium", { number: 167, name: "Bob" })
    await bob.open(meeting.links.participant)
    await ask(bob, {})
    await admit(ada, "Bob")
    await inCall(bob)
    for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
    await meeting.end()
  } finally {
    await server.stop()
  }
})
