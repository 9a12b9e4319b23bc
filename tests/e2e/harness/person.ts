/** One person at one browser window: does what a user does, and sees what a user sees. */

import assert from "node:assert/strict"
import type { Browser, BrowserContext, ElementHandle, Page } from "puppeteer-core"
import { FIREFOX_TONE, type Kind } from "./browsers.ts"
import { type Inside, type SeenCounts, type SeenStream, type SeenTile, scriptFor } from "./inside.ts"
import { MEDIA_MS, PAGE_MS, until } from "./wait.ts"

export interface Arriving {
  readonly number: number // 1..255, in the camera's picture
  readonly name: string
  readonly inside?: Partial<Inside>
  /** More scripts that run before the page's own, as source text. */
  readonly scripts?: readonly string[]
  readonly viewport?: { readonly width: number; readonly height: number; readonly isMobile?: boolean; readonly hasTouch?: boolean }
  readonly colorScheme?: "light" | "dark"
}

/**
 * Puppeteer lets everything it evaluates in Chromium count as a click, which
 * would hide what a page may not do before its user has touched it.
 */
function withoutGestures(page: Page): void {
  const client = (
    page as unknown as { _client(): { send: (method: string, parameters?: object, options?: object) => Promise<unknown> } }
  )._client()
  const send = client.send.bind(client)
  client.send = (method: string, parameters?: object, options?: object) =>
    send(method, parameters !== undefined && "userGesture" in parameters ? { ...parameters, userGesture: false } : parameters, options)
}

export class Person {
  readonly kind: Kind
  readonly number: number
  readonly name: string
  readonly page: Page
  readonly tone: number // Hz that the others hear
  readonly requests: string[] = []
  readonly said: string[] = [] // on the console
  readonly #context: BrowserContext

  private constructor(kind: Kind, who: Arriving, context: BrowserContext, page: Page) {
    this.kind = kind
    this.number = who.number
    this.name = who.name
    this.page = page
    this.tone = kind === "firefox" ? FIREFOX_TONE : 500 + 250 * (who.number % 16)
    this.#context = context
    page.on("request", (r) => this.requests.push(r.url()))
    page.on("console", (m) => this.said.push(`${m.type()}: ${m.text()}`))
    page.on("pageerror", (e) => this.said.push(`pageerror: ${e}`))
  }

  /** A fresh window with nothing stored, for a page of `origin`. */
  static async arrive(browser: Browser, kind: Kind, origin: string, who: Arriving): Promise<Person> {
    const context = await browser.createBrowserContext()
    // Without a media permission Chromium gathers no usable candidate.
    if (kind === "chromium") await context.overridePermissions(origin, ["camera", "microphone"])
    return Person.#sit(context, kind, who)
  }

  /** The same person in the same browser, in a new tab; this one is closed. */
  async reopen(who: Arriving): Promise<Person> {
    const next = await Person.#sit(this.#context, this.kind, who)
    await this.page.close()
    return next
  }

  static async #sit(context: BrowserContext, kind: Kind, who: Arriving): Promise<Person> {
    const page = await context.newPage({ type: "window" })
    if (kind === "chromium") withoutGestures(page)
    const person = new Person(kind, who, context, page)
    if (who.viewport !== undefined) await page.setViewport(who.viewport)
    // The sound of Firefox's audio engine is suspended here, its fake microphone is not.
    const tone = kind === "firefox" ? 0 : person.tone
    await page.evaluateOnNewDocument(scriptFor({ person: who.number, camera: "coded", tone, languages: [], ...who.inside }))
    for (const script of who.scripts ?? []) await page.evaluateOnNewDocument(script)
    return person
  }

  async leaveWindow(): Promise<void> {
    await this.#context.close()
  }

  async open(link: string): Promise<void> {
    await this.page.goto(link, { waitUntil: "load", timeout: PAGE_MS })
  }

  // ---- Hands ----

  /** The element with a role and an accessible name, once it is there. */
  async find(role: string, name: string): Promise<ElementHandle<Element>> {
    return until(
      `${this.name} finds the ${role} "${name}"`,
      async () => (await this.#search(role, name)) ?? undefined,
      PAGE_MS,
      () => this.tell(),
    )
  }

  async has(role: string, name: string): Promise<boolean> {
    return (await this.#search(role, name)) !== null
  }

  async #search(role: string, name: string): Promise<ElementHandle<Element> | null> {
    if (this.kind === "chromium") return this.page.$(`::-p-aria([name="${name}"][role="${role}"])`)
    return (await this.page.evaluateHandle((r, n) => window.probe.find(r, n), role, name)).asElement() as ElementHandle<Element> | null
  }

  /** Clicks an element once it is there. One that is drawn anew at that moment cannot be hit: the one that takes its place is. */
  async click(name: string, role = "button"): Promise<void> {
    const hit = async (): Promise<boolean> => {
      const element = await this.#search(role, name)
      await element?.click()
      return element !== null
    }
    await this.until(`clicks the ${role} "${name}"`, hit, PAGE_MS)
  }

  async type(name: string, text: string): Promise<void> {
    const field = await this.find("textbox", name)
    await field.click({ count: 3 })
    if (this.kind === "chromium")
      await this.page.keyboard.sendCharacter(text) // all at once, as a paste
    else await field.type(text)
  }

  // ---- Eyes ----

  tiles(): Promise<SeenTile[]> {
    return this.page.evaluate(() => window.probe.tiles())
  }

  streams(): Promise<SeenStream[]> {
    return this.page.evaluate(() => window.probe.streams())
  }

  faults(): Promise<string[]> {
    return this.page.evaluate(() => window.probe.faults)
  }

  /** Every message this page has sent to the server, as text. */
  sent(): Promise<string[]> {
    return this.page.evaluate(() => window.probe.sent)
  }

  copied(): Promise<string[]> {
    return this.page.evaluate(() => window.probe.copied)
  }

  async counts(): Promise<SeenCounts[]> {
    return this.page.evaluate(() => [...window.probe.counts.values()])
  }

  /**
   * Every frame that came was opened, but for pictures that came twice: a packet
   * that was late has been asked for meanwhile, and makes its frame once more.
   */
  async openedAll(): Promise<void> {
    // The self-test's call with itself probes its own network by sending frames twice.
    const counts = (await this.counts()).filter((c) => c.id !== "in")
    const streams = (await this.page.evaluate(() => window.probe.stats())).filter((s) => s["type"] === "inbound-rtp")
    // What a connection counted that was replaced is gone with it: this is about the last one.
    const last = Math.max(...counts.map((c) => Number(/^s(\d+)\./.exec(c.id)?.[1] ?? 0)))
    const again = (id: string): number =>
      streams.filter((s) => id === `s${last}.${s["mid"]}`).reduce((n, s) => n + mayRepeat(this.kind, s), 0)
    const twice = counts.filter((c) => c.id.startsWith(`s${last}.`) && c.replayed > again(c.id))
    const told = counts.filter((c) => c.forged + c.foreign + c.replayed > 0).map((c) => ({ ...c, again: again(c.id) }))
    assert.ok(counts.every((c) => c.forged + c.foreign === 0) && twice.length === 0, `${this.name}: ${JSON.stringify(told)}`)
  }

  text(): Promise<string> {
    // biome-ignore lint/performance/useDomNodeTextContent: what a person can read, not what the tree holds
    return this.page.evaluate(() => document.body.innerText)
  }

  /** Everything a failed test should say about this person. */
  async tell(): Promise<string> {
    const tiles = await this.tiles().catch(() => [])
    const streams = await this.streams().catch(() => [])
    return [
      `--- ${this.name} (${this.kind}) at ${this.page.url()}`,
      await this.text().catch((e) => `(no text: ${e})`),
      ...tiles.map((t) => `tile ${JSON.stringify(t)}`),
      ...streams.filter((s) => s.packets > 0).map((s) => `stream ${JSON.stringify(s)}`),
      ...(await this.counts().catch(() => []))
        .filter((c) => c.passed + c.noKey + c.forged + c.replayed + c.foreign > 0)
        .map((c) => `counts ${JSON.stringify(c)}`),
      ...(await this.faults().catch(() => [])),
      ...this.said,
    ].join("\n")
  }

  /** Waits for something this person can see. */
  until<T>(what: string, ask: () => Promise<T | undefined | false>, within = MEDIA_MS): Promise<T> {
    return until(`${this.name}: ${what}`, ask, within, () => this.tell())
  }

  async tileOf(name: string): Promise<SeenTile | undefined> {
    const tiles = (await this.tiles()).filter((t) => t.name === name)
    assert.ok(tiles.length <= 1, `${this.name} sees ${tiles.length} tiles of ${name}`)
    return tiles[0]
  }

  /** Waits until the other's camera is seen: its own coded pictures, moving. */
  async sees(other: { readonly name: string; readonly number: number }): Promise<void> {
    const counts = new Set<number>()
    await this.until(`sees ${other.name} moving`, async () => {
      const tile = await this.tileOf(other.name)
      for (const { coded, visible } of tile?.videos ?? []) {
        if (coded === null || !visible) continue
        assert.equal(coded.person, other.number, `the picture in the tile of ${other.name}`)
        counts.add(coded.count)
      }
      return counts.size >= 5
    })
  }

  /** Waits until the tile of the other is there, without a picture. */
  async seesNoPictureOf(other: { readonly name: string }): Promise<void> {
    await this.until(`sees ${other.name} without a picture`, async () => {
      const tile = await this.tileOf(other.name)
      return tile?.videos.every((v) => !v.visible || v.width === 0)
    })
  }

  /** Waits until exactly these people have tiles. */
  async seesPeople(...names: readonly string[]): Promise<void> {
    const wanted = [...names].sort().join()
    await this.until(
      `sees tiles of ${wanted}`,
      async () =>
        (await this.tiles())
          .map((t) => t.name)
          .sort()
          .join() === wanted,
    )
  }

  /** Waits until the other's tone is heard. */
  async hears(other: { readonly name: string; readonly tone: number }): Promise<void> {
    if (this.kind === "firefox") return this.#hearsSomething(other)
    await this.until(`hears ${other.tone} Hz of ${other.name}`, async () => {
      const tone = await this.page.evaluate(() => window.probe.tone())
      return Math.abs(tone - other.tone) < 40
    })
  }

  async #hearsSomething({ name }: { readonly name: string }): Promise<void> {
    const energy = async (): Promise<number> => (await this.streams()).reduce((sum, s) => (s.side === "receive" ? sum + s.energy : sum), 0)
    const before = await energy()
    await this.until(`hears ${name}`, async () => (await energy()) > before + 0.02)
  }
}

/**
 * How many frames of a stream may have come twice, at most. Chromium counts the
 * packets that came again. Firefox does not, but counts its requests for pictures:
 * each names a packet and may name the sixteen that follow it (RFC 4585, section
 * 6.2.1). For sound it sends none, and takes no packet twice.
 */
function mayRepeat(kind: Kind, stream: Record<string, unknown>): number {
  if (kind === "chromium") return Number(stream["retransmittedPacketsReceived"] ?? 0)
  return 17 * Number(stream["nackCount"] ?? 0)
}
