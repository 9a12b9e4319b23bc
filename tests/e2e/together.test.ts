/** Hands, reactions, private lines, comparing together, a copied session, and the end for all. */

import assert from "node:assert/strict"
import test from "node:test"
import { subprotocol } from "../../client/src/wire/messages.gen.ts"
import { admit, ask, codeOf, inCall, member, press, reads, say } from "./harness/meeting.ts"
import { compare, listed, panel, told, unfold } from "./harness/orders.ts"
import type { Person } from "./harness/person.ts"
import { stage } from "./harness/stage.ts"
import { PAGE_MS } from "./harness/wait.ts"

const at = stage()

/** Waits until these people see the raised hands of these, in this order. */
async function hands(order: readonly string[], ...people: readonly Person[]): Promise<void> {
  for (const person of people) {
    await person.until(`sees the hands of ${order.join()}`, async () => {
      const seen = (await person.tiles()).map(({ name, text }) => [name, Number(/Hand raised, number (\d+)/.exec(text)?.[1] ?? 0)] as const)
      const up = seen.filter(([, n]) => n > 0).sort(([, a], [, b]) => a - b)
      return up.map(([name, n]) => `${name} ${n}`).join() === order.map((name, i) => `${name} ${i + 1}`).join()
    })
  }
}

/** Writes to one person alone. */
async function whisper(person: Person, name: string, text: string): Promise<void> {
  await panel(person, "Chat")
  const to = await person.find("combobox", "To")
  const value = await to.evaluate((e, n) => [...(e as HTMLSelectElement).options].find((o) => o.text === n)?.value ?? "", name)
  await to.select(value)
  await person.type("Message", text)
  await person.click("Send")
  await to.select("")
}

test("hands in order, reactions, private lines, comparing together, and the end for all", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 141, name: "Ada" }, {})
  const bob = await meeting.guest("firefox", { number: 142, name: "Bob" }, {})
  const eve = await meeting.guest("chromium", { number: 143, name: "Eve" }, {})
  const all = [ada, bob, eve]

  await eve.click("Raise hand")
  await hands(["Eve"], ...all)
  await bob.click("Raise hand")
  await hands(["Eve", "Bob"], ...all)
  const line = await member(ada, "Eve")
  await (await line.$('button[aria-label="More actions"]'))?.click()
  await press(line, "Lower hand")
  await told("Ada has lowered your hand", eve)
  await hands(["Bob"], ...all)
  await bob.click("Lower hand")
  await hands([], ...all)

  for (const [one, words] of [
    [bob, "Applause"],
    [eve, "Heart"],
  ] as const) {
    await one.click("React")
    await one.click(words)
    await Promise.all(
      all.map((p) => p.until(`sees ${words}`, async () => (await p.page.$(`[data-name="${one.name}"] [aria-label="${words}"]`)) !== null)),
    )
  }

  await whisper(bob, "Ada", "for Ada alone")
  await say(bob, "for everybody")
  await reads(ada, "for Ada alone")
  await told("privately to you", ada)
  await told("privately to Ada", bob)
  await reads(eve, "for everybody")
  assert.ok(!(await eve.text()).includes("for Ada alone"), "nobody else reads a private line")

  await panel(ada, "People")
  await unfold(ada, "Rules of the meeting")
  await ada.click("Lock and compare")
  await told("Nobody hears or sees you before you have compared the safety code with the others.", ...all)
  const codes = []
  for (const person of all) codes.push(await codeOf(person))
  assert.deepEqual(new Set(codes).size, 1, "all see one code")
  for (const person of all) await compare(person)
  for (const person of all) {
    await told("3 of 3 say so.", person)
    await person.until("sees everybody marked", async () => (await person.tiles()).every((t) => t.text.includes("Safety code compared")))
  }
  for (const words of ["Ada has lowered", "Ada has locked the meeting", "Ada wants the safety code to be compared first"])
    await listed(words, ...all)

  await panel(ada, "People")
  for (let i = 0; i < 2; i++) {
    const aside = await ada.page.$("aside")
    assert.ok(aside !== null)
    await press(aside, "End for all")
  }
  for (const person of [bob, eve]) {
    await told("A moderator has ended it for everybody.", person)
    await person.find("heading", "The meeting is over")
  }
  await ada.find("button", "Start page")
  await meeting.end()
})

test("a copied session throws its owner out, is told to the moderators, and noticed by nobody else", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 144, name: "Ada" })
  const eve = await meeting.guest("firefox", { number: 145, name: "Eve" }, {})
  const bob = await meeting.guest("firefox", { number: 146, name: "Bob" }, {})
  await eve.sees(ada)

  // What a thief could have copied from this tab: the token of its stay, which a reload uses up.
  const token = await bob.page.evaluate(
    () => window.probe.got.map((text) => JSON.parse(text) as { t: string; token?: string }).find((m) => m.t === "joined")?.token ?? "",
  )
  assert.notEqual(token, "")
  await bob.page.reload({ waitUntil: "load", timeout: PAGE_MS })
  await inCall(bob)

  const mallory = await meeting.arrive("chromium", { number: 147, name: "Mallory" })
  await mallory.open(at.server.origin)
  const answer = await mallory.page.evaluate(
    (stolen, protocol) =>
      new Promise<string>((done) => {
        const socket = new WebSocket(`${location.origin.replace(/^http/, "ws")}/signaling`, protocol)
        const got: string[] = []
        socket.onmessage = (e) => {
          got.push((JSON.parse(String(e.data)) as { t: string }).t)
          if (got.length === 1) socket.send(JSON.stringify({ t: "resume", token: stolen, epoch: 1, keyPackage: "AAAA" }))
        }
        socket.onclose = () => done(got.join())
      }),
    token,
    subprotocol,
  )
  assert.equal(answer, "challenge,refused", "the thief gets nothing")
  await Promise.all([
    listed("A copy of a session was used (Bob). Both were thrown out; the person can come in again.", ada),
    told("A copy of your session was used", bob),
  ])
  for (const person of [ada, eve]) await person.seesPeople("Ada", "Eve")
  await eve.sees(ada)
  assert.ok(!(await eve.text()).includes("session"), "nobody else is told of it")

  await bob.click("Join again")
  await ask(bob, {})
  await admit(ada, "Bob")
  await inCall(bob)
  for (const person of [ada, bob, eve]) await person.seesPeople("Ada", "Bob", "Eve")
  await bob.sees(ada)
  await meeting.end()
})
