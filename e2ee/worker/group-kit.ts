/**
 * For tests: an ordering server and the pages in front of some group workers,
 * in one process and without a clock of its own. It does what the real server
 * and page do, as far as the group goes.
 */

import type { Nominate, Signed } from "../../client/src/wire/messages.gen.ts"
import type { Policy, Statement } from "../../client/src/wire/statements.gen.ts"
import { NO_POLICY } from "./admission.ts"
import { equal, toHex } from "./bytes.ts"
import { signingPair } from "./derive.ts"
import { makeGrant } from "./grant.ts"
import { GroupMachine } from "./group.ts"
import { deriveModerator, deriveRoom, hashModerators } from "./link.ts"
import type { FromGroup, Keys, Link, Message, PersonId, Stay, ToGroup } from "./port.ts"
import { type Sign, signStatement } from "./statement.ts"

type Of<On extends FromGroup["on"]> = Extract<FromGroup, { on: On }>

/** A link whose secrets are all `fill`, for moderators or for others. */
export async function linkOf(fill: number, moderator = false): Promise<Link> {
  const m = new Uint8Array(32).fill(fill ^ 0x80)
  const keys = await deriveModerator(m)
  const link = { secret: new Uint8Array(32).fill(fill), moderators: await hashModerators(keys.signature.publicKey, keys.kem.publicKey) }
  return moderator ? { ...link, moderator: m } : link
}

export const BEGAN = 1_800_000_000_000 // ms since 1970, at time 0
const DAY = 24 * 60 * 60 * 1000

export type Unnumbered = Statement extends infer S ? (S extends Statement ? Omit<S, "seq"> & { readonly seq?: number } : never) : never

/** What a client is told to do as nominee. */
export const nominate = (epoch: number, more: Partial<Omit<Nominate, "t" | "epoch">> = {}): ToGroup => ({
  do: "nominate",
  nominate: { t: "nominate", epoch, adds: [], removes: [], admissions: [], grants: [], deadlineMs: 3000, ...more },
})

/** A moderator's signature without a moderator: says whatever it is asked to. */
interface Chair {
  readonly person: Uint8Array
  readonly key: Uint8Array
  readonly grant: Uint8Array
  say(statement: Unnumbered): Promise<Signed>
}

/** The chair of the room of linkOf(fill), or one it has appointed under `kem`. */
export async function chairOf(fill: number, how: { kem?: Uint8Array; notAfter?: number } = {}): Promise<Chair> {
  const { room } = await deriveRoom(await linkOf(fill))
  const moderator = await deriveModerator(new Uint8Array(32).fill(fill ^ 0x80))
  const pair = await signingPair(crypto.getRandomValues(new Uint8Array(32)))
  const person = crypto.getRandomValues(new Uint8Array(16))
  const notAfter = how.notAfter ?? BEGAN + DAY
  const grant = await makeGrant(moderator, room, {
    person,
    key: pair.publicKey,
    notAfter,
    ...(how.kem === undefined ? {} : { kem: how.kem }),
  })
  const sign: Sign = async (input) => new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, input))
  let seq = 0
  const say = (statement: Unnumbered) => signStatement({ ...statement, seq: statement.seq || ++seq } as Statement, grant, sign, room)
  return { person, key: pair.publicKey, grant, say }
}

/** Rules that let everybody in. */
export const openRules = { ...NO_POLICY, version: 1, lobby: false } satisfies Policy

/** One page with its group worker. */
export class Page {
  readonly machine: GroupMachine
  readonly told: FromGroup[] = []
  readonly keys: Keys[] = []
  id: PersonId = ""
  person: Uint8Array = new Uint8Array()
  keyPackage: Uint8Array = new Uint8Array()
  /** Takes part, but never answers a nomination. */
  asleep = false
  /** Gets nothing any more. */
  cut = false
  readonly #timers: { at: number; call: () => void }[] = []
  #read = 0

  constructor(now: () => number) {
    this.machine = new GroupMachine({
      tell: (m) => this.told.push(m),
      keys: (k) => this.keys.push(k),
      now,
      date: () => BEGAN + now(),
      after: (ms, call) => this.#timers.push({ at: now() + ms, call }),
    })
  }

  async take(message: ToGroup): Promise<void> {
    if (!this.cut) await this.machine.take(message)
  }

  /** Calls back what is due. */
  tick(now: number): void {
    for (const t of this.#timers.splice(0)) {
      if (t.at <= now) t.call()
      else this.#timers.push(t)
    }
  }

  /** What has been told since the last call. */
  unread(): FromGroup[] {
    const fresh = this.told.slice(this.#read)
    this.#read = this.told.length
    return fresh
  }

  last<On extends FromGroup["on"]>(on: On): Of<On> | undefined {
    return this.told.findLast((m): m is Of<On> => m.on === on)
  }

  heard(): readonly Of<"heard">[] {
    return this.told.filter((m): m is Of<"heard"> => m.on === "heard")
  }

  epochKeys(): Extract<Keys, { leaf: number }> | undefined {
    return this.keys.findLast((k): k is Extract<Keys, { leaf: number }> => "leaf" in k)
  }

  /** Something that is equal for two pages if and only if their base keys are. */
  async print(): Promise<string> {
    const keys = this.epochKeys()
    if (keys === undefined) return "none"
    const how = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: new Uint8Array() }
    return `${keys.epoch} ${toHex(new Uint8Array(await crypto.subtle.deriveBits(how, keys.baseKey, 256)))}`
  }
}

export const media = { microphone: "0", camera: "", screen: "", screenAudio: "" }
export const hello = (name: string): Message => ({ t: "hello", name, media, hand: 0 })

/** The room of linkOf(fill), for people who may all come in. */
export class Server {
  readonly fill: number
  time = 0
  epoch = 0
  readonly pages: Page[] = []
  members: Page[] = []
  readonly waiting = new Map<Page, Uint8Array>()
  readonly leaving = new Set<Page>()
  readonly commits: { epoch: number; commit: Uint8Array }[] = []
  /** Offered commits that have not won. */
  readonly offered: { from: Page; offer: Of<"commit"> }[] = []
  /** Pages whose next Welcome gets lost. */
  readonly losing = new Set<Page>()
  resyncs = 0
  /** The rules in force; "open" is told to be found for the link's room. */
  policy: Signed | null | "open" = "open"
  /** May change a commit's bytes on their way to a page. */
  tamper: (to: Page, commit: Uint8Array) => Uint8Array = (_, commit) => commit
  #turn = 0

  constructor(fill = 1) {
    this.fill = fill
  }

  /** A page that has proved its link; it is not in the room yet. */
  async visit(link: Link, how: { readonly stay?: Stay; readonly device?: CryptoKeyPair } = {}): Promise<Page> {
    const page = new Page(() => this.time)
    await page.take({ do: "open", link, keys: new MessageChannel().port1, ...how })
    await page.take({ do: "prove", nonce: new Uint8Array(32) })
    const proof = page.last("proof")?.proof
    if (proof === undefined) throw new Error("no proof")
    page.person = proof.person
    page.id = toHex(proof.person)
    page.keyPackage = proof.keyPackage
    return page
  }

  async enter(page: Page): Promise<void> {
    this.pages.push(page)
    await page.take({ do: "policy", signed: await this.#rules() })
    if (this.members.length > 0) this.waiting.set(page, page.keyPackage)
    else {
      this.members = [page]
      await page.take({ do: "found" })
    }
  }

  async #rules(): Promise<Signed | null> {
    if (this.policy === "open") this.policy = await (await chairOf(this.fill)).say(openRules)
    return this.policy
  }

  async join(...links: readonly Link[]): Promise<Page[]> {
    const pages = await Promise.all(links.map((l) => this.visit(l)))
    for (const page of pages) await this.enter(page)
    await this.run()
    return pages
  }

  async leave(...pages: readonly Page[]): Promise<void> {
    for (const page of pages) {
      this.pages.splice(this.pages.indexOf(page), 1)
      if (this.members.includes(page)) this.leaving.add(page)
      this.waiting.delete(page)
    }
    await this.run()
  }

  /** Starts the group anew with the first page. */
  async regroup(): Promise<void> {
    const [first, ...others] = this.pages
    if (first === undefined) return
    this.epoch = 0
    this.members = [first]
    this.waiting.clear()
    this.leaving.clear()
    await first.take({ do: "found" })
    for (const page of others) await page.take({ do: "key-package" })
    await this.run()
  }

  /** Asks one page for a commit of everything that waits. */
  async nominate(page: Page): Promise<void> {
    const waiting = Array.from(this.waiting).slice(0, 64)
    const adds = waiting.map(([p, keyPackage]) => ({ person: p.person, keyPackage }))
    const again = waiting.map(([p]) => p).filter((p) => this.members.includes(p))
    const removes = [...this.leaving, ...again].map((p) => p.person)
    if (!page.asleep) await page.take(nominate(this.epoch, { adds, removes, ...this.vouchers() }))
    await this.read()
  }

  /** What goes with a nomination for those who need it. */
  vouchers(): Pick<Nominate, "admissions" | "grants"> {
    return { admissions: [], grants: [] }
  }

  /** Goes on until nothing waits or nobody can help. */
  async run(rounds = 24): Promise<void> {
    await this.read()
    for (let i = 0; i < rounds && this.waiting.size + this.leaving.size > 0; i++) {
      const able = this.members.filter((m) => !this.leaving.has(m) && !this.waiting.has(m) && !m.cut)
      const page = able[this.#turn++ % able.length]
      if (page === undefined) return
      await this.nominate(page)
    }
    await this.read()
  }

  /** An empty commit. */
  async refresh(): Promise<void> {
    const page = this.members[this.#turn++ % this.members.length]
    if (page !== undefined) await this.nominate(page)
  }

  /** Whoever has a connection. */
  everybody(): readonly Page[] {
    return [...this.pages, ...this.leaving]
  }

  /** Takes what the pages have to say, until they are silent. */
  async read(): Promise<void> {
    for (let busy = true; busy; ) {
      busy = false
      for (const page of this.everybody()) {
        for (const message of page.unread()) {
          busy = true
          await this.handle(page, message)
        }
      }
    }
  }

  async handle(page: Page, message: FromGroup): Promise<void> {
    if (message.on === "commit") return this.#commit(page, message)
    if (message.on === "data") return this.relay(page, message.body, message.to)
    if (message.on === "resync") this.resyncs++
    if (message.on === "resync" || message.on === "key-package") {
      if (this.pages.includes(page)) this.waiting.set(page, message.keyPackage)
    }
  }

  async relay(from: Page, body: Uint8Array, to?: Uint8Array): Promise<void> {
    for (const p of this.members)
      if (p !== from && (to === undefined || equal(p.person, to))) await p.take({ do: "hear", from: from.person, body })
  }

  async #commit(from: Page, offer: Of<"commit">): Promise<void> {
    if (offer.epoch !== this.epoch || !this.members.includes(from)) {
      this.offered.push({ from, offer })
      return from.take({ do: "rejected", epoch: offer.epoch })
    }
    const named = (ids: readonly Uint8Array[], among: readonly Page[]) => among.filter((p) => ids.some((id) => equal(id, p.person)))
    const removed = named(offer.removes, this.members)
    const added = named(offer.adds, this.pages)
    this.epoch++
    this.commits.push({ epoch: offer.epoch, commit: offer.commit })
    const staying = this.members.filter((m) => !removed.includes(m))
    for (const p of removed) this.leaving.delete(p)
    for (const p of added) this.waiting.delete(p)
    this.members = [...staying, ...added]
    for (const p of staying) await p.take({ do: "committed", epoch: offer.epoch, commit: this.tamper(p, offer.commit) })
    for (const p of added) {
      if (this.losing.delete(p) || offer.welcome === undefined) continue
      await p.take({ do: "welcome", epoch: this.epoch, welcome: offer.welcome })
    }
  }

  advance(ms: number): void {
    this.time += ms
    for (const page of this.pages) page.tick(this.time)
  }
}
