/** What people do with the application, step by step, through its accessible names. */

import assert from "node:assert/strict"
import type { ElementHandle } from "puppeteer-core"
import type { Browsers, Kind } from "./browsers.ts"
import { type Arriving, Person } from "./person.ts"
import type { Server } from "./server.ts"
import { PAGE_MS, until } from "./wait.ts"

export interface Links {
  readonly participant: string
  readonly moderator: string
}

/** Which devices somebody turns on before joining. */
export interface Devices {
  readonly camera?: boolean
  readonly microphone?: boolean
}

const BOTH: Devices = { camera: true, microphone: true }

/** Makes a meeting on the start page and reads both links as the page copies them. */
export async function newMeeting(person: Person, origin: string): Promise<Links> {
  await person.open(origin)
  await person.click("New meeting")
  await person.click("Copy link")
  await person.click("Copy moderator link")
  const [participant = "", moderator = ""] = await person.until(
    "has copied both links",
    async () => {
      const copied = await person.copied()
      return copied.length >= 2 && copied
    },
    PAGE_MS,
  )
  assert.ok(moderator.startsWith(`${participant}.`), "the moderator link is the participant link and a key")
  return { participant, moderator }
}

/** Turns a device on or off with its button. */
export async function turn(person: Person, device: "camera" | "microphone", on: boolean): Promise<void> {
  await person.click(`Turn ${on ? "on" : "off"} ${device}`)
  await person.find("button", `Turn ${on ? "off" : "on"} ${device}`)
}

async function prepare(person: Person, devices: Devices): Promise<void> {
  await person.type("Your name", person.name)
  if (devices.microphone === true) await turn(person, "microphone", true)
  if (devices.camera === true) await turn(person, "camera", true)
}

/** From the pre-join page to "Join": a moderator comes in at once. */
export async function join(person: Person, devices: Devices = BOTH): Promise<void> {
  await prepare(person, devices)
  await person.click("Join")
}

/** From the pre-join page to "Ask to join": a participant waits until a moderator admits them. */
export async function ask(person: Person, devices: Devices = BOTH): Promise<void> {
  await prepare(person, devices)
  await person.click("Ask to join")
}

/** The lobby's line of somebody who waits, once a moderator sees it. */
export async function waiting(moderator: Person, name: string): Promise<ElementHandle<Element>> {
  const item = `::-p-xpath(//*[@data-waiting][contains(normalize-space(), "${name}")])`
  return moderator.until(`sees ${name} wait`, async () => {
    if (!(await moderator.has("heading", "People"))) await moderator.click("People")
    return (await moderator.page.$(item)) ?? undefined
  })
}

/** A moderator lets somebody in who waits. */
export async function admit(moderator: Person, name: string): Promise<void> {
  await press(await waiting(moderator, name), "Admit")
}

/** The line of somebody among the people in the call, with its panel open. */
export async function member(person: Person, name: string): Promise<ElementHandle<Element>> {
  const item = `::-p-xpath(//*[@data-member][.//bdi[normalize-space()="${name}"]])`
  return person.until(`finds ${name} among the people`, async () => {
    if (!(await person.has("heading", "People"))) await person.click("People")
    return (await person.page.$(item)) ?? undefined
  })
}

/** Clicks the button with this name inside an element. */
export async function press(inside: ElementHandle<Element>, name: string): Promise<void> {
  const hit = async (): Promise<boolean> => {
    const button = await inside.$(`::-p-xpath(.//button[normalize-space()="${name}" or @aria-label="${name}"])`)
    await button?.click()
    return button !== null
  }
  await until(`clicks "${name}"`, hit, PAGE_MS)
}

/** Waits until this person is in the call and its keys are agreed. */
export async function inCall(person: Person): Promise<void> {
  await person.until("is in the call", () => person.has("button", "Leave"))
  await person.until("is encrypted", () => person.has("button", "End-to-end encrypted"))
}

export async function say(person: Person, text: string): Promise<void> {
  if (!(await person.has("textbox", "Message"))) await person.click("Chat")
  await person.type("Message", text)
  await person.click("Send")
}

/** Waits until a chat line is on the screen. */
export async function reads(person: Person, text: string): Promise<void> {
  if (!(await person.has("textbox", "Message"))) await person.click("Chat")
  await person.until(`reads "${text}"`, async () => (await person.text()).includes(text))
}

/** Opens a panel, reads the thirty digits of the safety code and closes it. */
export async function codeOf(person: Person): Promise<string> {
  if (!(await person.has("heading", "Safety code"))) await person.click("Safety code")
  return person.until("sees the safety code", async () => {
    const digits = /(\d{5}\s+){5}\d{5}/.exec(await person.text())?.[0]
    return digits?.replace(/\s/g, "")
  })
}

/** The codec that this person's browser last said to the server it would send video in. */
async function offeredCodec(person: Person): Promise<string | undefined> {
  const offers = (await person.sent()).map((text) => JSON.parse(text)).filter((m) => m.t === "publish")
  const [, first, rest = ""] = /^m=video \S+ \S+ (\d+)(.*)/ms.exec(offers.at(-1)?.sdp ?? "") ?? []
  return new RegExp(`^a=rtpmap:${first} (\\w+)/`, "m").exec(rest)?.[1]
}

/** Chooses a codec, and waits until nothing is sent in another: it is tested first. */
export async function chooseCodec(person: Person, codec: "auto" | "VP8" | "VP9" | "AV1"): Promise<void> {
  if (!(await person.has("heading", "Settings"))) await person.click("Settings")
  const field = await person.until("finds the list of codecs", async () => {
    const list = (await person.has("combobox", "Video codec")) ? await person.find("combobox", "Video codec") : null
    // Browsers do not agree on the role of the words that unfold the list.
    if (list === null) await (await person.page.$('::-p-xpath(//details[not(@open)]/summary[normalize-space()="Advanced"])'))?.click()
    return list ?? undefined
  })
  await field.select(codec)
  if (codec !== "auto") await person.until(`says to send in ${codec}`, async () => (await offeredCodec(person)) === codec)
}

/** One meeting and the people who came to it. */
export class Meeting {
  /** Those that have not ended: what a failed test leaves open must not slow the next one down. */
  static readonly #open = new Set<Meeting>()
  readonly server: Server
  readonly people: Person[] = []
  readonly #browsers: Browsers
  links: Links = { participant: "", moderator: "" }
  #moderator: Person | undefined

  constructor(server: Server, browsers: Browsers) {
    this.server = server
    this.#browsers = browsers
    Meeting.#open.add(this)
  }

  /** A new window that has opened nothing yet. */
  async arrive(kind: Kind, who: Arriving): Promise<Person> {
    for (const other of Meeting.#open) if (other !== this) await other.#closeAll()
    const person = await Person.arrive(await this.#browsers.get(kind), kind, this.server.origin, who)
    this.people.push(person)
    return person
  }

  /** Makes the meeting and joins it as its moderator. */
  async host(kind: Kind, who: Arriving, devices: Devices = BOTH): Promise<Person> {
    const person = await this.arrive(kind, who)
    this.#moderator = person
    this.links = await newMeeting(person, this.server.origin)
    await person.click("Start as moderator")
    await join(person, devices)
    await inCall(person)
    return person
  }

  /** Opens the participant link, asks to join and is let in. */
  async guest(kind: Kind, who: Arriving, devices: Devices = BOTH): Promise<Person> {
    const person = await this.arrive(kind, who)
    await this.enter(person, devices)
    await inCall(person)
    return person
  }

  /** Somebody whose window is there opens the participant link, asks to join and is let in. */
  async enter(person: Person, devices: Devices = BOTH): Promise<void> {
    await person.open(this.links.participant)
    await ask(person, devices)
    await this.admit(person)
  }

  /** Whoever made the meeting lets somebody in. */
  async admit({ name }: { readonly name: string }): Promise<void> {
    assert.ok(this.#moderator !== undefined, "a meeting has a moderator")
    await admit(this.#moderator, name)
  }

  /** Everybody's page is closed; none of them may have complained (but as `allowed`) or called elsewhere. */
  async end(allowed?: RegExp): Promise<void> {
    for (const person of this.people) await clean(person, this.server.origin, allowed)
    await this.#closeAll()
  }

  async #closeAll(): Promise<void> {
    Meeting.#open.delete(this)
    for (const person of this.people) await person.leaveWindow().catch(() => undefined)
  }
}

/** No policy violation, no error, nothing on the console, no request elsewhere. */
export async function clean(person: Person, origin: string, allowed?: RegExp): Promise<void> {
  assert.deepEqual(await person.faults(), [], `faults in the page of ${person.name}`)
  assert.deepEqual(await person.page.evaluate(() => [...window.probe.ghosts]), [], `${person.name} saw somebody twice`)
  const said = person.said.filter((line) => allowed?.test(line) !== true)
  assert.deepEqual(said, [], `console of ${person.name}`)
  const elsewhere = person.requests.filter((url) => new URL(url).host !== new URL(origin).host && !/^(blob|data|about):/.test(url))
  assert.deepEqual(elsewhere, [], `requests of ${person.name} to other hosts`)
}
