/** The network goes away without a word, for one person or for the server, and everybody comes back by themselves. */

import assert from "node:assert/strict"
import test, { after, before } from "node:test"
import type { Browser } from "puppeteer-core"
import { Browsers, launch } from "./harness/browsers.ts"
import { ask, inCall, Meeting, reads, say } from "./harness/meeting.ts"
import { Network, type Place } from "./harness/network.ts"
import { Person } from "./harness/person.ts"
import { Server } from "./harness/server.ts"
import { pause, RETURN_MS } from "./harness/wait.ts"

const browsers = new Browsers()
let network: Network
let server: Server
let far: Browser

before(async () => {
  network = await Network.make()
  server = await Server.start({ before: network.server.before, listen: `${network.server.address}:0` })
  far = await launch("chromium", { executablePath: network.farChromium })
})

after(async () => {
  await far.close()
  await browsers.close()
  await server.stop()
  await network.close()
})

/** What a browser itself writes on the console when a server cannot be reached. */
const LOST = /WebSocket|can’t establish a connection|interrupted while the page was loading/

/** Cuts a place off for so many seconds. How long it lasts is the case itself, nothing waits for it. */
async function cut(place: Place, seconds: number): Promise<void> {
  await network.unplug(place)
  await pause(seconds * 1000)
  await network.plug(place)
}

const away = (person: Person): Promise<boolean> => person.text().then((text) => text.includes("Reconnecting…"))

/** Both sides see each other's pictures again, one tile each, and can write. */
async function together(ada: Person, bob: Person, text: string): Promise<void> {
  for (const person of [ada, bob]) {
    await person.until("is not away any more", async () => !(await away(person)), RETURN_MS)
    await person.seesPeople(ada.name, bob.name)
    await person.sees(person === ada ? bob : ada)
  }
  await say(bob, text)
  await reads(ada, text)
  await say(ada, `${text}, yes`)
  await reads(bob, `${text}, yes`)
}

test("one person loses the network, for 3 s and for 15 s, and comes back without a ghost", async () => {
  const meeting = new Meeting(server, browsers)
  const ada = await meeting.host("chromium", { number: 81, name: "Ada" })
  const bob = await Person.arrive(far, "chromium", server.origin, { number: 82, name: "Bob" })
  meeting.people.push(bob)
  await meeting.enter(bob)
  await inCall(bob)
  await together(ada, bob, "before")

  await cut(network.far, 3)
  await together(ada, bob, "after 3 s")

  await network.unplug(network.far)
  const since = Date.now()
  await bob.until("is told that the connection is gone", () => away(bob))
  await ada.until("sees that Bob is away", () => away(ada))
  const tile = await ada.tileOf("Bob")
  assert.ok(tile !== undefined, "the tile stays meanwhile")
  await pause(Math.max(0, 15_000 - (Date.now() - since)))
  await network.plug(network.far)
  await together(ada, bob, "after 15 s")
  assert.equal((await ada.tileOf("Bob"))?.person, tile.person, "it is the same stay, not a new one")
  await meeting.end(LOST)
})

test("who is gone for too long loses the tile, and can join again", async () => {
  const meeting = new Meeting(server, browsers)
  const ada = await meeting.host("chromium", { number: 83, name: "Ada" }, {})
  const bob = await Person.arrive(far, "chromium", server.origin, { number: 84, name: "Bob" })
  meeting.people.push(bob)
  await meeting.enter(bob, {})
  await inCall(bob)
  for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
  await network.unplug(network.far)
  await ada.until("sees the tile go", async () => (await ada.tiles()).length === 1, RETURN_MS)
  await network.plug(network.far)
  await bob.until(
    "is back, or may join again",
    async () => (await bob.has("button", "Join again")) || (await bob.tiles()).length === 2,
    RETURN_MS,
  )
  if (await bob.has("button", "Join again")) {
    await bob.click("Join again")
    await ask(bob, {})
    await meeting.admit(bob)
    await inCall(bob)
  }
  for (const person of [ada, bob]) await person.seesPeople("Ada", "Bob")
  await meeting.end(LOST)
})

test("the server is out of reach for everybody for 10 s, and both browsers come back", async () => {
  const meeting = new Meeting(server, browsers)
  const ada = await meeting.host("chromium", { number: 85, name: "Ada" })
  const bob = await meeting.guest("firefox", { number: 86, name: "Bob" })
  await together(ada, bob, "before")
  await cut(network.server, 10)
  await together(ada, bob, "after 10 s")
  await meeting.end(LOST)
})
