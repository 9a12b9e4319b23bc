/** Coming late, reloading, leaving, and the end of a room. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { ask, inCall, join, reads, say, turn } from "./harness/meeting.ts"
import { stage } from "./harness/stage.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

test("who comes late sees those who are there, and nothing that was said before", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 31, name: "Ada" })
  const bob = await meeting.guest("firefox", { number: 32, name: "Bob" })
  await ada.sees(bob)
  await bob.sees(ada)
  await say(ada, "before Eve")
  await reads(bob, "before Eve")
  const eve = await meeting.guest("chromium", { number: 33, name: "Eve" }, {})
  await eve.sees(ada)
  await eve.sees(bob)
  await eve.seesPeople("Ada", "Bob", "Eve")
  await say(bob, "after Eve")
  await reads(eve, "after Eve")
  assert.ok(!(await eve.text()).includes("before Eve"), "a newcomer cannot read what was said before")
  await meeting.end()
})

for (const kind of KINDS) {
  test(`a reload in ${kind} comes back by itself, without a ghost`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host("chromium", { number: 34, name: "Ada" })
    const bob = await meeting.guest(kind, { number: 35, name: "Bob" })
    await ada.sees(bob)
    await bob.sees(ada)

    await bob.page.reload({ waitUntil: "load", timeout: PAGE_MS })
    await inCall(bob)
    for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
    await bob.sees(ada)
    if (await bob.has("button", "Turn on camera")) await turn(bob, "camera", true)
    await ada.sees(bob)
    await ada.seesPeople("Ada", "Bob")
    await say(bob, "back again")
    await reads(ada, "back again")
    await meeting.end()
  })
}

test("a closed window leaves no tile for longer than the time to come back", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 36, name: "Ada" }, {})
  const bob = await meeting.guest("firefox", { number: 37, name: "Bob" }, {})
  for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
  await bob.leaveWindow()
  meeting.people.splice(meeting.people.indexOf(bob), 1)
  await ada.seesPeople("Ada")
  await meeting.end()
})

test("when the last one leaves the room is gone: a participant waits for a moderator again", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 38, name: "Ada" }, {})
  const bob = await meeting.guest("chromium", { number: 39, name: "Bob" }, {})
  for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
  await ada.click("Leave")
  await bob.seesPeople("Bob")
  await bob.click("Leave")
  await bob.find("button", "Join again")

  const eve = await meeting.arrive("firefox", { number: 40, name: "Eve" })
  await eve.open(meeting.links.participant)
  await ask(eve, {})
  await eve.until("waits for the moderator", async () => (await eve.text()).includes("Waiting for the moderator"))

  await ada.click("Join again")
  await join(ada, {})
  await inCall(ada)
  await meeting.admit(eve)
  for (const person of [ada, eve]) {
    await inCall(person)
    await person.seesPeople("Ada", "Eve")
  }
  await meeting.end()
})
