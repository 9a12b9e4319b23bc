/** Who was removed or banned is told, the room sees who did it, and whatever they try leads to the lobby at most. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS, type Kind } from "./harness/browsers.ts"
import { ask, inCall, type Meeting, member, newMeeting, press, waiting } from "./harness/meeting.ts"
import { devicesOff, knocks, lobbyOf, outside, putOut } from "./harness/moderate.ts"
import { fromElsewhere } from "./harness/network.ts"
import { invite, listed, panel, rule, told, unfold } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

/** Enough to tell that a call goes on, and little work beside so many pages. */
const SOUND = { microphone: true } as const
const PICTURE = { camera: true } as const

/** What somebody keeps who means to come back: the last resume token and key package of the stay. */
interface Kept {
  readonly token: string
  readonly keyPackage: string
  readonly epoch: number
}

const keptBy = (person: Person): Promise<Kept> =>
  person.page.evaluate(() => {
    const all = (texts: readonly string[]): Record<string, unknown>[] => texts.map((text) => JSON.parse(text))
    const got = all(window.probe.got)
    return {
      token: String(got.findLast((m) => m["t"] === "joined" || m["t"] === "resumed")?.["token"]),
      keyPackage: String(all(window.probe.sent).findLast((m) => "keyPackage" in m)?.["keyPackage"]),
      epoch: Number(got.findLast((m) => m["t"] === "committed" || m["t"] === "welcome")?.["epoch"]),
    }
  })

/** Shows a resume token on a connection of its own. What the server answers, or how it closes. */
const resume = (person: Person, kept: Kept): Promise<string> =>
  person.page.evaluate(
    (text) =>
      new Promise<string>((done) => {
        const socket = new WebSocket(window.probe.sockets[0] ?? "", "paravent.1")
        socket.onmessage = ({ data }) => (String(data).includes('"t":"challenge"') ? socket.send(text) : done(String(data)))
        socket.onclose = ({ code }) => done(`closed ${code}`)
      }),
    JSON.stringify({ t: "resume", ...kept }),
  )

/** Everything somebody who was put out can think of. `link` is the one they came with; it ends with `words`. */
async function gauntlet(meeting: Meeting, ada: Person, bob: Person, link: string, words: string, kept: Kept): Promise<void> {
  const waits = words === "Waiting to be let in"
  const tries = async (name: string, kind: Kind, opening: (person: Person) => Promise<void>, answer = words): Promise<void> => {
    const one = await meeting.arrive(kind, { number: 1, name })
    await opening(one)
    await knocks(one, answer)
    if (answer === "Waiting to be let in") await waiting(ada, name)
    await one.leaveWindow()
    meeting.people.splice(meeting.people.indexOf(one), 1)
  }
  // Reloading: the link is still in the tab.
  await bob.page.reload({ waitUntil: "load", timeout: PAGE_MS })
  await knocks(bob, words)
  const other: Kind = bob.kind === "firefox" ? "chromium" : "firefox"
  await tries("Bob in private", bob.kind, (one) => one.open(link))
  await tries("Bob elsewhere", other, (one) => one.open(link))
  await fromElsewhere(() => tries("Bob on the road", bob.kind, (one) => one.open(link)))
  await tries("Bob pasting", "chromium", async (one) => {
    await one.open(at.server.origin)
    await unfold(one, "You have a link?")
    await one.type("Meeting link", link)
    await one.click("Open")
  })
  // The plain link, also for somebody who came with an invitation.
  if (!waits) await tries("Bob with the link", "chromium", (one) => one.open(meeting.links.participant), "Waiting to be let in")

  // A token of the stay that was ended, on a connection of one's own.
  const eve = await meeting.arrive("chromium", { number: 2, name: "Bob replaying" })
  const own = await newMeeting(eve, at.server.origin)
  await eve.click("Start as moderator")
  await eve.type("Your name", eve.name)
  await eve.click("Join")
  await inCall(eve)
  assert.match(await resume(eve, kept), /^\{"t":"refused","code":"expired"/)
  // A moderator link of another room opens that room; its key added to this room's link opens nothing.
  await eve.seesPeople("Bob replaying")
  await eve.click("Leave")
  const key = own.moderator.slice(own.participant.length)
  await eve.open("about:blank")
  await eve.open(`${meeting.links.participant}${key}`)
  await told("This link is not complete", eve)
  await outside(eve)
  await eve.leaveWindow()
  meeting.people.splice(meeting.people.indexOf(eve), 1)
}

for (const kind of KINDS) {
  test(`a removed person in ${kind} is told, the room sees it, and nothing leads past the lobby`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 141, name: "Ada" }, SOUND)
    await rule(ada, "Lobby")
    await told("The lobby is off: whoever has the link comes in.", ada)
    const eve = await meeting.arrive("chromium", { number: 142, name: "Eve" })
    const bob = await meeting.arrive(kind, { number: 143, name: "Bob" })
    for (const [person, devices] of [
      [eve, SOUND],
      [bob, PICTURE],
    ] as const) {
      await person.open(meeting.links.participant)
      await ask(person, devices)
      await inCall(person) // the lobby is off
    }
    for (const person of [ada, eve, bob]) await person.seesPeople("Ada", "Eve", "Bob")
    await ada.hears(eve)
    await eve.hears(ada)
    const kept = await keptBy(bob)

    await putOut(ada, "Bob", "Remove")
    await told("A moderator has removed you", bob)
    await devicesOff(bob)
    for (const person of [ada, eve]) {
      await person.seesPeople("Ada", "Eve")
      await listed("Ada has removed Bob", person)
      await listed("Ada has switched the lobby on", person)
    }
    await gauntlet(meeting, ada, bob, meeting.links.participant, "Waiting to be let in", kept)
    await ada.until("sees Bob alone wait", async () => (await lobbyOf(ada)).join() === "Bob")
    await eve.seesPeople("Ada", "Eve")
    await ada.hears(eve)
    await eve.hears(ada)

    // The moderator decides.
    await meeting.admit(bob)
    await inCall(bob)
    await bob.seesPeople("Ada", "Bob", "Eve")
    await meeting.end()
  })
}

test("a banned person with an invitation is told, the room sees it, and the invitation is barred everywhere", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("firefox", { number: 144, name: "Ada" }, SOUND)
  const eve = await meeting.guest("chromium", { number: 145, name: "Eve" }, SOUND)
  await panel(ada, "People")
  const link = await invite(ada, { label: "Robert" })
  const bob = await meeting.arrive("firefox", { number: 146, name: "Bob" })
  await bob.open(link)
  await told("This invitation is bound to this browser.", bob)
  await ask(bob, PICTURE)
  await waiting(ada, "Bob")
  await told("Invitation for Robert", ada)
  await meeting.admit(bob)
  await inCall(bob)
  await eve.seesPeople("Ada", "Eve", "Bob")
  await ada.hears(eve)
  await eve.hears(ada)
  const kept = await keptBy(bob)

  await press(await member(ada, "Bob"), "Ban")
  await told("Ban Bob?", ada)
  await press(await member(ada, "Bob"), "Ban")
  await told("A moderator has banned you from this meeting", bob)
  await devicesOff(bob)
  for (const person of [ada, eve]) {
    await person.seesPeople("Ada", "Eve")
    await listed("Ada has banned Bob", person)
  }
  await gauntlet(meeting, ada, bob, link, "This invitation was withdrawn", kept)
  await ada.until("sees nobody wait", async () => (await lobbyOf(ada)).length === 0)
  await eve.seesPeople("Ada", "Eve")
  await ada.hears(eve)
  await eve.hears(ada)
  await meeting.end()
})
