/** What moderators do to others and to the rules, through the accessible names of the page. */

import { type Links, member, press } from "./meeting.ts"
import type { Person } from "./person.ts"
import { MEDIA_MS, PAGE_MS, until } from "./wait.ts"

/** Opens what is folded under these words, in the panel that is open. */
export async function unfold(person: Person, words: string): Promise<void> {
  await person.until(
    `unfolds "${words}"`,
    async () => {
      const line = `//summary[normalize-space()="${words}"]`
      const closed = await person.page.$(`::-p-xpath(//details[not(@open)]${line.slice(1)})`)
      if (closed !== null) await closed.click()
      return (await person.page.$(`::-p-xpath(//details[@open]${line.slice(1)})`)) !== null
    },
    PAGE_MS,
  )
}

/** Opens a panel by its button, unless it is open. */
export async function panel(person: Person, name: "People" | "Chat" | "Safety code"): Promise<void> {
  const there = (): Promise<boolean> => person.has("heading", name)
  if (!(await there())) await person.click(name)
  await person.until(`opens ${name}`, there, PAGE_MS)
}

/** Presses one of the buttons behind "More actions" in somebody's line. */
export async function more(moderator: Person, name: string, button: string): Promise<void> {
  const line = await member(moderator, name)
  const folded = await line.$('button[aria-label="More actions"][aria-expanded="false"]')
  if (folded !== null) await folded.click()
  await press(line, button)
}

/** Turns a switch of "Rules of the meeting" or of the start page's options. */
export async function toggle(person: Person, name: string): Promise<void> {
  const line = await person.find("switch", name)
  const was = await line.evaluate((e) => (e as HTMLInputElement).checked)
  await line.click()
  await person.until(`has turned "${name}"`, async () => (await line.evaluate((e) => (e as HTMLInputElement).checked)) !== was, PAGE_MS)
}

/** Changes one of the rules of the meeting. */
export async function rule(moderator: Person, name: string): Promise<void> {
  await panel(moderator, "People")
  await unfold(moderator, "Rules of the meeting")
  await toggle(moderator, name)
}

/** Fills in a day and a time, as the field of that name shows them. */
export async function moment(person: Person, name: "From" | "Until", at: number): Promise<void> {
  const here = new Date(at - new Date(at).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
  const field = await person.until(
    `finds the moment "${name}"`,
    async () => {
      const found = await person.page.$$(`::-p-xpath(//input[@type="datetime-local"][@id=//label[normalize-space()="${name}"]/@for])`)
      for (const one of found) if (await one.isVisible()) return one
      return undefined
    },
    PAGE_MS,
  )
  await field.evaluate((e, value) => {
    const input = e as HTMLInputElement
    input.value = value
    input.dispatchEvent(new Event("change", { bubbles: true }))
  }, here)
}

/** What a button puts on the clipboard. */
export async function copying(person: Person, press: () => Promise<void>): Promise<string> {
  const before = (await person.copied()).length
  await press()
  return person.until("has copied it", async () => (await person.copied())[before], PAGE_MS)
}

/** Makes a meeting on the start page, with the options that `choose` sets, and reads both links. */
export async function planned(person: Person, origin: string, choose: () => Promise<void>): Promise<Links> {
  await person.open(origin)
  await choose()
  await person.click("New meeting")
  const participant = await copying(person, () => person.click("Copy link"))
  const moderator = await copying(person, () => person.click("Copy moderator link"))
  return { participant, moderator }
}

/** A personal invitation, by the form that is open. Returns its link. */
export async function invite(
  person: Person,
  how: { readonly label: string; readonly viewer?: boolean; readonly from?: number; readonly until?: number },
): Promise<string> {
  await unfold(person, "Personal invitations")
  await person.type("For whom", how.label)
  if (how.viewer === true) await toggle(person, "Watch and listen only")
  if (how.from !== undefined || how.until !== undefined) await unfold(person, "Valid from and until")
  if (how.from !== undefined) await moment(person, "From", how.from)
  if (how.until !== undefined) await moment(person, "Until", how.until)
  await person.click("Make invitation")
  const line = await invitation(person, how.label)
  return copying(person, () => press(line, "Copy invitation"))
}

/** The line of an invitation in the list of those that were made. */
export const invitation = (person: Person, label: string) =>
  person.until(
    `finds the invitation for ${label}`,
    async () => (await person.page.$(`::-p-xpath(//li[.//bdi[normalize-space()="${label}"]][.//button])`)) ?? undefined,
    PAGE_MS,
  )

/**
 * Waits until all of them can read these words, or could since they were last
 * told something here: notices go away by themselves, perhaps between two looks.
 */
export async function told(words: string, ...people: readonly Person[]): Promise<void> {
  const isTold = async (p: Person): Promise<boolean> => {
    const now = await p.text()
    const before = await p.page.evaluate(() => [...window.probe.notices]) // later: what stands there now is among them
    if (![now, ...before].some((text) => plain(text).includes(words))) return false
    await p.page.evaluate((count) => void window.probe.notices.splice(0, count), before.length)
    return true
  }
  await Promise.all(people.map((p) => p.until(`is told "${words}"`, () => isTold(p))))
}

/** Without the marks that keep the direction of a name from changing its sentence's. */
export const plain = (text: string): string => text.replace(/[\u2068\u2069]/g, "")

/** Waits until these words stand in the list of what has happened, for each of them. */
export async function listed(words: string, ...people: readonly Person[]): Promise<void> {
  for (const person of people) {
    await panel(person, "People")
    await unfold(person, "What has happened")
    await told(words, person)
  }
}

/** How often the page has asked for a device so far. */
export const asked = (person: Person): Promise<number> => person.page.evaluate(() => window.probe.asked.length)

/** Packets and sound of one kind that somebody receives, added up. */
export async function received(person: Person, kind: "audio" | "video"): Promise<number> {
  const streams = (await person.streams()).filter((s) => s.side === "receive" && s.kind === kind)
  return streams.reduce((sum, s) => sum + s.packets, 0)
}

/** Packets that somebody sends, of whatever kind. */
export const sentPackets = async (person: Person): Promise<number> =>
  (await person.streams()).reduce((sum, s) => (s.side === "send" ? sum + s.packets : sum), 0)

/**
 * Waits until a count stands still while something else demonstrably goes on:
 * `witness` returns when enough of that has happened.
 */
export async function rests(what: string, count: () => Promise<number>, witness: () => Promise<unknown>): Promise<void> {
  await until(
    `${what} has stopped`,
    async () => {
      const before = await count()
      await witness()
      return (await count()) === before
    },
    MEDIA_MS,
  )
}

/** Says that the safety code matches, in the panel of the code. */
export async function compare(person: Person): Promise<void> {
  await panel(person, "Safety code")
  await person.click("It matches")
  await told("You have compared this code.", person)
}

/** A page whose clock is wrong by so many ms. */
export const wrongClock = (ms: number): string => `{
  const Real = Date
  const off = ${ms}
  window.Date = class extends Real {
    constructor(...a) { if (a.length === 0) super(Real.now() + off); else super(...a) }
    static now() { return Real.now() + off }
  }
}`
