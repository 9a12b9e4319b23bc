/** The link: where it stands, what a broken or foreign one does. */

import assert from "node:assert/strict"
import test from "node:test"
import { KINDS } from "./harness/browsers.ts"
import { ask, inCall, join, waiting } from "./harness/meeting.ts"
import { stage } from "./harness/stage.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

/** Replaces the secret L in a link by another; the moderators' hash stays. */
function withOtherSecret(link: string): string {
  const [head = "", tail = ""] = link.split("#1.")
  const [main = "", ...moderator] = tail.split(".")
  const bytes = Buffer.from(main, "base64url")
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return `${head}#1.${[bytes.toString("base64url"), ...moderator].join(".")}`
}

for (const kind of KINDS) {
  test(`in ${kind} the link stands in the session storage and nowhere else`, async () => {
    const meeting = at.meeting()
    const ada = await meeting.host(kind, { number: 61, name: "Ada" }, {})
    const bob = await meeting.arrive(kind, { number: 62, name: "Bob" })
    await bob.open(at.server.origin)
    await bob.find("button", "New meeting")
    await bob.open(meeting.links.participant)
    await bob.find("textbox", "Your name")
    const secret = new URL(meeting.links.participant).hash.slice(3, 40)
    for (const person of [ada, bob]) {
      const seen = await person.page.evaluate(async () => ({
        href: location.href,
        title: document.title,
        state: JSON.stringify(history.state),
        session: JSON.stringify({ ...sessionStorage }),
        local: localStorage.length,
        cookie: document.cookie,
        databases: (await indexedDB.databases()).length,
        caches: (await caches.keys()).length,
        workers: (await navigator.serviceWorker.getRegistrations()).length,
      }))
      assert.equal(seen.href, `${at.server.origin}/`, "nothing behind the host in the address bar")
      assert.equal(seen.title.includes(secret) || seen.state.includes(secret), false)
      assert.ok(seen.session.includes(secret), "the link is kept for a reload of this tab")
      assert.deepEqual([seen.local, seen.cookie, seen.databases, seen.caches, seen.workers], [0, "", 0, 0, 0], "nothing else is stored")
    }
    // The entry of the history is the page without the link: going back and forth does not bring it out.
    await bob.page.goBack({ timeout: PAGE_MS })
    await bob.page.goForward({ timeout: PAGE_MS })
    assert.equal(await bob.page.evaluate(() => location.href), `${at.server.origin}/`)
    await bob.page.reload({ timeout: PAGE_MS })
    await bob.find("textbox", "Your name")
    for (const url of [...ada.requests, ...bob.requests]) {
      // A page's own address is told with its fragment, which no browser sends.
      assert.ok(!url.split("#")[0]?.includes(secret), "no request holds the link")
    }
    for (const text of [...(await ada.sent()), ...(await bob.sent())])
      assert.ok(!text.includes(secret.slice(0, 20)), "no message holds the link")
    await meeting.end()
  })
}

test("a participant waits for a moderator, and comes in only when admitted", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 63, name: "Ada" }, {})
  await ada.click("Leave")
  const bob = await meeting.arrive("firefox", { number: 64, name: "Bob" })
  await bob.open(meeting.links.participant)
  await ask(bob, {})
  await bob.until("waits", async () => (await bob.text()).includes("Waiting for the moderator"))
  assert.deepEqual(await bob.tiles(), [])
  await ada.click("Join again")
  await join(ada, {})
  await inCall(ada)
  await waiting(ada, "Bob")
  assert.deepEqual(await bob.tiles(), [], "the moderator's coming alone lets nobody in")
  await meeting.admit(bob)
  for (const person of [ada, bob]) {
    await inCall(person)
    await person.seesPeople("Ada", "Bob")
  }
  await meeting.end()
})

test("a broken link says so", async () => {
  const meeting = at.meeting()
  const bob = await meeting.arrive("chromium", { number: 65, name: "Bob" })
  for (const fragment of ["#1.AAAA", "#2.AAAA", `#1.${"A".repeat(64)}.AAAA`, "#nonsense"]) {
    await bob.open("about:blank")
    await bob.open(`${at.server.origin}/${fragment}`)
    await bob.until(`is told of ${fragment}`, async () => (await bob.text()).includes("This link is not complete"), PAGE_MS)
  }
  await meeting.end()
})

test("the right room with another secret is refused, and gets nothing", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 66, name: "Ada" })
  const joins = (await ada.sent()).map((text) => JSON.parse(text) as { t: string; room?: string }).filter((m) => m.t === "join")
  const room = joins[0]?.room ?? ""
  assert.notEqual(room, "")

  // With another secret the link names another room, which nobody is in.
  const elsewhere = await meeting.arrive("firefox", { number: 67, name: "Mallory" })
  await elsewhere.open(withOtherSecret(meeting.links.participant))
  await ask(elsewhere, {})
  await elsewhere.until("waits alone", async () => (await elsewhere.text()).includes("Waiting for the moderator"))

  // A page that names the right room all the same cannot prove that it holds the link.
  const liar = `{
    const Before = WebSocket
    window.WebSocket = class extends Before {
      send(text) {
        const m = JSON.parse(text)
        super.send(m.t === "join" ? JSON.stringify({ ...m, room: ${JSON.stringify(room)} }) : text)
      }
    }
  }`
  const mallory = await meeting.arrive("chromium", { number: 68, name: "Mallory", scripts: [liar] })
  await mallory.open(withOtherSecret(meeting.links.participant))
  await ask(mallory, {})
  await mallory.until("is refused", async () => (await mallory.text()).includes("This link opens nothing here"))

  for (const stranger of [elsewhere, mallory]) {
    assert.deepEqual(await stranger.tiles(), [])
    assert.deepEqual(
      (await stranger.streams()).filter((s) => s.packets > 0),
      [],
    )
  }
  await ada.seesPeople("Ada")
  await meeting.end()
})
