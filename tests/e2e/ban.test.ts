/** A ban with a new link: the old one lets nobody in, the others are given the new one, and those who are in go on. */

import assert from "node:assert/strict"
import test from "node:test"
import { inCall, join, member, press, reads, say } from "./harness/meeting.ts"
import { closePeople, knocks } from "./harness/moderate.ts"
import { copying, listed, told } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

/** The new link, as the bar above the pictures gives it. */
async function newLink(person: Person): Promise<string> {
  await told("A new link holds. The old one lets nobody in any more.", person)
  return copying(person, () => person.click("Copy new link for the others"))
}

test("a ban with a new link: the old one is refused, the new one works, nobody inside notices", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 151, name: "Ada" })
  const eve = await meeting.guest("firefox", { number: 152, name: "Eve" })
  const bob = await meeting.guest("chromium", { number: 153, name: "Bob" }, {})
  for (const person of [ada, eve, bob]) await person.seesPeople("Ada", "Eve", "Bob")
  await ada.sees(eve)

  await press(await member(ada, "Bob"), "Ban")
  await ada.click("Also make a new link", "switch")
  await press(await member(ada, "Bob"), "Ban")
  await told("A moderator has banned you from this meeting", bob)
  for (const person of [ada, eve]) {
    await person.seesPeople("Ada", "Eve")
    await listed("Ada has banned Bob", person)
    await listed("Ada has made a new link", person)
  }
  await closePeople(ada)
  const [link, same] = [await newLink(ada), await newLink(eve)]
  assert.equal(link, same, "everybody is given the same new link")
  assert.notEqual(link, meeting.links.participant)
  await ada.sees(eve)
  await eve.sees(ada)
  await say(eve, "still here")
  await reads(ada, "still here")

  await bob.page.reload({ waitUntil: "load", timeout: PAGE_MS })
  await knocks(bob, "This link was replaced by a newer one")
  const again = await meeting.arrive("firefox", { number: 154, name: "Bob again" })
  await again.open(meeting.links.participant)
  await knocks(again, "This link was replaced by a newer one")

  const old = meeting.links
  meeting.links = { ...old, participant: link }
  const zoe = await meeting.guest("chromium", { number: 155, name: "Zoe" }, {})
  const max = await meeting.arrive("firefox", { number: 156, name: "Max" })
  await max.open(old.moderator)
  await join(max, {})
  await inCall(max)
  const everybody = ["Ada", "Eve", "Zoe", "Max"]
  for (const person of [ada, eve, zoe, max]) await person.seesPeople(...everybody)
  await zoe.sees(eve)
  await max.sees(ada)

  // Reloading leads back with the new link, not with the one the tab was opened with.
  await eve.page.reload({ waitUntil: "load", timeout: PAGE_MS })
  await inCall(eve)
  for (const person of [ada, eve, zoe, max]) await person.seesPeople(...everybody)
  await eve.click("Leave")
  await eve.click("Join again")
  await eve.click("Ask to join")
  await meeting.admit(eve)
  await inCall(eve)
  await say(eve, "and back")
  for (const person of [ada, zoe, max]) await reads(person, "and back")
  await meeting.end()
})
