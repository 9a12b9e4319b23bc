/** A meeting planned long before: its links outlive the server, and open on another one, with the rules in them. */

import assert from "node:assert/strict"
import { readdir } from "node:fs/promises"
import { after, test } from "node:test"
import { Browsers } from "./harness/browsers.ts"
import { ask, inCall, join, type Links, Meeting } from "./harness/meeting.ts"
import { planned, toggle, told, unfold } from "./harness/orders.ts"
import { Server } from "./harness/server.ts"

const browsers = new Browsers()
after(() => browsers.close())

/** Both come by the links: the guest needs the passphrase and no admission. */
async function meet(server: Server, links: Links, guest: "chromium" | "firefox"): Promise<Meeting> {
  const meeting = new Meeting(server, browsers)
  meeting.links = links
  const bob = await meeting.arrive(guest, { number: 171, name: "Bob" })
  await bob.open(links.participant)
  await ask(bob, {})
  await told("Waiting for the moderator", bob)
  const ada = await meeting.arrive("chromium", { number: 172, name: "Ada" })
  await ada.open(links.moderator)
  await join(ada, {})
  await inCall(ada)
  await told("This meeting has a passphrase. Whoever invited you knows it.", bob)
  await bob.type("Passphrase", "not the right words")
  await bob.click("Ask to join")
  await told("That is not the passphrase. Look at capitals, spaces and hyphens.", bob)
  await bob.type("Passphrase", "old rooster at dawn")
  await bob.click("Ask to join")
  await inCall(bob)
  for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
  return meeting
}

/** The folder of the server: nothing of any meeting. */
async function keeps(server: Server): Promise<void> {
  const names = (await readdir(server.folder, { recursive: true })).sort()
  assert.deepEqual(names, ["paravent-data", "paravent-data/certificate.pem", "paravent-data/key.pem"])
}

test("links work after a restart and on another server, with the rules in them and nothing stored", async () => {
  const first = await Server.start()
  const { host } = new URL(first.origin)
  const plan = new Meeting(first, browsers)
  const maker = await plan.arrive("chromium", { number: 170, name: "Maker" })
  const links = await planned(maker, first.origin, async () => {
    await unfold(maker, "Options")
    await toggle(maker, "Lobby")
    await maker.type("Passphrase", "old rooster at dawn")
  })
  await plan.end()
  const met = await meet(first, links, "firefox")
  await keeps(first)
  await met.end()
  await first.stop()

  // The same address, and not even the certificate is left of the server before.
  const second = await Server.start({ listen: host })
  const again = await meet(second, links, "chromium")
  await keeps(second)
  await again.end()

  const third = await Server.start()
  const moved: Links = {
    participant: links.participant.replace(first.origin, third.origin),
    moderator: links.moderator.replace(first.origin, third.origin),
  }
  assert.notEqual(moved.participant, links.participant)
  await (await meet(third, moved, "firefox")).end()
  await keeps(third)
  await second.stop()
  await third.stop()
})
