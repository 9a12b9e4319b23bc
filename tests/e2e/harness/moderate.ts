/** What becomes of those who are not let in, or are put out. */

import assert from "node:assert/strict"
import { ask, member, press } from "./meeting.ts"
import { told } from "./orders.ts"
import type { Person } from "./person.ts"

/** Closes the list of people: then what asks for a moderator stands above the pictures. */
export async function closePeople(person: Person): Promise<void> {
  if (!(await person.has("heading", "People"))) return
  await person.click("People")
  await person.until("has closed the panel", async () => !(await person.has("heading", "People")))
}

/** Both steps of what cannot be undone. */
export async function putOut(moderator: Person, name: string, how: "Remove" | "Ban"): Promise<void> {
  await press(await member(moderator, name), how)
  await press(await member(moderator, name), how)
}

/** The names that stand in the moderator's lobby. */
export const lobbyOf = (moderator: Person): Promise<string[]> =>
  moderator.page.$$eval("[data-waiting] .person-name", (all) => all.map((e) => e.textContent))

/** This page never came past the door: the server has not let it in since it was loaded, and it shows no meeting. */
export async function outside(person: Person): Promise<void> {
  const got = await person.page.evaluate(() => window.probe.got)
  assert.ok(!got.some((text) => /^\{"t":"(joined|resumed|welcome|committed|relayed)"/.test(text)), `${person.name} was let in`)
  assert.deepEqual(await person.tiles(), [], `${person.name} sees nobody`)
  assert.equal(await person.has("button", "People"), false)
}

/** From the page before the meeting to the door, which stays shut with these words. */
export async function knocks(person: Person, words: string): Promise<void> {
  await ask(person, {})
  await told(words, person)
  await outside(person)
}

/** Waits until every device this page has turned on is off. */
export const devicesOff = (person: Person): Promise<boolean> =>
  person.until("has every device off", () =>
    person.page.evaluate(() => window.probe.tracks.length > 0 && window.probe.tracks.every((t) => t.readyState === "ended")),
  )

/** Whether a text holds some bytes, plain, in hex or in base64 at any of its three offsets. */
export function holds(text: string, bytes: Buffer): boolean {
  if (text.includes(bytes.toString("latin1")) || text.includes(bytes.toString("hex"))) return true
  return [0, 1, 2].some((offset) => {
    const coded = Buffer.concat([Buffer.alloc(offset), bytes]).toString("base64url")
    // Characters that also hold bits of a neighbour are left out at both ends.
    return text.includes(coded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + bytes.length) * 8) / 6)))
  })
}
