/** Four people, two of each browser; the fourth comes late, one leaves. */

import assert from "node:assert/strict"
import test from "node:test"
import { codeOf, reads, say } from "./harness/meeting.ts"
import { stage } from "./harness/stage.ts"

/** Sound between four is more than two cores carry beside the pictures; call.test.ts has it. */
const PICTURE = { camera: true }

const at = stage()

test("four people see each other, and the rest go on when one leaves", async () => {
  const meeting = at.meeting()
  const ada = await meeting.host("chromium", { number: 11, name: "Ada" }, PICTURE)
  const bob = await meeting.guest("firefox", { number: 12, name: "Bob" }, PICTURE)
  const eve = await meeting.guest("chromium", { number: 13, name: "Eve" }, PICTURE)
  for (const person of [ada, bob, eve]) await person.seesPeople("Ada", "Bob", "Eve")

  const max = await meeting.guest("firefox", { number: 14, name: "Max" }, PICTURE)
  const everybody = [ada, bob, eve, max]
  await Promise.all(
    everybody.map(async (person) => {
      await person.seesPeople("Ada", "Bob", "Eve", "Max")
      for (const other of everybody) if (other !== person) await person.sees(other)
    }),
  )
  await say(max, "four of us")
  for (const person of [ada, bob, eve]) await reads(person, "four of us")
  const codes = await Promise.all(everybody.map(codeOf))
  assert.equal(new Set(codes).size, 1, `one code for everybody: ${codes.join(" ")}`)

  await ada.click("Leave")
  for (const person of [bob, eve, max]) await person.seesPeople("Bob", "Eve", "Max")
  await bob.sees(max)
  await max.sees(eve)
  await eve.sees(bob)
  assert.notEqual(await codeOf(bob), codes[0], "a leave changes the keys")
  await meeting.end()
})
